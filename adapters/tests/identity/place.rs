//! Where a story's store lives; taken away when the story has ended, however it ended.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use crate::Run;
use crate::world::World;

/// A story that takes longer hangs.
const STORY_MAX: Duration = Duration::from_secs(60);

#[derive(Debug, Clone)]
pub(crate) enum EngineKind {
    Sqlite,
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

enum Place {
    Folder(tempfile::TempDir),
    Schema { url: String, name: String },
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
}

impl Place {
    /// The place and what `sql::open` is given for it.
    async fn make(kind: &EngineKind) -> (Self, String) {
        match kind {
            EngineKind::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let target = folder.path().join("store.db").to_str().unwrap().to_owned();
                (Self::Folder(folder), target)
            }
            EngineKind::Postgres(url) => {
                let mut random = [0_u8; 6];
                getrandom::fill(&mut random).unwrap();
                let name = format!("identity_{}", hex::encode(random));
                let make = format!("CREATE SCHEMA {name}");
                connect(url).await.batch_execute(&make).await.unwrap();
                let joint = if url.contains('?') { '&' } else { '?' };
                let target = format!("{url}{joint}options=-c%20search_path%3D{name}");
                (
                    Self::Schema {
                        url: url.clone(),
                        name,
                    },
                    target,
                )
            }
        }
    }

    async fn take_away(self) {
        match self {
            Self::Folder(folder) => folder.close().unwrap(),
            Self::Schema { url, name } => {
                let drop = format!("DROP SCHEMA {name} CASCADE");
                connect(&url).await.batch_execute(&drop).await.unwrap();
            }
        }
    }
}

/// Everything a store at `target` has at rest: its files, or every row of every table as text.
pub(crate) async fn at_rest(target: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    if !target.starts_with("postgres") {
        let folder = std::path::Path::new(target).parent().unwrap();
        for entry in std::fs::read_dir(folder).unwrap() {
            bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
        }
        return bytes;
    }
    let client = connect(target).await;
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()";
    for table in client.query(tables, &[]).await.unwrap() {
        let rows = format!("SELECT t::text FROM \"{}\" t", table.get::<_, String>(0));
        for row in client.query(&rows, &[]).await.unwrap() {
            bytes.extend(row.get::<_, String>(0).into_bytes());
        }
    }
    bytes
}

/// Runs one story in a world made for it.
pub(crate) fn with_fresh_store(kind: &EngineKind, run: Run) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let (place, target) = runtime.block_on(Place::make(kind));
    let ended = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let world = World::new(target).await;
            let store = world.store.clone();
            tokio::time::timeout(STORY_MAX, run(world))
                .await
                .expect("the story hangs");
            store.close().await.unwrap();
        });
    }));
    runtime.block_on(place.take_away());
    if let Err(panic) = ended {
        resume_unwind(panic);
    }
}
