//! What all links to one home share: holder versions, conflicts; and an account's places.

use lifeline_core::bindings::binding::{Binding, Home};
use lifeline_core::bindings::ports::Holding;
use lifeline_core::bindings::role::Role;
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::time::Day;
use tokio::task::JoinSet;

use crate::bench::{Bench, at};
use crate::bindings::{
    HOME, account, add, found, li, link, linked, number, touch as touch_in, wang,
};
use crate::contracts;

contracts! { "homes":
    a_home_remembers_its_newest_holder_version => ["BindingStore::touch_home"];
    since_when_a_holder_holds_is_what_the_archive_says_or_when_we_saw_them => ["BindingStore::touch_home"];
    a_home_has_one_turn_and_shows_what_is_known => ["BindingStore::lock_home"];
    links_to_a_home_are_found_whoever_made_them => ["BindingStore::link_to", "BindingStore::links_to"];
    a_bar_stands_for_one_account_one_home_and_one_holder => ["BindingStore::end", "BindingStore::is_barred"];
    a_conflict_freezes_one_holder_version => ["BindingStore::freeze_home", "BindingStore::thaw_home"];
    one_of_many_takes_the_look => ["BindingStore::take_look"];
    older_links_fall_to_payer_only => ["BindingStore::drop_outdated"];
    rivals_are_other_peoples_live_holder_links => ["BindingStore::rivals"];
    rival_claims_at_once_see_each_other => ["BindingStore::touch_home", "BindingStore::rivals"];
    places_are_counted => ["BindingStore::take_place", "BindingStore::free_place"];
    places_at_once_are_not_oversold => ["BindingStore::take_place"];
}

async fn see(t: &Bench, version: i64, since: Option<&str>) -> Home {
    let (now, unsaid) = (at(version), Day::parse("2026-11-20").unwrap());
    let since = since.map(|day| Day::parse(day).unwrap());
    t.write(async |tx| {
        let holder = Holding { version, since };
        tx.bindings()
            .touch_home(&number(HOME), holder, unsaid, now)
            .await
    })
    .await
    .unwrap()
}

async fn touch(t: &Bench, version: i64) -> Home {
    see(t, version, None).await
}

fn home(holder_version: i64, frozen: bool, second: i64) -> Home {
    Home {
        holder_version,
        holder_since: Some(Day::parse("2026-11-20").unwrap()),
        frozen,
        looked_at: at(second),
    }
}

async fn since_when_a_holder_holds_is_what_the_archive_says_or_when_we_saw_them(t: Bench) {
    let since = |home: Home| home.holder_since.map(|day| day.to_string());
    let told = |day: &str| Some(day.to_owned());
    assert_eq!(since(see(&t, 3, None).await), None, "no other was seen");
    assert_eq!(
        since(see(&t, 3, Some("2024-05-01")).await),
        told("2024-05-01")
    );
    assert_eq!(since(see(&t, 3, None).await), told("2024-05-01"));
    assert_eq!(since(see(&t, 4, None).await), told("2026-11-20"));
    assert_eq!(
        since(see(&t, 4, Some("2026-11-02")).await),
        told("2026-11-02")
    );
    assert_eq!(
        since(see(&t, 3, Some("2024-05-01")).await),
        told("2026-11-02")
    );
    assert_eq!(
        since(see(&t, 5, Some("2026-11-19")).await),
        told("2026-11-19")
    );
}

async fn a_home_has_one_turn_and_shows_what_is_known(t: Bench) {
    let lock = async |t: &Bench| {
        t.write(async |tx| tx.bindings().lock_home(&number(HOME)).await)
            .await
            .unwrap()
    };
    assert_eq!(lock(&t).await, None, "nobody knows this home");
    let seen = see(&t, 3, Some("2024-05-01")).await;
    assert_eq!(lock(&t).await, Some(seen), "nothing moves by looking");
    let mut turns = JoinSet::new();
    for n in 0..8 {
        let t = t.clone();
        turns.spawn(async move {
            t.write(async |tx| {
                let home = tx.bindings().lock_home(&number(HOME)).await?.unwrap();
                tokio::task::yield_now().await;
                let version = home.holder_version + 1;
                let holder = Holding {
                    version,
                    since: None,
                };
                let unsaid = Day::of(at(0));
                tx.bindings()
                    .touch_home(&number(HOME), holder, unsaid, at(n))
                    .await
            })
            .await
            .unwrap()
        });
    }
    turns.join_all().await;
    let last = lock(&t).await.unwrap();
    assert_eq!(last.holder_version, 11, "each saw what the one before left");
}

