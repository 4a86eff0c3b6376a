//! When an outside system that fails is left alone for a while.

use std::time::Duration;

use lifeline_adapters::wire::BreakerRules;
use serde::Deserialize;

use super::Faults;

/// `[breaker]`: the same for every operation of every outside system.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Breaker {
    pub(crate) window_s: i64,
    pub(crate) calls_min: u32,
    pub(crate) failed_percent: u32,
    pub(crate) slow_percent: u32,
    pub(crate) slow_ms: u64,
    pub(crate) open_s: i64,
    pub(crate) open_max_s: i64,
    pub(crate) probes: u32,
}

impl Default for Breaker {
    fn default() -> Self {
        let rules = BreakerRules::default();
        Self {
            window_s: rules.window_s,
            calls_min: rules.calls_min,
            failed_percent: rules.failed_percent,
            slow_percent: rules.slow_percent,
            slow_ms: u64::try_from(rules.slow.as_millis()).unwrap_or(u64::MAX),
            open_s: rules.open_s,
            open_max_s: rules.open_max_s,
            probes: rules.probes,
        }
    }
}

impl Breaker {
    pub(super) fn check(&self, faults: &mut Faults) {
        let mut within = |holds: bool, key: &str, what: &str| {
            faults.expect(holds, &format!("breaker.{key}"), what);
        };
        let percent = 1..=100;
        within(
            (6..=600).contains(&self.window_s),
            "window_s",
            "must be 6 to 600",
        );
        within(
            (1..=10_000).contains(&self.calls_min),
            "calls_min",
            "must be 1 to 10000",
        );
        within(
            percent.contains(&self.failed_percent),
            "failed_percent",
            "must be 1 to 100",
        );
        within(
            percent.contains(&self.slow_percent),
            "slow_percent",
            "must be 1 to 100",
        );
        within(
            (50..=20_000).contains(&self.slow_ms),
            "slow_ms",
            "must be 50 to 20000",
        );
        within(
            (1..=300).contains(&self.open_s),
            "open_s",
            "must be 1 to 300",
        );
        let longest = (self.open_s..=300).contains(&self.open_max_s);
        within(longest, "open_max_s", "must be open_s to 300");
        within(
            (1..=100).contains(&self.probes),
            "probes",
            "must be 1 to 100",
        );
    }

    pub(crate) fn rules(&self) -> BreakerRules {
        BreakerRules {
            window_s: self.window_s,
            calls_min: self.calls_min,
            failed_percent: self.failed_percent,
            slow_percent: self.slow_percent,
            slow: Duration::from_millis(self.slow_ms),
            open_s: self.open_s,
            open_max_s: self.open_max_s,
            probes: self.probes,
        }
    }
}
