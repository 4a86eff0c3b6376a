//! Two years of figures at ten million requests a day: how much room they take, and that reading them is quick. Filled for
//! ROLLED_DAYS (2; `make test-long`: 73, a tenth of the time) and carried on to the whole. With a tenth the time before it
//! is filled as well, by days and months, before the pages are read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lifeline_adapters::sql::Engine;
use lifeline_core::insight::asked::{DAYS_KEPT, DAYS_TOLD, Grain, HOURS_KEPT_DAYS, month_of};
use lifeline_core::insight::people::{day_number, midnight};
use lifeline_core::insight::{Ask, Channel, Insight, Outcome};
use lifeline_core::store::Store;

use crate::bench::{Bench, EngineKind, Watch, now};
use crate::contracts;

contracts! { "rolled":
    two_years_take_less_than_their_room => ["InsightReads::rows"];
}

/// What the rows of two years may take.
const ROOM_BYTES: i64 = 1_000_000_000;
/// Of 731 days: as many as are measured before they are carried on.
const TENTH: i64 = 73;
const FUNCTIONS: i64 = 40;
const REGIONS: i64 = 14;

fn days() -> i64 {
    let set = std::env::var("ROLLED_DAYS").ok();
    set.and_then(|n| n.parse().ok()).unwrap_or(2)
}

async fn bytes(t: &Bench) -> i64 {
    let asked = match &t.kind {
        EngineKind::Sqlite => {
            "SELECT CAST(SUM(pgsize) AS TEXT) FROM dbstat WHERE name LIKE 'access_%'"
        }
        EngineKind::Postgres(_) => {
            "SELECT CAST(pg_total_relation_size('access_tally') + pg_total_relation_size('access_sum') \
             + pg_total_relation_size('access_pack') AS TEXT)"
        }
    };
    t.text(asked).await.parse().unwrap()
}

/// Every cell that ten million requests of a day reach when functions and regions are asked for as 1, 1/2, 1/3, …: of an
/// hour about 74 000, of a day about 5 700.
fn fill(grain: i64, from: i64, to: i64, per_mille_of_a_day: i64) -> String {
    format!(
        "WITH RECURSIVE f(f) AS (SELECT 1 UNION ALL SELECT f + 1 FROM f WHERE f < {FUNCTIONS}),
              r(r) AS (SELECT 1 UNION ALL SELECT r + 1 FROM r WHERE r < {REGIONS}),
              d(d) AS (SELECT {from} UNION ALL SELECT d + 1 FROM d WHERE d < {to}),
              c(c, cw) AS (SELECT 0, 850 UNION ALL SELECT 1, 140 UNION ALL SELECT 2, 10),
              o(o, ow) AS (SELECT 0, 970 UNION ALL SELECT 1, 20 UNION ALL SELECT 2, 6 UNION ALL SELECT 3, 4)
         INSERT INTO access_tally (at, cell, n)
         SELECT {grain} * 100000000 + d, ((f * 10 + c) * 10 + o) * 10000 + 1500 + r, 720 * cw * ow / 1000 * CAST({per_mille_of_a_day} AS BIGINT) / (f * r * 1000)
         FROM d, f, r, c, o WHERE 720 * cw * ow / 1000 * CAST({per_mille_of_a_day} AS BIGINT) / (f * r * 1000) > 0"
    )
}

/// What the tallies of a span add up to, side by side: everything, by function, by channel, by outcome.
fn sums(grain: i64, from: i64, to: i64) -> String {
    let sides = [
        "0",
        "cell / 1000000",
        "cell / 100000 % 10",
        "cell / 10000 % 10",
    ];
    let side = |(side, what): (usize, &str)| {
        format!(
            "INSERT INTO access_sum (at, item, n) SELECT ({grain} * 4 + {side}) * 100000000 + at % 100000000, \
             {what} * 10000 + cell % 10000, SUM(n) FROM access_tally WHERE at BETWEEN {grain} * 100000000 + {from} AND {grain} * 100000000 + {to} \
             GROUP BY at, {what} * 10000 + cell % 10000;"
        )
    };
    sides.into_iter().enumerate().map(side).collect()
}

