//! Points on both engines: stock and balance never below zero, each fact once, books that balance.

use lifeline_core::requests::handing::Handed;
use lifeline_core::requests::points::{Exchange, Gift, Movement, Rule, Side};
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::bench::{Bench, at};
use crate::contracts;
use crate::requests::{migration, person};

contracts! { "points":
    a_fact_moves_points_once => ["RequestStore::book", "RequestStore::give_points", "RequestReads::balance",
        "RequestReads::history"];
    a_balance_is_never_below_zero => ["RequestStore::take_points"];
    rules_hold_from_their_day_to_their_day => ["RequestStore::put_rule", "RequestReads::rules_at",
        "RequestStore::end_rule"];
    gifts_are_listed_cheapest_first => ["RequestStore::put_gift", "RequestReads::gifts", "RequestReads::gift"];
    sixty_four_want_the_last_one_and_one_gets_it => ["RequestStore::take_gift"];
    a_key_means_one_exchange => ["RequestStore::add_exchange", "RequestReads::find_exchange"];
    what_an_older_release_exchanged_is_found_by_its_number => [];
    what_was_exchanged_before_it_was_noted_is_owed_to_nobody => [];
    what_was_exchanged_is_handed_out_once => ["RequestReads::exchanges", "RequestReads::owed", "RequestReads::numbered",
        "RequestReads::exchange", "RequestStore::hand_out"];
    what_was_not_handed_out_after_all_is_owed_again => ["RequestStore::take_hand_out_back"];
}

fn movement(t: &Bench, account: &AccountId, fact: &str, points: i64) -> Movement {
    let id: AccountId = t.id();
    Movement {
        entry_id: id.to_string(),
        fact: fact.into(),
        account_id: account.clone(),
        from: Side::Given,
        to: Side::Person(account.clone()),
        points,
        at: at(0),
    }
}

async fn give(t: &Bench, account: &AccountId, fact: &str, points: i64) {
    let moved = movement(t, account, fact, points);
    t.write(async |tx| {
        if tx.requests().book(&moved).await? {
            tx.requests().give_points(account, points).await?;
        }
        Ok(())
    })
    .await
    .unwrap();
}

async fn balance(t: &Bench, account: &AccountId) -> i64 {
    t.view().await.requests().balance(account).await.unwrap()
}

fn gift(t: &Bench, points: i64, stock: i64) -> Gift {
    Gift {
        gift_id: t.id(),
        title: "节能灯".into(),
        points,
        stock,
    }
}

async fn put(t: &Bench, gift: &Gift) {
    t.write(async |tx| tx.requests().put_gift(gift).await)
        .await
        .unwrap();
}

async fn a_fact_moves_points_once(t: Bench) {
    let account = person(&t, "a").await;
    assert_eq!(balance(&t, &account).await, 0);
    for _ in 0..3 {
        give(&t, &account, "earn:1", 50).await;
    }
    give(&t, &account, "earn:2", 7).await;
    assert_eq!(balance(&t, &account).await, 57);
    let page = Page::new(None, None).unwrap();
    let history = t
        .view()
        .await
        .requests()
        .history(&account, &page)
        .await
        .unwrap();
    let sum: i64 = history.iter().map(|moved| moved.points).sum();
    assert_eq!((history.len(), sum), (2, 57));
}

async fn a_balance_is_never_below_zero(t: Bench) {
    let account = person(&t, "a").await;
    give(&t, &account, "earn:1", 50).await;
    let take = async |points| {
        t.write(async |tx| tx.requests().take_points(&account, points, at(0)).await)
            .await
            .unwrap()
    };
    assert!(!take(51).await && take(50).await && !take(1).await);
    assert_eq!(balance(&t, &account).await, 0);
}

