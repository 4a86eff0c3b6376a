//! What a home used day by day (EC-04), as the head-end froze it: asked for when it is looked at, and not
//! kept, because a copy of it would tell when a household was at home.

use std::collections::BTreeMap;

use super::figures::DailyUsage;
use super::ports::SourceError;
use super::{Billing, BillingError};
use crate::bindings::AuthorisedBinding;
use crate::shared::energy::Kwh;
use crate::shared::time::{Day, Time};

/// The longest span that is shown at once.
pub const USAGE_DAYS_MAX: i64 = 31;

const DAY_S: i64 = 86_400;

/// The quality word of a day that was read, not estimated.
const READ: &str = "actual";

/// Days of a home, oldest first, none left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    pub days: Vec<UsageDay>,
    /// Of the days that are there; none when no day is, or the sum is out of range.
    pub total: Option<Kwh>,
    /// When the marketing system answered.
    pub asked_at: Time,
}

/// One day; without figures when none came from the field, which is not the same as no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageDay {
    pub day: Day,
    pub figures: Option<DailyUsage>,
}

impl UsageDay {
    /// `read`, `estimated` or `absent`.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match &self.figures {
            None => "absent",
            Some(figures) if figures.quality == READ => "read",
            Some(_) => "estimated",
        }
    }
}

impl Billing {
    /// The days from the first to the last, both included, as far as they are over and the present
    /// holder's. Without a last day the last is yesterday, without a first they are
    /// [`USAGE_DAYS_MAX`].
    ///
    /// # Errors
    /// [`BillingError::Span`] for days asked backwards or more than [`USAGE_DAYS_MAX`];
    /// [`BillingError::NotFound`], [`BillingError::Unavailable`].
    pub async fn usage(
        &self,
        home: &AuthorisedBinding,
        from: Option<Day>,
        to: Option<Day>,
    ) -> Result<Usage, BillingError> {
        let asked_at = self.clock.now();
        let yesterday = Day::of(asked_at.plus_seconds(DAY_S.saturating_neg()));
        let to = to.unwrap_or(yesterday);
        let from = from.unwrap_or_else(|| days_before(to, USAGE_DAYS_MAX.saturating_sub(1)));
        if from > to || to.days_after(from) >= USAGE_DAYS_MAX {
            return Err(BillingError::Span);
        }
        let (from, to) = (from.max(self.first_day_of(home)), to.min(yesterday));
        if from > to {
            return Ok(laid_out(from, to, Vec::new(), asked_at));
        }
        let number = home.owned().consumer_no();
        let (first, last) = (from.to_string(), to.to_string());
        match self.source.daily_usage(number, &first, &last).await {
            Ok(days) => Ok(laid_out(from, to, days, asked_at)),
            Err(SourceError::Absent) => Err(BillingError::NotFound),
            Err(SourceError::NoAnswer(why)) => Err(BillingError::Unavailable(why)),
        }
    }

    /// The first day that is this household's to see: that of its holder, within the months shown.
    pub(super) fn first_day_of(&self, home: &AuthorisedBinding) -> Day {
        let (first, _) = self.span().0.bounds();
        home.holder_since().map_or(first, |since| since.max(first))
    }
}

fn days_before(day: Day, days: i64) -> Day {
    Day::of(
        day.start()
            .plus_seconds(days.saturating_mul(DAY_S.saturating_neg())),
    )
}

/// Every day from the first to the last; what was answered for other days is left out.
fn laid_out(from: Day, to: Day, answered: Vec<DailyUsage>, asked_at: Time) -> Usage {
    let dated = answered.into_iter().map(|day| (day.date.clone(), day));
    let mut answered: BTreeMap<String, DailyUsage> = dated.collect();
    let first = (from <= to).then_some(from);
    let days = std::iter::successors(first, |day| day.next().filter(|next| *next <= to));
    let days: Vec<UsageDay> = days
        .map(|day| UsageDay {
            figures: answered.remove(&day.to_string()),
            day,
        })
        .collect();
    let known = || days.iter().filter_map(|day| day.figures.as_ref());
    let total = known().try_fold(Kwh::ZERO, |sum, day| sum.plus(day.energy));
    Usage {
        total: total.filter(|_| known().next().is_some()),
        days,
        asked_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn answered(date: &str, energy: &str, quality: &str) -> DailyUsage {
        DailyUsage {
            date: date.into(),
            energy: Kwh::parse(energy).unwrap(),
            peak: None,
            flat: None,
            valley: None,
            quality: quality.into(),
        }
    }

    #[test]
    fn ec_04_a_day_that_did_not_come_is_absent_and_never_zero() {
        let days = vec![
            answered("2026-11-02", "0", "actual"),
            answered("2026-10-31", "4.2", "estimated"),
            answered("2026-11-05", "9", "actual"),
        ];
        let (from, to) = (day("2026-10-31"), day("2026-11-03"));
        let usage = laid_out(from, to, days, Time::default());
        let told: Vec<(String, &str)> = usage
            .days
            .iter()
            .map(|one| (one.day.to_string(), one.state()))
            .collect();
        let wanted = [
            ("2026-10-31", "estimated"),
            ("2026-11-01", "absent"),
            ("2026-11-02", "read"),
            ("2026-11-03", "absent"),
        ];
        assert_eq!(told, wanted.map(|(day, state)| (day.to_owned(), state)));
        assert_eq!(usage.total, Kwh::parse("4.2").ok(), "of the span alone");
    }

    #[test]
    fn ec_04_where_no_day_is_there_is_no_sum() {
        let (from, to) = (day("2026-11-01"), day("2026-11-02"));
        let usage = laid_out(from, to, Vec::new(), Time::default());
        assert_eq!((usage.days.len(), usage.total), (2, None));
        let usage = laid_out(to, from, Vec::new(), Time::default());
        assert_eq!((usage.days.len(), usage.total), (0, None));
    }
}
