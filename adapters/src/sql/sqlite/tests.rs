//! What group commit promises when units overstay, fail, or the commit itself fails.

use std::sync::Arc;
use std::time::Duration;

use lifeline_core::store::StoreError;
use rusqlite::StatementStatus;
use tokio::task::JoinSet;

use super::line::Line;
use super::{WriteUnit, open_writer};
use crate::sql::conn::{Conn as _, WriteConn as _};
use crate::sql::statement::statements;
use crate::sql::value::args;

statements! { "group":
    ADD("t") = "INSERT INTO t (id, parent) VALUES ($1, $2)";
    COUNT("t") = "SELECT COUNT(*) AS n FROM t";
    DEFER("t") = "PRAGMA defer_foreign_keys = ON";
    SLOW("t") = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000000000) \
        SELECT COUNT(*) AS n FROM c";
    FILL("t") = "INSERT INTO blob_of (data) VALUES (zeroblob(1000000))";
}

struct Shop {
    line: Arc<Line>,
    _folder: tempfile::TempDir,
}

fn shop(unit_max: Duration) -> Shop {
    let folder = tempfile::tempdir().unwrap();
    let conn = open_writer(&folder.path().join("t.db")).unwrap();
    conn.execute_batch(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES t (id)) STRICT;
         CREATE TABLE blob_of (data BLOB) STRICT;
         PRAGMA max_page_count = 64;",
    )
    .unwrap();
    assert!(!STATEMENTS.is_empty());
    Shop {
        line: Line::start(conn, unit_max).unwrap(),
        _folder: folder,
    }
}

const LONG: Duration = Duration::from_secs(30);
/// What is to overstay does so soon, and what is not to does not, however busy the machine.
const SHORT: Duration = Duration::from_millis(500);

impl Shop {
    async fn unit(&self) -> WriteUnit {
        WriteUnit::begin(&self.line).await.unwrap()
    }

    async fn add(&self, id: i64) -> Result<(), StoreError> {
        let mut unit = self.unit().await;
        unit.execute(&ADD, args![id, None::<i64>]).await?;
        unit.commit().await
    }

    async fn count(&self) -> i64 {
        let mut unit = self.unit().await;
        let rows = unit.query(&COUNT, args![]).await.unwrap();
        rows[0].int("n").unwrap()
    }
}

/// A first unit waits for its group while a second one works in it.
async fn two_in_one_group(
    shop: &Shop,
) -> (tokio::task::JoinHandle<Result<(), StoreError>>, WriteUnit) {
    let mut first = shop.unit().await;
    first
        .execute(&ADD, args![1_i64, None::<i64>])
        .await
        .unwrap();
    let line = Arc::clone(&shop.line);
    let second = tokio::spawn(async move { WriteUnit::begin(&line).await.unwrap() });
    while shop.line.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    let first = tokio::spawn(first.commit());
    (first, second.await.unwrap())
}

#[tokio::test]
async fn nobody_is_answered_before_the_shared_commit() {
    let shop = shop(LONG);
    let (first, mut second) = two_in_one_group(&shop).await;
    second
        .execute(&ADD, args![2_i64, None::<i64>])
        .await
        .unwrap();
    tokio::task::yield_now().await;
    assert!(!first.is_finished(), "answered while its group is open");
    second.commit().await.unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(shop.count().await, 2);
}

#[tokio::test]
async fn a_dropped_unit_takes_only_itself_back() {
    let shop = shop(LONG);
    let (first, mut second) = two_in_one_group(&shop).await;
    second
        .execute(&ADD, args![2_i64, None::<i64>])
        .await
        .unwrap();
    drop(second);
    first.await.unwrap().unwrap();
    assert_eq!(shop.count().await, 1);
}

