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
}

#[async_trait]
pub trait LedgerStore: LedgerReads {
    /// Appends an entry; `StoreError::Duplicate` when its fact is booked already.
    async fn post(&mut self, entry: &Entry) -> Result<(), StoreError>;
}
