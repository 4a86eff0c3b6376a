//! A span beside the span before, against a list of requests: days with as many days, whole months with as many whole
//! months, by region as by everything; what is not kept any more is said to be so, and never to be nothing.

use std::collections::BTreeMap;

use lifeline_core::accounts::Terminal;
use lifeline_core::insight::asked::{DAYS_KEPT, DAYS_TOLD, HOURS_KEPT_DAYS, month_of};
use lifeline_core::insight::latency;
use lifeline_core::insight::people::{Period, Total, midnight};
use lifeline_core::insight::report::{Figure, Statistics};
use lifeline_core::insight::{Ask, Batch, Channel, Insight, InsightError, Outcome, Sample};
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::{Tx, atomically};

use crate::exact::everything;
use crate::office::Office;

/// One request of the list.
#[derive(Clone, Copy)]
struct One {
    day: i64,
    nth: usize,
    region: &'static str,
}

const REGIONS: [&str; 3] = ["1504", "1505", "1506"];

/// Some requests of each day for longer than they are kept.
fn list(today: i64) -> Vec<One> {
    let mut all = Vec::new();
    for back in 0..=DAYS_KEPT + 40 {
        let roll = usize::try_from(back * 7 % 11).unwrap();
        for nth in 0..1 + roll % 3 {
            all.push(One {
                day: today - back,
                nth,
                region: REGIONS[(roll + nth) % 3],
            });
        }
    }
    all
}

/// The list is counted, and what is too old is taken away again.
async fn counted(office: &Office, all: &[One]) -> Insight {
    let mut batch = Batch::default();
    for one in all {
        let hour = i64::try_from(one.nth).unwrap() * 5 + 1;
        let sample = Sample {
            at: midnight(one.day).plus_seconds(hour * 3_600),
            function: [4, 12][one.nth % 2],
            channel: Channel::ALL[one.nth % 3],
            terminal: Terminal::Computer,
            outcome: Outcome::ALL[one.nth % 2],
            micros: 9,
            person: None,
            refusal: None,
        };
        batch.add(&sample, one.region);
    }
    let insight = Insight::new(office.store.clone(), office.clock.clone());
    let today = insight.today();
    let batch = &batch;
    atomically(&*office.store, async |tx: &mut Tx| {
        tx.insight().add("r", batch).await?;
        let (hours, days) = (today - HOURS_KEPT_DAYS, today - DAYS_KEPT);
        tx.insight().purge(hours, days).await?;
        Ok::<_, InsightError>(())
    })
    .await
    .unwrap();
    insight
}

type Sums = BTreeMap<String, i64>;

/// What the list says of an ask, and of the span before.
fn wanted(all: &[One], ask: &Ask) -> (Sums, Sums) {
    let is_long = ask.to - ask.from + 1 > DAYS_TOLD;
    let place = |day: i64| if is_long { month_of(day) } else { day };
    let (from, to) = (place(ask.from), place(ask.to));
    let length = to - from + 1;
    let own = |region: &str| {
        let regions = ask.regions.as_ref();
        regions.is_none_or(|own| own.iter().any(|one| one == region))
    };
    let within = |from: i64, to: i64| {
        let mut sums = Sums::new();
        for one in all {
            if (from..=to).contains(&place(one.day)) && own(one.region) {
                *sums.entry(one.region.to_owned()).or_default() += 1;
            }
        }
        sums
    };
    (within(from, to), within(from - length, from - 1))
}

fn total(figures: &[Figure]) -> (i64, Option<i64>) {
    (
        figures.iter().map(|one| one.n).sum(),
        figures.iter().map(|one| one.before).sum(),
    )
}

/// Every side adds up to the same.
fn adds_up(figures: &Statistics) {
    let all = (figures.calls, figures.calls_before);
    for side in [
        &figures.series,
        &figures.functions,
        &figures.channels,
        &figures.outcomes,
        &figures.regions,
    ] {
        assert_eq!(total(side), all, "{side:?}");
    }
}

