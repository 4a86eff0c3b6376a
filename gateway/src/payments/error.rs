//! Refusals of `payments` as problem codes.

use lifeline_core::payments::PaymentError;
use serde_json::json;

use crate::edge::{Code, Problem};

impl From<&PaymentError> for Problem {
    fn from(error: &PaymentError) -> Self {
        match error {
            PaymentError::NotFound => Self::new(Code::NotFound),
            PaymentError::NothingDue => Self::new(Code::NothingDue),
            PaymentError::StaleArrears { total, version } => Self::new(Code::StaleArrears).with(
                "current",
                json!({"total_fen": total.get(), "arrears_version": version}),
            ),
            PaymentError::VersionMissing => Self::new(Code::VersionMissing).field(
                "arrears_version",
                "missing",
                "the version shown with the arrears",
            ),
            PaymentError::AmountNotDue => Self::new(Code::AmountNotDue),
            PaymentError::AmountOutOfRange { min, max } => Self::new(Code::AmountOutOfRange)
                .with("range", json!({"min_fen": min.get(), "max_fen": max.get()})),
            PaymentError::AccountClosed => Self::new(Code::AccountClosed),
            PaymentError::StepUpRequired => Self::new(Code::StepUpRequired),
            PaymentError::BillHeld => Self::new(Code::BillHeld),
            PaymentError::NoHome => {
                Self::new(Code::InvalidField).field("items", "missing", "at least one home")
            }
            PaymentError::TooManyHomes { max } => {
                Self::new(Code::TooManyHomes).with("homes_max", *max)
            }
            PaymentError::HomeTwice { binding_id } => {
                Self::new(Code::HomeTwice).with("binding_id", binding_id.as_str())
            }
            PaymentError::AtHome { binding_id, error } => {
                Self::from(&**error).with("binding_id", binding_id.as_str())
            }
            PaymentError::PreviousOrderOpen { payment_id } => {
                let problem = Self::new(Code::PreviousOrderOpen);
                match payment_id {
                    Some(id) => problem.with("payment_id", id.as_str()),
                    None => problem,
                }
            }
            PaymentError::ArrearsUnavailable => Self::new(Code::ArrearsUnavailable).retry_after(5),
            PaymentError::Recovering => Self::new(Code::UpstreamUnavailable).retry_after(60),
            PaymentError::NoPayer => Self::new(Code::NoPayer),
            PaymentError::AlreadyPaid => Self::new(Code::AlreadyPaid),
            PaymentError::TicketGone => Self::new(Code::TicketGone),
            PaymentError::InFlight => Self::new(Code::RequestInFlight),
            PaymentError::KeyReused { field } => Self::new(Code::IdempotencyKeyReused).field(
                field,
                "differs",
                "this field was another one when the key was first used",
            ),
            PaymentError::Books(error) => {
                tracing::error!(%error, "payments.books");
                Self::new(Code::Internal)
            }
            PaymentError::Store(error) => Self::of_store(error),
        }
    }
}

impl From<PaymentError> for Problem {
    fn from(error: PaymentError) -> Self {
        Self::from(&error)
    }
}
