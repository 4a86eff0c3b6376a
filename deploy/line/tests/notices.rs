//! Alipay's notices on their way through the relay: as they came, within their bounds, to the callback listener
//! and nowhere else.

#![expect(
    clippy::expect_used,
    reason = "the helpers of this test panic like the test"
)]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use aws_lc_rs::signature::Ed25519KeyPair;
use lifeline_relay::forward::Forwarder;
use lifeline_relay::head::bounded;
use lifeline_relay::notices::{BYTES_MAX, Notices, PATH, client};
use lifeline_relay::sign::Signer;
use lifeline_relay::start::routes;
use reqwest::{Method, StatusCode};
use tokio::net::TcpListener;

/// How long an answer is waited for that must come.
const PATIENCE: Duration = Duration::from_secs(60);
/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:1";

/// A request as a node got it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Came {
    method: String,
    target: String,
    /// Lines of these, and whether there was anything by which a household is known.
    forwarded_for: Vec<String>,
    content_type: Vec<String>,
    of_a_household: bool,
    body: Vec<u8>,
}

/// A listener of the gateway that takes everything.
struct Node {
    origin: String,
    came: Arc<Mutex<Vec<Came>>>,
}

impl Node {
    fn start() -> Self {
        let came: Arc<Mutex<Vec<Came>>> = Arc::default();
        let taken = web::Data::from(Arc::clone(&came));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(taken.clone())
                .app_data(web::PayloadConfig::new(2 * BYTES_MAX))
                .default_service(web::to(take))
        });
        let server = server.workers(1).disable_signals();
        let server = server.bind("127.0.0.1:0").expect("a port");
        let address = *server.addrs().first().expect("its address");
        actix_web::rt::spawn(server.run());
        Self {
            origin: format!("http://{address}"),
            came,
        }
    }

    fn came(&self) -> Vec<Came> {
        self.came.lock().expect("the list").clone()
    }
}

async fn take(
    came: web::Data<Mutex<Vec<Came>>>,
    incoming: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let headers = incoming.headers();
    let lines = |name: &str| {
        let lines = headers
            .get_all(name)
            .filter_map(|value| value.to_str().ok());
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let one = Came {
        method: incoming.method().to_string(),
        target: incoming.uri().to_string(),
        forwarded_for: lines("x-forwarded-for"),
        content_type: lines("content-type"),
        of_a_household: headers.contains_key("cookie") || headers.contains_key("signature"),
        body: body.to_vec(),
    };
    came.lock().expect("the list").push(one);
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body("success")
}

/// The relay as it listens, before these nodes.
fn relay(line: &Node, callbacks: Option<&[&str]>) -> SocketAddr {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let key = Ed25519KeyPair::generate().expect("a key");
    let key = key.to_pkcs8v1().expect("its form");
    let signer = Signer::new(key.as_ref(), "relay-1").expect("a signer");
    let plain = || client(None, PATIENCE).expect("a client");
    let forwarder = Forwarder::new(vec![line.origin.clone()], plain(), signer, PATIENCE);
    let forwarder = web::Data::new(forwarder);
    let nodes = callbacks.map(|nodes| {
        nodes
            .iter()
            .map(|&node| node.to_owned())
            .collect::<Vec<_>>()
    });
    let carried = nodes.map(|nodes| web::Data::new(Notices::new(nodes, plain(), PATIENCE)));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(forwarder.clone())
            .configure(|cfg| {
                if let Some(notices) = &carried {
                    cfg.app_data(notices.clone());
                }
            })
            .wrap(from_fn(bounded))
            .configure(routes)
    });
    let server = server.workers(1).disable_signals();
    let server = server.bind("127.0.0.1:0").expect("a port");
    let address = *server.addrs().first().expect("its address");
    actix_web::rt::spawn(server.run());
    address
}

/// Somebody on the Internet.
struct Outside {
    relay: SocketAddr,
    http: reqwest::Client,
}

impl Outside {
    fn before(relay: SocketAddr) -> Self {
        let http = client(None, PATIENCE).expect("a client");
        Self { relay, http }
    }

    fn request(&self, method: Method, target: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("http://{}{target}", self.relay))
    }

    async fn notice(&self, body: Vec<u8>) -> (StatusCode, String) {
        let sent = self.request(Method::POST, PATH).body(body).send().await;
        let answer = sent.expect("an answer");
        let status = answer.status();
        (status, answer.text().await.expect("a text"))
    }
}

