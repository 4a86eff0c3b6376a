//! The ports of `bindings`: its rows, and the utility's archive of consumers.

use async_trait::async_trait;

use crate::shared::outside::NoAnswer;
use crate::shared::personal::{ConsumerNo, IdNo, PersonName, Phone};
use crate::shared::time::Time;

#[async_trait]
pub trait BindingReads: Send {}

#[async_trait]
pub trait BindingStore: BindingReads {}

/// What a person may do with a home (money.md 3.2, 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Amount due and own payments only.
    PayerOnly,
    /// Sees usage and bills by the holder's leave or the archived mobile.
    Authorised,
    /// The certified contract holder.
    Holder,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub archive_token: String,
    pub consumer_no_masked: String,
    pub holder_masked: String,
    pub address_masked: String,
    pub role: Role,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchiveProof {
    /// Last six characters of the holder's ID number: PAYER_ONLY at most.
    IdLast6(String),
    /// A one-time code to the archived mobile was verified by us; with the full name AUTHORISED.
    ArchivedMobile { name: Option<PersonName> },
}

/// One consumer as the archive shows it (LN-10, LN-46).
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// One meter of a consumer; energy = difference of readings x multiplier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meter {
    pub meter_no: String,
    pub multiplier: i64,
}

/// Whether the contract holder's identity is on file and equals the asker's (LN-10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RealNameState {
    Verified,
    Missing,
    Mismatch,
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