#[actix_web::test]
async fn ln_31_a_span_is_compared_with_as_much_right_before_it_by_every_side() {
    let office = Office::new().await;
    let today = Insight::new(office.store.clone(), office.clock.clone()).today();
    let all = list(today);
    let insight = counted(&office, &all).await;
    for (from, to) in [
        (6, 0),
        (20, 9),
        (91, 0),
        (92, 0),
        // From the middle of a month to the middle of another, and whole months.
        (115, 3),
        (140, 18),
        (300, 0),
    ] {
        for regions in [None, Some(vec!["1505".to_owned()])] {
            let ask = Ask {
                regions,
                ..everything(today - from, today - to)
            };
            let (now, then) = wanted(&all, &ask);
            let figures = insight.statistics(&ask).await.unwrap();
            adds_up(&figures);
            let before: i64 = then.values().sum();
            assert_eq!(figures.calls_before, Some(before), "{ask:?}");
            let mut told = (Sums::new(), Sums::new());
            for one in &figures.regions {
                told.0.insert(one.name.clone(), one.n);
                told.1.insert(one.name.clone(), one.before.unwrap());
            }
            assert_eq!(told, (now, then), "{ask:?}");
        }
    }
}

#[actix_web::test]
async fn ln_31_what_there_was_only_before_stands_beside_nothing() {
    let office = Office::new().await;
    let today = Insight::new(office.store.clone(), office.clock.clone()).today();
    let one = |back: i64, region| One {
        day: today - back,
        nth: 0,
        region,
    };
    let insight = counted(&office, &[one(0, "1504"), one(7, "1505"), one(8, "1505")]).await;
    let ask = everything(today - 6, today);
    let figures = insight.statistics(&ask).await.unwrap();
    let told: Vec<_> = figures
        .regions
        .iter()
        .map(|one| (one.name.as_str(), one.n, one.before))
        .collect();
    assert_eq!(told, [("1504", 1, Some(0)), ("1505", 0, Some(2))]);
}

#[actix_web::test]
async fn ln_31_a_span_before_that_is_not_kept_is_not_told_as_nothing() {
    let office = Office::new().await;
    let today = Insight::new(office.store.clone(), office.clock.clone()).today();
    let all = list(today);
    let insight = counted(&office, &all).await;
    for (from, to, is_kept) in [
        (DAYS_KEPT - 1, 0, false),
        (400, 0, false),
        (720, 690, false),
        // Ten days, and the ten before: the oldest that is kept, and one older.
        (720, 711, true),
        (721, 712, false),
    ] {
        let ask = everything(today - from, today - to);
        let figures = insight.statistics(&ask).await.unwrap();
        let (now, then) = wanted(&all, &ask);
        assert_eq!(figures.calls, now.values().sum::<i64>(), "{ask:?}");
        let before = is_kept.then(|| then.values().sum::<i64>());
        assert_eq!(figures.calls_before, before, "{ask:?}");
        let each = figures.series.iter().chain(&figures.regions);
        let told = each.filter(|one| one.before.is_some()).count();
        assert_eq!(told > 0, is_kept, "{ask:?}");
    }
}

#[actix_web::test]
async fn ln_31_hours_that_are_not_kept_are_not_told_as_nothing() {
    let office = Office::new().await;
    let today = Insight::new(office.store.clone(), office.clock.clone()).today();
    let all = list(today);
    let insight = counted(&office, &all).await;
    for (from, to) in [(90, 63), (90, 62), (200, 0), (6, 0)] {
        for regions in [None, Some(vec!["1505".to_owned()])] {
            let own = |one: &&One| regions.is_none() || one.region == "1505";
            let kept = |one: &&One| (to..=from.min(HOURS_KEPT_DAYS)).contains(&(today - one.day));
            let hours = all.iter().filter(kept).filter(own).count();
            let ask = Ask {
                regions: regions.clone(),
                ..everything(today - from, today - to)
            };
            let figures = insight.statistics(&ask).await.unwrap();
            let told = figures.heat.map(|week| week.iter().flatten().sum::<i64>());
            let wanted = (to <= HOURS_KEPT_DAYS).then(|| i64::try_from(hours).unwrap());
            assert_eq!(told, wanted, "{ask:?}");
        }
    }
}

