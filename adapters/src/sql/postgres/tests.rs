//! What the pool promises when connections die or callers leave. Needs `TEST_POSTGRES_URL`; its
//! absence is a failure where `REQUIRE_POSTGRES=1` says that the services must be there.

use std::time::{Duration, Instant};

use lifeline_core::shared::deadline;
use lifeline_core::store::StoreError;
use tokio_postgres::NoTls;

use super::{Postgres, Target};
use crate::sql::Keeping;
use crate::sql::conn::{Conn, WriteConn as _};
use crate::sql::statement::statements;
use crate::sql::value::args;

statements! { "pool":
    PID("t") = "SELECT CAST(pg_backend_pid() AS BIGINT) AS n";
    MAKE("t") = "CREATE TEMPORARY TABLE t (id BIGINT PRIMARY KEY) ON COMMIT DROP";
    ADD("t") = "INSERT INTO t (id) VALUES ($1)";
    SLEEP("t") = "SELECT CAST(1 AS BIGINT) AS n FROM pg_sleep(30)";
    LONG("t") = "SELECT CAST(1 AS BIGINT) AS n FROM pg_sleep(5.5)";
    LONG_ENOUGH("t") = "SELECT CAST(1 AS BIGINT) AS n FROM pg_sleep(1.2)";
    XACT("t") = "SELECT CAST(EXTRACT(EPOCH FROM now()) * 1000000 AS BIGINT) AS n";
}

