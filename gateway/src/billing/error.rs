//! Refusals of `billing` as problem codes.

use lifeline_core::billing::BillingError;

use crate::edge::{Code, Problem};

/// When a figure that could not be read is worth asking for again.
const ASK_AGAIN_S: u64 = 10;

impl From<BillingError> for Problem {
    fn from(error: BillingError) -> Self {
        match error {
            BillingError::NotFound => Self::new(Code::NotFound),
            BillingError::Span => Self::new(Code::InvalidQuery).field(
                "from",
                "span",
                "at most 31 days, the first not after the last",
            ),
            BillingError::Unavailable(why) => {
                tracing::warn!(error = %why, "billing.figure.unavailable");
                Self::new(Code::FigureUnavailable).retry_after(ASK_AGAIN_S)
            }
            BillingError::Store(error) => error.into(),
        }
    }
}
