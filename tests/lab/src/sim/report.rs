//! What a run of many histories says.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use super::Options;
use super::cells::Cell;
use super::law::{self, HITS_MIN};
use super::life::Life;

/// Failing histories whose traces are printed.
const TRACES_MAX: usize = 3;
/// A run of at least this many histories must meet the law's mixture and cells.
const FULL_RUN: u64 = 20_000;

/// What is counted over histories.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    histories: u64,
    crashed: u64,
    rivals: u64,
    crossed_cutoff: u64,
    two_machines: u64,
    paused: u64,
    odd: u64,
    faults: u64,
    events: u64,
    paid: u64,
    refunds: u64,
    /// Lines, and lines that were ever held, of the histories in which nothing odd was planned.
    plain_lines: u64,
    plain_held: u64,
    odd_held: u64,
    /// The same of those in which rows were told what the law only records, and nothing else was odd.
    hearsay_lines: u64,
    hearsay_held: u64,
    failed: u64,
    /// Does not depend on the order in which threads finish.
    digest: u64,
}

impl Counts {
    fn of(life: &Life) -> Self {
        let one = |yes: bool| u64::from(yes);
        let plain = |count: u64| if life.odd { 0 } else { count };
        let hearsay = |count: u64| if life.hearsay { count } else { 0 };
        Self {
            histories: 1,
            crashed: one(life.crashed),
            rivals: one(life.rivals),
            crossed_cutoff: one(life.crossed_cutoff),
            two_machines: one(life.two_machines),
            paused: one(life.paused),
            odd: one(life.odd),
            faults: life.faults,
            events: life.events,
            paid: life.paid,
            refunds: life.refunds,
            plain_lines: plain(life.posting_lines),
            plain_held: plain(life.held),
            odd_held: life.held.saturating_sub(plain(life.held)),
            hearsay_lines: hearsay(life.posting_lines),
            hearsay_held: hearsay(life.held),
            failed: one(!life.failures.is_empty()),
            digest: life.digest,
        }
    }

    const fn with(self, other: &Self) -> Self {
        Self {
            histories: self.histories.saturating_add(other.histories),
            crashed: self.crashed.saturating_add(other.crashed),
            rivals: self.rivals.saturating_add(other.rivals),
            crossed_cutoff: self.crossed_cutoff.saturating_add(other.crossed_cutoff),
            two_machines: self.two_machines.saturating_add(other.two_machines),
            paused: self.paused.saturating_add(other.paused),
            odd: self.odd.saturating_add(other.odd),
            faults: self.faults.saturating_add(other.faults),
            events: self.events.saturating_add(other.events),
            paid: self.paid.saturating_add(other.paid),
            refunds: self.refunds.saturating_add(other.refunds),
            plain_lines: self.plain_lines.saturating_add(other.plain_lines),
            plain_held: self.plain_held.saturating_add(other.plain_held),
            odd_held: self.odd_held.saturating_add(other.odd_held),
            hearsay_lines: self.hearsay_lines.saturating_add(other.hearsay_lines),
            hearsay_held: self.hearsay_held.saturating_add(other.hearsay_held),
            failed: self.failed.saturating_add(other.failed),
            digest: self.digest.wrapping_add(other.digest),
        }
    }

