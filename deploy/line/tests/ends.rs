//! Both ends of the dedicated line: what the relay signs the gate takes, once, and at its own node only.

#![expect(
    clippy::expect_used,
    reason = "the helpers of this test panic like the test"
)]

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use aws_lc_rs::signature::Ed25519KeyPair;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use lifeline_gateway::edge::relay::message::{Arrived, Input};
use lifeline_gateway::edge::relay::proof::{Public, PublicKind};
use lifeline_gateway::edge::relay::window::{FloorFile, Window};
use lifeline_gateway::edge::relay::{Gate, RelayKey, Rules, Unfit};
use lifeline_relay::forward::Forwarder;
use lifeline_relay::notices::client;
use lifeline_relay::sign::{Sent, Signer, WHEN_THERE};
use lifeline_relay::start::routes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const NODE: &str = "https://10.20.0.5:8443";
/// How long an answer is waited for that must come.
const PATIENCE: Duration = Duration::from_secs(60);
const NAME: &str = "relay-1.line.example.cn";

fn signer() -> Signer {
    let key = Ed25519KeyPair::generate().expect("a key");
    let pkcs8 = key.to_pkcs8v1().expect("its form");
    Signer::new(pkcs8.as_ref(), "channel-relay-1").expect("a signer")
}

fn gate(signer: &Signer, origin: &str, floor: &tempfile::TempDir) -> Gate {
    let key = RelayKey {
        relay: NAME.to_owned(),
        proof: Arc::new(Public::new(PublicKind::Ed25519, signer.public().to_vec())),
    };
    let rules = Rules {
        origin: origin.to_owned(),
        networks: vec!["10.20.0.0/29".parse().expect("a network")],
        keys: HashMap::from([("channel-relay-1".to_owned(), key)]),
    };
    let file = FloorFile(floor.path().join("floor"));
    Gate::new(rules, Window::open(Arc::new(file)).expect("a window"))
}

#[tokio::test]
async fn what_the_relay_signs_the_gate_takes_once_and_for_its_own_node_only() {
    let (signer, dir) = (signer(), tempfile::tempdir().expect("a folder"));
    let gate = gate(&signer, NODE, &dir);
    let body = br#"{"purpose":"arrears"}"#;
    let fields: Vec<(&'static str, String)> = WHEN_THERE
        .iter()
        .map(|name| (*name, format!("value of {name}")))
        .collect();
    for (node, expected) in [
        (NODE, Ok(())),
        ("https://10.20.0.6:8443", Err(Unfit::Forged)),
    ] {
        let target_uri = format!("{node}/v1/payments?a=%E7%94%B5");
        let sent = Sent {
            method: "POST",
            target_uri: &target_uri,
            client: "198.51.100.7",
            fields: &fields,
            body,
            created_s: 1_000,
        };
        let signed = signer.headers(&sent).expect("signed");
        let mut headers = HeaderMap::new();
        let mut put = |name: &str, value: &str| {
            let value = HeaderValue::from_str(value).expect("a value");
            headers.append(HeaderName::try_from(name).expect("a name"), value);
        };
        put("x-forwarded-for", "198.51.100.7");
        for (name, value) in &fields {
            put(name, value);
        }
        for (name, value) in &signed {
            put(name, value);
        }
        let arrived = Arrived {
            method: "POST",
            origin: NODE,
            target: "/v1/payments?a=%E7%94%B5",
            headers: &headers,
            body,
        };
        assert_eq!(gate.admit(&arrived, Some(NAME), 1_000).await, expected);
        let again = gate.admit(&arrived, Some(NAME), 1_000).await;
        assert!(again.is_err(), "{again:?}");
    }
}

/// Target and head of a request as a node got it.
type Came = (String, HeaderMap);

async fn take(came: web::Data<Mutex<Vec<Came>>>, incoming: HttpRequest) -> HttpResponse {
    let target = incoming.uri().path_and_query();
    let target = target.map_or_else(String::new, |target| target.as_str().to_owned());
    let head = incoming.headers().clone();
    came.lock().expect("the list").push((target, head));
    HttpResponse::Ok().finish()
}

/// A node that takes everything, and where it is.
fn node(came: &Arc<Mutex<Vec<Came>>>) -> String {
    let taken = web::Data::from(Arc::clone(came));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(taken.clone())
            .default_service(web::to(take))
    });
    let server = server.workers(1).disable_signals();
    let server = server.bind("127.0.0.1:0").expect("a port");
    let address = *server.addrs().first().expect("its address");
    actix_web::rt::spawn(server.run());
    format!("http://{address}")
}

