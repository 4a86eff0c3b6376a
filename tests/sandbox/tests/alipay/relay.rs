//! The relay: what the line receives can be traced to it, whatever the caller claimed.

use std::sync::{Arc, Mutex};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rsa::pkcs8::Document;
use sha2::{Digest as _, Sha256};

use lifeline_sandbox::{Options, Running, StartError, start};

/// What reached the line.
#[derive(Clone, Default)]
struct Received {
    method: String,
    target_uri: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Received {
    fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
            .collect()
    }

    fn one(&self, name: &str) -> &str {
        let all = self.all(name);
        assert_eq!(all.len(), 1, "{name}: {all:?}");
        all[0]
    }
}

/// A line that writes down what it receives.
fn line() -> (String, Arc<Mutex<Received>>) {
    let last: Arc<Mutex<Received>> = Arc::default();
    let kept = web::Data::from(last.clone());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(kept.clone())
            .default_service(web::to(take))
    })
    .workers(1)
    .disable_signals()
    .listen(listener)
    .unwrap()
    .run();
    tokio::spawn(server);
    (url, last)
}

async fn take(
    kept: web::Data<Mutex<Received>>,
    http: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let header = |value: &actix_web::http::header::HeaderValue| value.to_str().unwrap().to_owned();
    let headers = http
        .headers()
        .iter()
        .map(|(n, v)| (n.to_string(), header(v)))
        .collect();
    let host = http.headers().get("host").map(header).unwrap();
    *kept.lock().unwrap() = Received {
        method: http.method().to_string(),
        target_uri: format!("http://{host}{}", http.uri()),
        headers,
        body: body.to_vec(),
    };
    HttpResponse::Created()
        .append_header(("set-cookie", "a=1"))
        .append_header(("set-cookie", "b=2"))
        .append_header(("connection", "keep-alive"))
        .append_header(("x-line", "yes"))
        .body("the line's answer")
}

