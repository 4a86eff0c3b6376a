//! The embedded engine: one writer connection shared by group commit, several read-only ones.
//!
//! | file | what it is |
//! |---|---|
//! | [`line`] | who may write now, who waits, what is committed together |
//! | [`desk`] | the writing connection and its open transaction |
//! | [`unit`] | one unit of work: a savepoint inside the open group |
//! | [`reader`] | snapshots on read-only connections |
//! | [`statement`] | running one statement; SQLite's errors in our words |
//! | [`memory`] | a private database for one thread: the simulation's |
//!
//! Statements run in place on the calling task: they are short, and a hop to another thread costs
//! more than most of them. Only COMMIT, which waits for the disk, has a thread of its own.

mod desk;
mod line;
mod memory;
mod reader;
mod statement;
#[cfg(test)]
mod tests;
mod unit;

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lifeline_core::store::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

pub use self::desk::DiskFailure;
use self::line::Line;
pub(crate) use self::memory::Memory;
pub(crate) use self::reader::ReadUnit;
use self::reader::Readers;
pub(crate) use self::statement::store_error;
pub(crate) use self::unit::WriteUnit;
use crate::seams;
use crate::sql::Pool;

/// Limits of the embedded engine.
pub(crate) mod limits {
    use std::time::Duration;

    /// A unit that holds the writer longer is rolled back.
    pub(crate) const UNIT_MAX: Duration = Duration::from_secs(5);
    /// How long a unit waits for its turn.
    pub(crate) const TURN_WAIT_MAX: Duration = Duration::from_secs(10);
    /// How many units may wait for their turn.
    pub(crate) const WAITING_MAX: usize = 4096;
    /// A group is committed when it has this many units or is this old.
    pub(crate) const GROUP_UNITS_MAX: usize = 64;
    pub(crate) const GROUP_AGE_MAX: Duration = Duration::from_millis(2);
    pub(crate) const READERS: usize = 8;
    pub(crate) const READER_WAIT_MAX: Duration = Duration::from_secs(2);
    /// For a lock held by another process, for example a backup; waited in place.
    pub(crate) const BUSY_MAX: Duration = Duration::from_millis(250);
    /// Prepared statements kept per connection: more than the product has.
    pub(crate) const STATEMENTS_KEPT: usize = 512;
}

/// One database file.
pub(crate) struct Sqlite {
    line: Arc<Line>,
    readers: Arc<Readers>,
    path: PathBuf,
}

impl Sqlite {
    /// Opens an existing, migrated file.
    pub(crate) fn open(path: &Path, unit_max: Option<Duration>) -> Result<Self, StoreError> {
        let writer = open_writer(path)?;
        let readers = Readers::open(path)?;
        Ok(Self {
            line: Line::start(writer, unit_max.unwrap_or(limits::UNIT_MAX))?,
            readers,
            path: path.to_owned(),
        })
    }

    pub(crate) async fn begin(&self) -> Result<WriteUnit, StoreError> {
        WriteUnit::begin(&self.line).await
    }

    pub(crate) async fn begin_read(&self) -> Result<ReadUnit, StoreError> {
        ReadUnit::begin(&self.readers).await
    }

    /// Readers in use, and units that wait for the writer.
    pub(crate) fn pools(&self) -> Vec<Pool> {
        vec![
            Pool {
                name: "readers",
                taken: self.readers.taken(),
                most: limits::READERS,
                waiting: 0,
            },
            Pool {
                name: "units",
                taken: self.line.waiting(),
                most: limits::WAITING_MAX,
                waiting: 0,
            },
        ]
    }

    /// Whether the file answers and the writer was not broken by a failed commit.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        self.line.healthy()?;
        drop(self.begin_read().await?);
        Ok(())
    }

    /// Comes back only when the disk has failed under a commit.
    pub(crate) async fn failed(&self) -> DiskFailure {
        self.line.failed().await
    }

    /// Lets the open group finish, refuses new work, empties the write-ahead log.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        self.readers.close();
        self.line.close().await
    }
}

impl std::fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sqlite")
            .field("path", &self.path)
            .field("commits", &self.line.commits())
            .finish_non_exhaustive()
    }
}

/// The writing connection, with everything money needs switched on. Creates the file, mode 0600.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    create(path).map_err(|error| StoreError::Unavailable(Box::new(error)))?;
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(|error| store_error(&error))?;
    let mode: String = configure(&conn, limits::BUSY_MAX)
        .and_then(|()| {
            conn.execute_batch(&format!(
                "PRAGMA synchronous = {}; PRAGMA recursive_triggers = ON; PRAGMA journal_size_limit = 67108864",
                seams::synchronous()
            ))
        })
        .and_then(|()| conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)))
        .map_err(|error| store_error(&error))?;
    if mode != "wal" {
        return Err(StoreError::Unavailable(
            "the file system of the database does not allow a write-ahead log".into(),
        ));
    }
    Ok(conn)
}

/// Makes an empty file for its owner only. An existing file is not even opened: closing any handle
/// of it would drop the locks that another SQLite connection of this process holds.
fn create(path: &Path) -> std::io::Result<()> {
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// A connection that cannot write.
fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(|error| store_error(&error))?;
    configure(&conn, limits::BUSY_MAX)
        .and_then(|()| conn.execute_batch("PRAGMA query_only = ON;"))
        .map_err(|error| store_error(&error))?;
    Ok(conn)
}

/// A private database in memory, with the writing connection's rules.
pub(crate) fn open_memory() -> Result<Connection, StoreError> {
    Connection::open_in_memory()
        .and_then(|conn| {
            configure(&conn, limits::BUSY_MAX)?;
            conn.execute_batch("PRAGMA recursive_triggers = ON")?;
            Ok(conn)
        })
        .map_err(|error| store_error(&error))
}

fn configure(conn: &Connection, busy: Duration) -> rusqlite::Result<()> {
    conn.busy_timeout(busy)?;
    conn.set_prepared_statement_cache_capacity(limits::STATEMENTS_KEPT);
    // A plan does not depend on the values bound: otherwise a table with a partial index has its
    // statements planned anew at every call, which took two fifths of the engine's time.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.execute_batch(
        "PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -16384;",
    )
}