async fn a_home_remembers_its_newest_holder_version(t: Bench) {
    let first = Home {
        holder_since: None,
        ..home(3, false, 3)
    };
    assert_eq!(touch(&t, 3).await, first);
    assert_eq!(touch(&t, 5).await, home(5, false, 5));
    assert_eq!(touch(&t, 4).await, home(5, false, 4));
}

async fn a_conflict_freezes_one_holder_version(t: Bench) {
    touch(&t, 3).await;
    t.write(async |tx| tx.bindings().freeze_home(&number(HOME)).await)
        .await
        .unwrap();
    let frozen = Home {
        holder_since: None,
        ..home(3, true, 3)
    };
    assert_eq!(touch(&t, 3).await, frozen);
    t.write(async |tx| tx.bindings().thaw_home(&number(HOME)).await)
        .await
        .unwrap();
    let thawed = Home {
        frozen: false,
        ..frozen
    };
    assert_eq!(touch(&t, 3).await, thawed);
    t.write(async |tx| tx.bindings().freeze_home(&number(HOME)).await)
        .await
        .unwrap();
    assert_eq!(touch(&t, 3).await, frozen);
    assert_eq!(touch(&t, 4).await, home(4, false, 4));
}

async fn look(t: &Bench, before: i64, now: i64) -> bool {
    t.write(async |tx| {
        tx.bindings()
            .take_look(&number(HOME), at(before), at(now))
            .await
    })
    .await
    .unwrap()
}

async fn one_of_many_takes_the_look(t: Bench) {
    assert!(!look(&t, 0, 0).await, "nobody knows this home");
    touch(&t, 3).await;
    assert!(!look(&t, 2, 602).await);
    let mut lookers = JoinSet::new();
    for _ in 0..16 {
        let t = t.clone();
        lookers.spawn(async move { look(&t, 3, 603).await });
    }
    let took = lookers.join_all().await.into_iter().filter(|took| *took);
    assert_eq!(took.count(), 1);
    assert!(look(&t, 603, 1203).await);
}

async fn older_links_fall_to_payer_only(t: Bench) {
    let one = linked(&t, "a", HOME, &li()).await;
    let two = linked(&t, "b", HOME, &wang()).await;
    let newer = account(&t, "c").await;
    let newer = Binding {
        holder_version: 4,
        ..link(&t, &newer, HOME)
    };
    add(&t, &newer, &wang()).await.unwrap();
    let elsewhere = linked(&t, "d", "1504010020025", &li()).await;
    let fell = async || {
        t.write(async |tx| tx.bindings().drop_outdated(&number(HOME), 4).await)
            .await
            .unwrap()
    };
    assert_eq!(
        fell().await,
        [one.binding_id.clone(), two.binding_id.clone()]
    );
    assert!(fell().await.is_empty(), "once");
    for (binding, role) in [
        (&one, Role::PayerOnly),
        (&two, Role::PayerOnly),
        (&newer, Role::Holder),
        (&elsewhere, Role::Holder),
    ] {
        assert_eq!(found(&t, binding).await.map(|l| l.binding.role), Some(role));
    }
}

async fn rivals_are_other_peoples_live_holder_links(t: Bench) {
    let holder = linked(&t, "a", HOME, &li()).await;
    let same_person = linked(&t, "b", HOME, &wang()).await;
    let left = linked(&t, "c", HOME, &li()).await;
    t.write(async |tx| tx.bindings().end(&left, None, at(1)).await)
        .await
        .unwrap();
    linked(&t, "d", "1504010020025", &li()).await;
    let payer = account(&t, "e").await;
    let payer = Binding {
        role: Role::PayerOnly,
        ..link(&t, &payer, HOME)
    };
    t.write(async |tx| tx.bindings().add(&payer, None).await)
        .await
        .unwrap();
    let claimant = account(&t, "f").await;
    let rivals = t
        .write(async |tx| {
            tx.bindings()
                .rivals(&claimant, &number(HOME), &wang())
                .await
        })
        .await
        .unwrap();
    assert_eq!(rivals, std::slice::from_ref(&holder));
    let own = t
        .write(async |tx| {
            tx.bindings()
                .rivals(&holder.account_id, &number(HOME), &wang())
                .await
        })
        .await
        .unwrap();
    assert!(own.is_empty(), "one's own link is no rival");
    let other = t
        .write(async |tx| tx.bindings().rivals(&claimant, &number(HOME), &li()).await)
        .await
        .unwrap();
    assert_eq!(other, [same_person]);
}

