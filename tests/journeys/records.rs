//! A look into a demo's own records, and a hand that holds them shut.

use lifeline_tests::Demo;
use lifeline_tests::patience::PATIENCE;

fn embedded(demo: &Demo) -> rusqlite::Connection {
    let store = rusqlite::Connection::open(demo.data().join("lifeline.db"));
    let store = store.expect("the embedded store");
    store.busy_timeout(PATIENCE).expect("a wait");
    store
}

pub(crate) async fn database(url: &str) -> tokio_postgres::Client {
    let (client, line) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .expect("the database");
    tokio::spawn(line);
    client
}

/// What a statement that counts answers.
pub(crate) async fn count(demo: &Demo, sql: &str) -> i64 {
    let Some(url) = demo.database_url() else {
        let counted = embedded(demo).query_row(sql, [], |row| row.get(0));
        return counted.expect("a count");
    };
    let row = database(url).await.query_one(sql, &[]).await;
    row.expect("a count").get(0)
}

/// Keeps every writer of the store out until it is dropped.
pub(crate) enum Lock {
    Sqlite(rusqlite::Connection),
    Postgres(tokio_postgres::Client),
}

impl Lock {
    pub(crate) async fn hold(demo: &Demo) -> Self {
        let Some(url) = demo.database_url() else {
            let store = embedded(demo);
            store.execute_batch("BEGIN IMMEDIATE").expect("the lock");
            return Self::Sqlite(store);
        };
        let client = database(url).await;
        client
            .batch_execute("BEGIN; LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
            .await
            .expect("the lock");
        Self::Postgres(client)
    }

    pub(crate) async fn release(self) {
        match self {
            Self::Sqlite(store) => store.execute_batch("ROLLBACK").expect("released"),
            Self::Postgres(client) => client.batch_execute("ROLLBACK").await.expect("released"),
        }
    }
}
