//! What is noted on the request's path, and what takes it from there.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::USER_AGENT;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use async_trait::async_trait;
use lifeline_core::accounts::Terminal;
use lifeline_core::insight::misses;
use lifeline_core::insight::sample::{Refusal, person_of};
use lifeline_core::insight::{Channel, Function, Ledger, Outcome, Sample};
use lifeline_core::shared::time::{Clock, Time};

use crate::edge::codes::Code;
use crate::edge::paths::template;
use crate::edge::principal::SignedIn;
use crate::edge::problem::Problem;
use crate::edge::trace;
use crate::runner::Worker;

/// Threads that serve note apart from one another.
const SHARDS: usize = 8;
/// What one shard holds at most; more is counted as lost, and told.
const WAITING_MAX: usize = 50_000;

/// What was noted since it was last taken.
pub struct Recorder {
    shards: [Mutex<Vec<Sample>>; SHARDS],
    lost: AtomicI64,
    misses: Mutex<BTreeMap<String, i64>>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recorder")
    }
}

thread_local! {
    /// Which shard this thread notes in.
    static SHARD: usize = next_shard();
    /// The functions of the routes this thread has served: few, routes are templates.
    static FUNCTIONS: RefCell<HashMap<String, Vec<(String, i64)>>> = RefCell::new(HashMap::new());
}

fn next_shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed).rem_euclid(SHARDS)
}

fn function_of(method: &str, route: &str) -> i64 {
    FUNCTIONS.with_borrow_mut(|known| {
        if let Some(found) = known.get(route).and_then(|of_route| {
            of_route
                .iter()
                .find(|(how, _)| how == method)
                .map(|(_, number)| *number)
        }) {
            return found;
        }
        let number = Function::of(method, route).number;
        // A client may send any word as a method: those we do not route are one.
        if known.len() < 1_000 {
            let of_route = known.entry(route.to_owned()).or_default();
            if of_route.len() < 10 {
                of_route.push((method.to_owned(), number));
            }
        }
        number
    })
}

impl Recorder {
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            shards: Default::default(),
            lost: AtomicI64::new(0),
            misses: Mutex::default(),
            clock,
        }
    }

    pub fn note(&self, sample: Sample) {
        let shard = SHARD.with(|shard| *shard);
        let Some(shard) = self.shards.get(shard) else {
            return;
        };
        let mut noted = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < WAITING_MAX {
            noted.push(sample);
        } else {
            drop(noted);
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes a search that found nothing, when its words may be counted.
    pub fn missed(&self, question: &str) {
        let Some(words) = misses::words(question) else {
            return;
        };
        let mut noted = self.misses.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < misses::HELD_MAX || noted.contains_key(&words) {
            let n = noted.entry(words).or_insert(0);
            *n = n.saturating_add(1);
        }
    }

    /// Searches that found nothing since the last time.
    #[must_use]
    pub fn take_misses(&self) -> BTreeMap<String, i64> {
        let mut noted = self.misses.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *noted)
    }

    /// Everything noted since the last time, and how many found no room.
    #[must_use]
    pub fn take(&self) -> (Vec<Sample>, i64) {
        let mut all = Vec::new();
        for shard in &self.shards {
            let mut noted = shard.lock().unwrap_or_else(PoisonError::into_inner);
            all.append(&mut noted);
        }
        (all, self.lost.swap(0, Ordering::Relaxed))
    }
}

/// A request under way: noted when it ends, however it ends, also when its deadline cuts it.
struct UnderWay {
    recorder: web::Data<Recorder>,
    began: Instant,
    function: i64,
    channel: Channel,
    terminal: Terminal,
    status: u16,
    code: &'static str,
    person: Option<u128>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let outcome = Outcome::of(self.status);
        let refusal = (outcome != Outcome::Done).then(|| Refusal {
            trace: u128::from_str_radix(&trace::current(), 16).unwrap_or(0),
            status: self.status,
            code: self.code,
        });
        self.recorder.note(Sample {
            at: self.recorder.clock.now(),
            function: self.function,
            channel: self.channel,
            terminal: self.terminal,
            outcome,
            micros: u32::try_from(self.began.elapsed().as_micros()).unwrap_or(u32::MAX),
            person: self.person,
            refusal,
        });
    }
}

/// Notes a request of a route of ours. Pages, the document and what is not there are not counted.
pub async fn counted(
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let Some(recorder) = req.app_data::<web::Data<Recorder>>().cloned() else {
        return next.call(req).await;
    };
    let route = template(&req);
    if !route.starts_with("/v1/") {
        return next.call(req).await;
    }
    let agent = req.headers().get(USER_AGENT);
    let agent = agent.and_then(|value| value.to_str().ok()).unwrap_or("");
    let mut under_way = UnderWay {
        began: Instant::now(),
        function: function_of(req.method().as_str(), &route),
        channel: Channel::of(agent),
        terminal: Terminal::said_by(agent),
        status: 503,
        code: Code::RequestTimeout.as_str(),
        person: None,
        recorder,
    };
    let answer = next.call(req).await;
    match &answer {
        Ok(answer) => {
            under_way.status = answer.status().as_u16();
            let problem = answer.response().error();
            let problem = problem.and_then(|error| error.as_error::<Problem>());
            under_way.code = problem.map_or("", |problem| problem.code().as_str());
            let who = answer.request().extensions();
            let who = who.get::<SignedIn>();
            under_way.person = who.and_then(|who| person_of(who.account_id().as_str()));
        }
        Err(error) => {
            under_way.status = error.as_response_error().status_code().as_u16();
            let problem = error.as_error::<Problem>();
            under_way.code = problem.map_or("", |problem| problem.code().as_str());
        }
    }
    drop(under_way);
    answer
}

/// Takes what was noted and writes it, each second.
#[derive(Debug)]
pub struct Counting {
    recorder: Arc<Recorder>,
    ledger: tokio::sync::Mutex<Ledger>,
    /// When it last wrote: workers are woken by every commit, and this one must not be.
    wrote_at: AtomicI64,
}

/// A write comes no sooner than so many microseconds after the one before.
const PAUSE_MICROS: i64 = 900_000;

impl Counting {
    #[must_use]
    pub fn new(recorder: Arc<Recorder>, ledger: Ledger) -> Self {
        Self {
            recorder,
            ledger: tokio::sync::Mutex::new(ledger),
            wrote_at: AtomicI64::new(0),
        }
    }

    async fn write(&self) {
        let mut ledger = self.ledger.lock().await;
        let (samples, lost) = self.recorder.take();
        ledger.note_misses(self.recorder.take_misses());
        if let Err(error) = ledger.write(&samples, lost).await {
            tracing::warn!(%error, "insight.unwritten");
        }
    }

    /// The last requests of an orderly stop.
    pub async fn end(&self) {
        self.write().await;
        if let Err(error) = self.ledger.lock().await.end().await {
            tracing::error!(%error, "insight.end.unwritten");
        }
    }
}

#[async_trait]
impl Worker for Counting {
    fn name(&self) -> &'static str {
        "insight.count"
    }

    fn tick(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn run_once(&self, now: Time) -> bool {
        let before = self.wrote_at.load(Ordering::Relaxed);
        // A clock that was set back must not keep it waiting.
        if !(0..PAUSE_MICROS).contains(&now.micros().saturating_sub(before)) {
            self.wrote_at.store(now.micros(), Ordering::Relaxed);
            self.write().await;
        }
        false
    }
}
