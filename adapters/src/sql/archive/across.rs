//! An embedded store copied to a server: every table in one transaction there, while nobody writes here.

use lifeline_core::shared::time::Time;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, TransactionBehavior};
use tokio_postgres::Transaction;
use tokio_postgres::types::ToSql;

use super::{ArchiveError, UNBALANCED, unproven};
use crate::keyring::InstanceKind;
use crate::sql::engine::Place;
use crate::sql::migration;

const OCCUPIED: &str = "SELECT COUNT(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')";
const TABLES: &str = "SELECT table_name::text FROM information_schema.tables \
    WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' AND table_name <> 'refinery_schema_history'";
const COLUMNS: &str = "SELECT column_name::text, data_type::text, is_identity::text FROM information_schema.columns \
    WHERE table_schema = current_schema() AND table_name::text = $1 ORDER BY ordinal_position";
/// Rows of one table lead to those of another, in both directions: they are compared when all are there.
const REFERENCES: &str = "SELECT conrelid::regclass::text, quote_ident(conname) FROM pg_constraint \
    WHERE contype = 'f' AND connamespace = current_schema()::regnamespace AND NOT condeferrable";
const TABLES_HERE: &str = "SELECT name FROM sqlite_master WHERE type = 'table' \
    AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name <> 'refinery_schema_history'";
const KIND: &str = "SELECT instance_kind FROM instance WHERE one = 1";

/// How many rows of a table there are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    pub table: String,
    pub rows: i64,
}

/// Copies the embedded store `from` to the database `to`, which must have no tables. `now` is when its schema is made. The
/// copy is proven before it is kept: the same number of rows in every table, every reference, every ledger entry.
///
/// # Errors
/// [`ArchiveError`]; the server then holds empty tables at the most, and the embedded store is as it was.
pub async fn copy_across(from: &str, to: &str, now: Time) -> Result<Vec<Copied>, ArchiveError> {
    let place = |target| Place::parse(target).map_err(|_| ArchiveError::Place);
    let (source, target) = (place(from)?, place(to)?);
    let (Place::File(path), Place::Server(at)) = (&source, &target) else {
        return Err(ArchiveError::Place);
    };
    migration::check(&source)
        .await
        .map_err(|error| away(&error))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut store = Connection::open_with_flags(path, flags).map_err(|error| away(&error))?;
    // From here on nobody writes to it.
    let store = store.transaction_with_behavior(TransactionBehavior::Immediate);
    let store = store.map_err(|error| away(&error))?;
    let kind: String = store
        .query_row(KIND, [], |row| row.get(0))
        .map_err(|error| away(&error))?;
    let kind = InstanceKind::parse(&kind)
        .ok_or_else(|| ArchiveError::Damaged("it does not say its kind".to_owned()))?;
    let client = at.connect_for_migration().await;
    let mut client = client.map_err(|error| away(&error))?;
    let there = client.query_one(OCCUPIED, &[]).await;
    let there: i64 = there.map_err(|error| refused(&error))?.get(0);
    if there > 0 {
        return Err(ArchiveError::Occupied("a database with tables".to_owned()));
    }
    let migrated = crate::sql::migrate(to, kind, now).await;
    migrated.map_err(|error| away(&error))?;
    let begun = client.transaction().await;
    let begun = begun.map_err(|error| refused(&error))?;
    let copied = all(&store, &begun).await?;
    begun.commit().await.map_err(|error| refused(&error))?;
    Ok(copied)
}

fn away(error: &dyn std::error::Error) -> ArchiveError {
    ArchiveError::Store(migration::chain(error))
}

/// What a server says, without the row that it says it of.
fn refused(error: &tokio_postgres::Error) -> ArchiveError {
    let said = error.as_db_error().map(|said| said.message().to_owned());
    ArchiveError::Store(said.unwrap_or_else(|| error.to_string()))
}

async fn run(to: &Transaction<'_>, text: &str) -> Result<(), ArchiveError> {
    to.batch_execute(text)
        .await
        .map_err(|error| refused(&error))
}

