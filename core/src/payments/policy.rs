//! The thresholds of payments. Defaults are money.md's; configuration may change them.

use crate::shared::money::Fen;
use crate::shared::time::Time;

/// More homes than this are several orders, whatever an operator wishes.
const HOMES_MAX: usize = 20;

/// What an operator may set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Two characters before every external number: environment and restore epoch (money.md G3).
    pub number_prefix: String,
    /// The bounds of a top-up, both included.
    pub top_up_min: Fen,
    pub top_up_max: Fen,
    /// The brake of automatic refunds and reversals: so many, and so much, per hour (money.md G7), as
    /// `[payments.brake]` of the configuration says.
    pub brake_count: i64,
    pub brake_sum: Fen,
    /// How many homes one order may pay.
    pub homes_max: usize,
    /// What one account orders in 24 hours above this needs a step-up, and above the second when the
    /// device or a home is new.
    pub sure_day: Fen,
    pub sure_new: Fen,
    /// What marketing takes in a minute; see [`Policy::pace`].
    pub posts_per_minute: i64,
    /// Days the channel's bill of a day may come later than the day after it.
    pub bill_late_days: i64,
    /// Whether marketing can fence a number (`fence` of its capabilities). Without it nothing but marketing's
    /// own word proves that a number never takes effect, and two persons are told (money.md 2.1).
    pub marketing_fences: bool,
    /// What the payer reads in the cashier.
    pub subject_arrears: String,
    pub subject_top_up: String,
    /// Where a browser's cashier sends the payer back to; the payment's id is appended.
    pub return_url: String,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            number_prefix: "t0".to_owned(),
            top_up_min: Fen::new(100),
            top_up_max: Fen::new(500_000),
            brake_count: 60,
            brake_sum: Fen::new(2_000_000),
            homes_max: 9,
            sure_day: Fen::new(500_000),
            sure_new: Fen::new(100_000),
            posts_per_minute: 500,
            bill_late_days: 3,
            marketing_fences: true,
            subject_arrears: "电费缴纳".to_owned(),
            subject_top_up: "电费充值".to_owned(),
            return_url: String::new(),
        }
    }
}

/// Fewer leave nothing to share out.
const POSTS_PER_MINUTE_MIN: i64 = 5;
/// A bill that is later than a month will not come.
const BILL_LATE_DAYS_MAX: i64 = 31;
/// Money that came in longer ago than this has no payer waiting at a screen.
const WAITED_FOR_S: i64 = 120;

impl Policy {
    /// How many postings may have left in this minute, over all nodes, for one more to leave: a fifth
    /// is kept for those whose payer is waiting (money.md 2.15, "interactive first").
    #[must_use]
    pub fn pace(&self, paid_at: Time, now: Time) -> i64 {
        if now.seconds_since(paid_at) <= WAITED_FOR_S {
            return self.posts_per_minute;
        }
        let kept_free = self.posts_per_minute.checked_div(5).unwrap_or(0);
        self.posts_per_minute.saturating_sub(kept_free)
    }

    /// Every fault of these values, each as `field: what is wrong`.
    #[must_use]
    pub fn faults(&self) -> Vec<&'static str> {
        let mut faults = Vec::new();
        let prefix = self.number_prefix.as_bytes();
        if prefix.len() != 2 || !prefix.iter().all(u8::is_ascii_alphanumeric) {
            faults.push("number_prefix: exactly two of [0-9A-Za-z]");
        }
        if !self.top_up_min.is_positive() || self.top_up_max < self.top_up_min {
            faults.push("top_up: 0 < min <= max");
        }
        if self.brake_count < 1 || !self.brake_sum.is_positive() {
            faults.push("brake: count and sum must be positive");
        }
        // A worker posts the lines of an order one after another under one lease.
        if !(1..=HOMES_MAX).contains(&self.homes_max) {
            faults.push("homes_max: 1 to 20");
        }
        if self.sure_new < Fen::ZERO || self.sure_day < self.sure_new {
            faults.push("sure: 0 <= new <= day");
        }
        if self.posts_per_minute < POSTS_PER_MINUTE_MIN {
            faults.push("posts_per_minute: at least 5");
        }
        if !(0..=BILL_LATE_DAYS_MAX).contains(&self.bill_late_days) {
            faults.push("bill_late_days: 0 to 31");
        }
        if self.subject_arrears.is_empty() || self.subject_top_up.is_empty() {
            faults.push("subject: must not be empty");
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_faults_are_listed() {
        assert!(Policy::default().faults().is_empty());
        let wrong = Policy {
            number_prefix: "t-".to_owned(),
            top_up_min: Fen::ZERO,
            brake_count: 0,
            homes_max: 21,
            posts_per_minute: 4,
            bill_late_days: -1,
            sure_new: Fen::new(500_001),
            subject_top_up: String::new(),
            ..Policy::default()
        };
        assert_eq!(wrong.faults().len(), 8);
    }

    #[test]
    fn a_bill_may_be_late_by_none_to_thirty_one_days() {
        let faults = |bill_late_days| {
            let policy = Policy {
                bill_late_days,
                ..Policy::default()
            };
            policy.faults().len()
        };
        assert_eq!([-1, 0, 31, 32].map(faults), [1, 0, 0, 1]);
    }

    #[test]
    fn a_fifth_of_a_minute_is_kept_for_those_who_wait() {
        let policy = Policy::default();
        let paid_at = Time::from_micros(0);
        assert_eq!(policy.pace(paid_at, paid_at.plus_seconds(120)), 500);
        assert_eq!(policy.pace(paid_at, paid_at.plus_seconds(121)), 400);
    }
}
