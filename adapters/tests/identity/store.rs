//! What a story's store holds, and the store it is given.

use std::time::Duration;

use crate::Run;
use crate::place::{self, EngineKind, connect};
use crate::world::{World, start};

/// A story that takes longer hangs.
const STORY_MAX: Duration = Duration::from_secs(150);

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

/// Runs raw SQL beside the store.
pub(crate) async fn raw(target: &str, text: &str) {
    if target.starts_with("postgres") {
        connect(target).await.batch_execute(text).await.unwrap();
        return;
    }
    let conn = rusqlite::Connection::open(target).unwrap();
    conn.busy_timeout(Duration::from_secs(60)).unwrap();
    conn.execute_batch(text).unwrap();
}

/// Runs one story in a world made for it.
pub(crate) fn with_fresh_store(kind: &EngineKind, run: Run) {
    place::on_fresh_store(kind, start(), async |target| {
        let world = World::new(target).await;
        let store = world.store.clone();
        tokio::time::timeout(STORY_MAX, run(world))
            .await
            .expect("the story hangs");
        store.close().await.unwrap();
    });
}
