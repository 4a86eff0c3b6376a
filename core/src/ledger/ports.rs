//! The ledger's port.

use async_trait::async_trait;

use super::{Balance, Entry, Open};
use crate::shared::ids::PaymentId;
use crate::shared::time::Time;
use crate::store::StoreError;

#[async_trait]
pub trait LedgerReads: Send {
    async fn find(&mut self, fact: &str) -> Result<Option<Entry>, StoreError>;
    async fn of_payment(&mut self, payment: &PaymentId) -> Result<Vec<Entry>, StoreError>;
    /// Net of every account over the whole ledger; the nets sum to zero.
    async fn balances(&mut self) -> Result<Vec<Balance>, StoreError>;
    /// Payments with an entry of a span, its end left out, of which something is neither credited nor given back by now:
    /// it lies in clearing, in suspense or is due to go back; or of which money went back at the channel that no line
    /// gave up yet, so that it is out twice. The largest first, at most `limit`. Which entries are of
    /// the span is told by their ids, which sort by when they were made.
    async fn still_open(
        &mut self,
        from: Time,
        before: Time,
        limit: i64,
    ) -> Result<Vec<Open>, StoreError>;
    /// How many of so many newest entries are not what their lines add up to. Books that were kept have none.
    async fn unsound(&mut self, newest: i64) -> Result<i64, StoreError>;
}

#[async_trait]
pub trait LedgerStore: LedgerReads {
    /// Appends an entry; `StoreError::Duplicate` when its fact is booked already.
    async fn post(&mut self, entry: &Entry) -> Result<(), StoreError>;
}
