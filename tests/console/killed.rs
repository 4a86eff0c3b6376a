//! What the figures say of a process that was killed, of one that had nothing to do, and of a store that was away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use lifeline_adapters::sql::Engine;
use lifeline_core::accounts::Terminal;
use lifeline_core::insight::report::Statistics;
use lifeline_core::insight::{Channel, Insight, Ledger, Outcome, Sample};
use lifeline_core::shared::time::{Clock as _, Time};
use lifeline_core::store::{Commits, Snapshot, Store, StoreError, UnitName, UnitOfWork};
use lifeline_gateway::insight::{Counting, Recorder};

use crate::exact::everything;
use crate::office::Office;

/// The office's store, which can be away, or hold something that cannot be read.
#[derive(Debug)]
struct Door {
    engine: Arc<Engine>,
    shut: AtomicBool,
    unreadable: AtomicBool,
}

impl Door {
    fn of(office: &Office) -> Arc<Self> {
        Arc::new(Self {
            engine: Arc::clone(&office.store),
            shut: AtomicBool::new(false),
            unreadable: AtomicBool::new(false),
        })
    }

    fn shut(&self, shut: bool) {
        self.shut.store(shut, Ordering::SeqCst);
    }

    fn unreadable(&self, unreadable: bool) {
        self.unreadable.store(unreadable, Ordering::SeqCst);
    }

    fn let_in(&self) -> Result<(), StoreError> {
        if self.shut.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("away".into()));
        }
        if self.unreadable.load(Ordering::SeqCst) {
            let (table, column) = ("binding", "consumer_no");
            return Err(StoreError::Corrupt { table, column });
        }
        Ok(())
    }
}

#[async_trait]
impl Store for Door {
    fn commits(&self) -> &Commits {
        self.engine.commits()
    }

    async fn begin(&self, name: UnitName) -> Result<Box<dyn UnitOfWork>, StoreError> {
        self.let_in()?;
        #[expect(
            clippy::disallowed_methods,
            reason = "a wrapper hands on what `atomically` asks for"
        )]
        Store::begin(&*self.engine, name).await
    }

    async fn begin_read(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        self.let_in()?;
        #[expect(
            clippy::disallowed_methods,
            reason = "a wrapper hands on what `snapshot` asks for"
        )]
        Store::begin_read(&*self.engine).await
    }
}

/// A process that counts. Dropping it is killing it: nothing is ended.
struct Process<'o> {
    office: &'o Office,
    recorder: Arc<Recorder>,
    counts: Counting,
}

impl<'o> Process<'o> {
    fn begin(office: &'o Office, door: &Arc<Door>) -> Self {
        let store: Arc<dyn Store> = Arc::<Door>::clone(door);
        let recorder = Arc::new(Recorder::new(office.clock.clone()));
        let ledger = Ledger::new(store, office.clock.clone(), office.entropy());
        Self {
            office,
            recorder: Arc::clone(&recorder),
            counts: Counting::new(recorder, ledger),
        }
    }

    /// Somebody asks for something now.
    fn is_asked(&self, person: u128) -> Time {
        let at = self.office.clock.now();
        self.recorder.note(Sample {
            at,
            function: 4,
            channel: Channel::H5,
            terminal: Terminal::Computer,
            outcome: Outcome::Done,
            micros: 9,
            person: Some(person),
            refusal: None,
        });
        at
    }

    /// A second passes, and the turn at its end.
    async fn lives_on(&self) {
        self.office.pass(1);
        let now = self.office.clock.now();
        lifeline_gateway::runner::Worker::run_once(&self.counts, now).await;
    }

    async fn is_idle(&self, seconds: usize) {
        for _ in 0..seconds {
            self.lives_on().await;
        }
    }
}

async fn told(office: &Office) -> Statistics {
    let insight = Insight::new(office.store.clone(), office.clock.clone());
    let today = insight.today();
    let ask = everything(today - 1, today);
    insight.statistics(&ask).await.unwrap()
}

#[actix_web::test]
async fn ln_31_a_process_that_nobody_asks_anything_is_not_a_killed_one() {
    let office = Office::new().await;
    let door = Door::of(&office);
    let never_asked = Process::begin(&office, &door);
    never_asked.is_idle(100).await;
    assert!(told(&office).await.gaps.is_empty(), "alive");
    let asked_once = Process::begin(&office, &door);
    asked_once.is_asked(1);
    for _ in 0..100 {
        asked_once.lives_on().await;
        lifeline_gateway::runner::Worker::run_once(&never_asked.counts, office.clock.now()).await;
    }
    let figures = told(&office).await;
    assert!(figures.gaps.is_empty(), "{:?}", figures.gaps);
    assert_eq!((figures.calls, figures.lost), (1, 0));
    let as_of = figures.as_of.unwrap();
    assert!(office.clock.now().seconds_since(as_of) <= 5, "{as_of:?}");
}

#[actix_web::test]
async fn ln_31_what_a_process_was_asked_last_lies_within_the_marked_gap() {
    let office = Office::new().await;
    let door = Door::of(&office);
    let process = Process::begin(&office, &door);
    process.is_idle(600).await;
    let moment = process.is_asked(1);
    drop(process);
    // Nobody took its place yet.
    office.pass(61);
    let alone = told(&office).await.gaps;
    assert_eq!(alone.len(), 1);
    assert!(alone[0].0 <= moment && moment < alone[0].1, "{alone:?}");
    office.pass(300);
    let began = office.clock.now();
    let next = Process::begin(&office, &door);
    next.is_asked(2);
    next.lives_on().await;
    let figures = told(&office).await;
    assert_eq!(figures.calls, 1, "one was not written");
    assert_eq!(figures.gaps.len(), 1);
    let (from, to) = figures.gaps[0];
    assert!(moment.seconds_since(from) <= 5, "ten minutes were written");
    assert_eq!(to, began, "until somebody counted again");
}

