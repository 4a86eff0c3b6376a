//! The ports of `accounts`: its rows, the identity provider, and the carrier of one-time codes.

use async_trait::async_trait;

use super::account::{Account, ProviderId, ProviderIds};
use super::attempts::Guard;
use super::certification::{Certification, Finding, TypedIdentity};
use super::consent::{Consent, Purpose};
use super::credential::{Credential, Login};
use super::merge::MergeRequest;
use super::otp::{Act, Otp, OtpPurpose};
use super::secret::Secret;
use super::session::{EndedSession, RefreshToken, Session, Spent};
use super::step_up::{Deed, Errand, StepUp};
use super::terminal::Terminal;
use crate::shared::ids::{AccountId, CertificationId, MergeId, OtpId, SessionId};
use crate::shared::outside::NoAnswer;
use crate::shared::personal::{IdNo, PersonName, Phone};
use crate::shared::time::Time;
use crate::store::StoreError;

/// What readers ask of the accounts.
#[async_trait]
pub trait AccountReads: CertificationReads + MergeReads {
    async fn find(&mut self, id: &AccountId) -> Result<Option<Account>, StoreError>;
    async fn find_session(&mut self, id: &SessionId) -> Result<Option<Session>, StoreError>;
    /// The session whose browser holds this secret (H5 pay cookie).
    async fn session_of_browser(&mut self, secret: &Secret) -> Result<Option<Session>, StoreError>;
    /// An account's sessions that have not ended, newest first.
    async fn sessions(&mut self, account: &AccountId) -> Result<Vec<Session>, StoreError>;
    /// Sessions that ended at or after a moment, oldest first.
    async fn ended_since(
        &mut self,
        since: Time,
        limit: i64,
    ) -> Result<Vec<EndedSession>, StoreError>;
    /// An account's consents that are not withdrawn, one per purpose at most.
    async fn consents(&mut self, account: &AccountId) -> Result<Vec<Consent>, StoreError>;
    /// What a session was lately shown to be its owner's for and has not used.
    async fn stepped_up(&mut self, session: &SessionId) -> Result<Option<StepUp>, StoreError>;
    /// At what kind of terminal a device signed in, by the first id it had.
    async fn terminal(&mut self, family: &SessionId) -> Result<Option<Terminal>, StoreError>;
    /// Whether an account is only a name any more.
    async fn is_erased(&mut self, id: &AccountId) -> Result<bool, StoreError>;
    /// All consents an account ever gave, withdrawn ones too, in the order they were given.
    async fn consent_history(&mut self, account: &AccountId) -> Result<Vec<Consent>, StoreError>;
}

/// Accounts and consents. Every `save` is a compare-and-set on the version that was loaded;
/// [`StoreError::Conflict`] when it moved on.
#[async_trait]
pub trait AccountStore:
    AccountReads
    + SessionStore
    + StepUpStore
    + OtpStore
    + AttemptStore
    + CertificationStore
    + CredentialStore
    + MergeStore
{
    async fn find_by_open_id(
        &mut self,
        app_id: &str,
        open_id: &ProviderId,
    ) -> Result<Option<Account>, StoreError>;
    async fn find_by_user_id(
        &mut self,
        app_id: &str,
        user_id: &ProviderId,
    ) -> Result<Option<Account>, StoreError>;
    /// The one account that holds a phone now.
    async fn find_by_phone(&mut self, phone: &Phone) -> Result<Option<Account>, StoreError>;
    /// `StoreError::Duplicate` when one of its ids or its phone is another account's.
    async fn add(&mut self, account: &Account) -> Result<(), StoreError>;
    async fn save(&mut self, account: &Account) -> Result<(), StoreError>;
    /// `StoreError::Duplicate` when the purpose has a consent that is not withdrawn.
    async fn add_consent(&mut self, consent: &Consent) -> Result<(), StoreError>;
    /// Withdraws the consent of a purpose; the consent as it was, `None` when there is none.
    async fn withdraw_consent(
        &mut self,
        account: &AccountId,
        purpose: Purpose,
        now: Time,
    ) -> Result<Option<Consent>, StoreError>;
}

