//! Two years of figures at ten million requests a day: how much room they take, and that reading them is quick. Filled for
//! ROLLED_DAYS (3; `make test-long`: 73, a tenth of the time) and carried on to the whole. With a tenth the time before it
//! is filled as well, by days and months, and a million links are made, before the pages are read.

mod fill;

use std::sync::Arc;
use std::time::{Duration, Instant};

use lifeline_adapters::sql::Engine;
use lifeline_core::insight::asked::{DAYS_KEPT, DAYS_TOLD, Grain, HOURS_KEPT_DAYS, month_of};
use lifeline_core::insight::behind::Hours;
use lifeline_core::insight::people::{KEPT_ROWS, Period, midnight};
use lifeline_core::insight::{Ask, Channel, Insight, Outcome};
use lifeline_core::store::Store;

use self::fill::today;
use crate::bench::{Bench, EngineKind, Watch, now};
use crate::contracts;

contracts! { "rolled":
    two_years_take_less_than_their_room => ["InsightReads::rows"];
    a_week_of_refusals_takes_less_than_its_room => ["InsightStore::refused"];
}

/// What the rows of two years may take.
const ROOM_BYTES: i64 = 1_000_000_000;
/// What the requests of a week that were not done may take beside them, one by one.
const REFUSALS_BYTES: i64 = 600_000_000;
/// Three of a hundred of ten million requests, seven days.
const REFUSALS: i64 = 7 * 300_000;
const MONTHS_KEPT: i64 = 24;
/// Of 731 days: as many as are measured before they are carried on.
const TENTH: i64 = 73;

fn days() -> i64 {
    let set = std::env::var("ROLLED_DAYS").ok();
    set.and_then(|n| n.parse().ok()).unwrap_or(3)
}

/// What tables with their indexes take, by how their names are.
async fn bytes(t: &Bench, which: &str) -> i64 {
    let asked = match &t.kind {
        EngineKind::Sqlite => format!(
            "SELECT CAST(SUM(pgsize) AS TEXT) FROM dbstat WHERE name IN (SELECT name FROM sqlite_schema WHERE tbl_name {which})"
        ),
        EngineKind::Postgres(_) => format!(
            "SELECT CAST(SUM(pg_total_relation_size(c.oid)) AS TEXT) FROM pg_class c \
             WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND c.relname {which}"
        ),
    };
    t.text(&asked).await.parse().unwrap()
}

/// Everything that is kept of use but the requests that were not done, which are weighed by themselves.
async fn weight(t: &Bench) -> i64 {
    let all = bytes(t, "LIKE 'access_%'").await;
    all - bytes(t, "= 'access_refusal'").await
}

#[expect(clippy::print_stdout, reason = "what was measured is told")]
async fn two_years_take_less_than_their_room(t: Bench) {
    let (days, today) = (days(), today());
    let (before, first) = (today - 2, today - days + 1);
    let empty = weight(&t).await;
    // What runs: today, and yesterday until it is packed; every crowd of both.
    let hashes = if days < TENTH { 1_000 } else { KEPT_ROWS };
    fill::counts(&t, Grain::Hour, today - 1, today).await;
    fill::counts(&t, Grain::Day, today - 1, today).await;
    let month = month_of(today);
    fill::counts(&t, Grain::Month, month, month).await;
    fill::latencies(&t, today - 1, today).await;
    fill::crowds(&t, &Period::ALL, today, hashes).await;
    fill::crowds(&t, &[Period::Day], today - 1, hashes).await;
    let running = weight(&t).await - empty;
    let hours = (days - 2).min(HOURS_KEPT_DAYS);
    fill::counts(&t, Grain::Hour, today - 1 - hours, before).await;
    fill::pack(&t, Grain::Hour, today - 1 - hours, before).await;
    fill::tidy(&t).await;
    let after_hours = weight(&t).await;
    fill::counts(&t, Grain::Day, first, before).await;
    fill::pack(&t, Grain::Day, first, before).await;
    fill::latencies(&t, first, before).await;
    fill::pack_latencies(&t, today - 1).await;
    fill::rest(&t, first, before).await;
    fill::tidy(&t).await;
    let after_all = weight(&t).await;
    let per_hour_day = (after_hours - empty - running) / hours;
    let per_day = (after_all - after_hours) / (days - 2);
    fill::counts(&t, Grain::Month, month - 1, month - 1).await;
    fill::pack(&t, Grain::Month, month - 1, month - 1).await;
    fill::tidy(&t).await;
    let per_month = weight(&t).await - after_all;
    let whole =
        running + per_hour_day * HOURS_KEPT_DAYS + per_day * DAYS_KEPT + per_month * MONTHS_KEPT;
    let told = format!(
        "{}: {running} bytes that run, {per_hour_day} of hours and {per_day} of the rest each day, {per_month} a month, \
         {whole} in two years",
        t.kind.name()
    );
    println!("{told}");
    assert!(whole < ROOM_BYTES, "{told}");
    if days < TENTH {
        linked(&t, 20_000).await;
        return read(&t, "", (first, today)).await;
    }
    fill_before(&t, today, first - 1).await;
    linked(&t, 1_000_000).await;
    read(&t, "by days, ", (today - DAYS_TOLD + 1, today)).await;
    read(&t, "by months, ", (today - DAYS_KEPT + 1, today)).await;
}

