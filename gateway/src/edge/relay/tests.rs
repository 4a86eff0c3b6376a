//! Requests of a relay, whole and mutated, at a gate that is closed and opened again.

use super::gated::gated;
use super::message::Arrived;
use super::signer_tests::{ORIGIN, Relay, Sent, relays};
use super::window::{Floor, FloorFile, Window};
use super::{Gate, RelayKey, Rules, Unfit};
use crate::edge::client::TrustedHops;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::{App, HttpResponse, HttpServer, web};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

fn floor(name: &str) -> Arc<dyn Floor> {
    let name = format!("lifeline-gate-{}-{name}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let _ = std::fs::remove_file(&path);
    Arc::new(FloorFile(path))
}

fn gate(relays: &[Relay], floor: &Arc<dyn Floor>) -> Gate {
    gate_within("10.20.0.0/24", relays, floor)
}

fn gate_within(network: &str, relays: &[Relay], floor: &Arc<dyn Floor>) -> Gate {
    let keys: HashMap<String, RelayKey> = relays
        .iter()
        .map(|relay| {
            let key = RelayKey {
                relay: "relay-1.example".into(),
                proof: relay.proof(),
            };
            (relay.key_id.to_owned(), key)
        })
        .collect();
    let rules = Rules {
        origin: ORIGIN.to_owned(),
        networks: vec![network.parse().unwrap()],
        keys,
    };
    Gate::new(rules, Window::open(Arc::clone(floor)).unwrap())
}

async fn admit(gate: &Gate, sent: &Sent, now_s: i64) -> Result<(), Unfit> {
    let headers = sent.headers();
    let arrived = Arrived {
        method: &sent.method,
        origin: ORIGIN,
        target: &sent.target,
        headers: &headers,
        body: &sent.body,
    };
    gate.admit(&arrived, Some("relay-1.example"), now_s).await
}

fn payment(n: u64) -> Sent {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Sent {
        method: "POST".into(),
        target: format!("/v1/payments?trace={n}&via=mini"),
        headers: vec![
            header("x-forwarded-for", "198.51.100.7"),
            header("authorization", "Bearer abc.def.ghi"),
            header("content-type", "application/json"),
            header("idempotency-key", "0123456789abcdef"),
        ],
        body: format!(r#"{{"amount_fen": 10050, "purpose": "arrears", "n": {n}}}"#).into_bytes(),
    }
}

#[tokio::test]
async fn a_signed_request_is_taken_once_by_each_kind_of_key() {
    let relays = relays();
    let gate = gate(&relays, &floor("each"));
    for relay in &relays {
        let sent = relay.sign(payment(1), 1_000, relay.key_id);
        assert_eq!(admit(&gate, &sent, 1_000).await, Ok(()));
        assert_eq!(admit(&gate, &sent, 1_001).await, Err(Unfit::Replayed));
    }
}

#[tokio::test]
async fn what_decides_about_a_request_must_be_covered() {
    let relays = relays();
    let gate = gate(&relays, &floor("covered"));
    let mut sent = relays[0].sign(payment(1), 1_000, "a");
    sent.headers
        .push(("cookie".into(), "lifeline_refresh=stolen".into()));
    assert_eq!(admit(&gate, &sent, 1_000).await, Err(Unfit::NotCovered));
    let mut bare = payment(2);
    bare.headers.remove(0);
    let bare = relays[0].sign(bare, 1_000, "b");
    assert_eq!(admit(&gate, &bare, 1_000).await, Err(Unfit::NotCovered));
}

#[tokio::test]
async fn the_wrong_relay_network_key_or_algorithm_is_refused() {
    let relays = relays();
    let gate = gate(&relays, &floor("wrong"));
    let sent = relays[0].sign(payment(1), 1_000, "a");
    let headers = sent.headers();
    let arrived = Arrived {
        method: &sent.method,
        origin: ORIGIN,
        target: &sent.target,
        headers: &headers,
        body: &sent.body,
    };
    // A certificate of the right CA with a name nobody gave a key.
    for peer in ["", "relay-2.example"] {
        let refused = gate.admit(&arrived, Some(peer), 1_000).await;
        assert_eq!(refused, Err(Unfit::OtherPeer));
    }
    // Signed for this node, shown to another.
    let elsewhere = Arrived {
        origin: "https://10.20.0.6:8443",
        ..arrived
    };
    let refused = gate.admit(&elsewhere, Some("relay-1.example"), 1_000).await;
    assert_eq!(refused, Err(Unfit::Forged));
    let mut renamed = sent.clone();
    let input = renamed.header("signature-input").unwrap();
    *input = input.replace("relay-hmac", "relay-none");
    assert_eq!(admit(&gate, &renamed, 1_000).await, Err(Unfit::UnknownKey));
    let mut named = sent;
    named
        .header("signature-input")
        .unwrap()
        .push_str(";alg=\"ed25519\"");
    assert_eq!(admit(&gate, &named, 1_000).await, Err(Unfit::Forged));
    assert_eq!(gate.hears("10.20.0.9".parse().unwrap()), Ok(()));
    let outside = gate.hears("10.20.1.9".parse().unwrap());
    assert_eq!(outside, Err(Unfit::OtherNetwork));
}

#[actix_web::test]
async fn what_is_refused_ends_its_connection() {
    let node = behind(gate(&relays(), &floor("ended")), "127.0.0.1");
    let said = told(node, "GET /v1/me HTTP/1.1\r\nhost: node\r\n\r\n").await;
    assert!(said.starts_with("HTTP/1.1 403"), "{said}");
}

/// A node behind a gate, which believes one hop.
fn behind(gate: Gate, hop: &str) -> SocketAddr {
    let (gate, hop): (_, IpAddr) = (web::Data::new(gate), hop.parse().unwrap());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(gate.clone())
            .app_data(TrustedHops::new(&[hop]))
            .wrap(from_fn(gated))
            .default_service(web::to(HttpResponse::Ok))
    });
    // Nobody else ends a connection meanwhile.
    let server = server.keep_alive(Duration::from_secs(600)).workers(1);
    let server = server.disable_signals().bind("127.0.0.1:0").unwrap();
    let address = server.addrs()[0];
    actix_web::rt::spawn(server.run());
    address
}

