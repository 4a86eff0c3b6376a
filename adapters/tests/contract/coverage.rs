//! Reads the ports' source: every method of a storage port must be named by a contract.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};

use crate::Contract;

pub(crate) fn trials(contracts: &[Contract]) -> Vec<Trial> {
    let named: BTreeSet<String> = contracts
        .iter()
        .flat_map(|contract| contract.covers)
        .map(|&method| method.to_owned())
        .collect();
    let mut twice = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for contract in contracts {
        if !seen.insert((contract.room, contract.name)) {
            twice.insert(format!("{}.{}", contract.room, contract.name));
        }
    }
    vec![
        Trial::test("contract.coverage.every_port_method_is_named", move || {
            let methods = storage_port_methods();
            let missing: Vec<_> = methods.difference(&named).cloned().collect();
            let unknown: Vec<_> = named.difference(&methods).cloned().collect();
            if missing.is_empty() && unknown.is_empty() {
                return Ok(());
            }
            Err(Failed::from(format!(
                "no contract names: {missing:?}; contracts name what no port has: {unknown:?}"
            )))
        }),
        Trial::test("contract.coverage.no_contract_is_listed_twice", move || {
            if twice.is_empty() {
                return Ok(());
            }
            Err(Failed::from(format!("listed twice: {twice:?}")))
        }),
    ]
}

fn core_source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src")
}

/// `Trait::method` for every port that the unit of work hands out, as `store.rs` lists them.
fn storage_port_methods() -> BTreeSet<String> {
    let store = std::fs::read_to_string(core_source().join("store.rs")).unwrap();
    let mut methods = BTreeSet::new();
    for line in store.lines() {
        let Some((room, traits)) = line
            .strip_prefix("use crate::")
            .and_then(|rest| rest.split_once("::ports::"))
        else {
            continue;
        };
        let source = ports_of(&core_source().join(room.replace("::", "/")));
        for name in traits
            .split(|c: char| !c.is_alphanumeric())
            .filter(|n| !n.is_empty())
        {
            for name in with_supertraits(&source, name) {
                let found = methods_of(&source, &name);
                methods.extend(found.into_iter().map(|method| format!("{name}::{method}")));
            }
        }
    }
    assert!(methods.len() > 30, "the ports were not found: {methods:?}");
    methods
}

/// What a room's ports are written in: `ports.rs`, and the files below it where they stand in several.
fn ports_of(room: &Path) -> String {
    let mut source = std::fs::read_to_string(room.join("ports.rs")).unwrap();
    for part in std::fs::read_dir(room.join("ports")).into_iter().flatten() {
        source.push('\n');
        source.push_str(&std::fs::read_to_string(part.unwrap().path()).unwrap());
    }
    source
}

/// The trait and those it extends, directly or not, as far as the same file declares them.
fn with_supertraits(source: &str, name: &str) -> Vec<String> {
    let head = format!("pub trait {name}:");
    let extends = source
        .split_once(&head)
        .and_then(|(_, rest)| rest.split_once('{'))
        .map_or("", |(extends, _)| extends);
    let mut names = vec![name.to_owned()];
    for word in extends.split(|c: char| !c.is_alphanumeric()) {
        if source.contains(&format!("pub trait {word}:")) {
            names.extend(with_supertraits(source, word));
        }
    }
    names
}

/// The `fn`s between `pub trait Name` and the brace that ends it in the first column.
fn methods_of(source: &str, name: &str) -> Vec<String> {
    let head = format!("pub trait {name}");
    let is_head = |line: &&str| {
        line.strip_prefix(&head)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    assert!(source.lines().any(|line| is_head(&line)), "no trait {name}");
    source
        .lines()
        .skip_while(|line| !is_head(line))
        .take_while(|line| *line != "}")
        .map(str::trim_start)
        .map(|line| line.strip_prefix("async ").unwrap_or(line))
        .filter_map(|line| line.strip_prefix("fn "))
        .filter_map(|rest| rest.split(['(', '<']).next())
        .map(str::to_owned)
        .collect()
}
