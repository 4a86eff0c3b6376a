//! Messages from outside: stored once, applied once, found again while they are not applied.

use lifeline_core::inbox::{InboxState, Message, Unverified, Waiting};
use tokio::task::JoinSet;

use crate::bench::{Bench, at, now};
use crate::contracts;

contracts! { "inbox":
    round_trip => ["InboxStore::receive", "InboxStore::find"];
    absent_is_none => ["InboxStore::find", "InboxStore::mark_applied"];
    repeat_is_told_and_changes_nothing => ["InboxStore::receive"];
    applied_once => ["InboxStore::mark_applied"];
    dropped_unit_leaves_it_received => ["InboxStore::receive", "InboxStore::mark_applied"];
    pending_is_old_received_oldest_first => ["InboxStore::pending"];
    pending_goes_on_behind_the_last => ["InboxStore::pending"];
    concurrent_repeats_are_one_message => ["InboxStore::receive", "InboxStore::mark_applied"];
    purge_takes_old_applied_messages_only => ["InboxStore::purge"];
    raw_is_sealed_at_rest => ["InboxStore::receive"];
    quarantine_keeps_each_once_and_so_many => ["InboxStore::quarantine", "InboxStore::quarantined"];
    quarantine_is_left_once => ["InboxStore::leave_quarantine"];
    quarantine_forgets_the_old => ["InboxStore::purge_quarantine"];
}

pub(crate) fn message(id: &str) -> Message {
    Message {
        source: "alipay".into(),
        message_id: id.into(),
        raw: "out_trade_no=T1&total_amount=1.00&subject=电费".into(),
        trace_id: "trace-1".into(),
        received_at: now(),
        state: InboxState::Received,
    }
}

pub(crate) async fn receive(t: &Bench, message: &Message) -> bool {
    t.write(async |tx| tx.inbox().receive(message).await)
        .await
        .unwrap()
}

pub(crate) async fn find(t: &Bench, id: &str) -> Option<Message> {
    t.write(async |tx| tx.inbox().find("alipay", id).await)
        .await
        .unwrap()
}

async fn apply(t: &Bench, id: &str) -> bool {
    t.write(async |tx| tx.inbox().mark_applied("alipay", id, at(1)).await)
        .await
        .unwrap()
}

async fn round_trip(t: Bench) {
    assert!(receive(&t, &message("n1")).await);
    assert_eq!(find(&t, "n1").await, Some(message("n1")));
    assert!(apply(&t, "n1").await);
    let applied = Message {
        state: InboxState::Applied,
        ..message("n1")
    };
    assert_eq!(find(&t, "n1").await, Some(applied));
}

async fn absent_is_none(t: Bench) {
    receive(&t, &message("n1")).await;
    assert_eq!(find(&t, "n2").await, None);
    let other = t.write(async |tx| tx.inbox().find("sms", "n1").await).await;
    assert_eq!(other.unwrap(), None);
    assert!(!apply(&t, "n2").await);
}

async fn repeat_is_told_and_changes_nothing(t: Bench) {
    assert!(receive(&t, &message("n1")).await);
    let other = Message {
        raw: "other".into(),
        received_at: at(9),
        ..message("n1")
    };
    assert!(!receive(&t, &other).await);
    assert_eq!(find(&t, "n1").await, Some(message("n1")));
    let same_id_elsewhere = Message {
        source: "sms".into(),
        ..message("n1")
    };
    assert!(receive(&t, &same_id_elsewhere).await);
}

async fn applied_once(t: Bench) {
    receive(&t, &message("n1")).await;
    assert!(apply(&t, "n1").await);
    assert!(!apply(&t, "n1").await);
    assert!(!receive(&t, &message("n1")).await);
}

async fn dropped_unit_leaves_it_received(t: Bench) {
    let new = message("n1");
    t.write_and_drop(async |tx| tx.inbox().receive(&new).await.map(drop))
        .await;
    assert_eq!(find(&t, "n1").await, None);
    receive(&t, &new).await;
    t.write_and_drop(async |tx| {
        assert!(tx.inbox().mark_applied("alipay", "n1", at(1)).await?);
        Ok(())
    })
    .await;
    assert_eq!(find(&t, "n1").await, Some(new));
}

async fn pending_is_old_received_oldest_first(t: Bench) {
    for (id, seconds) in [("n3", 30), ("n1", 10), ("n2", 20), ("n4", 40)] {
        receive(
            &t,
            &Message {
                received_at: at(seconds),
                ..message(id)
            },
        )
        .await;
    }
    apply(&t, "n2").await;
    let elsewhere = Message {
        source: "marketing".into(),
        received_at: at(10),
        ..message("n0")
    };
    receive(&t, &elsewhere).await;
    let pending = async |before, limit| ids(&pending(&t, before, None, limit).await);
    assert_eq!(pending(40, 10).await, ["n1", "n3"]);
    assert_eq!(pending(41, 10).await, ["n1", "n3", "n4"]);
    assert_eq!(pending(41, 1).await, ["n1"]);
    assert!(pending(10, 10).await.is_empty());
}

async fn pending(t: &Bench, before: i64, after: Option<&Waiting>, limit: i64) -> Vec<Waiting> {
    let found = t
        .write(async |tx| tx.inbox().pending("alipay", at(before), after, limit).await)
        .await;
    found.unwrap()
}

