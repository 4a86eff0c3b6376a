//! Every mutant can be read, still applies, names tests that exist, and has its place in the list of
//! what the mutants stand for; every interleaving of the money rules has a row there.

use std::collections::{BTreeMap, BTreeSet};

use crate::recipe::{self, Recipe};
use crate::{assert_no_faults, register, source, tree};

const FOLDER: &str = "tests/mutants";
/// money.md, section 2.
const INTERLEAVINGS: usize = 19;
/// Those that concern what is built: each has a mutant.
const BUILT: [usize; 15] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 17];
/// What other systems do wrong with money (peers.md, sections 2 and 5), as a row of the page calls it: each has a mutant.
const PEERS: [&str; 33] = [
    "acg-faka: the text is escaped before it is verified",
    "dax-pay: a success after the end is noted, and the money kept",
    "dax-pay: an exception while asking fails the order",
    "dax-pay: callback and sync take different locks",
    "dax-pay: the guards of closing exclude each other",
    "dax-pay: the lock is busy, and success is answered",
    "dax-pay: the lock is released before the commit",
    "dax-pay: the row count of an optimistic update is ignored",
    "dax-pay: the sum of a notice is not compared with the order",
    "dujiao-next: money received, the order stays expired",
    "hyperswitch: a query that comes too early finds nothing",
    "hyperswitch: the query needs an id that a timeout never returned",
    "jeepay, dax-pay: TRADE_CLOSED of a paid order is ignored",
    "jeepay, dax-pay: TRADE_FINISHED is ignored or a failure",
    "jeepay: a failed delivery is acknowledged",
    "jeepay: a late success leaves the order closed",
    "jeepay: a refund in progress is ended by the clock",
    "jeepay: a sum that differs is logged and acknowledged",
    "jeepay: a verified notice of another app is accepted",
    "jeepay: expired orders are closed without asking the channel",
    "jeepay: pages by offset over a set that shrinks",
    "jeepay: saved first, told afterwards",
    "kill bill: the janitor works without the lock of the retry",
    "lago: the retry counter is part of the key",
    "litemall: a paid order is marked paid by a later notice",
    "medusa, mollie: redirect and webhook both work one payment",
    "mollie, hyperswitch, lago: what happened once is told twice",
    "openlinker: a worker killed between reading and acknowledging loses the message",
    "payment: TRADE_FINISHED after a refund is a success",
    "ruoyi: a refund is stuck or doubled when the channel call fails",
    "ruoyi: two channels pay one bill",
    "svix: the body is not part of the key",
    "svix: the lock of a first call lives five seconds",
];
/// Those that no patch can bring back, because nothing here is like it: the page says what is instead.
const NO_PLACE: [&str; 4] = [
    "lago: bills are made twice when the queue lags",
    "roncoo: every row of one file is compared with every row of the other",
    "sam: what was banked is credited twice, or for ever",
    "vexa: the queue of what must be sent dies with Redis",
];

fn mutants() -> Vec<Recipe> {
    let files = source::files().expect("the repository's files");
    let patches = files.iter().filter_map(|path| {
        let name = path.strip_prefix(FOLDER)?.strip_prefix('/')?;
        Some((path, name.strip_suffix(".patch")?))
    });
    patches
        .map(|(path, name)| {
            let text = source::read(path).expect("a readable patch");
            recipe::parse(name, &text).expect("a mutant that can be read")
        })
        .collect()
}

/// What a mutant may stand for -> the mutants named beside it, and what is open.
type Rows = BTreeMap<String, (BTreeSet<String>, String)>;

