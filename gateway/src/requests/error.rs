//! Refusals of `requests` as problem codes.

use lifeline_core::requests::RequestError;

use crate::edge::{Code, Problem};

impl From<RequestError> for Problem {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Faulty(faults) => {
                let refused = Self::new(Code::InvalidField);
                faults.iter().fold(refused, |refused, fault| {
                    refused.field(&fault.field, fault.why, "not a value this field has")
                })
            }
            RequestError::KeyReused { field } => Self::new(Code::IdempotencyKeyReused).field(
                field,
                "differs",
                "this field was another one when the key was first used",
            ),
            RequestError::TooMany { retry_after_s } => {
                Self::new(Code::RateLimited).retry_after(retry_after_s.max(1).unsigned_abs())
            }
            RequestError::RealNameRequired => Self::new(Code::RealNameRequired),
            RequestError::PhoneRequired => Self::new(Code::PhoneRequired),
            RequestError::Record(error) => {
                tracing::error!(%error, "requests.not_recorded");
                Self::new(Code::Internal)
            }
            RequestError::Store(error) => error.into(),
        }
    }
}
