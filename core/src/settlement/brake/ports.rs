//! The port of the payouts' brake: that it is on, and who let payouts go on.

use async_trait::async_trait;

use crate::shared::time::Time;
use crate::store::StoreError;

/// The last time that two persons let payouts go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    pub at: Time,
    /// A person had stopped them: the two looked at no payout.
    pub stopped: bool,
}

#[async_trait]
pub trait PayoutBrakeStore: Send {
    /// While it is on: when it tripped, or when a person last stopped payouts since.
    async fn brake_tripped_at(&mut self) -> Result<Option<Time>, StoreError>;
    /// The last time it was released, if that was at or after a moment.
    async fn brake_released_since(&mut self, since: Time) -> Result<Option<Release>, StoreError>;
    /// From now on it is on; false when it is already.
    async fn trip_brake(&mut self, now: Time) -> Result<bool, StoreError>;
    /// From now on it is on because a person says so; false when it is already: it is that person's stop then.
    async fn stop_brake(&mut self, now: Time, by: &str) -> Result<bool, StoreError>;
    /// Two persons let payouts go on; false when that trip is over already. The schema refuses one person
    /// twice.
    async fn release_brake(
        &mut self,
        tripped_at: Time,
        by: [&str; 2],
        now: Time,
    ) -> Result<bool, StoreError>;
}
