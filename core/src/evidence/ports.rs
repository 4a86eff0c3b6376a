//! The port of the evidence log.

use async_trait::async_trait;

use super::Entry;
use crate::store::StoreError;

#[async_trait]
pub trait EvidenceLog: Send {
    /// Queues an entry in the unit of the act it proves; a repeat of the same entry id is ignored.
    /// It waits without a place in a log: nothing gives places yet.
    async fn append(&mut self, entry: &Entry) -> Result<(), StoreError>;
    /// [`EvidenceLog::append`] for many, in this order.
    async fn append_all(&mut self, entries: &[Entry]) -> Result<(), StoreError>;
    async fn find(
        &mut self,
        id: &crate::shared::ids::EvidenceId,
    ) -> Result<Option<Entry>, StoreError>;
    /// Entries that wait for their place in a log, oldest first.
    async fn unsequenced(&mut self, limit: i64) -> Result<Vec<Entry>, StoreError>;
}
