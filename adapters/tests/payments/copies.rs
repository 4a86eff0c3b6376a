//! A backup of a trial's store, and the store as it is when that backup was put back.

use std::sync::Arc;

use lifeline_adapters::keyring::InstanceKind;
use lifeline_adapters::sql;

use crate::place::{EngineKind, connect};
use crate::store::Place;

/// A copy of a store as it was at one moment.
pub(crate) struct Copy(Place);

impl Copy {
    /// What a process finds that is started on the restored store.
    pub(crate) async fn restored(&self) -> Place {
        self.0.another_process().await
    }

    /// Takes the copy away; on SQLite it lies in the trial's own folder.
    pub(crate) async fn discard(self, place: Place) {
        place.store.close().await.unwrap();
        self.0.store.close().await.unwrap();
        if let EngineKind::Postgres(server) = &self.0.kind {
            let name = database_of(&self.0.target);
            let drop = format!("DROP DATABASE {name} WITH (FORCE)");
            connect(server).await.batch_execute(&drop).await.unwrap();
        }
    }
}

fn database_of(target: &str) -> &str {
    let path = target.split('?').next().unwrap();
    path.rsplit('/').next().unwrap()
}

impl Place {
    /// Everything the store holds now, in a store of its own.
    pub(crate) async fn copy(&self) -> Copy {
        let target = match &self.kind {
            EngineKind::Sqlite => {
                let target = format!("{}.copy", self.target);
                let conn = rusqlite::Connection::open(&self.target).unwrap();
                conn.execute("VACUUM INTO ?1", [&target]).unwrap();
                target
            }
            EngineKind::Postgres(server) => {
                let from = database_of(&self.target);
                let to = format!("{from}_c");
                self.copied_in(server, from, &to).await;
                self.target.replace(from, &to)
            }
        };
        let store = sql::open(&target, Arc::clone(&self.keyring), InstanceKind::Demo)
            .await
            .unwrap();
        Copy(Self {
            store,
            target,
            ..self.clone()
        })
    }

    /// A database is copied only while nobody is in it: its connections are ended first, and the
    /// engine makes new ones when it needs them.
    async fn copied_in(&self, server: &str, from: &str, to: &str) {
        let client = connect(server).await;
        let end = format!(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{from}'"
        );
        client.batch_execute(&end).await.unwrap();
        let copy = format!("CREATE DATABASE {to} TEMPLATE {from}");
        client.batch_execute(&copy).await.unwrap();
    }
}
