//! The job runner of `core`, at work on a real store.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use lifeline_core::inbox::{InboxState, Message};
use lifeline_core::jobs::Job;
use lifeline_core::jobs::nodes::{NODE_DAYS, Nodes, Presence, standing};
use lifeline_core::jobs::ports::Pause;
use lifeline_core::jobs::retention::{INBOX_DAYS, Retention};
use lifeline_core::jobs::runner::{JobRunner, Task, TaskFailure};
use lifeline_core::shared::time::{Clock as _, Time};
use tokio::sync::Notify;

use crate::bench::{Bench, Counting, Watch, at};
use crate::contracts;

contracts! { "runner":
    runs_what_is_due_once => ["JobStore::claim", "JobStore::finish"];
    runs_missed_turns_once => ["JobStore::finish"];
    records_failures_and_panics => ["JobStore::finish", "EvidenceLog::append"];
    a_turn_that_goes_on_keeps_its_lease_and_ends => ["JobStore::renew", "JobStore::finish"];
    who_lost_the_lease_stops => ["JobStore::renew"];
    a_turn_that_does_not_end_holds_up_no_other => ["JobStore::claim"];
    no_more_turns_go_on_beside_each_other_than_the_bound => ["JobStore::claim"];
    retention_takes_away_what_is_past_its_time => ["OutboxStore::purge", "InboxStore::purge",
        "IdempotencyStore::purge"];
    that_lost_its_lease_records_nothing => ["JobStore::finish"];
    ln_54_a_process_says_that_it_is_there_and_not_too_often => ["JobStore::note_node", "JobStore::end_node",
        "JobStore::forget_nodes"];
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

    async fn run(&self, _: Time) -> Result<(), TaskFailure> {
        (self.work)(self.runs.fetch_add(1, Ordering::Relaxed)).map_err(TaskFailure::from)
    }
}

/// Time as a contract sets it.
struct Hours {
    watch: Watch,
    moved: Notify,
    /// Until when somebody rested or rests.
    rests: Mutex<BTreeSet<i64>>,
}

impl Hours {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            watch: Watch::new(),
            moved: Notify::new(),
            rests: Mutex::default(),
        })
    }

    /// Waits until somebody rests until then.
    async fn rest_until(&self, second: i64) {
        while !self.rests.lock().unwrap().contains(&at(second).micros()) {
            tokio::task::yield_now().await;
        }
    }

    fn set(&self, seconds: i64) {
        self.watch.set(seconds);
        self.moved.notify_waiters();
    }
}

#[async_trait]
impl Pause for Hours {
    async fn pause(&self, seconds: i64) {
        let until = self.watch.now().plus_seconds(seconds);
        self.rests.lock().unwrap().insert(until.micros());
        loop {
            let moved = self.moved.notified();
            if self.watch.now() >= until {
                return;
            }
            moved.await;
        }
    }
}