/// Empty tables first (a new schema has rows of its own), then every row as it is: what the tables do by themselves with a
/// new row was done when it was written.
async fn all(
    from: &rusqlite::Transaction<'_>,
    to: &Transaction<'_>,
) -> Result<Vec<Copied>, ArchiveError> {
    let tables = tables(from, to).await?;
    let references = to.query(REFERENCES, &[]).await;
    let references: Vec<(String, String)> = references
        .map_err(|error| refused(&error))?
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    for (table, name) in &references {
        let wait = "DEFERRABLE INITIALLY DEFERRED";
        run(
            to,
            &format!("ALTER TABLE {table} ALTER CONSTRAINT {name} {wait}"),
        )
        .await?;
    }
    for table in &tables {
        run(to, &format!("ALTER TABLE {table} DISABLE TRIGGER USER")).await?;
    }
    for table in &tables {
        run(to, &format!("DELETE FROM {table}")).await?;
    }
    let mut copied = Vec::new();
    for table in tables {
        let rows = one(from, to, &table).await?;
        copied.push(Copied { table, rows });
    }
    run(to, "SET CONSTRAINTS ALL IMMEDIATE").await?;
    for (table, name) in &references {
        run(
            to,
            &format!("ALTER TABLE {table} ALTER CONSTRAINT {name} NOT DEFERRABLE"),
        )
        .await?;
    }
    for one in &copied {
        run(
            to,
            &format!("ALTER TABLE {} ENABLE TRIGGER USER", one.table),
        )
        .await?;
    }
    let unbalanced = to.query_one(UNBALANCED, &[]).await;
    let unbalanced: i64 = unbalanced.map_err(|error| refused(&error))?.get(0);
    unproven(unbalanced).map_or(Ok(copied), |what| Err(ArchiveError::Damaged(what)))
}

