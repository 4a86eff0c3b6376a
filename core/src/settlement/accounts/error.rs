//! Why a generation account did not do what was asked.

use super::vault::VaultFailure;
use crate::accounts::{AccountError, RecordError};
use crate::shared::outside::NoAnswer;
use crate::store::{Retriable, StoreError};

/// Each variant is one problem code at the edge.
#[derive(Debug, thiserror::Error)]
pub enum GenerationError {
    /// Unknown and another's: one answer.
    #[error("there is no such generation account")]
    NotFound,
    /// Unknown number, wrong details, taken by somebody else: one answer (PV-03).
    #[error("the registration does not agree with the reserve")]
    NotConfirmed,
    #[error("this was tried too often")]
    TooOften { retry_after_s: i64 },
    #[error("the key pair is still being made")]
    KeyNotReady,
    /// Says nothing else (PV-09).
    #[error("permission not granted")]
    NotGranted,
    /// The reserve says another payee than the table: a code to the owner's phone must come along (money.md 2.17).
    #[error("another payee wants a code")]
    StepUpRequired,
    /// The table was not opened to the account yet.
    #[error("nothing was permitted yet")]
    NotPermitted,
    /// Keys, reserve and table are gone (PV-12).
    #[error("the cooperation is over")]
    Over,
    #[error("the cooperation goes on")]
    NotOver,
    #[error("the utility gave no answer")]
    NoAnswer(#[from] NoAnswer),
    #[error("the key vault does not work")]
    Vault(#[from] VaultFailure),
    #[error(transparent)]
    Account(#[from] AccountError),
}

impl From<StoreError> for GenerationError {
    fn from(error: StoreError) -> Self {
        Self::Account(error.into())
    }
}

impl From<RecordError> for GenerationError {
    fn from(error: RecordError) -> Self {
        Self::Account(error.into())
    }
}

impl Retriable for GenerationError {
    fn is_conflict(&self) -> bool {
        match self {
            Self::Account(error) => error.is_conflict(),
            _ => false,
        }
    }
}
