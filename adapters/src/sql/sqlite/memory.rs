//! A private database in memory for one thread: the simulation's store (ADR 0011).
//!
//! The same statements, rows and errors as the embedded engine, without its clock, its committing
//! thread and its queue: nothing here depends on when anything runs, so a seed replays bit for bit.
//! Units and views run in place, one after the other. One that is still open when the next begins
//! has waited for the outside while holding the store; that is a fault of the use case and is refused.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use lifeline_core::store::StoreError;
use rusqlite::Connection;

use super::statement::{self, ColumnNames, store_error};
use crate::sql::conn::{Conn, WriteConn, unit_is_over};
use crate::sql::{Row, Stmt, Value};

struct Desk {
    conn: Connection,
    names: ColumnNames,
    /// A unit is open.
    writing: bool,
    /// Views that are open.
    reading: usize,
}

/// One database, gone when the last handle goes.
#[derive(Clone)]
pub(crate) struct Memory {
    desk: Arc<Mutex<Desk>>,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Memory")
    }
}

fn out_of_turn() -> StoreError {
    StoreError::Refused("a unit or a view is held open while another begins".to_owned())
}

impl Memory {
    /// Takes over a migrated connection. From now on everything lies in one transaction that is
    /// never committed, each unit a savepoint of it, so that [`Memory::rewind`] costs no new schema.
    pub(crate) fn over(conn: Connection) -> Result<Self, StoreError> {
        begin(&conn)?;
        Ok(Self {
            desk: Arc::new(Mutex::new(Desk {
                conn,
                names: ColumnNames::new(),
                writing: false,
                reading: 0,
            })),
        })
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is stored now becomes what every later rewind goes back to.
    pub(crate) fn keep(&self) -> Result<(), StoreError> {
        let desk = self.desk();
        run(&desk.conn, "COMMIT")?;
        begin(&desk.conn)
    }

    /// Forgets everything since it was last kept.
    pub(crate) fn rewind(&self) -> Result<(), StoreError> {
        let desk = self.desk();
        run(&desk.conn, "ROLLBACK")?;
        begin(&desk.conn)
    }

    /// Reads beside the ports.
    pub(crate) fn look<T>(&self, read: impl FnOnce(&Connection) -> T) -> T {
        read(&self.desk().conn)
    }

    pub(crate) fn begin(&self) -> Result<MemoryUnit, StoreError> {
        let mut desk = self.desk();
        if desk.writing || desk.reading > 0 {
            return Err(out_of_turn());
        }
        run(&desk.conn, "SAVEPOINT unit")?;
        desk.writing = true;
        drop(desk);
        Ok(MemoryUnit {
            store: self.clone(),
            failed: false,
            spent: false,
        })
    }

    pub(crate) fn begin_read(&self) -> Result<MemoryView, StoreError> {
        let mut desk = self.desk();
        if desk.writing {
            return Err(out_of_turn());
        }
        desk.reading = desk.reading.saturating_add(1);
        drop(desk);
        Ok(MemoryView {
            store: self.clone(),
        })
    }
}

fn begin(conn: &Connection) -> Result<(), StoreError> {
    run(conn, "BEGIN IMMEDIATE")
}

fn run(conn: &Connection, text: &str) -> Result<(), StoreError> {
    conn.prepare_cached(text)
        .and_then(|mut statement| statement.execute([]))
        .map(drop)
        .map_err(|error| store_error(&error))
}

/// A unit of work. Dropping it rolls back.
pub(crate) struct MemoryUnit {
    store: Memory,
    failed: bool,
    spent: bool,
}

impl MemoryUnit {
    fn run<T>(
        &mut self,
        work: impl FnOnce(&mut Desk) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        if self.failed {
            return Err(unit_is_over());
        }
        let outcome = work(&mut self.store.desk()).map_err(|error| store_error(&error));
        self.failed = outcome.is_err();
        outcome
    }
}

impl Drop for MemoryUnit {
    fn drop(&mut self) {
        if self.spent {
            return;
        }
        let mut desk = self.store.desk();
        desk.writing = false;
        let undone =
            run(&desk.conn, "ROLLBACK TO unit").and_then(|()| run(&desk.conn, "RELEASE unit"));
        debug_assert!(undone.is_ok(), "a savepoint in memory can always be undone");
    }
}

#[async_trait]
impl Conn for MemoryUnit {
    async fn query(
        &mut self,
        stmt: &'static Stmt,
        args: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.run(|desk| {
            let Desk { conn, names, .. } = desk;
            statement::query(conn, names, stmt, args)
        })
    }

    async fn execute(&mut self, stmt: &'static Stmt, args: Vec<Value>) -> Result<u64, StoreError> {
        self.run(|desk| statement::execute(&desk.conn, stmt, args))
    }

    async fn query_many(
        &mut self,
        stmt: &'static Stmt,
        args: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        self.run(|desk| {
            let Desk { conn, names, .. } = desk;
            statement::query_each(conn, names, stmt, args)
        })
    }

    async fn execute_many(
        &mut self,
        stmt: &'static Stmt,
        args: Vec<Vec<Value>>,
    ) -> Result<Vec<u64>, StoreError> {
        self.run(|desk| statement::execute_each(&desk.conn, stmt, args))
    }
}

#[async_trait]
impl WriteConn for MemoryUnit {
    async fn commit(mut self) -> Result<(), StoreError> {
        self.run(|desk| {
            desk.conn.prepare_cached("RELEASE unit")?.execute([])?;
            desk.writing = false;
            Ok(())
        })?;
        self.spent = true;
        Ok(())
    }
}

/// A read-only view. Nothing is written while it is open.
pub(crate) struct MemoryView {
    store: Memory,
}

impl Drop for MemoryView {
    fn drop(&mut self) {
        let mut desk = self.store.desk();
        desk.reading = desk.reading.saturating_sub(1);
    }
}

#[async_trait]
impl Conn for MemoryView {
    async fn query(
        &mut self,
        stmt: &'static Stmt,
        args: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut desk = self.store.desk();
        let Desk { conn, names, .. } = &mut *desk;
        statement::query(conn, names, stmt, args).map_err(|error| store_error(&error))
    }

    async fn execute(&mut self, stmt: &'static Stmt, _: Vec<Value>) -> Result<u64, StoreError> {
        Err(StoreError::Refused(format!("{} in a view", stmt.name)))
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
        _: Vec<Vec<Value>>,
    ) -> Result<Vec<u64>, StoreError> {
        Err(StoreError::Refused(format!("{} in a view", stmt.name)))
    }
}
