//! The driver seam: the only four things a repository asks of an engine.

use async_trait::async_trait;
use lifeline_core::store::StoreError;

use super::{Row, Stmt, Value};

/// An open transaction that can at least read.
#[async_trait]
pub trait Conn: Send {
    /// Whether two reads see the store at the same moment, whatever others commit between them. A
    /// unit of PostgreSQL (READ COMMITTED) does not.
    fn sees_one_moment(&self) -> bool {
        true
    }

    /// Runs a statement that answers rows (`SELECT`, or a write with `RETURNING`).
    async fn query(
        &mut self,
        stmt: &'static Stmt,
        args: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError>;

    /// Runs a statement and answers how many rows it touched.
    async fn execute(&mut self, stmt: &'static Stmt, args: Vec<Value>) -> Result<u64, StoreError>;

    /// The same query for several argument lists; PostgreSQL sends them in one go.
    async fn query_many(
        &mut self,
        stmt: &'static Stmt,
        args: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Row>>, StoreError>;

    /// The same write for several argument lists; PostgreSQL sends them in one go.
    async fn execute_many(
        &mut self,
        stmt: &'static Stmt,
        args: Vec<Vec<Value>>,
    ) -> Result<Vec<u64>, StoreError>;
}

/// A transaction that writes. Dropping it without [`WriteConn::commit`] rolls back.
#[async_trait]
pub trait WriteConn: Conn {
    /// Returns when the work is durable, or tells how it failed.
    async fn commit(self) -> Result<(), StoreError>;
}

/// What a unit answers after one of its statements failed, on both engines alike.
pub(super) fn unit_is_over() -> StoreError {
    StoreError::Refused("the unit failed before and is over".to_owned())
}
