//! Rows as ten million requests a day leave them, written by the engine itself.

use lifeline_core::accounts::Terminal;
use lifeline_core::insight::asked::Grain;
use lifeline_core::insight::function::{BIND, MATCH, PAY};
use lifeline_core::insight::people::{Period, day_number, midnight};
use lifeline_core::insight::{Channel, Group};

use crate::bench::{Bench, EngineKind, now};

const FUNCTIONS: i64 = 40;
const REGIONS: i64 = 14;
/// Buckets of a day's answers of one function: from a tenth of a millisecond to seconds.
const BUCKETS: i64 = 80;
/// Node processes that begin on a day.
const RUNS: i64 = 4;
const DAY_US: i64 = 86_400_000_000;

/// Every cell that ten million requests of a day reach when functions and regions are asked for as 1, 1/2, 1/3, …: of an
/// hour about 74 000, of a day about 5 700.
fn tallies(grain: Grain, from: i64, to: i64) -> String {
    let grain_number = grain.number();
    let per_mille_of_a_day: i64 = match grain {
        Grain::Hour => 42,
        Grain::Day => 1_000,
        Grain::Month => 30_000,
    };
    format!(
        "WITH RECURSIVE f(f) AS (SELECT 1 UNION ALL SELECT f + 1 FROM f WHERE f < {FUNCTIONS}),
              r(r) AS (SELECT 1 UNION ALL SELECT r + 1 FROM r WHERE r < {REGIONS}),
              d(d) AS (SELECT {from} UNION ALL SELECT d + 1 FROM d WHERE d < {to}),
              c(c, cw) AS (SELECT 0, 850 UNION ALL SELECT 1, 140 UNION ALL SELECT 2, 10),
              o(o, ow) AS (SELECT 0, 970 UNION ALL SELECT 1, 20 UNION ALL SELECT 2, 6 UNION ALL SELECT 3, 4)
         INSERT INTO access_tally (at, cell, n)
         SELECT {grain_number} * 100000000 + d, ((f * 10 + c) * 10 + o) * 10000 + 1500 + r, 720 * cw * ow / 1000 * CAST({per_mille_of_a_day} AS BIGINT) / (f * r * 1000)
         FROM d, f, r, c, o WHERE 720 * cw * ow / 1000 * CAST({per_mille_of_a_day} AS BIGINT) / (f * r * 1000) > 0"
    )
}

