//! Refusals of `accounts` as problem codes.

use lifeline_core::accounts::AccountError;

use crate::edge::{Code, Problem};

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        let wait = |seconds: i64| u64::try_from(seconds).unwrap_or(1).max(1);
        match error {
            AccountError::StateMismatch => Self::new(Code::StateMismatch),
            AccountError::CodeRefused => Self::new(Code::AuthCodeRefused),
            AccountError::IdentityConflict => Self::new(Code::IdentityConflict),
            AccountError::IdentityUnavailable(why) => {
                tracing::warn!(error = %why, "accounts.identity.unavailable");
                Self::new(Code::UpstreamUnavailable)
            }
            AccountError::SessionEnded => Self::new(Code::SessionRevoked),
            AccountError::NotFound => Self::new(Code::NotFound),
            AccountError::ConsentTextChanged => Self::new(Code::ConsentTextChanged),
            AccountError::CodeTooSoon { retry_after_s }
            | AccountError::TooManyCodes { retry_after_s }
            | AccountError::TooManyCertifications { retry_after_s } => {
                Self::new(Code::RateLimited).retry_after(wait(retry_after_s))
            }
            AccountError::ShutOut { retry_after_s } => {
                Self::new(Code::ShutOut).retry_after(wait(retry_after_s))
            }
            AccountError::WrongCode => Self::new(Code::OtpWrong),
            AccountError::PhoneNotTold => Self::new(Code::PhoneNotTold),
            AccountError::PhoneHeld => Self::new(Code::PhoneHeld),
            AccountError::NotCertified => Self::new(Code::RealNameRequired),
            AccountError::SignInStale => Self::new(Code::FreshSignInRequired),
            AccountError::MergeRefused => Self::new(Code::MergeRefused),
            AccountError::TooManyHomes => Self::new(Code::TooManyBindings),
            AccountError::AlreadyCertified => Self::new(Code::AlreadyCertified),
            AccountError::TooManyIdNumbers { retry_after_s } => {
                Self::new(Code::TooManyIdNumbers).retry_after(wait(retry_after_s))
            }
            AccountError::CertificationRefused => Self::new(Code::CertificationRefused),
            AccountError::CertificationOver => Self::new(Code::CertificationOver),
            AccountError::LeaveRefused => Self::new(Code::LeaveRefused),
            AccountError::NotWhatWasTyped => Self::new(Code::InvalidField).field(
                "held",
                "invalid",
                "what `POST /v1/me/certifications` answered, unchanged",
            ),
            AccountError::AuthCodeMissing => {
                Self::new(Code::InvalidField).field("auth_code", "missing", "a code of `id_verify`")
            }
            AccountError::SignInRefused => Self::new(Code::SignInRefused),
            AccountError::LoginTaken => Self::new(Code::LoginTaken),
            AccountError::StepUpRequired => Self::new(Code::StepUpRequired),
            AccountError::PhoneMissing => Self::new(Code::PhoneRequired),
            AccountError::Busy => Self::new(Code::Overloaded).retry_after(1),
            AccountError::PasswordsBroken => {
                tracing::error!("accounts.passwords.broken");
                Self::new(Code::Internal)
            }
            AccountError::Unrecordable(why) => {
                tracing::error!(error = %why, "accounts.act.unrecordable");
                Self::new(Code::Internal)
            }
            AccountError::Store(error) => error.into(),
        }
    }
}
