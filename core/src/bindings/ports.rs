//! The ports of `bindings`: its rows, and the utility's archive of consumers.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

mod filling;

pub use self::filling::{FillingReads, FillingStore};
pub use super::binding::Holding;
use super::binding::{Binding, Home, Linked};
pub use super::filling::{ArchiveField, ArchiveValue, Filled};
use super::gathering::Gathered;
use super::grant::Grant;
use super::offer::Offered;
pub use super::role::Role;
use crate::accounts::Secret;
use crate::shared::ids::{AccountId, BindingId, GrantId};
use crate::shared::outside::NoAnswer;
use crate::shared::page::Page;
use crate::shared::personal::{ConsumerNo, IdNo, PersonName, Phone};
use crate::shared::time::{Day, Time};
use crate::store::StoreError;

/// What readers ask of the links. Ended links are not found.
#[async_trait]
pub trait BindingReads: GrantReads + FillingReads + GatheringReads {
    /// A link of this account; another account's is not found.
    async fn find(
        &mut self,
        account: &AccountId,
        id: &BindingId,
    ) -> Result<Option<Linked>, StoreError>;
    /// An account's links that are not over, in the order they were made; up to `limit + 1` so that
    /// the page can be cut.
    async fn list(
        &mut self,
        account: &AccountId,
        page: &Page,
        now: Time,
    ) -> Result<Vec<Linked>, StoreError>;
    /// An account's link to a home, if there is one.
    async fn live(
        &mut self,
        account: &AccountId,
        consumer_no: &ConsumerNo,
    ) -> Result<Option<Linked>, StoreError>;
    /// The home behind a match token.
    async fn offered(&mut self, token: &Secret) -> Result<Option<Offered>, StoreError>;
    /// The last good copy of what the archive said about a linked home.
    async fn kept(&mut self, linked: &Binding) -> Result<Option<Kept>, StoreError>;
}

/// What readers ask about the sharing of homes.
#[async_trait]
pub trait GrantReads: Send {
    /// The invitation behind a token.
    async fn invitation(&mut self, token: &Secret) -> Result<Option<Grant>, StoreError>;
    /// The live link that has a grant, if any has.
    async fn link_with(&mut self, id: &GrantId) -> Result<Option<Linked>, StoreError>;
    /// Invitations to a home that can be accepted, oldest first.
    async fn invitations(
        &mut self,
        consumer_no: &ConsumerNo,
        now: Time,
    ) -> Result<Vec<Grant>, StoreError>;
    /// Everybody's links to a home that are not over, but one account's, oldest first; up to `limit + 1`.
    async fn others(
        &mut self,
        account: &AccountId,
        consumer_no: &ConsumerNo,
        page: &Page,
        now: Time,
    ) -> Result<Vec<Linked>, StoreError>;
    /// Links whose grant is over, the longest over first.
    async fn over(&mut self, now: Time, most: i64) -> Result<Vec<Linked>, StoreError>;
    /// A live link, whoever's: for work nobody asked for by hand.
    async fn any_link(&mut self, id: &BindingId) -> Result<Option<Linked>, StoreError>;
}

/// What readers ask about people at the on-line State Grid user system.
#[async_trait]
pub trait GatheringReads: Send {
    async fn gathered(&mut self, account: &AccountId) -> Result<Option<Gathered>, StoreError>;
    /// People whose turn to be compared has come, the longest waiting first.
    async fn due_for_a_check(&mut self, now: Time, most: i64)
    -> Result<Vec<AccountId>, StoreError>;
}

/// People at the on-line State Grid user system.
#[async_trait]
pub trait GatheringStore: GatheringReads {
    /// Begins a round of steps: an epoch above every earlier one and above `seen`, unsure until it ends.
    async fn begin_gathering(
        &mut self,
        account: &AccountId,
        seen: i64,
        now: Time,
    ) -> Result<Gathered, StoreError>;
    /// Ends the round of this epoch; false when a later one was begun.
    async fn end_gathering(
        &mut self,
        account: &AccountId,
        done: &Gathered,
    ) -> Result<bool, StoreError>;
    /// Takes a person's turn to be compared: true for one caller while it is due.
    async fn take_check(&mut self, account: &AccountId, now: Time) -> Result<bool, StoreError>;
}

