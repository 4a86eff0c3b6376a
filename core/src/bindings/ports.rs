//! The ports of `bindings`: its rows, and the utility's archive of consumers.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::binding::{Binding, Home, Linked};
use super::offer::Offered;
pub use super::role::Role;
use crate::accounts::Secret;
use crate::shared::ids::{AccountId, BindingId};
use crate::shared::outside::NoAnswer;
use crate::shared::page::Page;
use crate::shared::personal::{ConsumerNo, IdNo, PersonName, Phone};
use crate::shared::time::Time;
use crate::store::StoreError;

/// What readers ask of the links. Ended links are not found.
#[async_trait]
pub trait BindingReads: Send {
    /// A link of this account; another account's is not found.
    async fn find(
        &mut self,
        account: &AccountId,
        id: &BindingId,
    ) -> Result<Option<Linked>, StoreError>;
    /// An account's links in the order they were made; up to `limit + 1` so that the page can be cut.
    async fn list(&mut self, account: &AccountId, page: &Page) -> Result<Vec<Linked>, StoreError>;
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

/// Links, homes and offers. Every `save` is a compare-and-set on the version that was loaded;
/// [`StoreError::Conflict`] when it moved on.
#[async_trait]
pub trait BindingStore: BindingReads {
    /// Notes that the archive shows a home at a holder version now and answers what is known of it.
    /// Units about one home follow one another from here on.
    async fn touch_home(
        &mut self,
        consumer_no: &ConsumerNo,
        holder_version: i64,
        now: Time,
    ) -> Result<Home, StoreError>;
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
    /// Compare-and-set of role, holder version, frozen and signboard. `certified: None` leaves the
    /// index a HOLDER link rests on as it is.
    async fn save(&mut self, binding: &Binding, certified: Option<&IdNo>)
    -> Result<(), StoreError>;
    /// Compare-and-set of the label alone.
    async fn save_label(&mut self, binding: &Binding) -> Result<(), StoreError>;
    /// Ends a link and forgets its copy; compare-and-set.
    async fn end(&mut self, binding: &Binding, now: Time) -> Result<(), StoreError>;
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
    /// Changes with every transfer of holder; a binding pins it (money.md 3.4).
    pub holder_version: i64,
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
    pub as_of: Time,
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
}
