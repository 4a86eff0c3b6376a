//! The outbox relay of `core`, at work on a real store.

use std::sync::Arc;

use async_trait::async_trait;
use lifeline_core::cases::CaseKind;
use lifeline_core::outbox::relay::{ATTEMPTS_MAX, Deliver, Delivery, Relay, pause_s};
use lifeline_core::outbox::{Claimed, Event, Lane};
use tokio::sync::Mutex;

use crate::bench::{Bench, Counting, Watch, at, now};
use crate::contracts;

contracts! { "relay":
    delivers_in_order_and_is_done => ["OutboxStore::claim", "OutboxStore::done"];
    pauses_and_keeps_the_order => ["OutboxStore::retry"];
    buries_after_the_last_try_and_opens_a_case => ["OutboxStore::bury", "CaseStore::open"];
    buries_at_once_when_told_and_only_money_opens_a_case => ["OutboxStore::bury"];
    survives_a_panicking_carrier => [];
    buries_what_takes_relays_down => ["OutboxStore::bury"];
    leaves_unknown_kinds_to_others => ["OutboxStore::rest"];
    leaves_what_says_unknown_words_to_others => ["OutboxStore::rest"];
    begins_nothing_on_an_old_lease => ["OutboxStore::claim"];
    what_does_not_open_keeps_nobody_waiting => ["OutboxStore::claim", "OutboxStore::bury"];
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
            t.store.clone(),
            Arc::new(watch.clone()),
            Arc::new(Counting::default()),
            vec![handler.clone()],
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
            lane: Lane::Usual,
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

async fn delivers_in_order_and_is_done(t: Bench) {
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

async fn pauses_and_keeps_the_order(t: Bench) {
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

async fn buries_after_the_last_try_and_opens_a_case(t: Bench) {
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

async fn buries_at_once_when_told_and_only_money_opens_a_case(t: Bench) {
    let post = Post::new(t, |_| Delivery::Never { reason: "refused" });
    post.add("payment-1", "1", true).await;
    post.add("account-1", "2", false).await;
    assert_eq!(post.turn(0).await, 2);
    assert_eq!(post.backlog().await, 0);
    let mut view = post.t.view().await;
    assert_eq!(view.cases().count_open().await.unwrap(), 1);
    assert_eq!(view.cases().about("payment-1").await.unwrap().len(), 1);
}

/// One body is spoiled: other keys go on at once, its own when it is buried, which opens a case.
async fn what_does_not_open_keeps_nobody_waiting(t: Bench) {
    let post = Post::new(t, |_| Delivery::Done);
    let spoiled = post.add("payment-1", "1", true).await;
    post.add("payment-1", "2", true).await;
    post.add("b", "3", false).await;
    let id = spoiled.event_id.as_str();
    let spoil = format!("UPDATE outbox SET body = 'spoiled' WHERE event_id = '{id}'");
    post.t.raw(&spoil).await.unwrap();
    assert_eq!(post.turn(0).await, 2);
    assert_eq!(post.seen().await, ["3"]);
    try_to_the_end(&post).await;
    assert_eq!(post.seen().await, ["3", "2"]);
    assert_eq!(post.backlog().await, 0);
    let mut view = post.t.view().await;
    let told = view.cases().about("payment-1").await.unwrap();
    assert_eq!(told.len(), 1);
    assert!(told[0].facts.contains("unreadable"), "{:?}", told[0].facts);
}

async fn survives_a_panicking_carrier(t: Bench) {
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
async fn buries_what_takes_relays_down(t: Bench) {
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

async fn leaves_what_says_unknown_words_to_others(t: Bench) {
    let post = Post::new(t, |_| Delivery::Unknown);
    post.add("a", "1", true).await;
    for n in 0..=ATTEMPTS_MAX + 2 {
        assert_eq!(post.turn(n * 100).await, 1, "left alone, never buried");
    }
    assert_eq!(post.backlog().await, 1);
}

async fn leaves_unknown_kinds_to_others(t: Bench) {
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
    // The newer node comes late, fails once, and has every other try left.
    let late = Arc::new(Later(Mutex::default()));
    let relay = Relay::new(
        post.t.store.clone(),
        Arc::new(post.watch.clone()),
        Arc::new(Counting::default()),
        vec![late.clone()],
    );
    let came = (ATTEMPTS_MAX + 3) * 100;
    for second in [came, came + pause_s(1)] {
        post.watch.set(second);
        assert_eq!(relay.run_once().await.unwrap(), 1);
    }
    assert_eq!(*late.0.lock().await, [0, 1]);
    assert_eq!(post.backlog().await, 0);
    let told = post.t.view().await.cases().about("b").await.unwrap();
    assert!(told.is_empty(), "{told:?}");
}

/// Carries what was of the future; the first time there is no answer.
struct Later(Mutex<Vec<i64>>);

#[async_trait]
impl Deliver for Later {
    fn kinds(&self) -> &'static [&'static str] {
        &["from.the.future"]
    }

    async fn deliver(&self, claimed: &Claimed) -> Delivery {
        self.0.lock().await.push(claimed.attempts);
        match claimed.attempts {
            0 => AGAIN,
            _ => Delivery::Done,
        }
    }
}

/// The first delivery takes 40 of the lease's 60 seconds: the second is not begun under it.
async fn begins_nothing_on_an_old_lease(t: Bench) {
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
        t.store.clone(),
        Arc::new(clock),
        Arc::new(Counting::default()),
        vec![handler.clone()],
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
