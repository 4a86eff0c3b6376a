//! Migrations: the same names, tables, columns and nullability on both engines; every statement fits.

use std::collections::BTreeSet;

use lifeline_adapters::keyring::InstanceKind;
use lifeline_adapters::sql::{self, OpenError, SchemaError, statement};
use tokio::task::JoinSet;

use crate::bench::{Bench, EngineKind, at, connect};
use crate::contracts;

contracts! { "schema":
    every_statement_can_be_prepared => [];
    migrating_twice_does_nothing => [];
    many_starters_migrate_once => [];
    a_table_that_somebody_holds_is_waited_for_a_moment_only => [];
    a_newer_schema_is_refused => [];
    a_changed_migration_is_refused => [];
    columns_are_what_the_other_engine_has => [];
    columns_have_the_allowed_types => [];
}

async fn every_statement_can_be_prepared(t: Bench) {
    let all: Vec<_> = statement::all().collect();
    assert!(all.len() > 40);
    let names: BTreeSet<_> = all.iter().map(|stmt| stmt.name).collect();
    assert_eq!(names.len(), all.len(), "two statements of one name");
    match &t.kind {
        EngineKind::Sqlite => {
            let conn = rusqlite::Connection::open(&t.target).unwrap();
            for stmt in all {
                if let Err(error) = conn.prepare(stmt.for_sqlite()) {
                    panic!("{}: {error}", stmt.name);
                }
            }
        }
        EngineKind::Postgres(_) => {
            let client = connect(&t.target).await;
            for stmt in all {
                if let Err(error) = client.prepare(stmt.for_postgres()).await {
                    panic!("{}: {error:?}", stmt.name);
                }
            }
        }
    }
}

async fn migrating_twice_does_nothing(t: Bench) {
    let before = columns(&t).await;
    let again = sql::migrate(&t.target, InstanceKind::Demo, at(99))
        .await
        .unwrap();
    assert!(again.applied.is_empty());
    assert!(!again.unopened, "its keys are written down");
    assert_eq!(columns(&t).await, before);
    assert_eq!(
        t.another_process().await.store.instance(),
        t.store.instance()
    );
}

async fn many_starters_migrate_once(t: Bench) {
    let target = match &t.kind {
        EngineKind::Sqlite => format!("{}.fresh", t.target),
        EngineKind::Postgres(_) => {
            // Back to an empty schema.
            t.store.close().await.unwrap();
            let schema = t.text("SELECT current_schema()::text").await;
            t.raw(&format!(
                "DROP SCHEMA {schema} CASCADE; CREATE SCHEMA {schema}"
            ))
            .await
            .unwrap();
            t.target.clone()
        }
    };
    let mut starters = JoinSet::new();
    for _ in 0..6 {
        let target = target.clone();
        starters.spawn(async move {
            sql::migrate(&target, InstanceKind::Demo, at(0))
                .await
                .unwrap()
        });
    }
    let done = starters.join_all().await;
    assert_eq!(done.iter().filter(|m| !m.applied.is_empty()).count(), 1);
    assert!(
        done.iter()
            .all(|m| m.version == done[0].version && m.version > 0)
    );
    assert!(
        done.iter().all(|m| m.unopened),
        "whoever comes second may have to make the keyring"
    );
}

