//! Replies: believed only when signed, and then exactly the signed text; a node that stands there
//! twice, or beside another, says nothing.

use std::sync::OnceLock;

use lifeline_adapters::alipay::fuzz::{Reader, Reply};
use serde_json::Value;

use super::keys::platform;
use super::vectors;

const METHODS: [&str; 4] = [
    "alipay.trade.query",
    "alipay.trade.create",
    "alipay.trade.refund",
    "alipay.system.oauth.token",
];

/// Anything at all: what is believed is the signed text of a vector.
pub(super) fn raw(data: &[u8]) {
    static READER: OnceLock<(Reader, Vec<Value>)> = OnceLock::new();
    let (reader, signed) = READER.get_or_init(|| {
        let reader = Reader::new(&vectors::platform_key(), None);
        let texts = vectors::texts("v2_response", "signed_substring");
        let values = texts
            .iter()
            .filter_map(|text| serde_json::from_str(text).ok());
        (reader.expect("the keys"), values.collect())
    });
    for method in METHODS {
        for codeless in [false, true] {
            if let Reply::Believed(value) = reader.read(data, method, codeless) {
                assert!(
                    signed.contains(&value),
                    "believed, but signed by nobody: {value}"
                );
            }
        }
    }
}

pub(super) fn raw_seeds() -> Vec<Vec<u8>> {
    let bodies = vectors::texts("v2_response", "body");
    bodies.into_iter().map(String::into_bytes).collect()
}

/// A node of any text, rightly signed.
pub(super) fn signed(data: &[u8]) {
    static READER: OnceLock<Reader> = OnceLock::new();
    let reader = READER.get_or_init(|| Reader::new(&platform().public, None).expect("the key"));
    let Ok(node) = std::str::from_utf8(data) else {
        return;
    };
    let sign = platform().sign(node);
    let body = format!("{{\"alipay_trade_query_response\":{node},\"sign\":\"{sign}\"}}");
    let method = "alipay.trade.query";
    match reader.read(body.as_bytes(), method, false) {
        Reply::Believed(value) => {
            let whole: Value = serde_json::from_str(node.trim()).expect("a node that is JSON");
            assert_eq!(value, whole, "another text was believed than was signed");
            assert_eq!(value["code"], "10000", "a failure was believed");
            refused_when_altered(reader, node, &sign);
        }
        Reply::Failed { code, signed } => {
            assert!(signed, "the signature was overlooked");
            assert_ne!(code, "10000");
        }
        Reply::NoAnswer => {}
    }
}

fn refused_when_altered(reader: &Reader, node: &str, sign: &str) {
    let method = "alipay.trade.query";
    let name = "alipay_trade_query_response";
    for body in [
        // Twice, under either name, before or after.
        format!("{{\"{name}\":{node},\"{name}\":{node},\"sign\":\"{sign}\"}}"),
        format!("{{\"{name}\":{{\"code\":\"10000\"}},\"{name}\":{node},\"sign\":\"{sign}\"}}"),
        format!("{{\"error_response\":{node},\"{name}\":{node},\"sign\":\"{sign}\"}}"),
        format!("{{\"{name}\":{node},\"sign\":\"{sign}\",\"sign\":\"{sign}\"}}"),
        // The name written with an escape is the same name.
        format!(
            "{{\"\\u0061lipay_trade_query_response\":{node},\"{name}\":{node},\"sign\":\"{sign}\"}}"
        ),
        // Not signed at all, signed over another text, or another call's.
        format!("{{\"{name}\":{node}}}"),
        format!("{{\"{name}\":[{node}],\"sign\":\"{sign}\"}}"),
        format!("{{\"alipay_trade_close_response\":{node},\"sign\":\"{sign}\"}}"),
    ] {
        let reply = reader.read(body.as_bytes(), method, false);
        assert!(!matches!(reply, Reply::Believed(_)), "believed: {body}");
    }
}

pub(super) fn signed_seeds() -> Vec<Vec<u8>> {
    let texts = vectors::texts("v2_response", "signed_substring");
    texts.into_iter().map(String::into_bytes).collect()
}
