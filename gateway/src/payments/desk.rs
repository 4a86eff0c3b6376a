//! Where an order is placed, whatever it pays for: sent on in a task that nothing cancels, answered
//! once and repeated byte for byte.

use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest, HttpResponse, HttpResponseBuilder, web,
};
use futures_util::future::{Ready, ready};
use lifeline_core::accounts::account::ProviderId;
use lifeline_core::accounts::{Account, Accounts, Caller};
use lifeline_core::idempotency::{Answer, Key};
use lifeline_core::payments::order::{Buyer, ClosedText};
use lifeline_core::payments::{
    Homes, LeftBehind, Order, PaymentError, Payments, Purpose, Render, Start, Via,
};
use lifeline_core::store::StoreError;

use super::dto::PaymentView;
use crate::edge::detached::detached;
use crate::edge::pace::Pace;
use crate::edge::policy::Confirms;
use crate::edge::{Code, Fingerprint, Problem, trace};
use crate::listeners::outermost::Sources;
use crate::runner::Waker;

/// How long a repeat waits for the first request with its key (api.md).
const WAIT_MAX: Duration = Duration::from_secs(5);
const LOOK_FIRST: Duration = Duration::from_millis(25);
const LOOK_LAST: Duration = Duration::from_millis(400);
/// How often a key that could not be let go of is let go of again.
const LET_GO_EVERY: Duration = Duration::from_secs(1);

/// What placing an order needs of this process.
#[derive(Debug)]
pub(super) struct Desk {
    accounts: web::Data<Accounts>,
    pub(super) payments: web::Data<Payments>,
    sources: web::Data<Sources>,
    waker: web::Data<Waker>,
    pace: Pace,
    /// The terminal asks for a step-up, whatever the sum.
    confirms: bool,
}

/// What somebody wants to pay for, in homes that were shown to be theirs to pay.
#[derive(Debug)]
pub(super) struct Wished {
    pub(super) homes: Homes,
    pub(super) purpose: Purpose,
    pub(super) keep_as_prepayment: bool,
    pub(super) via: Via,
    pub(super) key: Key,
    pub(super) print: Fingerprint,
}

impl FromRequest for Desk {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let desk = || {
            Some(Self {
                accounts: req.app_data::<web::Data<Accounts>>()?.clone(),
                payments: req.app_data::<web::Data<Payments>>()?.clone(),
                sources: req.app_data::<web::Data<Sources>>()?.clone(),
                waker: req.app_data::<web::Data<Waker>>()?.clone(),
                pace: Pace::of(req),
                confirms: req.extensions().contains::<Confirms>(),
            })
        };
        ready(desk().ok_or_else(|| Problem::new(Code::Internal)))
    }
}

impl Desk {
    /// Places the order; the same key and body again get the same bytes. Each home may be paid for so often a
    /// minute; a repeat of what is answered pays for nothing, and takes none of it.
    pub(super) async fn order(
        self,
        caller: Caller,
        wished: Wished,
    ) -> Result<HttpResponse, Problem> {
        // A store that gives no answer here gives its reason below.
        let known = self.payments.answered(&wished.key, &wished.print.whole);
        if let Ok(Some(answer)) = known.await {
            return Ok(replay(&answer));
        }
        let homes = wished.homes.iter();
        let homes = homes.map(|home| home.owned.binding_id().as_str());
        self.pace.order(homes).await?;
        let request = Start {
            homes: wished.homes,
            buyer: buyer(&self.accounts.entered_as(&caller).await?),
            purpose: wished.purpose,
            keep_as_prepayment: wished.keep_as_prepayment,
            via: wished.via,
            confirms: self.confirms,
            key: wished.key,
            fingerprint: wished.print.whole,
            field_digests: wished.print.fields,
            render: render(&caller, &self.sources),
            session_id: caller.family_id,
            asking: caller.session_id,
            trace_id: caller.trace_id,
            source: caller.source,
        };
        let answer = placed(self.payments.into_inner(), request).await?;
        self.waker.wake();
        Ok(replay(&answer))
    }
}

/// The channel lets nobody but this person pay the order.
fn buyer(account: &Account) -> Buyer {
    let closed = |id: &Option<ProviderId>| {
        id.as_ref()
            .map(|id| ClosedText::new(id.expose().to_owned()))
    };
    Buyer {
        open_id: closed(&account.open_id),
        user_id: closed(&account.user_id),
    }
}

/// Runs in a task of its own, which neither the request nor its deadline can cancel (money.md G2);
/// a repeat waits for the first a while, looking ever less often.
async fn placed(payments: Arc<Payments>, request: Start) -> Result<Answer, Problem> {
    let work = async move {
        let began = std::time::Instant::now();
        let mut pause = LOOK_FIRST;
        loop {
            let begun = payments.begun(&request).await;
            if let Some(left) = begun.left {
                let work = lets_go(Arc::clone(&payments), left);
                tokio::spawn(trace::scope(trace::current(), work));
            }
            match begun.outcome {
                Err(error) if may_wait(&error) && began.elapsed() < WAIT_MAX => {
                    tokio::time::sleep(pause).await;
                    pause = pause.saturating_mul(2).min(LOOK_LAST);
                }
                done => return done,
            }
        }
    };
    let done = detached("order_start", work).await?;
    done.map_err(Problem::from)
}

/// The store was away when the key was to be let go of: again until it is back, so that a repeat need not wait for the
/// end of the lease.
async fn lets_go(payments: Arc<Payments>, left: LeftBehind) {
    while payments.let_go_of(&left).await.is_err() {
        tokio::time::sleep(LET_GO_EVERY).await;
    }
}

/// Another request holds the key, or the store is short of breath. The key makes a further try
/// harmless: it finds the answer, the running first one, or nothing.
const fn may_wait(error: &PaymentError) -> bool {
    matches!(
        error,
        PaymentError::InFlight
            | PaymentError::Store(StoreError::Conflict | StoreError::Unavailable(_))
    )
}

/// Words the answer once; it is stored and repeated byte for byte.
fn render(caller: &Caller, sources: &web::Data<Sources>) -> Render {
    let (session, sources) = (caller.family_id.clone(), sources.clone());
    let trace_id = caller.trace_id.clone();
    Arc::new(move |made: Result<&Order, &PaymentError>| {
        let text = |value: Result<String, serde_json::Error>| value.unwrap_or_default();
        match made {
            Ok(order) => {
                let view = PaymentView::of(order, &session, sources.clock.now());
                Answer {
                    status: 201,
                    body: text(serde_json::to_string(&view)),
                }
            }
            Err(error) => {
                let problem = Problem::from(error).traced(&trace_id);
                let status = problem.code().status().as_u16();
                Answer {
                    status,
                    body: text(serde_json::to_string(&problem.body())),
                }
            }
        }
    })
}

fn replay(answer: &Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = if status.is_success() {
        "application/json"
    } else {
        "application/problem+json"
    };
    HttpResponseBuilder::new(status)
        .insert_header((CONTENT_TYPE, kind))
        .body(answer.body.clone())
}
