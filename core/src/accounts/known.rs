//! What the rooms above are told of an account as it is kept.

use super::account::Account;
use super::consent::Consent;
use crate::shared::ids::AccountId;
use crate::store::{StoreError, Tx, View};

/// An account that stands for itself: neither erased nor taken over by another.
pub async fn known(view: &mut View, id: &AccountId) -> Result<Option<Account>, StoreError> {
    let found = view.accounts().find(id).await?;
    Ok(found.filter(|account| account.merged.is_none()))
}

/// As [`known`], within a unit.
pub async fn known_in(tx: &mut Tx, id: &AccountId) -> Result<Option<Account>, StoreError> {
    let found = tx.accounts().find(id).await?;
    Ok(found.filter(|account| account.merged.is_none()))
}

/// Whether the store knows an account and it was not erased.
///
/// # Errors
/// The store's.
pub async fn is_here(tx: &mut Tx, id: &AccountId) -> Result<bool, StoreError> {
    let accounts = tx.accounts();
    Ok(!accounts.is_erased(id).await? && accounts.find(id).await?.is_some())
}

/// What somebody agreed to and has not taken back.
pub async fn consents_of(view: &mut View, id: &AccountId) -> Result<Vec<Consent>, StoreError> {
    view.accounts().consents(id).await
}