/// Sessions, their refresh tokens, and the beginnings of browser sign-ins.
#[async_trait]
pub trait SessionStore: Send {
    /// `browser` is the pay cookie of an H5 session, kept as a digest.
    async fn add_session(
        &mut self,
        session: &Session,
        browser: Option<&Secret>,
    ) -> Result<(), StoreError>;
    /// Notes at what kind of terminal a session began.
    async fn set_terminal(
        &mut self,
        session: &SessionId,
        terminal: Terminal,
    ) -> Result<(), StoreError>;
    /// Compare-and-set of `last_seen_at` and `ended`.
    async fn save_session(&mut self, session: &Session) -> Result<(), StoreError>;
    /// Every session of a device, ended ones too, by id.
    async fn family(
        &mut self,
        account: &AccountId,
        family_id: &SessionId,
    ) -> Result<Vec<Session>, StoreError>;
    /// Puts a successor in the place of a session that is left: it gets the browser and the
    /// refresh tokens, spent ones too. Compare-and-set on the version of the one that is left.
    async fn succeed_session(
        &mut self,
        left: &Session,
        successor: &Session,
    ) -> Result<(), StoreError>;
    async fn add_refresh(
        &mut self,
        token: &Secret,
        refresh: &RefreshToken,
    ) -> Result<(), StoreError>;
    async fn find_refresh(&mut self, token: &Secret) -> Result<Option<RefreshToken>, StoreError>;
    /// Marks an unspent token spent; false when it was spent meanwhile.
    async fn spend_refresh(&mut self, token: &Secret, spent: &Spent) -> Result<bool, StoreError>;
    async fn add_oauth_start(
        &mut self,
        state: &Secret,
        cookie: &Secret,
        expires_at: Time,
    ) -> Result<(), StoreError>;
    /// Uses a begun sign-in up; true only for the matching pair, in time, and once.
    async fn spend_oauth_start(
        &mut self,
        state: &Secret,
        cookie: &Secret,
        now: Time,
    ) -> Result<bool, StoreError>;
    /// Wipes successors no longer answered and drops what can never be used again; how many rows.
    async fn purge_sessions(&mut self, now: Time) -> Result<u64, StoreError>;
}

/// Sessions shown to be their owner's for one act.
#[async_trait]
pub trait StepUpStore: Send {
    /// The code for a step-up that a device asked for last, and what for.
    async fn newest_step_up_code(
        &mut self,
        family: &SessionId,
    ) -> Result<Option<(Deed, Otp)>, StoreError>;
    /// Notes it for exactly what the code was asked for.
    async fn step_up(
        &mut self,
        session: &SessionId,
        code: &OtpId,
        step_up: StepUp,
    ) -> Result<(), StoreError>;
    /// Uses a step-up up: true once, for the errand it is for, when it was made after a moment.
    async fn spend_step_up(
        &mut self,
        session: &SessionId,
        errand: &Errand,
        after: Time,
    ) -> Result<bool, StoreError>;
}

/// One-time codes.
#[async_trait]
pub trait OtpStore: Send {
    /// Adds a code that no phone was found for yet.
    async fn add_otp(&mut self, otp: &Otp, act: &Act) -> Result<(), StoreError>;
    /// Gives it the phone it goes to and the code; false when it has one, or is gone.
    async fn arm_otp(
        &mut self,
        id: &OtpId,
        phone: &Phone,
        code: &Secret,
    ) -> Result<bool, StoreError>;
    /// The newest code of a session for an act.
    async fn newest_otp(
        &mut self,
        session: &SessionId,
        purpose: OtpPurpose,
        act: &Act,
    ) -> Result<Option<Otp>, StoreError>;
    /// Whether the typed code is this one's, compared by keyed digest.
    async fn otp_matches(&mut self, id: &OtpId, typed: &Secret) -> Result<bool, StoreError>;
    /// Compare-and-set of `tries` and `spent_at`.
    async fn save_otp(&mut self, otp: &Otp) -> Result<(), StoreError>;
    /// Drops codes that ended before a moment; how many.
    async fn purge_otps(&mut self, before: Time) -> Result<u64, StoreError>;
}

/// What readers ask of certifications.
#[async_trait]
pub trait CertificationReads: Send {
    async fn find_certification(
        &mut self,
        id: &CertificationId,
    ) -> Result<Option<Certification>, StoreError>;
    /// Opens what [`CertificationStore::hold_typed`] sealed; `None` when it was not sealed for this
    /// certification.
    async fn open_typed(
        &mut self,
        certification: &Certification,
        held: &Secret,
    ) -> Result<Option<TypedIdentity>, StoreError>;
    /// Whether the owner of an account was shown by their face on a device after a moment.
    async fn face_shown(
        &mut self,
        account: &AccountId,
        family: &SessionId,
        after: Time,
    ) -> Result<bool, StoreError>;
}

