//! Refusals of check tasks as problem codes.

use lifeline_core::settlement::SettlementError;

use crate::edge::{Code, Problem};

impl From<SettlementError> for Problem {
    fn from(error: SettlementError) -> Self {
        match error {
            SettlementError::NotFound => Self::new(Code::NotFound),
            SettlementError::UndoFirst => Self::new(Code::UndoFirst),
            SettlementError::InReview => Self::new(Code::InReview),
            SettlementError::Dispatched => Self::new(Code::Dispatched),
            SettlementError::NothingToUndo => Self::new(Code::NothingToUndo),
            SettlementError::NothingReturned => Self::new(Code::NothingReturned),
            SettlementError::Closed { newer } => {
                let problem = Self::new(Code::CheckTaskClosed);
                match newer {
                    Some(id) => problem.with("newer_check_task_id", id.as_str()),
                    None => problem,
                }
            }
            SettlementError::Store(error) => Self::of_store(&error),
            SettlementError::Reading(_)
            | SettlementError::Price(_)
            | SettlementError::Calculation(_)
            | SettlementError::Money(_)
            | SettlementError::Ledger(_)
            | SettlementError::Evidence(_)
            | SettlementError::Event(_)
            | SettlementError::NoAnswer(_) => {
                tracing::error!(%error, "settlement.checks");
                Self::new(Code::Internal)
            }
        }
    }
}
