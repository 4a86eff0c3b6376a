//! Why something about a channel did not happen.

use crate::insight::InsightError;
use crate::store::{Retriable, StoreError};

/// What a use case of this room refuses.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the figures could not be read")]
    Figures(#[from] InsightError),
    #[error("the reason has 4 to 500 characters")]
    Reason,
    #[error("there is no such function, or it is never closed")]
    Function,
    #[error("a limit is 1 to 1,000,000 requests a minute")]
    Limit,
    #[error("things have changed")]
    NotAsThingsStand,
}

impl Retriable for ChannelError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_conflict())
    }
}