#[actix_web::test]
async fn a_notice_goes_to_the_callback_listener_byte_for_byte() {
    let (line, callback) = (Node::start(), Node::start());
    let relay = relay(&line, Some(&[callback.origin.as_str()]));
    let outside = Outside::before(relay);
    let body = b"subject=%E7%94%B5+%zz&a=\xff\x00\r\n&sign=x".to_vec();
    let kind = "application/x-www-form-urlencoded; charset=utf-8";
    let sent = outside
        .request(Method::POST, &format!("{PATH}?a=b"))
        .header("content-type", kind)
        .header("cookie", "lifeline_pay=1")
        .header("x-forwarded-for", "203.0.113.9")
        .body(body.clone());
    let answer = sent.send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    let name = "strict-transport-security";
    assert!(answer.headers().contains_key(name));
    assert_eq!(answer.text().await.expect("a text"), "success");
    let wanted = Came {
        method: "POST".to_owned(),
        target: format!("{PATH}?a=b"),
        forwarded_for: vec!["127.0.0.1".to_owned()],
        content_type: vec![kind.to_owned()],
        of_a_household: false,
        body,
    };
    assert_eq!(callback.came(), [wanted]);
    assert!(line.came().is_empty());
}

#[actix_web::test]
async fn a_notice_is_carried_at_n_and_not_at_n_plus_one() {
    let (line, callback) = (Node::start(), Node::start());
    let relay = relay(&line, Some(&[callback.origin.as_str()]));
    let outside = Outside::before(relay);
    let carried = outside.notice(vec![b'a'; BYTES_MAX]).await;
    assert_eq!(carried, (StatusCode::OK, "success".to_owned()));
    let (status, said) = outside.notice(vec![b'a'; BYTES_MAX + 1]).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(said.contains("\"BODY_TOO_LARGE\""), "{said}");
    let lengths: Vec<usize> = callback.came().iter().map(|one| one.body.len()).collect();
    assert_eq!(lengths, [BYTES_MAX]);
}

#[actix_web::test]
async fn of_the_callback_zone_the_internet_has_one_path_and_one_method() {
    let (line, callback) = (Node::start(), Node::start());
    let with = relay(&line, Some(&[callback.origin.as_str()]));
    let without = relay(&line, None);
    let answered = async |relay: SocketAddr, method: Method, path: &str| {
        let sent = Outside::before(relay).request(method, path).body("{}");
        let answer = sent.send().await.expect("an answer");
        let allow = answer.headers().get("allow").cloned();
        let allow = allow.and_then(|value| value.to_str().ok().map(str::to_owned));
        let (status, said) = (answer.status(), answer.text().await.expect("a text"));
        (status, allow, said)
    };
    for path in [
        "/v1/callbacks/marketing",
        "/v1/callbacks/sms",
        "/v1/callbacks/alipay/",
        "/v1/callbacks/alipay/x",
        "/v1/callbacks/Alipay",
        "/v1/callbacks/",
        "/v1/callbacks",
        "/v1/callbacks/%6darketing",
    ] {
        for relay in [with, without] {
            let (status, _, said) = answered(relay, Method::POST, path).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
            assert!(said.contains("\"NOT_FOUND\""), "{path}: {said}");
        }
    }
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let (status, allow, said) = answered(with, method.clone(), PATH).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(allow.as_deref(), Some("POST"), "{method}");
        assert!(said.contains("\"METHOD_NOT_ALLOWED\""), "{method}: {said}");
        let (status, ..) = answered(without, method, PATH).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
    let (status, ..) = answered(without, Method::POST, PATH).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "nobody said where to");
    assert_eq!((line.came(), callback.came()), (vec![], vec![]));
    let (status, ..) = answered(with, Method::POST, "/v1/callbacksx").await;
    assert_eq!(status, StatusCode::OK, "a path beside the zone");
    assert_eq!((line.came().len(), callback.came().len()), (1, 0));
}

/// Takes every connection, and ends it once something of a request has come.
async fn silent() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("its address"));
    actix_web::rt::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.readable().await;
        }
    });
    origin
}

#[actix_web::test]
async fn a_notice_goes_past_a_node_that_is_away_and_not_past_one_that_may_have_it() {
    let (line, callback) = (Node::start(), Node::start());
    let past = Outside::before(relay(&line, Some(&[NOBODY, callback.origin.as_str()])));
    for _ in 0..2 {
        assert_eq!(past.notice(b"a=1".to_vec()).await.0, StatusCode::OK);
    }
    assert_eq!(callback.came().len(), 2);
    let (deaf, second) = (silent().await, Node::start());
    let kept = Outside::before(relay(&line, Some(&[deaf.as_str(), second.origin.as_str()])));
    let sent = kept
        .request(Method::POST, PATH)
        .header("idempotency-key", "a-key-of-nobodys")
        .body("a=1");
    let answer = sent.send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key("retry-after"));
    assert!(second.came().is_empty());
    // Alipay repeats, and the other one's turn has come.
    assert_eq!(kept.notice(b"a=1".to_vec()).await.0, StatusCode::OK);
    assert_eq!(second.came().len(), 1);
}
