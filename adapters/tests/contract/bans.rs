//! Bans: one row per target, found by every node, a ladder that survives a restart.

use std::sync::Arc;

use lifeline_core::bans::{Ban, Bans, Lifted, NEIGHBOURS_MAX, Reason, Scope, Target};
use lifeline_core::shared::ids::BanId;
use lifeline_core::store::StoreError;

use crate::bench::{Bench, Counting, Watch, at};
use crate::contracts;

contracts! { "bans":
    round_trip => ["BanStore::add", "BanReads::find", "BanStore::of"];
    absent_is_none => ["BanReads::find", "BanReads::running", "BanReads::list", "BanStore::of", "BanStore::count_in"];
    a_target_has_one_row => ["BanStore::add"];
    stale_version_is_refused => ["BanStore::save"];
    what_is_over_or_lifted_does_not_run => ["BanReads::running", "BanStore::save"];
    pages_follow_one_another => ["BanReads::list"];
    dropped_unit_leaves_nothing => ["BanStore::add"];
    the_ladder_goes_on_in_another_process => ["BanStore::of", "BanStore::save", "BanReads::running"];
    many_banned_neighbours_ban_their_network => ["BanStore::count_in"];
}

fn of(t: &Bench, address: &str, second: i64) -> Ban {
    let target = Target::place(address).unwrap();
    Ban::first(t.id(), target, Reason::Flood, at(second))
}

async fn add(t: &Bench, ban: &Ban) -> bool {
    t.write(async |tx| tx.bans().add(ban).await).await.unwrap()
}

async fn save(t: &Bench, ban: &Ban) -> Result<(), StoreError> {
    t.write(async |tx| tx.bans().save(ban).await).await
}

fn lifted(ban: &Ban, second: i64) -> Ban {
    Ban {
        lifted: Some(Lifted {
            at: at(second),
            by: "staff:1".into(),
            why: "a school behind one address".into(),
        }),
        ..ban.clone()
    }
}

async fn running(t: &Bench, second: i64) -> Vec<String> {
    let found = t.view().await.bans().running(at(second), 10).await.unwrap();
    found.into_iter().map(|ban| ban.target.subject).collect()
}

async fn round_trip(t: Bench) {
    let ban = of(&t, "2001:db8:1:2::9", 0);
    assert!(add(&t, &ban).await);
    let found = t.view().await.bans().find(&ban.ban_id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&ban));
    let found = t
        .write(async |tx| tx.bans().of(Scope::Address, "2001:db8:1:2::").await)
        .await;
    assert_eq!(found.unwrap(), Some(ban.clone()));
    save(&t, &lifted(&ban, 5)).await.unwrap();
    let found = t
        .view()
        .await
        .bans()
        .find(&ban.ban_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.lifted, lifted(&ban, 5).lifted);
    assert_eq!(found.version, 2);
}

async fn absent_is_none(t: Bench) {
    let nobody: BanId = t.id();
    let mut view = t.view().await;
    assert_eq!(view.bans().find(&nobody).await.unwrap(), None);
    assert!(view.bans().running(at(0), 10).await.unwrap().is_empty());
    assert!(view.bans().list(None, 10).await.unwrap().is_empty());
    t.write(async |tx| {
        assert_eq!(tx.bans().of(Scope::Account, "x").await?, None);
        assert_eq!(tx.bans().count_in("192.0.2.0/24", at(0)).await?, 0);
        Ok(())
    })
    .await
    .unwrap();
}

async fn a_target_has_one_row(t: Bench) {
    assert!(add(&t, &of(&t, "192.0.2.1", 0)).await);
    assert!(!add(&t, &of(&t, "192.0.2.1", 5)).await);
    assert_eq!(running(&t, 6).await, ["192.0.2.1"]);
}

async fn stale_version_is_refused(t: Bench) {
    let ban = of(&t, "192.0.2.1", 0);
    add(&t, &ban).await;
    save(&t, &lifted(&ban, 5)).await.unwrap();
    let stale = save(&t, &ban).await;
    assert!(matches!(stale, Err(StoreError::Conflict)), "{stale:?}");
}

async fn what_is_over_or_lifted_does_not_run(t: Bench) {
    let (first, second) = (of(&t, "192.0.2.1", 0), of(&t, "192.0.2.2", 10));
    add(&t, &first).await;
    add(&t, &second).await;
    assert_eq!(running(&t, 599).await, ["192.0.2.2", "192.0.2.1"]);
    assert_eq!(running(&t, 600).await, ["192.0.2.2"]);
    save(&t, &lifted(&second, 11)).await.unwrap();
    assert!(running(&t, 20).await == ["192.0.2.1"]);
}

async fn pages_follow_one_another(t: Bench) {
    let bans = [
        of(&t, "192.0.2.1", 0),
        of(&t, "192.0.2.2", 0),
        of(&t, "192.0.2.3", 9),
    ];
    for ban in &bans {
        add(&t, ban).await;
    }
    let mut seen: Vec<Ban> = Vec::new();
    loop {
        let page = t.view().await.bans().list(seen.last(), 1).await.unwrap();
        if page.is_empty() {
            break;
        }
        seen.extend(page);
    }
    let mut told: Vec<&str> = seen.iter().map(|ban| ban.target.subject.as_str()).collect();
    assert_eq!(told[0], "192.0.2.3", "the newest first");
    told.sort_unstable();
    assert_eq!(told, ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
}

async fn dropped_unit_leaves_nothing(t: Bench) {
    let ban = of(&t, "192.0.2.1", 0);
    t.write_and_drop(async |tx| tx.bans().add(&ban).await.map(drop))
        .await;
    assert!(running(&t, 1).await.is_empty());
}

async fn the_ladder_goes_on_in_another_process(t: Bench) {
    let clock = Arc::new(Watch::new());
    let entropy = Arc::new(Counting::default());
    let bans = |t: &Bench| Bans::new(t.store.clone(), clock.clone(), entropy.clone());
    let target = Target::place("192.0.2.1").unwrap();
    clock.set(0);
    let first = bans(&t).place(&target, Reason::Flood, "t1").await.unwrap();
    assert_eq!(first.as_ref().map(|ban| ban.rung), Some(1));
    let other = t.another_process().await;
    assert_eq!(
        bans(&other).running().await.unwrap(),
        first.into_iter().collect::<Vec<_>>()
    );
    let same = bans(&other)
        .place(&target, Reason::Homes, "t2")
        .await
        .unwrap();
    assert_eq!(same, None, "one runs");
    clock.set(600);
    let next = bans(&other)
        .place(&target, Reason::Homes, "t3")
        .await
        .unwrap();
    assert_eq!(
        next.map(|ban| (ban.rung, ban.reason)),
        Some((2, Reason::Homes))
    );
    let lines = t
        .text("SELECT CAST(COUNT(*) AS TEXT) FROM audit_line WHERE act = 'bans.place'")
        .await;
    assert_eq!(lines, "2");
}

async fn many_banned_neighbours_ban_their_network(t: Bench) {
    let clock = Arc::new(Watch::new());
    clock.set(0);
    let bans = Bans::new(
        t.store.clone(),
        clock.clone(),
        Arc::new(Counting::default()),
    );
    for host in 1..=NEIGHBOURS_MAX {
        let wide = running(&t, 1).await.iter().any(|one| one.ends_with("/24"));
        assert!(!wide, "banned before its {host}th neighbour");
        let target = Target::place(&format!("192.0.2.{host}")).unwrap();
        bans.place(&target, Reason::Flood, "t").await.unwrap();
    }
    assert!(running(&t, 1).await.contains(&"192.0.2.0/24".to_owned()));
}