#[actix_web::test]
async fn a_target_is_signed_as_it_is_sent_and_what_means_another_place_is_not_carried() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let came: Arc<Mutex<Vec<Came>>> = Arc::default();
    let node = node(&came);
    let (signer, dir) = (signer(), tempfile::tempdir().expect("a folder"));
    let gate = gate(&signer, &node, &dir);
    let plain = client(None, PATIENCE).expect("a client");
    let forwarder = Forwarder::new(vec![node.clone()], plain, signer, PATIENCE);
    let forwarder = web::Data::new(forwarder);
    let relay = App::new().app_data(forwarder).configure(routes);
    let relay = init_service(relay).await;
    let asked = |method: Method, target: &str| {
        let request = TestRequest::with_uri(target).method(method);
        let request = request.insert_header(("authorization", "Bearer abc"));
        request.peer_addr("198.51.100.7:40000".parse().expect("an address"))
    };
    for (target, sent) in [
        ("/v1/articles?q=d'or", "/v1/articles?q=d%27or"),
        ("/v1/{a}?q=%27", "/v1/%7Ba%7D?q=%27"),
        ("/v1/a?", "/v1/a?"),
    ] {
        let answer = call_service(&relay, asked(Method::GET, target).to_request()).await;
        assert_eq!(answer.status(), StatusCode::OK, "{target}");
        let (target, headers) = came.lock().expect("the list").pop().expect("a request");
        assert_eq!(target, sent);
        let signed = Input::read(&headers, "relay").expect("a signature");
        let now_s = signed.created_s.expect("its moment");
        let arrived = Arrived {
            method: "GET",
            origin: &node,
            target: &target,
            headers: &headers,
            body: b"",
        };
        assert_eq!(gate.admit(&arrived, Some(NAME), now_s).await, Ok(()));
    }
    for (method, target, status) in [
        (Method::GET, "/v1/homes/../me", StatusCode::BAD_REQUEST),
        (Method::GET, "/v1\\me", StatusCode::BAD_REQUEST),
        (Method::CONNECT, "/", StatusCode::METHOD_NOT_ALLOWED),
        (Method::TRACE, "/v1/me", StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let answer = call_service(&relay, asked(method, target).to_request()).await;
        assert_eq!(answer.status(), status, "{target}");
    }
    assert!(came.lock().expect("the list").is_empty(), "carried");
}

/// How long a node that falters keeps a request before it ends the connection.
const KEPT: Duration = Duration::from_millis(400);

/// A node that keeps every request a while and answers none; each that came is counted.
async fn faltering(came: &Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("its address"));
    let came = Arc::clone(came);
    actix_web::rt::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            came.fetch_add(1, Ordering::Relaxed);
            let _ = stream.readable().await;
            tokio::time::sleep(KEPT).await;
        }
    });
    origin
}

#[actix_web::test]
async fn a_request_has_its_time_once_however_many_nodes_are_asked() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let came = Arc::new(AtomicUsize::new(0));
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(faltering(&came).await);
    }
    let plain = client(None, PATIENCE).expect("a client");
    // Two of them take longer than it has: nothing is left for a third.
    let forwarder = Forwarder::new(nodes, plain, signer(), Duration::from_millis(600));
    let forwarder = web::Data::new(forwarder);
    let relay = App::new().app_data(forwarder).configure(routes);
    let relay = init_service(relay).await;
    let asked = TestRequest::with_uri("/v1/homes");
    let asked = asked.peer_addr("198.51.100.7:40000".parse().expect("an address"));
    let answer = call_service(&relay, asked.to_request()).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let came = came.load(Ordering::Relaxed);
    assert!((1..3).contains(&came), "{came} nodes were asked");
}

/// A node that answers nothing until it is let; each request that came is counted.
async fn holding(came: &Arc<AtomicUsize>, open: tokio::sync::watch::Receiver<bool>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("its address"));
    let came = Arc::clone(came);
    actix_web::rt::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (came, mut open) = (Arc::clone(&came), open.clone());
            actix_web::rt::spawn(async move {
                // Read whole, so that its end does not cut the answer off.
                let _ = stream.read(&mut [0; 8_192]).await;
                came.fetch_add(1, Ordering::Relaxed);
                let _ = open.wait_for(|open| *open).await;
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
                    .await;
            });
        }
    });
    origin
}

#[actix_web::test]
async fn articles_fill_a_quarter_of_the_seats_and_not_one_more_and_an_order_goes_in_beside_them() {
    const PUBLIC: usize = 62;
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (came, (open, is_open)) = (
        Arc::<AtomicUsize>::default(),
        tokio::sync::watch::channel(false),
    );
    let node = holding(&came, is_open).await;
    let plain = client(None, PATIENCE).expect("a client");
    let forwarder = Forwarder::new(vec![node], plain, signer(), PATIENCE);
    let relay = App::new()
        .app_data(web::Data::new(forwarder))
        .configure(routes);
    let relay = init_service(relay).await;
    let ask = |target: &str| {
        let asked = TestRequest::with_uri(target);
        let asked = asked.peer_addr("198.51.100.7:40000".parse().expect("an address"));
        call_service(&relay, asked.to_request())
    };
    let mut under_way: FuturesUnordered<_> = (0..PUBLIC).map(|_| ask("/v1/articles")).collect();
    let arrive = async |under_way: &mut FuturesUnordered<_>, wanted: usize| {
        while came.load(Ordering::Relaxed) < wanted {
            // Answered before the node let anybody: refused.
            let early = tokio::time::timeout(Duration::from_millis(5), under_way.next()).await;
            assert!(early.is_err(), "one of {wanted} was refused");
        }
    };
    arrive(&mut under_way, PUBLIC).await;
    let refused = ask("/v1/articles").await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key("retry-after"));
    let said = read_body(refused).await;
    let said = String::from_utf8(said.to_vec()).expect("text");
    assert!(said.contains("\"OVERLOADED\""), "{said}");
    under_way.push(ask("/v1/payments/one"));
    arrive(&mut under_way, PUBLIC + 1).await;
    open.send(true).expect("the node listens");
    while let Some(answer) = under_way.next().await {
        assert_eq!(answer.status(), StatusCode::OK);
    }
    assert_eq!(
        ask("/v1/articles").await.status(),
        StatusCode::OK,
        "they are free again"
    );
}
