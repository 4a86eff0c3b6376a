//! A circuit breaker per operation of one outside system: who fails or dawdles is left alone for a
//! while, and a few probes decide when it is asked again.
//!
//! Only what the other side did counts (no connection, no answer in time, a 5xx): a refusal is an
//! answer. A call that is not made is [`NoAnswer::NotSent`](lifeline_core::shared::outside::NoAnswer):
//! nothing left us, so nothing can have happened. Time is the product's clock, so a demo's time
//! machine moves it too; how long a call took is real time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lifeline_core::shared::time::{Clock, Time};

use super::heard::{Asked, Heard, Stands};
use super::lately::Lately;

/// When a circuit opens and closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerRules {
    /// Calls older than this are forgotten.
    pub window_s: i64,
    /// Fewer calls than this in the window prove nothing, unless half of it went by in calls that failed:
    /// whoever asks one after the other and is never answered makes no more.
    pub calls_min: u32,
    /// Opens when at least this many of a hundred calls failed …
    pub failed_percent: u32,
    /// … or took longer than `slow`.
    pub slow_percent: u32,
    pub slow: Duration,
    /// How long nobody asks after the first opening; doubled by each failed probe up to `open_max_s`.
    pub open_s: i64,
    /// Shorter than the ten seconds within which everything works again once an outage is over.
    pub open_max_s: i64,
    /// Probes under way at once while half open, and good ones needed to close.
    pub probes: u32,
}

impl Default for BreakerRules {
    fn default() -> Self {
        Self {
            window_s: 30,
            calls_min: 10,
            failed_percent: 50,
            slow_percent: 80,
            slow: Duration::from_secs(3),
            open_s: 5,
            open_max_s: 8,
            probes: 3,
        }
    }
}

/// How a call ended, as far as the circuit cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Well,
    Slowly,
    Badly,
    /// Given up by us before it could end: proves nothing.
    Abandoned,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Closed(Lately),
    Open {
        until: Time,
        for_s: i64,
        why: Why,
    },
    HalfOpen {
        under_way: u32,
        well: u32,
        for_s: i64,
        why: Why,
    },
}

/// Why a circuit opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Too many calls failed.
    Failed,
    /// Too many calls took too long.
    Slow,
    /// A probe went badly.
    Probe,
}

impl Why {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Slow => "slow",
            Self::Probe => "probe",
        }
    }
}

/// An operation that is left alone, or probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftAlone {
    pub system: &'static str,
    pub operation: &'static str,
    pub why: Why,
    /// Absent while it is probed.
    pub until: Option<Time>,
}

/// One operation's circuit: pure, driven by the moments it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Circuit {
    state: State,
    heard: Heard,
    /// Rises with every change, so that a call admitted before it has no say after it.
    era: u64,
}

impl Circuit {
    fn new(now: Time) -> Self {
        Self {
            state: State::Closed(Lately::default()),
            heard: Heard::from(now),
            era: 0,
        }
    }

    fn become_(&mut self, state: State) {
        self.state = state;
        self.era = self.era.wrapping_add(1);
    }

    /// Whether a call may be made now; the era it was admitted in.
    fn admit(&mut self, rules: &BreakerRules, now: Time) -> Option<u64> {
        if let State::Open { until, .. } = self.state
            && now >= until
        {
            self.probe();
        }
        match &mut self.state {
            State::Closed(_) => Some(self.era),
            State::Open { .. } => None,
            State::HalfOpen { under_way, .. } if *under_way < rules.probes => {
                *under_way = under_way.saturating_add(1);
                Some(self.era)
            }
            State::HalfOpen { .. } => None,
        }
    }

    fn note(
        &mut self,
        rules: &BreakerRules,
        now: Time,
        era: u64,
        (ended, taken): (Ended, Duration),
    ) {
        if era != self.era {
            return;
        }
        match &mut self.state {
            State::Open { .. } => {}
            State::Closed(lately) => {
                lately.count(rules, now, (ended, taken));
                if let Some(why) = lately.too_bad(rules, now) {
                    self.open(now, rules.open_s, why);
                }
            }
            State::HalfOpen {
                under_way,
                well,
                for_s,
                ..
            } => {
                *under_way = under_way.saturating_sub(1);
                match ended {
                    Ended::Abandoned => {}
                    Ended::Badly | Ended::Slowly => {
                        let longer = for_s.saturating_mul(2).min(rules.open_max_s);
                        self.open(now, longer, Why::Probe);
                    }
                    Ended::Well => {
                        *well = well.saturating_add(1);
                        if *well >= rules.probes {
                            self.become_(State::Closed(Lately::default()));
                        }
                    }
                }
            }
        }
    }

    fn open(&mut self, now: Time, for_s: i64, why: Why) {
        self.become_(State::Open {
            until: now.plus_seconds(for_s),
            for_s,
            why,
        });
    }

    /// Lets a few calls through that decide; false when it is not open.
    fn probe(&mut self) -> bool {
        let State::Open { for_s, why, .. } = self.state else {
            return false;
        };
        self.become_(State::HalfOpen {
            under_way: 0,
            well: 0,
            for_s,
            why,
        });
        true
    }
}

