//! Links between app users and homes: direct match, by number, roles, ending (LN-10, 43..46).
//!
//! | file | what it is |
//! |---|---|
//! | `role`, `binding`, `offer` | the things and their pure decisions |
//! | `matching`, `confirming`, `by_number`, `link` | how a home is linked |
//! | `homes` | what a person sees of a home, names it, leaves it |
//! | `home_code` | a code to the phone in the archive |
//! | `ports` | rows, and the utility's archive |
//!
//! Capabilities above take an [`OwnedBinding`], which only [`own`] makes.

pub mod binding;
pub mod home_code;
pub mod offer;
pub mod ports;
pub mod role;

mod by_number;
mod confirming;
mod error;
mod homes;
mod link;
mod matching;

use std::sync::Arc;

pub use binding::{Binding, Label, Linked, NotALabel, OwnedBinding, RoleNotEnough, Signboard};
pub use error::BindingError;
pub use homes::{Detail, RealName, RealNameCure, Supply};
pub use matching::{Offer, OfferedHome, Proof};
pub use offer::OfferLevel;
pub use role::{Right, Role};

use crate::shared::ids::{AccountId, BindingId, Entropy, Maker};
use crate::shared::time::Clock;
use crate::store::{Store, StoreError, View};

/// What configuration may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BindingRules {
    /// Homes one account may link (domain.md 3.11).
    pub per_account_max: i64,
    /// A kept copy of the archive younger than this is not asked for again.
    pub kept_fresh_s: i64,
}

impl Default for BindingRules {
    fn default() -> Self {
        Self {
            per_account_max: 9,
            kept_fresh_s: 600,
        }
    }
}

/// The use cases of links.
#[derive(Clone)]
pub struct Bindings {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    archive: Arc<dyn ports::ConsumerArchive>,
    rules: BindingRules,
}

impl std::fmt::Debug for Bindings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bindings")
    }
}

impl Bindings {
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        archive: Arc<dyn ports::ConsumerArchive>,
        rules: BindingRules,
    ) -> Self {
        Self {
            store,
            clock,
            entropy,
            archive,
            rules,
        }
    }

    fn maker(&self) -> Maker<'_> {
        Maker {
            clock: &*self.clock,
            entropy: &*self.entropy,
        }
    }
}

/// Why a person may not act on a home.
#[derive(Debug, thiserror::Error)]
pub enum NotOwned {
    /// Unknown, ended or another's: one answer, the same work.
    #[error("there is no such home for this account")]
    NotFound,
    #[error("the role does not include this")]
    RoleNotEnough,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Shows that a person has a right to a home now: the only maker of [`OwnedBinding`].
pub async fn own(
    view: &mut View,
    account: &AccountId,
    binding: &BindingId,
    right: Right,
) -> Result<OwnedBinding, NotOwned> {
    let found = view.bindings().find(account, binding).await?;
    let linked = found.ok_or(NotOwned::NotFound)?;
    let role = linked.role();
    if role.may(right) {
        Ok(OwnedBinding::new(linked.binding, role))
    } else {
        Err(NotOwned::RoleNotEnough)
    }
}

impl From<NotOwned> for BindingError {
    fn from(error: NotOwned) -> Self {
        match error {
            NotOwned::NotFound => Self::NotFound,
            NotOwned::RoleNotEnough => Self::RoleNotEnough,
            NotOwned::Store(error) => error.into(),
        }
    }
}
