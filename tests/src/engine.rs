//! The two engines a test runs on. Without a PostgreSQL the second one is left out, unless
//! `REQUIRE_POSTGRES=1` says that this must not happen unnoticed.

use std::hash::{BuildHasher, RandomState};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

/// Where the records of a test lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// The engines this run can test.
    ///
    /// # Panics
    /// When PostgreSQL is required and its address is missing.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let required = std::env::var("REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
        let present = std::env::var("TEST_POSTGRES_URL").is_ok();
        assert!(
            present || !required,
            "REQUIRE_POSTGRES=1 but TEST_POSTGRES_URL is not set"
        );
        if present {
            vec![Self::Sqlite, Self::Postgres]
        } else {
            vec![Self::Sqlite]
        }
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// Makes an empty database beside the one of `TEST_POSTGRES_URL` and answers its address.
///
/// # Panics
/// When the server refuses.
pub async fn new_database() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let base = std::env::var("TEST_POSTGRES_URL").expect("TEST_POSTGRES_URL");
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    // The server outlives many processes, and the machine gives their numbers out again.
    let chance = RandomState::new().hash_one(std::process::id());
    let name = format!("t{chance:016x}_{number}");
    let (client, connection) = tokio_postgres::connect(&base, tokio_postgres::NoTls)
        .await
        .expect("the test server");
    let carried = tokio::spawn(connection);
    client
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .await
        .expect("CREATE DATABASE");
    drop(client);
    carried
        .await
        .expect("the connection's task")
        .expect("the connection");
    let (front, options) = base
        .split_once('?')
        .map_or((base.as_str(), None), |(a, b)| (a, Some(b)));
    let (server, _) = front.rsplit_once('/').expect("a URL with a database");
    options.map_or_else(
        || format!("{server}/{name}"),
        |o| format!("{server}/{name}?{o}"),
    )
}

/// A PostgreSQL server of one test's own, gone with it: what lies in its files is that test's doing.
#[derive(Debug)]
pub struct Server {
    folder: TempDir,
    url: String,
}

impl Server {
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // The account that the server runs as must reach what lies below.
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755))
            .expect("a folder that others may enter");
        let mut starting = Self::script();
        starting.arg("start").arg(folder.path().join("postgres"));
        starting.args(["--fast", "--watch", &std::process::id().to_string()]);
        let started = starting.output().expect("private-postgres.sh");
        let said = String::from_utf8_lossy(&started.stderr);
        assert!(started.status.success(), "PostgreSQL: {said}");
        let url = String::from_utf8_lossy(&started.stdout).trim().to_owned();
        Self { folder, url }
    }

    /// Its one database, empty at first.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    fn script() -> Command {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        Command::new(root.join("deploy/dev/private-postgres.sh"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut stopping = Self::script();
        stopping
            .arg("stop")
            .arg(self.folder.path().join("postgres"));
        let stopped = stopping.status();
        if !stopped.is_ok_and(|status| status.success()) {
            eprintln!(
                "the PostgreSQL in {} was not stopped",
                self.folder.path().display()
            );
        }
    }
}
