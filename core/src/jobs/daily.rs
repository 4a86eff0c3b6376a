//! The time of day at which tasks that run once a day have their turn (LN-56).

use crate::shared::time::{Day, Time};

/// Seconds between the turns of a task that runs once a day.
pub const DAY_S: i64 = 86_400;

/// A time of the day in Shanghai, to the minute, written `HH:MM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeOfDay {
    after_midnight_s: i64,
}

/// The text is no time of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time of day is written HH:MM, 00:00 to 23:59")]
pub struct NotATimeOfDay;

impl Default for TimeOfDay {
    /// Three at night.
    fn default() -> Self {
        Self {
            after_midnight_s: 3 * 60 * 60,
        }
    }
}

impl TimeOfDay {
    /// # Errors
    /// [`NotATimeOfDay`] for any other form.
    pub fn parse(text: &str) -> Result<Self, NotATimeOfDay> {
        let (hours, minutes) = text.split_once(':').ok_or(NotATimeOfDay)?;
        let (hours, minutes) = (part(hours, 24)?, part(minutes, 60)?);
        let minutes = hours.saturating_mul(60).saturating_add(minutes);
        Ok(Self {
            after_midnight_s: minutes.saturating_mul(60),
        })
    }

    /// The first moment after another at which it is this time of the day.
    #[must_use]
    pub fn next_after(self, now: Time) -> Time {
        let today = Day::of(now).start().plus_seconds(self.after_midnight_s);
        if today > now {
            today
        } else {
            today.plus_seconds(DAY_S)
        }
    }
}

/// Two digits below a bound.
fn part(text: &str, bound: i64) -> Result<i64, NotATimeOfDay> {
    let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    let value = text
        .parse::<i64>()
        .ok()
        .filter(|value| plain && *value < bound);
    value.ok_or(NotATimeOfDay)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        Time::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn ln_56_a_time_of_day_comes_once_a_day_in_shanghai() {
        let three = TimeOfDay::default();
        assert_eq!(TimeOfDay::parse("03:00"), Ok(three));
        for (now, next) in [
            ("2026-11-20T02:59:59+08:00", "2026-11-20T03:00:00+08:00"),
            ("2026-11-20T03:00:00+08:00", "2026-11-21T03:00:00+08:00"),
            ("2026-11-19T18:59:59Z", "2026-11-20T03:00:00+08:00"),
            ("2026-12-31T23:00:00+08:00", "2027-01-01T03:00:00+08:00"),
        ] {
            assert_eq!(three.next_after(at(now)), at(next), "{now}");
        }
        let midnight = TimeOfDay::parse("00:00").unwrap();
        assert_eq!(
            midnight.next_after(at("2026-11-20T00:00:00+08:00")),
            at("2026-11-21T00:00:00+08:00")
        );
    }

    #[test]
    fn ln_56_what_is_no_time_of_day_is_refused() {
        for good in ["00:00", "23:59", "09:30"] {
            assert!(TimeOfDay::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "", "24:00", "23:60", "3:00", "03:0", "03", "03:00:00", "-1:00", "+3:00", "three",
        ] {
            assert_eq!(TimeOfDay::parse(bad), Err(NotATimeOfDay), "{bad}");
        }
    }
}
