//! What was counted before a moment's cells stood in one row (V68) is told the same by the program that packs them so.

use std::collections::BTreeMap;
use std::sync::Arc;

use lifeline_adapters::sql::Engine;
use lifeline_core::insight::Insight;
use lifeline_core::insight::asked::Grain;
use lifeline_core::insight::people::day_number;
use lifeline_core::insight::sides::{Part, Sides};
use lifeline_core::store::Store;

use crate::bench::{Bench, EngineKind, Watch, at};
use crate::contracts;

contracts! { "packed_before":
    what_was_counted_before_is_told_the_same_when_it_is_packed_anew => [];
}

/// The statements of a migration that are about counts of use.
fn about_use(kind: &EngineKind, name: &str) -> String {
    let engine = match kind {
        EngineKind::Sqlite => "sqlite",
        EngineKind::Postgres(_) => "postgres",
    };
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let text = std::fs::read_to_string(format!("{folder}/{engine}/{name}.sql")).unwrap();
    let said: String = text
        .lines()
        .filter(|line| !line.starts_with("--"))
        .map(|line| format!("{line}\n"))
        .collect();
    let about = said.split(';').filter(|one| one.contains("access_"));
    about.map(|one| format!("{one};")).collect()
}

/// The store as it was before, with an hour and a day of two functions: tallied, summed and packed, and how long the
/// answers took.
fn before(kind: &EngineKind, day: i64) -> String {
    let hour = day * 24 + 9;
    let (one, other) = (4_101_504_i64, 12_001_505_i64);
    let mut text = format!(
        "DROP TABLE access_packed; DROP TABLE access_latency_packed; DROP INDEX access_latency_of_day; {}",
        about_use(kind, "V46__packs")
    );
    let blob = match kind {
        EngineKind::Sqlite => "x'00'",
        EngineKind::Postgres(_) => "'\\x00'::bytea",
    };
    for (grain, moment) in [(Grain::Hour, hour), (Grain::Day, day)] {
        let number = grain.number();
        let tally = number * 100_000_000 + moment;
        text.push_str(&format!(
            "INSERT INTO access_tally (at, cell, n) VALUES ({tally}, {one}, 7), ({tally}, {other}, 2); \
             INSERT INTO access_pack (at, part, n, cells) VALUES ({}, 0, 9, {blob});",
            number * 100_000_000 + day
        ));
        // Everything, by function, by channel, by outcome; then the region.
        for (side, of_one, of_other) in [(0, 0, 0), (1, 4, 12), (2, 1, 0), (3, 0, 0)] {
            let at = (number * 4 + side) * 100_000_000 + moment;
            text.push_str(&format!(
                "INSERT INTO access_sum (at, item, n) VALUES ({at}, {}, 7), ({at}, {}, 2);",
                of_one * 10_000 + 1_504,
                of_other * 10_000 + 1_505
            ));
        }
    }
    text.push_str(&format!(
        "INSERT INTO access_latency (day, function, bucket, n) VALUES ({day}, 0, 30, 7), ({day}, 0, 41, 2), \
         ({day}, 4, 30, 7), ({day}, 12, 41, 2);"
    ));
    text
}

type Told = (Sides, BTreeMap<i64, i64>, Vec<Vec<(i64, i64)>>);

async fn told(t: &Bench, day: i64) -> Told {
    let part = |grain, from, to| Part {
        grain,
        from,
        to,
        function: None,
        channel: None,
        outcome: None,
        regions: None,
    };
    let mut view = t.view().await;
    let days = part(Grain::Day, day, day);
    let sides = view.insight().sides(&days).await.unwrap();
    let hours = part(Grain::Hour, day * 24, day * 24 + 23);
    let hours = view.insight().hours(&hours).await.unwrap();
    let mut latencies = Vec::new();
    for function in [None, Some(4), Some(12)] {
        latencies.push(view.insight().latencies(day, day, function).await.unwrap());
    }
    (sides, hours, latencies)
}

async fn rows(t: &Bench, table: &str) -> String {
    let asked = format!("SELECT CAST(COUNT(*) AS TEXT) FROM {table}");
    t.text(&asked).await
}

async fn what_was_counted_before_is_told_the_same_when_it_is_packed_anew(t: Bench) {
    let day = day_number(at(0)) - 3;
    t.raw(&before(&t.kind, day)).await.unwrap();
    t.raw(&about_use(&t.kind, "V68__one_row_a_day"))
        .await
        .unwrap();
    let found = told(&t, day).await;
    let (sides, hours, latencies) = &found;
    assert_eq!(sides.functions, BTreeMap::from([(4, 7), (12, 2)]));
    let regions = [("1504".to_owned(), 7), ("1505".to_owned(), 2)];
    assert_eq!(sides.regions, BTreeMap::from(regions));
    assert_eq!(*hours, BTreeMap::from([(day * 24 + 9, 9)]));
    let each = [vec![(30, 7), (41, 2)], vec![(30, 7)], vec![(41, 2)]];
    assert_eq!(*latencies, each);
    let watch = Watch::new();
    watch.set(0);
    let store: Arc<dyn Store> = Arc::<Engine>::clone(&t.store);
    Insight::new(store, Arc::new(watch)).settle().await.unwrap();
    for loose in ["access_tally", "access_latency"] {
        assert_eq!(rows(&t, loose).await, "0", "{loose}");
    }
    assert_eq!(told(&t, day).await, found);
}
