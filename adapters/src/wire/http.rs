//! One bounded HTTP exchange: connect 1 s, a total deadline, no proxy but a named one, no redirect, no automatic
//! repeat, at most [`REPLY_BYTES_MAX`] of reply.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lifeline_core::shared::deadline;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::Clock;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, Url};
use tokio::runtime::Handle;
use tokio_util::context::TokioContext;
use zeroize::Zeroizing;

use super::Operation;
use super::breaker::{Breaker, BreakerRules, LeftAlone};
use super::heard::Asked;
use super::via::Via;
use crate::seams;

/// What a reply may weigh; a longer one is no answer.
pub const REPLY_BYTES_MAX: usize = 1024 * 1024;
/// How long the connection itself may take.
const CONNECT_WAIT: Duration = Duration::from_secs(1);
/// What one call may take unless the configuration says otherwise.
pub const DEADLINE_DEFAULT: Duration = Duration::from_secs(4);

/// How one outside system is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallRules {
    /// What one call may take, connection included.
    pub deadline: Duration,
    pub breaker: BreakerRules,
}

impl CallRules {
    #[must_use]
    pub fn within(deadline: Duration) -> Self {
        Self {
            deadline,
            breaker: BreakerRules::default(),
        }
    }
}

/// Why a configured address is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("not an absolute http(s) address")]
    NotAnAddress,
    /// Money and personal data leave by TLS only; a demo may use this machine's loopback.
    #[error("must be https (plain http is accepted only for a loopback address of a demo)")]
    NotSecure,
    #[error("must carry neither user name, password, query nor fragment")]
    Decorated,
    #[error("no HTTP client can be built with this machine's certificates")]
    NoClient,
}

