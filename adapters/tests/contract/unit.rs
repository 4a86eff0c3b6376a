//! The unit of work itself: whole or not at all, alone or together, on both engines alike.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lifeline_adapters::keyring::{InstanceKind, Keyring};
use lifeline_adapters::sql::{self, OpenError, SchemaError};
use lifeline_core::audit::Line;
use lifeline_core::shared::ids::EvidenceId;
use lifeline_core::store::{StoreError, atomically, snapshot};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::bench::{Bench, EngineKind, at, now};
use crate::contracts;

contracts! { "unit":
    failed_statement_ends_the_unit => [];
    concurrent_units_all_commit_or_say_so => [];
    failing_neighbours_do_not_touch_a_unit => [];
    a_unit_sees_its_own_writes_and_others_do_not => [];
    a_snapshot_is_one_moment => [];
    a_long_reader_keeps_no_writer_waiting => [];
    a_cancelled_waiter_holds_nobody_up => [];
    a_unit_cancelled_while_it_waits_for_a_row_leaves_nothing => [];
    a_conflict_is_run_again_and_only_so_often => [];
    a_unit_that_overstays_is_rolled_back_and_the_next_goes_on => [];
    committed_work_survives_a_new_process => [];
    a_closed_store_refuses_work => [];
    ping_answers => [];
    store_and_keyring_of_another_kind_are_refused => [];
    an_unmigrated_store_is_refused => [];
}

pub(crate) fn line(t: &Bench, subject: &str) -> Line {
    Line {
        audit_id: t.id::<EvidenceId>().to_string(),
        at: now(),
        actor: "job:test".into(),
        act: "unit.test".into(),
        subject: subject.into(),
        outcome: "ok".into(),
        source: String::new(),
        trace_id: "trace-1".into(),
    }
}

pub(crate) async fn count(t: &Bench, subject: &str) -> usize {
    t.write(async |tx| tx.audit().about(subject, 10_000).await)
        .await
        .unwrap()
        .len()
}

/// A swallowed error must not let half a unit through.
async fn failed_statement_ends_the_unit(t: Bench) {
    let (first, second) = (line(&t, "s"), line(&t, "s"));
    let outcome = t
        .write(async |tx| {
            tx.audit().append(&first).await?;
            let again = tx.audit().append(&first).await;
            assert!(matches!(again, Err(StoreError::Duplicate(_))), "{again:?}");
            let after = tx.audit().append(&second).await;
            assert!(matches!(after, Err(StoreError::Refused(_))), "{after:?}");
            Ok(())
        })
        .await;
    assert!(
        matches!(outcome, Err(StoreError::Refused(_))),
        "{outcome:?}"
    );
    assert_eq!(count(&t, "s").await, 0);
}

async fn concurrent_units_all_commit_or_say_so(t: Bench) {
    let mut writers = JoinSet::new();
    for writer in 0..16 {
        let t = t.clone();
        writers.spawn(async move {
            for _ in 0..25 {
                let line = line(&t, &format!("writer-{writer}"));
                t.write(async |tx| tx.audit().append(&line).await)
                    .await
                    .unwrap();
                let mine = count(&t, &format!("writer-{writer}")).await;
                assert!(mine > 0, "an acknowledged unit is visible at once");
            }
        });
    }
    writers.join_all().await;
    for writer in 0..16 {
        assert_eq!(count(&t, &format!("writer-{writer}")).await, 25);
    }
}

/// Units share a group commit on SQLite: a third is dropped, a third fails, a third must be whole.
async fn failing_neighbours_do_not_touch_a_unit(t: Bench) {
    let taken = line(&t, "taken");
    t.write(async |tx| tx.audit().append(&taken).await)
        .await
        .unwrap();
    let mut writers = JoinSet::new();
    for n in 0..60 {
        let (t, taken) = (t.clone(), taken.clone());
        writers.spawn(async move {
            let (a, b) = (line(&t, "pair"), line(&t, "pair"));
            match n % 3 {
                0 => {
                    t.write(async |tx| {
                        tx.audit().append(&a).await?;
                        tokio::task::yield_now().await;
                        tx.audit().append(&b).await
                    })
                    .await
                    .unwrap();
                }
                1 => {
                    t.write_and_drop(async |tx| {
                        tx.audit().append(&a).await?;
                        tokio::task::yield_now().await;
                        tx.audit().append(&b).await
                    })
                    .await;
                }
                _ => {
                    let failed = t
                        .write(async |tx| {
                            tx.audit().append(&a).await?;
                            tx.audit().append(&taken).await
                        })
                        .await;
                    assert!(
                        matches!(failed, Err(StoreError::Duplicate(_))),
                        "{failed:?}"
                    );
                }
            }
        });
    }
    writers.join_all().await;
    assert_eq!(count(&t, "pair").await, 40);
}

