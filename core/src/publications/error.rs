//! Why a publication was not read or changed.

use super::ports::NotAPicture;
use crate::accounts::RecordError;
use crate::shared::text::Fault;
use crate::store::{Retriable, StoreError};

/// Each variant is one problem code at the edge.
#[derive(Debug, thiserror::Error)]
pub enum PublicationError {
    #[error("there is no such publication")]
    NotFound,
    /// It changed since it was read.
    #[error("somebody else changed it meanwhile")]
    Changed,
    /// Not for the state it is in.
    #[error("this is not for the state it is in")]
    NotNow,
    /// Who wrote it does not publish it.
    #[error("another person must publish it")]
    OwnWork,
    /// The staff member's data scope does not reach there.
    #[error("outside the data scope")]
    OutOfScope,
    #[error("the content breaks a rule")]
    Faulty(Vec<Fault>),
    #[error(transparent)]
    Picture(#[from] NotAPicture),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PublicationError {
    /// The outcome an audit line names.
    #[must_use]
    pub const fn outcome(&self) -> &'static str {
        match self {
            Self::NotFound => "NOT_FOUND",
            Self::Changed => "CHANGED",
            Self::NotNow => "NOT_NOW",
            Self::OwnWork => "OWN_WORK",
            Self::OutOfScope => "OUT_OF_SCOPE",
            Self::Faulty(_) => "INVALID_FIELD",
            Self::Picture(_) => "NOT_A_PICTURE",
            Self::Record(_) | Self::Store(_) => "INTERNAL",
        }
    }
}

impl Retriable for PublicationError {
    fn is_conflict(&self) -> bool {
        matches!(
            self,
            Self::Store(StoreError::Conflict)
                | Self::Record(RecordError::Store(StoreError::Conflict))
        )
    }
}