async fn rules_hold_from_their_day_to_their_day(t: Bench) {
    let rule = |rule_id: &str, from: i64, to: Option<i64>| Rule {
        rule_id: rule_id.into(),
        fen_per_point: 100,
        points_max: 10,
        valid_from: at(from),
        valid_to: to.map(at),
    };
    for one in [rule("a", 10, Some(20)), rule("b", 15, None)] {
        t.write(async |tx| tx.requests().put_rule(&one).await)
            .await
            .unwrap();
    }
    let held = async |now: Time| {
        let rules = t.view().await.requests().rules_at(now).await.unwrap();
        rules
            .into_iter()
            .map(|rule| rule.rule_id)
            .collect::<Vec<_>>()
            .join("")
    };
    let found = [
        held(at(9)).await,
        held(at(10)).await,
        held(at(19)).await,
        held(at(20)).await,
    ];
    assert_eq!(found, ["", "a", "ab", "b"]);
    let end = async |rule_id: &str, ends_at: Time| {
        t.write(async |tx| tx.requests().end_rule(rule_id, ends_at).await)
            .await
            .unwrap()
    };
    assert!(!end("c", at(30)).await && !end("b", at(15)).await);
    assert!(end("b", at(30)).await && end("b", at(30)).await);
    assert!(!end("b", at(31)).await, "an end is never put off");
    assert!(!end("a", at(30)).await, "nor what is over opened again");
    assert_eq!([held(at(29)).await, held(at(30)).await], ["b", ""]);
}

async fn gifts_are_listed_cheapest_first(t: Bench) {
    let (dear, cheap) = (gift(&t, 900, 1), gift(&t, 100, 0));
    put(&t, &dear).await;
    put(&t, &cheap).await;
    let mut changed = dear.clone();
    changed.stock = 5;
    put(&t, &changed).await;
    let mut view = t.view().await;
    assert_eq!(
        view.requests().gifts(9).await.unwrap(),
        [cheap, changed.clone()]
    );
    assert_eq!(
        view.requests().gift(&changed.gift_id).await.unwrap(),
        Some(changed)
    );
}

async fn sixty_four_want_the_last_one_and_one_gets_it(t: Bench) {
    let last = gift(&t, 1, 1);
    put(&t, &last).await;
    let mut takers = JoinSet::new();
    for _ in 0..64 {
        let (t, id) = (t.clone(), last.gift_id.clone());
        takers.spawn(async move { t.write(async |tx| tx.requests().take_gift(&id).await).await });
    }
    let taken = takers.join_all().await;
    let got = taken.iter().filter(|one| matches!(one, Ok(true))).count();
    assert_eq!(got, 1, "{taken:?}");
    let left = t.view().await.requests().gift(&last.gift_id).await.unwrap();
    assert_eq!(left.map(|gift| gift.stock), Some(0));
}

async fn a_key_means_one_exchange(t: Bench) {
    let account = person(&t, "a").await;
    let taken = gift(&t, 10, 3);
    put(&t, &taken).await;
    let exchange = || Exchange {
        exchange_id: t.id(),
        account_id: account.clone(),
        gift_id: taken.gift_id.clone(),
        title: taken.title.clone(),
        points: 10,
        client_key: "k".into(),
        fingerprint: "f".into(),
        at: at(0),
        handed: None,
    };
    let first = exchange();
    t.write(async |tx| tx.requests().add_exchange(&first).await)
        .await
        .unwrap();
    let second = exchange();
    let twice = t
        .write(async |tx| tx.requests().add_exchange(&second).await)
        .await;
    assert!(matches!(twice, Err(StoreError::Duplicate(_))), "{twice:?}");
    let found = t
        .view()
        .await
        .requests()
        .find_exchange(&account, "k")
        .await
        .unwrap();
    assert_eq!(found, Some(first));
}

/// An exchange as a release wrote it that noted nothing of outlets.
async fn exchanged_before(t: &Bench) -> Exchange {
    let (account, taken) = (person(t, "a").await, gift(t, 10, 3));
    put(t, &taken).await;
    let one = Exchange {
        exchange_id: t.id(),
        account_id: account,
        gift_id: taken.gift_id,
        title: taken.title,
        points: 10,
        client_key: "k".into(),
        fingerprint: "f".into(),
        at: at(7),
        handed: None,
    };
    let insert = format!(
        "INSERT INTO points_exchange (exchange_id, account_id, gift_id, title, points, client_key, fingerprint, at) \
        VALUES ('{}', '{}', '{}', '{}', 10, 'k', 'f', {})",
        one.exchange_id,
        one.account_id,
        one.gift_id,
        one.title,
        one.at.micros()
    );
    t.raw(&insert).await.unwrap();
    one
}

