//! What is counted against a log of its own: every request, over orderly restarts, once.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use actix_web::middleware::from_fn;
use actix_web::{App, HttpResponse, test, web};
use lifeline_core::accounts::Terminal;
use lifeline_core::insight::asked::Which;
use lifeline_core::insight::people::KEPT_ROWS;
use lifeline_core::insight::{Ask, Channel, Insight, Ledger, Outcome, Sample};
use lifeline_core::shared::time::{Clock as _, Time};
use lifeline_core::store::Store;
use lifeline_gateway::insight::{Counting, Recorder, counted};

use crate::office::Office;

/// As many as `make test` replays; `make test-long` sets more.
fn requests() -> u64 {
    let set = std::env::var("STATISTICS_REQUESTS").ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(100_000)
}

/// How many people make so many requests: in the long log more than are kept.
fn people_of(requests: u64) -> u64 {
    if requests > 100_000 { 60_000 } else { 9_000 }
}

/// Numbers that look like chance and are the same in every run.
fn mixed(n: u64) -> u64 {
    let n = (n ^ (n >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (n ^ (n >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 7
}

fn counting(office: &Office) -> (Arc<Recorder>, Counting) {
    let store: Arc<dyn Store> = office.store.clone();
    let recorder = Arc::new(Recorder::new(office.clock.clone()));
    let ledger = Ledger::new(store, office.clock.clone(), office.entropy());
    (Arc::clone(&recorder), Counting::new(recorder, ledger))
}

pub(crate) fn everything(from: i64, to: i64) -> Ask {
    Ask {
        from,
        to,
        function: None,
        channel: None,
        outcome: None,
        regions: None,
    }
}

#[actix_web::test]
async fn ln_31_every_replayed_request_is_counted_once_over_orderly_restarts() {
    let office = Office::new().await;
    let first = office.clock.now();
    let mut log: BTreeMap<(i64, i64, usize, usize), i64> = BTreeMap::new();
    let mut people: HashSet<u64> = HashSet::new();
    let (mut recorder, mut counts) = counting(&office);
    let n = requests();
    for at in 0..n {
        let roll = mixed(at);
        // Four days, so that hours, days and a change of day are met.
        let micros = i64::try_from(at * 4 * 86_400_000_000 / n).unwrap();
        let moment = Time::from_micros(first.micros() + micros);
        let person = roll % people_of(n);
        let (function, channel, outcome) = (roll / 7 % 9 + 4, roll / 3 % 3, roll / 5 % 4);
        recorder.note(Sample {
            at: moment,
            function: i64::try_from(function).unwrap(),
            channel: Channel::ALL[usize::try_from(channel).unwrap()],
            terminal: Terminal::Computer,
            outcome: Outcome::ALL[usize::try_from(outcome).unwrap()],
            micros: 500,
            person: Some(u128::from(person)),
            refusal: None,
        });
        let hour = (moment.micros() + 28_800_000_000).div_euclid(3_600_000_000);
        let key = (
            hour,
            i64::try_from(function).unwrap(),
            usize::try_from(channel).unwrap(),
            usize::try_from(outcome).unwrap(),
        );
        *log.entry(key).or_default() += 1;
        people.insert(person);
        if at % 500 == 499 {
            // A second is over.
            lifeline_gateway::runner::Worker::run_once(&counts, moment).await;
        }
        if at % 10_000 == 9_999 {
            // The process ends in order and another begins.
            counts.end().await;
            (recorder, counts) = counting(&office);
        }
    }
    counts.end().await;
    assert_eq!(
        office.hours_counted(),
        log,
        "each hour, function, channel and outcome"
    );
    office.pass(4 * 86_400);
    let insight = Insight::new(office.store.clone(), office.clock.clone());
    let today = insight.today();
    let figures = insight
        .statistics(&everything(today - 6, today))
        .await
        .unwrap();
    assert_eq!(figures.calls, i64::try_from(n).unwrap());
    assert!(
        figures.gaps.is_empty() && figures.lost == 0,
        "{:?}",
        figures.gaps
    );
    assert_eq!(
        figures.series.iter().map(|one| one.n).sum::<i64>(),
        figures.calls
    );
    let hours = figures.heat.unwrap();
    assert_eq!(hours.iter().flatten().sum::<i64>(), figures.calls);
    let month = figures.people.unwrap()[2].unwrap();
    let (came, kept) = (i64::try_from(people.len()).unwrap(), KEPT_ROWS);
    if came < kept {
        assert_eq!(month, came, "fewer than are kept: exact");
    } else {
        // One crowd alone: three times the error of 1 % that all of them have (adapters/tests/contract/exact.rs).
        assert!((month - came).abs() * 100 <= came * 3, "{month} of {came}");
    }
}

#[actix_web::test]
async fn ln_31_a_killed_process_marks_the_gap_and_loses_only_what_was_not_written() {
    let office = Office::new().await;
    let sample = |n: i64| Sample {
        at: office.clock.now(),
        function: n,
        channel: Channel::H5,
        terminal: Terminal::Computer,
        outcome: Outcome::Done,
        micros: 9,
        person: None,
        refusal: None,
    };
    let (recorder, counts) = counting(&office);
    recorder.note(sample(4));
    lifeline_gateway::runner::Worker::run_once(&counts, office.clock.now()).await;
    office.pass(1);
    let missing = sample(4);
    recorder.note(missing);
    // Killed: nothing is ended.
    drop((recorder, counts));
    office.pass(300);
    let again = office.clock.now();
    let (recorder, counts) = counting(&office);
    recorder.note(sample(4));
    counts.end().await;
    let insight = Insight::new(office.store.clone(), office.clock.clone());
    let today = insight.today();
    let figures = insight.statistics(&everything(today, today)).await.unwrap();
    assert_eq!(figures.calls, 2, "the one that was not written is missing");
    let written = missing.at.plus_seconds(-1);
    assert_eq!(figures.gaps, [(written, again)], "the one is within");
}

#[actix_web::test]
async fn ln_31_a_clock_that_goes_back_does_not_stop_the_counting() {
    let office = Office::new().await;
    let (recorder, counts) = counting(&office);
    let now = office.clock.now();
    for moment in [now.plus_seconds(3_600), now] {
        recorder.note(Sample {
            at: now,
            function: 4,
            channel: Channel::H5,
            terminal: Terminal::Computer,
            outcome: Outcome::Done,
            micros: 9,
            person: None,
            refusal: None,
        });
        lifeline_gateway::runner::Worker::run_once(&counts, moment).await;
    }
    let written: i64 = office.hours_counted().values().sum();
    assert_eq!(written, 2, "an hour later by the clock, and an hour back");
}

#[actix_web::test]
async fn ln_31_who_came_often_in_one_second_is_one_person_in_each_group_they_were_in() {
    let office = Office::new().await;
    let (recorder, counts) = counting(&office);
    let paying = 12;
    let came = [
        (4, Channel::H5, Outcome::Done),
        (paying, Channel::Mini, Outcome::Refused),
        (paying, Channel::Mini, Outcome::Done),
    ];
    for person in 1..=6 {
        for (function, channel, outcome) in came.iter().cycle().take(9) {
            recorder.note(Sample {
                at: office.clock.now(),
                function: *function,
                channel: *channel,
                terminal: Terminal::Computer,
                outcome: *outcome,
                micros: 9,
                person: Some(person),
                refusal: None,
            });
        }
    }
    counts.end().await;
    let insight = Insight::new(office.store.clone(), office.clock.clone());
    let today = insight.today();
    for channel in [None, Some(Channel::H5), Some(Channel::Mini)] {
        let ask = Ask {
            channel,
            ..everything(today, today)
        };
        let figures = insight.statistics(&ask).await.unwrap();
        assert_eq!(figures.people, Some([Some(6); 3]), "{channel:?}");
        let paid = figures.funnel.last().map(|step| step.n);
        assert_eq!(paid, Some(6), "those refused first and served then");
    }
}

#[actix_web::test]
async fn ln_31_the_listener_notes_what_it_answers_and_why() {
    let office = Office::new().await;
    let (recorder, counts) = counting(&office);
    let app = App::new()
        .app_data(web::Data::from(Arc::clone(&recorder)))
        .wrap(from_fn(counted))
        .route(
            "/v1/bindings/{binding_id}/arrears",
            web::get().to(HttpResponse::Ok),
        )
        .route("/v1/payments", web::post().to(HttpResponse::Conflict))
        .route("/docs", web::get().to(HttpResponse::Ok));
    let app = test::init_service(app).await;
    for _ in 0..3 {
        let arrears = test::TestRequest::get().uri("/v1/bindings/x/arrears");
        let arrears = arrears.insert_header(("user-agent", "Mozilla/5.0 AlipayClient/10"));
        test::call_service(&app, arrears.to_request()).await;
    }
    test::call_service(
        &app,
        test::TestRequest::post().uri("/v1/payments").to_request(),
    )
    .await;
    test::call_service(&app, test::TestRequest::get().uri("/docs").to_request()).await;
    test::call_service(
        &app,
        test::TestRequest::get().uri("/v1/nothing").to_request(),
    )
    .await;
    counts.end().await;
    let insight = Insight::new(office.store.clone(), office.clock.clone());
    let today = insight.today();
    let figures = insight.statistics(&everything(today, today)).await.unwrap();
    let told: Vec<_> = figures
        .functions
        .iter()
        .map(|one| (one.name.as_str(), one.n))
        .collect();
    assert_eq!(told, [("arrears", 3), ("pay", 1)]);
    let channels: Vec<_> = figures
        .channels
        .iter()
        .map(|one| (one.name.as_str(), one.n))
        .collect();
    assert_eq!(channels, [("mini", 3), ("other", 1)]);
    let kinds = insight.terminals(today, today).await.unwrap();
    let kinds: Vec<_> = kinds
        .iter()
        .map(|one| (one.terminal, one.outcome, one.n))
        .collect();
    assert_eq!(
        kinds,
        [
            (Terminal::Mini, Outcome::Done, 3),
            (Terminal::Program, Outcome::Refused, 1),
        ],
        "by what the client says it is"
    );
    let which = Which::Within {
        function: None,
        channel: None,
        outcome: None,
        code: None,
        regions: None,
        from: Time::from_micros(0),
        to: office.clock.now().plus_seconds(1),
        behind: None,
    };
    let behind = insight.refusals(&which, 9).await.unwrap();
    assert_eq!(behind.len(), 1);
    assert_eq!((behind[0].status, behind[0].region.as_str()), (409, "-"));
}

#[actix_web::test]
async fn ln_31_a_reader_of_one_region_sees_no_other_and_takes_nothing_of_it_out() {
    let office = Office::new().await;
    let scope = lifeline_core::operators::Scope::parse("1504").unwrap();
    let role = lifeline_core::operators::Role::StatisticsReader;
    office.hire("reader.north", role, scope).await;
    let desk = office.desk().await;
    let cookie = office.enter(&desk, "reader.north").await;
    let own = desk.get("/console/statistics?region=1504", &cookie).await;
    assert_eq!(own.status, 200, "{}", own.text);
    for path in [
        "/console/statistics?region=1505",
        "/console/statistics/export?form=csv&region=1505",
        "/console/statistics/refusals?region=1505",
    ] {
        assert_eq!(desk.get(path, &cookie).await.status, 403, "{path}");
    }
    assert!(
        office
            .audited("console.open")
            .contains(&"forbidden".to_owned())
    );
    for path in [
        "/console/statistics?function=nonsense",
        "/console/statistics?from=2026-13-01",
        "/console/statistics?from=2999-01-01",
    ] {
        assert_eq!(desk.get(path, &cookie).await.status, 422, "{path}");
    }
}

#[actix_web::test]
async fn ln_31_figures_taken_out_say_who_took_them_and_hold_no_formula() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let cookie = office.enter(&desk, "statistics-reader").await;
    let csv = desk
        .get("/console/statistics/export?form=csv", &cookie)
        .await;
    assert!(
        csv.text.starts_with("\u{feff}statistics-reader · "),
        "{}",
        csv.text
    );
    let xlsx = desk
        .get("/console/statistics/export?form=xlsx", &cookie)
        .await;
    assert!(xlsx.text.starts_with("PK"));
    assert_eq!(office.audited("insight.export"), ["csv", "xlsx"]);
}
