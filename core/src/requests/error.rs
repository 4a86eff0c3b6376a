//! Why a request was not taken.

use crate::accounts::RecordError;
use crate::shared::text::Fault;
use crate::store::{Retriable, StoreError};

/// Each variant is one problem code at the edge.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    #[error("a field breaks a rule")]
    Faulty(Vec<Fault>),
    /// The client's key was used for something else.
    #[error("the key was used with another {field}")]
    KeyReused {
        /// The first field of the body that differs; `body` when none can be named.
        field: &'static str,
    },
    #[error("enough was asked for today")]
    TooMany { retry_after_s: i64 },
    #[error("no real name is certified")]
    RealNameRequired,
    #[error("no phone is verified")]
    PhoneRequired,
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Retriable for RequestError {
    fn is_conflict(&self) -> bool {
        matches!(
            self,
            Self::Store(StoreError::Conflict)
                | Self::Record(RecordError::Store(StoreError::Conflict))
        )
    }
}

/// Why points were not exchanged. Each variant is one problem code at the edge.
#[derive(Debug, thiserror::Error)]
pub enum PointsError {
    #[error("there is no such gift")]
    NotFound,
    #[error("none is left")]
    OutOfStock,
    #[error("the balance does not reach")]
    NotEnough,
    #[error("the key was used with another body")]
    KeyReused,
    #[error("a rule or a gift breaks a rule")]
    NotSound,
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Retriable for PointsError {
    fn is_conflict(&self) -> bool {
        matches!(
            self,
            Self::Store(StoreError::Conflict)
                | Self::Record(RecordError::Store(StoreError::Conflict))
        )
    }
}
