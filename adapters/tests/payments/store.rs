//! A fresh store for one trial, on either engine; gone when the trial ends, however it ends.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use lifeline_adapters::keyring::{InstanceKind, Keyring};
use lifeline_adapters::sql::{self, Engine};
use lifeline_core::shared::time::Time;

use crate::place::{self, connect};
pub(crate) use crate::place::{EngineKind, engines};

/// A trial that takes longer hangs; more random cases may take more time, and a long run says how much (`TRIAL_MAX_S`).
fn trial_max() -> Duration {
    let told = |name: &str| -> Option<u64> { std::env::var(name).ok()?.parse().ok() };
    let cases = told("PROPTEST_CASES").unwrap_or(0);
    Duration::from_secs(told("TRIAL_MAX_S").unwrap_or(150 + 5 * cases))
}

/// Where this trial's store is.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) store: Arc<Engine>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) target: String,
    pub(crate) kind: EngineKind,
}

pub(crate) type Trial = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The moment trials begin at: a Friday morning in Shanghai.
pub(crate) fn start() -> Time {
    Time::parse_rfc3339("2026-11-20T10:00:00+08:00").unwrap()
}

impl Place {
    async fn open(target: String, kind: EngineKind) -> Self {
        let keyring = Arc::new(Keyring::generate(InstanceKind::Demo).unwrap());
        let store = sql::open(&target, Arc::clone(&keyring), InstanceKind::Demo)
            .await
            .unwrap();
        Self {
            store,
            keyring,
            target,
            kind,
        }
    }

    /// A second process on the same store.
    pub(crate) async fn another_process(&self) -> Self {
        let keyring = Arc::clone(&self.keyring);
        let store = sql::open(&self.target, keyring, InstanceKind::Demo)
            .await
            .unwrap();
        Self {
            store,
            ..self.clone()
        }
    }

    /// Runs raw SQL beside the store, as somebody with the application's own rights would.
    pub(crate) async fn raw(&self, text: &str) -> Result<(), String> {
        match &self.kind {
            EngineKind::Sqlite => {
                let conn = rusqlite::Connection::open(&self.target).map_err(|e| e.to_string())?;
                conn.busy_timeout(Duration::from_secs(60)).unwrap();
                conn.execute_batch(text).map_err(|error| error.to_string())
            }
            EngineKind::Postgres(_) => connect(&self.target)
                .await
                .batch_execute(text)
                .await
                .map_err(|error| {
                    error
                        .as_db_error()
                        .map_or_else(|| error.to_string(), |db| db.message().to_owned())
                }),
        }
    }

    /// The number of the only order there is.
    pub(crate) async fn only_number(&self) -> String {
        self.word("SELECT out_trade_no FROM payment").await
    }

    /// The one integer a raw query answers.
    pub(crate) async fn number(&self, query: &str) -> i64 {
        self.value(query).await
    }

    /// The one text a raw query answers.
    pub(crate) async fn word(&self, query: &str) -> String {
        self.value(query).await
    }

    /// The one value a raw query answers.
    async fn value<T>(&self, query: &str) -> T
    where
        T: rusqlite::types::FromSql + for<'a> tokio_postgres::types::FromSql<'a>,
    {
        match &self.kind {
            EngineKind::Sqlite => rusqlite::Connection::open(&self.target)
                .unwrap()
                .query_row(query, [], |row| row.get(0))
                .unwrap(),
            EngineKind::Postgres(_) => connect(&self.target)
                .await
                .query_one(query, &[])
                .await
                .unwrap()
                .get(0),
        }
    }
}

/// Runs one trial on a store made for it.
pub(crate) fn on_fresh_store(kind: &EngineKind, trial: impl FnOnce(Place) -> Trial) {
    place::on_fresh_store(kind, start(), async |target| {
        let place = Place::open(target, kind.clone()).await;
        let store = Arc::clone(&place.store);
        tokio::time::timeout(trial_max(), trial(place))
            .await
            .expect("the trial hangs");
        store.close().await.unwrap();
    });
}
