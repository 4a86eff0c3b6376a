//! Settlement of generated power from collection to payout: its stories, and every cell of tables K
//! and T, on every engine. Names are `settlement.<story>.<engine>` and `K.OPEN.confirm.<engine>`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a broken story panics; this binary has no #[test] functions that clippy would know"
)]

mod aside;
mod beside;
mod braked;
mod checking;
mod collecting;
mod doubted;
mod drills;
mod ended;
mod gone;
mod histories;
mod holders;
mod home;
mod k;
mod keys;
mod model;
mod node;
mod numbers;
mod oracle;
mod pace;
mod payee;
mod paying;
mod payouts;
#[path = "../place/mod.rs"]
mod place;
mod reached;
mod refused;
mod restored;
#[expect(dead_code, reason = "these stories need no second process")]
#[path = "../payments/store.rs"]
mod store;
mod t;
mod tables;
mod trouble;
mod turns;
mod unfinished;
mod watching;
mod weighed;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use libtest_mimic::{Arguments, Failed, Trial};
use lifeline_core::settlement::{table_k, table_t};

use crate::store::{EngineKind, Place, on_fresh_store};

/// One story.
pub(crate) struct Told {
    name: &'static str,
    run: fn(Place) -> store::Trial,
}

macro_rules! stories {
    ($($name:ident;)*) => {
        pub(crate) fn stories() -> Vec<$crate::Told> {
            vec![$($crate::Told {
                name: stringify!($name),
                run: |place| Box::pin($name(place)),
            }),*]
        }
    };
}
pub(crate) use stories;

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

struct Table {
    letter: &'static str,
    text: &'static str,
    states: BTreeSet<&'static str>,
    inputs: BTreeSet<&'static str>,
    run: fn(Place, Expected) -> store::Trial,
}

fn tables() -> [Table; 2] {
    [
        Table {
            letter: "K",
            text: include_str!("k.table"),
            states: table_k::State::ALL.iter().map(|s| s.as_str()).collect(),
            inputs: table_k::Input::ALL.iter().map(|i| i.as_str()).collect(),
            run: |place, expected| Box::pin(k::cell(place, expected)),
        },
        Table {
            letter: "T",
            text: include_str!("t.table"),
            states: table_t::State::ALL.iter().map(|s| s.as_str()).collect(),
            inputs: table_t::Input::ALL.iter().map(|i| i.as_str()).collect(),
            run: |place, expected| Box::pin(t::cell(place, expected)),
        },
    ]
}

fn words(text: &str) -> Vec<String> {
    let words = text.split_whitespace().filter(|word| *word != "-");
    words.map(str::to_owned).collect()
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

/// Every state meets every input, and the file names nothing else.
fn completeness(table: &Table) -> Result<(), Failed> {
    let lines = parse(table.text);
    let told: BTreeSet<(&str, &str)> = lines
        .iter()
        .map(|l| (l.state.as_str(), l.input.as_str()))
        .collect();
    let cells: BTreeSet<(&str, &str)> = table
        .states
        .iter()
        .flat_map(|state| table.inputs.iter().map(move |input| (*state, *input)))
        .collect();
    if told == cells {
        return Ok(());
    }
    let missing: Vec<_> = cells.symmetric_difference(&told).collect();
    Err(Failed::from(format!("table {}: {missing:?}", table.letter)))
}

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    let engines = store::engines().unwrap_or_else(|why| {
        trials.push(Trial::test("settlement.postgres.required", move || {
            Err(Failed::from(why))
        }));
        Vec::new()
    });
    let all = [
        aside::stories(),
        beside::stories(),
        braked::stories(),
        checking::stories(),
        collecting::stories(),
        doubted::stories(),
        drills::stories(),
        ended::stories(),
        gone::stories(),
        holders::stories(),
        keys::stories(),
        numbers::stories(),
        pace::stories(),
        payee::stories(),
        paying::stories(),
        reached::stories(),
        refused::stories(),
        restored::stories(),
        tables::stories(),
        trouble::stories(),
        turns::stories(),
        watching::stories(),
        weighed::stories(),
    ];
    for told in all.into_iter().flatten() {
        for kind in &engines {
            trials.push(story(&told, kind.clone()));
        }
    }
    for table in tables() {
        let mut cells: BTreeMap<String, Vec<Expected>> = BTreeMap::new();
        for line in parse(table.text) {
            let name = format!("{}.{}.{}", table.letter, line.state, line.input);
            cells.entry(name).or_default().push(line);
        }
        for (name, lines) in cells {
            for kind in &engines {
                trials.push(cell(&name, &lines, kind.clone(), table.run));
            }
        }
        let name = format!("settlement.table_{}.complete", table.letter.to_lowercase());
        trials.push(Trial::test(name, move || completeness(&table)));
    }
    let oracle = "settlement.another_program_comes_to_the_same_fen";
    trials.push(Trial::test(oracle, || {
        oracle::another_program_comes_to_the_same_fen();
        Ok(())
    }));
    let histories: [(&str, fn()); 2] = [
        (
            "settlement.each_month_is_paid_what_it_was_last_settled_at_in_any_history",
            histories::each_month_is_paid_what_it_was_last_settled_at_in_any_history,
        ),
        (
            "settlement.what_is_planted_before_the_bank_is_found",
            histories::what_is_planted_before_the_bank_is_found,
        ),
    ];
    for (name, run) in histories {
        trials.push(Trial::test(name, move || {
            run();
            Ok(())
        }));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn story(told: &Told, kind: EngineKind) -> Trial {
    let run = told.run;
    let name = format!("settlement.{}.{}", told.name, kind.name());
    Trial::test(name, move || {
        on_fresh_store(&kind, run);
        Ok(())
    })
}

fn cell(
    name: &str,
    lines: &[Expected],
    kind: EngineKind,
    run: fn(Place, Expected) -> store::Trial,
) -> Trial {
    let lines = lines.to_vec();
    Trial::test(format!("{name}.{}", kind.name()), move || {
        for line in &lines {
            let line = line.clone();
            on_fresh_store(&kind, move |place| run(place, line));
        }
        Ok(())
    })
}
