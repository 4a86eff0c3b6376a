//! The metrics of this process. What was measured lies in memory sample by sample until it is added up; that is done
//! here, so that a node nobody asks for its metrics does not grow with every request.

use std::time::Duration;

use async_trait::async_trait;
use lifeline_core::shared::time::Time;
use lifeline_gateway::runner::Worker;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::failure::Failure;

/// Takes what the process measures from here on.
pub(crate) fn install() -> Result<PrometheusHandle, Failure> {
    PrometheusBuilder::new()
        .install_recorder()
        .map_err(|_| Failure::failed("metrics could not be started"))
}

/// Adds up what was measured.
pub(crate) struct MetricsWorker(pub(crate) PrometheusHandle);

#[async_trait]
impl Worker for MetricsWorker {
    fn name(&self) -> &'static str {
        "metrics.upkeep"
    }

    fn tick(&self) -> Duration {
        Duration::from_secs(5)
    }

    async fn run_once(&self, _now: Time) -> bool {
        self.0.run_upkeep();
        false
    }
}
