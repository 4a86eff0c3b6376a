//! Forward-only migrations, compiled in; the same names in both folders.
//!
//! `refinery` takes no lock of its own, so PostgreSQL migrates under an advisory lock and SQLite under
//! a lock file; a batch of new migrations is one transaction (`BEGIN EXCLUSIVE` on SQLite).

use std::fs::{File, OpenOptions};
use std::path::Path;

use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;
use refinery::Runner;
use refinery::error::Kind;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::engine::{OpenError, Place};
use super::{postgres, sqlite};
use crate::keyring::InstanceKind;

mod for_sqlite {
    refinery::embed_migrations!("migrations/sqlite");
}

mod for_postgres {
    refinery::embed_migrations!("migrations/postgres");
}

/// Any number will do; every migrating Lifeline must use the same one.
const ADVISORY_LOCK: i64 = 0x6c69_6665_6c69_6e65;
/// Nodes that run wait behind a migration that waits for a table: no longer than one of their statements may take.
/// Other starters are waited for before, however long.
const LOCK_WAIT: &str = "SET lock_timeout = '5s'";
const VERSION: &str = "SELECT MAX(version) FROM refinery_schema_history";
const STAMP: &str = "INSERT INTO instance (one, instance_kind, restore_epoch, created_at) \
    VALUES (1, $1, 0, $2) ON CONFLICT (one) DO NOTHING";
const KIND: &str = "SELECT instance_kind FROM instance";
/// Who opens a store writes down its keys before anything else; stores of before that have rows under a key.
const UNOPENED: &str = "SELECT NOT EXISTS (SELECT 1 FROM key_generation) \
    AND NOT EXISTS (SELECT 1 FROM account_key) AND NOT EXISTS (SELECT 1 FROM staff)";

/// Why the schema does not fit this program.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    #[error("the store was never migrated")]
    Absent,
    #[error("the store is at schema {found}, this program needs {known}: migrate first")]
    Older { found: i32, known: i32 },
    #[error("the store is at schema {found}, this program knows only {known}: use a newer program")]
    Newer { found: i32, known: i32 },
    #[error("migration {0} was changed after it was applied")]
    Divergent(String),
    /// Somebody else kept a table for longer than those who wait behind us can.
    #[error("somebody holds a table (a backup?): nothing was changed, try again")]
    Held,
    #[error("a migration failed: {0}")]
    Failed(String),
}

/// What a migration did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// Names of the migrations applied now, in order; empty when there was nothing to do.
    pub applied: Vec<String>,
    /// The schema version after it.
    pub version: i32,
    /// Whether nobody ever opened the store: nothing in it needs a key that was there before.
    pub unopened: bool,
}

/// The newest version a runner holds.
fn newest(runner: &Runner) -> i32 {
    runner
        .get_migrations()
        .iter()
        .map(refinery::Migration::version)
        .max()
        .unwrap_or(0)
}

/// The schema that this program works with.
#[must_use]
pub fn known_schema() -> i32 {
    newest(&for_sqlite::migrations::runner())
}

fn schema_error(error: &refinery::Error, known: i32) -> SchemaError {
    match error.kind() {
        Kind::MissingVersion(migration) if migration.version() > known => SchemaError::Newer {
            found: migration.version(),
            known,
        },
        Kind::DivergentVersion(applied, _) => SchemaError::Divergent(applied.to_string()),
        _ if is_held(error) => SchemaError::Held,
        _ => SchemaError::Failed(chain(error)),
    }
}

/// Whether a server said that a lock was not to be had in time.
fn is_held(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(one) = next {
        if let Some(said) = one.downcast_ref::<tokio_postgres::Error>() {
            return said.code() == Some(&SqlState::LOCK_NOT_AVAILABLE);
        }
        next = one.source();
    }
    false
}

/// What went wrong, with what caused it.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}

fn report(report: &refinery::Report, version: i32, unopened: bool) -> Migrated {
    Migrated {
        unopened,
        applied: report
            .applied_migrations()
            .iter()
            .map(ToString::to_string)
            .collect(),
        version,
    }
}

fn fits(found: Option<i32>, known: i32) -> Result<(), SchemaError> {
    match found {
        None => Err(SchemaError::Absent),
        Some(found) if found < known => Err(SchemaError::Older { found, known }),
        Some(found) if found > known => Err(SchemaError::Newer { found, known }),
        Some(_) => Ok(()),
    }
}

fn same_kind(found: &str, wanted: InstanceKind) -> Result<(), OpenError> {
    match InstanceKind::parse(found) {
        Some(kind) if kind == wanted => Ok(()),
        other => Err(OpenError::WrongKind {
            found: other.map_or("foreign", InstanceKind::as_str),
            wanted: wanted.as_str(),
        }),
    }
}

/// Migrates and stamps; see [`super::engine::migrate`].
pub(super) async fn run(
    place: &Place,
    kind: InstanceKind,
    now: Time,
) -> Result<Migrated, OpenError> {
    match place {
        Place::File(path) => {
            let path = path.clone();
            tokio::task::spawn_blocking(move || run_sqlite(&path, kind, now))
                .await
                .map_err(|error| StoreError::Unavailable(Box::new(error)))?
        }
        Place::Server(target) => {
            let mut client = target.connect_for_migration().await?;
            run_postgres(&mut client, kind, now).await
        }
    }
}