/// The table of the page: `| for | mutants | open |`.
fn rows(page: &str) -> Rows {
    let table = page
        .split_once("<!-- mutants -->")
        .and_then(|(_, rest)| rest.split_once("<!-- /mutants -->"))
        .map_or("", |(table, _)| table);
    let cells = |line: &str| -> Vec<String> {
        let inner = line.trim().trim_matches('|');
        inner
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    let listed = |cell: &str| {
        let names = cell
            .split(',')
            .map(|name| name.trim().trim_matches('`').to_owned());
        names.filter(|name| !name.is_empty()).collect()
    };
    table
        .lines()
        .filter(|line| line.starts_with('|') && !line.starts_with("|--"))
        .skip(1)
        .filter_map(|line| match cells(line).as_slice() {
            [what, names, open] => Some((what.clone(), (listed(names), open.clone()))),
            _ => None,
        })
        .collect()
}

fn faults(rows: &Rows, mutants: &[(String, Vec<String>)]) -> Vec<String> {
    let mut faults = Vec::new();
    for n in 1..=INTERLEAVINGS {
        let row = rows.get(&format!("2.{n}"));
        let (names, open) = row.map_or((0, ""), |(names, open)| (names.len(), open.as_str()));
        if names == 0 && (BUILT.contains(&n) || open.is_empty()) {
            faults.push(format!(
                "2.{n} has neither a mutant nor a word on what is open"
            ));
        }
    }
    for (name, stands_for) in mutants {
        for what in stands_for {
            if !rows
                .get(what)
                .is_some_and(|(names, _)| names.contains(name))
            {
                faults.push(format!("{name} is not listed beside '{what}'"));
            }
        }
    }
    for (what, (names, _)) in rows {
        for name in names {
            let known = mutants
                .iter()
                .any(|(mutant, stands_for)| mutant == name && stands_for.contains(what));
            if !known {
                faults.push(format!("'{what}' lists {name}, which is no mutant for it"));
            }
        }
    }
    faults
}

/// Defects of the peers that the page has forgotten: without a mutant, or without a word why there is none.
fn forgotten(rows: &Rows, with_mutant: &[&str], without: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    for what in with_mutant {
        if rows.get(*what).is_none_or(|(names, _)| names.is_empty()) {
            faults.push(format!("'{what}' has no mutant"));
        }
    }
    for what in without {
        let row = rows.get(*what);
        if !row.is_some_and(|(names, open)| names.is_empty() && !open.is_empty()) {
            faults.push(format!(
                "'{what}' has a mutant, or no word on why it has none"
            ));
        }
    }
    faults
}

fn page() -> String {
    source::read(&format!("{FOLDER}/README.md")).expect("the page of the mutants")
}

#[test]
fn planted_faults_are_found() {
    let whole: String = (1..=INTERLEAVINGS)
        .map(|n| format!("| 2.{n} | `m{n}` | |\n"))
        .collect();
    let page = |rows: &str| {
        format!(
            "<!-- mutants -->\n| for | mutants | open |\n|---|---|---|\n{rows}<!-- /mutants -->"
        )
    };
    let mutants: Vec<_> = (1..=INTERLEAVINGS)
        .map(|n| (format!("m{n}"), vec![format!("2.{n}")]))
        .collect();
    let count = |table: &str| faults(&rows(&page(table)), &mutants).len();
    assert_eq!(count(&whole), 0);
    assert_eq!(count(&whole.replace("| 2.3 | `m3` | |\n", "")), 2);
    assert_eq!(count(&whole.replace("`m3`", "")), 2);
    assert_eq!(count(&whole.replace("`m3`", "`m3`, `m4`")), 1);
    assert_eq!(
        count(&whole.replace("| 2.14 | `m14` | |", "| 2.14 | | not built |")),
        1
    );
    assert_eq!(
        count(&whole.replace("| 2.9 | `m9` | |", "| 2.9 | | not built |")),
        2
    );
    let told = rows(&page(
        "| a: b | `m` | |\n| c: d | | no such thing here |\n| e: f | | |\n",
    ));
    assert!(forgotten(&told, &["a: b"], &["c: d"]).is_empty());
    assert_eq!(forgotten(&told, &["c: d", "g: h"], &[]).len(), 2);
    assert_eq!(forgotten(&told, &[], &["a: b", "e: f", "g: h"]).len(), 3);
    assert!(recipe::parse("x", "What: w\n\n").is_err());
    assert!(
        recipe::parse(
            "x",
            "For: 2.1\nWhat: w\nRed: core/src/a.rs::b\n\n+++ b/core/src/a.rs\n"
        )
        .is_ok()
    );
    let mixed =
        "For: 2.1\nWhat: w\nRed: core/src/a.rs::b\nAlso: src/c.rs::d\n\n+++ b/core/src/a.rs\n";
    assert!(recipe::parse("x", mixed).is_err());
}

#[test]
fn every_mutant_has_its_place_and_every_interleaving_its_row() {
    let mutants: Vec<_> = mutants()
        .into_iter()
        .map(|one| (one.name, one.stands_for))
        .collect();
    assert!(mutants.len() > 40, "hardly any mutant was found");
    assert_no_faults("mutants", &faults(&rows(&page()), &mutants));
}

#[test]
fn every_money_defect_of_the_peers_has_its_mutant() {
    assert_no_faults(
        "the peers' defects",
        &forgotten(&rows(&page()), &PEERS, &NO_PLACE),
    );
}

#[test]
fn mutants_name_tests_that_exist() {
    let mut faults = Vec::new();
    for one in mutants() {
        for test in one.red.iter().chain(&one.also) {
            if !register::declares(&test.path, &test.name) {
                faults.push(format!("{}: there is no test {test}", one.name));
            }
        }
    }
    assert_no_faults("tests of mutants", &faults);
}

/// What moved under a patch must be followed: edit the patch, or write it anew, and run
/// `deploy/dev/mutants.sh NAME`.
#[test]
fn mutants_still_apply() {
    let root = source::root();
    let misfits: Vec<String> = mutants()
        .iter()
        .map(|one| root.join(FOLDER).join(format!("{}.patch", one.name)))
        .filter_map(|patch| tree::apply(&root, &patch, &["--check"]).err())
        .collect();
    assert_no_faults("mutants that do not apply", &misfits);
}