/// A process with these tasks, registered a minute before they are first due: at second 0.
async fn process(t: &Bench, hours: &Arc<Hours>, tasks: Vec<Arc<dyn Task>>) -> JobRunner {
    let runner = JobRunner::new(
        t.store.clone(),
        Arc::new(hours.watch.clone()),
        Arc::new(Counting::default()),
        hours.clone(),
        tasks,
    );
    hours.set(-60);
    runner.register().await.unwrap();
    hours.set(0);
    runner
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
        let hours = Hours::new();
        let task = Arc::new(Counted {
            runs: AtomicU32::new(0),
            work: Box::new(work),
        });
        let runner = process(&t, &hours, vec![task.clone()]).await;
        let watch = hours.watch.clone();
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

async fn runs_what_is_due_once(t: Bench) {
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

async fn runs_missed_turns_once(t: Bench) {
    let shop = Shop::new(t, |_| Ok(())).await;
    assert_eq!(shop.look(10_000).await, 1);
    assert_eq!(shop.look(10_059).await, 0);
    assert_eq!(shop.look(10_060).await, 1);
    assert_eq!(shop.runs(), 2);
}

async fn records_failures_and_panics(t: Bench) {
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
    let jobs = shop.t.view().await.jobs().list().await.unwrap();
    assert_eq!(jobs[0].last_evidence.as_ref(), Some(&lines[2].entry_id));
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
async fn that_lost_its_lease_records_nothing(t: Bench) {
    let (hours, sleeper) = (Hours::new(), Sleeper::new("sleeper"));
    let runner = process(&t, &hours, vec![sleeper.clone()]).await;
    let late = tokio::spawn(async move { runner.run_due().await });
    sleeper.begun.notified().await;
    let taken = t
        .write(async |tx| tx.jobs().claim("sleeper", at(300), at(600)).await)
        .await;
    assert_eq!(taken.unwrap().unwrap().lease_epoch, 2);
    // Nobody tells it that time passes: it does not see that it lost the lease.
    hours.watch.set(301);
    sleeper.woken.notify_one();
    assert_eq!(late.await.unwrap().unwrap(), 1);
    let jobs = t.view().await.jobs().list().await.unwrap();
    assert_eq!((jobs[0].last_at, jobs[0].lease_epoch), (None, 2));
    let lines = t
        .write(async |tx| tx.evidence().unsequenced(10).await)
        .await
        .unwrap();
    assert!(lines.is_empty());
}

/// A task whose turn ends when it is told to.
struct Sleeper {
    name: &'static str,
    woken: Notify,
    begun: Notify,
}

impl Sleeper {
    fn new(name: &'static str) -> Arc<Self> {
        Arc::new(Self {
            name,
            woken: Notify::new(),
            begun: Notify::new(),
        })
    }
}

#[async_trait]
impl Task for Sleeper {
    fn name(&self) -> &'static str {
        self.name
    }

    fn every_s(&self) -> i64 {
        60
    }

    async fn run(&self, _: Time) -> Result<(), TaskFailure> {
        self.begun.notify_one();
        self.woken.notified().await;
        Ok(())
    }
}

/// Waits until a task's row is as it should be.
async fn until_job(t: &Bench, name: &str, is_so: impl Fn(&Job) -> bool) -> Job {
    loop {
        let jobs = t.view().await.jobs().list().await.unwrap();
        if let Some(job) = jobs.into_iter().find(|job| job.name == name && is_so(job)) {
            return job;
        }
        tokio::task::yield_now().await;
    }
}

async fn take_over(t: &Bench, now: i64) -> Option<Job> {
    let until = at(now + 300);
    let taken = t.write(async |tx| tx.jobs().claim("sleeper", at(now), until).await);
    taken.await.unwrap()
}

async fn a_turn_that_goes_on_keeps_its_lease_and_ends(t: Bench) {
    let (hours, sleeper) = (Hours::new(), Sleeper::new("sleeper"));
    let runner = process(&t, &hours, vec![sleeper.clone()]).await;
    let query = "SELECT CAST(lease_until AS TEXT) FROM job";
    let others = async {
        sleeper.begun.notified().await;
        for second in [60, 120, 180, 240, 300] {
            // A renewal can be seen before its maker rests again, and who rests later wakes later.
            hours.rest_until(second).await;
            hours.set(second);
            let renewed = at(second + 300).micros().to_string();
            while t.text(query).await != renewed {
                tokio::task::yield_now().await;
            }
        }
        hours.set(301);
        assert_eq!(take_over(&t, 301).await, None);
        sleeper.woken.notify_one();
    };
    let (ran, ()) = tokio::join!(runner.run_due(), others);
    assert_eq!(ran.unwrap(), 1);
    let job = until_job(&t, "sleeper", |_| true).await;
    assert_eq!((job.last_at, job.lease_epoch), (Some(at(301)), 1));
    assert_eq!(job.last_outcome.as_deref(), Some("ok"));
    assert_eq!(job.next_at, at(361));
}

/// Its process stood still for longer than the lease.
async fn who_lost_the_lease_stops(t: Bench) {
    let (hours, sleeper) = (Hours::new(), Sleeper::new("sleeper"));
    let runner = process(&t, &hours, vec![sleeper.clone()]).await;
    let others = async {
        sleeper.begun.notified().await;
        assert_eq!(take_over(&t, 300).await.unwrap().lease_epoch, 2);
        hours.set(301);
    };
    // Nobody wakes the turn: it does not come to its end.
    let (ran, ()) = tokio::join!(runner.run_due(), others);
    assert!(ran.is_ok());
    let job = until_job(&t, "sleeper", |_| true).await;
    assert_eq!((job.last_at, job.lease_epoch), (None, 2));
    let lines = t
        .write(async |tx| tx.evidence().unsequenced(10).await)
        .await
        .unwrap();
    assert!(lines.is_empty());
}

async fn a_turn_that_does_not_end_holds_up_no_other(t: Bench) {
    let (hours, sleeper) = (Hours::new(), Sleeper::new("sleeper"));
    let sweep = Arc::new(Counted {
        runs: AtomicU32::new(0),
        work: Box::new(|_| Ok(())),
    });
    let runner = process(&t, &hours, vec![sleeper.clone(), sweep.clone()]).await;
    let others = async {
        sleeper.begun.notified().await;
        let mut second = 0;
        while sweep.runs.load(Ordering::Relaxed) < 3 {
            second += 5;
            hours.set(second);
            tokio::task::yield_now().await;
        }
        sleeper.woken.notify_one();
    };
    let (ran, ()) = tokio::join!(runner.run_due(), others);
    assert_eq!(ran.unwrap(), 4);
    assert_eq!(sweep.runs.load(Ordering::Relaxed), 3);
    let job = until_job(&t, "sleeper", |_| true).await;
    assert_eq!(job.last_outcome.as_deref(), Some("ok"));
}

async fn no_more_turns_go_on_beside_each_other_than_the_bound(t: Bench) {
    const NAMES: [&str; 9] = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    let (hours, sleepers) = (Hours::new(), NAMES.map(Sleeper::new));
    let tasks = sleepers.clone().map(|one| -> Arc<dyn Task> { one });
    let runner = process(&t, &hours, tasks.into()).await;
    let [first, rest @ .., last] = &sleepers;
    let others = async {
        first.begun.notified().await;
        for (nth, one) in (1_i64..).zip(rest) {
            hours.set(nth * 10);
            one.begun.notified().await;
        }
        for later in 0..50 {
            hours.set(80 + later * 5);
            let waits = until_job(&t, "i", |_| true).await;
            assert_eq!(waits.lease_epoch, 0, "eight go on");
        }
        first.woken.notify_one();
        last.begun.notified().await;
        until_job(&t, "a", |job| job.last_at.is_some()).await;
    };
    tokio::select! {
        ran = runner.run_due() => panic!("another turn of the first goes on: {ran:?}"),
        () = others => {}
    }
}

/// More messages than one unit takes away, one of them a second too young.
async fn retention_takes_away_what_is_past_its_time(t: Bench) {
    const MESSAGES: i64 = 1_203;
    t.write(async |tx| {
        for n in 0..MESSAGES {
            let message = Message {
                source: "alipay".into(),
                message_id: format!("n{n}"),
                raw: "x".into(),
                trace_id: "trace-1".into(),
                received_at: at(0),
                state: InboxState::Received,
            };
            tx.inbox().receive(&message).await?;
            let applied_at = at(i64::from(n == 0));
            tx.inbox()
                .mark_applied("alipay", &message.message_id, applied_at)
                .await?;
        }
        Ok(())
    })
    .await
    .unwrap();
    let retention = Retention::new(t.store.clone());
    let due = at(INBOX_DAYS * 86_400 + 1);
    assert_eq!(retention.purge(at(INBOX_DAYS * 86_400)).await.unwrap(), 0);
    assert_eq!(retention.purge(due).await.unwrap(), MESSAGES - 1);
    assert_eq!(retention.purge(due).await.unwrap(), 0);
    assert_eq!(t.text("SELECT message_id FROM inbox").await, "n0");
}

/// LN-39, LN-54: what stands of a process from its first word until its row is taken away.
async fn ln_54_a_process_says_that_it_is_there_and_not_too_often(t: Bench) {
    let watch = Watch::new();
    watch.set(0);
    let clock = Arc::new(watch.clone());
    let (run, store) = ("run-1".to_owned(), t.store.clone());
    let nodes = Nodes::new(store, clock, run, "north", "1.2.3");
    let stand = async |now: i64| {
        let all = t.view().await.jobs().nodes(9).await.unwrap();
        let stood = standing(all, at(now)).into_iter();
        let stood = stood.map(|(node, presence)| (node.seen_at, presence));
        stood.collect::<Vec<_>>()
    };
    assert!(nodes.beat().await.unwrap());
    watch.set(14);
    assert!(!nodes.beat().await.unwrap(), "it was said just now");
    watch.set(15);
    assert!(nodes.beat().await.unwrap());
    assert_eq!(stand(75).await, [(at(15), Presence::Here)]);
    assert_eq!(stand(76).await, [(at(15), Presence::Silent)]);
    watch.set(5);
    assert!(nodes.beat().await.unwrap(), "the clock was set back");
    watch.set(80);
    nodes.leave().await.unwrap();
    watch.set(100);
    assert!(nodes.beat().await.unwrap());
    assert_eq!(stand(9_999).await, [(at(80), Presence::Left)]);
    let retention = Retention::new(t.store.clone());
    let kept_until = 80 + NODE_DAYS * 86_400;
    assert_eq!(retention.purge(at(kept_until)).await.unwrap(), 0);
    assert_eq!(retention.purge(at(kept_until + 1)).await.unwrap(), 1);
    assert!(stand(0).await.is_empty());
}
