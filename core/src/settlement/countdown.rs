//! The time an owner has: it ends before the account's settlement day, with reminders on the way. After an
//! undo a day at least is left, also when that ends after the settlement day (table K).

use crate::shared::time::{Day, Time};

/// What an operator may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountdownRules {
    /// The usual wait.
    pub wait_s: i64,
    /// Less than this is no chance to check: the settlement day of the month after counts.
    pub wait_min_s: i64,
    /// How long before the settlement day's midnight it ends.
    pub ahead_s: i64,
    /// Percent of the wait after which the owner is reminded.
    pub reminders_percent: [i64; 2],
}

impl Default for CountdownRules {
    fn default() -> Self {
        Self {
            wait_s: 3 * 86_400,
            wait_min_s: 86_400,
            ahead_s: 6 * 3600,
            reminders_percent: [50, 90],
        }
    }
}

const WAIT_MAX_S: i64 = 30 * 86_400;

/// From when to when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Countdown {
    pub began_at: Time,
    pub ends_at: Time,
}

impl CountdownRules {
    /// The countdown of a task sent now for an account settled on `settlement_day` of each month.
    #[must_use]
    pub fn from(self, now: Time, settlement_day: i8) -> Countdown {
        let ends_at = self.end(now, settlement_day);
        Countdown {
            began_at: now,
            ends_at,
        }
    }

    /// After an undo: what was left, but a day at least.
    #[must_use]
    pub fn again(before: Countdown, now: Time) -> Countdown {
        Countdown {
            began_at: now,
            ends_at: before.ends_at.max(now.plus_seconds(86_400)),
        }
    }

    fn end(self, now: Time, settlement_day: i8) -> Time {
        let usual = now.plus_seconds(self.wait_s);
        let earliest = now.plus_seconds(self.wait_min_s);
        let mut from = Day::of(now);
        // This month's settlement day, or the one after when this is too near.
        for _ in 0..3 {
            let Some(day) = from.next_in_month(settlement_day) else {
                return usual;
            };
            let latest = day.start().plus_seconds(self.ahead_s.saturating_neg());
            if latest >= earliest {
                return usual.min(latest);
            }
            let Some(next) = day.next() else { return usual };
            from = next;
        }
        usual
    }

    /// How many reminders of a countdown are due by now.
    #[must_use]
    pub fn reminders_due(self, countdown: Countdown, now: Time) -> i64 {
        let due = self.reminders_percent;
        let due = due
            .iter()
            .filter(|each| now >= countdown.at_percent(**each));
        i64::try_from(due.count()).unwrap_or(0)
    }

    /// When something of a countdown is due next: a reminder, or the end.
    #[must_use]
    pub fn next_at(self, countdown: Countdown, reminded: i64) -> Time {
        let next = usize::try_from(reminded).ok();
        let next = next.and_then(|at| self.reminders_percent.get(at));
        next.map_or(countdown.ends_at, |each| countdown.at_percent(*each))
    }

    /// Every fault of these values, each as `field: what is wrong`.
    #[must_use]
    pub fn faults(self) -> Vec<&'static str> {
        let mut faults = Vec::new();
        if self.wait_min_s < 3600 || self.wait_s < self.wait_min_s || self.wait_s > WAIT_MAX_S {
            faults.push("countdown.wait_s: 1 h <= wait_min_s <= wait_s <= 30 days");
        }
        let [first, last] = self.reminders_percent;
        if first < 1 || last <= first || last > 99 {
            faults.push("countdown.reminders_percent: two of 1 to 99, the smaller one first");
        }
        if !(0..=10 * 86_400).contains(&self.ahead_s) {
            faults.push("countdown.ahead_s: 0 to 10 days");
        }
        faults
    }
}

impl Countdown {
    /// When the reminder after so many percent is due.
    #[must_use]
    pub fn at_percent(self, percent: i64) -> Time {
        let whole = self.ends_at.micros().saturating_sub(self.began_at.micros());
        let part = whole.div_euclid(100).saturating_mul(percent);
        Time::from_micros(self.began_at.micros().saturating_add(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        Time::parse_rfc3339(&format!("{text}+08:00")).unwrap()
    }

    fn ends(now: &str, settlement_day: i8) -> String {
        let rules = CountdownRules::default();
        rules.from(at(now), settlement_day).ends_at.rfc3339()
    }

    #[test]
    fn pv_26_the_wait_begins_when_sent_and_ends_before_the_settlement_day() {
        assert_eq!(ends("2026-11-02T09:00:00", 15), "2026-11-05T09:00:00+08:00");
        assert_eq!(ends("2026-11-13T09:00:00", 15), "2026-11-14T18:00:00+08:00");
        let too_near = ends("2026-11-14T09:00:00", 15);
        assert_eq!(
            too_near, "2026-11-17T09:00:00+08:00",
            "a chance to check comes first"
        );
        assert_eq!(ends("2026-12-30T09:00:00", 1), "2026-12-31T18:00:00+08:00");
    }

    #[test]
    fn reminders_come_at_half_and_nine_tenths() {
        let rules = CountdownRules::default();
        let countdown = Countdown {
            began_at: at("2026-11-02T00:00:00"),
            ends_at: at("2026-11-02T10:00:00"),
        };
        assert_eq!(countdown.at_percent(50), at("2026-11-02T05:00:00"));
        assert_eq!(countdown.at_percent(90), at("2026-11-02T09:00:00"));
        assert_eq!(rules.reminders_due(countdown, at("2026-11-02T04:59:59")), 0);
        assert_eq!(rules.reminders_due(countdown, at("2026-11-02T05:00:00")), 1);
        assert_eq!(rules.reminders_due(countdown, at("2026-11-02T09:00:00")), 2);
        assert_eq!(rules.next_at(countdown, 0), at("2026-11-02T05:00:00"));
        assert_eq!(rules.next_at(countdown, 1), at("2026-11-02T09:00:00"));
        assert_eq!(rules.next_at(countdown, 2), countdown.ends_at);
    }

    #[test]
    fn after_an_undo_there_is_a_day_at_least() {
        let rules = CountdownRules::default();
        let began_at = at("2026-11-02T09:00:00");
        let before = rules.from(began_at, 15);
        let early = CountdownRules::again(before, at("2026-11-02T10:00:00"));
        assert_eq!(early.ends_at, before.ends_at);
        let late = CountdownRules::again(before, at("2026-11-05T08:00:00"));
        assert_eq!(late.ends_at, at("2026-11-06T08:00:00"));
    }
}
