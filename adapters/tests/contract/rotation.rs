//! New keys: nothing is lost, nothing is found twice, and it may die anywhere.

use std::collections::BTreeMap;

use lifeline_adapters::keyring::{InstanceKind, KeyState, Keyring, Purpose};
use lifeline_adapters::sql::rotation::{Progress, QUIET_S, SIGNED_LIFE_S};
use lifeline_core::accounts::account::Account;
use lifeline_core::billing::ports::FigureKind;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use crate::accounts::{bare, id, whole};
use crate::bench::{Bench, at, now};
use crate::bindings::{HOME, number};
use crate::household::{all_is_there, household, rivals_are_known};
use crate::payment_fixtures::{self as orders, arrears};
use crate::{accounts, billing, bindings, contracts};

contracts! { "rotation":
    a_new_wrapping_key_moves_what_the_old_one_closed => [];
    a_new_index_key_moves_what_the_old_one_found => [];
    it_may_die_after_every_step => [];
    a_file_that_was_changed_before_the_store_heard_of_it_is_used => [];
    what_must_be_unique_stays_so_while_it_runs => [];
    an_order_keeps_a_second_one_out_while_it_runs => [];
    a_home_keeps_everything_but_its_index => [];
    what_does_not_open_is_told_and_keeps_the_old_key => [];
    signing_keys_overlap => [];
    homes_nobody_can_name_go => [];
}

/// How many rows each table has.
async fn counts(t: &Bench) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (table, _) in t.dump().await {
        *counts.entry(table).or_default() += 1;
    }
    counts.retain(|table, _| !table.starts_with("key_"));
    counts
}

async fn nothing_names(t: &Bench, kid: &str, mark: &str) {
    for (table, row) in t.dump().await {
        let named = row.contains(&format!("{mark}{kid}:"));
        assert!(
            !named || table.starts_with("key_"),
            "{table} is still under {kid}"
        );
    }
}

fn active(t: &Bench, purpose: Purpose) -> String {
    t.keyring.active(purpose).unwrap().kid().to_owned()
}

/// A rotation with every wait waited for, step by step.
pub(crate) struct Rotating<'t> {
    t: &'t Bench,
    purpose: Purpose,
    clock: Time,
    left: u32,
    over: bool,
}

pub(crate) fn rotating(t: &Bench, purpose: Purpose, clock: Time) -> Rotating<'_> {
    Rotating {
        t,
        purpose,
        clock,
        left: 100,
        over: false,
    }
}

impl Rotating<'_> {
    async fn step(&mut self) -> Option<Progress> {
        if self.over {
            return None;
        }
        self.left = self.left.checked_sub(1).expect("it does not end");
        let step = self.t.store.rotate(self.purpose, self.clock).await.unwrap();
        match &step {
            Progress::Wait { until } => self.clock = *until,
            Progress::Finished { skipped, .. } => {
                assert_eq!(*skipped, 0);
                self.over = true;
            }
            Progress::Announced { .. } | Progress::Activated | Progress::Moved { .. } => {}
        }
        Some(step)
    }

    pub(crate) async fn finish(mut self) -> Time {
        while self.step().await.is_some() {}
        self.clock
    }
}

async fn a_new_wrapping_key_moves_what_the_old_one_closed(t: Bench) {
    let h = household(&t).await;
    let (old, before) = (active(&t, Purpose::DataWrapping), counts(&t).await);
    let mut rotation = rotating(&t, Purpose::DataWrapping, now());
    while rotation.step().await.is_some() {
        all_is_there(&t, &h).await;
    }
    nothing_names(&t, &old, "a1:").await;
    assert_eq!(counts(&t).await, before);
    let next = t.process_with(&t.key_file()).await.unwrap();
    all_is_there(&next, &h).await;
    assert_ne!(active(&next, Purpose::DataWrapping), old);
}

async fn a_new_index_key_moves_what_the_old_one_found(t: Bench) {
    let h = household(&t).await;
    let (old, before) = (active(&t, Purpose::BlindIndex), counts(&t).await);
    let mut rotation = rotating(&t, Purpose::BlindIndex, now());
    while rotation.step().await.is_some() {
        all_is_there(&t, &h).await;
        rivals_are_known(&t, &h).await;
    }
    nothing_names(&t, &old, "").await;
    assert_eq!(counts(&t).await, before);
    let next = t.process_with(&t.key_file()).await.unwrap();
    all_is_there(&next, &h).await;
    rivals_are_known(&next, &h).await;
}

