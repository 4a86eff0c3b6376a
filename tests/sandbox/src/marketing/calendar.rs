//! The utility's calendar: bill periods, Beijing days, and the moment the business date turns.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Time};
use jiff::{Timestamp, ToSpan as _};
use serde::{Serialize, Serializer};

use crate::clock::to_beijing;

/// Postings from this wall-clock time on belong to the next business date.
const CUTOFF: Time = jiff::civil::time(22, 30, 0, 0);

/// [`CUTOFF`] as the contract writes it.
pub(super) const CUTOFF_TEXT: &str = "22:30";

/// Bills of a month are due on this day of the month after it.
const DUE_DAY_OFFSET_DAYS: i32 = 24;

/// The business date marketing gives to something it books at `at`.
pub(super) fn business_date(at: Timestamp) -> Date {
    let wall = to_beijing(at);
    let today = wall.date();
    if wall.time() < CUTOFF {
        today
    } else {
        today.saturating_add(1.day())
    }
}

/// `at` with Beijing's offset and every digit it has.
pub(super) fn exact(at: Timestamp) -> String {
    at.display_with_offset(jiff::tz::offset(8)).to_string()
}

/// The Beijing day of `at`.
pub(super) fn day(at: Timestamp) -> Date {
    to_beijing(at).date()
}

/// A bill period (电费年月): one calendar month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Period(Date);

impl Period {
    /// The period `date` lies in.
    pub(super) fn of(date: Date) -> Self {
        Self(date.first_of_month())
    }

    /// Its first day.
    pub(super) fn first_day(self) -> Date {
        self.0
    }

    /// The month after.
    pub(super) fn next(self) -> Self {
        Self(self.0.saturating_add(1.month()))
    }

    /// `months` earlier.
    pub(super) fn back(self, months: i32) -> Self {
        Self(self.0.saturating_sub(months.months()))
    }

    pub(super) fn year(self) -> i16 {
        self.0.year()
    }

    pub(super) fn month(self) -> i8 {
        self.0.month()
    }

    /// The day its bill is issued: meters are read at the end of the month.
    pub(super) fn issued_on(self) -> Date {
        self.next().first_day()
    }

    /// The last day on which its bill can be paid without a late fee.
    pub(super) fn due_date(self) -> Date {
        self.issued_on().saturating_add(DUE_DAY_OFFSET_DAYS.days())
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

impl FromStr for Period {
    type Err = ();

    /// Reads exactly `YYYY-MM`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (year, month) = text.split_once('-').ok_or(())?;
        let digits =
            |part: &str, len| part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(());
        }
        let year = year.parse().map_err(|_| ())?;
        let month = month.parse().map_err(|_| ())?;
        Date::new(year, month, 1).map(Self).map_err(|_| ())
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_business_date_turns_at_half_past_ten() {
        assert_eq!(
            business_date(at("2026-11-20T22:29:59+08:00")),
            date(2026, 11, 20)
        );
        assert_eq!(
            business_date(at("2026-11-20T22:30:00+08:00")),
            date(2026, 11, 21)
        );
        assert_eq!(
            business_date(at("2026-12-31T23:59:59+08:00")),
            date(2027, 1, 1)
        );
        assert_eq!(
            business_date(at("2026-11-21T00:00:00+08:00")),
            date(2026, 11, 21)
        );
    }

    #[test]
    fn a_bill_is_issued_on_the_first_and_due_on_the_25th() {
        let december: Period = "2026-12".parse().unwrap();
        assert_eq!(december.issued_on(), date(2027, 1, 1));
        assert_eq!(december.due_date(), date(2027, 1, 25));
        assert_eq!(december.back(12).to_string(), "2025-12");
        assert_eq!(december.next().to_string(), "2027-01");
    }

    #[test]
    fn only_a_plain_year_and_month_is_a_period() {
        for wrong in [
            "2026-13", "2026-00", "2026-1", "26-01", "2026-011", "2026/01", "+026-01", "",
        ] {
            assert!(wrong.parse::<Period>().is_err(), "{wrong}");
        }
    }
}
