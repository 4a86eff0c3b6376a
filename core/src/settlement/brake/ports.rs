//! The port of the payouts' brake: that it is on, and who let payouts go on.

use async_trait::async_trait;

use crate::settlement::ids::TradeTaskId;
use crate::settlement::trade_task::TradeTask;
use crate::shared::time::Time;
use crate::store::StoreError;

/// The last time that two persons let payouts go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    pub at: Time,
    /// The payout that had tripped it, which the two looked at; none where a person had stopped payouts.
    pub looked_at: Option<TradeTaskId>,
}

impl Release {
    /// Whether the two looked at this payout, and it has not left since.
    #[must_use]
    pub fn is_about(&self, payout: &TradeTask) -> bool {
        self.looked_at.as_ref() == Some(&payout.trade_task_id)
            && payout.sent_at.is_none_or(|sent_at| sent_at < self.at)
    }
}

#[async_trait]
pub trait PayoutBrakeStore: Send {
    /// While it is on: when it tripped, or when a person last stopped payouts since.
    async fn brake_tripped_at(&mut self) -> Result<Option<Time>, StoreError>;
    /// The last time it was released, if that was at or after a moment.
    async fn brake_released_since(&mut self, since: Time) -> Result<Option<Release>, StoreError>;
    /// From now on it is on, because of this payout; false when it is already.
    async fn trip_brake(&mut self, now: Time, payout: &TradeTaskId) -> Result<bool, StoreError>;
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