/// All that a node says on one connection, until it ends it.
async fn told(node: SocketAddr, asked: &str) -> String {
    let mut line = TcpStream::connect(node).await.unwrap();
    line.write_all(asked.as_bytes()).await.unwrap();
    let mut said = String::new();
    let heard = line.read_to_string(&mut said);
    let ended = tokio::time::timeout(Duration::from_secs(60), heard).await;
    assert!(matches!(ended, Ok(Ok(_))), "{ended:?}");
    said
}

#[actix_web::test]
async fn whoever_signs_well_is_heard_from_the_lines_networks_and_as_a_hop_that_is_believed() {
    let relays = relays();
    for (network, hop, answer) in [
        ("127.0.0.0/8", "127.0.0.1", "HTTP/1.1 200"),
        ("127.0.0.0/8", "::ffff:127.0.0.1", "HTTP/1.1 200"),
        ("10.20.0.0/24", "127.0.0.1", "HTTP/1.1 403"),
        // Another machine within the networks: its clients would all have its own address.
        ("127.0.0.0/8", "127.0.0.2", "HTTP/1.1 403"),
    ] {
        let kept = floor(&format!("heard {network} {hop}").replace(['/', ':'], "-"));
        let node = behind(gate_within(network, &relays, &kept), hop);
        let sent = Sent {
            method: "GET".into(),
            target: "/v1/me".into(),
            headers: vec![("x-forwarded-for".to_owned(), "198.51.100.7".to_owned())],
            body: Vec::new(),
        };
        // Without a clock the gate's is at the beginning of time.
        let sent = relays[0].sign(sent, 1, "once");
        let mut asked = "GET /v1/me HTTP/1.1\r\nhost: node\r\nconnection: close\r\n".to_owned();
        for (name, value) in &sent.headers {
            asked.push_str(&format!("{name}: {value}\r\n"));
        }
        asked.push_str("\r\n");
        let said = told(node, &asked).await;
        assert!(said.starts_with(answer), "{network} {hop}: {said}");
    }
}

/// A small generator of its own: a run's course is its seed's alone.
struct Dice(u64);
impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(n).unwrap()).unwrap()
    }
}

const KINDS: usize = 16;
/// Of each whole request. With what is repeated, also after restarts, fewer than a hundred are refused for one that is taken.
const MUTANTS: usize = 94;