/// More people than one batch takes, each step in a process of its own: killed at every boundary.
async fn it_may_die_after_every_step(t: Bench) {
    let h = household(&t).await;
    let crowd = 450;
    t.write(async |tx| {
        for n in 0..crowd {
            let other = bare(&t, &format!("crowd-{n}"));
            tx.accounts().add(&other).await?;
        }
        Ok(())
    })
    .await
    .unwrap();
    let before = counts(&t).await;
    for purpose in [Purpose::DataWrapping, Purpose::BlindIndex] {
        let old = active(&t, purpose);
        let (mut clock, mut steps, mut over) = (now(), 0, false);
        while !over {
            let process = t.process_with(&t.key_file()).await.unwrap();
            match process.store.rotate(purpose, clock).await.unwrap() {
                Progress::Wait { until } => clock = until,
                Progress::Finished { moved, skipped } => {
                    assert_eq!(skipped, 0);
                    assert!(moved >= crowd, "{moved}");
                    over = true;
                }
                Progress::Announced { .. } | Progress::Activated | Progress::Moved { .. } => {}
            }
            all_is_there(&process, &h).await;
            process.store.close().await.unwrap();
            steps += 1;
            assert!(steps < 100, "it does not end");
        }
        assert!(steps > 8, "it was not cut into batches");
        let mark = if purpose == Purpose::DataWrapping {
            "a1:"
        } else {
            ""
        };
        nothing_names(&t, &old, mark).await;
    }
    assert_eq!(counts(&t).await, before);
    let process = t.process_with(&t.key_file()).await.unwrap();
    let app = h.person.app_id.as_str();
    for n in 0..crowd {
        let known = process
            .write(async |tx| {
                let one = id(&format!("crowd-{n}"));
                tx.accounts().find_by_open_id(app, &one).await
            })
            .await;
        assert!(known.unwrap().is_some());
    }
}

/// Died between the file and the store, and between the store and the file's label.
async fn a_file_that_was_changed_before_the_store_heard_of_it_is_used(t: Bench) {
    let h = household(&t).await;
    let purpose = Purpose::BlindIndex;
    let (file, kind) = (t.key_file(), InstanceKind::Demo);
    let (_, prepared) = Keyring::add_next(&file, kind, purpose).unwrap();
    let announced = t.store.rotate(purpose, now()).await.unwrap();
    assert_eq!(
        announced,
        Progress::Announced {
            kid: prepared.clone()
        }
    );
    let before_label = std::fs::read(&file).unwrap();
    let activated = t.store.rotate(purpose, at(QUIET_S)).await.unwrap();
    assert_eq!(activated, Progress::Activated);
    // The machine lost the label it had just written.
    std::fs::write(&file, before_label).unwrap();
    let process = t.process_with(&file).await.unwrap();
    assert_eq!(
        process.keyring.active(purpose).unwrap().state(),
        KeyState::Active
    );
    all_is_there(&process, &h).await;
    rotating(&process, purpose, at(QUIET_S)).finish().await;
    let ring = Keyring::load(&file, kind).unwrap();
    assert_eq!(ring.active(purpose).unwrap().kid(), prepared);
}

async fn what_must_be_unique_stays_so_while_it_runs(t: Bench) {
    household(&t).await;
    let mut rotation = rotating(&t, Purpose::BlindIndex, now());
    while let Some(step) = rotation.step().await {
        let taken = Account {
            phone: None,
            real_name: None,
            user_id: None,
            ..whole(&t)
        };
        let found = t
            .write(async |tx| {
                let app = taken.app_id.as_str();
                tx.accounts().find_by_open_id(app, &id("open-1")).await
            })
            .await;
        assert!(found.unwrap().is_some(), "{step:?}");
    }
    let again = t
        .write(async |tx| tx.accounts().add(&whole(&t)).await)
        .await;
    assert!(matches!(again, Err(StoreError::Duplicate(_))), "{again:?}");
}