/// The tables of both, which must be the same.
async fn tables(
    from: &rusqlite::Transaction<'_>,
    to: &Transaction<'_>,
) -> Result<Vec<String>, ArchiveError> {
    let there = to.query(TABLES, &[]).await;
    let there = there.map_err(|error| refused(&error))?;
    let mut there: Vec<String> = there.iter().map(|row| row.get(0)).collect();
    there.sort();
    let read = || -> rusqlite::Result<Vec<String>> {
        let mut asked = from.prepare(TABLES_HERE)?;
        let names = asked.query_map([], |row| row.get(0))?;
        names.collect()
    };
    let mut here = read().map_err(|error| away(&error))?;
    here.sort();
    if here == there {
        Ok(there)
    } else {
        Err(ArchiveError::Damaged("its tables are others".to_owned()))
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Integers,
    Text,
    Bytes,
}

struct Column {
    name: String,
    holds: Holds,
    counts: bool,
}

async fn columns(to: &Transaction<'_>, table: &str) -> Result<Vec<Column>, ArchiveError> {
    let said = to.query(COLUMNS, &[&table]).await;
    let said = said.map_err(|error| refused(&error))?;
    let mut columns = Vec::new();
    for row in &said {
        let (name, kind, identity): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        let holds = match kind.as_str() {
            "bigint" => Holds::Integers,
            "text" => Holds::Text,
            "bytea" => Holds::Bytes,
            _ => {
                return Err(ArchiveError::Damaged(format!(
                    "{table}.{name} is of no known kind"
                )));
            }
        };
        let counts = identity == "YES";
        columns.push(Column {
            name,
            holds,
            counts,
        });
    }
    Ok(columns)
}

/// One value on its way.
#[derive(PartialEq)]
enum Cell {
    Integer(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

impl Cell {
    /// None when it is of another kind than its column.
    fn of(value: ValueRef<'_>, holds: Holds) -> Option<Self> {
        Some(match (value, holds) {
            (ValueRef::Null, Holds::Integers) => Self::Integer(None),
            (ValueRef::Null, Holds::Text) => Self::Text(None),
            (ValueRef::Null, Holds::Bytes) => Self::Bytes(None),
            (ValueRef::Integer(value), Holds::Integers) => Self::Integer(Some(value)),
            (ValueRef::Text(value), Holds::Text) => {
                Self::Text(Some(String::from_utf8(value.to_vec()).ok()?))
            }
            (ValueRef::Blob(value), Holds::Bytes) => Self::Bytes(Some(value.to_vec())),
            _ => return None,
        })
    }

    fn value(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Integer(value) => value,
            Self::Text(value) => value,
            Self::Bytes(value) => value,
        }
    }
}

/// Copies one table row by row; how many there are on both sides.
async fn one(
    from: &rusqlite::Transaction<'_>,
    to: &Transaction<'_>,
    table: &str,
) -> Result<i64, ArchiveError> {
    let columns = columns(to, table).await?;
    let quoted: Vec<String> = columns
        .iter()
        .map(|column| format!("\"{}\"", column.name))
        .collect();
    let names = quoted.join(", ");
    let places: Vec<String> = (1..=columns.len()).map(|at| format!("${at}")).collect();
    let insert = format!(
        "INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE VALUES ({})",
        places.join(", ")
    );
    let insert = to.prepare(&insert).await.map_err(|error| refused(&error))?;
    let mut asked = from
        .prepare(&format!("SELECT {names} FROM {table}"))
        .map_err(|error| away(&error))?;
    let mut rows = asked.query([]).map_err(|error| away(&error))?;
    let mut count: i64 = 0;
    while let Some(row) = rows.next().map_err(|error| away(&error))? {
        let mut cells = Vec::with_capacity(columns.len());
        for (at, column) in columns.iter().enumerate() {
            let value = row.get_ref(at).map_err(|error| away(&error))?;
            let cell = Cell::of(value, column.holds).ok_or_else(|| {
                ArchiveError::Damaged(format!("{table}.{} is of another kind", column.name))
            })?;
            cells.push(cell);
        }
        let values: Vec<&(dyn ToSql + Sync)> = cells.iter().map(Cell::value).collect();
        let put = to.execute(&insert, &values).await;
        put.map_err(|error| refused(&error))?;
        count = count.saturating_add(1);
    }
    for column in columns.iter().filter(|column| column.counts) {
        go_on(from, to, table, &column.name).await?;
    }
    let there = format!("SELECT COUNT(*) FROM {table}");
    let there = to.query_one(there.as_str(), &[]).await;
    let there: i64 = there.map_err(|error| refused(&error))?.get(0);
    if there == count {
        Ok(count)
    } else {
        Err(ArchiveError::Damaged(format!("rows of {table} are lost")))
    }
}

/// Numbers of rows go on behind the last one that was ever given, its row may be gone.
async fn go_on(
    from: &rusqlite::Transaction<'_>,
    to: &Transaction<'_>,
    table: &str,
    column: &str,
) -> Result<(), ArchiveError> {
    let read = || -> rusqlite::Result<i64> {
        let highest = format!("SELECT COALESCE(MAX({column}), 0) FROM {table}");
        let highest: i64 = from.query_row(&highest, [], |row| row.get(0))?;
        let kept = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'sqlite_sequence'";
        let kept: i64 = from.query_row(kept, [], |row| row.get(0))?;
        if kept == 0 {
            return Ok(highest);
        }
        let given = "SELECT seq FROM sqlite_sequence WHERE name = ?1";
        let given: Option<i64> = from
            .query_row(given, [table], |row| row.get(0))
            .optional()?;
        Ok(highest.max(given.unwrap_or(0)))
    };
    let last = read().map_err(|error| away(&error))?;
    let next = last.saturating_add(1);
    let text =
        format!("SELECT setval(pg_get_serial_sequence('{table}', '{column}'), {next}, false)");
    let set = to.query_one(text.as_str(), &[]).await;
    set.map(drop).map_err(|error| refused(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_taken_as_its_column_holds_it_or_not_at_all() {
        let taken = |value, holds, as_it: Cell| Cell::of(value, holds) == Some(as_it);
        let text = ValueRef::Text(b"li");
        assert!(taken(text, Holds::Text, Cell::Text(Some("li".to_owned()))));
        let number = ValueRef::Integer(7);
        assert!(taken(number, Holds::Integers, Cell::Integer(Some(7))));
        assert!(taken(ValueRef::Null, Holds::Bytes, Cell::Bytes(None)));
        assert!(Cell::of(text, Holds::Bytes).is_none());
        assert!(Cell::of(number, Holds::Text).is_none());
        assert!(Cell::of(ValueRef::Text(&[0xff]), Holds::Text).is_none());
    }
}
