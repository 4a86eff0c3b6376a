//! Every cell of tables P, L and R, on every engine: an order is put in the cell's state, the cell's
//! input is applied by the real unit of work, and the store is read afterwards.
//!
//! What must come of it stands in `p.table`, `l.table` and `r.table`, written from the money rules
//! and never from the code. A cell of the code without a line there, or the other way round, fails.
//! Names are `P.PAYING.paid_equal.sqlite`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a broken cell panics; this binary has no #[test] functions that clippy would know"
)]

mod check;
mod l;
mod p;
#[path = "../place/mod.rs"]
mod place;
mod r;
mod second;

#[path = "../payments/books.rs"]
mod books;
#[path = "../payments/marketing.rs"]
mod marketing;
#[expect(dead_code, reason = "the cells never program the outside")]
#[path = "../payments/outside.rs"]
mod outside;
#[expect(
    dead_code,
    reason = "the cells write no raw SQL and need no second process"
)]
#[path = "../payments/store.rs"]
mod store;

use std::collections::{BTreeMap, BTreeSet};

use libtest_mimic::{Arguments, Failed, Trial};
use lifeline_core::payments::{table_l, table_p, table_r};

use crate::store::{EngineKind, on_fresh_store};

/// One line of a table file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) state: String,
    pub(crate) input: String,
    pub(crate) conditions: Vec<String>,
    pub(crate) next: String,
    pub(crate) effects: Vec<String>,
}

impl Expected {
    pub(crate) fn when(&self, condition: &str) -> bool {
        self.conditions.iter().any(|one| one == condition)
    }

    pub(crate) fn demands(&self, effect: &str) -> bool {
        self.effects.iter().any(|one| one == effect)
    }
}

/// One of the three tables.
struct Table {
    letter: &'static str,
    text: &'static str,
    states: BTreeSet<&'static str>,
    inputs: BTreeSet<&'static str>,
    /// Each way to run a cell, by what it adds to the cell's name.
    runs: &'static [(&'static str, Run)],
}

type Run = fn(&EngineKind, &Expected);

fn p_cell(kind: &EngineKind, expected: &Expected) {
    let expected = expected.clone();
    on_fresh_store(kind, move |place| Box::pin(p::cell(place, expected)));
}

fn l_cell(kind: &EngineKind, expected: &Expected) {
    let expected = expected.clone();
    on_fresh_store(kind, move |place| Box::pin(l::cell(place, expected)));
}

fn l_cell_beside(kind: &EngineKind, expected: &Expected) {
    let expected = expected.clone();
    on_fresh_store(kind, move |place| Box::pin(l::cell_beside(place, expected)));
}

fn r_cell(kind: &EngineKind, expected: &Expected) {
    let expected = expected.clone();
    on_fresh_store(kind, move |place| Box::pin(r::cell(place, expected)));
}

fn tables() -> [Table; 3] {
    [
        Table {
            letter: "P",
            text: include_str!("p.table"),
            states: table_p::State::ALL.iter().map(|s| s.as_str()).collect(),
            inputs: table_p::Input::ALL.iter().map(|i| i.as_str()).collect(),
            runs: &[("", p_cell)],
        },
        Table {
            letter: "L",
            text: include_str!("l.table"),
            states: table_l::State::ALL.iter().map(|s| s.as_str()).collect(),
            inputs: table_l::Input::ALL.iter().map(|i| i.as_str()).collect(),
            runs: &[("", l_cell), (".beside", l_cell_beside)],
        },
        Table {
            letter: "R",
            text: include_str!("r.table"),
            states: table_r::State::ALL.iter().map(|s| s.as_str()).collect(),
            inputs: table_r::Input::ALL.iter().map(|i| i.as_str()).collect(),
            runs: &[("", r_cell)],
        },
    ]
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace()
        .filter(|word| *word != "-")
        .map(str::to_owned)
        .collect()
}

fn parse(text: &str) -> Vec<Expected> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let parts: Vec<&str> = line.split('|').map(str::trim).collect();
            let [state, input, conditions, next, effects] = parts[..] else {
                panic!("not a line of a table: {line}");
            };
            Expected {
                state: state.to_owned(),
                input: input.to_owned(),
                conditions: words(conditions),
                next: next.to_owned(),
                effects: words(effects),
            }
        })
        .collect()
}

/// Every state meets every input exactly as often as the file says, and the file says nothing else.
fn completeness(table: &Table) -> Result<(), Failed> {
    let lines = parse(table.text);
    let told: BTreeSet<(&str, &str)> = lines
        .iter()
        .map(|line| (line.state.as_str(), line.input.as_str()))
        .collect();
    let cells: BTreeSet<(&str, &str)> = table
        .states
        .iter()
        .flat_map(|state| table.inputs.iter().map(move |input| (*state, *input)))
        .collect();
    let missing: Vec<_> = cells.difference(&told).collect();
    let unknown: Vec<_> = told.difference(&cells).collect();
    let lost: Vec<_> = lines
        .iter()
        .filter(|line| !table.states.contains(line.next.as_str()))
        .collect();
    if missing.is_empty() && unknown.is_empty() && lost.is_empty() {
        return Ok(());
    }
    Err(Failed::from(format!(
        "table {}: cells without a line {missing:?}, lines without a cell {unknown:?}, \
         unknown next states {lost:?}",
        table.letter
    )))
}

/// `FENCING(repost)` and `FENCING(refund)` are one row of the law.
fn row_name(state: &str) -> &str {
    state.split('(').next().unwrap_or(state)
}

fn trials(table: &Table, engines: &[EngineKind]) -> Vec<Trial> {
    let mut cells: BTreeMap<String, Vec<Expected>> = BTreeMap::new();
    for line in parse(table.text) {
        let name = format!("{}.{}.{}", table.letter, row_name(&line.state), line.input);
        cells.entry(name).or_default().push(line);
    }
    let mut trials = Vec::new();
    for (name, lines) in cells {
        for (kind, (way, run)) in engines
            .iter()
            .flat_map(|kind| table.runs.iter().map(move |run| (kind, *run)))
        {
            let (kind, lines) = (kind.clone(), lines.clone());
            let name = format!("{name}{way}.{}", kind.name());
            trials.push(Trial::test(name, move || {
                for line in &lines {
                    run(&kind, line);
                }
                Ok(())
            }));
        }
    }
    trials
}

fn main() {
    let arguments = Arguments::from_args();
    let mut all = Vec::new();
    let engines = store::engines().unwrap_or_else(|why| {
        all.push(Trial::test("cells.postgres.required", move || {
            Err(Failed::from(why))
        }));
        Vec::new()
    });
    for table in tables() {
        all.extend(trials(&table, &engines));
        all.push(Trial::test(
            format!("cells.table_{}.complete", table.letter.to_lowercase()),
            move || completeness(&table),
        ));
    }
    libtest_mimic::run(&arguments, all).exit();
}
