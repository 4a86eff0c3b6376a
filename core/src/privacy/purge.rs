//! What has had its time goes, day by day. The terms are declared with the tables.

use async_trait::async_trait;

use super::Privacy;
use crate::jobs::runner::{Task, TaskFailure};
use crate::shared::time::Time;
use crate::store::{StoreError, Tx, atomically, snapshot};

/// Rows taken from one table in one unit, so that no unit holds the store for long.
const BATCH_MAX: u64 = 500;
/// Units one table has in one turn; what is left waits for the next.
const BATCHES_MAX: usize = 2_000;
/// Rounds over the tables: rows of one let go of another's, here and back.
const ROUNDS_MAX: usize = 8;

impl Privacy {
    /// Takes away every row whose term is over at `now`; how many. A table whose rows cannot be taken
    /// keeps no other table's: the error is told when all of them have had their turn.
    pub async fn purge(&self, now: Time) -> Result<u64, StoreError> {
        let mut view = snapshot(&*self.store).await?;
        let mut tables = view.privacy().purged_tables();
        drop(view);
        let (mut gone, mut failed): (u64, Option<StoreError>) = (0, None);
        for _ in 0..ROUNDS_MAX {
            let mut round: u64 = 0;
            let mut well = Vec::with_capacity(tables.len());
            for table in tables {
                match self.purge_table(table, now, &mut round).await {
                    Ok(()) => well.push(table),
                    Err(error) => {
                        tracing::warn!(table, %error, "privacy.purge.failed");
                        failed = Some(error);
                    }
                }
            }
            tables = well;
            gone = gone.saturating_add(round);
            if round == 0 {
                break;
            }
        }
        failed.map_or(Ok(gone), Err)
    }

    /// One table's turn, a unit for each batch; adds to `gone` what went.
    async fn purge_table(
        &self,
        table: &'static str,
        now: Time,
        gone: &mut u64,
    ) -> Result<(), StoreError> {
        for _ in 0..BATCHES_MAX {
            let batch = atomically(&*self.store, async |tx: &mut Tx| {
                tx.privacy().purge(table, now, BATCH_MAX).await
            })
            .await?;
            *gone = gone.saturating_add(batch);
            if batch < BATCH_MAX {
                break;
            }
        }
        Ok(())
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

    async fn run(&self, now: Time) -> Result<(), TaskFailure> {
        let rows = self.0.purge(now).await.map_err(TaskFailure::store)?;
        tracing::info!(rows, "privacy.purged");
        Ok(())
    }
}
