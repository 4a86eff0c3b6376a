//! A fresh store for one contract, and what a contract needs around it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use lifeline_adapters::keyring::{InstanceKind, Keyring};
use lifeline_adapters::sql::{self, Engine, OpenError};
use lifeline_core::shared::ids::{Entropy, TypedId};
use lifeline_core::shared::time::{Clock, Time};
use lifeline_core::store::{StoreError, Tx, View, atomically, snapshot};
use rusqlite::types::Value;

use crate::Run;
use crate::place;
pub(crate) use crate::place::{EngineKind, connect};

/// A contract that takes longer hangs; the long run fills two years of figures and counts a million requests.
fn contract_max() -> Duration {
    let is_long = ["ROLLED_DAYS", "STATISTICS_REQUESTS"]
        .iter()
        .any(|name| std::env::var_os(name).is_some());
    Duration::from_secs(if is_long { 2_400 } else { 150 })
}

/// One fresh, migrated store of a demo installation.
#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) store: Arc<Engine>,
    pub(crate) keyring: Arc<Keyring>,
    /// What `sql::open` was given.
    pub(crate) target: String,
    pub(crate) kind: EngineKind,
    made: Arc<AtomicU64>,
    /// Where the keyring's file is.
    keys: Arc<tempfile::TempDir>,
}

impl Bench {
    async fn new(target: String, kind: EngineKind) -> Self {
        let keys = Arc::new(tempfile::tempdir().unwrap());
        let file = keys.path().join("keyring.json");
        let keyring = Arc::new(Keyring::load_or_create_demo(&file).unwrap());
        let store = open(&target, &keyring).await;
        Self {
            store,
            keyring,
            target,
            kind,
            made: Arc::default(),
            keys,
        }
    }

    /// A second process on the same store.
    pub(crate) async fn another_process(&self) -> Self {
        Self {
            store: open(&self.target, &self.keyring).await,
            ..self.clone()
        }
    }

    /// A second process on the same store, whose units may last no longer than `unit_max`.
    pub(crate) async fn hasty_process(&self, unit_max: Duration) -> Self {
        let (kind, keyring) = (InstanceKind::Demo, Arc::clone(&self.keyring));
        let store = sql::open_within(&self.target, keyring, kind, Some(unit_max)).await;
        Self {
            store: store.unwrap(),
            ..self.clone()
        }
    }

    /// The keyring's file.
    pub(crate) fn key_file(&self) -> PathBuf {
        self.keys.path().join("keyring.json")
    }

    /// A process that reads the keyring from a file of its own.
    pub(crate) async fn process_with(&self, file: &std::path::Path) -> Result<Self, OpenError> {
        let keyring = Arc::new(Keyring::load(file, InstanceKind::Demo).unwrap());
        let store = sql::open(&self.target, Arc::clone(&keyring), InstanceKind::Demo).await?;
        Ok(Self {
            store,
            keyring,
            ..self.clone()
        })
    }

    /// Every row of every table of ours: the table, and the row's values in one text.
    pub(crate) async fn dump(&self) -> Vec<(String, String)> {
        let mut rows = Vec::new();
        for table in self.tables().await {
            match &self.kind {
                EngineKind::Sqlite => {
                    let conn = rusqlite::Connection::open(&self.target).unwrap();
                    let mut all = conn.prepare(&format!("SELECT * FROM {table}")).unwrap();
                    let columns = all.column_count();
                    let mut found = all.query([]).unwrap();
                    while let Some(row) = found.next().unwrap() {
                        let value = |at| format!("{:?}", row.get::<_, Value>(at).unwrap());
                        let values: Vec<String> = (0..columns).map(value).collect();
                        rows.push((table.clone(), values.join(" ")));
                    }
                }
                EngineKind::Postgres(_) => {
                    let text = format!("SELECT row_to_json(t)::text FROM {table} t");
                    let found = connect(&self.target).await.query(&text, &[]).await.unwrap();
                    rows.extend(found.iter().map(|row| (table.clone(), row.get(0))));
                }
            }
        }
        rows
    }