#[expect(clippy::print_stdout, reason = "what was measured is told")]
async fn a_week_of_refusals_takes_less_than_its_room(t: Bench) {
    let rows: i64 = if days() < TENTH { 30_000 } else { 300_000 };
    let empty = bytes(&t, "= 'access_refusal'").await;
    fill::refusals(&t, rows).await;
    let each = (bytes(&t, "= 'access_refusal'").await - empty) / rows;
    let whole = each * REFUSALS;
    let told = format!(
        "{}: {each} bytes a refusal, {whole} in a week",
        t.kind.name()
    );
    println!("{told}");
    assert!(whole < REFUSALS_BYTES, "{told}");
}

/// The days before those that were measured, and every month.
async fn fill_before(t: &Bench, today: i64, last: i64) {
    let first = today - DAYS_KEPT + 1;
    fill::counts(t, Grain::Day, first, last).await;
    fill::pack(t, Grain::Day, first, last).await;
    fill::latencies_as_on(t, today - 2, first, last).await;
    fill::rest(t, first, last).await;
    let (first, last) = (month_of(first), month_of(today) - 2);
    fill::counts(t, Grain::Month, first, last).await;
    fill::pack(t, Grain::Month, first, last).await;
}

/// So many links, added up by the timed task, which packs yesterday as well.
async fn linked(t: &Bench, links: i64) {
    fill::links(t, links).await;
    fill::counted_anew(t).await;
    insight(t).settle().await.unwrap();
    fill::counted_anew(t).await;
    let days = t.text("SELECT CAST(COUNT(*) AS TEXT) FROM link_day").await;
    assert!(days.parse::<i64>().unwrap() > 1_000, "{days}");
    // People are looked at in pieces, and each once.
    let before = midnight(today()).micros();
    let all = "SELECT CAST(COUNT(DISTINCT account_id) AS TEXT) FROM binding";
    let all = t.text(&format!("{all} WHERE created_at < {before}")).await;
    let told = t.text("SELECT CAST(SUM(first_links) AS TEXT) FROM link_day");
    assert_eq!(told.await, all);
}

fn insight(t: &Bench) -> Insight {
    let watch = Watch::new();
    watch.set(0);
    let store: Arc<dyn Store> = Arc::<Engine>::clone(&t.store);
    Insight::new(store, Arc::new(watch))
}

/// Reads every page of a span, and the counts behind it, a hundred times; ten times where only a part is filled.
async fn read(t: &Bench, told: &str, (from, to): (i64, i64)) {
    let insight = insight(t);
    for (name, ask) in asked(from, to) {
        let (mut pages, mut behind) = (Vec::new(), Vec::new());
        let times = if days() < TENTH { 10 } else { 100 };
        for _ in 0..times {
            let began = Instant::now();
            let figures = insight.statistics(&ask).await.unwrap();
            pages.push(began.elapsed());
            assert!(figures.calls > 0 && midnight(from) < now(), "{name}");
            assert!(figures.latency[2].is_some(), "{name}");
            let of_all = ask.regions.is_none();
            assert!(of_all != figures.growth.is_empty(), "{name}");
            assert!(of_all != figures.kept.is_empty(), "{name}");
            let began = Instant::now();
            let counts = insight.behind(&ask, Hours::default()).await.unwrap();
            behind.push(began.elapsed());
            let ends = counts.functions.iter().flat_map(|(_, ends)| ends);
            assert_eq!(ends.sum::<i64>(), figures.calls, "{name}");
        }
        quick(t, &format!("{told}{name}"), pages);
        quick(t, &format!("{told}{name}, the counts behind"), behind);
    }
}

/// Tells how long readings took, and holds them to their time where all is filled.
#[expect(clippy::print_stdout, reason = "what was measured is told")]
fn quick(t: &Bench, what: &str, mut took: Vec<Duration>) {
    took.sort();
    let times = took.len();
    let p99 = took[times - 1 - times / 100];
    let kind = t.kind.name();
    println!("{kind}, {what}: p50 {:?}, p99 {p99:?}", took[times / 2]);
    if days() >= TENTH {
        assert!(p99 < Duration::from_millis(100), "{what}: {p99:?}");
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