async fn a_unit_sees_its_own_writes_and_others_do_not(t: Bench) {
    let job = "sweep";
    let outcome = t
        .write(async |tx| {
            tx.jobs().ensure(job, 60, now()).await?;
            assert_eq!(tx.jobs().list().await?.len(), 1);
            let outside = snapshot(&*t.store).await?.jobs().list().await?;
            assert!(
                outside.is_empty(),
                "uncommitted work is visible: {outside:?}"
            );
            Ok(())
        })
        .await;
    outcome.unwrap();
    assert_eq!(t.view().await.jobs().list().await.unwrap().len(), 1);
}

async fn a_snapshot_is_one_moment(t: Bench) {
    let mut before = t.view().await;
    t.write(async |tx| tx.jobs().ensure("sweep", 60, now()).await)
        .await
        .unwrap();
    assert!(before.jobs().list().await.unwrap().is_empty());
    t.write(async |tx| tx.jobs().ensure("drain", 60, now()).await)
        .await
        .unwrap();
    assert!(before.jobs().list().await.unwrap().is_empty());
    drop(before);
    assert_eq!(t.view().await.jobs().list().await.unwrap().len(), 2);
}

/// Half of the callers go away while they wait or work; the other half is served.
async fn a_cancelled_waiter_holds_nobody_up(t: Bench) {
    let mut leaving = Vec::new();
    let mut staying = JoinSet::new();
    for n in 0..64 {
        let t = t.clone();
        let line = line(&t, if n % 2 == 0 { "stays" } else { "leaves" });
        let work = async move {
            t.write(async |tx| {
                tokio::task::yield_now().await;
                tx.audit().append(&line).await
            })
            .await
        };
        if n % 2 == 0 {
            staying.spawn(work);
        } else {
            leaving.push(tokio::spawn(work));
        }
        tokio::task::yield_now().await;
    }
    for task in leaving {
        task.abort();
    }
    for outcome in staying.join_all().await {
        outcome.unwrap();
    }
    assert_eq!(count(&t, "stays").await, 32);
    assert!(count(&t, "leaves").await <= 32);
}

