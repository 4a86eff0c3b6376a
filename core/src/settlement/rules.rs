//! The thresholds of settlement. Defaults are the sources'; `[settlement]` of the configuration may change those of
//! watching, collecting, the countdown, the queue and the brake, and nothing else.

use super::countdown::CountdownRules;
use super::trade_queue::{VERSION_MAX, Weights};
use super::watch::WatchRules;
use crate::shared::money::Fen;

/// What settlement is held to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettlementRules {
    pub watch: WatchRules,
    /// How many months that are over are read for corrections, the last one among them.
    pub collect_months: i32,
    pub countdown: CountdownRules,
    pub weights: Weights,
    /// Raised with each change of the weights: the highest among the nodes counts for all.
    pub weights_version: i64,
    /// Two characters before every external number: environment and restore epoch (money.md G3).
    pub number_prefix: String,
    /// A payee that changed is paid after this (money.md 2.17).
    pub payee_wait_s: i64,
    /// The reviewer's time before staff look.
    pub review_wait_s: i64,
    /// Refused so often in a row, a payout is told to its owner and to staff.
    pub refusals_told: i64,
    /// The brake of payouts: so many, and so much, per hour (money.md G7), as `[settlement.brake]` says.
    pub brake_count: i64,
    pub brake_sum: Fen,
}

impl Default for SettlementRules {
    fn default() -> Self {
        Self {
            watch: WatchRules::default(),
            collect_months: 3,
            countdown: CountdownRules::default(),
            weights: Weights::default(),
            weights_version: 1,
            number_prefix: "t0".to_owned(),
            payee_wait_s: 72 * 3600,
            review_wait_s: 7 * 86_400,
            refusals_told: 3,
            brake_count: 20_000,
            brake_sum: Fen::new(2_000_000_000),
        }
    }
}

impl SettlementRules {
    /// Every fault of these values, each as `field: what is wrong`.
    #[must_use]
    pub fn faults(&self) -> Vec<&'static str> {
        let mut faults = self.watch.faults();
        faults.extend(self.countdown.faults());
        faults.extend(self.weights.faults());
        if !(1..=24).contains(&self.collect_months) {
            faults.push("collect.months: 1 to 24");
        }
        if !(1..=VERSION_MAX).contains(&self.weights_version) {
            faults.push("queue.version: 1 to 1000000");
        }
        let prefix = self.number_prefix.as_bytes();
        if prefix.len() != 2 || !prefix.iter().all(u8::is_ascii_alphanumeric) {
            faults.push("number_prefix: exactly two of [0-9A-Za-z]");
        }
        if self.payee_wait_s < 0 || self.review_wait_s < 3600 {
            faults.push("waits: payee_wait_s >= 0, review_wait_s >= 1 h");
        }
        if !(1..=100).contains(&self.refusals_told) {
            faults.push("refusals_told: 1 to 100");
        }
        if self.brake_count < 1 || !self.brake_sum.is_positive() {
            faults.push("brake: count and sum must be positive");
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_faults_are_listed() {
        assert!(SettlementRules::default().faults().is_empty());
        let wrong = SettlementRules {
            number_prefix: "t-".to_owned(),
            review_wait_s: 0,
            refusals_told: 0,
            brake_count: 0,
            ..SettlementRules::default()
        };
        assert_eq!(wrong.faults().len(), 4);
        let told = |refusals_told| SettlementRules {
            refusals_told,
            ..SettlementRules::default()
        };
        assert_eq!([1, 100, 101].map(|n| told(n).faults().len()), [0, 0, 1]);
    }
}
