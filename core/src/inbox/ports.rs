//! The inbox's port.

use async_trait::async_trait;

use super::{Message, Unverified, Waiting};
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
    /// RECEIVED messages of a sender that are older than `before`, oldest first, those behind `after`: what
    /// the draining job works. None of them is opened, so that one that cannot be hides no other.
    async fn pending(
        &mut self,
        source: &str,
        before: Time,
        after: Option<&Waiting>,
        limit: i64,
    ) -> Result<Vec<Waiting>, StoreError>;
    /// Deletes up to `limit` messages applied before `before`, oldest first; how many went. RECEIVED
    /// ones stay.
    async fn purge(&mut self, before: Time, limit: i64) -> Result<i64, StoreError>;
    /// Keeps a message that did not verify, unless it is there already or `max` others are; true when
    /// it was kept.
    async fn quarantine(&mut self, message: &Unverified, max: i64) -> Result<bool, StoreError>;
    /// Kept messages that did not verify, those after `after` in the order of their digests.
    async fn quarantined(&mut self, after: &str, limit: i64)
    -> Result<Vec<Unverified>, StoreError>;
    /// Forgets one that verified in the end; false when it was gone.
    async fn leave_quarantine(&mut self, digest: &str) -> Result<bool, StoreError>;
    /// Forgets those that came before `before`; how many went.
    async fn purge_quarantine(&mut self, before: Time) -> Result<i64, StoreError>;
}