    /// The tables of ours, in order.
    pub(crate) async fn tables(&self) -> Vec<String> {
        let mut tables: Vec<String> = match &self.kind {
            EngineKind::Sqlite => {
                let conn = rusqlite::Connection::open(&self.target).unwrap();
                let mut all = conn
                    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
                    .unwrap();
                let names = all.query_map([], |row| row.get(0)).unwrap();
                names.collect::<Result<_, _>>().unwrap()
            }
            EngineKind::Postgres(_) => connect(&self.target)
                .await
                .query(
                    "SELECT table_name::text FROM information_schema.tables \
                     WHERE table_schema = current_schema()",
                    &[],
                )
                .await
                .unwrap()
                .iter()
                .map(|row| row.get(0))
                .collect(),
        };
        tables.retain(|name| !name.starts_with("sqlite_") && !name.starts_with("refinery_"));
        tables.sort();
        tables
    }

    /// An id no other call of this contract gets; they sort in the order they were made.
    pub(crate) fn id<T: TypedId>(&self) -> T {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        T::made(format!("019aa2f0-0000-7000-8000-{number:012x}"))
    }

    /// One unit of work.
    pub(crate) async fn write<T>(
        &self,
        work: impl AsyncFnOnce(&mut Tx) -> Result<T, StoreError> + Clone,
    ) -> Result<T, StoreError> {
        atomically(&*self.store, work).await
    }

    /// A unit that is dropped instead of committed.
    pub(crate) async fn write_and_drop(
        &self,
        work: impl AsyncFnOnce(&mut Tx) -> Result<(), StoreError> + Clone,
    ) {
        let dropped = self
            .write(async |tx| {
                work.clone()(tx).await?;
                Err::<(), _>(StoreError::Refused("dropped on purpose".into()))
            })
            .await;
        assert!(
            matches!(&dropped, Err(StoreError::Refused(why)) if why == "dropped on purpose"),
            "{dropped:?}"
        );
    }

    pub(crate) async fn view(&self) -> View {
        snapshot(&*self.store).await.unwrap()
    }

    /// Runs raw SQL beside the store, as somebody with the application's own rights would.
    pub(crate) async fn raw(&self, text: &str) -> Result<(), String> {
        match &self.kind {
            EngineKind::Sqlite => {
                let conn = rusqlite::Connection::open(&self.target).map_err(|e| e.to_string())?;
                conn.busy_timeout(Duration::from_secs(60)).unwrap();
                conn.execute_batch(text).map_err(|error| error.to_string())
            }
            EngineKind::Postgres(_) => {
                let client = connect(&self.target).await;
                client.batch_execute(text).await.map_err(|error| {
                    error
                        .as_db_error()
                        .map_or_else(|| error.to_string(), |db| db.message().to_owned())
                })
            }
        }
    }
}

impl Bench {
    /// The one text a raw query answers.
    pub(crate) async fn text(&self, query: &str) -> String {
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

async fn open(target: &str, keyring: &Arc<Keyring>) -> Arc<Engine> {
    sql::open(target, Arc::clone(keyring), InstanceKind::Demo)
        .await
        .unwrap()
}

/// The moment contracts begin at: 2026-11-20 08:00 in Shanghai.
pub(crate) fn now() -> Time {
    Time::parse_rfc3339("2026-11-20T08:00:00+08:00").unwrap()
}

/// `seconds` after [`now`].
pub(crate) fn at(seconds: i64) -> Time {
    now().plus_seconds(seconds)
}

/// A clock that a contract sets.
#[derive(Debug, Clone)]
pub(crate) struct Watch(Arc<AtomicI64>);

impl Watch {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(now().micros())))
    }

    pub(crate) fn set(&self, seconds: i64) -> Time {
        self.0.store(at(seconds).micros(), Ordering::Relaxed);
        at(seconds)
    }
}

impl Clock for Watch {
    fn now(&self) -> Time {
        Time::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// Not random, never the same twice.
#[derive(Debug, Default)]
pub(crate) struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}

/// Runs one contract on a store made for it.
pub(crate) fn on_fresh_store(kind: &EngineKind, run: Run) {
    place::on_fresh_store(kind, now(), async |target| {
        let bench = Bench::new(target, kind.clone()).await;
        let store = Arc::clone(&bench.store);
        tokio::time::timeout(contract_max(), run(bench))
            .await
            .expect("the contract hangs");
        store.close().await.unwrap();
    });
}
