//! The two seams of a build with fault points: a commit and a send, each between two points.

use async_trait::async_trait;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::store::{StoreError, UnitName};

use super::plan::{Kind, When, marks, pass};
use crate::sql::value::args;
use crate::sql::{Conn, Row, Stmt, Value, WriteConn};
use crate::wire::Operation;

/// Changes nothing; shows the unit's name to whoever reads along between us and the database.
static SHOW: Stmt = Stmt::new("fault_points.SHOW", "unit", "SELECT $1 AS unit", None);

/// A call that leaves the program. `error` before it: nothing was sent; after it: the reply is lost.
pub(crate) async fn send<T>(
    operation: Operation,
    call: impl Future<Output = Result<T, NoAnswer>>,
) -> Result<T, NoAnswer> {
    let name = operation.name();
    pass(Kind::Send, name, When::Before)
        .await
        .map_err(|_| NoAnswer::NotSent("planned_fault"))?;
    let reply = call.await;
    pass(Kind::Send, name, When::After)
        .await
        .map_err(|_| NoAnswer::Unknown("planned_fault"))?;
    reply
}

/// A unit's connection. A unit that changed nothing has nothing to lose, and passes no point.
pub(crate) struct Watched<C> {
    conn: C,
    unit: UnitName,
    changed: bool,
}

pub(crate) const fn watch<C>(unit: UnitName, conn: C) -> Watched<C> {
    Watched {
        conn,
        unit,
        changed: false,
    }
}

impl<C> Watched<C> {
    fn saw(&mut self, stmt: &Stmt, rows: bool) {
        self.changed |= rows && stmt.text.contains("RETURNING");
    }
}

#[async_trait]
impl<C: Conn> Conn for Watched<C> {
    async fn query(
        &mut self,
        stmt: &'static Stmt,
        args: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let rows = self.conn.query(stmt, args).await?;
        self.saw(stmt, !rows.is_empty());
        Ok(rows)
    }

    async fn execute(&mut self, stmt: &'static Stmt, args: Vec<Value>) -> Result<u64, StoreError> {
        let touched = self.conn.execute(stmt, args).await?;
        self.changed |= touched > 0;
        Ok(touched)
    }

    async fn query_many(
        &mut self,
        stmt: &'static Stmt,
        args: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        let answers = self.conn.query_many(stmt, args).await?;
        self.saw(stmt, answers.iter().any(|rows| !rows.is_empty()));
        Ok(answers)
    }

    async fn execute_many(
        &mut self,
        stmt: &'static Stmt,
        args: Vec<Vec<Value>>,
    ) -> Result<Vec<u64>, StoreError> {
        let touched = self.conn.execute_many(stmt, args).await?;
        self.changed |= touched.iter().any(|rows| *rows > 0);
        Ok(touched)
    }
}

#[async_trait]
impl<C: WriteConn> WriteConn for Watched<C> {
    async fn commit(mut self) -> Result<(), StoreError> {
        if !self.changed {
            return self.conn.commit().await;
        }
        let unit = self.unit.to_string();
        if marks() {
            self.conn.query(&SHOW, args![unit.as_str()]).await?;
        }
        pass(Kind::Commit, &unit, When::Before)
            .await
            .map_err(|fault| StoreError::Unavailable(Box::new(fault)))?;
        self.conn.commit().await?;
        pass(Kind::Commit, &unit, When::After)
            .await
            .map_err(|fault| StoreError::CommitUnknown(Box::new(fault)))
    }
}
