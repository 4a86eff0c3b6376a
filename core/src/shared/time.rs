//! Time is UTC microseconds; people and business dates live in Asia/Shanghai (no DST).

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};

/// A moment: microseconds since 1970-01-01T00:00:00Z.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(i64);

/// Where the present comes from. `core` never reads a clock itself.
pub trait Clock: Send + Sync {
    fn now(&self) -> Time;
}

/// The text is not an RFC 3339 date-time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is not an RFC 3339 time")]
pub struct NotATime;

/// Asia/Shanghai has been UTC+8 without daylight saving since 1991.
const SHANGHAI: Offset = Offset::constant(8);
/// How many seconds its clocks are ahead of UTC.
pub const SHANGHAI_AHEAD_S: i64 = 8 * 3_600;

impl Time {
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Whole seconds from `earlier` to `self`; negative when `earlier` is later.
    #[must_use]
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).div_euclid(1_000_000)
    }

    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    fn zoned(self) -> jiff::Zoned {
        jiff::Timestamp::from_microsecond(self.0)
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
            .to_zoned(TimeZone::fixed(SHANGHAI))
    }

    /// `2026-11-20T10:01:02+08:00`
    #[must_use]
    pub fn rfc3339(self) -> String {
        self.zoned().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// `2026-11-20 10:01:02`, the form of Alipay's `timestamp` (GMT+8).
    #[must_use]
    pub fn alipay_text(self) -> String {
        self.zoned().strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The calendar day in Shanghai, `YYYY-MM-DD`.
    #[must_use]
    pub fn shanghai_date(self) -> String {
        self.zoned().strftime("%Y-%m-%d").to_string()
    }

    /// Seconds since midnight in Shanghai.
    #[must_use]
    pub fn shanghai_second_of_day(self) -> i64 {
        self.unix_seconds()
            .saturating_add(8 * 3600)
            .rem_euclid(86_400)
    }

    /// Seconds until a new year begins in Shanghai; at least one.
    #[must_use]
    pub fn seconds_to_shanghai_year(self) -> i64 {
        let today = self.zoned().date();
        let days = i64::from(today.days_in_year())
            .saturating_sub(i64::from(today.day_of_year()))
            .saturating_add(1);
        days.saturating_mul(86_400)
            .saturating_sub(self.shanghai_second_of_day())
    }

    pub fn parse_rfc3339(text: &str) -> Result<Self, NotATime> {
        let stamp: jiff::Timestamp = text.parse().map_err(|_| NotATime)?;
        Ok(Self(stamp.as_microsecond()))
    }

    /// Reads `2026-11-20 10:01:02` as Shanghai time.
    pub fn parse_alipay(text: &str) -> Result<Self, NotATime> {
        let civil =
            jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", text).map_err(|_| NotATime)?;
        let zoned = civil
            .to_zoned(TimeZone::fixed(SHANGHAI))
            .map_err(|_| NotATime)?;
        Ok(Self(zoned.timestamp().as_microsecond()))
    }
}

/// A calendar day in Shanghai, written `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(Date);

/// The text is not a calendar day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a day is written YYYY-MM-DD")]
pub struct NotADay;

impl Day {
    /// # Errors
    /// [`NotADay`] for any other form, and outside the years 2000 to 9998.
    pub fn parse(text: &str) -> Result<Self, NotADay> {
        let day = Date::strptime("%Y-%m-%d", text).map(Self);
        let day = day.map_err(|_| NotADay)?;
        let plain = day.to_string() == text;
        if plain && (2000..=9998).contains(&day.0.year()) {
            Ok(day)
        } else {
            Err(NotADay)
        }
    }

    /// The day of a moment.
    #[must_use]
    pub fn of(moment: Time) -> Self {
        Self(moment.zoned().date())
    }

    /// The moment it is over: midnight to the next day.
    #[must_use]
    pub fn end(self) -> Time {
        let midnight = self
            .0
            .tomorrow()
            .ok()
            .and_then(|next| next.to_zoned(TimeZone::fixed(SHANGHAI)).ok());
        Time(midnight.map_or(i64::MAX, |zoned| zoned.timestamp().as_microsecond()))
    }

    pub(crate) const fn of_date(date: Date) -> Self {
        Self(date)
    }

    /// The moment it begins: midnight in Shanghai.
    #[must_use]
    pub fn start(self) -> Time {
        self.end().plus_seconds(-86_400)
    }

    /// The day after; none after the end of the calendar.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.0.tomorrow().ok().map(Self)
    }

    /// The first day on or after this one that is the `day`-th of its month (1 to 28).
    #[must_use]
    pub fn next_in_month(self, day: i8) -> Option<Self> {
        let this = self.0.with().day(day).build().ok()?;
        if this >= self.0 {
            return Some(Self(this));
        }
        let later = self
            .0
            .first_of_month()
            .checked_add(jiff::Span::new().months(1))
            .ok()?;
        later.with().day(day).build().ok().map(Self)
    }

    /// How many days this one comes after `earlier`; negative when it comes before.
    #[must_use]
    pub fn days_after(self, earlier: Self) -> i64 {
        let span = self.0.duration_since(earlier.0);
        span.as_hours().div_euclid(24)
    }

    /// `YYYY-MM`
    #[must_use]
    pub fn month(self) -> String {
        self.0.strftime("%Y-%m").to_string()
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m-%d"))
    }
}

