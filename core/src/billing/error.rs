//! How asking for a figure can fail.

use crate::shared::outside::NoAnswer;
use crate::store::{Retriable, StoreError};

/// Why there is no figure to show.
#[derive(Debug, thiserror::Error)]
pub enum BillingError {
    /// The home or the period has no such figure.
    #[error("there is no such figure")]
    NotFound,
    /// Days asked for backwards, or more than are shown at once.
    #[error("the days are asked for backwards, or are too many")]
    Span,
    /// Marketing does not answer and no earlier copy exists.
    #[error("the figure is not available now")]
    Unavailable(#[source] NoAnswer),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Retriable for BillingError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_conflict())
    }
}
