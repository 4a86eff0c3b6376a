//! Refusals of `bindings` as problem codes.

use lifeline_core::bindings::{BindingError, NoSuchEnd, NotOwned};

use crate::edge::{Code, Problem};

impl From<BindingError> for Problem {
    fn from(error: BindingError) -> Self {
        match error {
            BindingError::ConsentRequired => Self::new(Code::ConsentRequired),
            BindingError::RealNameRequired => Self::new(Code::RealNameRequired),
            BindingError::CannotConfirm => Self::new(Code::CannotConfirm),
            BindingError::ProofRequired => {
                Self::new(Code::ProofRequired).field("proof", "missing", "one more proof is needed")
            }
            BindingError::CodeRequired => Self::new(Code::CodeRequired),
            BindingError::ProofLocked { retry_after_s } => {
                let wait = u64::try_from(retry_after_s).unwrap_or(1).max(1);
                Self::new(Code::ProofLocked).retry_after(wait)
            }
            BindingError::TooManyBindings => Self::new(Code::TooManyBindings),
            BindingError::TooManyGrants => Self::new(Code::TooManyGrants),
            BindingError::NoSuchEnd(NoSuchEnd::Past) => {
                Self::new(Code::InvalidField).field("ends_on", "invalid", "today or later")
            }
            BindingError::NoSuchEnd(NoSuchEnd::TooFar) => Self::new(Code::GrantTooLong),
            BindingError::NotFound => Self::new(Code::NotFound),
            BindingError::RoleNotEnough => Self::new(Code::RoleNotEnough),
            BindingError::ArchiveUnavailable(why) => {
                tracing::warn!(error = %why, "bindings.archive.unavailable");
                Self::new(Code::UpstreamUnavailable)
            }
            BindingError::Account(error) => error.into(),
        }
    }
}

impl From<NotOwned> for Problem {
    fn from(error: NotOwned) -> Self {
        match error {
            NotOwned::NotFound => Self::new(Code::NotFound),
            NotOwned::RoleNotEnough => Self::new(Code::RoleNotEnough),
            NotOwned::Store(error) => error.into(),
        }
    }
}
