//! What has had its time goes, day by day. The terms are declared with the tables.

use async_trait::async_trait;

use super::Privacy;
use crate::jobs::runner::Task;
use crate::shared::time::Time;
use crate::store::{StoreError, Tx, atomically};

/// Rows taken from one table in one unit, so that no unit holds the store for long.
const BATCH_MAX: i64 = 500;
/// Units of one turn; what is left waits for the next.
const BATCHES_MAX: usize = 2_000;

impl Privacy {
    /// Takes away every row whose term is over at `now`; how many.
    pub async fn purge(&self, now: Time) -> Result<u64, StoreError> {
        let mut gone: u64 = 0;
        for _ in 0..BATCHES_MAX {
            let batch = atomically(&*self.store, async |tx: &mut Tx| {
                tx.privacy().purge(now, BATCH_MAX).await
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

/// The daily purge of what has ended.
#[derive(Debug, Clone)]
pub struct PurgeEnded(pub Privacy);

#[async_trait]
impl Task for PurgeEnded {
    fn name(&self) -> &'static str {
        "privacy.purge"
    }

    fn every_s(&self) -> i64 {
        86_400
    }

    async fn run(&self, now: Time) -> Result<(), &'static str> {
        let rows = self.0.purge(now).await.map_err(|_| "store")?;
        tracing::info!(rows, "privacy.purged");
        Ok(())
    }
}
