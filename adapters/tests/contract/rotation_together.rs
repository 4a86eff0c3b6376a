//! New keys while several processes work: each step once, and none goes on without the key.

use std::sync::Arc;

use lifeline_adapters::keyring::{InstanceKind, KeyState, Keyring, Purpose};
use lifeline_adapters::sql::rotation::{Progress, QUIET_S, RotateError, SIGNED_LIFE_S};
use lifeline_adapters::sql::{self, OpenError};
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::bench::{Bench, now};
use crate::contracts;
use crate::household::{all_is_there, household};
use crate::rotation::rotating;

contracts! { "rotation":
    of_two_at_once_each_step_is_done_once => [];
    who_comes_to_its_end_too_late_begins_no_other => [];
    a_node_that_did_not_run_the_last_rotation_makes_a_new_key => [];
    a_node_that_did_not_run_the_last_rotation_prepares_a_new_key => [];
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

/// A node with a copy of the file as it was prepared for a rotation, the key that the other node went to with
/// it, and a moment after which the next rotation retires it.
async fn copied_before_the_rotation(t: &Bench, purpose: Purpose) -> (Bench, String, Time) {
    let second = t.store.prepare(purpose).await.unwrap();
    let copy = t.key_file().with_file_name("other.json");
    std::fs::copy(t.key_file(), &copy).unwrap();
    let done = rotating(t, purpose, now()).finish().await;
    let file = Keyring::load(&copy, InstanceKind::Demo).unwrap();
    let of_file = file.active(purpose).unwrap().kid().to_owned();
    assert_ne!(of_file, second, "only who rotates says so in its file");
    let other = t.process_with(&copy).await.unwrap();
    (other, second, done.plus_seconds(SIGNED_LIFE_S))
}

/// The key of the last rotation was stolen: it must not stay in force.
async fn a_node_that_did_not_run_the_last_rotation_makes_a_new_key(t: Bench) {
    household(&t).await;
    for purpose in [Purpose::Jwt, Purpose::DataWrapping] {
        let (other, second, later) = copied_before_the_rotation(&t, purpose).await;
        let begun = other.store.rotate(purpose, later).await.unwrap();
        let Progress::Announced { kid: third } = begun else {
            panic!("no key was made");
        };
        assert_ne!(third, second);
        rotating(&other, purpose, later).finish().await;
        let ruled = other.store.keys().await.unwrap().keyring;
        assert_eq!(ruled.active(purpose).unwrap().kid(), third);
        let left = ruled.by_kid(purpose, &second).unwrap().state();
        assert_ne!(left, KeyState::Active);
        // The operator copies the file.
        std::fs::copy(t.key_file().with_file_name("other.json"), t.key_file()).unwrap();
    }
}

async fn a_node_that_did_not_run_the_last_rotation_prepares_a_new_key(t: Bench) {
    let purpose = Purpose::Cursor;
    let (other, second, later) = copied_before_the_rotation(&t, purpose).await;
    let third = other.store.prepare(purpose).await.unwrap();
    assert_ne!(third, second);
    let again = other.store.prepare(purpose).await.unwrap();
    assert_eq!(again, third, "the store heard nothing, and the file has it");
    let announced = other.store.rotate(purpose, later).await.unwrap();
    assert_eq!(announced, Progress::Announced { kid: third });
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
