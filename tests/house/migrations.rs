//! Migrations are twins: the same names for both engines, numbered without gaps, leaving the same tables and columns.
//! Every table they make has its row in docs/ARCHITECTURE.md: which class of data it is and how long it is kept.

use std::collections::{BTreeMap, BTreeSet};

use crate::{assert_no_faults, source};

const FOLDERS: [&str; 2] = [
    "adapters/migrations/sqlite/",
    "adapters/migrations/postgres/",
];
/// The four kinds of data of the requirements (LN-40).
const CLASSES: [&str; 4] = ["process", "intermediate", "configuration", "report"];

type Tables = BTreeMap<String, BTreeSet<String>>;

/// SQL without comments and without the contents of quoted texts.
fn plain(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    for line in sql.lines() {
        let code = line.split("--").next().unwrap_or("");
        out.push_str(code);
        out.push('\n');
    }
    out.to_lowercase()
}

fn word(text: &str) -> String {
    text.trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// Adds what one migration creates, alters and drops.
fn apply(sql: &str, tables: &mut Tables) {
    let sql = plain(sql);
    for (at, create) in sql.match_indices("create table ") {
        let rest = sql.get(at + create.len()..).unwrap_or("").trim_start();
        let rest = rest.strip_prefix("if not exists ").unwrap_or(rest);
        let name = word(rest);
        let body = rest
            .find('(')
            .and_then(|open| rest.get(open + 1..))
            .unwrap_or("");
        tables.insert(name, columns(body));
    }
    for (at, alter) in sql.match_indices("alter table ") {
        let rest = sql.get(at + alter.len()..).unwrap_or("");
        let table = word(rest);
        if let Some(added) = rest
            .split(';')
            .next()
            .and_then(|line| line.split("add column ").nth(1))
        {
            tables.entry(table).or_default().insert(word(added));
        }
    }
    for (at, drop) in sql.match_indices("drop table ") {
        tables.remove(&word(sql.get(at + drop.len()..).unwrap_or("")));
    }
}

/// Column names of a table body: the first word of each item that is not a table constraint.
fn columns(body: &str) -> BTreeSet<String> {
    let mut depth = 0_i32;
    let mut items = vec![String::new()];
    for c in body.chars() {
        match c {
            ')' if depth == 0 => break,
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                items.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(item) = items.last_mut() {
            item.push(c);
        }
    }
    items
        .iter()
        .map(|item| word(item))
        .filter(|name| {
            ![
                "",
                "primary",
                "unique",
                "check",
                "foreign",
                "constraint",
                "exclude",
            ]
            .contains(&name.as_str())
        })
        .collect()
}

/// File names of one engine's migrations, in order.
fn names(folder: &str) -> Vec<String> {
    source::files()
        .expect("the repository's files")
        .into_iter()
        .filter_map(|path| path.strip_prefix(folder).map(str::to_owned))
        .filter(|name| name.ends_with(".sql"))
        .collect()
}

fn tables(folder: &str) -> Tables {
    let mut found = Tables::new();
    for name in names(folder) {
        apply(
            &source::read(&format!("{folder}{name}")).unwrap_or_default(),
            &mut found,
        );
    }
    found
}

/// The faults of a numbering: names are `V<number>__<name>.sql` or `<number>_<name>.sql`, from 1 without gaps.
fn misnumbered(names: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let digits: String = name
            .trim_start_matches(['V', 'U'])
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        if digits.parse::<usize>() != Ok(index + 1) {
            faults.push(format!("{name} stands in place {}", index + 1));
        }
    }
    faults
}

/// The rows of the data table in docs/ARCHITECTURE.md: table -> (class, retention).
fn documented(page: &str) -> BTreeMap<String, (String, String)> {
    let mut rows = BTreeMap::new();
    let section = page
        .split_once("<!-- tables -->")
        .and_then(|(_, rest)| rest.split_once("<!-- /tables -->"))
        .map_or("", |(section, _)| section);
    for line in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let [_, name, class, .., retention, _] = cells.as_slice() {
            let name = name.trim_matches('`').to_owned();
            rows.insert(name, ((*class).to_owned(), (*retention).to_owned()));
        }
    }
    rows
}

#[test]
fn planted_faults_are_found() {
    let mut made = Tables::new();
    apply(
        "CREATE TABLE IF NOT EXISTS a (x TEXT, -- y\n z INTEGER CHECK (z IN (1, 2)),\n PRIMARY KEY (x, z)) STRICT;",
        &mut made,
    );
    assert_eq!(made["a"], BTreeSet::from(["x".to_owned(), "z".to_owned()]));
    apply(
        "ALTER TABLE a ADD COLUMN w BIGINT;\nCREATE TABLE b (x TEXT);\nDROP TABLE b;",
        &mut made,
    );
    assert_eq!(made["a"].len(), 3);
    assert_eq!(made.len(), 1);
    let numbered = |names: &[&str]| {
        misnumbered(
            &names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>(),
        )
        .len()
    };
    assert_eq!(numbered(&["V0001__a.sql", "0002_b.sql"]), 0);
    assert_eq!(numbered(&["V0001__a.sql", "V0003__b.sql"]), 1);
    let page = "| `no` | report | x | y |\n<!-- tables -->\n| `a` | process | what | 5 years |\n<!-- /tables -->\n";
    assert_eq!(
        documented(page)["a"],
        ("process".to_owned(), "5 years".to_owned())
    );
    assert_eq!(documented(page).len(), 1);
}

#[test]
fn both_engines_have_the_same_migrations() {
    let [sqlite, postgres] = FOLDERS.map(names);
    assert!(!sqlite.is_empty(), "no migrations found");
    assert_eq!(sqlite, postgres, "names differ");
    assert_no_faults("numbering", &misnumbered(&sqlite));
}

#[test]
fn both_engines_end_with_the_same_tables() {
    let [sqlite, postgres] = FOLDERS.map(tables);
    assert!(!sqlite.is_empty(), "no tables found");
    let mut faults = Vec::new();
    for name in sqlite
        .keys()
        .chain(postgres.keys())
        .collect::<BTreeSet<_>>()
    {
        if sqlite.get(name) != postgres.get(name) {
            faults.push(format!(
                "{name}: sqlite {:?}, postgres {:?}",
                sqlite.get(name),
                postgres.get(name)
            ));
        }
    }
    assert_no_faults("tables and columns", &faults);
}

#[test]
fn every_table_says_what_it_is_and_how_long_it_is_kept() {
    let documented =
        documented(&source::read("docs/ARCHITECTURE.md").expect("docs/ARCHITECTURE.md"));
    let made = tables(FOLDERS[0]);
    let mut faults: Vec<String> = made
        .keys()
        .filter(|name| !documented.contains_key(*name))
        .map(|name| format!("{name} has no row in docs/ARCHITECTURE.md"))
        .collect();
    for (name, (class, retention)) in &documented {
        if !made.contains_key(name) {
            faults.push(format!(
                "docs/ARCHITECTURE.md describes {name}, which no migration makes"
            ));
        }
        if !CLASSES.contains(&class.as_str()) || retention.is_empty() {
            faults.push(format!("{name}: '{class}' kept '{retention}'"));
        }
    }
    assert_no_faults("data classes and retention", &faults);
}
