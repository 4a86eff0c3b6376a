//! One bounded HTTP exchange: connect 1 s, a total deadline, no proxy but a named one, no redirect, no automatic
//! repeat, at most [`REPLY_BYTES_MAX`] of reply.

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
use super::address::{Address, AddressError};
use super::breaker::{Breaker, BreakerRules, LeftAlone};
use super::heard::Asked;
use super::via::Via;
use crate::seams;

/// What a reply may weigh; a longer one is no answer.
pub const REPLY_BYTES_MAX: usize = 1024 * 1024;
/// How long the connection itself may take.
const CONNECT_WAIT: Duration = Duration::from_secs(1);
/// Servers end a connection that rests, some after five seconds. One of ours rests less: a request on its way over
/// one that ends has an unknown outcome, and much of what is asked may not be asked twice.
const RESTING_TIME_MAX: Duration = Duration::from_secs(2);
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
            .pool_idle_timeout(RESTING_TIME_MAX);
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

    struct Noon;
    impl Clock for Noon {
        fn now(&self) -> lifeline_core::shared::time::Time {
            lifeline_core::shared::time::Time::from_micros(0)
        }
    }

    /// Somebody answers each call, leaves the connection open, and counts the connections.
    #[tokio::test]
    async fn what_rested_is_not_asked_again_on_a_connection_that_the_other_side_may_end() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let taken = Arc::<std::sync::atomic::AtomicU32>::default();
        let seen = Arc::clone(&taken);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                tokio::spawn(async move {
                    let mut head = [0_u8; 4096];
                    while stream.read(&mut head).await.is_ok_and(|read| read > 0) {
                        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
                        stream.write_all(answer).await.unwrap();
                    }
                });
            }
        });
        let address = Address::parse(&address, true).unwrap();
        let rules = CallRules::within(Duration::from_secs(30));
        let caller = Caller::new("nobody", &address, rules, Arc::new(Noon)).unwrap();
        let ask = async || {
            let request = Request {
                operation: super::super::operation!("GET /nothing"),
                method: Method::GET,
                url: address.url(),
                headers: HeaderMap::new(),
                body: None,
                works: below_500,
            };
            assert_eq!(
                caller.send(request).await.map(|reply| reply.status),
                Ok(200)
            );
        };
        ask().await;
        ask().await;
        let connections = || taken.load(std::sync::atomic::Ordering::SeqCst);
        assert!(connections() <= 2, "no connection is used twice");
        let before = connections();
        tokio::time::sleep(RESTING_TIME_MAX + Duration::from_millis(50)).await;
        ask().await;
        assert!(connections() > before, "a connection that rested was used");
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
