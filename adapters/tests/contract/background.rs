//! The outbox relay and the job runner of `core`, at work on a real store.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU32, Ordering};

use async_trait::async_trait;
use lifeline_core::cases::CaseKind;
use lifeline_core::jobs::runner::{JobRunner, Task};
use lifeline_core::outbox::relay::{ATTEMPTS_MAX, Deliver, Delivery, Relay, pause_s};
use lifeline_core::outbox::{Claimed, Event};
use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::time::{Clock, Time};
use tokio::sync::{Mutex, Notify};

use crate::bench::{Bench, at, now};
use crate::contracts;

contracts! { "background":
    relay_delivers_in_order_and_is_done => ["OutboxStore::claim", "OutboxStore::done"];
    relay_pauses_and_keeps_the_order => ["OutboxStore::retry"];
    relay_buries_after_the_last_try_and_opens_a_case => ["OutboxStore::bury", "CaseStore::open"];
    relay_buries_at_once_when_told_and_only_money_opens_a_case => ["OutboxStore::bury"];
    relay_survives_a_panicking_carrier => [];
    relay_buries_what_takes_relays_down => ["OutboxStore::bury"];
    relay_leaves_unknown_kinds_to_others => ["OutboxStore::retry"];
    relay_begins_nothing_on_an_old_lease => ["OutboxStore::claim"];
    runner_runs_what_is_due_once => ["JobStore::claim", "JobStore::finish"];
    runner_runs_missed_turns_once => ["JobStore::finish"];
    runner_records_failures_and_panics => ["JobStore::finish", "EvidenceLog::append"];
    runner_that_lost_its_lease_records_nothing => ["JobStore::finish"];
}

#[derive(Debug, Clone)]
struct Watch(Arc<AtomicI64>);

impl Watch {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(now().micros())))
    }

    fn set(&self, seconds: i64) -> Time {
        self.0.store(at(seconds).micros(), Ordering::Relaxed);
        at(seconds)
    }
}

impl Clock for Watch {
    fn now(&self) -> Time {
        Time::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// Not random, never the same twice.
#[derive(Debug, Default)]
struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}

type Script = Box<dyn Fn(&Claimed) -> Delivery + Send + Sync>;

struct Scripted {
    seen: Mutex<Vec<String>>,
    script: Script,
}

#[async_trait]
impl Deliver for Scripted {
    fn kinds(&self) -> &'static [&'static str] {
        &["test.event"]
    }

    async fn deliver(&self, claimed: &Claimed) -> Delivery {
        self.seen.lock().await.push(claimed.event.body.clone());
        (self.script)(claimed)
    }
}

struct Post {
    t: Bench,
    watch: Watch,
    handler: Arc<Scripted>,
    relay: Relay,
}

impl Post {
    fn new(t: Bench, script: impl Fn(&Claimed) -> Delivery + Send + Sync + 'static) -> Self {
        let watch = Watch::new();
        let handler = Arc::new(Scripted {
            seen: Mutex::default(),
            script: Box::new(script),
        });
        let relay = Relay::new(
            Arc::clone(&t.store) as _,
            Arc::new(watch.clone()),
            Arc::new(Counting::default()),
            vec![Arc::clone(&handler) as _],
        );
        Self {
            t,
            watch,
            handler,
            relay,
        }
    }

    async fn add(&self, key: &str, body: &str, money: bool) -> Event {
        let event = Event {
            event_id: self.t.id(),
            kind: "test.event".into(),
            ordering_key: key.into(),
            body: body.into(),
            trace_id: "trace-1".into(),
            created_at: now(),
            available_at: now(),
            money,
        };
        self.t
            .write(async |tx| tx.outbox().add(&event).await)
            .await
            .unwrap();
        event
    }

    /// How many rows the relay took at this moment.
    async fn turn(&self, seconds: i64) -> usize {
        self.watch.set(seconds);
        self.relay.run_once().await.unwrap()
    }

    async fn backlog(&self) -> i64 {
        self.t
            .write(async |tx| tx.outbox().backlog().await)
            .await
            .unwrap()
    }

