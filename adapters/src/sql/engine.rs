//! One store behind either driver, and the only two ways in: [`migrate`] and [`open`].

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use lifeline_core::shared::deadline;
use lifeline_core::shared::time::Time;
use lifeline_core::store::{Commits, Snapshot, Store, StoreError, UnitName, UnitOfWork};

use super::migration::{self, Migrated, SchemaError};
use super::sqlite::DiskFailure;
use super::statement::statements;
use super::value::args;
use super::{Conn, Keeping, Sql, Vault, WriteConn, engine_keys, postgres, sqlite};
use crate::keyring::{InstanceKind, Keyring};
use crate::seams::watch;

statements! { "engine":
    INSTANCE("instance") = "SELECT instance_kind, restore_epoch, created_at FROM instance WHERE one = 1";
    TOUCH("instance") = "UPDATE instance SET restore_epoch = restore_epoch WHERE one = 1";
}

/// Why a store cannot be opened or migrated.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the store belongs to a {found} installation, this is a {wanted} one")]
    WrongKind {
        found: &'static str,
        wanted: &'static str,
    },
    #[error("the keyring belongs to a {found} installation, this is a {wanted} one")]
    WrongKeyring {
        found: &'static str,
        wanted: &'static str,
    },
    /// The store is written with a key this keyring does not have, or cannot open.
    #[error("the keyring does not fit the store")]
    Keyring(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error(transparent)]
    Schema(#[from] SchemaError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a store says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instance {
    pub kind: InstanceKind,
    /// Rises with every restore from a backup; part of external numbers (money.md G3).
    pub restore_epoch: i64,
    pub created_at: Time,
}

/// Where a store is: a PostgreSQL URL, or the path of an SQLite file (with or without `sqlite:`).
#[derive(Debug)]
pub(super) enum Place {
    File(PathBuf),
    Server(Box<postgres::Target>),
}

impl Place {
    pub(super) fn parse(target: &str) -> Result<Self, StoreError> {
        if target.starts_with("postgres://") || target.starts_with("postgresql://") {
            return postgres::Target::parse(target).map(|t| Self::Server(Box::new(t)));
        }
        let path = target
            .strip_prefix("sqlite://")
            .or_else(|| target.strip_prefix("sqlite:"))
            .unwrap_or(target);
        Ok(Self::File(PathBuf::from(path)))
    }
}

/// Connections, or places in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// `connections`, `readers`, `units`.
    pub name: &'static str,
    pub taken: usize,
    pub most: usize,
    pub waiting: usize,
}

#[derive(Debug)]
pub(super) enum Driver {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
    Memory(sqlite::Memory),
}

/// The opened store.
#[derive(Debug)]
pub struct Engine {
    pub(super) driver: Driver,
    pub(super) vault: Vault,
    instance: Instance,
    commits: Commits,
}

/// Brings the schema of `target` up to this program's version and stamps a new store with `kind`.
/// Several starters may call it at once; one works, the others wait.
pub async fn migrate(target: &str, kind: InstanceKind, now: Time) -> Result<Migrated, OpenError> {
    let place = Place::parse(target)?;
    let migrated = migration::run(&place, kind, now).await?;
    let instance = instance_of(&connect(&place, None).await?).await?;
    checked(instance, kind)?;
    Ok(migrated)
}

/// Opens a migrated store. Refuses a store or keyring of the other kind, a schema newer than this
/// program and one that still has to be migrated.
/// A store that was never opened takes its generations of keys from this keyring.
pub async fn open(
    target: &str,
    keyring: Arc<Keyring>,
    kind: InstanceKind,
) -> Result<Arc<Engine>, OpenError> {
    open_within(target, keyring, kind, None).await
}

/// [`open`], with another limit than the engine's own on how long a unit may keep others waiting.
pub async fn open_within(
    target: &str,
    keyring: Arc<Keyring>,
    kind: InstanceKind,
    unit_max: Option<Duration>,
) -> Result<Arc<Engine>, OpenError> {
    if keyring.kind() != kind {
        return Err(OpenError::WrongKeyring {
            found: keyring.kind().as_str(),
            wanted: kind.as_str(),
        });
    }
    let place = Place::parse(target)?;
    migration::check(&place).await?;
    let driver = connect(&place, unit_max).await?;
    let instance = instance_of(&driver).await?;
    checked(instance, kind)?;
    let vault = Vault::new(keyring);
    engine_keys::take(&driver, &vault, instance.created_at).await?;
    Ok(Arc::new(Engine {
        driver,
        vault,
        instance,
        commits: Commits::default(),
    }))
}