/// Sharing of homes. Units that change it hold the home's turn ([`BindingStore::lock_home`]).
#[async_trait]
pub trait GrantStore: GrantReads {
    /// Takes up to `most` homes whose holder nobody has asked for since `before`, the longest unasked first, and notes
    /// that they had their turn at `now`. Of each the link to look by; none where nothing but paying hangs on the holder.
    async fn take_unlooked(
        &mut self,
        before: Time,
        now: Time,
        most: i64,
    ) -> Result<Vec<Option<BindingId>>, StoreError>;
    /// How many grants of a home take up a place: to be accepted still, or accepted and not over.
    async fn count_grants(
        &mut self,
        consumer_no: &ConsumerNo,
        now: Time,
    ) -> Result<i64, StoreError>;
    async fn add_grant(
        &mut self,
        consumer_no: &ConsumerNo,
        grant: &Grant,
        token: &Secret,
    ) -> Result<(), StoreError>;
    /// Compare-and-set of state and acceptance.
    async fn save_grant(&mut self, grant: &Grant, now: Time) -> Result<(), StoreError>;
    async fn grant(
        &mut self,
        consumer_no: &ConsumerNo,
        id: &GrantId,
    ) -> Result<Option<Grant>, StoreError>;
    /// What a link has granted and was not ended.
    async fn granted_by(&mut self, link: &BindingId) -> Result<Vec<Grant>, StoreError>;
    /// Ends all grants of a home given under an older holder version; how many.
    async fn end_outdated(
        &mut self,
        consumer_no: &ConsumerNo,
        holder_version: i64,
        now: Time,
    ) -> Result<u64, StoreError>;
    /// Ends invitations nobody accepted in time; how many.
    async fn end_unaccepted(&mut self, now: Time) -> Result<u64, StoreError>;
}

/// Links, homes and offers. Every `save` is a compare-and-set on the version that was loaded;
/// [`StoreError::Conflict`] when it moved on.
#[async_trait]
pub trait BindingStore: BindingReads + GrantStore + FillingStore + GatheringStore {
    /// Takes a home's turn and answers what is known of it: units about one home follow one another
    /// from here on. None when no link was ever made to it.
    async fn lock_home(&mut self, consumer_no: &ConsumerNo) -> Result<Option<Home>, StoreError>;
    /// Notes that the archive shows a home under a holder now and answers what is known of it; takes
    /// the home's turn as well. `unsaid` is since when a holder newer than the one known holds it if
    /// the archive does not say.
    async fn touch_home(
        &mut self,
        consumer_no: &ConsumerNo,
        holder: Holding,
        unsaid: Day,
        now: Time,
    ) -> Result<Home, StoreError>;
    /// A live link to a home, whoever's.
    async fn link_to(
        &mut self,
        consumer_no: &ConsumerNo,
        id: &BindingId,
    ) -> Result<Option<Linked>, StoreError>;
    /// Every live link to a home.
    async fn links_to(&mut self, consumer_no: &ConsumerNo) -> Result<Vec<Linked>, StoreError>;
    /// Whether this holder took the access to the home away from the account, or from one merged into it.
    async fn is_barred(
        &mut self,
        account: &AccountId,
        consumer_no: &ConsumerNo,
        holder_version: i64,
    ) -> Result<bool, StoreError>;
    /// Takes the turn to ask the archive for a home's holder version: true for one caller, when
    /// nobody has asked after `before`.
    async fn take_look(
        &mut self,
        consumer_no: &ConsumerNo,
        before: Time,
        now: Time,
    ) -> Result<bool, StoreError>;
    /// Marks an open holder conflict.
    async fn freeze_home(&mut self, consumer_no: &ConsumerNo) -> Result<(), StoreError>;
    /// No holder conflict is open any more.
    async fn thaw_home(&mut self, consumer_no: &ConsumerNo) -> Result<(), StoreError>;
    /// Drops every link made under an older holder version to PAYER_ONLY; which ones fell.
    async fn drop_outdated(
        &mut self,
        consumer_no: &ConsumerNo,
        holder_version: i64,
    ) -> Result<Vec<BindingId>, StoreError>;
    /// Live HOLDER links of other accounts to a home, made with another certified ID number.
    async fn rivals(
        &mut self,
        account: &AccountId,
        consumer_no: &ConsumerNo,
        id_no: &IdNo,
    ) -> Result<Vec<Binding>, StoreError>;
    /// Takes one of an account's `most` places for links; false when none is free.
    async fn take_place(&mut self, account: &AccountId, most: i64) -> Result<bool, StoreError>;
    async fn free_place(&mut self, account: &AccountId) -> Result<(), StoreError>;
    /// `certified` is the ID number a HOLDER link rests on, kept as a blind index.
    /// `StoreError::Duplicate` when the account has a live link to the home.
    async fn add(&mut self, binding: &Binding, certified: Option<&IdNo>) -> Result<(), StoreError>;
    /// Compare-and-set of role, what it rests on, holder version, frozen and signboard.
    /// `certified: None` leaves the index a HOLDER link rests on as it is.
    async fn save(&mut self, binding: &Binding, certified: Option<&IdNo>)
    -> Result<(), StoreError>;
    /// Compare-and-set of the label alone.
    async fn save_label(&mut self, binding: &Binding) -> Result<(), StoreError>;
    /// Ends a link and forgets its copy; compare-and-set. `barred` is the holder version under which
    /// the holder took it away, if so it ended.
    async fn end(
        &mut self,
        binding: &Binding,
        barred: Option<i64>,
        now: Time,
    ) -> Result<(), StoreError>;
    /// Gives a link to another account, sealed anew with that one's key, and forgets its copy of the
    /// archive; compare-and-set. `StoreError::Duplicate` when that account has a live link to the home.
    async fn hand_over(&mut self, binding: &Binding, into: &AccountId) -> Result<(), StoreError>;
    /// What was granted and paid by the first link is the second's from now on.
    async fn fold(&mut self, binding: &BindingId, into: &BindingId) -> Result<(), StoreError>;
    async fn add_offered(&mut self, token: &Secret, offered: &Offered) -> Result<(), StoreError>;
    /// Compare-and-set of `verified` and `used_at`.
    async fn save_offered(&mut self, token: &Secret, offered: &Offered) -> Result<(), StoreError>;
    async fn keep(&mut self, linked: &Binding, kept: &Kept) -> Result<(), StoreError>;
    /// Drops offers that ended before a moment; how many.
    async fn purge_offered(&mut self, before: Time) -> Result<u64, StoreError>;
}

