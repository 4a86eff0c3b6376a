//! Units of work and snapshots on one connection.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use deadpool_postgres::Object;
use futures_util::future::join_all;
use lifeline_core::shared::deadline;
use lifeline_core::store::StoreError;
use tokio::runtime::Handle;
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

use super::limits;
use super::statement::{self, UniqueNames, store_error, surely_not_committed, without_values};
use crate::sql::conn::{Conn, WriteConn, unit_is_over};
use crate::sql::{Row, Stmt, Value};

/// No answer came in time.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the server did not answer in time")]
struct Silent;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing is on its way.
    Ready,
    /// A call was begun; if nobody sees its end, nobody knows what the server is doing.
    Busy,
    /// A statement failed: the server refuses everything but ROLLBACK.
    Failed,
    /// COMMIT or ROLLBACK was answered.
    Ended,
}

/// A connection inside a transaction.
pub(super) struct Session {
    client: Option<Object>,
    unique: Arc<UniqueNames>,
    runtime: Handle,
    state: State,
}

impl Session {
    pub(super) async fn begin(
        client: Object,
        unique: Arc<UniqueNames>,
        runtime: Handle,
        begin: &str,
    ) -> Result<Self, StoreError> {
        let mut session = Self {
            client: Some(client),
            unique,
            runtime,
            state: State::Ready,
        };
        session
            .call(async |client| client.batch_execute(begin).await)
            .await?;
        Ok(session)
    }

    /// One exchange with the server. A caller that goes away in the middle leaves `Busy` behind.
    async fn call<T>(
        &mut self,
        work: impl AsyncFnOnce(&Object) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, StoreError> {
        if self.state != State::Ready {
            return Err(unit_is_over());
        }
        let client = self.client.as_ref().ok_or_else(unit_is_over)?;
        // Nothing is on its way yet: the connection goes home by a ROLLBACK.
        deadline::at_most(limits::ANSWER_MAX, Instant::now())
            .map_err(|over| StoreError::Unavailable(Box::new(over)))?;
        self.state = State::Busy;
        match in_time(work(client)).await {
            Ok(Ok(value)) => {
                self.state = State::Ready;
                Ok(value)
            }
            Ok(Err(error)) => {
                if error.as_db_error().is_some() {
                    self.state = State::Failed;
                }
                Err(store_error(&error, &self.unique))
            }
            Err(silent) => Err(StoreError::Unavailable(Box::new(silent))),
        }
    }

    async fn query_each(
        &mut self,
        stmt: &'static Stmt,
        args: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        let answered = self
            .call(async |client| {
                let prepared = client.prepare_cached(stmt.for_postgres()).await?;
                let sent = args
                    .iter()
                    .map(|args| async { client.query(&prepared, &borrowed(args)).await });
                // All are waited for, also after a failure: each answer belongs to this unit.
                join_all(sent)
                    .await
                    .into_iter()
                    .collect::<Result<Vec<_>, _>>()
            })
            .await?;
        answered
            .into_iter()
            .map(|rows| statement::rows(stmt, rows))
            .collect()
    }

    async fn execute_each(
        &mut self,
        stmt: &'static Stmt,
        args: Vec<Vec<Value>>,
    ) -> Result<Vec<u64>, StoreError> {
        self.call(async |client| {
            let prepared: Statement = client.prepare_cached(stmt.for_postgres()).await?;
            let sent = args
                .iter()
                .map(|args| async { client.execute(&prepared, &borrowed(args)).await });
            join_all(sent).await.into_iter().collect()
        })
        .await
    }

    async fn commit(mut self) -> Result<(), StoreError> {
        if self.state != State::Ready {
            // COMMIT of a failed transaction would be answered like a success and roll back.
            return Err(unit_is_over());
        }
        let client = self.client.as_ref().ok_or_else(unit_is_over)?;
        self.state = State::Busy;
        match in_time(client.batch_execute("COMMIT")).await {
            Ok(Ok(())) => {
                self.state = State::Ended;
                metrics::counter!("lifeline_store_commits_total").increment(1);
                metrics::counter!("lifeline_store_units_total").increment(1);
                Ok(())
            }
            Ok(Err(error)) if surely_not_committed(&error) => {
                self.state = State::Ended;
                Err(store_error(&error, &self.unique))
            }
            Ok(Err(error)) => Err(StoreError::CommitUnknown(Box::new(without_values(&error)))),
            Err(silent) => Err(StoreError::CommitUnknown(Box::new(silent))),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else {
            return;
        };
        match self.state {
            State::Ended => {}
            State::Busy => close(client),
            State::Ready | State::Failed => {
                let home = Homebound(Some(client));
                self.runtime.spawn(home.roll_back());
            }
        }
    }
}

/// A connection on its way back to the pool; closed if it does not get there.
struct Homebound(Option<Object>);

impl Homebound {
    async fn roll_back(mut self) {
        if let Some(client) = &self.0
            && matches!(in_time(client.batch_execute("ROLLBACK")).await, Ok(Ok(())))
        {
            drop(self.0.take());
        }
    }
}

impl Drop for Homebound {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            close(client);
        }
    }
}

/// Ends the connection instead of giving it back.
fn close(client: Object) {
    drop(Object::take(client));
}

async fn in_time<T>(work: impl Future<Output = T>) -> Result<T, Silent> {
    tokio::time::timeout(limits::ANSWER_MAX, work)
        .await
        .map_err(|_| Silent)
}

fn borrowed(args: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    args.iter()
        .map(|value| -> &(dyn ToSql + Sync) { value })
        .collect()
}

/// A unit in progress. Dropping it rolls back.
pub(crate) struct WriteUnit(Session);

/// A snapshot in progress.
pub(crate) struct ReadUnit(Session);

macro_rules! conn_over_session {
    ($unit:ident, sees_one_moment: $one_moment:literal) => {
        impl $unit {
            pub(super) const fn new(session: Session) -> Self {
                Self(session)
            }
        }

        #[async_trait]
        impl Conn for $unit {
            fn sees_one_moment(&self) -> bool {
                $one_moment
            }

            async fn query(
                &mut self,
                stmt: &'static Stmt,
                args: Vec<Value>,
            ) -> Result<Vec<Row>, StoreError> {
                let answers = self.0.query_each(stmt, vec![args]).await?;
                Ok(answers.into_iter().next().unwrap_or_default())
            }

            async fn execute(
                &mut self,
                stmt: &'static Stmt,
                args: Vec<Value>,
            ) -> Result<u64, StoreError> {
                let answers = self.0.execute_each(stmt, vec![args]).await?;
                Ok(answers.into_iter().next().unwrap_or_default())
            }

            async fn query_many(
                &mut self,
                stmt: &'static Stmt,
                args: Vec<Vec<Value>>,
            ) -> Result<Vec<Vec<Row>>, StoreError> {
                self.0.query_each(stmt, args).await
            }

            async fn execute_many(
                &mut self,
                stmt: &'static Stmt,
                args: Vec<Vec<Value>>,
            ) -> Result<Vec<u64>, StoreError> {
                self.0.execute_each(stmt, args).await
            }
        }
    };
}

conn_over_session!(WriteUnit, sees_one_moment: false);
conn_over_session!(ReadUnit, sees_one_moment: true);

#[async_trait]
impl WriteConn for WriteUnit {
    async fn commit(self) -> Result<(), StoreError> {
        self.0.commit().await
    }
}