    async fn seen(&self) -> Vec<String> {
        self.handler.seen.lock().await.clone()
    }
}

const AGAIN: Delivery = Delivery::Again {
    reason: "no_answer",
};

async fn relay_delivers_in_order_and_is_done(t: Bench) {
    let post = Post::new(t, |_| Delivery::Done);
    post.add("a", "1", true).await;
    post.add("b", "2", false).await;
    post.add("a", "3", true).await;
    assert_eq!(post.turn(0).await, 2);
    assert_eq!(post.turn(0).await, 1);
    assert_eq!(post.turn(0).await, 0);
    assert_eq!(post.seen().await, ["1", "2", "3"]);
    assert_eq!(post.backlog().await, 0);
}

async fn relay_pauses_and_keeps_the_order(t: Bench) {
    let post = Post::new(t, |claimed| {
        if claimed.attempts < 2 {
            AGAIN
        } else {
            Delivery::Done
        }
    });
    post.add("a", "1", true).await;
    post.add("a", "2", true).await;
    let (first, second) = (pause_s(1), pause_s(2));
    assert_eq!(post.turn(0).await, 1);
    assert_eq!(post.turn(first - 1).await, 0);
    assert_eq!(post.turn(first).await, 1);
    assert_eq!(post.turn(first + second - 1).await, 0);
    assert_eq!(post.turn(first + second).await, 1);
    assert_eq!(post.seen().await, ["1", "1", "1"]);
    assert_eq!(post.turn(first + second).await, 1);
    assert_eq!(post.seen().await.last().unwrap(), "2");
}

/// Turns far enough apart for every pause until nothing is left to try.
async fn try_to_the_end(post: &Post) -> usize {
    let mut turns = 0;
    while post.turn((turns + 1) * 4_000).await > 0 {
        turns += 1;
        assert!(turns < 100, "tried for ever");
    }
    usize::try_from(turns).unwrap()
}

async fn relay_buries_after_the_last_try_and_opens_a_case(t: Bench) {
    let post = Post::new(t, |_| AGAIN);
    let event = post.add("payment-1", "1", true).await;
    assert_eq!(
        i64::try_from(try_to_the_end(&post).await).unwrap(),
        ATTEMPTS_MAX
    );
    assert_eq!(post.backlog().await, 0);
    let cases = post
        .t
        .view()
        .await
        .cases()
        .about("payment-1")
        .await
        .unwrap();
    assert_eq!(cases.len(), 1);
    assert_eq!(cases[0].kind, CaseKind::DeadLetter);
    assert_eq!(cases[0].cause, format!("outbox:{}", event.event_id));
    let facts = format!(
        r#"{{"attempts":{ATTEMPTS_MAX},"event_id":"{}","kind":"test.event","reason":"no_answer"}}"#,
        event.event_id
    );
    assert_eq!(
        (cases[0].facts.as_str(), cases[0].trace_id.as_str()),
        (facts.as_str(), "trace-1")
    );
}

async fn relay_buries_at_once_when_told_and_only_money_opens_a_case(t: Bench) {
    let post = Post::new(t, |_| Delivery::Never { reason: "refused" });
    post.add("payment-1", "1", true).await;
    post.add("account-1", "2", false).await;
    assert_eq!(post.turn(0).await, 2);
    assert_eq!(post.backlog().await, 0);
    let mut view = post.t.view().await;
    assert_eq!(view.cases().count_open().await.unwrap(), 1);
    assert_eq!(view.cases().about("payment-1").await.unwrap().len(), 1);
}

async fn relay_survives_a_panicking_carrier(t: Bench) {
    let post = Post::new(t, |claimed| {
        assert!(claimed.event.body != "poison", "planted");
        Delivery::Done
    });
    post.add("a", "poison", true).await;
    post.add("b", "fine", true).await;
    assert_eq!(post.turn(0).await, 2);
    assert_eq!(post.backlog().await, 1);
    try_to_the_end(&post).await;
    assert_eq!(
        post.t.view().await.cases().about("a").await.unwrap().len(),
        1
    );
}

