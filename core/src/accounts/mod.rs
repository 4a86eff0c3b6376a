//! App users: who they are, how they stay signed in, what they agreed to (LN-18, 44..49).
//!
//! | file | what it is |
//! |---|---|
//! | `account`, `session`, `consent`, `otp`, `certification`, `credential`, `merge`, `attempts` | the things and their pure decisions |
//! | `sign_in`, `stay`, `agree`, `codes`, `phone`, `certify`, `merging` | the use cases of [`Accounts`] |
//! | `password_door` | signing in with login, password and code |
//! | `rotation` | the next id of a session that may do more |
//! | `terminal` | at what kind of terminal a session began |
//! | `step_up` | showing again, by a code to the phone, that the person at the device is its owner |
//! | `passwords` | what may be a password, and the port that hashes one |
//! | `watch` | who tries out what is other people's |
//! | `news` | what other rooms hear of a person |
//! | `record` | evidence, audit and case lines of one act |
//! | `ports` | rows, identity provider, carrier of codes |
//!
//! Capabilities above read people through [`certified`], [`verified_phone`], [`good_consent`] and
//! codes through [`codes`]; they never see this room's rows.

pub mod account;
pub mod attempts;
pub mod certification;
pub mod codes;
pub mod consent;
pub mod credential;
pub mod known;
pub mod merge;
pub mod news;
pub mod otp;
pub mod passwords;
pub mod ports;
mod provider_ids;
pub mod record;
pub mod rotation;
pub mod secret;
pub mod session;
pub mod step_up;
pub mod terminal;

mod agree;
mod certify;
mod conflict;
mod error;
mod merging;
mod password_door;
mod phone;
mod sign_in;
mod stay;
pub mod watch;

use std::sync::Arc;

pub use account::{Account, RealName};
pub use agree::ConsentState;
pub use certify::BegunCertification;
pub use consent::{Consent, Purpose};
pub use error::AccountError;
pub use merging::{Follower, Merged, Removal};
pub use password_door::{Came, Names, PasswordDoor, Shown};
pub use phone::PhoneTaken;
pub use record::{Actor, Caller, Pen, RecordError, Visitor};
pub use secret::Secret;
pub use session::{Client, EndedSession, Session};
pub use sign_in::{BrowserStart, Door, SignedIn};
pub use step_up::{Deed, Errand, StepUp, SteppedUp};
pub use terminal::Terminal;

use crate::shared::ids::{AccountId, Entropy, Maker};
use crate::shared::personal::Phone;
use crate::shared::time::{Clock, Time};
use crate::store::{Store, StoreError, Tx, View};

/// The use cases of app users.
#[derive(Clone)]
pub struct Accounts {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    identity: Arc<dyn ports::IdentityProvider>,
    /// Where Alipay sends a browser back: ours, exactly, never a client's word (money.md 3.5).
    redirect_uri: Arc<str>,
    budget: codes::Budget,
    /// Rooms that take something along when accounts merge.
    followers: Arc<[Arc<dyn Follower>]>,
}

impl std::fmt::Debug for Accounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Accounts")
    }
}

impl Accounts {
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        identity: Arc<dyn ports::IdentityProvider>,
        redirect_uri: &str,
    ) -> Self {
        Self {
            store,
            clock,
            entropy,
            identity,
            redirect_uri: redirect_uri.into(),
            budget: codes::Budget::USUAL,
            followers: Arc::new([]),
        }
    }

    /// What codes may cost a day.
    #[must_use]
    pub fn spending(mut self, budget: codes::Budget) -> Self {
        self.budget = budget;
        self
    }

    /// The present, as everything here reckons with it.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    fn maker(&self) -> Maker<'_> {
        Maker {
            clock: &*self.clock,
            entropy: &*self.entropy,
        }
    }
}

/// The account that an id stands for today: itself, or the one that took it over.
pub async fn current(view: &mut View, account: &AccountId) -> Result<AccountId, StoreError> {
    let found = view.accounts().find(account).await?;
    let into = found.and_then(|found| found.merged).map(|(into, _)| into);
    Ok(into.unwrap_or_else(|| account.clone()))
}

/// As [`current`], inside a unit that depends on it.
pub async fn current_in(tx: &mut Tx, account: &AccountId) -> Result<AccountId, StoreError> {
    let found = tx.accounts().find(account).await?;
    let into = found.and_then(|found| found.merged).map(|(into, _)| into);
    Ok(into.unwrap_or_else(|| account.clone()))
}

/// The certified name and ID number of an account, if the provider certified them.
pub async fn certified(
    view: &mut View,
    account: &AccountId,
) -> Result<Option<RealName>, StoreError> {
    let account = current(view, account).await?;
    let found = view.accounts().find(&account).await?;
    Ok(found.and_then(|found| found.real_name))
}

/// As [`certified`], inside a unit.
pub async fn certified_in(
    tx: &mut Tx,
    account: &AccountId,
) -> Result<Option<RealName>, StoreError> {
    let account = current_in(tx, account).await?;
    let found = tx.accounts().find(&account).await?;
    Ok(found.and_then(|account| account.real_name))
}

/// The phone that was last shown to be this account's.
pub async fn verified_phone(
    view: &mut View,
    account: &AccountId,
) -> Result<Option<Phone>, StoreError> {
    let account = current(view, account).await?;
    let found = view.accounts().find(&account).await?;
    Ok(found
        .and_then(|found| found.phone)
        .map(|phone| phone.number))
}

/// As [`verified_phone`], inside a unit.
pub async fn verified_phone_in(
    tx: &mut Tx,
    account: &AccountId,
) -> Result<Option<Phone>, StoreError> {
    let found = tx.accounts().find(account).await?;
    let phone = found.and_then(|account| account.phone);
    Ok(phone.map(|phone| phone.number))
}

/// Whose an account's things are now: its own, or of the account it became part of; nobody's once it
/// is erased.
pub async fn owner_in(tx: &mut Tx, account: &AccountId) -> Result<Option<AccountId>, StoreError> {
    let found = tx.accounts().find(account).await?;
    Ok(found.map(|found| found.merged.map_or(found.account_id, |(into, _)| into)))
}

/// Whether the person behind an account was erased.
pub async fn is_erased_in(tx: &mut Tx, account: &AccountId) -> Result<bool, StoreError> {
    tx.accounts().is_erased(account).await
}

/// The consent of a purpose, if it is given to the words shown now and not withdrawn.
pub async fn good_consent(
    view: &mut View,
    account: &AccountId,
    purpose: Purpose,
) -> Result<Option<Consent>, StoreError> {
    let account = current(view, account).await?;
    let given = view.accounts().consents(&account).await?;
    Ok(given
        .into_iter()
        .find(|consent| consent.purpose == purpose && consent.is_good()))
}

/// As [`good_consent`], inside a unit that depends on it.
pub async fn good_consent_in(
    tx: &mut Tx,
    account: &AccountId,
    purpose: Purpose,
) -> Result<Option<Consent>, StoreError> {
    let account = current_in(tx, account).await?;
    let given = tx.accounts().consents(&account).await?;
    Ok(given
        .into_iter()
        .find(|consent| consent.purpose == purpose && consent.is_good()))
}
