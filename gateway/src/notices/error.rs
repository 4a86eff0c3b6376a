//! Refusals of `notices` as problem codes.

use lifeline_core::notices::NoticeError;

use crate::edge::{Code, Problem};

impl From<NoticeError> for Problem {
    fn from(error: NoticeError) -> Self {
        match error {
            NoticeError::NotFound => Self::new(Code::NotFound),
            NoticeError::Store(error) => error.into(),
        }
    }
}
