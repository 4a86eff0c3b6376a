//! Why a figure is not shown.

use crate::store::{Retriable, StoreError};

#[derive(Debug, thiserror::Error)]
pub enum InsightError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The span is turned round or longer than what is kept.
    #[error("this span of days is not kept")]
    Span,
    #[error("there is no such person, home or payment")]
    NoSuch,
    #[error("this region is not within the scope")]
    OutOfScope,
}

impl Retriable for InsightError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_conflict())
    }
}
