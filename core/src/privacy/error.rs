//! Why a right was not granted now.

use crate::accounts::{AccountError, RecordError};
use crate::bindings::BindingError;
use crate::store::{Retriable, StoreError};

/// Each variant is one problem code at the edge.
#[derive(Debug, thiserror::Error)]
pub enum PrivacyError {
    /// The owner of the device must show themselves again first (money.md 3.15).
    #[error("this needs a code to the phone first")]
    StepUpRequired,
    /// A payment or a refund of this person is still on its way.
    #[error("money is still on its way")]
    MoneyOpen,
    #[error("there is nothing to take back")]
    NotFound,
    #[error("this was done today already")]
    TooSoon { retry_after_s: i64 },
    /// Never made, used, over, or of another document: one answer.
    #[error("the link is used or over")]
    LinkGone,
    #[error("a home could not be left")]
    Home(#[source] Box<BindingError>),
    #[error(transparent)]
    Account(#[from] AccountError),
}

impl From<StoreError> for PrivacyError {
    fn from(error: StoreError) -> Self {
        Self::Account(error.into())
    }
}

impl From<RecordError> for PrivacyError {
    fn from(error: RecordError) -> Self {
        Self::Account(error.into())
    }
}

impl Retriable for PrivacyError {
    fn is_conflict(&self) -> bool {
        match self {
            Self::Account(error) => error.is_conflict(),
            Self::Home(error) => error.is_conflict(),
            _ => false,
        }
    }
}