/// How well the archive knows the person (LN-43).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchLevel {
    Full,
    IdOnly,
    MobileOnly,
    None,
}

/// One home the archive offers. The token is the archive's own, never shown to a client.
#[derive(Clone, PartialEq, Eq)]
pub struct Candidate {
    pub archive_token: String,
    pub consumer_no_masked: String,
    pub holder_masked: String,
    pub address_masked: String,
    pub role: Role,
}

impl std::fmt::Debug for Candidate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[Candidate]")
    }
}

/// The archive's answer to "which homes are this person's".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    pub level: MatchLevel,
    pub candidates: Vec<Candidate>,
}

/// What a verified token or proof opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub consumer_no: ConsumerNo,
    pub role: Role,
    pub holder_version: i64,
    pub holder_since: Option<Day>,
}

impl Verified {
    #[must_use]
    pub const fn holding(&self) -> Holding {
        Holding {
            version: self.holder_version,
            since: self.holder_since,
        }
    }
}

/// What a person offers to show that a typed number is theirs.
#[derive(Clone, PartialEq, Eq)]
pub enum ArchiveProof {
    /// Last six characters of the holder's ID number: PAYER_ONLY at most.
    IdLast6(String),
    /// A one-time code to the archived mobile was verified by us; with the full name AUTHORISED.
    ArchivedMobile { name: Option<PersonName> },
}

impl std::fmt::Debug for ArchiveProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[ArchiveProof]")
    }
}

/// One consumer as the archive shows it (LN-10, LN-46).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consumer {
    pub holder_masked: String,
    pub address_masked: String,
    pub category: String,
    pub tariff_code: String,
    pub tariff_name: String,
    pub pay_mode: String,
    /// False once the account is closed: it takes no money.
    pub open: bool,
    pub meters: Vec<Meter>,
    pub holder_version: i64,
    /// Copies kept by an earlier program do not say.
    #[serde(default)]
    pub holder_since: Option<Day>,
    /// The supply office; copies kept by an earlier program do not say.
    #[serde(default)]
    pub org_no: Option<String>,
    pub as_of: Time,
}

impl Consumer {
    #[must_use]
    pub const fn holding(&self) -> Holding {
        Holding {
            version: self.holder_version,
            since: self.holder_since,
        }
    }
}

impl std::fmt::Debug for Consumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[Consumer]")
    }
}

/// One meter of a consumer; energy = difference of readings x multiplier.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    pub meter_no: String,
    pub multiplier: i64,
}

impl std::fmt::Debug for Meter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[Meter]")
    }
}

/// Whether the contract holder's identity is on file and equals the asker's (LN-10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RealNameState {
    Verified,
    Missing,
    Mismatch,
}

/// The last good copy of what the archive said, sealed at rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub consumer: Consumer,
    /// Whether this account's certified person is the holder; absent when it was not asked.
    pub real_name: Option<RealNameState>,
    pub kept_at: Time,
}

/// Why the archive opened nothing.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Unknown, foreign, wrong proof, spent token: one answer for all (domain.md 3.1).
    #[error("the archive cannot confirm this")]
    CannotConfirm,
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
}

/// The marketing system's archive of consumers.
#[async_trait]
pub trait ConsumerArchive: Send + Sync + std::fmt::Debug {
    async fn match_identity(
        &self,
        name: Option<&PersonName>,
        id_no: Option<&IdNo>,
        phone: Option<&Phone>,
        consent_id: &str,
    ) -> Result<Match, ArchiveError>;
    async fn verify_token(&self, archive_token: &str) -> Result<Verified, ArchiveError>;
    async fn verify_proof(
        &self,
        consumer_no: &ConsumerNo,
        proof: &ArchiveProof,
    ) -> Result<Verified, ArchiveError>;
    /// The phone on file, to send a code to. Never shown, never stored.
    async fn archived_mobile(&self, consumer_no: &ConsumerNo) -> Result<Phone, ArchiveError>;
    async fn consumer(&self, consumer_no: &ConsumerNo) -> Result<Consumer, ArchiveError>;
    async fn real_name(
        &self,
        consumer_no: &ConsumerNo,
        name: &PersonName,
        id_no: &IdNo,
    ) -> Result<RealNameState, ArchiveError>;
    /// Offers certified values for fields that may be empty; a repeat under the same `key` is harmless.
    async fn fill(
        &self,
        consumer_no: &ConsumerNo,
        values: &[ArchiveValue],
        consent_id: &str,
        holder_version: i64,
        key: &str,
    ) -> Result<BTreeMap<ArchiveField, Filled>, ArchiveError>;
}