/// Certifications.
#[async_trait]
pub trait CertificationStore: Send {
    async fn add_certification(&mut self, certification: &Certification) -> Result<(), StoreError>;
    /// Compare-and-set of `state` and `ended_at`.
    async fn save_certification(&mut self, certification: &Certification)
    -> Result<(), StoreError>;
    /// Seals a typed identity with the account's key, for its client to hold. Nothing is stored.
    async fn hold_typed(
        &mut self,
        certification: &Certification,
        typed: &TypedIdentity,
    ) -> Result<Secret, StoreError>;
    /// Drops certifications begun before a moment; how many.
    async fn purge_certifications(&mut self, before: Time) -> Result<u64, StoreError>;
}

/// What readers ask of merges.
#[async_trait]
pub trait MergeReads: Send {
    /// How many other accounts, not taken over, are certified with an ID number.
    async fn certified_elsewhere(
        &mut self,
        id_no: &IdNo,
        account: &AccountId,
    ) -> Result<i64, StoreError>;
    async fn find_merge(&mut self, id: &MergeId) -> Result<Option<MergeRequest>, StoreError>;
}

/// The consents of an account that was taken over, by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedConsents {
    /// The other account had never decided about their purpose.
    pub moved: Vec<String>,
    /// It had: its own word stands.
    pub ended: Vec<String>,
}

/// Merging accounts.
#[async_trait]
pub trait MergeStore: Send {
    /// The request of an account that has not ended.
    async fn merge_of(&mut self, account: &AccountId) -> Result<Option<MergeRequest>, StoreError>;
    /// The newest request that has not ended of another account certified with this ID number.
    async fn open_merge(
        &mut self,
        id_no: &IdNo,
        account: &AccountId,
    ) -> Result<Option<MergeRequest>, StoreError>;
    /// `StoreError::Duplicate` when the account has one that has not ended.
    async fn add_merge(&mut self, request: &MergeRequest, code: &Secret) -> Result<(), StoreError>;
    /// Compare-and-set of `tries`, `from` and `ended`.
    async fn save_merge(&mut self, request: &MergeRequest) -> Result<(), StoreError>;
    /// Whether the typed code is this request's, compared by keyed digest.
    async fn merge_matches(&mut self, id: &MergeId, typed: &Secret) -> Result<bool, StoreError>;
    /// Accounts taken over by the first are the second's from now on.
    async fn move_merged(&mut self, from: &AccountId, into: &AccountId) -> Result<(), StoreError>;
    /// Gives the first account's live consents to the second, or ends them.
    async fn move_consents(
        &mut self,
        from: &AccountId,
        into: &AccountId,
        now: Time,
    ) -> Result<MovedConsents, StoreError>;
}

/// Login names and passwords.
#[async_trait]
pub trait CredentialStore: Send {
    async fn find_credential(&mut self, login: &Login) -> Result<Option<Credential>, StoreError>;
    async fn credential_of(
        &mut self,
        account: &AccountId,
    ) -> Result<Option<Credential>, StoreError>;
    /// `StoreError::Duplicate` when the login is another account's, or the account has one.
    async fn add_credential(&mut self, credential: &Credential) -> Result<(), StoreError>;
    /// Compare-and-set of everything but the account; `StoreError::Duplicate` when the login is
    /// another account's.
    async fn save_credential(&mut self, credential: &Credential) -> Result<(), StoreError>;
}

/// Counters of guesses ([`super::attempts`]). Keys and values are kept as keyed digests.
#[async_trait]
pub trait AttemptStore: Send {
    /// Adds one and answers the count, atomically.
    async fn count_attempt(
        &mut self,
        guard: Guard,
        key: &str,
        window: &str,
        now: Time,
    ) -> Result<i64, StoreError>;
    /// The count so far.
    async fn attempts(&mut self, guard: Guard, key: &str, window: &str) -> Result<i64, StoreError>;
    /// Notes a value (a repeat counts once) and answers how many distinct ones there are.
    async fn note_distinct(
        &mut self,
        guard: Guard,
        key: &str,
        window: &str,
        value: &str,
        now: Time,
    ) -> Result<i64, StoreError>;
    /// How many values were noted after a moment.
    async fn distinct_after(
        &mut self,
        guard: Guard,
        key: &str,
        window: &str,
        after: Time,
    ) -> Result<i64, StoreError>;
    async fn forget_distinct(
        &mut self,
        guard: Guard,
        key: &str,
        window: &str,
        value: &str,
    ) -> Result<(), StoreError>;
    /// Drops counters last moved before a moment; how many.
    async fn purge_attempts(&mut self, before: Time) -> Result<u64, StoreError>;
}

