//! The port of idempotent requests.

use async_trait::async_trait;

use super::{Answer, Key, Record};
use crate::shared::time::Time;
use crate::store::StoreError;

/// What was asked for under a key, without a write.
#[async_trait]
pub trait IdempotencyReads: Send {
    async fn find(&mut self, key: &Key) -> Result<Option<Record>, StoreError>;
}

#[async_trait]
pub trait IdempotencyStore: IdempotencyReads {
    /// Stores a STARTED record with epoch 1; `StoreError::Duplicate` when the key exists.
    async fn start(&mut self, record: &Record) -> Result<(), StoreError>;
    /// Takes over a STARTED record whose lease ended; the new epoch, or `None` when lost.
    async fn take_over(
        &mut self,
        key: &Key,
        now: Time,
        lease_until: Time,
    ) -> Result<Option<i64>, StoreError>;
    /// Records how far the work came; false when the lease epoch is no longer ours.
    async fn advance(
        &mut self,
        key: &Key,
        lease_epoch: i64,
        step: &str,
        lease_until: Time,
    ) -> Result<bool, StoreError>;
    /// STARTED -> DONE with the answer; false when the lease epoch is no longer ours.
    async fn finish(
        &mut self,
        key: &Key,
        lease_epoch: i64,
        answer: &Answer,
        now: Time,
    ) -> Result<bool, StoreError>;
    /// Forgets a STARTED record whose request ended in something that must not be stored
    /// (403 step-up, 429, 503), so that the client may try again.
    async fn abandon(&mut self, key: &Key, lease_epoch: i64) -> Result<bool, StoreError>;
    /// Deletes up to `limit` DONE records begun before `before`, oldest first; how many went.
    async fn purge(&mut self, before: Time, limit: i64) -> Result<i64, StoreError>;
}
