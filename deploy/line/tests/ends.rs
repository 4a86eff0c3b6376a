//! Both ends of the dedicated line: what the relay signs the gate takes, once, and at its own node only.

#![expect(
    clippy::expect_used,
    reason = "the helpers of this test panic like the test"
)]

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use aws_lc_rs::signature::Ed25519KeyPair;
use lifeline_gateway::edge::relay::message::Arrived;
use lifeline_gateway::edge::relay::proof::{Public, PublicKind};
use lifeline_gateway::edge::relay::window::{FloorFile, Window};
use lifeline_gateway::edge::relay::{Gate, RelayKey, Rules, Unfit};
use lifeline_relay::sign::{Sent, Signer, WHEN_THERE};

const NODE: &str = "https://10.20.0.5:8443";
const NAME: &str = "relay-1.line.example.cn";

fn signer() -> Signer {
    let key = Ed25519KeyPair::generate().expect("a key");
    let pkcs8 = key.to_pkcs8v1().expect("its form");
    Signer::new(pkcs8.as_ref(), "channel-relay-1").expect("a signer")
}

fn gate(signer: &Signer, floor: &tempfile::TempDir) -> Gate {
    let key = RelayKey {
        relay: NAME.to_owned(),
        proof: Arc::new(Public::new(PublicKind::Ed25519, signer.public().to_vec())),
    };
    let rules = Rules {
        origin: NODE.to_owned(),
        networks: vec!["10.20.0.0/29".parse().expect("a network")],
        keys: HashMap::from([("channel-relay-1".to_owned(), key)]),
    };
    let file = FloorFile(floor.path().join("floor"));
    Gate::new(rules, Window::open(Arc::new(file)).expect("a window"))
}

#[tokio::test]
async fn what_the_relay_signs_the_gate_takes_once_and_for_its_own_node_only() {
    let (signer, dir) = (signer(), tempfile::tempdir().expect("a folder"));
    let gate = gate(&signer, &dir);
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
