//! What a run of many histories says.

use std::collections::BTreeMap;
use std::io::Write as _;

use super::Options;
use super::cells::Cell;
use super::life::Life;

/// Failing histories whose traces are printed.
const TRACES_MAX: usize = 3;

#[derive(Debug, Default)]
pub(super) struct Report {
    histories: u64,
    crashed: u64,
    rivals: u64,
    crossed_cutoff: u64,
    two_machines: u64,
    paused: u64,
    faults: u64,
    events: u64,
    paid: u64,
    refunds: u64,
    held: u64,
    digest: u64,
    cells: BTreeMap<Cell, u64>,
    failures: Vec<Life>,
    failed: u64,
    broken: Vec<String>,
    /// What happened, where it was asked for.
    traced: Vec<Vec<String>>,
}

fn push_lines(text: &mut String, lines: &[String]) {
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
}

impl Report {
    pub(super) fn break_down(&mut self, why: &str) {
        self.broken.push(why.to_owned());
    }

    pub(super) fn wants_more(&self) -> bool {
        self.failures.len() < TRACES_MAX
    }

    pub(super) const fn failed(&self) -> u64 {
        if self.broken.is_empty() {
            self.failed
        } else {
            self.failed.saturating_add(1)
        }
    }

    pub(super) fn note(&mut self, life: Life, keep_text: bool) {
        let one = |yes: bool| u64::from(yes);
        self.histories = self.histories.saturating_add(1);
        self.crashed = self.crashed.saturating_add(one(life.crashed));
        self.rivals = self.rivals.saturating_add(one(life.rivals));
        self.crossed_cutoff = self.crossed_cutoff.saturating_add(one(life.crossed_cutoff));
        self.two_machines = self.two_machines.saturating_add(one(life.two_machines));
        self.paused = self.paused.saturating_add(one(life.paused));
        self.faults = self.faults.saturating_add(life.faults);
        self.events = self.events.saturating_add(life.events);
        self.paid = self.paid.saturating_add(life.paid);
        self.refunds = self.refunds.saturating_add(life.refunds);
        self.held = self.held.saturating_add(life.held);
        // The sum does not depend on the order in which threads finish.
        self.digest = self.digest.wrapping_add(life.digest);
        for (cell, times) in &life.heard.cells {
            let sum = self.cells.entry(cell.clone()).or_insert(0);
            *sum = sum.saturating_add(*times);
        }
        if keep_text {
            self.traced.push(life.lines.clone());
        }
        if !life.failures.is_empty() {
            self.failed = self.failed.saturating_add(1);
            self.failures.push(life);
        }
    }

    pub(super) fn add(&mut self, part: Self) {
        self.histories = self.histories.saturating_add(part.histories);
        self.crashed = self.crashed.saturating_add(part.crashed);
        self.rivals = self.rivals.saturating_add(part.rivals);
        self.crossed_cutoff = self.crossed_cutoff.saturating_add(part.crossed_cutoff);
        self.two_machines = self.two_machines.saturating_add(part.two_machines);
        self.paused = self.paused.saturating_add(part.paused);
        self.faults = self.faults.saturating_add(part.faults);
        self.events = self.events.saturating_add(part.events);
        self.paid = self.paid.saturating_add(part.paid);
        self.refunds = self.refunds.saturating_add(part.refunds);
        self.held = self.held.saturating_add(part.held);
        self.digest = self.digest.wrapping_add(part.digest);
        for (cell, times) in part.cells {
            let sum = self.cells.entry(cell).or_insert(0);
            *sum = sum.saturating_add(times);
        }
        self.failed = self.failed.saturating_add(part.failed);
        self.failures.extend(part.failures);
        self.broken.extend(part.broken);
        self.traced.extend(part.traced);
    }

    pub(super) fn print(&mut self, options: &Options) {
        let mut text = String::new();
        for life in &self.traced {
            push_lines(&mut text, life);
        }
        self.failures.sort_by_key(|life| life.seed);
        for (at, life) in self.failures.iter().enumerate() {
            if at < TRACES_MAX && !options.trace {
                push_lines(&mut text, &life.lines);
            }
            text.push_str(&format!(
                "FAILED seed {} (replay: lifeline sim --histories 1 --trace --seed {})\n",
                life.seed, life.seed
            ));
            for failure in &life.failures {
                text.push_str(&format!("  {failure}\n"));
            }
        }
        for why in &self.broken {
            text.push_str(&format!("BROKEN: {why}\n"));
        }
        for ((machine, state, input, next), times) in &self.cells {
            text.push_str(&format!("{machine} {state} {input} -> {next}: {times}\n"));
        }
        text.push_str(&format!(
            "crashed {} | two payers of one home {} | crossed the cut-off {} | two machines {} | paused {}\n",
            self.crashed, self.rivals, self.crossed_cutoff, self.two_machines, self.paused
        ));
        text.push_str(&format!(
            "events {} | faults {} | trades paid {} | refunds {} | lines held {} | digest {:016x}\n",
            self.events, self.faults, self.paid, self.refunds, self.held, self.digest
        ));
        text.push_str(&format!(
            "histories: {} failed: {}\n",
            self.histories,
            self.failed()
        ));
        // Nobody reads a closed pipe.
        let _ = std::io::stdout().write_all(text.as_bytes());
    }
}
