//! A billing month.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::time::{Day, Time};

/// `YYYY-MM`, 2000-01 to 9998-12; sorts by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period(String);

/// The text is not a billing month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a period is written YYYY-MM")]
pub struct NotAPeriod;

impl Period {
    /// # Errors
    /// [`NotAPeriod`] for any other form or month.
    pub fn parse(text: &str) -> Result<Self, NotAPeriod> {
        let first = Date::strptime("%Y-%m-%d", format!("{text}-01")).map_err(|_| NotAPeriod)?;
        let same = Self::of_date(first);
        if same.0 == text && (2000..=9998).contains(&first.year()) {
            Ok(same)
        } else {
            Err(NotAPeriod)
        }
    }

    /// The month of a moment, in Shanghai.
    #[must_use]
    pub fn of(moment: Time) -> Self {
        let day = moment.shanghai_date();
        Self(day.chars().take(7).collect())
    }

    #[must_use]
    pub fn of_day(day: Day) -> Self {
        Self(day.month())
    }

    /// The month so many months before.
    #[must_use]
    pub fn minus(&self, months: i32) -> Self {
        let shifted = Date::strptime("%Y-%m-%d", format!("{}-01", self.0))
            .ok()
            .and_then(|first| {
                let span = jiff::Span::new().try_months(months).ok()?;
                first.checked_sub(span).ok()
            });
        shifted.map_or_else(|| self.clone(), Self::of_date)
    }

    /// The first and the last day of the month.
    #[must_use]
    pub fn bounds(&self) -> (Day, Day) {
        let first = Date::strptime("%Y-%m-%d", format!("{}-01", self.0)).unwrap_or(Date::ZERO);
        (Day::of_date(first), Day::of_date(first.last_of_month()))
    }

    /// Every day of the month, in order.
    pub fn days(&self) -> impl Iterator<Item = Day> + use<> {
        let (first, last) = self.bounds();
        std::iter::successors(Some(first), move |day| {
            day.next().filter(|next| *next <= last)
        })
    }

    fn of_date(date: Date) -> Self {
        Self(date.strftime("%Y-%m").to_string())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Period {
    type Error = NotAPeriod;
    fn try_from(text: String) -> Result<Self, NotAPeriod> {
        Self::parse(&text)
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        period.0
    }
}

impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_and_counted_back() {
        let period = Period::parse("2026-01").unwrap();
        assert_eq!(period.minus(1).as_str(), "2025-12");
        assert_eq!(period.minus(23).as_str(), "2024-02");
        assert_eq!(period.minus(0), period);
        assert!(Period::parse("2025-12").unwrap() < period);
        // 2026-10-31 16:30 UTC is already November in Shanghai.
        let late = Time::parse_rfc3339("2026-10-31T16:30:00Z").unwrap();
        assert_eq!(Period::of(late).as_str(), "2026-11");
    }

    #[test]
    fn a_month_knows_its_days() {
        let days = |text: &str| Period::parse(text).unwrap().days().collect::<Vec<_>>();
        assert_eq!(days("2026-02").len(), 28);
        assert_eq!(days("2028-02").len(), 29);
        let december = days("2026-12");
        assert_eq!(december.len(), 31);
        assert_eq!(december[0].to_string(), "2026-12-01");
        assert_eq!(december[30].to_string(), "2026-12-31");
    }

    #[test]
    fn other_forms_are_no_months() {
        for bad in [
            "",
            "2026",
            "2026-13",
            "2026-00",
            "2026-1",
            "26-01",
            "2026-01-01",
            "2026-01 ",
            "+2026-01",
            "1999-12",
            "９026-01",
            "2026/01",
        ] {
            assert_eq!(Period::parse(bad), Err(NotAPeriod), "{bad}");
        }
    }
}