/// Where an outside system listens, checked once.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Url);

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl Address {
    /// `https` anywhere; `http` only when `demo` and the host is a loopback address.
    ///
    /// # Errors
    /// See [`AddressError`].
    pub fn parse(text: &str, demo: bool) -> Result<Self, AddressError> {
        let url = Url::parse(text).map_err(|_| AddressError::NotAnAddress)?;
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        match url.scheme() {
            _ if url.cannot_be_a_base() || url.host().is_none() => Err(AddressError::NotAnAddress),
            _ if !plain => Err(AddressError::Decorated),
            "https" => Ok(Self(url)),
            "http" if demo && is_loopback(&url) => Ok(Self(url)),
            "http" => Err(AddressError::NotSecure),
            _ => Err(AddressError::NotAnAddress),
        }
    }

    pub(crate) fn url(&self) -> Url {
        self.0.clone()
    }

    /// The address with more path segments, each percent-encoded.
    pub(crate) fn join(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        // `parse` refused addresses that cannot be a base, so the error arm is never taken.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// One request, ready to go.
pub(crate) struct Request {
    pub(crate) operation: Operation,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<String>,
    /// Whether a reply shows that the system works: see [`below_500`].
    pub(crate) works: fn(&Reply) -> bool,
}

/// A refusal is an answer too; a 5xx is not.
pub(crate) fn below_500(reply: &Reply) -> bool {
    reply.status < 500
}

/// A complete reply of any status. The body may hold personal data and is wiped when dropped.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// The client of one outside system.
///
/// Each connection's driver is kept on the runtime that the client was made on: a web worker that stops must not
/// take along the connections that it opened, on which others wait for their answers.
#[derive(Clone)]
pub(crate) struct Caller {
    client: Client,
    runtime: Handle,
    system: &'static str,
    breaker: Breaker,
    /// What one call may take; a request that has less left takes less.
    most: Duration,
}

impl Caller {
    /// # Panics
    /// Outside of a runtime.
    pub(crate) fn new(
        system: &'static str,
        address: &Address,
        rules: CallRules,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, AddressError> {
        Self::through(None, system, address, rules, clock)
    }

    /// [`Caller::new`], by a proxy. What the environment says of proxies is never listened to.
    ///
    /// # Panics
    /// Outside of a runtime.
    pub(crate) fn through(
        via: Option<&Via>,
        system: &'static str,
        address: &Address,
        rules: CallRules,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, AddressError> {
        let builder = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT_WAIT)
            .timeout(rules.deadline)
            .pool_idle_timeout(Duration::from_secs(30));
        // A demo talks to its loopback only: it must start on machines without any certificate store.
        let builder = if address.is_plain() {
            builder.tls_certs_only([])
        } else {
            builder.https_only(true)
        };
        let builder = match via {
            Some(via) => builder.proxy(via.proxy()),
            None => builder,
        };
        let client = builder.build().map_err(|_| AddressError::NoClient)?;
        Ok(Self {
            client,
            runtime: Handle::current(),
            system,
            breaker: Breaker::new(system, rules.breaker, clock),
            most: rules.deadline,
        })
    }

    /// Whether some operation is left alone now because it kept failing.
    pub(crate) fn is_any_open(&self) -> bool {
        self.breaker.is_any_open()
    }

    pub(crate) fn left_alone(&self) -> Vec<LeftAlone> {
        self.breaker.left_alone()
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.breaker.asked()
    }

    pub(crate) fn ask_again(&self, operation: &str) -> bool {
        self.breaker.ask_again(operation)
    }

    /// Sends and reads the whole reply, unless the operation's circuit is open. The only errors are
    /// "never left us" and "unknown".
    pub(crate) async fn send(&self, request: Request) -> Result<Reply, NoAnswer> {
        let (call, works) = (request.operation, request.works);
        let operation = call.name();
        let began = Instant::now();
        let Ok(most) = deadline::at_most(self.most, began) else {
            return Err(NoAnswer::NotSent("deadline_over"));
        };
        let Some(leave) = self.breaker.admit(operation) else {
            return Err(NoAnswer::NotSent("circuit_open"));
        };
        let rest = Some(most).filter(|most| *most < self.most);
        let outcome = seams::send(call, cut_at(rest, self.exchange(request))).await;
        // Given up by us sooner than it may take, it proves nothing about the other side.
        if !matches!(outcome, Err(CUT)) {
            leave.end(outcome.as_ref().is_ok_and(works), began.elapsed());
        }
        let label = match &outcome {
            Ok(reply) if reply.status < 400 => "answered",
            Ok(_) => "refused",
            Err(
                NoAnswer::NotSent(reason) | NoAnswer::Unknown(reason) | NoAnswer::Alarm(reason),
            ) => {
                tracing::warn!(
                    system = self.system,
                    operation,
                    reason,
                    "outside call without an answer"
                );
                reason
            }
        };
        metrics::histogram!(
            "lifeline_outside_call_seconds",
            "system" => self.system, "operation" => operation, "outcome" => label
        )
        .record(began.elapsed().as_secs_f64());
        outcome
    }

    fn exchange(&self, request: Request) -> impl Future<Output = Result<Reply, NoAnswer>> + Send {
        TokioContext::new(self.ask(request), self.runtime.clone())
    }

    async fn ask(&self, request: Request) -> Result<Reply, NoAnswer> {
        let mut outgoing = self
            .client
            .request(request.method, request.url)
            .headers(request.headers);
        if let Some(body) = request.body {
            outgoing = outgoing.body(body);
        }
        let mut incoming = outgoing.send().await.map_err(|error| no_answer(&error))?;
        let status = incoming.status().as_u16();
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = incoming.chunk().await.map_err(|_| after_send())? {
            if body.len().saturating_add(chunk.len()) > REPLY_BYTES_MAX {
                return Err(NoAnswer::Unknown("reply_too_long"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, body })
    }
}

/// The request it was for had no more time.
const CUT: NoAnswer = NoAnswer::Unknown("deadline_over");

async fn cut_at(
    rest: Option<Duration>,
    exchange: impl Future<Output = Result<Reply, NoAnswer>>,
) -> Result<Reply, NoAnswer> {
    match rest {
        None => exchange.await,
        Some(rest) => tokio::time::timeout(rest, exchange)
            .await
            .unwrap_or(Err(CUT)),
    }
}

fn after_send() -> NoAnswer {
    NoAnswer::Unknown("reply_cut_off")
}

/// The library's error is dropped here: its text can hold the address with its query.
fn no_answer(error: &reqwest::Error) -> NoAnswer {
    if error.is_builder() {
        NoAnswer::NotSent("bad_request")
    } else if error.is_connect() {
        NoAnswer::NotSent("no_connection")
    } else if error.is_timeout() {
        NoAnswer::Unknown("time_out")
    } else {
        NoAnswer::Unknown("connection_lost")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tls_or_the_loopback_of_a_demo() {
        let ok = |text, demo| Address::parse(text, demo).map(|a| a.url().to_string());
        assert!(ok("https://openapi.alipay.com/gateway.do", false).is_ok());
        assert!(ok("http://127.0.0.1:9003/mkt/v1", true).is_ok());
        assert!(ok("http://[::1]:9003/", true).is_ok());
        assert_eq!(
            ok("http://127.0.0.1:9003/", false),
            Err(AddressError::NotSecure)
        );
        assert_eq!(ok("http://10.0.0.1/", true), Err(AddressError::NotSecure));
        assert_eq!(
            ok("http://127.0.0.1.evil.cn/", true),
            Err(AddressError::NotSecure)
        );
        assert_eq!(ok("https://u:p@a.cn/", false), Err(AddressError::Decorated));
        assert_eq!(ok("https://a.cn/?x=1", false), Err(AddressError::Decorated));
        assert_eq!(
            ok("file:///etc/passwd", true),
            Err(AddressError::NotAnAddress)
        );
        assert_eq!(ok("gateway.do", true), Err(AddressError::NotAnAddress));
    }

    #[test]
    fn joined_segments_cannot_leave_their_place() {
        let base = Address::parse("https://a.cn/mkt/v1/", false).unwrap();
        assert_eq!(
            base.join(&["payments", "a/../b?c"]).as_str(),
            "https://a.cn/mkt/v1/payments/a%2F..%2Fb%3Fc"
        );
    }

    struct Noon;
    impl Clock for Noon {
        fn now(&self) -> lifeline_core::shared::time::Time {
            lifeline_core::shared::time::Time::from_micros(0)
        }
    }

    /// Somebody who takes calls, answers none, and counts them.
    async fn silent() -> (Caller, Request, Arc<std::sync::atomic::AtomicU32>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let taken = Arc::<std::sync::atomic::AtomicU32>::default();
        let seen = Arc::clone(&taken);
        tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                held.push(stream);
            }
        });
        let address = Address::parse(&address, true).unwrap();
        let rules = CallRules::within(Duration::from_secs(30));
        let caller = Caller::new("nobody", &address, rules, Arc::new(Noon)).unwrap();
        let request = Request {
            operation: super::super::operation!("GET /nothing"),
            method: Method::GET,
            url: address.url(),
            headers: HeaderMap::new(),
            body: None,
            works: below_500,
        };
        (caller, request, taken)
    }

    #[tokio::test]
    async fn a_call_takes_no_longer_than_its_request_and_proves_nothing_then() {
        let (caller, request, taken) = silent().await;
        let again = || Request {
            operation: request.operation,
            method: Method::GET,
            url: request.url.clone(),
            headers: HeaderMap::new(),
            body: None,
            works: below_500,
        };
        for _ in 0..12 {
            // Long enough for a busy machine to begin the call.
            let until = Instant::now() + Duration::from_millis(250);
            let cut = deadline::within(until, caller.send(again())).await;
            assert_eq!(cut.err(), Some(CUT));
        }
        assert!(!caller.is_any_open(), "our own haste opened a circuit");
        let before = taken.load(std::sync::atomic::Ordering::SeqCst);
        let over = deadline::within(Instant::now(), caller.send(again())).await;
        assert_eq!(over.err(), Some(NoAnswer::NotSent("deadline_over")));
        assert_eq!(
            taken.load(std::sync::atomic::Ordering::SeqCst),
            before,
            "it was sent"
        );
        assert!(before > 0, "nobody was called");
    }
}
