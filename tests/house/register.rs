//! The requirements register: docs/requirements/requirements.toml, its rules, and the page made from it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Deserialize;

use crate::source;

pub(crate) const REGISTER: &str = "docs/requirements/requirements.toml";
pub(crate) const PAGE: &str = "docs/REQUIREMENTS.md";

/// The five sources, in their order: prefix, how many statements, what it is about.
pub(crate) const SOURCES: [(&str, usize, &str); 5] = [
    ("PV", 30, "Settlement of generated power (source 000)"),
    (
        "GE",
        14,
        "Green-power service with evidence on a chain (source 001)",
    ),
    ("LN", 59, "The Alipay life-number system (source 002)"),
    ("EC", 33, "Quantities and charges (source 003)"),
    ("DN", 7, "Dunning and risk control (source 004)"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Open,
    Done,
}

/// One statement of a source.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Requirement {
    pub(crate) title: String,
    pub(crate) state: State,
    /// Tests that show it: `path/of/file.rs::name of the test`. The file may be Rust, JavaScript, TypeScript or a table of cells.
    #[serde(default)]
    pub(crate) tests: Vec<String>,
    /// The page or route where it is met.
    #[serde(default)]
    pub(crate) shown: String,
    /// What an open statement still lacks, when some of it is there.
    #[serde(default)]
    pub(crate) missing: String,
}

pub(crate) type Register = BTreeMap<String, Requirement>;

/// Reads a register.
///
/// # Errors
/// When the text is not TOML or not a register.
pub(crate) fn parse(text: &str) -> Result<Register, String> {
    toml::from_str(text).map_err(|error| error.to_string())
}

/// Every id a register must hold, in order.
pub(crate) fn all_ids() -> Vec<String> {
    SOURCES
        .iter()
        .flat_map(|(prefix, count, _)| (1..=*count).map(move |n| format!("{prefix}-{n:02}")))
        .collect()
}

/// What is wrong with a register. `declares` answers whether a file declares a test of that name.
pub(crate) fn faults(register: &Register, declares: &dyn Fn(&str, &str) -> bool) -> Vec<String> {
    let expected: BTreeSet<String> = all_ids().into_iter().collect();
    let held: BTreeSet<String> = register.keys().cloned().collect();
    let mut faults: Vec<String> = expected
        .symmetric_difference(&held)
        .map(|id| format!("{id} is missing, or is no requirement"))
        .collect();
    for (id, requirement) in register {
        if requirement.title.is_empty() {
            faults.push(format!("{id} has no title"));
        }
        if requirement.state == State::Done
            && (requirement.tests.is_empty() || requirement.shown.is_empty())
        {
            faults.push(format!(
                "{id} is done but names no test, or no page or route"
            ));
        }
        if requirement.state == State::Done && !requirement.missing.is_empty() {
            faults.push(format!("{id} is done and yet lacks something"));
        }
        if id.starts_with(PACKAGED) && requirement.state == State::Done {
            faults.extend(not_packaged(id, requirement));
        }
        for test in &requirement.tests {
            match test.split_once("::") {
                Some((path, name)) if declares(path, name) => {}
                _ => faults.push(format!("{id}: there is no test {test}")),
            }
        }
    }
    faults
}

/// The source whose statements the packaged binary passes, each by a test that bears its name (PV-30).
const PACKAGED: &str = "PV";
/// Where the built binary is run and judged from outside.
const BY_THE_BINARY: &str = "tests/journeys/";

fn by_the_binary(requirement: &Requirement) -> impl Iterator<Item = &str> {
    let tests = requirement.tests.iter().map(String::as_str);
    tests.filter(|test| test.starts_with(BY_THE_BINARY))
}

fn not_packaged(id: &str, requirement: &Requirement) -> Vec<String> {
    let mut faults = Vec::new();
    if by_the_binary(requirement).next().is_none() {
        faults.push(format!(
            "{id} is done, and no test in {BY_THE_BINARY} runs it by the binary"
        ));
    }
    let named = format!("::{}_", id.to_lowercase().replace('-', "_"));
    if !requirement.tests.iter().any(|test| test.contains(&named)) {
        faults.push(format!("{id} is done, and no test bears its name"));
    }
    faults
}

/// Whether the file at `path` declares a test called `name`.
pub(crate) fn declares(path: &str, name: &str) -> bool {
    source::read(path).is_some_and(|text| declared(path, &text, name))
}

/// Whether `text` declares a test called `name`: a Rust function under a test attribute or inside a test macro, a case
/// registered by its quoted name (in Rust: in a file that speaks to `libtest_mimic`), a dotted cell (`P.PAYING.paid_equal`) whose every
/// part is quoted in the file, or a line of a table of cells (`p.table`).
pub(crate) fn declared(path: &str, text: &str, name: &str) -> bool {
    if name.is_empty() {
        return false;
    }
    if path.ends_with(".table") {
        return table_cell(path, text, name);
    }
    let rust = path.ends_with(".rs");
    if rust && is_identifier(name) && rust_test(text, name) {
        return true;
    }
    if rust && !text.contains("libtest_mimic") {
        return false;
    }
    let quoted = |part: &str| {
        ['"', '\'', '`']
            .iter()
            .any(|quote| text.contains(&format!("{quote}{part}{quote}")))
    };
    quoted(name) || (rust && name.contains('.') && name.split('.').all(quoted))
}

