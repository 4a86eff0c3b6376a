//! `[settlement]`: when a table counts as updated, how long an owner has, in which order payouts leave.

use lifeline_core::settlement::SettlementRules;
use lifeline_core::settlement::countdown::CountdownRules;
use lifeline_core::settlement::trade_queue::Weights;
use lifeline_core::settlement::watch::WatchRules;
use lifeline_core::shared::money::Fen;
use serde::Deserialize;

use super::Faults;

/// `[settlement]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settlement {
    collect: Collect,
    watch: Watch,
    countdown: Countdown,
    queue: Queue,
    brake: Brake,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Collect {
    months: i32,
}

impl Default for Collect {
    fn default() -> Self {
        Self {
            months: SettlementRules::default().collect_months,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Watch {
    threshold_s: i64,
    every_s: i64,
    side_by_side: usize,
}

impl Default for Watch {
    fn default() -> Self {
        let WatchRules {
            threshold_s,
            every_s,
            side_by_side,
        } = WatchRules::default();
        Self {
            threshold_s,
            every_s,
            side_by_side,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Countdown {
    wait_s: i64,
    wait_min_s: i64,
    ahead_s: i64,
    reminders_percent: [i64; 2],
}

impl Default for Countdown {
    fn default() -> Self {
        let usual = CountdownRules::default();
        Self {
            wait_s: usual.wait_s,
            wait_min_s: usual.wait_min_s,
            ahead_s: usual.ahead_s,
            reminders_percent: usual.reminders_percent,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Queue {
    version: i64,
    w_wait_per_s: i64,
    w_amount_per_fen: i64,
}

impl Default for Queue {
    fn default() -> Self {
        let usual = Weights::default();
        Self {
            version: SettlementRules::default().weights_version,
            w_wait_per_s: usual.wait_per_s,
            w_amount_per_fen: usual.amount_per_fen,
        }
    }
}

/// `[settlement.brake]`: the payouts of an hour; more wait for two persons.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Brake {
    count: i64,
    sum_fen: i64,
}

impl Default for Brake {
    fn default() -> Self {
        let usual = SettlementRules::default();
        Self {
            count: usual.brake_count,
            sum_fen: usual.brake_sum.get(),
        }
    }
}

impl Settlement {
    pub(super) fn check(&self, faults: &mut Faults) {
        for fault in self.rules("L0").faults() {
            let (path, what) = fault.split_once(": ").unwrap_or(("", fault));
            faults.expect(false, &format!("settlement.{path}"), what);
        }
    }

    /// The rules of this installation, whose external numbers begin with this prefix.
    pub(crate) fn rules(&self, number_prefix: &str) -> SettlementRules {
        SettlementRules {
            collect_months: self.collect.months,
            watch: WatchRules {
                threshold_s: self.watch.threshold_s,
                every_s: self.watch.every_s,
                side_by_side: self.watch.side_by_side,
            },
            countdown: CountdownRules {
                wait_s: self.countdown.wait_s,
                wait_min_s: self.countdown.wait_min_s,
                ahead_s: self.countdown.ahead_s,
                reminders_percent: self.countdown.reminders_percent,
            },
            weights: Weights::of(self.queue.w_wait_per_s, self.queue.w_amount_per_fen),
            weights_version: self.queue.version,
            number_prefix: number_prefix.to_owned(),
            brake_count: self.brake.count,
            brake_sum: Fen::new(self.brake.sum_fen),
            ..SettlementRules::default()
        }
    }
}
