//! Why a notice could not be read or told.

use crate::store::{Retriable, StoreError};

/// Each variant is one problem code at the edge.
#[derive(Debug, thiserror::Error)]
pub enum NoticeError {
    /// Unknown, or another's: the two cannot be told apart from outside.
    #[error("there is no notice by this id for this account")]
    NotFound,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Retriable for NoticeError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(StoreError::Conflict))
    }
}