/// Whether the schema of `place` is exactly the one this program was built with.
pub(super) async fn check(place: &Place) -> Result<(), OpenError> {
    match place {
        Place::File(path) => {
            let path = path.clone();
            tokio::task::spawn_blocking(move || check_sqlite(&path))
                .await
                .map_err(|error| StoreError::Unavailable(Box::new(error)))?
        }
        Place::Server(target) => {
            let client = target.connect_for_migration().await?;
            let found = postgres_version(&client).await?;
            Ok(fits(found, newest(&for_postgres::migrations::runner()))?)
        }
    }
}

fn run_sqlite(path: &Path, kind: InstanceKind, now: Time) -> Result<Migrated, OpenError> {
    let _lock = migration_lock(path).map_err(|error| StoreError::Unavailable(Box::new(error)))?;
    run_on(&mut sqlite::open_writer(path)?, kind, now)
}

/// Migrates a connection that nobody else uses.
pub(super) fn run_on(
    conn: &mut Connection,
    kind: InstanceKind,
    now: Time,
) -> Result<Migrated, OpenError> {
    let failed = |error: rusqlite::Error| OpenError::from(sqlite::store_error(&error));
    if sqlite_has(conn, "instance").map_err(failed)? {
        let stamped: Option<String> =
            first_of(conn.query_row(KIND, [], |row| row.get(0))).map_err(failed)?;
        stamped.map_or(Ok(()), |found| same_kind(&found, kind))?;
    }
    conn.set_transaction_behavior(TransactionBehavior::Exclusive);
    let runner = for_sqlite::migrations::runner().set_grouped(true);
    let known = newest(&runner);
    let done = runner
        .run(conn)
        .map_err(|error| schema_error(&error, known))?;
    conn.execute(
        &STAMP.replace('$', "?"),
        rusqlite::params![kind.as_str(), now.micros()],
    )
    .map_err(failed)?;
    let unopened = conn.query_row(UNOPENED, [], |row| row.get(0));
    Ok(report(&done, known, unopened.map_err(failed)?))
}

fn check_sqlite(path: &Path) -> Result<(), OpenError> {
    if !path.exists() {
        return Err(SchemaError::Absent.into());
    }
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .map_err(|error| sqlite::store_error(&error))?;
    let failed = |error: rusqlite::Error| OpenError::from(sqlite::store_error(&error));
    let found = if sqlite_has(&conn, "refinery_schema_history").map_err(failed)? {
        conn.query_row(VERSION, [], |row| row.get(0))
            .map_err(failed)?
    } else {
        None
    };
    Ok(fits(found, newest(&for_sqlite::migrations::runner()))?)
}

fn sqlite_has(conn: &Connection, table: &str) -> rusqlite::Result<bool> {
    conn.query_row(
        "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1",
        [table],
        |row| row.get::<_, i64>(0),
    )
    .map(|count| count > 0)
}

fn first_of<T>(answer: rusqlite::Result<T>) -> rusqlite::Result<Option<T>> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A lock of its own file: closing any handle of the database file would drop SQLite's own locks.
fn migration_lock(path: &Path) -> std::io::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(name)?;
    file.lock()?;
    Ok(file)
}

async fn run_postgres(
    client: &mut Client,
    kind: InstanceKind,
    now: Time,
) -> Result<Migrated, OpenError> {
    let failed = |error: tokio_postgres::Error| OpenError::from(postgres::plain_error(&error));
    // Held until this connection closes.
    client
        .execute("SELECT pg_advisory_lock($1)", &[&ADVISORY_LOCK])
        .await
        .map_err(failed)?;
    client.batch_execute(LOCK_WAIT).await.map_err(failed)?;
    if postgres_has(client, "instance").await? {
        let stamped = client.query_opt(KIND, &[]).await.map_err(failed)?;
        stamped.map_or(Ok(()), |row| same_kind(row.get(0), kind))?;
    }
    let runner = for_postgres::migrations::runner().set_grouped(true);
    let known = newest(&runner);
    let done = runner
        .run_async(client)
        .await
        .map_err(|error| schema_error(&error, known))?;
    client
        .execute(STAMP, &[&kind.as_str(), &now.micros()])
        .await
        .map_err(failed)?;
    let unopened = client.query_one(UNOPENED, &[]).await.map_err(failed)?;
    Ok(report(&done, known, unopened.get(0)))
}

async fn postgres_has(client: &Client, table: &str) -> Result<bool, StoreError> {
    client
        .query_one("SELECT to_regclass($1) IS NOT NULL", &[&table])
        .await
        .map(|row| row.get(0))
        .map_err(|error| postgres::plain_error(&error))
}

async fn postgres_version(client: &Client) -> Result<Option<i32>, StoreError> {
    if !postgres_has(client, "refinery_schema_history").await? {
        return Ok(None);
    }
    client
        .query_one(VERSION, &[])
        .await
        .map(|row| row.get(0))
        .map_err(|error| postgres::plain_error(&error))
}
