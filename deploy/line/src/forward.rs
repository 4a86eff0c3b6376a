//! Takes a household's request and sends it, signed, to a node of the gateway.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use actix_web::http::header::{
    CONTENT_LENGTH, HOST, HeaderMap, HeaderName, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};
use tokio::runtime::Handle;
use tokio_util::context::TokioContext;

use crate::answers::public;
use crate::body::{self, NotRead};
use crate::certificates::Current;
use crate::head::Bound;
use crate::nodes::{Nodes, because};
use crate::seats::{Class, Seats};
use crate::sign::{Sent, Signer, Unsigned, WHEN_THERE};
use crate::target::target;

/// Meaningful between two hops only, never passed on (RFC 9110 section 7.6.1).
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// What only the relay itself may say.
const RELAY_SAYS: [&str; 8] = [
    "content-digest",
    "forwarded",
    "signature",
    "signature-input",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
];

/// What goes on. Whatever else a client asks by, `CONNECT` with a body without an end among it, has nobody there.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// The gateway's listener ends a connection that rests for thirty seconds. One of ours rests less: a request on its
/// way over one that ends would be answered to nobody.
const RESTING_TIME_MAX: Duration = Duration::from_secs(20);
/// How many of ours rest at one node. It holds 1,000 from all relays together: those that rest must leave room for
/// another relay's.
pub(crate) const RESTING_MAX: usize = 250;

/// The way to the gateway. Each connection's driver is kept on the runtime that this was made on: a web worker that
/// stops must not take along the connections that it opened, on which others wait for their answers.
#[derive(Debug)]
pub struct Forwarder {
    runtime: Handle,
    nodes: Nodes,
    seats: Seats,
    client: Current<reqwest::Client>,
    signer: Signer,
    /// Of one request, however many nodes are asked.
    deadline: Duration,
}

/// Why the relay itself answers.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("a request that cannot be forwarded as it is")]
    Odd,
    #[error("a body larger than the gateway takes")]
    TooLarge,
    #[error("a body that does not come")]
    TooSlow,
    #[error("as much under way as there may be")]
    Full,
    #[error("no node of the gateway answers")]
    Line,
    #[error(transparent)]
    Unsigned(#[from] Unsigned),
}

impl actix_web::ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Odd => StatusCode::BAD_REQUEST,
            Self::TooLarge => Bound::Body.status(),
            Self::TooSlow => Bound::Time.status(),
            Self::Full => Bound::Seats.status(),
            Self::Line | Self::Unsigned(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::TooLarge => return Bound::Body.answer(),
            Self::TooSlow => return Bound::Time.answer(),
            Self::Full => return Bound::Seats.answer(),
            Self::Odd | Self::Line | Self::Unsigned(_) => {}
        }
        let mut answer = public(self.status_code());
        if self.status_code() == StatusCode::SERVICE_UNAVAILABLE {
            answer.insert_header(("retry-after", "2"));
        }
        answer.finish()
    }
}

impl From<NotRead> for Refused {
    fn from(why: NotRead) -> Self {
        match why {
            NotRead::TooLarge => Self::TooLarge,
            NotRead::TooSlow => Self::TooSlow,
            NotRead::Broken => Self::Odd,
        }
    }
}

fn now_s() -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "a relay stamps what it sends; it has no domain and no Clock port"
    )]
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

impl Forwarder {
    /// `deadline` is the time of one request over all nodes that are asked for it.
    #[must_use]
    pub fn new(
        nodes: Vec<String>,
        client: reqwest::Client,
        signer: Signer,
        deadline: Duration,
    ) -> Self {
        Self {
            runtime: Handle::current(),
            seats: Seats::of(nodes.len().max(1)),
            nodes: Nodes::new(nodes),
            client: Current::new(client),
            signer,
            deadline,
        }
    }

    /// Sends by this one from now on; what is under way ends as it began.
    pub(crate) fn renew(&self, client: reqwest::Client) {
        self.client.replace(client);
    }

