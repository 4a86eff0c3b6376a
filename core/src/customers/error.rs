//! Why something about a customer did not happen.

use crate::billing::BillingError;
use crate::shared::outside::NoAnswer;
use crate::store::{Retriable, StoreError};

/// What a use case of this room refuses.
#[derive(Debug, thiserror::Error)]
pub enum CustomerError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("there is no such customer")]
    NoSuch,
    #[error("no home of this customer is within the scope")]
    OutOfScope,
    #[error("the reason has 4 to 500 characters")]
    Reason,
    #[error("the code was refused")]
    Code,
    #[error("no more may be seen today")]
    TooMany,
    #[error("this customer has none")]
    Absent,
    #[error("marketing does not answer")]
    NoFigure(#[source] NoAnswer),
    #[error("nobody approves what they proposed")]
    SamePerson,
    #[error("a field breaks a rule")]
    Faulty,
    #[error("nobody without a certified name and a verified phone can be opened")]
    NotCertified,
    #[error("this is not the number of that gift")]
    OtherNumber,
    #[error("things have changed")]
    NotAsThingsStand,
}

impl Retriable for CustomerError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_conflict())
    }
}

impl From<BillingError> for CustomerError {
    fn from(error: BillingError) -> Self {
        match error {
            BillingError::NotFound | BillingError::Span => Self::NoSuch,
            BillingError::Unavailable(why) => Self::NoFigure(why),
            BillingError::Store(error) => Self::Store(error),
        }
    }
}
