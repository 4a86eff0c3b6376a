//! Planned misfortune. A fault is set through `/sim/faults`, waits for a call it applies to, and is
//! counted only at the moment it really acts. The same seed gives the same victims.
//!
//! A contract room asks [`Faults::strike`] at the very point where the fault would act (before the
//! work, after the commit, when a notice is sent) and does what the returned [`Strike`] says.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::{SimClock, rfc3339};
use crate::refusal::Refusal;

/// How long a held connection is kept before the sandbox drops it.
pub const HOLD: Duration = Duration::from_secs(30);
/// What a LATENCY fault adds when the plan does not say.
const LATENCY_MS_DEFAULT: u64 = 1500;
const LATENCY_MS_MAX: u64 = 60_000;
const COUNT_MAX: u32 = 100_000;
/// Calls remembered per fault, newest kept.
const CALLS_KEPT: usize = 200;

/// Which stand-in the fault belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// gateway.do and its notices.
    Alipay,
    /// `/mkt/v1`.
    Marketing,
    /// `/sms/v1`.
    Sms,
    /// `/sgapp/v1`.
    UserSystem,
    /// `/pv/v1`.
    Generation,
    /// `/exchange/v1`.
    Exchange,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// The answer comes late, but it comes.
    Latency,
    /// Nothing is done and nothing is answered.
    TimeoutBefore,
    /// The work is done and durable, but nothing is answered.
    TimeoutAfterCommit,
    /// A bare 500, nothing done.
    #[serde(rename = "HTTP_500")]
    Http500,
    /// A 500 whose text shows the insides of the system: statement, server and customer.
    LeakSql,
    /// The network delivers the request twice; the caller sees the second answer.
    DuplicateReply,
    /// Older figures with an older `as_of`.
    StaleRead,
    /// One send of a notice never leaves; the retry schedule goes on.
    NoticeLost,
    /// A notice is sent again after it was accepted.
    NoticeRepeated,
    /// A notice waits; the default is ten minutes.
    NoticeLate,
    /// An extra notice with a signature that is not Alipay's comes first.
    NoticeForged,
    /// A rightly signed notice that names another sum.
    NoticeWrongAmount,
    /// A notice overtakes the one before it.
    NoticeReordered,
}

impl Kind {
    /// Whether a fault of this kind can ever act on `target`.
    pub fn applies_to(self, target: Target) -> bool {
        match self {
            Self::Latency
            | Self::TimeoutBefore
            | Self::TimeoutAfterCommit
            | Self::Http500
            | Self::LeakSql
            | Self::DuplicateReply => true,
            Self::StaleRead => target == Target::Marketing,
            Self::NoticeLost
            | Self::NoticeRepeated
            | Self::NoticeLate
            | Self::NoticeForged
            | Self::NoticeWrongAmount
            | Self::NoticeReordered => target == Target::Alipay,
        }
    }
}

/// The body of `POST /sim/faults`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    target: Target,
    /// Alipay method (`alipay.trade.refund`) or route template (`POST /payments`); absent = any.
    route: Option<String>,
    kind: Kind,
    /// How many times it may act.
    count: u32,
    /// Chance per opportunity, 0 < rate <= 1, default 1.
    rate: Option<f64>,
    #[serde(default)]
    seed: u64,
    /// LATENCY and NOTICE_LATE: how long.
    ms: Option<u64>,
}

/// One act of a fault, as it must now be carried out.
#[derive(Debug, Clone, Copy)]
pub struct Strike {
    fault_id: u64,
    /// The planned length for kinds that have one.
    ms: Option<u64>,
}

impl Strike {
    /// How long a LATENCY holds the answer back.
    pub fn latency(self) -> Duration {
        Duration::from_millis(self.ms.unwrap_or(LATENCY_MS_DEFAULT))
    }

    /// The planned length in milliseconds, when the plan named one.
    pub fn ms(self) -> Option<u64> {
        self.ms
    }
}

#[derive(Debug, Serialize)]
struct Call {
    at: String,
    route: String,
    call: String,
}