/// `P.PAYING.paid_equal` is a line `PAYING | paid_equal | ...` of `p.table`.
fn table_cell(path: &str, text: &str, name: &str) -> bool {
    let mut parts = name.splitn(3, '.');
    let (letter, state, input) = (parts.next(), parts.next(), parts.next());
    let stem = path
        .rsplit('/')
        .next()
        .and_then(|file| file.strip_suffix(".table"));
    letter
        .zip(stem)
        .is_some_and(|(letter, stem)| letter == stem.to_uppercase())
        && text.lines().any(|line| {
            let mut cells = line.split('|').map(str::trim);
            cells.next() == state && cells.next() == input && input.is_some()
        })
}

fn is_identifier(name: &str) -> bool {
    name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// A test attribute above `fn name`, or `name(` as an item of a macro whose name speaks of engines, contracts, stories or cases.
fn rust_test(text: &str, name: &str) -> bool {
    let code = source::code(text);
    let lines: Vec<&str> = code.lines().collect();
    let declaration = format!("fn {name}");
    for (index, line) in lines.iter().enumerate() {
        let declares = line
            .trim_start()
            .split_once(&declaration)
            .is_some_and(|(before, after)| {
                after.starts_with(['(', '<'])
                    && before
                        .split_whitespace()
                        .all(|word| ["async", "pub"].contains(&word))
            });
        if declares && attributes_above(&lines, index).any(is_test_attribute) {
            return true;
        }
    }
    in_test_macro(&code, name)
}

fn attributes_above<'a>(lines: &'a [&'a str], index: usize) -> impl Iterator<Item = &'a str> {
    lines
        .get(..index)
        .unwrap_or(&[])
        .iter()
        .rev()
        .map(|line| line.trim())
        .take_while(|line| {
            line.starts_with("#[")
                || line.is_empty()
                || line.starts_with(')')
                || line.ends_with(',')
        })
}

fn is_test_attribute(line: &str) -> bool {
    line.strip_prefix("#[").is_some_and(|inside| {
        let path = inside.split([']', '(']).next().unwrap_or("");
        path.rsplit("::").next() == Some("test")
    })
}

/// `on_every_engine!(name(store) { … })`, or with several names, one per line.
fn in_test_macro(code: &str, name: &str) -> bool {
    [
        "on_every_engine!",
        "contract!",
        "contracts!",
        "stories!",
        "cases!",
    ]
    .iter()
    .any(|word| {
        code.match_indices(word).any(|(at, _)| {
            let call = code.get(at + word.len()..).unwrap_or("");
            let inside = call
                .trim_start()
                .strip_prefix(['(', '{', '['])
                .unwrap_or("");
            listed(inside, name)
        })
    })
}

/// Whether `name` is an item of a macro's list: a word at its start, or after a comma, brace or line end, before the
/// list closes.
fn listed(inside: &str, name: &str) -> bool {
    let mut depth = 0_i32;
    let mut start = true;
    for (at, c) in inside.char_indices() {
        if depth < 0 {
            return false;
        }
        if depth == 0
            && start
            && inside
                .get(at..)
                .is_some_and(|rest| starts_with_word(rest, name))
        {
            return true;
        }
        match c {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => depth -= 1,
            _ => {}
        }
        start = depth == 0 && (c.is_whitespace() || [',', '}', ';'].contains(&c));
    }
    false
}

fn starts_with_word(rest: &str, name: &str) -> bool {
    rest.strip_prefix(name)
        .is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// The page.
pub(crate) fn render(register: &Register) -> String {
    let done = |prefix: &str| {
        register
            .iter()
            .filter(|(id, requirement)| id.starts_with(prefix) && requirement.state == State::Done)
            .count()
    };
    let mut page = String::from(
        "<!-- Written by `make gen` from docs/requirements/requirements.toml. Do not edit. -->\n\
         # Requirements\n\n\
         Every statement of the five sources, with the test that shows it and the page or route where it is met, or \"open\".\n\
         An open statement that names tests is met in part; what it lacks stands beside it.\n\n\
         | source | done | of |\n|---|---|---|\n",
    );
    // Writing into a String cannot fail.
    for (prefix, count, about) in SOURCES {
        let _ = writeln!(page, "| {prefix} {about} | {} | {count} |", done(prefix));
    }
    let _ = writeln!(page, "| all | {} | {} |", done(""), all_ids().len());
    for (prefix, _, about) in SOURCES {
        let _ = writeln!(
            page,
            "\n## {about}\n\n| id | statement | state | page or route | shown by |\n|---|---|---|---|---|"
        );
        for (id, requirement) in register.iter().filter(|(id, _)| id.starts_with(prefix)) {
            let state = match (requirement.state, requirement.missing.as_str()) {
                (State::Open, "") => "open".to_owned(),
                (State::Open, missing) => format!("open: {missing}"),
                (State::Done, _) => "done".to_owned(),
            };
            let tests: Vec<String> = requirement
                .tests
                .iter()
                .map(|test| format!("`{test}`"))
                .collect();
            let _ = writeln!(
                page,
                "| {id} | {} | {state} | {} | {} |",
                requirement.title,
                requirement.shown,
                tests.join("<br>")
            );
        }
    }
    let _ = writeln!(
        page,
        "\n## What the running program passes (PV-30)\n\nThe `lifeline` that is run here is the build of the tests: a debug build with the demo in it, \
         driven over HTTP and judged by the books of the outside. What ships is built with \
         `--profile dist --no-default-features`; that program has a drill, `dist` of `make test-long`: \
         it is checked, migrated, served and stopped there; when it was last run stands in [RELIABILITY.md](RELIABILITY.md).\n\n| id | run against the binary |\n|---|---|"
    );
    for (id, requirement) in register.iter().filter(|(id, _)| id.starts_with(PACKAGED)) {
        let tests: Vec<String> = by_the_binary(requirement)
            .map(|test| format!("`{test}`"))
            .collect();
        let _ = writeln!(page, "| {id} | {} |", tests.join("<br>"));
    }
    page
}