async fn rival_claims_at_once_see_each_other(t: Bench) {
    let mut claims = JoinSet::new();
    for (open_id, certified) in [("a", li()), ("b", wang())] {
        let binding = link(&t, &account(&t, open_id).await, HOME);
        let t = t.clone();
        claims.spawn(async move {
            t.write(async |tx| {
                touch_in(tx, &binding.consumer_no, 3).await?;
                tokio::task::yield_now().await;
                let account = &binding.account_id;
                let seen = tx
                    .bindings()
                    .rivals(account, &binding.consumer_no, &certified)
                    .await?;
                tx.bindings().add(&binding, Some(&certified)).await?;
                Ok(seen.len())
            })
            .await
            .unwrap()
        });
    }
    let mut seen = claims.join_all().await;
    seen.sort_unstable();
    assert_eq!(seen, [0, 1], "whoever comes second sees the first");
}

async fn links_to_a_home_are_found_whoever_made_them(t: Bench) {
    let one = linked(&t, "a", HOME, &li()).await;
    let two = linked(&t, "b", HOME, &wang()).await;
    let elsewhere = linked(&t, "c", "1504010020025", &li()).await;
    let left = linked(&t, "d", HOME, &li()).await;
    t.write(async |tx| tx.bindings().end(&left, None, at(1)).await)
        .await
        .unwrap();
    let links = t
        .write(async |tx| tx.bindings().links_to(&number(HOME)).await)
        .await
        .unwrap();
    let ids: Vec<_> = links.into_iter().map(|l| l.binding.binding_id).collect();
    assert_eq!(ids, [one.binding_id.clone(), two.binding_id.clone()]);
    for (binding, there) in [
        (&one, true),
        (&two, true),
        (&elsewhere, false),
        (&left, false),
    ] {
        let id = &binding.binding_id;
        let found = t
            .write(async |tx| tx.bindings().link_to(&number(HOME), id).await)
            .await
            .unwrap();
        assert_eq!(found.is_some(), there);
    }
}

async fn a_bar_stands_for_one_account_one_home_and_one_holder(t: Bench) {
    let taken = linked(&t, "a", HOME, &li()).await;
    let left = linked(&t, "b", HOME, &wang()).await;
    t.write(async |tx| {
        tx.bindings().end(&taken, Some(3), at(1)).await?;
        tx.bindings().end(&left, None, at(1)).await
    })
    .await
    .unwrap();
    let barred = async |account: &AccountId, home: &str, version: i64| {
        t.write(async |tx| {
            tx.bindings()
                .is_barred(account, &number(home), version)
                .await
        })
        .await
        .unwrap()
    };
    assert!(barred(&taken.account_id, HOME, 3).await);
    assert!(!barred(&taken.account_id, HOME, 4).await);
    assert!(!barred(&taken.account_id, "1504010020025", 3).await);
    assert!(!barred(&left.account_id, HOME, 3).await);
}

async fn take(t: &Bench, account: &AccountId, most: i64) -> bool {
    t.write(async |tx| tx.bindings().take_place(account, most).await)
        .await
        .unwrap()
}

async fn places_are_counted(t: Bench) {
    let (account, other) = (account(&t, "a").await, account(&t, "b").await);
    assert!(take(&t, &account, 2).await);
    assert!(take(&t, &account, 2).await);
    assert!(!take(&t, &account, 2).await);
    assert!(take(&t, &other, 2).await);
    t.write(async |tx| tx.bindings().free_place(&account).await)
        .await
        .unwrap();
    assert!(take(&t, &account, 2).await);
    assert!(!take(&t, &account, 2).await);
}

async fn places_at_once_are_not_oversold(t: Bench) {
    let account = account(&t, "a").await;
    let mut takers = JoinSet::new();
    for _ in 0..16 {
        let (t, account) = (t.clone(), account.clone());
        takers.spawn(async move { take(&t, &account, 9).await });
    }
    assert_eq!(
        takers
            .join_all()
            .await
            .into_iter()
            .filter(|taken| *taken)
            .count(),
        9
    );
}
