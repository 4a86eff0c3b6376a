//! The thresholds of payments. Defaults are money.md's; configuration may change them.

use crate::shared::money::Fen;

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
    /// The brake of automatic refunds and reversals: so many, and so much, per hour (money.md G7).
    pub brake_count: i64,
    pub brake_sum: Fen,
    /// How many homes one order may pay.
    pub homes_max: usize,
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
            subject_arrears: "电费缴纳".to_owned(),
            subject_top_up: "电费充值".to_owned(),
            return_url: String::new(),
        }
    }
}

impl Policy {
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
            subject_top_up: String::new(),
            ..Policy::default()
        };
        assert_eq!(wrong.faults().len(), 5);
    }
}