    /// Sends a request to one node after the other until one was reached. What reached a node and got no
    /// answer is sent to another one only when twice is the same as once; a node that stops ends its
    /// connections, and a request may be on one of them. The next one has what is left of the time.
    async fn send(
        &self,
        incoming: &HttpRequest,
        body: &web::Bytes,
    ) -> Result<reqwest::Response, Refused> {
        let target = target(incoming.uri())?;
        let client = incoming.peer_addr().map(|peer| peer.ip().to_string());
        let client = client.ok_or(Refused::Odd)?;
        let fields = covered(incoming.headers())?;
        let method = reqwest::Method::from_bytes(incoming.method().as_str().as_bytes());
        let method = method.map_err(|_| Refused::Odd)?;
        let harmless = is_harmless_twice(incoming);
        let began = Instant::now();
        for node in self.nodes.in_turn() {
            let Some(left) = left_of(self.deadline, began) else {
                break;
            };
            let target_uri = format!("{node}{target}");
            let mut outgoing = self.client.now().request(method.clone(), &target_uri);
            outgoing = outgoing.timeout(left);
            for (name, value) in incoming.headers() {
                if passes(incoming.headers(), name) {
                    outgoing = outgoing.header(name.as_str(), value.as_bytes());
                }
            }
            if let Some(host) = incoming.headers().get(HOST) {
                outgoing = outgoing.header("x-forwarded-host", host.as_bytes());
            }
            let signed = self.signer.headers(&Sent {
                method: method.as_str(),
                target_uri: &target_uri,
                client: &client,
                fields: &fields,
                body,
                created_s: now_s(),
            })?;
            outgoing = outgoing.header("x-forwarded-for", client.as_str());
            for (name, value) in signed {
                outgoing = outgoing.header(name, value);
            }
            let sent = outgoing.body(body.clone()).send();
            match TokioContext::new(sent, self.runtime.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) if error.is_connect() => {
                    let why = because(error);
                    tracing::warn!(node, %why, "line.node_not_reached");
                }
                Err(error) => {
                    let late = error.is_timeout();
                    let why = because(error);
                    tracing::warn!(node, %why, "line.no_answer");
                    // Whoever was waited for so long has no time left for another.
                    if !harmless || late {
                        return Err(Refused::Line);
                    }
                }
            }
        }
        Err(Refused::Line)
    }
}

/// What is left of a request's time; none when it is over.
pub(crate) fn left_of(deadline: Duration, began: Instant) -> Option<Duration> {
    let left = deadline.checked_sub(began.elapsed())?;
    (!left.is_zero()).then_some(left)
}

fn is_carried(method: &Method) -> bool {
    METHODS.split(", ").any(|known| known == method.as_str())
}

/// Whether a request that is answered twice is done once: a reading, or one with a key of its own.
fn is_harmless_twice(incoming: &HttpRequest) -> bool {
    matches!(*incoming.method(), Method::GET | Method::HEAD)
        || incoming.headers().contains_key("idempotency-key")
}

/// What a signature covers beside what it always does. Two of what may be there once are refused:
/// nobody could say which of them was meant.
fn covered(headers: &HeaderMap) -> Result<Vec<(&'static str, String)>, Refused> {
    let mut fields = Vec::new();
    for name in WHEN_THERE {
        let mut values = headers.get_all(name);
        let Some(value) = values.next() else {
            continue;
        };
        // What a client names in `Connection` would be signed and not sent: the gateway refuses that, and ends
        // a connection of ours for it.
        let goes_on = passes(headers, &HeaderName::from_static(name));
        if values.next().is_some() || !goes_on {
            return Err(Refused::Odd);
        }
        let value = value.to_str().map_err(|_| Refused::Odd)?;
        fields.push((name, value.trim().to_owned()));
    }
    Ok(fields)
}

/// Whether a client's header goes on to the gateway.
pub(crate) fn passes(headers: &HeaderMap, name: &HeaderName) -> bool {
    let named_by_connection = || {
        headers
            .get_all("connection")
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|token| token.trim().eq_ignore_ascii_case(name.as_str()))
    };
    !HOP_BY_HOP.contains(&name.as_str())
        && !RELAY_SAYS.contains(&name.as_str())
        && *name != CONTENT_LENGTH
        && *name != HOST
        && !named_by_connection()
}