/// A row whose delivery never ends (the process dies each time) must not be tried for ever.
async fn relay_buries_what_takes_relays_down(t: Bench) {
    let post = Post::new(t, |_| Delivery::Done);
    post.add("a", "1", true).await;
    for n in 0..ATTEMPTS_MAX {
        let (now, until) = (at(n * 100), at(n * 100 + 60));
        let died = post
            .t
            .write(async |tx| tx.outbox().claim(now, until, 1).await)
            .await;
        assert_eq!(died.unwrap().len(), 1);
    }
    assert_eq!(post.turn(ATTEMPTS_MAX * 100).await, 1);
    assert!(post.seen().await.is_empty(), "not even begun");
    assert_eq!(
        post.t.view().await.cases().about("a").await.unwrap().len(),
        1
    );
}

async fn relay_leaves_unknown_kinds_to_others(t: Bench) {
    let post = Post::new(t, |_| Delivery::Done);
    let known = post.add("a", "1", true).await;
    let unknown = Event {
        event_id: post.t.id(),
        kind: "from.the.future".into(),
        ordering_key: "b".into(),
        ..known
    };
    post.t
        .write(async |tx| tx.outbox().add(&unknown).await)
        .await
        .unwrap();
    assert_eq!(post.turn(0).await, 2);
    for n in 1..=ATTEMPTS_MAX + 2 {
        assert_eq!(post.turn(n * 100).await, 1, "left alone, never buried");
    }
    assert_eq!(post.backlog().await, 1);
}

/// The first delivery takes 40 of the lease's 60 seconds: the second is not begun under it.
async fn relay_begins_nothing_on_an_old_lease(t: Bench) {
    let slow = Watch::new();
    let (clock, handler_clock) = (slow.clone(), slow.clone());
    let handler = Arc::new(Scripted {
        seen: Mutex::default(),
        script: Box::new(move |_| {
            handler_clock.set(40);
            Delivery::Done
        }),
    });
    let relay = Relay::new(
        Arc::clone(&t.store) as _,
        Arc::new(clock),
        Arc::new(Counting::default()),
        vec![Arc::clone(&handler) as _],
    );
    let post = Post {
        t,
        watch: slow,
        handler,
        relay,
    };
    post.add("a", "1", true).await;
    post.add("b", "2", true).await;
    assert_eq!(post.turn(0).await, 2);
    assert_eq!(post.seen().await, ["1"]);
    assert_eq!(post.turn(59).await, 0, "still leased");
    assert_eq!(post.turn(60).await, 1);
    assert_eq!(post.seen().await, ["1", "2"]);
}

type Work = Box<dyn Fn(u32) -> Result<(), &'static str> + Send + Sync>;

struct Counted {
    runs: AtomicU32,
    work: Work,
}

#[async_trait]
impl Task for Counted {
    fn name(&self) -> &'static str {
        "sweep"
    }

    fn every_s(&self) -> i64 {
        60
    }

    async fn run(&self, _: Time) -> Result<(), &'static str> {
        (self.work)(self.runs.fetch_add(1, Ordering::Relaxed))
    }
}

struct Shop {
    t: Bench,
    watch: Watch,
    task: Arc<Counted>,
    runner: JobRunner,
}

impl Shop {
    /// Registered at second -60, so first due at second 0.
    async fn new(
        t: Bench,
        work: impl Fn(u32) -> Result<(), &'static str> + Send + Sync + 'static,
    ) -> Self {
        let watch = Watch::new();
        let task = Arc::new(Counted {
            runs: AtomicU32::new(0),
            work: Box::new(work),
        });
        let runner = JobRunner::new(
            Arc::clone(&t.store) as _,
            Arc::new(watch.clone()),
            Arc::new(Counting::default()),
            vec![Arc::clone(&task) as _],
        );
        watch.set(-60);
        runner.register().await.unwrap();
        Self {
            t,
            watch,
            task,
            runner,
        }
    }

    /// How many tasks ran at this moment.
    async fn look(&self, seconds: i64) -> usize {
        self.watch.set(seconds);
        self.runner.run_due().await.unwrap()
    }

