//! Why a payment use case did not do what was asked.

use super::booking::BooksError;
use crate::shared::ids::{BindingId, PaymentId};
use crate::shared::money::Fen;
use crate::store::{Retriable, StoreError};

#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    /// Unknown, or another's.
    #[error("there is no such payment for this account")]
    NotFound,
    #[error("nothing is due")]
    NothingDue,
    /// The figures changed since the payer saw them.
    #[error("the arrears changed")]
    StaleArrears { total: Fen, version: String },
    /// An arrears payment needs the version the payer saw.
    #[error("the arrears version is missing")]
    VersionMissing,
    #[error("the amount is not what is due")]
    AmountNotDue,
    #[error("the amount is outside the range of a top-up")]
    AmountOutOfRange { min: Fen, max: Fen },
    #[error("the electricity account is closed")]
    AccountClosed,
    /// Out of the ordinary: the payer must show themselves again first.
    #[error("this needs a code to the phone first")]
    StepUpRequired,
    /// A bill of the home is being verified: nothing is asked for meanwhile.
    #[error("a bill of the home is being verified")]
    BillHeld,
    /// A checkout without a home.
    #[error("there is no home to pay for")]
    NoHome,
    #[error("too many homes for one order")]
    TooManyHomes { max: usize },
    #[error("a home is there twice")]
    HomeTwice { binding_id: BindingId },
    /// One of several homes keeps the order from being made.
    #[error("one home: {error}")]
    AtHome {
        binding_id: BindingId,
        error: Box<PaymentError>,
    },
    /// Another order for the same debt is not proven closed; its id only if it is the caller's own.
    #[error("an earlier order is still open")]
    PreviousOrderOpen { payment_id: Option<PaymentId> },
    /// What is due cannot be read live, so nothing can be ordered.
    #[error("what is due cannot be read now")]
    ArrearsUnavailable,
    /// The store was restored, and what it lacks is still being read from the outside.
    #[error("the store is being brought up to date after a restore")]
    Recovering,
    /// The account has no identity at the channel, so nobody could pay.
    #[error("the account has no payer at the channel")]
    NoPayer,
    #[error("the order is paid already")]
    AlreadyPaid,
    /// Unknown, expired, closed, or another session's.
    #[error("the pay ticket is gone")]
    TicketGone,
    /// The same key is being worked on.
    #[error("the same request is being worked on")]
    InFlight,
    /// The key was used with another body; names the field that differs.
    #[error("the key was used for another request")]
    KeyReused { field: String },
    /// The order and its books do not fit together.
    #[error("the order's books do not fit")]
    Books(#[from] BooksError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Retriable for PaymentError {
    fn is_conflict(&self) -> bool {
        match self {
            Self::Store(error) => error.is_conflict(),
            Self::AtHome { error, .. } => error.is_conflict(),
            _final => false,
        }
    }
}

impl PaymentError {
    /// A commit got no answer: it may have taken effect.
    pub(super) const fn is_unknown(&self) -> bool {
        matches!(self, Self::Store(StoreError::CommitUnknown(_)))
    }

    /// Whether a repeat of the same request would be refused for ever, so that the refusal is
    /// stored as its answer (money.md 2.10).
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::NothingDue
            | Self::StaleArrears { .. }
            | Self::VersionMissing
            | Self::AmountNotDue
            | Self::AmountOutOfRange { .. }
            | Self::AccountClosed
            | Self::NoHome
            | Self::TooManyHomes { .. }
            | Self::HomeTwice { .. } => true,
            Self::AtHome { error, .. } => error.is_final(),
            Self::NotFound
            | Self::PreviousOrderOpen { .. }
            | Self::ArrearsUnavailable
            | Self::Recovering
            | Self::NoPayer
            | Self::AlreadyPaid
            | Self::BillHeld
            | Self::StepUpRequired
            | Self::TicketGone
            | Self::InFlight
            | Self::KeyReused { .. }
            | Self::Books(_)
            | Self::Store(_) => false,
        }
    }
}
