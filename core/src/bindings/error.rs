//! Why a home was not linked, shown or changed.

use super::grant::NoSuchEnd;
use crate::accounts::{AccountError, RecordError};
use crate::shared::outside::NoAnswer;
use crate::store::{Retriable, StoreError};

/// Each variant is one problem code at the edge.
#[derive(Debug, thiserror::Error)]
pub enum BindingError {
    /// Matching sends the certified identity upstream: it needs its own consent (PIPL 29).
    #[error("matching needs its separate consent")]
    ConsentRequired,
    /// Alipay certified no name and ID number for this account.
    #[error("there is no certified real name to match with")]
    RealNameRequired,
    /// Unknown, foreign, wrong proof, spent or foreign token: one answer (LN-44).
    #[error("this home cannot be confirmed")]
    CannotConfirm,
    /// The ID number matches but not the phone: one more proof is needed (LN-43).
    #[error("one more proof is needed")]
    ProofRequired,
    /// The archive has a phone, so the proof is a code to it.
    #[error("the proof must be a code to the phone on file")]
    CodeRequired,
    /// ID digits were guessed too often; a code still works.
    #[error("this way of proving is locked")]
    ProofLocked { retry_after_s: i64 },
    #[error("the account has as many homes as it may")]
    TooManyBindings,
    /// The last day of a grant is not one that can be agreed on.
    #[error(transparent)]
    NoSuchEnd(#[from] NoSuchEnd),
    #[error("the home is shared with as many as it may be")]
    TooManyGrants,
    #[error("there is no such home for this account")]
    NotFound,
    #[error("the role does not include this")]
    RoleNotEnough,
    #[error("the archive gave no answer")]
    ArchiveUnavailable(#[source] NoAnswer),
    #[error(transparent)]
    Account(#[from] AccountError),
}

impl From<StoreError> for BindingError {
    fn from(error: StoreError) -> Self {
        Self::Account(error.into())
    }
}

impl From<RecordError> for BindingError {
    fn from(error: RecordError) -> Self {
        Self::Account(error.into())
    }
}

impl From<super::owned::RoleNotEnough> for BindingError {
    fn from(_: super::owned::RoleNotEnough) -> Self {
        Self::RoleNotEnough
    }
}

impl Retriable for BindingError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Account(error) if error.is_conflict())
    }
}
