//! Evidence entries: queued once with the act they prove, unchangeable, erasable by their salt.

use lifeline_core::evidence::{Act, Entry};
use lifeline_core::shared::ids::EvidenceId;
use tokio::task::JoinSet;

use crate::bench::{Bench, at};
use crate::contracts;

contracts! { "evidence":
    round_trip => ["EvidenceLog::append", "EvidenceLog::find"];
    many_are_queued_in_their_order_and_repeats_ignored => ["EvidenceLog::append_all"];
    absent_is_none => ["EvidenceLog::find", "EvidenceLog::unsequenced"];
    repeat_is_ignored => ["EvidenceLog::append"];
    unsequenced_is_in_order => ["EvidenceLog::unsequenced"];
    dropped_unit_proves_nothing => ["EvidenceLog::append"];
    concurrent_appends_all_queue => ["EvidenceLog::append", "EvidenceLog::unsequenced"];
    rows_cannot_be_changed_by_raw_sql => ["EvidenceLog::append"];
    salt_can_be_erased_alone => ["EvidenceLog::find"];
}

fn entry(t: &Bench, kind: &str) -> Entry {
    Act::new()
        .say("amount_fen", 100)
        .seal("consumer_no", "1500000004321")
        .into_entry(t.id(), kind, at(0), at(1), [7; 16])
        .unwrap()
}

async fn append(t: &Bench, entry: &Entry) {
    t.write(async |tx| tx.evidence().append(entry).await)
        .await
        .unwrap();
}

async fn find(t: &Bench, id: &EvidenceId) -> Option<Entry> {
    t.write(async |tx| tx.evidence().find(id).await)
        .await
        .unwrap()
}

async fn unsequenced(t: &Bench, limit: i64) -> Vec<Entry> {
    t.write(async |tx| tx.evidence().unsequenced(limit).await)
        .await
        .unwrap()
}

async fn round_trip(t: Bench) {
    let entry = entry(&t, "payments.posted");
    append(&t, &entry).await;
    assert_eq!(find(&t, &entry.entry_id).await, Some(entry.clone()));
    assert_eq!(unsequenced(&t, 10).await, [entry]);
}

async fn many_are_queued_in_their_order_and_repeats_ignored(t: Bench) {
    let first = entry(&t, "a.a");
    append(&t, &first).await;
    let repeat = Entry {
        kind: "other".into(),
        ..first.clone()
    };
    let entries = [entry(&t, "b.b"), repeat, entry(&t, "c.c")];
    t.write(async |tx| tx.evidence().append_all(&entries).await)
        .await
        .unwrap();
    let [second, _, third] = entries;
    assert_eq!(find(&t, &third.entry_id).await, Some(third.clone()));
    assert_eq!(unsequenced(&t, 10).await, [first, second, third]);
}

async fn absent_is_none(t: Bench) {
    assert_eq!(find(&t, &t.id()).await, None);
    assert!(unsequenced(&t, 10).await.is_empty());
}

async fn repeat_is_ignored(t: Bench) {
    let first = entry(&t, "payments.posted");
    append(&t, &first).await;
    append(
        &t,
        &Entry {
            kind: "other".into(),
            ..first.clone()
        },
    )
    .await;
    assert_eq!(unsequenced(&t, 10).await, [first]);
}

async fn unsequenced_is_in_order(t: Bench) {
    let entries = [entry(&t, "a.a"), entry(&t, "b.b"), entry(&t, "c.c")];
    for entry in &entries {
        append(&t, entry).await;
    }
    assert_eq!(unsequenced(&t, 2).await, entries[..2]);
    t.raw("DELETE FROM evidence_queue WHERE seq = (SELECT MIN(seq) FROM evidence_queue)")
        .await
        .unwrap();
    assert_eq!(unsequenced(&t, 10).await, entries[1..]);
}

async fn dropped_unit_proves_nothing(t: Bench) {
    let entry = entry(&t, "payments.posted");
    t.write_and_drop(async |tx| tx.evidence().append(&entry).await)
        .await;
    assert_eq!(find(&t, &entry.entry_id).await, None);
    assert!(unsequenced(&t, 10).await.is_empty());
}

async fn concurrent_appends_all_queue(t: Bench) {
    let mut writers = JoinSet::new();
    for _ in 0..24 {
        let (t, entry) = (t.clone(), entry(&t, "payments.posted"));
        writers.spawn(async move { append(&t, &entry).await });
    }
    writers.join_all().await;
    let mut ids: Vec<_> = unsequenced(&t, 100)
        .await
        .into_iter()
        .map(|e| e.entry_id)
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 24);
}

async fn rows_cannot_be_changed_by_raw_sql(t: Bench) {
    let entry = entry(&t, "payments.posted");
    append(&t, &entry).await;
    for text in [
        "UPDATE evidence_entry SET body = '{}'",
        "DELETE FROM evidence_entry",
        "UPDATE evidence_salt SET salt = '00'",
    ] {
        assert!(t.raw(text).await.is_err(), "{text}");
    }
    assert_eq!(find(&t, &entry.entry_id).await, Some(entry));
}

async fn salt_can_be_erased_alone(t: Bench) {
    let entry = entry(&t, "payments.posted");
    append(&t, &entry).await;
    t.raw("DELETE FROM evidence_salt").await.unwrap();
    let erased = Entry {
        salt: String::new(),
        ..entry.clone()
    };
    assert_eq!(find(&t, &entry.entry_id).await, Some(erased));
}