    fn runs(&self) -> u32 {
        self.task.runs.load(Ordering::Relaxed)
    }
}

async fn runner_runs_what_is_due_once(t: Bench) {
    let shop = Shop::new(t, |_| Ok(())).await;
    assert_eq!(shop.look(-1).await, 0);
    assert_eq!(shop.look(0).await, 1);
    assert_eq!(shop.look(0).await, 0);
    assert_eq!(shop.look(59).await, 0);
    assert_eq!(shop.look(60).await, 1);
    assert_eq!(shop.runs(), 2);
    let jobs = shop.t.view().await.jobs().list().await.unwrap();
    assert_eq!(jobs[0].next_at, at(120));
    assert_eq!(
        (jobs[0].last_at, jobs[0].last_outcome.as_deref()),
        (Some(at(60)), Some("ok"))
    );
}

async fn runner_runs_missed_turns_once(t: Bench) {
    let shop = Shop::new(t, |_| Ok(())).await;
    assert_eq!(shop.look(10_000).await, 1);
    assert_eq!(shop.look(10_059).await, 0);
    assert_eq!(shop.look(10_060).await, 1);
    assert_eq!(shop.runs(), 2);
}

async fn runner_records_failures_and_panics(t: Bench) {
    let shop = Shop::new(t, |run| match run {
        0 => Err("marketing_away"),
        1 => panic!("planted"),
        _ => Ok(()),
    })
    .await;
    for (turn, outcome) in [(0, "marketing_away"), (60, "panicked"), (120, "ok")] {
        assert_eq!(shop.look(turn).await, 1);
        let jobs = shop.t.view().await.jobs().list().await.unwrap();
        assert_eq!(jobs[0].last_outcome.as_deref(), Some(outcome));
    }
    let lines = shop
        .t
        .write(async |tx| tx.evidence().unsequenced(10).await)
        .await
        .unwrap();
    assert_eq!(lines.len(), 3);
    for (line, outcome) in lines.iter().zip(["marketing_away", "panicked", "ok"]) {
        assert!(
            line.body.contains(&format!(r#""outcome":"{outcome}""#)),
            "{}",
            line.body
        );
        assert!(line.body.contains(r#""job":"sweep""#), "{}", line.body);
    }
}

/// The turn outlives its lease and another process takes the job over: the late end leaves nothing.
async fn runner_that_lost_its_lease_records_nothing(t: Bench) {
    let (telling, store, watch) = (Arc::new(Notify::new()), Arc::clone(&t.store), Watch::new());
    let sleeper = Arc::new(Sleeper {
        woken: Arc::clone(&telling),
        begun: Notify::new(),
    });
    let runner = JobRunner::new(
        Arc::clone(&store) as _,
        Arc::new(watch.clone()),
        Arc::new(Counting::default()),
        vec![Arc::clone(&sleeper) as _],
    );
    watch.set(-60);
    runner.register().await.unwrap();
    watch.set(0);
    let late = tokio::spawn(async move { runner.run_due().await });
    sleeper.begun.notified().await;
    let taken = t
        .write(async |tx| tx.jobs().claim("sleeper", at(300), at(600)).await)
        .await;
    assert_eq!(taken.unwrap().unwrap().lease_epoch, 2);
    watch.set(301);
    telling.notify_one();
    assert_eq!(late.await.unwrap().unwrap(), 1);
    let jobs = t.view().await.jobs().list().await.unwrap();
    assert_eq!((jobs[0].last_at, jobs[0].lease_epoch), (None, 2));
    let lines = t
        .write(async |tx| tx.evidence().unsequenced(10).await)
        .await
        .unwrap();
    assert!(lines.is_empty());
}

struct Sleeper {
    woken: Arc<Notify>,
    begun: Notify,
}

#[async_trait]
impl Task for Sleeper {
    fn name(&self) -> &'static str {
        "sleeper"
    }

    fn every_s(&self) -> i64 {
        60
    }

    async fn run(&self, _: Time) -> Result<(), &'static str> {
        self.begun.notify_one();
        self.woken.notified().await;
        Ok(())
    }
}
