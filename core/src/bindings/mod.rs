//! Links between app users and homes: direct match, by number, roles, ending (LN-10, 43..46).
//!
//! | file | what it is |
//! |---|---|
//! | `role`, `binding`, `grant`, `offer` | the things and their pure decisions |
//! | `owned` | the types that show what a person may do with a home |
//! | `matching`, `confirming`, `by_number`, `link` | how a home is linked |
//! | `homes` | what a person sees of a home, and names it |
//! | `sharing`, `accepting` | letting others in: the holder's side, the invited side |
//! | `ending`, `holder` | links that are left, taken away, over; a change of holder |
//! | `following` | homes go along when accounts merge |
//! | `events` | what other rooms hear of it |
//! | `filling`, `fill_asking`, `fill_settling` | filling gaps of the archive with certified values |
//! | `gathering`, `gather` | telling the on-line State Grid user system of our people and their homes |
//! | `home_code` | a code to the phone in the archive |
//! | `ports` | rows, and the utility's archive |
//!
//! Capabilities above take an [`OwnedBinding`], which only [`own`] makes, or one of the stronger types
//! made of it.

pub mod binding;
pub mod events;
pub mod filling;
pub mod gathering;
pub mod grant;
pub mod home_code;
pub mod known;
pub mod offer;
pub mod ports;
pub mod role;

mod accepting;
mod by_number;
mod confirming;
mod disputes;
mod ending;
mod error;
mod fill_asking;
mod fill_settling;
mod following;
mod gather;
mod holder;
mod homes;
mod link;
mod matching;
mod owned;
mod sharing;

use std::sync::Arc;

pub use accepting::Invitation;
pub use binding::{Binding, Label, Linked, NotALabel, Seen, Signboard, Standing};
pub use ending::{EndWhatIsOver, leave_all_in};
pub use error::BindingError;
pub use filling::{ArchiveField, Filling, FillingState};
pub use gather::Gathering;
pub use grant::{Grant, NoSuchEnd, Scope};
pub use holder::LookForChanges;
pub use homes::{Detail, RealName, RealNameCure, Supply};
pub use matching::{Offer, OfferedHome, Proof};
pub use offer::OfferLevel;
pub use owned::{AuthorisedBinding, HolderBinding, OwnedBinding, Reach, RoleNotEnough};
pub use role::{Right, Role};
pub use sharing::{Access, Invited};

use crate::accounts::codes::Budget;
use crate::shared::ids::{AccountId, BindingId, Entropy, Maker};
use crate::shared::time::{Clock, Time};
use crate::store::{Store, StoreError, View};

/// What configuration may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BindingRules {
    /// Homes one account may link (domain.md 3.11).
    pub per_account_max: i64,
    /// A kept copy of the archive younger than this is not asked for again.
    pub kept_fresh_s: i64,
    /// A home on whose holder more than paying hangs is looked at this often even when nobody asks.
    pub look_at_least_s: i64,
    /// Invitations and people let in, per home.
    pub grants_per_home_max: i64,
    /// Days a grant may last.
    pub grant_days_max: i64,
    /// What codes by SMS may cost a day.
    pub code_budget: Budget,
}

impl Default for BindingRules {
    fn default() -> Self {
        Self {
            per_account_max: 9,
            kept_fresh_s: 600,
            look_at_least_s: 86_400,
            grants_per_home_max: 8,
            grant_days_max: 366,
            code_budget: Budget::USUAL,
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

/// Shows that a person has a right to a home now: with [`entitled`] the only maker of [`OwnedBinding`].
pub async fn own(
    view: &mut View,
    account: &AccountId,
    binding: &BindingId,
    right: Right,
    now: Time,
) -> Result<OwnedBinding, NotOwned> {
    let found = view.bindings().find(account, binding).await?;
    entitled(found.ok_or(NotOwned::NotFound)?, right, now)
}

/// The same of a link that was read just now.
fn entitled(linked: binding::Linked, right: Right, now: Time) -> Result<OwnedBinding, NotOwned> {
    let role = linked.role(now).ok_or(NotOwned::NotFound)?;
    if role.may(right) {
        Ok(OwnedBinding::new(linked, role))
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
