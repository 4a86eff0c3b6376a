//! What is asked of an installation all the while it changes, by two relays, and what came of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, RwLock};
use std::time::{Duration, Instant};

use lifeline_tests::Looks;
use reqwest::{Client, StatusCode};
use serde_json::Value;

/// One who asks one thing again and again.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asks {
    /// What everybody may read.
    Public(&'static str),
    /// What only the household may, by its token.
    Me,
    /// Something of the utility, by its token: with one key and body through a part, as who heard no answer.
    Wish,
}

/// What a node answers by itself, what it reads from the store that both share, and what it answers a person: two of each
/// who read, one by each relay.
pub(crate) const ASKERS: [Asks; 7] = [
    Asks::Public("/.well-known/jwks.json"),
    Asks::Public("/.well-known/jwks.json"),
    Asks::Public("/v1/outlets"),
    Asks::Public("/v1/outlets"),
    Asks::Me,
    Asks::Me,
    Asks::Wish,
];
const WISH: &str = r#"{"kind":"feedback","text":"路口的灯坏了好几天了"}"#;
/// No relay is out of turn.
const NONE: usize = usize::MAX;

/// Who is asked, and what came of it.
pub(crate) struct Load {
    relays: [String; 2],
    /// The token, and since when it is shown.
    token: RwLock<(String, Instant)>,
    /// How many parts have begun: each has a wish of its own.
    begun: AtomicUsize,
    /// The wish of each part, as it was first answered.
    wishes: Mutex<BTreeMap<usize, String>>,
    /// The relay that nobody is sent to, as by a balancer before them.
    out: AtomicUsize,
    busy: [AtomicUsize; 2],
    done: AtomicUsize,
    /// Answered as they should be to who showed the token.
    signed: AtomicUsize,
    enough: AtomicBool,
    pub(crate) failed: Mutex<Vec<String>>,
}

impl Load {
    pub(crate) fn new(relays: [String; 2], token: String) -> Self {
        Self {
            relays,
            token: RwLock::new((token, Instant::now())),
            begun: AtomicUsize::new(0),
            wishes: Mutex::default(),
            out: AtomicUsize::new(NONE),
            busy: [AtomicUsize::new(0), AtomicUsize::new(0)],
            done: AtomicUsize::new(0),
            signed: AtomicUsize::new(0),
            enough: AtomicBool::new(false),
            failed: Mutex::default(),
        }
    }

    /// Asks until it is enough, by one relay while that is in turn.
    pub(crate) async fn ask(&self, client: &Client, relay: usize, what: Asks) {
        while !self.enough.load(Ordering::SeqCst) {
            let at = self.enter(relay);
            let answered = self.once(client, &self.relays[at], what).await;
            self.busy[at].fetch_sub(1, Ordering::SeqCst);
            if let Err(fault) = answered {
                let mut failed = self.failed.lock().expect("the list");
                failed.push(format!("{what:?}: {fault}"));
            }
            self.done.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn enter(&self, relay: usize) -> usize {
        loop {
            let out = self.out.load(Ordering::SeqCst);
            let at = if out == relay { 1 - relay } else { relay };
            self.busy[at].fetch_add(1, Ordering::SeqCst);
            if self.out.load(Ordering::SeqCst) != at {
                return at;
            }
            self.busy[at].fetch_sub(1, Ordering::SeqCst);
        }
    }

    async fn once(&self, client: &Client, relay: &str, what: Asks) -> Result<(), String> {
        let token = self.token.read().expect("the token").0.clone();
        let part = self.part();
        let (request, wanted) = match what {
            Asks::Public(path) => (client.get(format!("{relay}{path}")), StatusCode::OK),
            Asks::Me => {
                let asked = client.get(format!("{relay}/v1/me")).bearer_auth(token);
                (asked, StatusCode::OK)
            }
            Asks::Wish => {
                let asked = client.post(format!("{relay}/v1/requests"));
                let asked = asked.bearer_auth(token).body(WISH);
                let asked = asked.header("content-type", "application/json");
                let key = format!("rolling-wish-{part}");
                (asked.header("idempotency-key", key), StatusCode::CREATED)
            }
        };
        let answer = request.send().await.map_err(|error| format!("{error:?}"))?;
        let status = answer.status();
        let body = answer.text().await.map_err(|error| format!("{error:?}"))?;
        if status != wanted {
            return Err(format!("{status}: {body}"));
        }
        if matches!(what, Asks::Wish) {
            self.same_wish(part, &body)?;
        }
        if !matches!(what, Asks::Public(_)) {
            self.signed.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }

    fn part(&self) -> usize {
        self.begun.load(Ordering::SeqCst).saturating_sub(1)
    }

    /// A key is one wish's, whoever answers.
    fn same_wish(&self, part: usize, body: &str) -> Result<(), String> {
        let told: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
        let id = told["request_id"].as_str().ok_or("a wish without an id")?;
        let mut wishes = self.wishes.lock().expect("the wishes");
        let first = wishes.entry(part).or_insert_with(|| id.to_owned());
        if first.as_str() == id {
            return Ok(());
        }
        Err(format!("{id} beside {first} under one key"))
    }

    /// One more part: so many are asked, and its wish is on record, or something failed.
    pub(crate) async fn more(&self, count: usize) {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let until = self.done() + count;
        let wished = || self.wished() > self.part() || self.failures() > 0;
        while self.done() < until || !wished() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Goes on until the token was taken often by now, or something failed.
    pub(crate) async fn more_signed(&self) {
        let until = self.signed.load(Ordering::SeqCst) + 60;
        let mut looks = Looks::every(Duration::from_millis(20));
        while self.signed.load(Ordering::SeqCst) < until && self.failures() == 0 {
            assert!(looks.again().await, "nobody shows the token");
        }
    }

    pub(crate) fn show(&self, token: String) {
        *self.token.write().expect("the token") = (token, Instant::now());
    }

    /// Since when the token is shown.
    pub(crate) fn shown_for(&self) -> Duration {
        self.token.read().expect("the token").1.elapsed()
    }

    /// Sends nobody to a relay, and waits for who is there.
    pub(crate) async fn take_out(&self, relay: usize) {
        self.out.store(relay, Ordering::SeqCst);
        let mut looks = Looks::every(Duration::from_millis(5));
        while self.busy[relay].load(Ordering::SeqCst) > 0 {
            assert!(looks.again().await, "somebody stays at the relay");
        }
    }

    pub(crate) fn put_back(&self) {
        self.out.store(NONE, Ordering::SeqCst);
    }

    pub(crate) fn stop(&self) {
        self.enough.store(true, Ordering::SeqCst);
    }

    pub(crate) fn done(&self) -> usize {
        self.done.load(Ordering::SeqCst)
    }

    /// How often the token was taken.
    pub(crate) fn signed(&self) -> usize {
        self.signed.load(Ordering::SeqCst)
    }

    /// How many parts have a wish on record.
    pub(crate) fn wished(&self) -> usize {
        self.wishes.lock().expect("the wishes").len()
    }

    fn failures(&self) -> usize {
        self.failed.lock().expect("the list").len()
    }
}
