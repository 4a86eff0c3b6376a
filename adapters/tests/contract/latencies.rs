//! How long answers took, packed or not, is what was added.

use lifeline_core::accounts::Terminal;
use lifeline_core::insight::batch::Batch;
use lifeline_core::insight::people::day_number;
use lifeline_core::insight::{Channel, Outcome, Sample};

use crate::bench::{Bench, at};
use crate::contracts;
use crate::insight::add;

contracts! { "latencies":
    how_long_answers_took_is_told_packed_or_not => ["InsightStore::add", "InsightStore::pack_latencies",
        "InsightReads::latencies", "InsightReads::loose_latencies"];
    old_latencies_go_packed_or_not => ["InsightStore::purge"];
    a_dropped_unit_packs_no_latencies => ["InsightStore::pack_latencies"];
}

const DAY_S: i64 = 86_400;

/// Answers of two functions on a day, each of another length.
fn took(day: i64) -> Batch {
    let mut batch = Batch::default();
    for (function, micros) in [(4, 100), (4, 5_000), (4, 5_001), (12, 900_000)] {
        let sample = Sample {
            at: at(day * DAY_S),
            function,
            channel: Channel::H5,
            terminal: Terminal::Computer,
            outcome: Outcome::Done,
            micros,
            person: None,
            refusal: None,
        };
        batch.add(&sample, "");
    }
    batch
}

async fn pack(t: &Bench, day: i64) {
    t.write(async |tx| tx.insight().pack_latencies(day).await)
        .await
        .unwrap();
}

async fn rows(t: &Bench, table: &str) -> String {
    let asked = format!("SELECT CAST(COUNT(*) AS TEXT) FROM {table}");
    t.text(&asked).await
}

async fn how_long_answers_took_is_told_packed_or_not(t: Bench) {
    let first = day_number(at(0));
    for day in 0..3 {
        add(&t, &took(day)).await;
    }
    let told = async || {
        let mut found = Vec::new();
        for (from, to) in [
            (first, first + 2),
            (first + 1, first + 1),
            (first + 3, first + 9),
        ] {
            for function in [None, Some(4), Some(12), Some(5)] {
                let mut view = t.view().await;
                found.push(view.insight().latencies(from, to, function).await.unwrap());
            }
        }
        found
    };
    let before = told().await;
    assert_eq!(before[0].iter().map(|(_, n)| n).sum::<i64>(), 12);
    assert_eq!(before[5].iter().map(|(_, n)| n).sum::<i64>(), 3);
    let loose = async |day| t.view().await.insight().loose_latencies(day).await.unwrap();
    assert_eq!(loose(first + 2).await, [first, first + 1], "before today");
    pack(&t, first).await;
    assert_eq!(loose(first + 2).await, [first + 1]);
    pack(&t, first + 1).await;
    assert!(loose(first + 2).await.is_empty());
    assert_eq!(told().await, before);
    // A row for each function and one for all of them.
    assert_eq!(rows(&t, "access_latency_packed").await, "6");
    add(&t, &took(1)).await;
    let late = told().await;
    assert_eq!(late[5].iter().map(|(_, n)| n).sum::<i64>(), 6);
    assert_eq!(loose(first + 2).await, [first + 1]);
    pack(&t, first + 1).await;
    pack(&t, first + 1).await;
    assert_eq!(told().await, late);
    assert_eq!(rows(&t, "access_latency_packed").await, "6");
}

async fn old_latencies_go_packed_or_not(t: Bench) {
    let first = day_number(at(0));
    for day in 0..3 {
        add(&t, &took(day)).await;
    }
    pack(&t, first).await;
    t.write(async |tx| tx.insight().purge(first, first + 2).await)
        .await
        .unwrap();
    let mut view = t.view().await;
    let left = view.insight().latencies(first, first + 9, None).await;
    assert_eq!(left.unwrap().iter().map(|(_, n)| n).sum::<i64>(), 4);
    assert_eq!(rows(&t, "access_latency_packed").await, "0");
}

async fn a_dropped_unit_packs_no_latencies(t: Bench) {
    add(&t, &took(0)).await;
    let day = day_number(at(0));
    t.write_and_drop(async |tx| tx.insight().pack_latencies(day).await)
        .await;
    assert_eq!(rows(&t, "access_latency_packed").await, "0");
    assert_ne!(rows(&t, "access_latency").await, "0");
}
