//! The port of timed tasks.

use async_trait::async_trait;

use super::Job;
use super::nodes::Node;
use crate::shared::ids::EvidenceId;
use crate::shared::time::Time;
use crate::store::StoreError;

#[async_trait]
pub trait JobReads: Send {
    async fn list(&mut self) -> Result<Vec<Job>, StoreError>;
    /// The runs heard of last, the latest first.
    async fn nodes(&mut self, limit: i64) -> Result<Vec<Node>, StoreError>;
}

#[async_trait]
pub trait JobStore: JobReads {
    /// Adds the job when it is new; a changed interval is taken over, `next_at` is kept.
    async fn ensure(&mut self, name: &str, every_s: i64, next_at: Time) -> Result<(), StoreError>;
    /// Leases one named job when it is due and nobody holds it.
    async fn claim(
        &mut self,
        name: &str,
        now: Time,
        lease_until: Time,
    ) -> Result<Option<Job>, StoreError>;
    /// A turn that goes on keeps its lease for longer; false when the lease epoch is no longer ours.
    async fn renew(
        &mut self,
        name: &str,
        lease_epoch: i64,
        lease_until: Time,
    ) -> Result<bool, StoreError>;
    /// A task's next turn is now, unless it comes sooner; false when there is no such task.
    async fn hasten(&mut self, name: &str, now: Time) -> Result<bool, StoreError>;
    /// Ends the run; false when the lease epoch is no longer ours.
    async fn finish(
        &mut self,
        name: &str,
        lease_epoch: i64,
        now: Time,
        next_at: Time,
        outcome: &str,
    ) -> Result<bool, StoreError>;
    /// Which line of the evidence tells of the last turn.
    async fn prove(&mut self, name: &str, evidence: &EvidenceId) -> Result<(), StoreError>;
    /// Keeps when a run was heard of; one that ended stays ended.
    async fn note_node(&mut self, node: &Node) -> Result<(), StoreError>;
    /// A run ended in good order.
    async fn end_node(&mut self, run: &str, now: Time) -> Result<(), StoreError>;
    /// Takes away runs that were not heard of since `before`; how many went.
    async fn forget_nodes(&mut self, before: Time, limit: i64) -> Result<i64, StoreError>;
}

/// What lets time pass.
#[async_trait]
pub trait Pause: Send + Sync {
    /// Comes back after so many seconds.
    async fn pause(&self, seconds: i64);
}
