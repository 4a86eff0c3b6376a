//! The ledger's port.

use async_trait::async_trait;

use super::{Balance, Entry};
use crate::shared::ids::PaymentId;
use crate::store::StoreError;

#[async_trait]
pub trait LedgerReads: Send {
    async fn find(&mut self, fact: &str) -> Result<Option<Entry>, StoreError>;
    async fn of_payment(&mut self, payment: &PaymentId) -> Result<Vec<Entry>, StoreError>;
    /// Net of every account over the whole ledger; the nets sum to zero.
    async fn balances(&mut self) -> Result<Vec<Balance>, StoreError>;
    /// How many of so many newest entries are not what their lines add up to. Books that were kept have none.
    async fn unsound(&mut self, newest: i64) -> Result<i64, StoreError>;
}

#[async_trait]
pub trait LedgerStore: LedgerReads {
    /// Appends an entry; `StoreError::Duplicate` when its fact is booked already.
    async fn post(&mut self, entry: &Entry) -> Result<(), StoreError>;
}