/// What a one-use authorisation code was exchanged for (alipay.system.oauth.token).
#[derive(Clone, PartialEq, Eq)]
pub struct Grant {
    /// The person's id within our app; new apps get only this one.
    pub open_id: Option<String>,
    /// The person's platform-wide id (2088...), absent for new apps.
    pub user_id: Option<String>,
    /// Lets us read what the person agreed to share. Never stored.
    pub access_token: String,
}

impl std::fmt::Debug for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[Grant]")
    }
}

/// What the person agreed to share (alipay.user.info.share). Contract scope decides what is there.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedProfile {
    pub open_id: Option<String>,
    pub user_id: Option<String>,
    /// Alipay has certified the real name.
    pub certified: bool,
    pub name: Option<PersonName>,
    pub id_no: Option<IdNo>,
    pub phone: Option<Phone>,
}

impl std::fmt::Debug for SharedProfile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[SharedProfile]")
    }
}

/// Why the identity provider gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The code is spent, expired or foreign: the person must tap "allow" again.
    #[error("the authorisation code was refused")]
    CodeRefused,
    /// The provider will not check this: a name or number it cannot take.
    #[error("the provider refuses to check this")]
    Refused,
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
}

/// Alipay as the place where people prove who they are (LN-18, LN-43).
#[async_trait]
pub trait IdentityProvider: Certifier + PhoneTeller {
    /// Identifies our app at the provider; part of the identity key (money.md 3.6).
    fn app_id(&self) -> &str;
    /// Where a browser goes to ask for the person's consent.
    fn authorize_url(&self, redirect_uri: &str, state: &str) -> String;
    async fn exchange(&self, auth_code: &str) -> Result<Grant, IdentityError>;
    async fn profile(&self, access_token: &str) -> Result<SharedProfile, IdentityError>;
}

/// Why the provider's word about a phone is worth nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTold {
    /// It signed a failure: not allowed, expired, not in the contract.
    #[error("the provider tells no phone")]
    Refused,
    /// Not the provider's words, or not for us.
    #[error("the provider did not say this")]
    NotTheirs,
}

/// The provider as one that knows the phone of a wallet (my.getPhoneNumber).
pub trait PhoneTeller: Send + Sync + std::fmt::Debug {
    /// Opens what the mini-program was handed. It names no account and no time, and for one number
    /// it is always the same: it says whose the number was when it was made, not that it still is.
    fn phone_told(&self, response: &str, sign: &str) -> Result<Phone, NotTold>;
}

/// The provider as the judge of a typed identity.
#[async_trait]
pub trait Certifier: Send + Sync + std::fmt::Debug {
    /// Lays a typed identity down to be compared; the provider's number of it.
    async fn propose(&self, typed: &TypedIdentity) -> Result<Secret, IdentityError>;
    /// Whether the person behind an access token is the one that was laid down.
    async fn compare(&self, access_token: &str, outside_no: &str)
    -> Result<Finding, IdentityError>;
    /// Prepares the page where a person shows their face, for the wallet they came with and no other; the provider's
    /// number of it.
    async fn begin_face(
        &self,
        order_no: &str,
        typed: &TypedIdentity,
        wallet: &ProviderIds,
        return_url: &str,
    ) -> Result<Secret, IdentityError>;
    /// That page.
    fn face_url(&self, outside_no: &str, now: Time) -> String;
    async fn face_finding(&self, outside_no: &str) -> Result<Finding, IdentityError>;
}

/// Carries a one-time code to a phone. `message_id` makes a repeat harmless.
#[async_trait]
pub trait Messenger: Send + Sync + std::fmt::Debug {
    async fn send_code(
        &self,
        message_id: &str,
        phone: &Phone,
        code: &str,
        purpose: &str,
    ) -> Result<(), NoAnswer>;
}
