//! The outbox's port.

use async_trait::async_trait;

use super::{Claimed, Event};
use crate::shared::ids::EventId;
use crate::shared::time::Time;
use crate::store::StoreError;

#[async_trait]
pub trait OutboxStore: Send {
    async fn add(&mut self, event: &Event) -> Result<(), StoreError>;
    /// [`OutboxStore::add`] for many, in this order.
    async fn add_all(&mut self, events: &[Event]) -> Result<(), StoreError>;
    /// Leases up to `limit` deliverable rows: due, unleased, first of their ordering key.
    async fn claim(
        &mut self,
        now: Time,
        lease_until: Time,
        limit: i64,
    ) -> Result<Vec<Claimed>, StoreError>;
    /// True when the row was still ours (same epoch) and is now done.
    async fn done(&mut self, id: &EventId, lease_epoch: i64, now: Time)
    -> Result<bool, StoreError>;
    /// Gives the row back for a later try; `reason` is a stable code, never upstream text.
    async fn retry(
        &mut self,
        id: &EventId,
        lease_epoch: i64,
        next_at: Time,
        reason: &str,
    ) -> Result<bool, StoreError>;
    /// [`OutboxStore::retry`] of a row whose delivery was not begun: the try does not count.
    async fn rest(
        &mut self,
        id: &EventId,
        lease_epoch: i64,
        next_at: Time,
        reason: &str,
    ) -> Result<bool, StoreError>;
    /// Stops trying; the caller opens a case in the same unit when the row is about money. Only such a
    /// row keeps its body.
    async fn bury(
        &mut self,
        id: &EventId,
        lease_epoch: i64,
        now: Time,
        reason: &str,
    ) -> Result<bool, StoreError>;
    /// Rows neither done nor dead.
    async fn backlog(&mut self) -> Result<i64, StoreError>;
    /// Deletes up to `limit` rows that ended before `before`: those done, oldest first, then those given
    /// up, oldest first; how many went. Waiting rows stay, and one given up whose case is open.
    async fn purge(&mut self, before: Time, limit: i64) -> Result<i64, StoreError>;
}
