//! Outbox rows: written with the change, leased to one relay, in order per key, ended once.

use std::collections::BTreeMap;
use std::sync::Arc;

use lifeline_core::outbox::{Event, Lane};
use lifeline_core::shared::ids::EventId;
use lifeline_core::store::StoreError;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::bench::{Bench, at, now};
use crate::contracts;

contracts! { "outbox":
    round_trip => ["OutboxStore::add", "OutboxStore::claim"];
    many_are_added_in_their_order_or_none => ["OutboxStore::add_all"];
    duplicate_event_is_told => ["OutboxStore::add"];
    dropped_unit_leaves_no_row => ["OutboxStore::add", "OutboxStore::backlog"];
    cancelled_unit_leaves_no_row => ["OutboxStore::add"];
    not_due_is_not_claimed => ["OutboxStore::claim"];
    lease_keeps_others_out_until_it_ends => ["OutboxStore::claim"];
    claim_once => ["OutboxStore::claim", "OutboxStore::done"];
    one_key_leaves_in_order => ["OutboxStore::claim", "OutboxStore::done"];
    waiting_retry_holds_its_key_back => ["OutboxStore::retry"];
    dead_row_lets_its_key_go_on => ["OutboxStore::bury", "OutboxStore::backlog"];
    stale_epoch_writes_nothing => ["OutboxStore::done", "OutboxStore::retry", "OutboxStore::bury"];
    ended_row_stays_ended => ["OutboxStore::done", "OutboxStore::retry", "OutboxStore::bury"];
    claim_takes_oldest_first_up_to_the_limit => ["OutboxStore::claim"];
    who_waits_at_a_screen_stands_before_news_of_many => ["OutboxStore::claim"];
    body_is_sealed_at_rest_and_wiped_when_done => ["OutboxStore::add", "OutboxStore::done"];
}

pub(crate) fn event(t: &Bench, key: &str) -> Event {
    Event {
        event_id: t.id(),
        kind: "payments.post_line".into(),
        ordering_key: key.into(),
        body: r#"{"line":"一"}"#.into(),
        trace_id: "trace-1".into(),
        created_at: now(),
        available_at: now(),
        money: true,
        lane: Lane::Usual,
    }
}

pub(crate) async fn add(t: &Bench, event: &Event) {
    t.write(async |tx| tx.outbox().add(event).await)
        .await
        .unwrap();
}

pub(crate) async fn claim(
    t: &Bench,
    seconds: i64,
    limit: i64,
) -> Vec<lifeline_core::outbox::Claimed> {
    t.write(async |tx| {
        tx.outbox()
            .claim(at(seconds), at(seconds + 30), limit)
            .await
    })
    .await
    .unwrap()
}

async fn backlog(t: &Bench) -> i64 {
    t.write(async |tx| tx.outbox().backlog().await)
        .await
        .unwrap()
}

async fn round_trip(t: Bench) {
    let quiet = Event {
        money: false,
        ..event(&t, "b")
    };
    let loud = event(&t, "a");
    add(&t, &quiet).await;
    add(&t, &loud).await;
    let got = claim(&t, 0, 10).await;
    assert_eq!(got.len(), 2);
    assert_eq!(got[0].event, quiet);
    assert_eq!(got[1].event, loud);
    assert_eq!((got[0].attempts, got[0].lease_epoch), (0, 1));
}

async fn many_are_added_in_their_order_or_none(t: Bench) {
    let events = ["c", "a", "b"].map(|key| event(&t, key));
    let add_all =
        async |events: &[Event]| t.write(async |tx| tx.outbox().add_all(events).await).await;
    add_all(&events).await.unwrap();
    let again = [event(&t, "d"), events[1].clone()];
    let told = add_all(&again).await;
    assert!(matches!(told, Err(StoreError::Duplicate(_))), "{told:?}");
    add_all(&[]).await.unwrap();
    let got = claim(&t, 0, 10).await;
    let got: Vec<Event> = got.into_iter().map(|claimed| claimed.event).collect();
    assert_eq!(got, events);
}

async fn duplicate_event_is_told(t: Bench) {
    let event = event(&t, "a");
    add(&t, &event).await;
    let again = t.write(async |tx| tx.outbox().add(&event).await).await;
    assert!(
        matches!(&again, Err(StoreError::Duplicate(n)) if n == "outbox(event_id)"),
        "{again:?}"
    );
}

async fn dropped_unit_leaves_no_row(t: Bench) {
    let event = event(&t, "a");
    t.write_and_drop(async |tx| tx.outbox().add(&event).await)
        .await;
    assert_eq!(backlog(&t).await, 0);
    add(&t, &event).await;
    assert_eq!(backlog(&t).await, 1);
}

