//! Every mutant can be read, still applies, names tests that exist, and has its place in the list of
//! what the mutants stand for; every interleaving of the money rules has a row there.

use std::collections::{BTreeMap, BTreeSet};

use crate::recipe::{self, Recipe};
use crate::{assert_no_faults, register, source, tree};

const FOLDER: &str = "tests/mutants";
/// money.md, section 2.
const INTERLEAVINGS: usize = 19;
/// Those that concern what is built: each has a mutant.
const BUILT: [usize; 14] = [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 16, 17];

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
        count(&whole.replace("| 2.9 | `m9` | |", "| 2.9 | | not built |")),
        1
    );
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