async fn engine() -> Option<Postgres> {
    assert!(!STATEMENTS.is_empty());
    let Ok(url) = std::env::var("TEST_POSTGRES_URL") else {
        let required = std::env::var("REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
        assert!(
            !required,
            "the services are required but TEST_POSTGRES_URL is not set"
        );
        return None;
    };
    Some(
        Postgres::open(&Target::parse(&url).unwrap(), None)
            .await
            .unwrap(),
    )
}

#[test]
fn the_watch_of_sold_power_leaves_half_of_the_connections_to_others() {
    let most = lifeline_core::settlement::watch::SIDE_BY_SIDE_MAX;
    assert_eq!(most.min(super::limits::CONNECTIONS / 2), most);
}

async fn number(conn: &mut impl Conn, stmt: &'static crate::sql::Stmt) -> i64 {
    conn.query(stmt, args![]).await.unwrap()[0]
        .int("n")
        .unwrap()
}

/// Ends a server process as an administrator or a fail-over would.
async fn kill(pid: i64) {
    let url = std::env::var("TEST_POSTGRES_URL").unwrap();
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let pid = i32::try_from(pid).unwrap();
    client
        .execute("SELECT pg_terminate_backend($1)", &[&pid])
        .await
        .unwrap();
    loop {
        let gone = "SELECT COUNT(*) = 0 FROM pg_stat_activity WHERE pid = $1";
        if client.query_one(gone, &[&pid]).await.unwrap().get(0) {
            return;
        }
    }
}

#[tokio::test]
async fn a_connection_that_died_in_the_pool_is_replaced_unseen() {
    let Some(engine) = engine().await else { return };
    let mut unit = engine.begin().await.unwrap();
    let pid = number(&mut unit, &PID).await;
    unit.commit().await.unwrap();
    kill(pid).await;
    let mut unit = engine.begin().await.unwrap();
    assert_ne!(number(&mut unit, &PID).await, pid);
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_unknown() {
    let Some(engine) = engine().await else { return };
    let mut unit = engine.begin().await.unwrap();
    let pid = number(&mut unit, &PID).await;
    kill(pid).await;
    let outcome = unit.commit().await;
    assert!(
        matches!(outcome, Err(StoreError::CommitUnknown(_))),
        "{outcome:?}"
    );
    let mut unit = engine.begin().await.unwrap();
    assert_ne!(number(&mut unit, &PID).await, pid);
}

#[tokio::test]
async fn a_statement_on_a_dead_connection_is_unavailable_and_ends_the_unit() {
    let Some(engine) = engine().await else { return };
    let mut unit = engine.begin().await.unwrap();
    let pid = number(&mut unit, &PID).await;
    kill(pid).await;
    let outcome = unit.query(&PID, args![]).await;
    assert!(
        matches!(outcome, Err(StoreError::Unavailable(_))),
        "{outcome:?}"
    );
    assert!(matches!(unit.commit().await, Err(StoreError::Refused(_))));
}

/// Asked in a session of ours: what the URL, the role or the database sets is in force there.
#[tokio::test]
async fn whether_commits_wait_for_a_disk_is_asked_as_our_sessions_are_set() {
    if engine().await.is_none() {
        return;
    }
    let base = std::env::var("TEST_POSTGRES_URL").unwrap();
    let joint = if base.contains('?') { '&' } else { '?' };
    for (commit, waits) in [("off", false), ("local", true), ("on", true)] {
        let url = format!("{base}{joint}options=-c%20synchronous_commit%3D{commit}");
        let target = Target::parse(&url).unwrap();
        let set = Postgres::open(&target, None).await.unwrap();
        let said = set.keeping().await.unwrap();
        assert_eq!(said != Keeping::Nothing, waits, "{commit}: {said:?}");
    }
}

/// A dropped unit's connection comes back clean: same server process, another transaction.
#[tokio::test]
async fn a_dropped_unit_gives_its_connection_back_rolled_back() {
    let Some(engine) = engine().await else { return };
    let mut unit = engine.begin().await.unwrap();
    let pid = number(&mut unit, &PID).await;
    let begun = number(&mut unit, &XACT).await;
    unit.execute(&MAKE, args![]).await.unwrap();
    drop(unit);
    while engine.pool.status().available == 0 {
        tokio::task::yield_now().await;
    }
    let mut next = engine.begin().await.unwrap();
    assert_eq!(number(&mut next, &PID).await, pid);
    assert!(
        number(&mut next, &XACT).await > begun,
        "still inside the old transaction"
    );
    // The table of the dropped unit is gone.
    assert!(next.execute(&ADD, args![1_i64]).await.is_err());
}

/// A caller that leaves in the middle of a statement: nobody gets that connection again.
#[tokio::test]
async fn a_unit_left_inside_a_statement_costs_its_connection() {
    let Some(engine) = engine().await else { return };
    let mut unit = engine.begin().await.unwrap();
    let pid = number(&mut unit, &PID).await;
    let left = tokio::time::timeout(Duration::from_millis(100), unit.query(&SLEEP, args![])).await;
    assert!(left.is_err());
    let after = unit.query(&PID, args![]).await;
    assert!(matches!(after, Err(StoreError::Refused(_))), "{after:?}");
    drop(unit);
    let mut next = engine.begin().await.unwrap();
    assert_ne!(number(&mut next, &PID).await, pid);
}

#[tokio::test]
async fn a_failed_unit_cannot_pass_its_commit_for_a_success() {
    let Some(engine) = engine().await else { return };
    let mut unit = engine.begin().await.unwrap();
    unit.execute(&MAKE, args![]).await.unwrap();
    unit.execute(&ADD, args![1_i64]).await.unwrap();
    let duplicate = unit.execute(&ADD, args![1_i64]).await;
    assert!(
        matches!(duplicate, Err(StoreError::Duplicate(_))),
        "{duplicate:?}"
    );
    assert!(matches!(unit.commit().await, Err(StoreError::Refused(_))));
}

#[tokio::test]
async fn many_writes_travel_together_and_the_first_failure_is_told() {
    let Some(engine) = engine().await else { return };
    let mut unit = engine.begin().await.unwrap();
    unit.execute(&MAKE, args![]).await.unwrap();
    let ids = |ids: &[i64]| ids.iter().map(|id| args![*id]).collect::<Vec<_>>();
    assert_eq!(
        unit.execute_many(&ADD, ids(&[1, 2, 3])).await.unwrap(),
        [1, 1, 1]
    );
    let failed = unit.execute_many(&ADD, ids(&[4, 2, 5])).await;
    assert!(
        matches!(failed, Err(StoreError::Duplicate(_))),
        "{failed:?}"
    );
}

#[tokio::test]
async fn the_server_ends_a_statement_that_runs_too_long() {
    let Some(engine) = engine().await else { return };
    let mut unit = engine.begin().await.unwrap();
    let outcome = unit.query(&LONG, args![]).await;
    assert!(
        matches!(outcome, Err(StoreError::Unavailable(_))),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn an_empty_pool_makes_callers_wait_only_so_long() {
    let Some(engine) = engine().await else { return };
    let mut held = Vec::new();
    for _ in 0..super::limits::CONNECTIONS {
        held.push(engine.begin().await.unwrap());
    }
    let began = std::time::Instant::now();
    let refused = engine.begin().await.map(|_| ());
    assert!(
        matches!(refused, Err(StoreError::Unavailable(_))),
        "{refused:?}"
    );
    let waited = began.elapsed();
    assert!(waited >= super::limits::POOL_WAIT_MAX, "{waited:?}");
    assert!(waited < super::limits::POOL_WAIT_MAX * 2, "{waited:?}");
    held.pop();
    assert!(engine.begin().await.is_ok());
}

/// The server itself ends the statement of a request that has no more time, and its connection is used again.
#[tokio::test]
async fn the_server_ends_a_statement_when_the_request_it_is_for_is_over() {
    let Some(engine) = engine().await else { return };
    let began = Instant::now();
    // Enough for a busy machine to connect and begin, less than a statement may take at all.
    let until = began + Duration::from_secs(1);
    let pid = deadline::within(until, async {
        let mut unit = engine.begin().await.unwrap();
        let pid = number(&mut unit, &PID).await;
        let cut = unit.query(&SLEEP, args![]).await;
        assert!(matches!(cut, Err(StoreError::Unavailable(_))), "{cut:?}");
        pid
    })
    .await;
    assert!(
        began.elapsed() >= Duration::from_millis(990),
        "cut too early"
    );
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "the thirty seconds were waited for"
    );
    while engine.pool.status().available == 0 {
        tokio::task::yield_now().await;
    }
    let mut next = engine.begin().await.unwrap();
    assert_eq!(
        number(&mut next, &PID).await,
        pid,
        "the connection was lost"
    );
    // The limit was that unit's alone.
    assert_eq!(number(&mut next, &LONG_ENOUGH).await, 1);
}
