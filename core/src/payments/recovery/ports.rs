//! The port of recovery: what was put back, what was compared since, and trades only the channel knows.

use async_trait::async_trait;

use super::lost::{LostTrade, State};
use super::{End, Recovery, StatementRead};
use crate::shared::ids::PaymentId;
use crate::shared::money::Fen;
use crate::shared::time::Time;
use crate::store::StoreError;

#[async_trait]
pub trait RecoveryReads: Send {
    /// The epoch that external numbers carry.
    async fn epoch(&mut self) -> Result<i64, StoreError>;
    /// The latest moment at which the store is known to have been written.
    async fn last_moment(&mut self) -> Result<Option<Time>, StoreError>;
    /// The newest recovery, over or not.
    async fn latest(&mut self) -> Result<Option<Recovery>, StoreError>;
    /// The bills that were read for an epoch, by day.
    async fn statements(&mut self, epoch: i64) -> Result<Vec<StatementRead>, StoreError>;
    /// Orders that are not final, in the order of their ids, after one of them.
    async fn unfinished(&mut self, after: &str, most: i64) -> Result<Vec<PaymentId>, StoreError>;
    /// Known orders a bill told something new about, and that were not looked at since.
    async fn to_look_at(&mut self, most: i64) -> Result<Vec<PaymentId>, StoreError>;
    async fn lost(&mut self, out_trade_no: &str) -> Result<Option<LostTrade>, StoreError>;
    /// Lost trades whose turn has come, longest waiting first.
    async fn due_lost(&mut self, now: Time, most: i64) -> Result<Vec<LostTrade>, StoreError>;
    /// How many lost trades stand where, and what the channel took for them.
    async fn lost_by_state(&mut self) -> Result<Vec<(State, i64, Fen)>, StoreError>;
    /// Lost trades nobody has asked about yet.
    async fn unasked_lost(&mut self) -> Result<i64, StoreError>;
}

#[async_trait]
pub trait RecoveryStore: RecoveryReads {
    /// Raises the epoch to that of the recovery and begins it; false when the epoch is not below it, because
    /// somebody else raised it.
    async fn begin(&mut self, recovery: &Recovery) -> Result<bool, StoreError>;
    /// Notes a bill; one that was read before for the same day is replaced.
    async fn note_statement(&mut self, epoch: i64, read: &StatementRead) -> Result<(), StoreError>;
    /// Every unfinished order was looked at, beginning at this moment.
    async fn looked(&mut self, epoch: i64, since: Time) -> Result<(), StoreError>;
    /// False when it is over already.
    async fn end(&mut self, epoch: i64, end: &End) -> Result<bool, StoreError>;
    /// Payouts may leave again; false when they may already.
    async fn release_payouts(&mut self, epoch: i64, end: &End) -> Result<bool, StoreError>;
    async fn look_at(&mut self, id: &PaymentId, now: Time) -> Result<(), StoreError>;
    async fn looked_at(&mut self, id: &PaymentId, now: Time) -> Result<(), StoreError>;
    /// False when the trade is known already.
    async fn add_lost(&mut self, trade: &LostTrade) -> Result<bool, StoreError>;
    /// Saves it as version + 1; false when it is no longer at its version.
    async fn save_lost(&mut self, trade: &LostTrade) -> Result<bool, StoreError>;
}
