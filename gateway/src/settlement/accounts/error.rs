//! Refusals of generation accounts as problem codes.

use lifeline_core::settlement::accounts::GenerationError;

use crate::edge::{Code, Problem};

/// When a key that is being made is worth asking for again.
const KEY_RETRY_S: u64 = 2;

impl From<GenerationError> for Problem {
    fn from(error: GenerationError) -> Self {
        match error {
            GenerationError::NotFound => Self::new(Code::NotFound),
            GenerationError::NotConfirmed => Self::new(Code::GeneratorNotConfirmed),
            GenerationError::TooOften { retry_after_s } => {
                let wait = u64::try_from(retry_after_s).unwrap_or(1).max(1);
                Self::new(Code::RateLimited).retry_after(wait)
            }
            GenerationError::KeyNotReady => Self::new(Code::KeyNotReady).retry_after(KEY_RETRY_S),
            GenerationError::NotGranted => Self::new(Code::PermissionNotGranted),
            GenerationError::StepUpRequired => Self::new(Code::StepUpRequired),
            GenerationError::NotPermitted => Self::new(Code::TableNotOpen),
            GenerationError::Over => Self::new(Code::CooperationOver),
            GenerationError::NotOver => Self::new(Code::CooperationRuns),
            GenerationError::NoAnswer(why) => {
                tracing::warn!(error = %why, "generation.reserve.unavailable");
                Self::new(Code::UpstreamUnavailable)
            }
            GenerationError::Vault(why) => {
                tracing::error!(error = %why, "generation.vault.failed");
                Self::new(Code::UpstreamUnavailable)
            }
            GenerationError::Account(error) => error.into(),
        }
    }
}