async fn connect(place: &Place, unit_max: Option<Duration>) -> Result<Driver, StoreError> {
    match place {
        Place::File(path) => sqlite::Sqlite::open(path, unit_max).map(Driver::Sqlite),
        Place::Server(target) => postgres::Postgres::open(target, unit_max)
            .await
            .map(Driver::Postgres),
    }
}

fn checked(instance: Instance, kind: InstanceKind) -> Result<(), OpenError> {
    if instance.kind == kind {
        Ok(())
    } else {
        Err(OpenError::WrongKind {
            found: instance.kind.as_str(),
            wanted: kind.as_str(),
        })
    }
}

async fn instance_of(driver: &Driver) -> Result<Instance, StoreError> {
    async fn read(conn: &mut impl Conn) -> Result<Instance, StoreError> {
        let rows = conn.query(&INSTANCE, args![]).await?;
        let row = rows.first().ok_or(StoreError::Corrupt {
            table: "instance",
            column: "one",
        })?;
        Ok(Instance {
            kind: row.parsed("instance_kind", InstanceKind::parse)?,
            restore_epoch: row.int("restore_epoch")?,
            created_at: row.time("created_at")?,
        })
    }
    match driver {
        Driver::Sqlite(engine) => read(&mut engine.begin_read().await?).await,
        Driver::Postgres(engine) => read(&mut engine.begin_read().await?).await,
        Driver::Memory(engine) => read(&mut engine.begin_read()?).await,
    }
}

/// A private store in memory, for one thread and no time: what the simulation runs on. Nothing of it
/// reads a clock or needs a runtime, and it can be taken back to an earlier state.
#[derive(Debug, Clone)]
pub struct Bench {
    store: sqlite::Memory,
    keyring: Arc<Keyring>,
    instance: Instance,
}

impl Bench {
    /// A new, migrated store.
    pub fn new(keyring: Arc<Keyring>, now: Time) -> Result<Self, OpenError> {
        let kind = keyring.kind();
        let mut conn = sqlite::open_memory()?;
        migration::run_on(&mut conn, kind, now)?;
        Ok(Self {
            store: sqlite::Memory::over(conn)?,
            keyring,
            instance: Instance {
                kind,
                restore_epoch: 0,
                created_at: now,
            },
        })
    }

    /// The store as a process that has just started opens it.
    #[must_use]
    pub fn engine(&self) -> Arc<Engine> {
        Arc::new(Engine {
            driver: Driver::Memory(self.store.clone()),
            commits: Commits::default(),
            vault: Vault::new(Arc::clone(&self.keyring)),
            instance: self.instance,
        })
    }

    /// What is stored now becomes what [`Bench::rewind`] goes back to.
    pub fn keep(&self) -> Result<(), StoreError> {
        self.store.keep()
    }

    /// Forgets everything since [`Bench::keep`]; engines opened before must not be used any more.
    pub fn rewind(&self) -> Result<(), StoreError> {
        self.store.rewind()
    }

    /// Reads integers and texts beside the ports, as an auditor with a database client would.
    pub fn look<T>(&self, read: impl FnOnce(&rusqlite::Connection) -> T) -> T {
        self.store.look(read)
    }
}

