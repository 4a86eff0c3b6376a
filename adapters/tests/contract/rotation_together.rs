//! New keys while several processes work: each step once, and none goes on without the key.

use std::sync::Arc;

use lifeline_adapters::keyring::{InstanceKind, Keyring, Purpose};
use lifeline_adapters::sql::rotation::{Progress, QUIET_S, RotateError};
use lifeline_adapters::sql::{self, OpenError};
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::bench::{Bench, now};
use crate::contracts;
use crate::household::{all_is_there, household};
use crate::rotation::rotating;

contracts! { "rotation":
    of_two_at_once_each_step_is_done_once => [];
    who_comes_to_its_end_too_late_begins_no_other => [];
    a_process_with_an_older_keyring_does_not_work => [];
    an_older_keyring_does_not_open_the_store => [];
    another_keyring_does_not_adopt_a_store_with_data => [];
}

async fn of_two_at_once_each_step_is_done_once(t: Bench) {
    let h = household(&t).await;
    let other = t.process_with(&t.key_file()).await.unwrap();
    let purpose = Purpose::DataWrapping;
    let (mut clock, mut announced, mut activated, mut moved) = (now(), 0, 0, 0);
    for _ in 0..100 {
        let mut both = JoinSet::new();
        for process in [&t, &other] {
            let store = Arc::clone(&process.store);
            both.spawn(async move { store.rotate(purpose, clock).await });
        }
        let mut over = false;
        for step in both.join_all().await {
            match step {
                Ok(Progress::Announced { .. }) => announced += 1,
                Ok(Progress::Activated) => activated += 1,
                Ok(Progress::Moved { rows, .. }) => moved += rows,
                Ok(Progress::Wait { until }) => clock = clock.max(until),
                Ok(Progress::Finished { .. }) => over = true,
                // The other one was first; a repeat goes on from there.
                Err(RotateError::Store(StoreError::Conflict | StoreError::Duplicate(_))) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        if over {
            break;
        }
    }
    assert_eq!((announced, activated), (1, 1));
    assert!(moved > 0);
    all_is_there(&t, &h).await;
    all_is_there(&other, &h).await;
}

async fn who_comes_to_its_end_too_late_begins_no_other(t: Bench) {
    household(&t).await;
    let purpose = Purpose::DataWrapping;
    let ended_at = rotating(&t, purpose, now()).finish().await;
    let until = ended_at.plus_seconds(QUIET_S);
    let late = t.store.rotate(purpose, ended_at).await.unwrap();
    assert_eq!(late, Progress::Wait { until });
    // Later it is a wish of its own.
    let again = t.store.rotate(purpose, until).await.unwrap();
    assert!(matches!(again, Progress::Announced { .. }), "{again:?}");
}

async fn a_process_with_an_older_keyring_does_not_work(t: Bench) {
    let h = household(&t).await;
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("keyring.json");
    std::fs::copy(t.key_file(), &copy).unwrap();
    let old_node = t.process_with(&copy).await.unwrap();
    all_is_there(&old_node, &h).await;
    t.store.rotate(Purpose::BlindIndex, now()).await.unwrap();
    // It looks at most a second later; its readiness looks at once.
    let refused = old_node.store.ping().await;
    assert!(
        matches!(&refused, Err(StoreError::Unavailable(why)) if why.to_string().contains("lacks the key")),
        "{refused:?}"
    );
    let unit = old_node.write(async |tx| tx.outbox().backlog().await).await;
    assert!(matches!(unit, Err(StoreError::Unavailable(_))), "{unit:?}");
    all_is_there(&t, &h).await;
    // The operator copies the file: the process goes on without a restart.
    std::fs::copy(t.key_file(), &copy).unwrap();
    old_node.store.ping().await.unwrap();
    all_is_there(&old_node, &h).await;
}

async fn an_older_keyring_does_not_open_the_store(t: Bench) {
    household(&t).await;
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("keyring.json");
    std::fs::copy(t.key_file(), &copy).unwrap();
    t.store.rotate(Purpose::DataWrapping, now()).await.unwrap();
    let opened = t.process_with(&copy).await;
    assert!(matches!(opened, Err(OpenError::Keyring(_))));
}

async fn another_keyring_does_not_adopt_a_store_with_data(t: Bench) {
    household(&t).await;
    let other = Arc::new(Keyring::generate(InstanceKind::Demo).unwrap());
    let opened = sql::open(&t.target, Arc::clone(&other), InstanceKind::Demo).await;
    assert!(matches!(opened, Err(OpenError::Keyring(_))), "{opened:?}");
    // A store from before generations were written down: what lies in it speaks.
    t.raw("DELETE FROM key_generation").await.unwrap();
    let opened = sql::open(&t.target, other, InstanceKind::Demo).await;
    assert!(matches!(opened, Err(OpenError::Keyring(_))), "{opened:?}");
    t.process_with(&t.key_file()).await.unwrap();
}