fn ids(waiting: &[Waiting]) -> Vec<String> {
    waiting.iter().map(|one| one.message_id.clone()).collect()
}

/// Page by page, those of one moment too, and what cannot be opened is there like the rest.
async fn pending_goes_on_behind_the_last(t: Bench) {
    for (id, seconds) in [("n2", 10), ("n1", 10), ("n3", 10), ("n0", 20)] {
        let one = Message {
            received_at: at(seconds),
            ..message(id)
        };
        receive(&t, &one).await;
    }
    let spoil = "UPDATE inbox SET raw = 'spoiled' WHERE message_id = 'n2'";
    t.raw(spoil).await.unwrap();
    let mut seen = Vec::new();
    let mut last: Option<Waiting> = None;
    loop {
        let page = pending(&t, 30, last.as_ref(), 1).await;
        seen.extend(ids(&page));
        last = match page.into_iter().next_back() {
            Some(one) => Some(one),
            None => break,
        };
    }
    assert_eq!(seen, ["n1", "n2", "n3", "n0"]);
}

/// 32 deliveries of one notice: one is new, one applies it.
async fn concurrent_repeats_are_one_message(t: Bench) {
    let mut deliveries = JoinSet::new();
    for _ in 0..32 {
        let t = t.clone();
        deliveries.spawn(async move {
            let new = receive(&t, &message("n1")).await;
            (new, apply(&t, "n1").await)
        });
    }
    let all = deliveries.join_all().await;
    assert_eq!(all.iter().filter(|(new, _)| *new).count(), 1);
    assert_eq!(all.iter().filter(|(_, applied)| *applied).count(), 1);
}

async fn raw_is_sealed_at_rest(t: Bench) {
    receive(&t, &message("n1")).await;
    let stored = t.text("SELECT raw FROM inbox").await;
    assert!(
        stored.starts_with("a1:") && !stored.contains("out_trade_no"),
        "{stored}"
    );
}

async fn purge_takes_old_applied_messages_only(t: Bench) {
    for (id, applied) in [("n1", Some(10)), ("n2", Some(20)), ("n3", None)] {
        receive(&t, &message(id)).await;
        if let Some(second) = applied {
            t.write(async |tx| tx.inbox().mark_applied("alipay", id, at(second)).await)
                .await
                .unwrap();
        }
    }
    let purge = async |before, limit| {
        let gone = t
            .write(async |tx| tx.inbox().purge(at(before), limit).await)
            .await;
        gone.unwrap()
    };
    assert_eq!(purge(10, 10).await, 0);
    assert_eq!(purge(99, 1).await, 1);
    assert_eq!(find(&t, "n1").await, None);
    assert!(find(&t, "n2").await.is_some());
    assert_eq!(purge(99, 10).await, 1);
    assert_eq!(purge(99_999_999, 10).await, 0);
    assert!(find(&t, "n3").await.is_some());
}

pub(crate) fn unverified(digest: &str) -> Unverified {
    Unverified {
        digest: digest.into(),
        raw: "out_trade_no=T1&subject=电费&sign=x".into(),
        trace_id: "trace-1".into(),
        received_at: now(),
    }
}

pub(crate) async fn quarantine(t: &Bench, message: &Unverified, max: i64) -> bool {
    t.write(async |tx| tx.inbox().quarantine(message, max).await)
        .await
        .unwrap()
}

pub(crate) async fn quarantined(t: &Bench, after: &str, limit: i64) -> Vec<Unverified> {
    t.write(async |tx| tx.inbox().quarantined(after, limit).await)
        .await
        .unwrap()
}

async fn quarantine_keeps_each_once_and_so_many(t: Bench) {
    assert_eq!(quarantined(&t, "", 9).await, vec![]);
    for (digest, kept) in [("b", true), ("b", false), ("a", true), ("c", false)] {
        assert_eq!(
            quarantine(&t, &unverified(digest), 2).await,
            kept,
            "{digest}"
        );
    }
    assert!(quarantine(&t, &unverified("c"), 3).await);
    let all = ["a", "b", "c"].map(unverified);
    assert_eq!(quarantined(&t, "", 9).await, all);
    assert_eq!(quarantined(&t, "a", 1).await, all[1..2]);
    // Words long enough that sealed text never spells one of them by chance, as two letters did.
    let stored = t.text("SELECT MIN(raw) FROM notice_quarantine").await;
    assert!(!stored.contains("trade_no") && !stored.contains("subject"));
}

async fn quarantine_is_left_once(t: Bench) {
    assert!(quarantine(&t, &unverified("a"), 9).await);
    let leave = async || {
        t.write(async |tx| tx.inbox().leave_quarantine("a").await)
            .await
            .unwrap()
    };
    assert!(leave().await);
    assert!(!leave().await);
    assert!(quarantine(&t, &unverified("a"), 9).await, "it came again");
}

async fn quarantine_forgets_the_old(t: Bench) {
    let later = Unverified {
        received_at: at(10),
        ..unverified("later")
    };
    for message in [&unverified("old"), &later] {
        assert!(quarantine(&t, message, 9).await);
    }
    let gone = t
        .write(async |tx| tx.inbox().purge_quarantine(at(10)).await)
        .await;
    assert_eq!(gone.unwrap(), 1);
    assert_eq!(quarantined(&t, "", 9).await, vec![later]);
}