async fn an_order_keeps_a_second_one_out_while_it_runs(t: Bench) {
    let h = household(&t).await;
    let second = orders::order(&t);
    orders::add(&t, &second).await;
    let other = t.process_with(&t.key_file()).await.unwrap();
    let second_id = &second.payment.payment_id;
    let mut rotation = rotating(&t, Purpose::BlindIndex, now());
    while let Some(step) = rotation.step().await {
        for process in [&t, &other] {
            // No step follows another before every process has looked ([`QUIET_S`]).
            process.store.keys().await.unwrap();
            let taken = process
                .write(async |tx| tx.payments().take_claim(&arrears(), second_id, at(9)).await)
                .await;
            assert!(!taken.unwrap(), "{step:?}");
        }
    }
    t.write(async |tx| {
        let first = &h.order.payment.payment_id;
        tx.payments().free_claim(&arrears(), first).await
    })
    .await
    .unwrap();
    let taken = other
        .write(async |tx| tx.payments().take_claim(&arrears(), second_id, at(9)).await)
        .await;
    assert!(taken.unwrap(), "freed under both keys");
}

async fn a_home_keeps_everything_but_its_index(t: Bench) {
    household(&t).await;
    t.write(async |tx| tx.bindings().freeze_home(&number(HOME)).await)
        .await
        .unwrap();
    let home = async || {
        let rows = t.dump().await.into_iter();
        let homes = rows.filter(|(table, _)| table == "binding_home");
        homes.map(|(_, row)| row).collect::<Vec<_>>()
    };
    let (old, before) = (active(&t, Purpose::BlindIndex), home().await);
    rotating(&t, Purpose::BlindIndex, now()).finish().await;
    let after = home().await;
    assert_eq!(before.len(), 1);
    // Without the index itself the rows are the same, whatever columns they have.
    let without_index = |row: &str| {
        let row = row.replace('"', " ");
        let kept = row
            .split_whitespace()
            .filter(|word| !word.contains(':') || word.len() < 40);
        kept.filter(|word| !word.starts_with("Text("))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert!(before[0].contains(&old) && !after[0].contains(&old));
    assert_eq!(without_index(&before[0]), without_index(&after[0]));
}

async fn what_does_not_open_is_told_and_keeps_the_old_key(t: Bench) {
    let h = household(&t).await;
    let stranger = bare(&t, "stranger");
    accounts::add(&t, &stranger).await;
    t.raw(&format!(
        "DELETE FROM account_key WHERE account_id = '{}'",
        stranger.account_id
    ))
    .await
    .unwrap();
    let process = t.process_with(&t.key_file()).await.unwrap();
    let (purpose, mut clock) = (Purpose::BlindIndex, now());
    let skipped = loop {
        match process.store.rotate(purpose, clock).await.unwrap() {
            Progress::Wait { until } => clock = until,
            Progress::Finished { skipped, .. } => break skipped,
            Progress::Announced { .. } | Progress::Activated | Progress::Moved { .. } => {}
        }
    };
    assert_eq!(skipped, 1);
    let ruled = process.store.keys().await.unwrap();
    let states: Vec<KeyState> = ruled.keyring.of(purpose).map(|key| key.state()).collect();
    assert!(states.contains(&KeyState::Retiring), "{states:?}");
    all_is_there(&process, &h).await;
}

async fn signing_keys_overlap(t: Bench) {
    let purpose = Purpose::Jwt;
    let old = active(&t, purpose);
    let state = async |kid: &str| {
        let ruled = t.store.keys().await.unwrap().keyring;
        ruled.by_kid(purpose, kid).unwrap().state()
    };
    let Progress::Announced { kid: new } = t.store.rotate(purpose, now()).await.unwrap() else {
        panic!("nothing was announced");
    };
    assert_eq!(
        (state(&old).await, state(&new).await),
        (KeyState::Active, KeyState::Next)
    );
    let done = rotating(&t, purpose, now()).finish().await;
    assert_eq!(
        (state(&old).await, state(&new).await),
        (KeyState::Retiring, KeyState::Active)
    );
    // A later rotation closes the overlap of the one before.
    let later = done.plus_seconds(SIGNED_LIFE_S);
    rotating(&t, purpose, later).finish().await;
    assert_eq!(
        (state(&old).await, state(&new).await),
        (KeyState::Retired, KeyState::Retiring)
    );
}

async fn homes_nobody_can_name_go(t: Bench) {
    t.write(async |tx| bindings::touch(tx, &number("1504010020033"), 1).await)
        .await
        .unwrap();
    let figure = billing::key("1504010020033", 1, FigureKind::Arrears);
    assert!(billing::keep(&t, &figure, "{}", 1).await);
    let old = active(&t, Purpose::BlindIndex);
    rotating(&t, Purpose::BlindIndex, now()).finish().await;
    nothing_names(&t, &old, "").await;
    assert_eq!(billing::kept(&t, &figure).await, None);
}
