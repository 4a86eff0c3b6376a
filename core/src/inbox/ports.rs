//! The inbox's port.

use async_trait::async_trait;

use super::Message;
use crate::shared::time::Time;
use crate::store::StoreError;

#[async_trait]
pub trait InboxStore: Send {
    /// Stores a message; false when this (source, message_id) is there already.
    async fn receive(&mut self, message: &Message) -> Result<bool, StoreError>;
    async fn find(&mut self, source: &str, message_id: &str)
    -> Result<Option<Message>, StoreError>;
    /// RECEIVED -> APPLIED; false when it was applied before.
    async fn mark_applied(
        &mut self,
        source: &str,
        message_id: &str,
        now: Time,
    ) -> Result<bool, StoreError>;
    /// RECEIVED rows older than `before`, oldest first: what the draining job works.
    async fn pending(&mut self, before: Time, limit: i64) -> Result<Vec<Message>, StoreError>;
    /// Deletes up to `limit` messages applied before `before`, oldest first; how many went. RECEIVED
    /// ones stay.
    async fn purge(&mut self, before: Time, limit: i64) -> Result<i64, StoreError>;
}
