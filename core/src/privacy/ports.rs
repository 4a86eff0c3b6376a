//! The ports of `privacy`: its own rows, and what the store knows of a person over all tables.

use async_trait::async_trait;

use super::erasure::Erasure;
use super::export::{Dossier, Link};
use crate::accounts::Secret;
use crate::shared::ids::AccountId;
use crate::shared::time::Time;
use crate::store::StoreError;

/// What readers ask.
#[async_trait]
pub trait PrivacyReads: Send {
    /// The wish of an account that is cooling off.
    async fn erasure(&mut self, account: &AccountId) -> Result<Option<Erasure>, StoreError>;
    /// Cooling wishes to be looked at by a moment, the longest due first.
    async fn due_erasures(&mut self, now: Time, limit: i64) -> Result<Vec<Erasure>, StoreError>;
    /// Who was erased from a moment on and when, the earliest first, at most `limit`.
    async fn erased_since(
        &mut self,
        since: Time,
        limit: i64,
    ) -> Result<Vec<(AccountId, Time)>, StoreError>;
    /// Whether a payment, posting or refund of an account has another turn to come.
    async fn has_open_money(&mut self, account: &AccountId) -> Result<bool, StoreError>;
    /// The tables whose rows have a term, in the order in which they are purged.
    fn purged_tables(&mut self) -> Vec<&'static str>;
    /// Everything known of an account, opened, as JSON.
    async fn dossier(&mut self, account: &AccountId, now: Time) -> Result<Dossier, StoreError>;
}

/// Rows of wishes and links; erasing and purging over all tables.
#[async_trait]
pub trait PrivacyStore: PrivacyReads {
    /// `StoreError::Duplicate` when the account has a wish that is cooling off.
    async fn add_erasure(&mut self, erasure: &Erasure) -> Result<(), StoreError>;
    /// Compare-and-set on the version that was loaded.
    async fn save_erasure(&mut self, erasure: &Erasure) -> Result<(), StoreError>;
    /// Destroys an account's key, with those merged into it, and whatever names or finds the person;
    /// what the law keeps stays under the account's name, which says nothing.
    async fn erase(&mut self, account: &AccountId, now: Time) -> Result<(), StoreError>;
    async fn add_link(&mut self, ticket: &Secret, link: &Link) -> Result<(), StoreError>;
    /// Uses a link up; whose document it leads to, once and in time.
    async fn spend_link(
        &mut self,
        ticket: &Secret,
        document: &str,
        now: Time,
    ) -> Result<Option<AccountId>, StoreError>;
    /// Takes away up to `most` rows of one table whose term is over; how many.
    async fn purge(&mut self, table: &str, now: Time, most: u64) -> Result<u64, StoreError>;
}
