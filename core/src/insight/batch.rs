//! What many samples add up to, ready to be written.

use std::collections::BTreeMap;

use super::function::{BIND, Function, MATCH, PAY};
use super::latency::bucket;
use super::people::{Period, day_number};
use super::sample::{Channel, NOWHERE, Outcome, Sample};
use crate::accounts::Terminal;

/// Which count a sample belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// Days since 1970 in Shanghai.
    pub day: i64,
    pub hour: i64,
    pub function: i64,
    pub channel: Channel,
    pub region: String,
    pub outcome: Outcome,
}

/// A group of people that is counted: `all`, a group of functions, a channel, a step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Crowd {
    pub period: Period,
    /// As [`Period::of`] writes it.
    pub begins: String,
    pub cell: String,
}

/// What is written in one unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    pub counts: BTreeMap<Cell, i64>,
    /// `(day, function, bucket)`.
    pub latencies: BTreeMap<(i64, i64, i64), i64>,
    /// By day, kind of terminal and outcome.
    pub terminals: BTreeMap<(i64, Terminal, Outcome), i64>,
    /// Samples that found no room in memory: told, never hidden.
    pub lost: i64,
}

impl Batch {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.lost == 0
    }

    pub fn add(&mut self, sample: &Sample, region: &str) {
        let day = day_number(sample.at);
        let cell = Cell {
            day,
            hour: sample.at.shanghai_second_of_day().div_euclid(3600),
            function: sample.function,
            channel: sample.channel,
            region: if region.is_empty() { NOWHERE } else { region }.to_owned(),
            outcome: sample.outcome,
        };
        let n = self.counts.entry(cell).or_insert(0);
        *n = n.saturating_add(1);
        let key = (day, sample.function, bucket(sample.micros));
        let n = self.latencies.entry(key).or_insert(0);
        *n = n.saturating_add(1);
        let key = (day, sample.terminal, sample.outcome);
        let n = self.terminals.entry(key).or_insert(0);
        *n = n.saturating_add(1);
    }

    /// How many requests are in it.
    #[must_use]
    pub fn requests(&self) -> i64 {
        self.counts.values().sum()
    }
}

/// The cells in which the person of a sample is counted.
#[must_use]
pub fn crowds(sample: &Sample) -> Vec<String> {
    let function = Function::numbered(sample.function);
    let mut cells = vec![
        "all".to_owned(),
        format!("group:{}", function.group.as_str()),
        format!("channel:{}", sample.channel.as_str()),
    ];
    if sample.outcome == Outcome::Done && [MATCH, BIND, PAY].contains(&function.name) {
        cells.push(format!("step:{}", function.name));
    }
    cells
}