impl Engine {
    /// `sqlite` or `postgres`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self.driver {
            Driver::Sqlite(_) => "sqlite",
            Driver::Postgres(_) => "postgres",
            Driver::Memory(_) => "sqlite in memory",
        }
    }

    #[must_use]
    pub const fn instance(&self) -> Instance {
        self.instance
    }

    /// Whether the store answers and this process's keyring fits it; an error here means the process
    /// is not ready.
    pub async fn ping(&self) -> Result<(), StoreError> {
        match &self.driver {
            Driver::Sqlite(engine) => engine.ping().await?,
            Driver::Postgres(engine) => engine.ping().await?,
            Driver::Memory(_) => {}
        }
        self.keys().await.map(drop)
    }

    /// Commits a write that changes nothing: a store may answer who asks, and keep nothing all the same.
    pub async fn try_commit(&self) -> Result<(), StoreError> {
        match &self.driver {
            Driver::Sqlite(engine) => touch(engine.begin().await?).await,
            Driver::Postgres(engine) => touch(engine.begin().await?).await,
            Driver::Memory(engine) => touch(engine.begin()?).await,
        }
    }

    /// What a unit begins with: at most [`LOOK_EVERY`](super::keys::LOOK_EVERY) ago the store said
    /// which keys are which.
    async fn vault(&self, conn: &mut impl Conn) -> Result<Vault, StoreError> {
        match self.vault.fresh() {
            Some(vault) => Ok(vault),
            None => self.vault.look(conn).await,
        }
    }

    /// Comes back only when the store has failed so that this process must end: what a commit left
    /// behind is known only to the next one that opens the store. Nobody who waited for that commit
    /// is ever answered.
    pub async fn failed(&self) -> DiskFailure {
        match &self.driver {
            Driver::Sqlite(engine) => engine.failed().await,
            // A server's disk is the server's: its connections end, and others are opened.
            Driver::Postgres(_) | Driver::Memory(_) => std::future::pending().await,
        }
    }

    /// What is taken of what the driver has a limited number of, now.
    #[must_use]
    pub fn pools(&self) -> Vec<Pool> {
        match &self.driver {
            Driver::Sqlite(engine) => engine.pools(),
            Driver::Postgres(engine) => vec![engine.pool()],
            Driver::Memory(_) => Vec::new(),
        }
    }

    /// What a server waits for before it says that something is committed; an embedded store has no server.
    pub async fn keeping(&self) -> Result<Option<Keeping>, StoreError> {
        match &self.driver {
            Driver::Postgres(engine) => engine.keeping().await.map(Some),
            Driver::Sqlite(_) | Driver::Memory(_) => Ok(None),
        }
    }

    /// What a server's own clock says; an embedded store has no other than ours.
    pub async fn server_time(&self) -> Result<Option<Time>, StoreError> {
        match &self.driver {
            Driver::Postgres(engine) => engine.time().await.map(Some),
            Driver::Sqlite(_) | Driver::Memory(_) => Ok(None),
        }
    }

    /// Lets running units end and refuses new ones.
    pub async fn close(&self) -> Result<(), StoreError> {
        match &self.driver {
            Driver::Sqlite(engine) => engine.close().await,
            Driver::Postgres(engine) => {
                engine.close().await;
                Ok(())
            }
            Driver::Memory(_) => Ok(()),
        }
    }
}

async fn touch(mut unit: impl WriteConn) -> Result<(), StoreError> {
    unit.execute(&TOUCH, args![]).await?;
    unit.commit().await
}

/// Begins something within what the request has left; when that is nothing, nothing is begun.
async fn in_time<T>(begin: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let over = |over: deadline::Over| StoreError::Unavailable(Box::new(over));
    match deadline::left(Instant::now()) {
        None => begin.await,
        Some(left) if left.is_zero() => Err(over(deadline::Over)),
        Some(left) => match tokio::time::timeout(left, begin).await {
            Ok(begun) => begun,
            Err(_) => Err(over(deadline::Over)),
        },
    }
}

#[async_trait]
impl Store for Engine {
    fn commits(&self) -> &Commits {
        &self.commits
    }

    async fn begin(&self, unit: UnitName) -> Result<Box<dyn UnitOfWork>, StoreError> {
        Ok(match &self.driver {
            Driver::Sqlite(engine) => {
                let mut conn = watch(unit, in_time(engine.begin()).await?);
                let vault = self.vault(&mut conn).await?;
                Box::new(Sql::new(conn, vault))
            }
            Driver::Postgres(engine) => {
                let mut conn = watch(unit, in_time(engine.begin()).await?);
                let vault = self.vault(&mut conn).await?;
                Box::new(Sql::new(conn, vault))
            }
            // One process and no time: its keys are never renewed.
            Driver::Memory(engine) => {
                Box::new(Sql::new(watch(unit, engine.begin()?), self.vault.clone()))
            }
        })
    }

    async fn begin_read(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        Ok(match &self.driver {
            Driver::Sqlite(engine) => {
                let mut conn = in_time(engine.begin_read()).await?;
                let vault = self.vault(&mut conn).await?;
                Box::new(Sql::new(conn, vault))
            }
            Driver::Postgres(engine) => {
                let mut conn = in_time(engine.begin_read()).await?;
                let vault = self.vault(&mut conn).await?;
                Box::new(Sql::new(conn, vault))
            }
            Driver::Memory(engine) => Box::new(Sql::new(engine.begin_read()?, self.vault.clone())),
        })
    }
}