async fn cancelled_unit_leaves_no_row(t: Bench) {
    let (event, other) = (event(&t, "a"), t.clone());
    let written = Arc::new(Notify::new());
    let (telling, copy) = (Arc::clone(&written), event.clone());
    let task = tokio::spawn(async move {
        other
            .write(async |tx| {
                tx.outbox().add(&copy).await?;
                telling.notify_one();
                std::future::pending::<Result<(), StoreError>>().await
            })
            .await
    });
    written.notified().await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(backlog(&t).await, 0);
    add(&t, &event).await;
}

async fn who_waits_at_a_screen_stands_before_news_of_many(t: Bench) {
    let many: Vec<Event> = (0..40).map(|n| event(&t, &format!("news-{n}"))).collect();
    t.write(async |tx| tx.outbox().add_all(&many).await)
        .await
        .unwrap();
    let of = |key: &str, lane| Event {
        lane,
        ..event(&t, key)
    };
    add(&t, &of("paid", Lane::Money)).await;
    add(&t, &of("code", Lane::Urgent)).await;
    let first = claim(&t, 0, 3).await;
    let events = first.into_iter().map(|claimed| claimed.event);
    let told: Vec<_> = events
        .map(|event| (event.ordering_key, event.lane))
        .collect();
    let row = |key: &str, lane| (key.to_owned(), lane);
    let wanted = [
        row("code", Lane::Urgent),
        row("paid", Lane::Money),
        row("news-0", Lane::Usual),
    ];
    assert_eq!(told, wanted);
    // An earlier row of its own key goes before it, whatever it stands behind.
    add(&t, &of("news-39", Lane::Urgent)).await;
    assert_eq!(claim(&t, 0, 1).await[0].event.ordering_key, "news-1");
}

async fn not_due_is_not_claimed(t: Bench) {
    let later = Event {
        available_at: at(60),
        ..event(&t, "a")
    };
    add(&t, &later).await;
    assert!(claim(&t, 59, 10).await.is_empty());
    assert_eq!(claim(&t, 60, 10).await.len(), 1);
}

async fn lease_keeps_others_out_until_it_ends(t: Bench) {
    add(&t, &event(&t, "a")).await;
    assert_eq!(claim(&t, 0, 10).await[0].lease_epoch, 1);
    assert!(claim(&t, 29, 10).await.is_empty());
    let second = claim(&t, 30, 10).await;
    assert_eq!((second[0].lease_epoch, second[0].attempts), (2, 1));
}

/// Eight relays of two processes race for 60 rows: each row is leased exactly once.
async fn claim_once(t: Bench) {
    let events: Vec<Event> = (0..60).map(|n| event(&t, &format!("key-{n}"))).collect();
    t.write(async |tx| {
        for event in &events {
            tx.outbox().add(event).await?;
        }
        Ok(())
    })
    .await
    .unwrap();
    let other = t.another_process().await;
    let mut relays = JoinSet::new();
    for n in 0..8 {
        let t = if n % 2 == 0 { t.clone() } else { other.clone() };
        relays.spawn(async move {
            let mut mine = Vec::new();
            loop {
                let got = claim(&t, 0, 3).await;
                if got.is_empty() {
                    return mine;
                }
                for claimed in &got {
                    let (id, epoch) = (&claimed.event.event_id, claimed.lease_epoch);
                    let done = t
                        .write(async |tx| tx.outbox().done(id, epoch, at(1)).await)
                        .await;
                    assert!(done.unwrap());
                }
                mine.extend(got.into_iter().map(|claimed| claimed.event.event_id));
            }
        });
    }
    let mut seen: BTreeMap<EventId, u32> = BTreeMap::new();
    while let Some(mine) = relays.join_next().await {
        for id in mine.unwrap() {
            *seen.entry(id).or_default() += 1;
        }
    }
    assert_eq!(seen.len(), 60);
    assert!(seen.values().all(|times| *times == 1), "{seen:?}");
    assert_eq!(backlog(&t).await, 0);
    other.store.close().await.unwrap();
}

async fn one_key_leaves_in_order(t: Bench) {
    let (first, second, free) = (event(&t, "a"), event(&t, "a"), event(&t, "b"));
    for event in [&first, &second, &free] {
        add(&t, event).await;
    }
    let got = claim(&t, 0, 10).await;
    let ids: Vec<_> = got.iter().map(|c| c.event.event_id.clone()).collect();
    assert_eq!(ids, [first.event_id.clone(), free.event_id]);
    // Leased is not gone: the second waits until the first has ended.
    assert!(claim(&t, 1, 10).await.is_empty());
    t.write(async |tx| tx.outbox().done(&first.event_id, 1, at(2)).await)
        .await
        .unwrap();
    assert_eq!(claim(&t, 3, 10).await[0].event.event_id, second.event_id);
}