/// What the tallies of a span add up to, side by side: everything, by function, by channel, by outcome.
fn sums(grain: Grain, from: i64, to: i64) -> String {
    let grain = grain.number();
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

/// Counts of a span, both within; hours by their day.
pub(super) async fn counts(t: &Bench, grain: Grain, from: i64, to: i64) {
    let (from, to) = match grain {
        Grain::Hour => (from * 24, to * 24 + 23),
        Grain::Day | Grain::Month => (from, to),
    };
    t.raw(&tallies(grain, from, to)).await.unwrap();
    t.raw(&sums(grain, from, to)).await.unwrap();
}

/// How long answers took on the days of a span.
pub(super) async fn latencies(t: &Bench, from: i64, to: i64) {
    let rows = format!(
        "WITH RECURSIVE d(d) AS (SELECT {from} UNION ALL SELECT d + 1 FROM d WHERE d < {to}),
              f(f) AS (SELECT 0 UNION ALL SELECT f + 1 FROM f WHERE f < {FUNCTIONS}),
              b(b) AS (SELECT 1 UNION ALL SELECT b + 1 FROM b WHERE b < {BUCKETS})
         INSERT INTO access_latency (day, function, bucket, n)
         SELECT d, f, 30 + b, 1 + 300000 / ((f + 1) * (1 + ABS(b - 20))) FROM d, f, b"
    );
    t.raw(&rows).await.unwrap();
}

/// How long answers took on the days of a span, as it is packed of one day already.
pub(super) async fn latencies_as_on(t: &Bench, packed: i64, from: i64, to: i64) {
    let rows = format!(
        "WITH RECURSIVE d(d) AS (SELECT {from} UNION ALL SELECT d + 1 FROM d WHERE d < {to})
         INSERT INTO access_latency_packed (function, day, buckets)
         SELECT function, d, buckets FROM access_latency_packed, d WHERE day = {packed}"
    );
    t.raw(&rows).await.unwrap();
}

/// The groups in which people are counted.
fn cells() -> Vec<String> {
    let groups = Group::ALL
        .iter()
        .map(|one| format!("group:{}", one.as_str()));
    let channels = Channel::ALL.iter();
    let channels = channels.map(|one| format!("channel:{}", one.as_str()));
    let steps = [MATCH, BIND, PAY].map(|step| format!("step:{step}"));
    let all = std::iter::once("all".to_owned());
    all.chain(groups).chain(channels).chain(steps).collect()
}

/// Every crowd that is counted on a day, with so many hashes as sixty thousand people leave behind.
pub(super) async fn crowds(t: &Bench, periods: &[Period], day: i64, hashes: i64) {
    for period in periods {
        let (kind, begins) = (period.as_str(), period.of(midnight(day)));
        for cell in cells() {
            let rows = format!(
                "WITH RECURSIVE h(h) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT h + 1 FROM h WHERE h < {hashes})
                 INSERT INTO access_person (period, begins, cell, hash)
                 SELECT '{kind}', '{begins}', '{cell}', h * 4691249611 FROM h"
            );
            t.raw(&rows).await.unwrap();
        }
    }
}

/// What else a day that is over leaves: people, kinds of terminals, runs.
pub(super) async fn rest(t: &Bench, from: i64, to: i64) {
    for day in from..=to {
        let begins = midnight(day);
        let ended = |period: &Period| period.of(begins) != period.of(midnight(day - 1));
        let mut rows = Vec::new();
        for period in Period::ALL.iter().filter(|period| ended(period)) {
            let (kind, name) = (period.as_str(), period.of(midnight(day - 1)));
            rows.extend(
                cells()
                    .iter()
                    .map(|cell| format!("('{kind}', '{name}', '{cell}', 54321)")),
            );
        }
        let people = rows.join(", ");
        let outcomes = Terminal::ALL.iter().flat_map(|terminal| {
            (0..4).map(move |outcome| format!("({day}, '{}', {outcome}, 4321)", terminal.as_str()))
        });
        let outcomes = outcomes.collect::<Vec<_>>().join(", ");
        let runs = (0..RUNS).map(|n| {
            let began = begins.micros() + n * DAY_US / RUNS;
            let ended = began + DAY_US / RUNS;
            format!(
                "('019aa2f0-0000-7000-8000-{day:08}{n:04}', {began}, {ended}, {ended}, 21600, 0)"
            )
        });
        let runs = runs.collect::<Vec<_>>().join(", ");
        t.raw(&format!(
            "INSERT INTO access_people (period, begins, cell, n) VALUES {people};
             INSERT INTO access_terminal (day, terminal, outcome, n) VALUES {outcomes};
             INSERT INTO access_run (run, began_at, flushed_at, ended_at, batch, lost) VALUES {runs}"
        ))
        .await
        .unwrap();
    }
}

/// Requests that were not done, in the order in which their traces are not.
pub(super) async fn refusals(t: &Bench, rows: i64) {
    let from = now().micros();
    let rows = format!(
        "WITH RECURSIVE n(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM n WHERE n < {rows})
         INSERT INTO access_refusal (trace_id, at, function, channel, status, code, micros, region)
         SELECT SUBSTR(CAST(10000000000 + n * 2654435761 % 10000000000 AS TEXT), 2) || '0123456789abcdef012345', {from} + n * 288000,
             n % {FUNCTIONS}, n % 3, 409, 'RATE_LIMITED_BY_ACCOUNT', 4321, CAST(1500 + n % 40 AS TEXT) FROM n"
    );
    t.raw(&rows).await.unwrap();
}

/// So many links over three years, every ninth ended after ten days; three of ten are their person's second.
pub(super) async fn links(t: &Bench, links: i64) {
    let alone = match &t.kind {
        EngineKind::Sqlite => "PRAGMA foreign_keys = OFF; PRAGMA cache_size = -262144;",
        EngineKind::Postgres(_) => {
            "ALTER TABLE binding DROP CONSTRAINT IF EXISTS binding_account_id_fkey, \
             DROP CONSTRAINT IF EXISTS binding_home_index_fkey;"
        }
    };
    let (last, step, people) = (now().micros(), 1_096 * DAY_US / links, links * 7 / 10);
    let ended =
        format!("CASE WHEN n % 9 = 0 AND at + 10 * {DAY_US} < {last} THEN at + 10 * {DAY_US} END");
    let rows = format!(
        "WITH RECURSIVE n(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM n WHERE n < {links})
         INSERT INTO binding (binding_id, account_id, home_index, consumer_no, role, holder_version, frozen, signboard, \
             created_at, ended_at, version, placed)
         SELECT 'link-' || CAST(n AS TEXT), 'person-' || CAST(n % {people} AS TEXT), 'home-' || CAST(n AS TEXT), '-', \
             'payer_only', 0, 0, '-', at, {ended}, 1, 1 FROM (SELECT n, {last} - ({links} - n) * {step} AS at FROM n) AS made"
    );
    t.raw(&format!("{alone} {rows}")).await.unwrap();
}

/// Packs what is over, as the timed task does.
pub(super) async fn pack(t: &Bench, grain: Grain, from: i64, to: i64) {
    let found = t.view().await.insight().loose(grain, from, to).await;
    for at in found.unwrap() {
        t.write(async |tx| tx.insight().pack(grain, at).await)
            .await
            .unwrap();
    }
}

/// Packs how long answers took before a day, as the timed task does.
pub(super) async fn pack_latencies(t: &Bench, before: i64) {
    let found = t.view().await.insight().loose_latencies(before).await;
    for day in found.unwrap() {
        t.write(async |tx| tx.insight().pack_latencies(day).await)
            .await
            .unwrap();
    }
}

/// What was deleted is given back, so that what is left is weighed.
pub(super) async fn tidy(t: &Bench) {
    if matches!(t.kind, EngineKind::Postgres(_)) {
        for table in [
            "access_tally",
            "access_latency",
            "access_packed",
            "access_latency_packed",
        ] {
            t.raw(&format!("VACUUM FULL {table}")).await.unwrap();
        }
    }
}

/// As it is after a night: what is there is counted for the planner.
pub(super) async fn counted_anew(t: &Bench) {
    if matches!(t.kind, EngineKind::Postgres(_)) {
        t.raw("VACUUM (ANALYZE)").await.unwrap();
    }
}

pub(super) fn today() -> i64 {
    day_number(now())
}