/// One unit holds a job's row; another waits for it (PostgreSQL: inside a statement, SQLite: for its
/// turn) and is cancelled there.
async fn a_unit_cancelled_while_it_waits_for_a_row_leaves_nothing(t: Bench) {
    t.write(async |tx| tx.jobs().ensure("sweep", 60, now()).await)
        .await
        .unwrap();
    let (held, let_go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let holder = {
        let (t, held, let_go) = (t.clone(), Arc::clone(&held), Arc::clone(&let_go));
        tokio::spawn(async move {
            t.write(async |tx| {
                let mine = tx.jobs().claim("sweep", at(0), at(30)).await?;
                held.notify_one();
                let_go.notified().await;
                Ok(mine)
            })
            .await
        })
    };
    held.notified().await;
    let line = line(&t, "waiter");
    let waiter = {
        let t = t.clone();
        tokio::spawn(async move {
            t.write(async |tx| {
                tx.audit().append(&line).await?;
                tx.jobs().claim("sweep", at(0), at(30)).await
            })
            .await
        })
    };
    // Long enough to be waiting; if it is not, the contract holds all the same.
    tokio::time::sleep(Duration::from_millis(100)).await;
    waiter.abort();
    assert!(waiter.await.unwrap_err().is_cancelled());
    let_go.notify_one();
    assert!(holder.await.unwrap().unwrap().is_some());
    assert_eq!(count(&t, "waiter").await, 0);
    assert_eq!(
        t.view().await.jobs().list().await.unwrap()[0].lease_epoch,
        1
    );
}

async fn a_conflict_is_run_again_and_only_so_often(t: Bench) {
    let runs = AtomicU32::new(0);
    let line = line(&t, "s");
    let third_time: Result<(), StoreError> = atomically(&*t.store, async |tx| {
        tx.audit().append(&line).await?;
        if runs.fetch_add(1, Ordering::Relaxed) < 2 {
            return Err(StoreError::Conflict);
        }
        Ok(())
    })
    .await;
    third_time.unwrap();
    assert_eq!(runs.load(Ordering::Relaxed), 3);
    assert_eq!(count(&t, "s").await, 1);
    let never: Result<(), StoreError> = atomically(&*t.store, async |_| {
        runs.fetch_add(1, Ordering::Relaxed);
        Err(StoreError::Conflict)
    })
    .await;
    assert!(matches!(never, Err(StoreError::Conflict)));
    assert_eq!(runs.load(Ordering::Relaxed), 8);
}

/// A backup, or a reader that forgot to end: writers go on, and what piled up for it on disk is used
/// again once it is gone.
async fn a_long_reader_keeps_no_writer_waiting(t: Bench) {
    let write = async |times: u32| {
        for _ in 0..times {
            let line = line(&t, "s");
            t.write(async |tx| tx.audit().append(&line).await)
                .await
                .unwrap();
        }
    };
    let log_bytes = || match t.kind {
        EngineKind::Sqlite => std::fs::metadata(format!("{}-wal", t.target))
            .unwrap()
            .len(),
        EngineKind::Postgres(_) => 0,
    };
    let reader = t.view().await;
    write(400).await;
    assert_eq!(count(&t, "s").await, 400);
    let piled_up = log_bytes();
    drop(reader);
    write(800).await;
    assert_eq!(count(&t, "s").await, 1_200);
    assert!(
        log_bytes() <= piled_up + 1_000_000,
        "the log does not grow for ever"
    );
}

/// SQLite takes the writer away after its deadline; on PostgreSQL others never wait for it.
async fn a_unit_that_overstays_is_rolled_back_and_the_next_goes_on(t: Bench) {
    // So long that a busy machine ends the quick one within it.
    let unit_max = Duration::from_millis(500);
    let t = t.hasty_process(unit_max).await;
    let held = Arc::new(Notify::new());
    let (telling, other, line_of_slow) = (Arc::clone(&held), t.clone(), line(&t, "slow"));
    let slow = tokio::spawn(async move {
        other
            .write(async |tx| {
                tx.audit().append(&line_of_slow).await?;
                telling.notify_one();
                // Idle for longer than a unit may take: this is what the deadline is for.
                tokio::time::sleep(unit_max * 3).await;
                tx.audit().about("slow", 1).await
            })
            .await
    });
    held.notified().await;
    let quick = line(&t, "quick");
    t.write(async |tx| tx.audit().append(&quick).await)
        .await
        .unwrap();
    assert_eq!(count(&t, "quick").await, 1);
    let outcome = slow.await.unwrap();
    assert!(
        matches!(outcome, Err(StoreError::Unavailable(_))),
        "{outcome:?}"
    );
    assert_eq!(count(&t, "slow").await, 0);
}

async fn committed_work_survives_a_new_process(t: Bench) {
    let line = line(&t, "s");
    t.write(async |tx| tx.audit().append(&line).await)
        .await
        .unwrap();
    let other = t.another_process().await;
    assert_eq!(count(&other, "s").await, 1);
    let more = Line {
        audit_id: t.id::<EvidenceId>().to_string(),
        ..line
    };
    other
        .write(async |tx| tx.audit().append(&more).await)
        .await
        .unwrap();
    assert_eq!(count(&t, "s").await, 2);
    other.store.close().await.unwrap();
}

async fn a_closed_store_refuses_work(t: Bench) {
    let other = t.another_process().await;
    let line = line(&t, "s");
    other
        .write(async |tx| tx.audit().append(&line).await)
        .await
        .unwrap();
    other.store.close().await.unwrap();
    assert!(matches!(
        other.write(async |tx| tx.outbox().backlog().await).await,
        Err(StoreError::Unavailable(_))
    ));
    assert!(snapshot(&*other.store).await.is_err());
    assert!(other.store.ping().await.is_err());
    other.store.close().await.unwrap();
    assert_eq!(count(&t, "s").await, 1);
}

async fn ping_answers(t: Bench) {
    t.store.ping().await.unwrap();
    let of_server = t.store.server_time().await.unwrap();
    let is_server = matches!(t.kind, EngineKind::Postgres(_));
    assert_eq!(of_server.is_some(), is_server);
    assert!(of_server.is_none_or(|time| time.unix_seconds() > 1_750_000_000));
    assert_eq!(t.store.name(), t.kind.name());
    let instance = t.store.instance();
    assert_eq!(instance.kind, InstanceKind::Demo);
    assert_eq!((instance.restore_epoch, instance.created_at), (0, now()));
}

async fn store_and_keyring_of_another_kind_are_refused(t: Bench) {
    let live = Arc::new(Keyring::generate(InstanceKind::Live).unwrap());
    let opened = sql::open(&t.target, Arc::clone(&live), InstanceKind::Live).await;
    assert!(
        matches!(opened, Err(OpenError::WrongKind { .. })),
        "{opened:?}"
    );
    let opened = sql::open(&t.target, live, InstanceKind::Demo).await;
    assert!(
        matches!(opened, Err(OpenError::WrongKeyring { .. })),
        "{opened:?}"
    );
    let migrated = sql::migrate(&t.target, InstanceKind::Live, at(9)).await;
    assert!(
        matches!(migrated, Err(OpenError::WrongKind { .. })),
        "{migrated:?}"
    );
}

async fn an_unmigrated_store_is_refused(t: Bench) {
    let keyring = Arc::clone(&t.keyring);
    let empty = match &t.kind {
        EngineKind::Sqlite => format!("{}.other", t.target),
        EngineKind::Postgres(_) => {
            let joint = if t.target.contains('?') { '&' } else { '?' };
            format!("{}{joint}options=-c%20search_path%3Dnowhere", t.target)
        }
    };
    let opened = sql::open(&empty, keyring, InstanceKind::Demo).await;
    assert!(
        matches!(opened, Err(OpenError::Schema(SchemaError::Absent))),
        "{opened:?}"
    );
    if matches!(t.kind, EngineKind::Sqlite) {
        assert!(
            !std::path::Path::new(&empty).exists(),
            "looking must not create"
        );
    }
}
