//! A backup of a trial's store, and the store as it is when that backup was put back.

use std::sync::Arc;

use lifeline_adapters::keyring::InstanceKind;
use lifeline_adapters::sql;

use crate::place::{EngineKind, connect};
use crate::store::{Place, start};

/// A copy of a store as it was at one moment.
pub(crate) struct Copy {
    place: Place,
}

impl Copy {
    /// What a process finds that is started on the restored store.
    pub(crate) async fn restored(&self) -> Place {
        self.place.another_process().await
    }

    /// Takes the copy away; on SQLite it lies in the trial's own folder.
    pub(crate) async fn discard(self, place: Place) {
        place.store.close().await.unwrap();
        self.place.store.close().await.unwrap();
        if let EngineKind::Postgres(url) = &self.place.kind {
            let name = schema_of(&self.place.target);
            let drop = format!("DROP SCHEMA {name} CASCADE");
            connect(url).await.batch_execute(&drop).await.unwrap();
        }
    }
}

fn schema_of(target: &str) -> &str {
    target.rsplit("%3D").next().unwrap()
}

impl Place {
    /// Everything the store holds now, row by row, in a store of its own.
    pub(crate) async fn copy(&self) -> Copy {
        let target = match &self.kind {
            EngineKind::Sqlite => {
                let target = format!("{}.copy", self.target);
                let conn = rusqlite::Connection::open(&self.target).unwrap();
                conn.execute("VACUUM INTO ?1", [&target]).unwrap();
                target
            }
            EngineKind::Postgres(url) => {
                let (from, to) = (
                    schema_of(&self.target),
                    format!("{}_c", schema_of(&self.target)),
                );
                let client = connect(url).await;
                let make = format!("CREATE SCHEMA {to}");
                client.batch_execute(&make).await.unwrap();
                let target = self.target.replace(from, &to);
                sql::migrate(&target, InstanceKind::Demo, start())
                    .await
                    .unwrap();
                fill(&client, from, &to).await;
                target
            }
        };
        let store = sql::open(&target, Arc::clone(&self.keyring), InstanceKind::Demo)
            .await
            .unwrap();
        Copy {
            place: Self {
                store,
                target,
                ..self.clone()
            },
        }
    }
}

/// Rows as a restore writes them: no trigger and no foreign key has a say, and counters go on.
async fn fill(client: &tokio_postgres::Client, from: &str, to: &str) {
    let tables = client
        .query(
            "SELECT tablename::text FROM pg_tables WHERE schemaname = $1",
            &[&from],
        )
        .await
        .unwrap();
    let mut script = String::from("BEGIN; SET LOCAL session_replication_role = replica;");
    for row in &tables {
        let table: String = row.get(0);
        script.push_str(&format!("DELETE FROM {to}.{table};"));
    }
    for row in &tables {
        let table: String = row.get(0);
        script.push_str(&format!(
            "INSERT INTO {to}.{table} OVERRIDING SYSTEM VALUE SELECT * FROM {from}.{table};"
        ));
    }
    let counters = client
        .query(
            "SELECT sequencename::text, last_value FROM pg_sequences WHERE schemaname = $1 AND last_value IS NOT NULL",
            &[&from],
        )
        .await
        .unwrap();
    for row in &counters {
        let (name, last): (String, i64) = (row.get(0), row.get(1));
        script.push_str(&format!("SELECT setval('{to}.{name}', {last});"));
    }
    script.push_str("COMMIT;");
    client.batch_execute(&script).await.unwrap();
}
