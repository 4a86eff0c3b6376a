//! Where one test's store lives, on either engine: a copy of a store that was migrated once, taken
//! away when the test has ended, however it ended. Migrating each store anew was most of what a
//! small test cost. Shared by the test programs of this package through `#[path]`.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use lifeline_adapters::keyring::InstanceKind;
use lifeline_adapters::sql;
use lifeline_core::shared::time::Time;
use sha2::{Digest as _, Sha256};

/// Which engine a test runs on.
#[derive(Debug, Clone)]
pub(crate) enum EngineKind {
    Sqlite,
    /// The server's URL.
    Postgres(String),
}

impl EngineKind {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }
}

/// The engines to run on: SQLite always, PostgreSQL where it is given; `Err` when it must be given.
pub(crate) fn engines() -> Result<Vec<EngineKind>, &'static str> {
    let mut engines = vec![EngineKind::Sqlite];
    match std::env::var("TEST_POSTGRES_URL") {
        Ok(url) => engines.push(EngineKind::Postgres(url)),
        Err(_) if std::env::var("REQUIRE_POSTGRES").is_ok_and(|wanted| wanted == "1") => {
            return Err("REQUIRE_POSTGRES=1 but TEST_POSTGRES_URL is not set");
        }
        Err(_) => {}
    }
    Ok(engines)
}

pub(crate) async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
}

/// Runs one test with the target of a store made for it: migrated, of a demo installation, made at
/// `moment`.
pub(crate) fn on_fresh_store(kind: &EngineKind, moment: Time, test: impl AsyncFnOnce(String)) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let (place, target) = runtime.block_on(Place::make(kind, moment));
    let ended = catch_unwind(AssertUnwindSafe(|| runtime.block_on(test(target))));
    runtime.block_on(place.take_away());
    if let Err(panic) = ended {
        resume_unwind(panic);
    }
}

enum Place {
    Folder(tempfile::TempDir),
    Database { server: String, name: String },
}

impl Place {
    /// The place and what `sql::open` is given for it.
    async fn make(kind: &EngineKind, moment: Time) -> (Self, String) {
        match kind {
            EngineKind::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let file = folder.path().join("store.db");
                std::fs::copy(migrated_file(moment).await, &file).unwrap();
                let target = file.to_str().unwrap().to_owned();
                (Self::Folder(folder), target)
            }
            EngineKind::Postgres(server) => {
                let name = format!("store_{}", random());
                let template = migrated_database(server, moment).await;
                let copy = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy");
                connect(server).await.batch_execute(&copy).await.unwrap();
                let target = database(server, &name);
                let server = server.clone();
                (Self::Database { server, name }, target)
            }
        }
    }

    async fn take_away(self) {
        match self {
            Self::Folder(folder) => folder.close().unwrap(),
            Self::Database { server, name } => connect(&server)
                .await
                .batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)"))
                .await
                .unwrap(),
        }
    }
}

/// The migrated file that SQLite's stores are copies of; made by whoever needs it first.
async fn migrated_file(moment: Time) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join(format!("store-{}.db", edition("sqlite", moment)));
    if !file.exists() {
        let making = tempfile::tempdir_in(folder).unwrap();
        let made = making.path().join("store.db");
        migrate(made.to_str().unwrap(), moment).await;
        rusqlite::Connection::open(&made)
            .unwrap()
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .unwrap();
        // Two makers made the same: whose file stays does not matter.
        std::fs::rename(&made, &file).unwrap();
    }
    file
}

/// The migrated database that PostgreSQL's stores are copies of; made by whoever needs it first.
async fn migrated_database(server: &str, moment: Time) -> String {
    let name = format!("migrated_{}", edition("postgres", moment));
    let client = connect(server).await;
    let known = "SELECT 1 FROM pg_database WHERE datname = $1";
    if client.query_opt(known, &[&name]).await.unwrap().is_some() {
        return name;
    }
    // Held until this connection ends; the others wait here and then find the database.
    client
        .batch_execute("SELECT pg_advisory_lock(hashtext('migrated'))")
        .await
        .unwrap();
    if client.query_opt(known, &[&name]).await.unwrap().is_none() {
        let making = format!("making_{}", random());
        let make = format!("CREATE DATABASE {making}");
        client.batch_execute(&make).await.unwrap();
        migrate(&database(server, &making), moment).await;
        // The server waits for the connections of the migration to be gone.
        let keep = format!("ALTER DATABASE {making} RENAME TO {name}");
        client.batch_execute(&keep).await.unwrap();
    }
    name
}

async fn migrate(target: &str, moment: Time) {
    sql::migrate(target, InstanceKind::Demo, moment)
        .await
        .unwrap();
}

/// Names what a migrated store depends on: the migrations and the moment they ran at.
fn edition(engine: &str, moment: Time) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("migrations")
        .join(engine);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut digest = Sha256::new();
    for file in files {
        digest.update(file.file_name().unwrap().as_encoded_bytes());
        digest.update(std::fs::read(&file).unwrap());
    }
    digest.update(moment.micros().to_be_bytes());
    let digest = digest.finalize();
    hex::encode(digest.get(..8).unwrap())
}

/// `server` with another database's name.
fn database(server: &str, name: &str) -> String {
    let (front, options) = server
        .split_once('?')
        .map_or((server, None), |(front, options)| (front, Some(options)));
    let (host, _) = front.rsplit_once('/').unwrap();
    options.map_or_else(
        || format!("{host}/{name}"),
        |options| format!("{host}/{name}?{options}"),
    )
}

fn random() -> String {
    let mut bytes = [0_u8; 6];
    getrandom::fill(&mut bytes).unwrap();
    hex::encode(bytes)
}