#[derive(Debug)]
struct Fault {
    id: u64,
    plan: Plan,
    hits: u32,
    /// Promised to a case that may yet turn out harmless.
    reserved: u32,
    chance: Chance,
    calls: Vec<Call>,
}

/// The planned faults of one sandbox; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    inner: Arc<Mutex<Book>>,
}

#[derive(Debug, Default)]
struct Book {
    last_id: u64,
    faults: Vec<Fault>,
}

impl Faults {
    /// Adds a fault and returns its id.
    ///
    /// # Errors
    /// A plan that could never act, or whose numbers are out of range, is refused.
    pub fn plan(&self, plan: Plan) -> Result<u64, Refusal> {
        check(&plan)?;
        let mut book = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        book.last_id += 1;
        let id = book.last_id;
        let chance = Chance::new(plan.seed);
        book.faults.push(Fault {
            id,
            plan,
            hits: 0,
            reserved: 0,
            chance,
            calls: Vec::new(),
        });
        Ok(id)
    }

    /// Forgets every fault.
    pub fn clear(&self) {
        self.inner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .faults
            .clear();
    }

    /// Asks whether `kind` strikes here and now; a `Some` is already counted, so the caller must
    /// carry it out. `route` is the Alipay method or the route template; `call` names the very call.
    pub fn strike(
        &self,
        at: Timestamp,
        target: Target,
        route: &str,
        kind: Kind,
        call: &str,
    ) -> Option<Strike> {
        let strike = self.reserve(target, route, kind)?;
        self.settle(strike, true, at, route, call);
        Some(strike)
    }

    /// As [`Faults::strike`], for a fault whose effect shows only later: nothing is counted until
    /// [`Faults::settle`] says so, but the place in `count` is taken.
    pub fn reserve(&self, target: Target, route: &str, kind: Kind) -> Option<Strike> {
        let mut book = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = book
            .faults
            .iter_mut()
            .find(|f| f.waits_for(target, route, kind))?;
        if !fault.chance.falls(fault.plan.rate) {
            return None;
        }
        fault.reserved += 1;
        Some(Strike {
            fault_id: fault.id,
            ms: fault.plan.ms,
        })
    }

    /// Ends a reservation: `acted` counts it as a hit, else the place is free again.
    pub fn settle(&self, strike: Strike, acted: bool, at: Timestamp, route: &str, call: &str) {
        let mut book = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(fault) = book.faults.iter_mut().find(|f| f.id == strike.fault_id) else {
            return;
        };
        fault.reserved = fault.reserved.saturating_sub(1);
        if !acted {
            return;
        }
        fault.hits += 1;
        if fault.calls.len() >= CALLS_KEPT {
            fault.calls.remove(0);
        }
        fault.calls.push(Call {
            at: rfc3339(at),
            route: route.into(),
            call: call.into(),
        });
    }

    fn view(&self) -> serde_json::Value {
        let book = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        book.faults.iter().map(Fault::view).collect()
    }
}

impl Fault {
    fn waits_for(&self, target: Target, route: &str, kind: Kind) -> bool {
        self.plan.target == target
            && self.plan.kind == kind
            && self.hits + self.reserved < self.plan.count
            && self
                .plan
                .route
                .as_deref()
                .is_none_or(|wanted| wanted == route)
    }

    fn view(&self) -> serde_json::Value {
        serde_json::json!({
            "fault_id": self.id,
            "target": self.plan.target,
            "route": self.plan.route,
            "kind": self.plan.kind,
            "count": self.plan.count,
            "rate": self.plan.rate,
            "seed": self.plan.seed,
            "ms": self.plan.ms,
            "hits": self.hits,
            "calls": self.calls,
        })
    }
}