impl TryFrom<String> for Day {
    type Error = NotADay;
    fn try_from(text: String) -> Result<Self, NotADay> {
        Self::parse(&text)
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shanghai_forms() {
        let t = Time::parse_rfc3339("2026-11-20T16:00:01Z").unwrap();
        assert_eq!(t.rfc3339(), "2026-11-21T00:00:01+08:00");
        assert_eq!(t.alipay_text(), "2026-11-21 00:00:01");
        assert_eq!(t.shanghai_date(), "2026-11-21");
        assert_eq!(t.shanghai_second_of_day(), 1);
        assert_eq!(Time::parse_alipay("2026-11-21 00:00:01"), Ok(t));
    }

    #[test]
    fn a_year_is_over_at_midnight_in_shanghai() {
        let left = |text: &str| {
            let moment = Time::parse_rfc3339(text).unwrap();
            moment.seconds_to_shanghai_year()
        };
        assert_eq!(left("2026-12-31T23:59:59+08:00"), 1);
        assert_eq!(left("2026-12-31T16:00:00Z"), 365 * 86_400);
        assert_eq!(left("2028-01-01T00:00:00+08:00"), 366 * 86_400);
        assert_eq!(left("2026-12-30T00:00:01+08:00"), 2 * 86_400 - 1);
    }

    #[test]
    fn odd_times_are_refused() {
        for bad in ["", "2026-11-20", "2026-11-20 10:01", "20/11/2026 10:00:00"] {
            assert!(
                Time::parse_alipay(bad).is_err() && Time::parse_rfc3339(bad).is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_day_is_over_at_midnight_in_shanghai() {
        let day = Day::parse("2027-02-28").unwrap();
        assert_eq!(day.end().rfc3339(), "2027-03-01T00:00:00+08:00");
        assert_eq!(Day::of(day.end()).to_string(), "2027-03-01");
        assert_eq!(Day::of(day.end().plus_seconds(-1)), day);
        assert_eq!(Day::parse("2028-03-01").unwrap().days_after(day), 367);
        assert_eq!(day.days_after(Day::parse("2028-03-01").unwrap()), -367);
        assert_eq!(day.month(), "2027-02");
    }

    #[test]
    fn the_next_day_of_a_number_may_be_in_the_next_month() {
        let next = |text: &str, day| Day::parse(text).unwrap().next_in_month(day).unwrap();
        assert_eq!(next("2026-11-20", 25).to_string(), "2026-11-25");
        assert_eq!(next("2026-11-25", 25).to_string(), "2026-11-25");
        assert_eq!(next("2026-12-26", 25).to_string(), "2027-01-25");
        let day = Day::parse("2026-11-20").unwrap();
        assert_eq!(day.start().rfc3339(), "2026-11-20T00:00:00+08:00");
        assert_eq!(day.next().unwrap().to_string(), "2026-11-21");
    }

    #[test]
    fn other_forms_are_no_days() {
        for bad in [
            "",
            "2027-02-29",
            "2027-2-28",
            "27-02-28",
            "2027-02-28 ",
            "2027-02",
            "1999-12-31",
            "２027-02-28",
        ] {
            assert_eq!(Day::parse(bad), Err(NotADay), "{bad}");
        }
    }
}
