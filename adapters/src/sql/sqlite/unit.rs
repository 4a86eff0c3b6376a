//! One unit of work: a savepoint inside the open group.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use lifeline_core::shared::deadline;
use lifeline_core::store::StoreError;

use super::desk::Desk;
use super::line::{Line, NoTurn, Turn};
use super::statement::{self, store_error};
use crate::sql::conn::{Conn, WriteConn, unit_is_over};
use crate::sql::{Row, Stmt, Value};

/// A unit in progress. Dropping it rolls back to its savepoint.
pub(crate) struct WriteUnit {
    turn: Turn,
    failed: bool,
}

impl WriteUnit {
    pub(super) async fn begin(line: &Arc<Line>) -> Result<Self, StoreError> {
        let mut turn = line.take_turn().await?;
        if let Some(until) = deadline::until() {
            turn.until = turn.until.min(until);
        }
        {
            let mut desk = line.desk();
            if !desk.in_group {
                desk.conn
                    .execute_batch("BEGIN IMMEDIATE")
                    .map_err(|error| store_error(&error))?;
                desk.in_group = true;
            }
            desk.conn
                .execute_batch("SAVEPOINT unit")
                .map_err(|error| store_error(&error))?;
            desk.turn = turn.id;
        }
        Ok(Self {
            turn,
            failed: false,
        })
    }

    fn run<T>(
        &mut self,
        work: impl FnOnce(&mut Desk) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        if self.failed {
            return Err(unit_is_over());
        }
        let outcome = {
            let mut desk = self.turn.line().desk();
            if desk.turn != self.turn.id || Instant::now() >= self.turn.until {
                Err(NoTurn::Overdue.into())
            } else {
                work(&mut desk).map_err(|error| store_error(&error))
            }
        };
        self.failed = outcome.is_err();
        outcome
    }
}

#[async_trait]
impl Conn for WriteUnit {
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
impl WriteConn for WriteUnit {
    async fn commit(mut self) -> Result<(), StoreError> {
        self.run(|desk| {
            desk.conn.execute_batch("RELEASE unit")?;
            desk.turn = 0;
            Ok(())
        })?;
        let line = Arc::clone(self.turn.line());
        let mut told = self.turn.join_group();
        loop {
            match tokio::time::timeout(line.look_again_after(), &mut told).await {
                Ok(Ok(outcome)) => return outcome.map_err(StoreError::from),
                // The line ended without a word about this group.
                Ok(Err(gone)) => return Err(StoreError::CommitUnknown(Box::new(gone))),
                // A later unit of the group overstays: do not wait for it any longer.
                Err(_) => line.take_from_overdue(),
            }
        }
    }
}