#[actix_web::test]
async fn ln_31_page_and_file_say_what_is_compared_and_what_is_not_kept() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let reader = office.enter(&desk, "statistics-reader").await;
    let today = Insight::new(office.store.clone(), office.clock.clone()).today();
    let all = list(today);
    counted(&office, &all).await;
    let date = |back: i64| midnight(today - back).shanghai_date();
    let span = |from: i64, to: i64| format!("from={}&to={}", date(from), date(to));
    let near = everything(today - 6, today);
    let (now, then) = wanted(&all, &near);
    let path = format!("/console/statistics?{}", span(6, 0));
    let page = desk.get(&path, &reader).await.text;
    assert!(!page.contains("未保留") && !page.contains("id=\"no-hours\""));
    let path = format!("/console/statistics/export?form=csv&{}", span(6, 0));
    let file = desk.get(&path, &reader).await.text;
    let row = format!("\n1504,{},{}\r", now["1504"], then["1504"]);
    assert!(file.contains(&row), "{row} {file}");
    let path = format!("/console/statistics?{}", span(720, 690));
    let page = desk.get(&path, &reader).await.text;
    assert!(page.contains("未保留") && page.contains("id=\"no-hours\""));
    let path = format!("/console/statistics/export?form=csv&{}", span(720, 690));
    let file = desk.get(&path, &reader).await.text;
    assert!(file.contains(",not kept\r"), "{file}");
    let path = format!("/console/reports?{}", span(720, 690));
    assert!(desk.get(&path, &reader).await.text.contains("未保留"));
}

#[actix_web::test]
async fn ln_31_requests_that_are_not_kept_one_by_one_are_not_told_as_none() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let reader = office.enter(&desk, "statistics-reader").await;
    let today = Insight::new(office.store.clone(), office.clock.clone()).today();
    for (back, said, unsaid) in [
        (8, "已不再保留", "该范围内没有未成功的请求"),
        (7, "该范围内没有未成功的请求", "已不再保留"),
    ] {
        let to = midnight(today - back).shanghai_date();
        let path = format!("/console/statistics/refusals?from={to}&to={to}");
        let page = desk.get(&path, &reader).await.text;
        assert!(
            page.contains(said) && !page.contains(unsaid),
            "{back}: {page}"
        );
    }
}

#[actix_web::test]
async fn ln_31_what_cannot_be_packed_stops_nothing_from_going_when_its_time_is_over() {
    let office = Office::new().await;
    let insight = Insight::new(office.store.clone(), office.clock.clone());
    let (today, now) = (insight.today(), office.clock.now().micros());
    let day = 86_400_000_000_i64;
    let yesterday = 100_000_000 + today - 1;
    office.raw(&format!(
        "INSERT INTO access_run (run, began_at, flushed_at, ended_at, batch, lost) VALUES ('r', {now}, {now}, NULL, 0, 0);
         INSERT INTO access_refusal (trace_id, at, function, channel, status, code, micros) \
         VALUES ('{old:032}', {}, 4, 0, 409, 'NOTHING_DUE', 9), ('{new:032}', {}, 4, 0, 409, 'NOTHING_DUE', 9);
         INSERT INTO access_packed (at, part, cells) VALUES ({yesterday}, 0, x'ff');
         INSERT INTO access_tally (at, cell, n) VALUES ({yesterday}, 4000000, 1)",
        now - 8 * day,
        now - 6 * day,
        old = 1,
        new = 2,
    ));
    insight.settle().await.unwrap_err();
    let left = office.counted("SELECT CAST(MIN(trace_id) AS INTEGER) FROM access_refusal");
    assert_eq!(left, 2, "what is past its time is gone, the rest is not");
    let days = office.counted("SELECT COUNT(*) FROM link_day");
    assert!(days > 0, "and links are added up");
}

