//! Refusals of `publications` as problem codes.

use lifeline_core::publications::PublicationError;
use lifeline_core::publications::ports::NotAPicture;

use crate::edge::{Code, Problem};

impl From<PublicationError> for Problem {
    fn from(error: PublicationError) -> Self {
        match error {
            // What is outside somebody's scope is not shown to be there.
            PublicationError::NotFound | PublicationError::OutOfScope => Self::new(Code::NotFound),
            PublicationError::Changed => Self::new(Code::PublicationChanged),
            PublicationError::NotNow => Self::new(Code::PublicationNotNow),
            PublicationError::OwnWork => Self::new(Code::OwnWork),
            PublicationError::Faulty(faults) => {
                let refused = Self::new(Code::InvalidField);
                faults.iter().fold(refused, |refused, fault| {
                    refused.field(&fault.field, fault.why, "not a value this field has")
                })
            }
            PublicationError::Picture(NotAPicture::TooLarge) => Self::new(Code::PictureTooLarge),
            PublicationError::Picture(_) => Self::new(Code::NotAPicture),
            PublicationError::Record(error) => {
                tracing::error!(%error, "publications.not_recorded");
                Self::new(Code::Internal)
            }
            PublicationError::Store(error) => error.into(),
        }
    }
}
