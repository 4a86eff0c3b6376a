//! Takes away what the foundation rooms no longer need: delivered events, applied messages, old
//! answers, processes that ended long ago. What is not finished is never touched, however old.

use std::sync::Arc;

use async_trait::async_trait;

use super::nodes::NODE_DAYS;
use super::runner::{Task, TaskFailure};
use crate::shared::time::Time;
use crate::store::{Store, StoreError, Tx, atomically};

const DAY_S: i64 = 86_400;
/// Events delivered or given up: the row tells when. One given up stays while its case is open.
pub const OUTBOX_DAYS: i64 = 30;
/// Longer than any channel repeats a message; the fact itself stays in the ledger.
pub const INBOX_DAYS: i64 = 90;
/// As long as a client may come back with the same key.
pub const IDEMPOTENCY_DAYS: i64 = 400;
/// Rows taken away in one unit, so that no unit holds the store for long.
const BATCH_MAX: i64 = 500;
/// Units of one turn; what is left waits for the next.
const BATCHES_MAX: usize = 2_000;

/// The daily purge of the foundation rooms.
#[derive(Clone)]
pub struct Retention {
    store: Arc<dyn Store>,
}

impl std::fmt::Debug for Retention {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Retention")
    }
}

impl Retention {
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// Takes away everything past its time at `now`; how many rows went.
    pub async fn purge(&self, now: Time) -> Result<i64, StoreError> {
        let before = |days: i64| now.plus_seconds(days.saturating_mul(DAY_S).saturating_neg());
        let (events, messages, answers, runs) = (
            before(OUTBOX_DAYS),
            before(INBOX_DAYS),
            before(IDEMPOTENCY_DAYS),
            before(NODE_DAYS),
        );
        let mut gone: i64 = 0;
        for _ in 0..BATCHES_MAX {
            let batch = atomically(&*self.store, async |tx: &mut Tx| {
                let events = tx.outbox().purge(events, BATCH_MAX).await?;
                let messages = tx.inbox().purge(messages, BATCH_MAX).await?;
                let answers = tx.idempotency().purge(answers, BATCH_MAX).await?;
                let runs = tx.jobs().forget_nodes(runs, BATCH_MAX).await?;
                let foundation = events.saturating_add(messages).saturating_add(answers);
                Ok::<_, StoreError>(foundation.saturating_add(runs))
            })
            .await?;
            if batch == 0 {
                break;
            }
            gone = gone.saturating_add(batch);
        }
        Ok(gone)
    }
}

#[async_trait]
impl Task for Retention {
    fn name(&self) -> &'static str {
        "jobs.retention"
    }

    fn every_s(&self) -> i64 {
        DAY_S
    }

    async fn run(&self, now: Time) -> Result<(), TaskFailure> {
        let gone = self.purge(now).await.map_err(TaskFailure::store)?;
        tracing::info!(rows = gone, "jobs.retention.purged");
        Ok(())
    }
}