async fn what_an_older_release_exchanged_is_found_by_its_number(t: Bench) {
    let one = exchanged_before(&t).await;
    let found = t.view().await.requests().numbered(&one.number()).await;
    assert_eq!(found.unwrap(), [one]);
}

async fn what_was_exchanged_before_it_was_noted_is_owed_to_nobody(t: Bench) {
    let one = exchanged_before(&t).await;
    let migration = migration("__handed_out.sql");
    let mut lines = migration.lines();
    let marks = lines.find(|line| line.starts_with("UPDATE ")).unwrap();
    t.raw(marks).await.unwrap();
    let mut view = t.view().await;
    assert!(view.requests().owed(None, 9).await.unwrap().is_empty());
    let found = view.requests().exchange(&one.exchange_id).await.unwrap();
    let handed = found.unwrap().handed.unwrap();
    assert_eq!((handed.at, handed.is_noted()), (one.at, false));
}

async fn what_was_exchanged_is_handed_out_once(t: Bench) {
    let (account, other) = (person(&t, "a").await, person(&t, "b").await);
    let taken = gift(&t, 10, 3);
    put(&t, &taken).await;
    let exchange = |whose: &AccountId, key: &str| Exchange {
        exchange_id: t.id(),
        account_id: whose.clone(),
        gift_id: taken.gift_id.clone(),
        title: taken.title.clone(),
        points: 10,
        client_key: key.into(),
        fingerprint: "f".into(),
        at: at(0),
        handed: None,
    };
    let all = [
        exchange(&account, "1"),
        exchange(&account, "2"),
        exchange(&other, "1"),
    ];
    for one in &all {
        t.write(async |tx| tx.requests().add_exchange(one).await)
            .await
            .unwrap();
    }
    let [first, second, third] = all;
    let handed = Handed {
        at: at(5),
        by: "staff:support".into(),
    };
    let id = &first.exchange_id;
    let hand = async || {
        t.write(async |tx| tx.requests().hand_out(id, &handed).await)
            .await
            .unwrap()
    };
    assert!(hand().await && !hand().await, "once");
    let gone = Exchange {
        handed: Some(handed.clone()),
        ..first.clone()
    };
    let mut view = t.view().await;
    let own = view.requests().exchanges(&account, 9).await.unwrap();
    assert_eq!(own, [second.clone(), gone.clone()]);
    let owed = view.requests().owed(None, 9).await.unwrap();
    assert_eq!(owed, [second.clone(), third.clone()]);
    let behind = view.requests().owed(Some(&second.exchange_id), 9).await;
    assert_eq!(behind.unwrap(), [third]);
    let numbered = view.requests().numbered(&first.number()).await.unwrap();
    assert!(numbered.contains(&gone));
    assert!(view.requests().numbered("").await.unwrap().is_empty());
    let found = view.requests().exchange(id).await.unwrap();
    assert_eq!(found, Some(gone));
}

async fn what_was_not_handed_out_after_all_is_owed_again(t: Bench) {
    let one = exchanged_before(&t).await;
    let id = &one.exchange_id;
    let handed = Handed {
        at: at(8),
        by: "staff:support".into(),
    };
    let other = Handed {
        by: "staff:other".into(),
        ..handed.clone()
    };
    t.write(async |tx| tx.requests().hand_out(id, &handed).await)
        .await
        .unwrap();
    let back = async |noted: &Handed| {
        t.write(async |tx| tx.requests().take_hand_out_back(id, noted).await)
            .await
            .unwrap()
    };
    assert!(!back(&other).await, "not what is noted");
    assert!(back(&handed).await && !back(&handed).await, "once");
    let mut view = t.view().await;
    let owed = view.requests().owed(None, 9).await.unwrap();
    assert_eq!(owed, [one]);
}
