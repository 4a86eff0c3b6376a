//! Why something was not done.

use super::calculation::CalculationError;
use super::ids::CheckTaskId;
use super::readings::ReadingFault;
use crate::evidence::NotCanonical;
use crate::ledger::LedgerError;
use crate::shared::money::MoneyError;
use crate::shared::outside::NoAnswer;
use crate::store::{Retriable, StoreError};
use crate::tariffs::PriceFault;

#[derive(Debug, thiserror::Error)]
pub enum SettlementError {
    /// Unknown, or somebody else's: nobody learns which.
    #[error("not found")]
    NotFound,
    #[error("the task is answered otherwise; undo first")]
    UndoFirst,
    #[error("a reviewer has the task")]
    InReview,
    #[error("the payout is on its way")]
    Dispatched,
    #[error("there is nothing to undo")]
    NothingToUndo,
    #[error("no payout came back")]
    NothingReturned,
    /// Final; a newer task may have taken its place.
    #[error("the task is closed")]
    Closed { newer: Option<CheckTaskId> },
    #[error(transparent)]
    Reading(#[from] ReadingFault),
    #[error(transparent)]
    Price(#[from] PriceFault),
    #[error(transparent)]
    Calculation(#[from] CalculationError),
    #[error(transparent)]
    Money(#[from] MoneyError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("an act could not be put down as evidence")]
    Evidence(#[from] NotCanonical),
    #[error("an event could not be written")]
    Event(#[from] serde_json::Error),
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SettlementError {
    /// The store is away: the next row would fare no better. Whatever else is wrong is about one row, and keeps no
    /// other from its turn.
    pub(super) const fn is_the_stores(&self) -> bool {
        matches!(
            self,
            Self::Store(StoreError::Unavailable(_) | StoreError::CommitUnknown(_))
        )
    }

    /// What is wrong with one payout by itself, whoever gives it its turn and however often: the code of its case.
    /// `None` where the next turn may fare better.
    pub(super) const fn of_one_payout(&self) -> Option<&'static str> {
        match self {
            Self::Store(StoreError::Corrupt { .. }) => Some("payout_unreadable"),
            Self::Store(StoreError::Refused(_))
            | Self::Money(_)
            | Self::Ledger(_)
            | Self::Evidence(_)
            | Self::Event(_) => Some("payout_failed"),
            _ => None,
        }
    }

    /// The same of one check task.
    pub(super) const fn of_one_task(&self) -> Option<&'static str> {
        match self {
            Self::Store(StoreError::Corrupt { .. }) => Some("task_unreadable"),
            error if error.of_one_payout().is_some() => Some("task_failed"),
            _ => None,
        }
    }
}

impl Retriable for SettlementError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(StoreError::Conflict))
    }
}