/// What is not of the callback zone goes to the line.
pub async fn pass_on(
    forwarder: web::Data<Forwarder>,
    incoming: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Refused> {
    let mut payload = payload.into_inner();
    if !is_carried(incoming.method()) {
        return Ok(body::ending(Bound::method(METHODS), payload));
    }
    let body = match body::read(&mut payload, body::BYTES_MAX, body::TIME_MAX).await {
        Ok(body) => body,
        Err(why) => return Ok(body::ending(Refused::from(why).error_response(), payload)),
    };
    let class = Class::of(incoming.method(), incoming.uri().path());
    let _seat = forwarder.seats.take(class).ok_or(Refused::Full)?;
    returned(forwarder.send(&incoming, &body).await?).await
}

/// A node's answer as the public gets it, without what belongs to the hop.
pub(crate) async fn returned(answer: reqwest::Response) -> Result<HttpResponse, Refused> {
    let status = StatusCode::from_u16(answer.status().as_u16()).map_err(|_| Refused::Line)?;
    let mut returned = public(status);
    for (name, value) in answer.headers() {
        let hop = HOP_BY_HOP.contains(&name.as_str()) || name.as_str() == CONTENT_LENGTH.as_str();
        let ours =
            *name == STRICT_TRANSPORT_SECURITY.as_str() || *name == X_CONTENT_TYPE_OPTIONS.as_str();
        if !hop && !ours {
            returned.append_header((name.as_str(), value.as_bytes()));
        }
    }
    let body = answer.bytes().await.map_err(|_| Refused::Line)?;
    Ok(returned.body(body))
}

/// How the relay speaks to the gateway: its certificate, the line's CA and no other, no detours.
///
/// # Errors
/// When the files do not fit.
pub fn client(
    identity_pem: &[u8],
    ca_pem: &[u8],
    deadline: Duration,
) -> Result<reqwest::Client, reqwest::Error> {
    let identity = reqwest::Identity::from_pem(identity_pem)?;
    let ca = reqwest::Certificate::from_pem(ca_pem)?;
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .https_only(true)
        .tls_certs_only([ca])
        .identity(identity)
        .connect_timeout(Duration::from_secs(2))
        .pool_idle_timeout(RESTING_TIME_MAX)
        .pool_max_idle_per_host(RESTING_MAX)
        .timeout(deadline)
        .build()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::answers::TLS_ONLY;

    #[test]
    fn the_public_answers_are_for_tls_only_for_a_year() {
        for answer in [
            Refused::Line.error_response(),
            Refused::Odd.error_response(),
            public(StatusCode::OK).finish(),
        ] {
            let said = |name: HeaderName| answer.headers().get(name).cloned();
            let tls_only = said(STRICT_TRANSPORT_SECURITY);
            assert_eq!(tls_only, Some(TLS_ONLY.parse().expect("a header")));
            let kind = said(X_CONTENT_TYPE_OPTIONS);
            assert_eq!(kind, Some("nosniff".parse().expect("a header")));
        }
    }

    #[actix_web::test]
    async fn a_body_is_carried_at_n_and_not_at_n_plus_one() {
        use actix_web::test::{call_service, init_service, read_body};
        let key = aws_lc_rs::signature::Ed25519KeyPair::generate().expect("a key");
        let key = key.to_pkcs8v1().expect("its form");
        let signer = Signer::new(key.as_ref(), "relay-1").expect("a signer");
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        // Nobody listens at the other end: what is carried finds no node.
        let forwarder = Forwarder::new(
            Vec::new(),
            reqwest::Client::new(),
            signer,
            Duration::from_secs(15),
        );
        let app = actix_web::App::new()
            .app_data(web::Data::new(forwarder))
            .default_service(web::to(pass_on));
        let app = init_service(app).await;
        let answered = async |bytes: usize| {
            let request = TestRequest::post()
                .peer_addr("127.0.0.1:40000".parse().expect("an address"))
                .set_payload(vec![b'a'; bytes]);
            let answer = call_service(&app, request.to_request()).await;
            let status = answer.status();
            (status, read_body(answer).await)
        };
        let carried = answered(body::BYTES_MAX).await.0;
        assert_eq!(carried, StatusCode::SERVICE_UNAVAILABLE);
        let (status, said) = answered(body::BYTES_MAX + 1).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        let said = String::from_utf8(said.to_vec()).expect("text");
        assert!(said.contains("\"BODY_TOO_LARGE\""), "{said}");
    }

    #[test]
    fn what_is_signed_is_also_sent() {
        let covers = |connection: &'static str| {
            let request = TestRequest::get()
                .insert_header(("authorization", "Bearer x"))
                .insert_header(("connection", connection))
                .to_http_request();
            covered(request.headers()).map(|fields| fields.len())
        };
        assert!(matches!(covers("keep-alive"), Ok(1)));
        let named = covers("keep-alive, Authorization");
        assert!(matches!(named, Err(Refused::Odd)));
    }

    #[test]
    fn only_what_is_the_same_twice_goes_to_another_node_without_an_answer() {
        let harmless = |request: TestRequest| is_harmless_twice(&request.to_http_request());
        assert!(harmless(TestRequest::get()));
        assert!(harmless(
            TestRequest::post().insert_header(("idempotency-key", "k"))
        ));
        assert!(!harmless(TestRequest::post()));
        assert!(!harmless(TestRequest::delete()));
        assert!(!harmless(TestRequest::put()));
    }
}
