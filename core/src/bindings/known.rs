//! What the rooms above are told of somebody's links.

use super::binding::Linked;
use super::filling::Unanswered;
use crate::shared::ids::AccountId;
use crate::shared::page::Page;
use crate::shared::personal::ConsumerNo;
use crate::shared::time::Time;
use crate::store::{StoreError, Tx, View};

/// Somebody's links that are not over: as many as an account may have stand on one page.
pub async fn links_of(
    view: &mut View,
    account: &AccountId,
    now: Time,
) -> Result<Vec<Linked>, StoreError> {
    view.bindings().list(account, &Page::widest(), now).await
}

/// As [`links_of`], within a unit.
pub async fn links_of_in(
    tx: &mut Tx,
    account: &AccountId,
    now: Time,
) -> Result<Vec<Linked>, StoreError> {
    tx.bindings().list(account, &Page::widest(), now).await
}

/// Everybody's live links to a home.
pub async fn links_to_in(tx: &mut Tx, consumer_no: &ConsumerNo) -> Result<Vec<Linked>, StoreError> {
    tx.bindings().links_to(consumer_no).await
}

/// Offers that the archive has not answered, of homes of some regions or all, the longest waiting first: the newest of
/// each link that is not over.
pub async fn unanswered(
    view: &mut View,
    regions: Option<&[String]>,
    most: i64,
) -> Result<Vec<Unanswered>, StoreError> {
    view.bindings().unanswered(regions, most).await
}
