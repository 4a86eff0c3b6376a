//! The timed tasks of settlement.

use async_trait::async_trait;

use super::Settlement;
use crate::jobs::runner::{Task, TaskFailure};
use crate::shared::time::Time;

/// Reads the meters: last month, for every open table that has not all of it yet.
#[derive(Debug, Clone)]
pub struct Collect(pub Settlement);

/// Looks which tables were updated, and settles them (PV-15 to PV-18).
#[derive(Debug, Clone)]
pub struct Watch(pub Settlement);

#[async_trait]
impl Task for Collect {
    fn name(&self) -> &'static str {
        "settlement.collect"
    }

    /// Last month is asked for until it is there; whatever is corrected of it then, [`CollectEarlier`] finds.
    fn every_s(&self) -> i64 {
        3600
    }

    async fn run(&self, _now: Time) -> Result<(), TaskFailure> {
        let new = self
            .0
            .collect_awaited()
            .await
            .map_err(|error| TaskFailure::of("collect", error))?;
        tracing::info!(new, "settlement.collected");
        Ok(())
    }
}

/// Reads the meters again, last month's and those before, for what was corrected since.
#[derive(Debug, Clone)]
pub struct CollectEarlier(pub Settlement);

#[async_trait]
impl Task for CollectEarlier {
    fn name(&self) -> &'static str {
        "settlement.collect_earlier"
    }

    fn every_s(&self) -> i64 {
        24 * 3600
    }

    async fn run(&self, _now: Time) -> Result<(), TaskFailure> {
        let failed = |error| TaskFailure::of("collect_earlier", error);
        let last = self.0.collect_all().await.map_err(failed)?;
        let earlier = self.0.collect_earlier().await.map_err(failed)?;
        let new = last.saturating_add(earlier);
        tracing::info!(new, "settlement.collected_earlier");
        Ok(())
    }
}

#[async_trait]
impl Task for Watch {
    fn name(&self) -> &'static str {
        "settlement.watch"
    }

    fn every_s(&self) -> i64 {
        self.0.watch_every_s()
    }

    async fn run(&self, _now: Time) -> Result<(), TaskFailure> {
        let settled = self
            .0
            .watch()
            .await
            .map_err(|error| TaskFailure::of("watch", error))?;
        tracing::info!(settled, "settlement.watched");
        Ok(())
    }
}

/// Asks after payouts that a bank may still give back.
#[derive(Debug, Clone)]
pub struct Returns(pub Settlement);

#[async_trait]
impl Task for Returns {
    fn name(&self) -> &'static str {
        "settlement.returns"
    }

    fn every_s(&self) -> i64 {
        6 * 3600
    }

    async fn run(&self, _now: Time) -> Result<(), TaskFailure> {
        let returned = self
            .0
            .look_for_returns()
            .await
            .map_err(|error| TaskFailure::of("returns", error))?;
        tracing::info!(returned, "settlement.returned");
        Ok(())
    }
}
