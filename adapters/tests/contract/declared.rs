//! What the store holds of people is declared once: the schema, the repositories and the rotation of
//! keys are held against it, so that a later column cannot be forgotten.

use std::collections::BTreeSet;
use std::path::Path;

use lifeline_adapters::keyring::Purpose;
use lifeline_adapters::sql::personal::{Closed, TABLES};
use lifeline_adapters::sql::rotation;

use crate::bench::Bench;
use crate::contracts;
use crate::household::household;
use crate::schema::columns;

contracts! { "declared":
    every_table_and_column_of_text_is_declared => [];
    what_a_repository_closes_is_declared_closed => [];
    rotation_knows_every_column_under_a_key_it_renews => [];
    a_household_has_something_in_each_of_them => [];
}

/// `table.column` of all that is kept in one of these ways.
fn declared(kinds: &[Closed]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for table in TABLES {
        for (column, kept) in table.text() {
            let kept = kept.unwrap_or_else(|| panic!("{}.{column}: unknown word", table.name));
            if kinds.contains(&kept) {
                assert!(
                    found.insert(format!("{}.{column}", table.name)),
                    "{column} twice"
                );
            }
        }
    }
    found
}

const ALL: [Closed; 5] = [
    Closed::Plain,
    Closed::Own,
    Closed::Service,
    Closed::Index,
    Closed::Digest,
];

async fn every_table_and_column_of_text_is_declared(t: Bench) {
    let named: BTreeSet<String> = TABLES.iter().map(|table| table.name.to_owned()).collect();
    let tables: BTreeSet<String> = t.tables().await.into_iter().collect();
    assert_eq!(named, tables);
    let there: BTreeSet<String> = columns(&t)
        .await
        .iter()
        .filter_map(|column| {
            let (name, rest) = column.split_once(' ').unwrap();
            (!rest.starts_with("bigint")).then(|| name.to_owned())
        })
        .collect();
    let (ours, mut theirs) = (declared(&ALL), there.clone());
    theirs.retain(|column| !ours.contains(column));
    assert!(theirs.is_empty(), "undeclared: {theirs:?}");
    let gone: Vec<_> = ours.difference(&there).collect();
    assert!(gone.is_empty(), "not in the schema: {gone:?}");
}

/// The pairs of every `Field::new("table", "column")` in the repositories' source.
fn fields() -> BTreeSet<String> {
    fn read(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, found);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            for part in source.split("Field::new(\"").skip(1) {
                let mut words = part.split('"');
                let (table, column) = (words.next().unwrap(), words.nth(1).unwrap());
                found.insert(format!("{table}.{column}"));
            }
        }
    }
    let mut found = BTreeSet::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sql");
    read(&folder, &mut found);
    assert!(found.len() > 30, "{found:?}");
    found
}

async fn what_a_repository_closes_is_declared_closed(_: Bench) {
    let closed = declared(&ALL[1..]);
    let open: Vec<_> = fields()
        .into_iter()
        // No columns: names of figures outside the store, what a client carries sealed.
        .filter(|field| !["figure.flight", "certification.held"].contains(&field.as_str()))
        .filter(|field| !closed.contains(field))
        .collect();
    assert!(open.is_empty(), "closed but declared open: {open:?}");
}

fn renewed(purpose: Purpose) -> BTreeSet<String> {
    let columns = rotation::columns(purpose).into_iter();
    columns
        .map(|field| format!("{}.{}", field.table, field.column))
        .collect()
}

async fn rotation_knows_every_column_under_a_key_it_renews(_: Bench) {
    assert_eq!(renewed(Purpose::DataWrapping), declared(&[Closed::Service]));
    assert_eq!(renewed(Purpose::BlindIndex), declared(&[Closed::Index]));
}

/// So that the contracts of the rotation, which look for the old key in every row, see all of them.
async fn a_household_has_something_in_each_of_them(t: Bench) {
    household(&t).await;
    for column in declared(&[Closed::Service, Closed::Index]) {
        let (table, column) = column.split_once('.').unwrap();
        let filled = format!(
            "SELECT CAST(COUNT(*) AS TEXT) FROM {table} WHERE {column} IS NOT NULL AND {column} <> ''"
        );
        assert_ne!(t.text(&filled).await, "0", "{table}.{column}");
    }
}