async fn waiting_retry_holds_its_key_back(t: Bench) {
    let (first, second) = (event(&t, "a"), event(&t, "a"));
    add(&t, &first).await;
    add(&t, &second).await;
    let epoch = claim(&t, 0, 10).await[0].lease_epoch;
    let kept = t
        .write(async |tx| {
            tx.outbox()
                .retry(&first.event_id, epoch, at(50), "no_answer")
                .await
        })
        .await;
    assert!(kept.unwrap());
    assert!(claim(&t, 49, 10).await.is_empty());
    let again = claim(&t, 50, 10).await;
    assert_eq!(again[0].event.event_id, first.event_id);
    assert_eq!((again[0].attempts, again[0].lease_epoch), (1, 2));
}

async fn dead_row_lets_its_key_go_on(t: Bench) {
    let (first, second) = (event(&t, "a"), event(&t, "a"));
    add(&t, &first).await;
    add(&t, &second).await;
    claim(&t, 0, 10).await;
    let buried = t
        .write(async |tx| tx.outbox().bury(&first.event_id, 1, at(1), "refused").await)
        .await;
    assert!(buried.unwrap());
    assert_eq!(backlog(&t).await, 1);
    assert_eq!(claim(&t, 2, 10).await[0].event.event_id, second.event_id);
}

async fn stale_epoch_writes_nothing(t: Bench) {
    let event = event(&t, "a");
    let id = &event.event_id;
    add(&t, &event).await;
    claim(&t, 0, 1).await;
    claim(&t, 30, 1).await;
    t.write(async |tx| {
        assert!(!tx.outbox().done(id, 1, at(31)).await?);
        assert!(!tx.outbox().retry(id, 1, at(31), "late").await?);
        assert!(!tx.outbox().bury(id, 1, at(31), "late").await?);
        assert!(tx.outbox().done(id, 2, at(31)).await?);
        Ok(())
    })
    .await
    .unwrap();
}

async fn ended_row_stays_ended(t: Bench) {
    let event = event(&t, "a");
    let id = &event.event_id;
    add(&t, &event).await;
    // Never claimed: no epoch to write with.
    t.write(async |tx| {
        assert!(!tx.outbox().done(id, 0, at(1)).await?);
        Ok(())
    })
    .await
    .unwrap();
    claim(&t, 0, 1).await;
    t.write(async |tx| {
        assert!(tx.outbox().done(id, 1, at(1)).await?);
        assert!(!tx.outbox().done(id, 1, at(1)).await?);
        assert!(!tx.outbox().retry(id, 1, at(1), "late").await?);
        assert!(!tx.outbox().bury(id, 1, at(1), "late").await?);
        Ok(())
    })
    .await
    .unwrap();
    assert!(claim(&t, 1000, 10).await.is_empty());
}

async fn claim_takes_oldest_first_up_to_the_limit(t: Bench) {
    let events: Vec<Event> = (0..5).map(|n| event(&t, &format!("k{n}"))).collect();
    for event in &events {
        add(&t, event).await;
    }
    let ids = |got: Vec<lifeline_core::outbox::Claimed>| -> Vec<EventId> {
        got.into_iter().map(|c| c.event.event_id).collect()
    };
    let wanted: Vec<EventId> = events.into_iter().map(|e| e.event_id).collect();
    assert_eq!(ids(claim(&t, 0, 2).await), wanted[..2]);
    assert_eq!(ids(claim(&t, 0, 2).await), wanted[2..4]);
    assert_eq!(ids(claim(&t, 0, 2).await), wanted[4..]);
}

async fn body_is_sealed_at_rest_and_wiped_when_done(t: Bench) {
    let event = Event {
        body: r#"{"otp":"CANARY-135790"}"#.into(),
        ..event(&t, "a")
    };
    add(&t, &event).await;
    let stored = t.text("SELECT body FROM outbox").await;
    assert!(
        stored.starts_with("a1:") && !stored.contains("CANARY"),
        "{stored}"
    );
    let got = claim(&t, 0, 1).await;
    assert_eq!(got[0].event.body, event.body);
    t.write(async |tx| tx.outbox().done(&event.event_id, 1, at(1)).await)
        .await
        .unwrap();
    assert_eq!(t.text("SELECT body FROM outbox").await, "");
}