/// Changes one thing that a signature must hold; `false` when this one changed nothing.
fn mutate(sent: &mut Sent, kind: usize, dice: &mut Dice) -> bool {
    let before = (
        sent.method.clone(),
        sent.target.clone(),
        sent.body.clone(),
        sent.headers.clone(),
    );
    let other = |text: &mut String, dice: &mut Dice| {
        let at = dice.below(text.len());
        let byte = u8::try_from(33 + dice.below(90)).unwrap();
        text.replace_range(at..=at, &char::from(byte).to_string());
    };
    match kind {
        0 => sent.method = "PUT".into(),
        1 => sent.method = sent.method.to_lowercase(),
        2 => sent.target = sent.target.replace("/v1/payments", "/v1/Payments"),
        3 => {
            let (path, query) = sent.target.split_once('?').unwrap();
            let mut parts: Vec<&str> = query.split('&').collect();
            parts.reverse();
            sent.target = format!("{path}?{}", parts.join("&"));
        }
        4 => sent.target.push_str("&extra=1"),
        5 => sent.target = sent.target.replace("/v1/", "/v1//"),
        6 => {
            let at = dice.below(sent.body.len());
            sent.body[at] ^= 1 << dice.below(7);
        }
        // Equal JSON in other bytes.
        7 => {
            sent.body = String::from_utf8_lossy(&sent.body)
                .replace(": ", ":")
                .into_bytes()
        }
        8 => sent.body.push(b' '),
        9 => {
            let at = dice.below(sent.headers.len());
            let (name, value) = &mut sent.headers[at];
            if name == "signature" || name == "signature-input" {
                other(value, dice);
            } else {
                value.push('x');
            }
        }
        10 => {
            let at = dice.below(sent.headers.len());
            let copy = sent.headers[at].clone();
            sent.headers.push(copy);
        }
        11 => {
            let at = dice.below(sent.headers.len());
            sent.headers.remove(at);
        }
        12 => other(sent.header("signature").unwrap(), dice),
        13 => other(sent.header("signature-input").unwrap(), dice),
        14 => {
            let input = sent.header("signature-input").unwrap();
            *input = input.replace(";created=1", ";created=2");
        }
        _ => {
            let input = sent.header("signature-input").unwrap();
            *input = input.replacen("\"@target-uri\" ", "", 1);
        }
    }
    (&sent.method, &sent.target, &sent.body, &sent.headers)
        != (&before.0, &before.1, &before.2, &before.3)
}

/// `LINE_MUTANTS` (make test-long: a million) mutated or repeated requests, and a hundredth as many
/// whole ones, over a gate that is closed and opened again on its floor all the while.
#[tokio::test]
async fn no_mutated_or_repeated_request_is_taken_also_across_restarts() {
    let wanted: usize = std::env::var("LINE_MUTANTS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(20_000);
    let relays = relays();
    let floor = floor("mutants");
    let mut gate = gate(&relays, &floor);
    let (mut dice, mut now_s) = (Dice(0x11fe_11fe), 1_000_000_000_i64);
    let (mut refused, mut taken, mut restarts, mut nonce) = (0_usize, 0_usize, 0_usize, 0_u64);
    let mut kinds = [0_usize; KINDS];
    let mut old: Vec<Sent> = Vec::new();
    while refused < wanted {
        now_s += i64::from(dice.below(8) == 0);
        nonce += 1;
        // The dear keys seldom.
        let relay = match dice.below(64) {
            0 => &relays[3],
            1 => &relays[2],
            2..=5 => &relays[1],
            _ => &relays[0],
        };
        let whole = relay.sign(payment(nonce), now_s, &format!("nonce-{nonce}"));
        for _ in 0..MUTANTS {
            let mut mutant = whole.clone();
            let kind = dice.below(KINDS);
            if !mutate(&mut mutant, kind, &mut dice) {
                continue;
            }
            let verdict = admit(&gate, &mutant, now_s).await;
            assert!(verdict.is_err(), "kind {kind} was taken: {mutant:?}");
            kinds[kind] += 1;
            refused += 1;
        }
        assert_eq!(admit(&gate, &whole, now_s).await, Ok(()), "nonce {nonce}");
        taken += 1;
        old.push(whole);
        for _ in 0..2 {
            let again = &old[dice.below(old.len())];
            assert!(admit(&gate, again, now_s).await.is_err(), "taken twice");
            refused += 1;
        }
        if dice.below(40) == 0 {
            drop(gate);
            gate = super::tests::gate(&relays, &floor);
            restarts += 1;
            for again in old.iter().rev().take(50) {
                assert!(
                    admit(&gate, again, now_s).await.is_err(),
                    "taken after a restart"
                );
                refused += 1;
            }
            // As a start does: nothing is heard before the floor is passed.
            now_s = gate.opens_after_s() + 1;
        }
        if old.len() > 2_000 {
            old.drain(..1_000);
        }
    }
    // Of a million 50,000 of each kind, and 10,000 whole ones beside them.
    let enough = kinds.iter().all(|count| count * 20 >= wanted);
    assert!(enough, "{kinds:?} of {wanted}");
    assert!(
        restarts > 0 && taken * 100 >= wanted,
        "{taken} whole ones, {restarts} restarts"
    );
    println!(
        "line: {refused} mutated or repeated refused, {taken} whole taken, {restarts} restarts"
    );
}
