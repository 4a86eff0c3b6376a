//! Refusals of `privacy` as problem codes.

use lifeline_core::privacy::PrivacyError;

use crate::edge::{Code, Problem};

impl From<PrivacyError> for Problem {
    fn from(error: PrivacyError) -> Self {
        match error {
            PrivacyError::StepUpRequired => Self::new(Code::StepUpRequired),
            PrivacyError::MoneyOpen => Self::new(Code::MoneyOpen),
            PrivacyError::NotFound => Self::new(Code::NotFound),
            PrivacyError::TooSoon { retry_after_s } => {
                let wait = u64::try_from(retry_after_s).unwrap_or(1).max(1);
                Self::new(Code::RateLimited).retry_after(wait)
            }
            PrivacyError::LinkGone => Self::new(Code::DocumentGone),
            PrivacyError::Home(error) => (*error).into(),
            PrivacyError::Account(error) => error.into(),
        }
    }
}