#[expect(clippy::print_stdout, reason = "what was measured is told")]
async fn two_years_take_less_than_their_room(t: Bench) {
    let (days, today) = (days(), day_number(now()));
    let first = today - days + 1;
    let empty = bytes(&t).await;
    let hours = days.min(HOURS_KEPT_DAYS);
    let from = (today - hours + 1) * 24;
    t.raw(&fill(0, from, today * 24 + 23, 42)).await.unwrap();
    t.raw(&sums(0, from, today * 24 + 23)).await.unwrap();
    pack(&t, Grain::Hour, today - hours + 1, today - 1).await;
    let after_hours = bytes(&t).await;
    t.raw(&fill(1, first, today, 1000)).await.unwrap();
    t.raw(&sums(1, first, today)).await.unwrap();
    pack(&t, Grain::Day, first, today - 1).await;
    let after_all = bytes(&t).await;
    let per_hour_day = (after_hours - empty) / hours;
    let per_day = (after_all - after_hours) / days;
    let whole = per_hour_day * HOURS_KEPT_DAYS + per_day * DAYS_KEPT;
    let told = format!(
        "{}: {per_hour_day} bytes of hours and {per_day} of the rest each day, {whole} in two years",
        t.kind.name()
    );
    println!("{told}");
    assert!(whole < ROOM_BYTES, "{told}");
    if days < TENTH {
        return read(&t, "", (first, today)).await;
    }
    fill_before(&t, today, first - 1).await;
    read(&t, "by days, ", (today - DAYS_TOLD + 1, today)).await;
    read(&t, "by months, ", (today - DAYS_KEPT + 1, today)).await;
}

/// The days before those that were measured, and every month.
async fn fill_before(t: &Bench, today: i64, last: i64) {
    let first = today - DAYS_KEPT + 1;
    t.raw(&fill(1, first, last, 1000)).await.unwrap();
    t.raw(&sums(1, first, last)).await.unwrap();
    pack(t, Grain::Day, first, last).await;
    let months = (month_of(first), month_of(today));
    t.raw(&fill(2, months.0, months.1, 30_000)).await.unwrap();
    t.raw(&sums(2, months.0, months.1)).await.unwrap();
    pack(t, Grain::Month, months.0, months.1 - 1).await;
}

/// Reads every page of a span a hundred times.
#[expect(clippy::print_stdout, reason = "what was measured is told")]
async fn read(t: &Bench, told: &str, (from, to): (i64, i64)) {
    let watch = Watch::new();
    watch.set(0);
    let store: Arc<dyn Store> = Arc::<Engine>::clone(&t.store);
    let insight = Insight::new(store, Arc::new(watch));
    for (name, ask) in asked(from, to) {
        let mut took: Vec<Duration> = Vec::new();
        for _ in 0..100 {
            let began = Instant::now();
            let figures = insight.statistics(&ask).await.unwrap();
            took.push(began.elapsed());
            assert!(figures.calls > 0 && midnight(from) < now(), "{name}");
        }
        took.sort();
        let kind = t.kind.name();
        println!(
            "{kind}, {told}{name}: p50 {:?}, p99 {:?}",
            took[50], took[98]
        );
        if days() >= TENTH {
            let slow = Duration::from_millis(100);
            assert!(took[98] < slow, "{told}{name}: {:?}", took[98]);
        }
    }
}

/// Pages of a span: without a filter, with each, with two and three and a region.
fn asked(from: i64, to: i64) -> Vec<(&'static str, Ask)> {
    let none = Ask {
        from,
        to,
        function: None,
        channel: None,
        outcome: None,
        regions: None,
    };
    let (function, channel, outcome) = (Some(1), Some(Channel::ALL[0]), Some(Outcome::ALL[0]));
    let of = |function, channel, outcome| Ask {
        function,
        channel,
        outcome,
        ..none.clone()
    };
    let region = Ask {
        regions: Some(vec!["1501".to_owned()]),
        ..of(function, channel, outcome)
    };
    vec![
        ("function", of(function, None, None)),
        ("channel", of(None, channel, None)),
        ("outcome", of(None, None, outcome)),
        ("function and channel", of(function, channel, None)),
        ("function and outcome", of(function, None, outcome)),
        ("channel and outcome", of(None, channel, outcome)),
        ("all three", of(function, channel, outcome)),
        ("all three in a region", region),
        ("no filter", none),
    ]
}

/// Packs what is over, as the timed task does.
async fn pack(t: &Bench, grain: Grain, from: i64, to: i64) {
    let found = t.view().await.insight().loose(grain, from, to).await;
    for at in found.unwrap() {
        t.write(async |tx| tx.insight().pack(grain, at).await)
            .await
            .unwrap();
    }
}