    const fn in_mille(&self, part: u64) -> u64 {
        match part.saturating_mul(1000).checked_div(self.histories) {
            Some(share) => share,
            None => 0,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Report {
    counts: Counts,
    cells: BTreeMap<Cell, u64>,
    failures: Vec<Life>,
    /// What kept the run itself from being what the law asks.
    broken: Vec<String>,
    /// Cells that were not met often enough.
    short: Vec<String>,
    /// What happened, where it was asked for.
    traced: Vec<Vec<String>>,
}

impl Report {
    pub(super) fn break_down(&mut self, why: &str) {
        self.broken.push(why.to_owned());
    }

    pub(super) fn wants_more(&self) -> bool {
        self.failures.len() < TRACES_MAX
    }

    pub(super) fn failed(&self) -> u64 {
        let broken = u64::from(!self.broken.is_empty() || !self.short.is_empty());
        self.counts.failed.saturating_add(broken)
    }

    pub(super) fn note(&mut self, life: Life, keep_text: bool) {
        self.counts = self.counts.with(&Counts::of(&life));
        for (cell, times) in &life.heard.cells {
            let sum = self.cells.entry(cell.clone()).or_insert(0);
            *sum = sum.saturating_add(*times);
        }
        if keep_text {
            self.traced.push(life.lines.clone());
        }
        if !life.failures.is_empty() {
            self.failures.push(life);
        }
    }

    pub(super) fn add(&mut self, part: Self) {
        self.counts = self.counts.with(&part.counts);
        for (cell, times) in part.cells {
            let sum = self.cells.entry(cell).or_insert(0);
            *sum = sum.saturating_add(times);
        }
        self.failures.extend(part.failures);
        self.broken.extend(part.broken);
        self.traced.extend(part.traced);
    }

    /// What a full run must be like besides free of failures.
    fn judge_run(&mut self) {
        let counts = self.counts;
        if counts.histories < FULL_RUN {
            return;
        }
        let least = [
            ("crash", counts.crashed, 300),
            ("have two payers of one home", counts.rivals, 200),
            ("cross the cut-off", counts.crossed_cutoff, 200),
        ];
        for (what, part, least) in least {
            let share = counts.in_mille(part);
            if share < least {
                self.broken.push(format!(
                    "only {share} of 1000 histories {what}, not {least}"
                ));
            }
        }
        if counts.plain_held.saturating_mul(1000) > counts.plain_lines {
            self.broken.push(format!(
                "{} of {} lines were held though nothing odd was planned",
                counts.plain_held, counts.plain_lines
            ));
        }
        for row in law::rows(&self.cells) {
            let (table, state, input, next) = &row.cell;
            let name = format!("{table}.{state}.{input} -> {next}");
            if row.times < HITS_MIN {
                let times = row.times;
                self.short
                    .push(format!("{name} was met {times} times, not {HITS_MIN}"));
            }
        }
    }

    pub(super) fn print(&mut self, options: &Options) {
        if options.planted.is_none() {
            self.judge_run();
        }
        let mut text = String::new();
        for lines in &self.traced {
            push_lines(&mut text, lines);
        }
        self.failures.sort_by_key(|life| life.seed);
        for (at, life) in self.failures.iter().enumerate() {
            if at < TRACES_MAX && !options.trace {
                push_lines(&mut text, &life.lines);
            }
            say(
                &mut text,
                format_args!(
                    "FAILED seed {0} (again: lifeline sim --histories 1 --trace --seed {0}{1})",
                    life.seed,
                    without(&life.without)
                ),
            );
            for failure in &life.failures {
                say(&mut text, format_args!("  {failure}"));
            }
        }
        if !options.trace {
            self.say_cells(&mut text);
        }
        for why in &self.short {
            say(&mut text, format_args!("SHORT: {why}"));
        }
        for why in &self.broken {
            say(&mut text, format_args!("BROKEN: {why}"));
        }
        self.say_counts(&mut text);
        // Nobody reads a closed pipe.
        let _ = std::io::stdout().write_all(text.as_bytes());
    }

    fn say_cells(&self, text: &mut String) {
        let rows = law::rows(&self.cells);
        for row in &rows {
            let (table, state, input, next) = &row.cell;
            let times = row.times;
            say(
                text,
                format_args!("{table} {state} {input} -> {next}: {times}"),
            );
        }
        let known: Vec<&Cell> = rows.iter().map(|row| &row.cell).collect();
        for (cell, times) in self.cells.iter().filter(|(cell, _)| !known.contains(cell)) {
            let (table, state, input, next) = cell;
            say(
                text,
                format_args!("{table} {state} {input} -> {next}: {times} (contradiction)"),
            );
        }
        let met = rows.iter().filter(|row| row.times >= HITS_MIN).count();
        say(
            text,
            format_args!(
                "cells: {} | met {HITS_MIN} times or more: {met}",
                rows.len()
            ),
        );
    }

    fn say_counts(&self, text: &mut String) {
        let counts = self.counts;
        let percent = |part: u64| {
            format!(
                "{}.{}%",
                counts.in_mille(part).div_euclid(10),
                counts.in_mille(part).rem_euclid(10)
            )
        };
        say(
            text,
            format_args!(
                "crashed {} | two payers of one home {} | crossed the cut-off {} | two machines {} | stood still {} | two persons needed by plan {}",
                percent(counts.crashed),
                percent(counts.rivals),
                percent(counts.crossed_cutoff),
                percent(counts.two_machines),
                percent(counts.paused),
                percent(counts.odd),
            ),
        );
        say(
            text,
            format_args!(
                "events {} | faults on the wire {} | trades paid {} | refunds {} | lines held {} of {} (where planned: {}; of these by hearsay alone {} of {}) | digest {:016x}",
                counts.events,
                counts.faults,
                counts.paid,
                counts.refunds,
                counts.plain_held,
                counts.plain_lines,
                counts.odd_held,
                counts.hearsay_held,
                counts.hearsay_lines,
                counts.digest
            ),
        );
        say(
            text,
            format_args!("histories: {} failed: {}", counts.histories, self.failed()),
        );
    }
}

/// What the history also fails without, as the command takes it.
fn without(parts: &[usize]) -> String {
    let parts: Vec<String> = parts.iter().map(usize::to_string).collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!(" --without {}", parts.join(","))
    }
}

fn push_lines(text: &mut String, lines: &[String]) {
    for line in lines {
        say(text, format_args!("{line}"));
    }
}

fn say(text: &mut String, what: std::fmt::Arguments<'_>) {
    // A String takes every write.
    let _ = text.write_fmt(what);
    text.push('\n');
}
