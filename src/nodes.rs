//! What this process tells the other nodes of itself (LN-39, LN-54).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lifeline_adapters::sql::Engine;
use lifeline_core::jobs::nodes::Nodes;
use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::time::{Clock, Time};
use lifeline_core::store::Store;
use lifeline_gateway::runner::Worker;

/// Says every few seconds that this process is there.
pub(crate) struct NodeWorker(pub(crate) Arc<Nodes>);

#[async_trait]
impl Worker for NodeWorker {
    fn name(&self) -> &'static str {
        "nodes.beat"
    }

    fn tick(&self) -> Duration {
        Duration::from_secs(5)
    }

    async fn run_once(&self, _now: Time) -> bool {
        if let Err(error) = self.0.beat().await {
            tracing::warn!(%error, "nodes.beat.failed");
        }
        false
    }
}

/// Takes this process up among the nodes; a store that does not answer now is told later.
pub(crate) async fn begin(
    engine: &Arc<Engine>,
    clock: &Arc<dyn Clock>,
    entropy: &dyn Entropy,
    name: &str,
) -> Arc<Nodes> {
    let mut run = [0_u8; 8];
    entropy.fill(&mut run);
    let store: Arc<dyn Store> = Arc::<Engine>::clone(engine);
    let (clock, version) = (Arc::clone(clock), env!("CARGO_PKG_VERSION"));
    let nodes = Arc::new(Nodes::new(store, clock, hex::encode(run), name, version));
    if let Err(error) = nodes.beat().await {
        tracing::warn!(%error, "nodes.beat.failed");
    }
    nodes
}

/// A store that has not answered by then will see this process fall silent.
const LEAVE_TIME_MAX: Duration = Duration::from_secs(3);

/// Tells the others that this process ends in good order.
pub(crate) async fn leave(nodes: &Nodes) {
    if !matches!(
        tokio::time::timeout(LEAVE_TIME_MAX, nodes.leave()).await,
        Ok(Ok(()))
    ) {
        tracing::warn!("the other nodes could not be told that this one ends");
    }
}