/// Answers of as many days back, each so long and ended so.
async fn answered(office: &Office, all: &[(i64, u32, Outcome)]) {
    let insight = Insight::new(office.store.clone(), office.clock.clone());
    let mut batch = Batch::default();
    for (back, micros, outcome) in all {
        let sample = Sample {
            at: midnight(insight.today() - back).plus_seconds(3_600),
            function: 4,
            channel: Channel::H5,
            terminal: Terminal::Computer,
            outcome: *outcome,
            micros: *micros,
            person: None,
            refusal: None,
        };
        batch.add(&sample, "1504");
    }
    let batch = &batch;
    atomically(&*office.store, async |tx: &mut Tx| {
        tx.insight().add("r", batch).await?;
        Ok::<_, InsightError>(())
    })
    .await
    .unwrap();
}

#[actix_web::test]
async fn ln_31_people_shares_times_steps_and_links_stand_beside_those_right_before() {
    let office = Office::new().await;
    let (done, refused) = (Outcome::Done, Outcome::Refused);
    answered(
        &office,
        &[(1, 1_000, done), (8, 9_000, done), (9, 9_000, refused)],
    )
    .await;
    let insight = Insight::new(office.store.clone(), office.clock.clone());
    let today = insight.today();
    let people = |period: Period, day: i64, cell: &str, n: i64| {
        let (kind, begins) = (period.as_str(), period.of(midnight(day)));
        format!(
            "INSERT INTO access_people (period, begins, cell, n) VALUES ('{kind}', '{begins}', '{cell}', {n});"
        )
    };
    let mut text = "PRAGMA foreign_keys = OFF;".to_owned();
    text.push_str(&people(Period::Day, today - 1, "all", 9));
    text.push_str(&people(Period::Week, today - 7, "all", 3));
    text.push_str(&people(Period::Month, today - 31, "all", 77));
    text.push_str(&people(Period::Month, today - 31, "step:pay", 8));
    let began = midnight(today - 10).micros();
    for n in 0..6 {
        text.push_str(&format!(
            "INSERT INTO binding (binding_id, account_id, home_index, consumer_no, role, holder_version, frozen, signboard, \
             created_at, version) VALUES ('b-{n}', 'a-{n}', 'h-{n}', '', 'payer_only', 0, 0, '', {began}, 1);"
        ));
    }
    office.raw(&text);
    let ask = everything(today - 6, today);
    let figures = insight.statistics(&ask).await.unwrap();
    let earlier = &figures.earlier;
    assert_eq!(figures.done_permille, Some(1_000));
    assert_eq!(earlier.done_permille, Some(500));
    let took = Some(latency::bound(latency::bucket(9_000)));
    assert_eq!(earlier.latency, Some([took; 3]));
    let wanted = [Total::Told(9), Total::Few, Total::Told(77)];
    assert_eq!(earlier.people, wanted.map(Some));
    let steps: Vec<_> = figures.funnel.iter().map(|step| step.before).collect();
    assert_eq!(steps, [Some(0), Some(0), Some(8)]);
    let desk = office.desk().await;
    let reader = office.enter(&desk, "statistics-reader").await;
    let page = desk.get("/console/statistics", &reader).await.text;
    assert!(page.contains("上一周期 50.0 %"), "{page}");
    assert!(page.contains("上一周期 77<"), "{page}");
    let path = "/console/statistics/export?form=csv";
    let file = desk.get(path, &reader).await.text;
    for row in [
        "done,50.0 %",
        "people_day,9",
        "people_week,< 5",
        "step_pay,8",
        "links_began,6",
        "links_ended,0",
    ] {
        assert!(file.contains(&format!("\n{row}\r")), "{row}: {file}");
    }
}

#[actix_web::test]
async fn ln_31_what_was_right_before_the_oldest_span_is_said_not_to_be_kept() {
    let office = Office::new().await;
    let insight = Insight::new(office.store.clone(), office.clock.clone());
    let oldest = insight.today() - DAYS_KEPT + 1;
    let figures = insight.statistics(&everything(oldest, oldest)).await;
    let earlier = figures.unwrap().earlier;
    assert_eq!((earlier.latency, earlier.growth), (None, None));
    assert_eq!(earlier.people, [None; 3]);
}
