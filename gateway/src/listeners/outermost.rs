//! What wraps every listener: the trace, the client's address, the address limit, the deadline
//! and the headers every answer carries.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ResponseHead, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::ConnectionType;
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use lifeline_core::shared::deadline;
use lifeline_core::shared::ids::{Entropy, Maker};
use lifeline_core::shared::time::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tracing::Instrument as _;

use crate::edge::by_browser;
use crate::edge::client::{ClientAddress, TrustedHops};
use crate::edge::codes::Code;
use crate::edge::limits::{Judged, Limits};
use crate::edge::paths::template;
use crate::edge::policy::strike;
use crate::edge::problem::{Problem, USUAL_WAIT_S, passes};
use crate::edge::trace;

/// Time and chance, as the listeners use them.
#[derive(Clone)]
pub struct Sources {
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sources")
    }
}

impl Sources {
    #[must_use]
    pub fn maker(&self) -> Maker<'_> {
        Maker {
            clock: self.clock.as_ref(),
            entropy: self.entropy.as_ref(),
        }
    }
}

/// Whether this process is stopping: then each answer closes its connection, so that nobody asks on one
/// that ends.
#[derive(Debug, Default)]
pub struct Stopping(AtomicBool);

impl Stopping {
    pub fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// How long any request may take before the client is told to ask again. Money work goes on.
pub const REQUEST_TIME_MAX: Duration = Duration::from_secs(12);
/// Kept of it to say what became of the rest: store, shared place and outside systems are waited for until then.
pub const ANSWER_TIME: Duration = Duration::from_millis(250);

/// Gives the request its trace and its deadline, and writes one access line without personal data.
pub async fn traced(
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    traced_within(REQUEST_TIME_MAX, req, next).await
}

/// As [`traced`], by another time.
pub(super) async fn traced_within(
    most: Duration,
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let maker = req.app_data::<web::Data<Sources>>();
    let fresh = maker.map(|sources| sources.maker().uuid().replace('-', ""));
    let fresh = fresh.unwrap_or_else(|| "0".repeat(32));
    let sent = req.headers().get("traceparent");
    let sent = sent
        .and_then(|value| value.to_str().ok())
        .and_then(trace::parse_traceparent);
    let span = fresh.get(16..32).unwrap_or("0000000000000001");
    let of = sent.as_deref().unwrap_or(&fresh);
    let header = HeaderValue::from_str(&trace::traceparent(of, span));
    let trace_id = sent.unwrap_or(fresh);
    let method = label(req.method());
    // The template only, never the path, which may hold a ticket.
    let route = template(&req);
    let inside = tracing::info_span!("request", method, route = &*route, trace_id);
    let stopping = req.app_data::<web::Data<Stopping>>().cloned();
    let judged = Judged::of(req.request());
    let began = Instant::now();
    let work = async move {
        let work = deadline::within(began + most.saturating_sub(ANSWER_TIME), next.call(req));
        match tokio::time::timeout(most, work).await {
            Ok(answer) => answer,
            Err(_) => Err(Problem::new(Code::RequestTimeout).into()),
        }
    };
    let answer = trace::scope(trace_id, work)
        .instrument(inside.clone())
        .await;
    let status = match &answer {
        Ok(answer) => answer.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    inside.in_scope(|| tell(method, &route, status.as_u16(), began.elapsed()));
    let header = header.ok();
    let stopping = stopping.as_ref().map(web::Data::get_ref);
    let signed = |answer: &mut ResponseHead| sign(answer, stopping, header);
    match answer {
        Ok(mut answer) => {
            signed(answer.response_mut().head_mut());
            Ok(answer)
        }
        // Out of time: no layer within is there any more to say what each answer says.
        Err(error) => {
            let mut refusal = error.error_response();
            signed(refusal.head_mut());
            judged.tell(refusal.headers_mut());
            Err(InternalError::from_response(error, refusal).into())
        }
    }
}

/// What every answer carries, whatever became of its request.
fn sign(answer: &mut ResponseHead, stopping: Option<&Stopping>, trace: Option<HeaderValue>) {
    if stopping.is_some_and(Stopping::has_begun) {
        answer.set_connection_type(ConnectionType::Close);
    }
    let passes = passes(answer.status);
    let headers = answer.headers_mut();
    if passes && !headers.contains_key(RETRY_AFTER) {
        headers.insert(RETRY_AFTER, HeaderValue::from(USUAL_WAIT_S));
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(trace) = trace {
        headers.insert(HeaderName::from_static("traceparent"), trace);
    }
}

/// A method as a metric may name it: a client may send any word as one, and each would be a label.
fn label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}

/// One access line and its counts: method, route template, status, time; nothing of the person.
fn tell(method: &'static str, route: &str, status: u16, taken: Duration) {
    tracing::info!(method, route, status, duration_ms = %taken.as_millis(), "request");
    MEASURES.with_borrow_mut(|known| {
        let found = known
            .iter()
            .find(|m| m.status == status && m.route == route && m.method == method);
        match found {
            Some(measure) => measure.count(taken),
            None => {
                let measure = Measure::of(method, route, status);
                measure.count(taken);
                known.push(measure);
            }
        }
    });
}

/// The counter and histogram of one method, route and status. Looking them up by their labels for
/// every request costs more than counting.
struct Measure {
    method: &'static str,
    route: String,
    status: u16,
    counter: metrics::Counter,
    histogram: metrics::Histogram,
}

thread_local! {
    /// Few: routes are templates, and a route answers with a handful of statuses.
    static MEASURES: RefCell<Vec<Measure>> = const { RefCell::new(Vec::new()) };
}

impl Measure {
    fn of(method: &'static str, route: &str, status: u16) -> Self {
        let labels = [
            ("method", method.to_owned()),
            ("route", route.to_owned()),
            ("status", status.to_string()),
        ];
        Self {
            method,
            route: route.to_owned(),
            status,
            counter: metrics::counter!("lifeline_requests_total", &labels),
            histogram: metrics::histogram!("lifeline_request_seconds", &labels),
        }
    }

    fn count(&self, taken: Duration) {
        self.counter.increment(1);
        self.histogram.record(taken.as_secs_f64());
    }
}

/// The method a request arrived with, where another took its place: a signature covers this one.
#[derive(Debug, Clone)]
pub struct SentMethod(pub Method);

/// A mini-program's `my.request` cannot send PATCH: it sends POST with this header instead. Only
/// PATCH is taken from it, before routing, so that the route's own policy applies.
pub async fn patched(
    mut req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let wanted = req.headers().get("x-http-method-override");
    if req.method() == Method::POST && wanted.is_some_and(|method| method == "PATCH") {
        req.head_mut().method = Method::PATCH;
        req.extensions_mut().insert(SentMethod(Method::POST));
    }
    next.call(req).await
}

/// Finds the client's address and holds it to the address limit.
pub async fn addressed(
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
    let judged = Judged::of(req.request());
    if let Err(problem) = place(&req, &judged) {
        let route = template(&req);
        let code = problem.code();
        let mut refusal = by_browser::told(req.error_response(problem), &route, Some(code));
        judged.tell(refusal.headers_mut());
        return Ok(refusal.map_into_right_body());
    }
    let mut answer = next.call(req).await?;
    judged.tell(answer.headers_mut());
    Ok(answer.map_into_left_body())
}

fn place(req: &ServiceRequest, judged: &Judged) -> Result<(), Problem> {
    let peer = req.peer_addr().map(|peer| peer.ip());
    let peer = peer.ok_or_else(|| Problem::new(Code::Internal))?;
    let forwarded = req.headers().get_all("x-forwarded-for");
    let lines: Vec<&str> = forwarded.filter_map(|value| value.to_str().ok()).collect();
    let hops = req.app_data::<TrustedHops>().cloned().unwrap_or_default();
    let client = hops.client(peer, &lines);
    req.extensions_mut().insert(ClientAddress(client));
    let Some(limits) = req.app_data::<web::Data<Limits>>() else {
        return Ok(());
    };
    let decided = limits.address(client);
    let refusal = decided.as_ref().err().map(|standing| {
        strike(req.request(), 1);
        standing.refusal()
    });
    let (Ok(standing) | Err(standing)) = decided;
    judged.then(standing);
    refusal.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_nobody_knows_makes_no_label_of_its_own() {
        assert_eq!(label(&Method::DELETE), "DELETE");
        for word in ["BREW", "get", "TRACE"] {
            assert_eq!(
                label(&Method::from_bytes(word.as_bytes()).unwrap()),
                "OTHER"
            );
        }
    }

    #[actix_web::test]
    async fn every_answer_forbids_guessing_its_kind() {
        let app = actix_web::App::new()
            .wrap(actix_web::middleware::from_fn(traced))
            .route("/", web::get().to(told));
        let app = actix_web::test::init_service(app).await;
        for path in ["/", "/nothing"] {
            let request = actix_web::test::TestRequest::get().uri(path).to_request();
            let answer = actix_web::test::call_service(&app, request).await;
            let said = answer.headers().get(X_CONTENT_TYPE_OPTIONS);
            assert_eq!(said, Some(&HeaderValue::from_static("nosniff")), "{path}");
        }
    }

    #[actix_web::test]
    async fn whatever_is_put_off_is_told_until_when() {
        let away = || async { actix_web::HttpResponse::ServiceUnavailable().finish() };
        let app = actix_web::App::new()
            .wrap(actix_web::middleware::from_fn(traced))
            .route("/", web::get().to(told))
            .route("/away", web::get().to(away));
        let app = actix_web::test::init_service(app).await;
        for (path, wait) in [("/", None), ("/away", Some("2"))] {
            let request = actix_web::test::TestRequest::get().uri(path).to_request();
            let answer = actix_web::test::call_service(&app, request).await;
            let said = answer.headers().get(RETRY_AFTER);
            assert_eq!(said.and_then(|value| value.to_str().ok()), wait, "{path}");
        }
    }

    #[actix_web::test]
    async fn while_it_stops_each_answer_closes_its_connection() {
        let stopping = web::Data::new(Stopping::default());
        let app = actix_web::App::new()
            .app_data(stopping.clone())
            .wrap(actix_web::middleware::from_fn(traced))
            .route("/", web::get().to(told));
        let app = actix_web::test::init_service(app).await;
        let closes = async || {
            let request = actix_web::test::TestRequest::get().uri("/").to_request();
            let answer = actix_web::test::call_service(&app, request).await;
            answer.response().head().connection_type() == ConnectionType::Close
        };
        assert!(!closes().await);
        stopping.begin();
        assert!(closes().await);
    }

    async fn told() -> actix_web::HttpResponse {
        let left = deadline::left(Instant::now()).map_or(0, |left| left.as_millis());
        let spawned = tokio::spawn(async { deadline::left(Instant::now()) }).await;
        assert_eq!(spawned.expect("the task"), None, "what was spawned goes on");
        actix_web::HttpResponse::Ok().body(left.to_string())
    }

    #[actix_web::test]
    async fn a_handler_has_what_is_left_of_twelve_seconds_but_a_quarter_to_answer_in() {
        let app = actix_web::App::new()
            .wrap(actix_web::middleware::from_fn(traced))
            .route("/", web::get().to(told));
        let app = actix_web::test::init_service(app).await;
        let request = actix_web::test::TestRequest::get().uri("/").to_request();
        let body = actix_web::test::call_and_read_body(&app, request).await;
        let left: u64 = std::str::from_utf8(&body).unwrap().parse().unwrap();
        assert!((10_000..=11_750).contains(&left), "{left} ms");
        assert_eq!(deadline::left(Instant::now()), None);
    }
}
