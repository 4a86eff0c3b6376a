//! What was paid for a home, wherever and by whomever, as the utility booked it (LN-09): asked for when it is looked at,
//! and not kept.

use std::cmp::Reverse;

use super::figures::Receipt;
use super::ports::SourceError;
use super::{Billing, BillingError};
use crate::bindings::AuthorisedBinding;
use crate::shared::time::{Day, Time};

/// The most that are shown.
pub const RECEIPTS_MAX: usize = 200;

/// What was paid for a home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipts {
    /// Newest first.
    pub items: Vec<Receipt>,
    /// The first day that was asked for.
    pub since: Day,
    /// When the marketing system answered.
    pub asked_at: Time,
}

impl Billing {
    /// What was paid since the first day that is this household's to see: that of its holder, within the months shown
    /// of bills.
    ///
    /// # Errors
    /// [`BillingError::NotFound`], [`BillingError::Unavailable`].
    pub async fn receipts(&self, home: &AuthorisedBinding) -> Result<Receipts, BillingError> {
        let asked_at = self.clock.now();
        let (since, today) = (self.first_day_of(home), Day::of(asked_at));
        if since > today {
            return Ok(laid_out(Vec::new(), since, asked_at));
        }
        let number = home.owned().consumer_no();
        let (first, last) = (since.to_string(), today.to_string());
        match self.source.receipts(number, &first, &last).await {
            Ok(items) => Ok(laid_out(items, since, asked_at)),
            Err(SourceError::Absent) => Err(BillingError::NotFound),
            Err(SourceError::NoAnswer(why)) => Err(BillingError::Unavailable(why)),
        }
    }
}

/// Newest first; what was answered of earlier days is left out.
fn laid_out(mut items: Vec<Receipt>, since: Day, asked_at: Time) -> Receipts {
    items.retain(|one| Day::of(one.paid_at) >= since);
    items.sort_by_key(|one| Reverse(one.paid_at));
    items.truncate(RECEIPTS_MAX);
    Receipts {
        items,
        since,
        asked_at,
    }
}
