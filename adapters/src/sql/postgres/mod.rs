//! PostgreSQL through a pool of connections.
//!
//! | file | what it is |
//! |---|---|
//! | [`target`] | the URL: options we insist on, TLS when it asks for it |
//! | [`unit`] | units of work and snapshots |
//! | [`statement`] | cells, and PostgreSQL's errors in our words |
//!
//! A connection goes back to the pool only after COMMIT or ROLLBACK was answered; any other end of
//! a transaction closes it (`deadpool`'s recycling would hand out a connection inside a leaked BEGIN).

mod statement;
mod target;
#[cfg(test)]
mod tests;
mod unit;

use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::{Manager, ManagerConfig, PoolError, RecyclingMethod, Runtime};
use lifeline_core::shared::deadline;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;
use tokio::runtime::Handle;

use self::statement::UniqueNames;
pub(crate) use self::target::Target;
pub use self::target::in_clear;
use self::unit::Session;
pub(crate) use self::unit::{ReadUnit, WriteUnit};
use crate::sql::{Keeping, Pool};

/// Limits of the PostgreSQL engine.
pub(crate) mod limits {
    use std::time::Duration;

    pub(crate) const CONNECTIONS: usize = 24;
    pub(crate) const POOL_WAIT_MAX: Duration = Duration::from_secs(2);
    pub(crate) const CONNECT_MAX: Duration = Duration::from_secs(5);
    /// The server ends a statement after this long.
    pub(crate) const STATEMENT_MAX: Duration = Duration::from_secs(5);
    /// The server ends a session that leaves a transaction idle this long.
    pub(crate) const IDLE_IN_TRANSACTION_MAX: Duration = Duration::from_secs(10);
    /// When we stop waiting for any answer: later than the server would have spoken.
    pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(8);
}

/// The view is fixed by the first query, so one goes with BEGIN.
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1";
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
/// As this session is set: by the server, the database, the role and the URL.
const KEEPING: &str = "\
    SELECT current_setting('synchronous_standby_names'), current_setting('synchronous_commit')";

/// In microseconds since 1970, also inside a transaction.
const TIME: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)";

/// One database, or one schema of it.
pub(crate) struct Postgres {
    pool: deadpool_postgres::Pool,
    unique: Arc<UniqueNames>,
    runtime: Handle,
}

impl Postgres {
    /// Opens a migrated database. Connections live on the runtime this is called on.
    pub(crate) async fn open(
        target: &Target,
        unit_max: Option<Duration>,
    ) -> Result<Self, StoreError> {
        let runtime = Handle::current();
        let manager = Manager::from_connect(
            target.config(unit_max.unwrap_or(limits::IDLE_IN_TRANSACTION_MAX)),
            target.connector(runtime.clone()),
            ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            },
        );
        let pool = deadpool_postgres::Pool::builder(manager)
            .max_size(limits::CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(limits::POOL_WAIT_MAX))
            .create_timeout(Some(limits::CONNECT_MAX))
            .recycle_timeout(Some(limits::CONNECT_MAX))
            .build()
            .map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        let unique = {
            let client = pool.get().await.map_err(|error| no_connection(&error))?;
            statement::unique_names(&client).await?
        };
        Ok(Self {
            pool,
            unique: Arc::new(unique),
            runtime,
        })
    }

    pub(crate) async fn begin(&self) -> Result<WriteUnit, StoreError> {
        self.session(BEGIN_WRITE).await.map(WriteUnit::new)
    }

    pub(crate) async fn begin_read(&self) -> Result<ReadUnit, StoreError> {
        self.session(BEGIN_READ).await.map(ReadUnit::new)
    }

    async fn session(&self, begin: &'static str) -> Result<Session, StoreError> {
        let begin = bounded(begin, deadline::left(Instant::now()));
        let mut attempt = 1_u8;
        loop {
            let client = self
                .pool
                .get()
                .await
                .map_err(|error| no_connection(&error))?;
            let session = Session::begin(
                client,
                Arc::clone(&self.unique),
                self.runtime.clone(),
                &begin,
            );
            match session.await {
                // A pooled connection may have died unseen (server restart): try fresh ones.
                Err(StoreError::Unavailable(_)) if attempt < 3 => {
                    attempt = attempt.saturating_add(1);
                }
                done => return done,
            }
        }
    }

    /// How many connections are in use, and who waits for one.
    pub(crate) fn pool(&self) -> Pool {
        let status = self.pool.status();
        Pool {
            name: "connections",
            taken: status.size.saturating_sub(status.available),
            most: status.max_size,
            waiting: status.waiting,
        }
    }

    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        drop(self.begin_read().await?);
        Ok(())
    }

    /// What the server waits for before it says that something is committed.
    pub(crate) async fn keeping(&self) -> Result<Keeping, StoreError> {
        let client = self.pool.get().await;
        let client = client.map_err(|error| no_connection(&error))?;
        let said = client.query_one(KEEPING, &[]).await;
        let said = said.map_err(|error| plain_error(&error))?;
        Ok(Keeping::of(said.get(0), said.get(1)))
    }

    /// The server's clock.
    pub(crate) async fn time(&self) -> Result<Time, StoreError> {
        let client = self.pool.get().await;
        let client = client.map_err(|error| no_connection(&error))?;
        let said = client.query_one(TIME, &[]).await;
        let said = said.map_err(|error| plain_error(&error))?;
        Ok(Time::from_micros(said.get(0)))
    }

    /// Refuses new work and waits a moment for connections to come home.
    pub(crate) async fn close(&self) {
        self.pool.close();
        let mut rounds = 0_u8;
        while self.pool.status().size > 0 && rounds < 100 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            rounds = rounds.saturating_add(1);
        }
    }
}

/// The server ends a statement that takes longer than the request it is for has left.
fn bounded(begin: &str, left: Option<Duration>) -> String {
    match left {
        Some(left) if left < limits::STATEMENT_MAX => {
            // No limit at all is what 0 would mean.
            let left_ms = left.as_millis().max(1);
            format!("{begin}; SET LOCAL statement_timeout = {left_ms}")
        }
        Some(_) | None => begin.to_owned(),
    }
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres")
            .field("pool", &self.pool.status())
            .finish_non_exhaustive()
    }
}

/// An error outside any unit, where no constraint of ours is met.
pub(crate) fn plain_error(error: &tokio_postgres::Error) -> StoreError {
    statement::store_error(error, &UniqueNames::new())
}

fn no_connection(error: &PoolError) -> StoreError {
    match error {
        PoolError::Backend(error) => plain_error(error),
        other => StoreError::Unavailable(other.to_string().into()),
    }
}