fn check(plan: &Plan) -> Result<(), Refusal> {
    if !plan.kind.applies_to(plan.target) {
        return Err(Refusal::invalid(
            "KIND_DOES_NOT_APPLY",
            "this target never meets such a fault",
        ));
    }
    if plan.target == Target::Alipay && !crate::alipay::meets(plan.kind, plan.route.as_deref()) {
        return Err(Refusal::invalid(
            "ROUTE_DOES_NOT_APPLY",
            "route must be an Alipay method that can meet this kind, or trade_status_sync for notices",
        ));
    }
    if !(1..=COUNT_MAX).contains(&plan.count) {
        return Err(Refusal::invalid(
            "COUNT_OUT_OF_RANGE",
            "count must be 1..=100000",
        ));
    }
    if plan.rate.is_some_and(|rate| !(rate > 0.0 && rate <= 1.0)) {
        return Err(Refusal::invalid(
            "RATE_OUT_OF_RANGE",
            "rate must be above 0 and at most 1",
        ));
    }
    let takes_ms = matches!(plan.kind, Kind::Latency | Kind::NoticeLate);
    if plan.ms.is_some() && !takes_ms {
        return Err(Refusal::invalid(
            "MS_DOES_NOT_APPLY",
            "only LATENCY and NOTICE_LATE take ms",
        ));
    }
    if plan.kind == Kind::Latency && plan.ms.is_some_and(|ms| ms > LATENCY_MS_MAX) {
        return Err(Refusal::invalid(
            "MS_OUT_OF_RANGE",
            "LATENCY holds at most 60000 ms",
        ));
    }
    Ok(())
}

/// A small seeded generator (SplitMix64): the sandbox needs repeatable, not secret, chance.
#[derive(Debug)]
struct Chance {
    state: u64,
}

impl Chance {
    fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn falls(&mut self, rate: Option<f64>) -> bool {
        let Some(rate) = rate else { return true };
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        // The top 32 bits convert without loss, so no cast can round a 1.0 into being.
        let high = u32::try_from(mixed >> 32).unwrap_or(u32::MAX);
        f64::from(high) / (f64::from(u32::MAX) + 1.0) < rate
    }
}

/// Holds the caller's connection until [`HOLD`] is over, then cuts it without an answer.
pub async fn hold_then_drop() -> HttpResponse {
    tokio::time::sleep(HOLD).await;
    cut()
}

/// An answer that never reaches the wire: its body fails before the head is flushed, so the server
/// closes the connection and the caller sees no status at all.
pub fn cut() -> HttpResponse {
    let failing = futures_util::stream::once(async {
        Err::<web::Bytes, std::io::Error>(std::io::ErrorKind::ConnectionReset.into())
    });
    HttpResponse::Ok().streaming(failing)
}

/// What a badly built system answers when its database stumbles. `secret` is the piece of personal
/// data that must not travel further.
pub fn leaked_statement(secret: &str) -> HttpResponse {
    let text = format!(
        "ORA-00942: table or view does not exist\n\
         SELECT r.RCVBL_AMT, r.OWE_AMT FROM EPM_HQ.A_RCVBL_FLOW r WHERE r.CONS_NO = '{secret}' \
         AND r.RCVBL_YM = :1\n at oracle.jdbc.driver.T4CTTIoer (cis-db-07.sgcc.intra:1521)"
    );
    HttpResponse::InternalServerError()
        .content_type("text/plain; charset=utf-8")
        .body(text)
}

/// `/sim/faults`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/sim/faults")
            .route(web::post().to(post_fault))
            .route(web::get().to(list_faults))
            .route(web::delete().to(clear_faults)),
    );
}

async fn post_fault(
    faults: web::Data<Faults>,
    plan: web::Json<Plan>,
) -> Result<HttpResponse, Refusal> {
    let fault_id = faults.plan(plan.into_inner())?;
    Ok(HttpResponse::Created().json(serde_json::json!({ "fault_id": fault_id })))
}

async fn list_faults(faults: web::Data<Faults>, clock: web::Data<SimClock>) -> HttpResponse {
    HttpResponse::Ok()
        .json(serde_json::json!({ "now": rfc3339(clock.now()), "items": faults.view() }))
}

async fn clear_faults(faults: web::Data<Faults>) -> HttpResponse {
    faults.clear();
    HttpResponse::NoContent().finish()
}