async fn relay_to(line: &str) -> (Running, tempfile::TempDir) {
    let keys = tempfile::tempdir().unwrap();
    let mut options = Options::with_keys(keys.path());
    options.line = Some(line.to_owned());
    options.relay_port = Some(0);
    (start(options).await.unwrap(), keys)
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Verifies RFC 9421 as the line would, from what it received alone.
fn verifies(received: &Received, keys: &tempfile::TempDir) -> bool {
    let pem = std::fs::read_to_string(keys.path().join("relay_public.pem")).unwrap();
    let (_, der) = Document::from_pem(&pem).unwrap();
    let key = UnparsedPublicKey::new(&ED25519, &der.as_bytes()[12..]);
    let digest = format!(
        "sha-256=:{}:",
        BASE64.encode(Sha256::digest(&received.body))
    );
    let params = received
        .one("signature-input")
        .strip_prefix("relay=")
        .unwrap();
    assert!(params.contains(";nonce=\""), "{params}");
    let covered = params.split_once(')').unwrap().0.trim_start_matches('(');
    let mut lines = Vec::new();
    for name in covered.split(' ').map(|name| name.trim_matches('"')) {
        let value = match name {
            "@method" => received.method.clone(),
            "@target-uri" => received.target_uri.clone(),
            "content-digest" => digest.clone(),
            field => received.one(field).to_owned(),
        };
        lines.push(format!("\"{name}\": {value}"));
    }
    for must in [
        "\"@method\"",
        "\"@target-uri\"",
        "\"content-digest\"",
        "\"x-forwarded-for\"",
    ] {
        assert!(covered.contains(must), "{must}");
    }
    lines.push(format!("\"@signature-params\": {params}"));
    let base = lines.join("\n");
    let signature = received.one("signature").strip_prefix("relay=:").unwrap();
    let signature = BASE64.decode(signature.strip_suffix(':').unwrap()).unwrap();
    key.verify(base.as_bytes(), &signature).is_ok()
}

#[tokio::test]
async fn a_forwarded_request_is_signed_over_what_arrives() {
    let (line, last) = line();
    let (running, keys) = relay_to(&line).await;
    let url = format!(
        "{}/v1/payments?a=%E7%94%B5&b=1",
        running.relay_url.clone().unwrap()
    );
    let answer = client()
        .post(&url)
        .body(r#"{"x":"电"}"#)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.headers().get_all("set-cookie").iter().count(), 2);
    assert_eq!(answer.headers()["x-line"], "yes");
    assert_eq!(answer.text().await.unwrap(), "the line's answer");
    let received = last.lock().unwrap().clone();
    assert_eq!(received.one("x-forwarded-for"), "127.0.0.1");
    assert_eq!(
        received.target_uri,
        format!("{line}/v1/payments?a=%E7%94%B5&b=1")
    );
    assert!(
        received
            .one("signature-input")
            .contains("keyid=\"channel-relay-1\"")
    );
    assert!(verifies(&received, &keys));
    for altered in [
        Received {
            body: b"{}".to_vec(),
            ..received.clone()
        },
        Received {
            method: "PUT".into(),
            ..received.clone()
        },
        Received {
            target_uri: received.target_uri.replace("b=1", "b=2"),
            ..received.clone()
        },
    ] {
        assert!(!verifies(&altered, &keys));
    }
}

#[tokio::test]
async fn a_request_without_a_body_is_signed_too() {
    let (line, last) = line();
    let (running, keys) = relay_to(&line).await;
    client()
        .get(running.relay_url.clone().unwrap())
        .send()
        .await
        .unwrap();
    assert!(verifies(&last.lock().unwrap().clone(), &keys));
}

#[tokio::test]
async fn what_the_caller_claims_about_itself_is_dropped() {
    let (line, last) = line();
    let (running, keys) = relay_to(&line).await;
    client()
        .get(running.relay_url.clone().unwrap())
        .header("x-forwarded-for", "203.0.113.9")
        .header("forwarded", "for=203.0.113.9")
        .header("x-real-ip", "203.0.113.9")
        .header("signature", "relay=:AAAA:")
        .header("signature-input", "relay=();keyid=\"x\"")
        .header("content-digest", "sha-256=:AAAA:")
        .header("connection", "x-hop")
        .header("x-hop", "1")
        .header("authorization", "Bearer t")
        .send()
        .await
        .unwrap();
    let received = last.lock().unwrap().clone();
    assert_eq!(received.one("x-forwarded-for"), "127.0.0.1");
    assert_eq!(received.one("authorization"), "Bearer t");
    for gone in ["forwarded", "x-real-ip", "x-hop"] {
        assert!(received.all(gone).is_empty(), "{gone}");
    }
    assert!(verifies(&received, &keys));
}

#[tokio::test]
async fn a_silent_line_and_a_huge_body_are_answered_by_the_relay() {
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let (running, _keys) = relay_to(&gone).await;
    let url = running.relay_url.clone().unwrap();
    assert_eq!(client().get(&url).send().await.unwrap().status(), 502);
    let huge = vec![0_u8; lifeline_sandbox::relay::BODY_BYTES_MAX + 1];
    assert_eq!(
        client()
            .post(&url)
            .body(huge)
            .send()
            .await
            .unwrap()
            .status(),
        413
    );
}

#[tokio::test]
async fn the_relay_keeps_its_key_and_needs_a_line() {
    let (line, last) = line();
    let (running, keys) = relay_to(&line).await;
    running.stop().await;
    let mut options = Options::with_keys(keys.path());
    options.relay_port = Some(0);
    assert!(matches!(
        start(options.clone()).await,
        Err(StartError::RelayWithoutLine)
    ));
    options.line = Some(line);
    let again = start(options).await.unwrap();
    client()
        .get(again.relay_url.clone().unwrap())
        .send()
        .await
        .unwrap();
    assert!(
        verifies(&last.lock().unwrap().clone(), &keys),
        "the key of the first run"
    );
}
