//! Snapshots: read-only connections, each a view at the moment it was begun.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use lifeline_core::shared::deadline;
use lifeline_core::store::StoreError;
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::limits;
use super::line::NoTurn;
use super::statement::{self, ColumnNames, store_error};
use crate::sql::conn::{Conn, unit_is_over};
use crate::sql::{Row, Stmt, Value};

struct Desk {
    conn: Connection,
    names: ColumnNames,
}

/// The connections that only read.
pub(super) struct Readers {
    free: Mutex<Vec<Desk>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn open(path: &Path) -> Result<Arc<Self>, StoreError> {
        let free = (0..limits::READERS)
            .map(|_| {
                Ok(Desk {
                    conn: super::open_reader(path)?,
                    names: ColumnNames::new(),
                })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        Ok(Arc::new(Self {
            free: Mutex::new(free),
            permits: Arc::new(Semaphore::new(limits::READERS)),
        }))
    }

    /// How many are reading now.
    pub(super) fn taken(&self) -> usize {
        limits::READERS.saturating_sub(self.permits.available_permits())
    }

    pub(super) fn close(&self) {
        self.permits.close();
        self.free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

/// A snapshot in progress.
pub(crate) struct ReadUnit {
    desk: Option<Desk>,
    readers: Arc<Readers>,
    _permit: OwnedSemaphorePermit,
}

impl ReadUnit {
    pub(super) async fn begin(readers: &Arc<Readers>) -> Result<Self, StoreError> {
        let wait = Arc::clone(&readers.permits).acquire_owned();
        let permit = tokio::time::timeout(limits::READER_WAIT_MAX, wait)
            .await
            .map_err(|_| NoTurn::Waited)?
            .map_err(|_| NoTurn::Closed)?;
        let desk = readers
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
            .ok_or(NoTurn::Closed)?;
        let unit = Self {
            desk: Some(desk),
            readers: Arc::clone(readers),
            _permit: permit,
        };
        if let Some(desk) = &unit.desk {
            begin(&desk.conn).map_err(|error| store_error(&error))?;
        }
        Ok(unit)
    }

    /// Where the next statement is run, unless the request it is for has no time left.
    fn desk(&mut self) -> Result<&mut Desk, StoreError> {
        deadline::at_most(limits::READER_WAIT_MAX, Instant::now())
            .map_err(|over| StoreError::Unavailable(Box::new(over)))?;
        self.desk.as_mut().ok_or_else(unit_is_over)
    }
}

impl Drop for ReadUnit {
    fn drop(&mut self) {
        let Some(desk) = self.desk.take() else { return };
        let clean = desk.conn.is_autocommit() || end(&desk.conn).is_ok();
        debug_assert!(clean, "a read-only transaction can always be ended");
        if !self.readers.permits.is_closed() {
            self.readers
                .free
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(desk);
        }
    }
}

/// Prepared once per connection: parsing them anew costs more than a small read.
fn begin(conn: &Connection) -> rusqlite::Result<()> {
    conn.prepare_cached("BEGIN")?.execute([])?;
    // The view is fixed by the first read, so make one now.
    let mut first = conn.prepare_cached("SELECT one FROM instance")?;
    first.query([])?.next().map(drop)
}

fn end(conn: &Connection) -> rusqlite::Result<()> {
    conn.prepare_cached("ROLLBACK")?.execute([]).map(drop)
}

#[async_trait]
impl Conn for ReadUnit {
    async fn query(
        &mut self,
        stmt: &'static Stmt,
        args: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let Desk { conn, names } = self.desk()?;
        statement::query(conn, names, stmt, args).map_err(|error| store_error(&error))
    }

    async fn execute(&mut self, stmt: &'static Stmt, args: Vec<Value>) -> Result<u64, StoreError> {
        let Desk { conn, .. } = self.desk()?;
        statement::execute(conn, stmt, args).map_err(|error| store_error(&error))
    }

    async fn query_many(
        &mut self,
        stmt: &'static Stmt,
        args: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        let mut all = Vec::with_capacity(args.len());
        for args in args {
            all.push(self.query(stmt, args).await?);
        }
        Ok(all)
    }

    async fn execute_many(
        &mut self,
        stmt: &'static Stmt,
        args: Vec<Vec<Value>>,
    ) -> Result<Vec<u64>, StoreError> {
        let mut all = Vec::with_capacity(args.len());
        for args in args {
            all.push(self.execute(stmt, args).await?);
        }
        Ok(all)
    }
}