#[tokio::test]
async fn a_failed_commit_fails_all_of_its_group() {
    let shop = shop(LONG);
    let (first, mut second) = two_in_one_group(&shop).await;
    second.query(&DEFER, args![]).await.unwrap();
    second.execute(&ADD, args![2_i64, 99_i64]).await.unwrap();
    let second = second.commit().await;
    assert!(
        matches!(second, Err(StoreError::Unavailable(_))),
        "{second:?}"
    );
    let first = first.await.unwrap();
    assert!(
        matches!(first, Err(StoreError::Unavailable(_))),
        "{first:?}"
    );
    assert_eq!(shop.count().await, 0);
    shop.add(3).await.unwrap();
}

/// A full disk may end the whole transaction: the neighbours are told to run again.
#[tokio::test]
async fn a_full_disk_costs_nobody_an_acknowledged_unit() {
    let shop = shop(LONG);
    let (first, mut second) = two_in_one_group(&shop).await;
    let full = second.execute(&FILL, args![]).await;
    assert!(matches!(full, Err(StoreError::Unavailable(_))), "{full:?}");
    assert!(second.commit().await.is_err());
    let kept = match first.await.unwrap() {
        Ok(()) => 1,
        Err(StoreError::Conflict) => 0,
        Err(other) => panic!("{other:?}"),
    };
    assert_eq!(shop.count().await, kept);
    shop.add(3).await.unwrap();
}

#[tokio::test]
async fn an_overdue_unit_is_rolled_back_by_its_group() {
    let shop = shop(SHORT);
    let (first, mut second) = two_in_one_group(&shop).await;
    second
        .execute(&ADD, args![2_i64, None::<i64>])
        .await
        .unwrap();
    // The second unit does nothing more; the first does not wait for it for ever.
    first.await.unwrap().unwrap();
    let late = second.execute(&ADD, args![3_i64, None::<i64>]).await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    assert!(second.commit().await.is_err());
    assert_eq!(shop.count().await, 1);
}

#[tokio::test]
async fn an_overdue_unit_cannot_commit_even_when_nobody_waits() {
    let shop = shop(SHORT);
    let mut unit = shop.unit().await;
    unit.execute(&ADD, args![1_i64, None::<i64>]).await.unwrap();
    // Nothing else on this thread has a turn meanwhile.
    std::thread::sleep(SHORT);
    assert!(matches!(
        unit.commit().await,
        Err(StoreError::Unavailable(_))
    ));
    assert_eq!(shop.count().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_runs_too_long_is_interrupted() {
    let shop = shop(SHORT);
    let mut slow = shop.unit().await;
    let running = tokio::spawn(async move { slow.query(&SLOW, args![]).await.map(|_| ()) });
    let added = tokio::time::timeout(Duration::from_secs(60), shop.add(1)).await;
    added.expect("waits for ever").unwrap();
    let interrupted = running.await.unwrap();
    assert!(
        matches!(interrupted, Err(StoreError::Unavailable(_))),
        "{interrupted:?}"
    );
    assert_eq!(shop.count().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_units_share_commits_and_all_arrive() {
    let shop = Arc::new(shop(LONG));
    let mut writers = JoinSet::new();
    for writer in 0..16_i64 {
        let shop = Arc::clone(&shop);
        writers.spawn(async move {
            for n in 0..50_i64 {
                shop.add(writer * 1000 + n).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    assert_eq!(shop.count().await, 800);
    assert!(
        shop.line.commits() < 800,
        "every unit paid for a commit of its own"
    );
}

/// With a partial index SQLite would plan a statement anew for every value bound to it, which costs
/// more than running it.
#[tokio::test]
async fn a_statement_is_planned_once_whatever_is_bound() {
    let shop = shop(LONG);
    let desk = shop.line.desk();
    desk.conn
        .execute_batch("CREATE INDEX t_parent ON t (parent) WHERE parent IS NOT NULL")
        .unwrap();
    let mut statement = desk
        .conn
        .prepare("SELECT id FROM t WHERE parent <= ?1 AND (id = ?2 OR id <= ?1) ORDER BY parent")
        .unwrap();
    for value in 0..5_i64 {
        assert!(!statement.exists([value, value]).unwrap());
    }
    assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
}