#[actix_web::test]
async fn ln_31_a_process_killed_while_the_store_is_away_marks_all_that_waited() {
    let office = Office::new().await;
    let door = Door::of(&office);
    let process = Process::begin(&office, &door);
    process.is_asked(1);
    process.lives_on().await;
    door.shut(true);
    let mut moments = Vec::new();
    for person in 2..92 {
        moments.push(process.is_asked(person));
        process.lives_on().await;
    }
    drop(process);
    door.shut(false);
    office.pass(30);
    let next = Process::begin(&office, &door);
    next.lives_on().await;
    office.pass(1);
    let figures = told(&office).await;
    assert_eq!(figures.calls, 1);
    assert_eq!(figures.gaps.len(), 1);
    let (from, to) = figures.gaps[0];
    let marked = moments.iter().all(|at| from <= *at && *at < to);
    assert!(marked, "{from:?} {to:?} {moments:?}");
}

#[actix_web::test]
async fn ln_31_a_store_that_was_away_costs_no_request() {
    let office = Office::new().await;
    let door = Door::of(&office);
    door.shut(true);
    let process = Process::begin(&office, &door);
    // People whom the process does not know yet: whose region and whose crowd the store would have to say.
    for person in 1..=40 {
        process.is_asked(person);
        process.lives_on().await;
        if person == 20 {
            door.shut(false);
            process.lives_on().await;
            door.shut(true);
        }
    }
    door.shut(false);
    process.lives_on().await;
    process.counts.end().await;
    let figures = told(&office).await;
    assert_eq!((figures.calls, figures.lost), (40, 0));
    assert_eq!(figures.people, Some([Some(40); 3]));
    assert!(figures.gaps.is_empty(), "{:?}", figures.gaps);
}

#[actix_web::test]
async fn ln_31_what_waited_too_long_for_the_store_is_told_as_lost() {
    let office = Office::new().await;
    let door = Door::of(&office);
    let process = Process::begin(&office, &door);
    process.lives_on().await;
    door.shut(true);
    for person in 1..=150 {
        process.is_asked(person);
        process.lives_on().await;
    }
    door.shut(false);
    process.counts.end().await;
    let figures = told(&office).await;
    assert_eq!(figures.calls + figures.lost, 150, "none is forgotten");
    assert_eq!(figures.lost, 30, "the oldest");
    assert!(figures.gaps.is_empty(), "{:?}", figures.gaps);
}

#[actix_web::test]
async fn ln_31_what_can_never_be_written_is_told_as_lost_and_holds_up_nothing() {
    let office = Office::new().await;
    let door = Door::of(&office);
    let process = Process::begin(&office, &door);
    process.is_asked(1);
    process.lives_on().await;
    // By somebody who is known, and by somebody whose region cannot be read.
    for person in [1, 2] {
        door.unreadable(true);
        process.is_asked(person);
        process.lives_on().await;
        door.unreadable(false);
        process.is_asked(3);
        process.lives_on().await;
    }
    process.counts.end().await;
    let figures = told(&office).await;
    assert_eq!((figures.calls, figures.lost), (3, 2));
    assert!(figures.gaps.is_empty(), "{:?}", figures.gaps);
}

/// Runs of a minute each, the last of them an hour ago: each wrote for half a minute and could not count one request.
fn began_often(office: &Office, runs: i64, ends: &str) -> i64 {
    let last = office.clock.now().plus_seconds(-3_600).micros();
    let minute = 60_000_000;
    office.raw(&format!(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {runs})
         INSERT INTO access_run (run, began_at, flushed_at, ended_at, batch, lost)
         SELECT 'run-' || n, at, at + {minute} / 2, {ends}, 0, 1 FROM (SELECT n, {last} - ({runs} - n) * {minute} AS at FROM n)"
    ));
    last
}

#[actix_web::test]
async fn ln_31_the_newest_run_is_told_of_however_many_there_were() {
    let office = Office::new().await;
    let all = 1_001;
    let last = began_often(
        &office,
        all,
        "CASE WHEN n < 1001 AND n <> 7 THEN at + 30000000 END",
    );
    let figures = told(&office).await;
    let wrote = Time::from_micros(last).plus_seconds(30);
    assert_eq!((figures.as_of, figures.lost), (Some(wrote), all));
    let seventh = wrote.plus_seconds(-60 * (all - 7));
    let holes = [
        (seventh, seventh.plus_seconds(30)),
        (wrote, wrote.plus_seconds(10)),
    ];
    assert_eq!(figures.gaps, holes);
}

#[actix_web::test]
async fn ln_31_a_hole_is_told_of_every_day_that_it_reaches_over() {
    let office = Office::new().await;
    let insight = Insight::new(office.store.clone(), office.clock.clone());
    let (now, today) = (office.clock.now(), insight.today());
    let (killed, next) = (
        now.plus_seconds(-20 * 86_400),
        now.plus_seconds(-4 * 86_400),
    );
    office.raw(&format!(
        "INSERT INTO access_run (run, began_at, flushed_at, ended_at, batch, lost) VALUES \
         ('a', {0}, {0}, NULL, 0, 0), ('b', {1}, {1}, {1}, 0, 0)",
        killed.micros(),
        next.micros()
    ));
    for (back, holes) in [(21, 0), (20, 1), (12, 1), (4, 1), (3, 0)] {
        let ask = everything(today - back, today - back);
        let gaps = insight.statistics(&ask).await.unwrap().gaps;
        assert_eq!(gaps, vec![(killed, next); holes], "{back} days ago");
    }
}