/// The circuits of one outside system.
#[derive(Clone)]
pub(crate) struct Breaker {
    system: &'static str,
    rules: BreakerRules,
    clock: Arc<dyn Clock>,
    circuits: Arc<Mutex<HashMap<&'static str, Circuit>>>,
}

impl Breaker {
    pub(crate) fn new(system: &'static str, rules: BreakerRules, clock: Arc<dyn Clock>) -> Self {
        Self {
            system,
            rules,
            clock,
            circuits: Arc::default(),
        }
    }

    /// Leave to make one call of `operation`, or none while its circuit is open.
    pub(crate) fn admit(&self, operation: &'static str) -> Option<Leave> {
        let now = self.clock.now();
        let mut circuits = self.lock();
        let circuit = circuits
            .entry(operation)
            .or_insert_with(|| Circuit::new(now));
        let before = circuit.era;
        let admitted = circuit.admit(&self.rules, now);
        self.tell(operation, before, circuit, now);
        let Some(era) = admitted else {
            metrics::counter!("lifeline_breaker_refused_total", "system" => self.system, "operation" => operation)
                .increment(1);
            return None;
        };
        Some(Leave {
            breaker: self.clone(),
            operation,
            era,
            ended: Ended::Abandoned,
            taken: Duration::ZERO,
        })
    }

    /// Whether some operation of the system is left alone now.
    pub(crate) fn is_any_open(&self) -> bool {
        let now = self.clock.now();
        let circuits = self.lock();
        circuits
            .values()
            .any(|circuit| matches!(circuit.state, State::Open { until, .. } if now < until))
    }

    /// Every operation that is left alone or probed now, in order.
    pub(crate) fn left_alone(&self) -> Vec<LeftAlone> {
        let circuits = self.lock();
        let shown = |(operation, circuit): (&&'static str, &Circuit)| {
            let (why, until) = match circuit.state {
                State::Closed(_) => return None,
                State::Open { until, why, .. } => (why, Some(until)),
                State::HalfOpen { why, .. } => (why, None),
            };
            Some(LeftAlone {
                system: self.system,
                operation,
                why,
                until,
            })
        };
        let mut all: Vec<_> = circuits.iter().filter_map(shown).collect();
        all.sort_by_key(|one| one.operation);
        all
    }

    /// Somebody says that an operation may be asked again: the next calls probe it at once. False when
    /// it is not left alone.
    pub(crate) fn ask_again(&self, operation: &str) -> bool {
        let mut circuits = self.lock();
        let found = circuits.iter_mut().find(|(name, _)| **name == operation);
        let Some((name, circuit)) = found else {
            return false;
        };
        let before = circuit.era;
        let probed = circuit.probe();
        self.tell(name, before, circuit, self.clock.now());
        probed
    }

    /// Every operation that was asked since this process began, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        let circuits = self.lock();
        let shown = |(operation, circuit): (&&'static str, &Circuit)| Asked {
            system: self.system,
            operation,
            stands: match circuit.state {
                State::Closed(_) => Stands::Closed,
                State::Open { .. } => Stands::LeftAlone,
                State::HalfOpen { .. } => Stands::Probed,
            },
            since: circuit.heard.since,
            last_well: circuit.heard.last_well,
            last_badly: circuit.heard.last_badly,
        };
        let mut all: Vec<_> = circuits.iter().map(shown).collect();
        all.sort_by_key(|one| one.operation);
        all
    }

    fn note(&self, operation: &'static str, era: u64, ended: Ended, taken: Duration) {
        let now = self.clock.now();
        let mut circuits = self.lock();
        let circuit = circuits
            .entry(operation)
            .or_insert_with(|| Circuit::new(now));
        let before = circuit.era;
        circuit.heard.note(now, ended);
        circuit.note(&self.rules, now, era, (ended, taken));
        self.tell(operation, before, circuit, now);
    }

    fn tell(&self, operation: &'static str, before: u64, circuit: &mut Circuit, now: Time) {
        if circuit.era == before {
            return;
        }
        circuit.heard.since = now;
        let (state, value) = match circuit.state {
            State::Closed(_) => ("closed", 0.0),
            State::HalfOpen { .. } => ("half_open", 0.5),
            State::Open { .. } => ("open", 1.0),
        };
        tracing::warn!(system = self.system, operation, state, "breaker");
        metrics::gauge!("lifeline_breaker_open", "system" => self.system, "operation" => operation)
            .set(value);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<&'static str, Circuit>> {
        self.circuits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leave for one call; says how it ended when it is dropped, so that a cancelled probe gives its
/// place back.
pub(crate) struct Leave {
    breaker: Breaker,
    operation: &'static str,
    era: u64,
    ended: Ended,
    taken: Duration,
}

impl Leave {
    /// The other side answered, well or badly, after `taken`.
    pub(crate) fn end(mut self, well: bool, taken: Duration) {
        self.taken = taken;
        self.ended = match well {
            false => Ended::Badly,
            true if taken > self.breaker.rules.slow => Ended::Slowly,
            true => Ended::Well,
        };
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        self.breaker
            .note(self.operation, self.era, self.ended, self.taken);
    }
}

#[cfg(test)]
#[path = "breaker_tests.rs"]
mod tests;