/// Beside nodes that run: whoever waits behind the migration must not wait for a backup.
async fn a_table_that_somebody_holds_is_waited_for_a_moment_only(t: Bench) {
    if matches!(t.kind, EngineKind::Sqlite) {
        return;
    }
    let before = columns(&t).await;
    let holder = connect(&t.target).await;
    holder
        .batch_execute("BEGIN; LOCK TABLE refinery_schema_history IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    let held = sql::migrate(&t.target, InstanceKind::Demo, at(1)).await;
    assert!(
        matches!(held, Err(OpenError::Schema(SchemaError::Held))),
        "{held:?}"
    );
    let said = held.unwrap_err().to_string();
    assert!(said.contains("a backup?") && said.contains("try again"));
    holder.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(columns(&t).await, before);
    let again = sql::migrate(&t.target, InstanceKind::Demo, at(1)).await;
    assert!(again.unwrap().applied.is_empty());
}

async fn a_newer_schema_is_refused(t: Bench) {
    t.raw(
        "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) \
         VALUES (9999, 'later', '2027-01-01T00:00:00Z', '1')",
    )
    .await
    .unwrap();
    let opened = sql::open(&t.target, t.keyring.clone(), InstanceKind::Demo).await;
    assert!(
        matches!(
            opened,
            Err(OpenError::Schema(SchemaError::Newer { found: 9999, .. }))
        ),
        "{opened:?}"
    );
    let migrated = sql::migrate(&t.target, InstanceKind::Demo, at(1)).await;
    assert!(
        matches!(
            migrated,
            Err(OpenError::Schema(SchemaError::Newer { found: 9999, .. }))
        ),
        "{migrated:?}"
    );
}

async fn a_changed_migration_is_refused(t: Bench) {
    t.raw("UPDATE refinery_schema_history SET checksum = '1' WHERE version = 1")
        .await
        .unwrap();
    let migrated = sql::migrate(&t.target, InstanceKind::Demo, at(1)).await;
    assert!(
        matches!(migrated, Err(OpenError::Schema(SchemaError::Divergent(_)))),
        "{migrated:?}"
    );
}

/// `table.column type nullable` of everything we made, in one wording.
pub(crate) async fn columns(t: &Bench) -> BTreeSet<String> {
    match &t.kind {
        EngineKind::Sqlite => sqlite_columns(&rusqlite::Connection::open(&t.target).unwrap()),
        EngineKind::Postgres(_) => connect(&t.target)
            .await
            .query(
                "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || \
                    CASE is_nullable WHEN 'YES' THEN 'null' ELSE 'not null' END \
                 FROM information_schema.columns \
                 WHERE table_schema = current_schema() AND table_name <> 'refinery_schema_history'",
                &[],
            )
            .await
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect(),
    }
}

fn sqlite_columns(conn: &rusqlite::Connection) -> BTreeSet<String> {
    let mut stmt = conn
        .prepare(
            "SELECT t.name || '.' || c.name || ' ' || \
                CASE c.type WHEN 'INTEGER' THEN 'bigint' WHEN 'TEXT' THEN 'text' WHEN 'BLOB' THEN 'bytea' \
                    ELSE c.type END || ' ' || CASE c.\"notnull\" WHEN 0 THEN 'null' ELSE 'not null' END \
             FROM pragma_table_list t JOIN pragma_table_info(t.name) c \
             WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%' \
               AND t.name <> 'refinery_schema_history'",
        )
        .unwrap();
    let rows = stmt.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// Runs where both engines are at hand: on PostgreSQL, beside a fresh SQLite file.
async fn columns_are_what_the_other_engine_has(t: Bench) {
    let here = columns(&t).await;
    assert!(here.len() > 60, "{here:?}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.db");
    sql::migrate(file.to_str().unwrap(), InstanceKind::Demo, at(0))
        .await
        .unwrap();
    let there = sqlite_columns(&rusqlite::Connection::open(&file).unwrap());
    let only_here: Vec<_> = here.difference(&there).collect();
    let only_there: Vec<_> = there.difference(&here).collect();
    assert!(
        only_here.is_empty() && only_there.is_empty(),
        "only {}: {only_here:?}; only sqlite: {only_there:?}",
        t.kind.name()
    );
}

async fn columns_have_the_allowed_types(t: Bench) {
    for column in columns(&t).await {
        let kind = column.split(' ').nth(1).unwrap();
        assert!(matches!(kind, "bigint" | "text" | "bytea"), "{column}");
    }
    if matches!(t.kind, EngineKind::Sqlite) {
        let loose = t
            .text(
                "SELECT COALESCE(group_concat(name), '') FROM pragma_table_list WHERE schema = 'main' \
                 AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%' AND name <> 'refinery_schema_history'",
            )
            .await;
        assert_eq!(loose, "", "tables that are not STRICT");
    }
}
