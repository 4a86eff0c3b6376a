//! Why an account use case did not do what was asked.

use super::record::RecordError;
use crate::evidence::NotCanonical;
use crate::shared::outside::NoAnswer;
use crate::store::{Retriable, StoreError};

/// Each variant is one problem code at the edge.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// A browser's sign-in did not begin here, was used, or took too long (money.md 3.5).
    #[error("this sign-in did not begin in this browser, was used, or took too long")]
    StateMismatch,
    #[error("the authorisation code was refused")]
    CodeRefused,
    /// Refused, and a case is open (money.md 3.6).
    #[error("the identity meets more than one account")]
    IdentityConflict,
    #[error("the identity provider gave no usable answer")]
    IdentityUnavailable(#[source] NoAnswer),
    /// Ended, over, or its refresh token was used before.
    #[error("the session is over")]
    SessionEnded,
    #[error("there is nothing by this id for this account")]
    NotFound,
    /// The words changed since they were shown.
    #[error("the consent text has another version now")]
    ConsentTextChanged,
    /// A code for the same act was sent less than a minute ago.
    #[error("the next code may be asked for in {retry_after_s} s")]
    CodeTooSoon { retry_after_s: i64 },
    /// One too many of what is other people's was tried from here.
    #[error("shut out for {retry_after_s} s")]
    ShutOut { retry_after_s: i64 },
    #[error("no more codes today")]
    TooManyCodes { retry_after_s: i64 },
    #[error("the code is wrong, used or over")]
    WrongCode,
    /// Not the provider's word, or none it would give.
    #[error("the provider told no phone")]
    PhoneNotTold,
    /// Another account holds it: only a code to the phone itself can move it.
    #[error("another account holds this phone")]
    PhoneHeld,
    /// The provider certified a name and ID number before.
    #[error("the account is certified already")]
    AlreadyCertified,
    #[error("no more certifications today")]
    TooManyCertifications { retry_after_s: i64 },
    /// As many distinct ID numbers as a year allows were typed (money.md 3.1).
    #[error("no other ID number may be typed this year")]
    TooManyIdNumbers { retry_after_s: i64 },
    /// Spent, refused, or another wallet's.
    #[error("the provider did not get the person's leave")]
    LeaveRefused,
    /// The account has no certified name to merge by.
    #[error("the account is not certified")]
    NotCertified,
    /// A merge needs a sign-in of the last ten minutes.
    #[error("the sign-in is too old for this")]
    SignInStale,
    /// Wrong code, nothing asked, another person: one answer.
    #[error("there is nothing to merge with this code")]
    MergeRefused,
    /// Together they would have more homes than one account may.
    #[error("together the accounts have too many homes")]
    TooManyHomes,
    #[error("the provider did not confirm what was typed")]
    CertificationRefused,
    #[error("the certification took too long")]
    CertificationOver,
    /// Not sealed by us for this certification.
    #[error("what was handed back is not what was typed here")]
    NotWhatWasTyped,
    #[error("this kind of certification needs the provider's code")]
    AuthCodeMissing,
    /// Login, password or code: which of them is never told.
    #[error("login, password or code do not fit")]
    SignInRefused,
    #[error("another account has this login name")]
    LoginTaken,
    /// The owner of the device must show themselves again first (money.md 3.15).
    #[error("this needs a code to the phone first")]
    StepUpRequired,
    /// Codes go to the account's own phone, and it has none.
    #[error("no phone is verified for this account")]
    PhoneMissing,
    #[error("too many passwords are being hashed")]
    Busy,
    #[error("passwords cannot be hashed")]
    PasswordsBroken,
    #[error("the act cannot be put on record")]
    Unrecordable(#[source] NotCanonical),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<RecordError> for AccountError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::NotCanonical(error) => Self::Unrecordable(error),
            RecordError::Store(error) => Self::Store(error),
        }
    }
}

impl From<super::watch::ShutOut> for AccountError {
    fn from(out: super::watch::ShutOut) -> Self {
        Self::ShutOut {
            retry_after_s: out.retry_after_s,
        }
    }
}

impl Retriable for AccountError {
    /// A duplicate is a lost race too: run again, the unit finds the row that won.
    fn is_conflict(&self) -> bool {
        matches!(
            self,
            Self::Store(StoreError::Conflict | StoreError::Duplicate(_))
        )
    }
}
