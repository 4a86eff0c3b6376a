//! The frozen vectors of tests/vectors/alipay: made with the official SDK, checked by two more.

use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lifeline_core::payments::ports::{Notice, NoticeError, Trade};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::Time;
use proptest::prelude::*;
use serde_json::Value;

use super::envelope::{self, Answer};
use super::notice::Notices;
use super::sign::{AppKey, KeyError, PlatformKey, sign_content};

macro_rules! vector {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tests/vectors/alipay/",
            $name,
            ".json"
        )))
        .expect("the vector file is JSON")
    };
}

fn cases(file: &Value) -> &Vec<Value> {
    file["cases"].as_array().expect("cases")
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().expect("text")
}

fn pairs(value: &Value) -> Vec<(String, String)> {
    let object = value.as_object().expect("object");
    let pair =
        |(name, value): (&String, &Value)| (name.clone(), value.as_str().expect("text").to_owned());
    object.iter().map(pair).collect()
}

fn key(whose: &str) -> PlatformKey {
    PlatformKey::parse(text(&vector!("keys")[whose], "spki")).expect("a public key")
}

#[test]
fn requests_are_signed_over_the_sdks_own_text() {
    let (file, app) = (vector!("v2_request"), key("app"));
    assert_eq!(cases(&file).len(), 8);
    for case in cases(&file) {
        let content = sign_content(&pairs(&case["params"]));
        assert_eq!(content, text(case, "sign_string"), "{}", case["name"]);
        assert!(
            app.verifies(&content, text(case, "sign")),
            "{}",
            case["name"]
        );
        // The SDK writes no order string for the encrypted case.
        if let Some(sent) = case["sdk_execute_output"].as_str() {
            let sent: Vec<(String, String)> = form_urlencoded::parse(sent.as_bytes())
                .into_owned()
                .collect();
            assert_eq!(sign_content(&sent), content, "{}", case["name"]);
        }
    }
}

#[test]
fn replies_are_verified_over_their_raw_text() {
    let (file, alipay) = (vector!("v2_response"), key("alipay"));
    assert_eq!(cases(&file).len(), 9);
    for case in cases(&file) {
        let name = text(case, "name");
        let method = text(case, "response_key")
            .trim_end_matches("_response")
            .replace('_', ".");
        let codeless = method == "alipay.system.oauth.token";
        let read =
            |body: &str| envelope::read::<Value>(body.as_bytes(), &method, codeless, &alipay);
        let body = text(case, "body");
        let answer = read(body);
        match name {
            n if n.starts_with("AES") => {
                assert_eq!(answer, Err(NoAnswer::Unknown("encrypted_reply")), "{name}");
            }
            n if n.contains("error") => {
                let Ok(Answer::Failed(failure)) = answer else {
                    panic!("{name}: {answer:?}");
                };
                assert!(failure.signed && failure.code.starts_with("4000"), "{name}");
            }
            _ => assert!(matches!(answer, Ok(Answer::Ok(_))), "{name}: {answer:?}"),
        }
        let node = text(case, "signed_substring");
        let at = body.find(node).expect("the node is in the body") + node.len() / 2;
        let cut = (at..body.len())
            .find(|at| body.is_char_boundary(*at))
            .expect("a boundary");
        let changed = format!("{} {}", &body[..cut], &body[cut..]);
        let refused = read(&changed);
        assert!(
            matches!(
                refused,
                Err(NoAnswer::Unknown(
                    "bad_reply_signature" | "unreadable_reply"
                ))
            ),
            "{name}: a changed node was accepted: {refused:?}"
        );
    }
}

#[test]
fn a_node_that_occurs_twice_is_refused() {
    let (file, alipay) = (vector!("v2_response"), key("alipay"));
    let body = text(&cases(&file)[0], "body");
    let read =
        |body: &str| envelope::read::<Value>(body.as_bytes(), "alipay.trade.query", false, &alipay);
    assert!(matches!(read(body), Ok(Answer::Ok(_))));
    let forged = r#"{"code":"10000","msg":"Success","trade_status":"TRADE_SUCCESS"}"#;
    let inner = body.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
    for doubled in [
        format!(r#"{{"alipay_trade_query_response":{forged},{inner}}}"#),
        format!(r#"{{{inner},"alipay_trade_query_response":{forged}}}"#),
        format!(r#"{{{inner},"alipay_trade_query_\u0072esponse":{forged}}}"#),
        format!(r#"{{{inner},"error_response":{forged}}}"#),
        format!(r#"{{{inner},"sign":"AAAA"}}"#),
    ] {
        assert_eq!(
            read(&doubled),
            Err(NoAnswer::Unknown("unreadable_reply")),
            "{doubled}"
        );
    }
}

#[test]
fn an_unsigned_success_is_no_answer() {
    let read = |body: &str| {
        envelope::read::<Value>(body.as_bytes(), "alipay.trade.query", false, &key("alipay"))
    };
    assert_eq!(
        read(r#"{"alipay_trade_query_response":{"code":"10000","msg":"Success"}}"#),
        Err(NoAnswer::Unknown("unsigned_reply"))
    );
    let Ok(Answer::Failed(failure)) = read(
        r#"{"alipay_trade_query_response":{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}}"#,
    ) else {
        panic!("an unsigned failure is readable");
    };
    assert!(!failure.signed);
}

fn notices() -> Notices {
    Notices {
        platform: Arc::new(key("alipay")),
        app_id: "2021000000000001".into(),
        seller_id: "2088000000000009".into(),
    }
}

fn expected(name: &str) -> Result<Trade, NoticeError> {
    let trade_no = "2026112022001400000000000001".to_owned();
    let (total, paid_at) = (
        Fen::new(1234),
        Time::parse_alipay("2026-11-20 16:37:05").unwrap(),
    );
    let paid = |refunded| Trade::Paid {
        trade_no: trade_no.clone(),
        total,
        paid_at,
        refunded_total: Fen::new(refunded),
    };
    match name {
        n if n.starts_with("tampered") => Err(NoticeError::BadSignature),
        n if n.starts_with("dut_") => Err(NoticeError::Unused),
        n if n.starts_with("partial refund") => Ok(paid(200)),
        "TRADE_CLOSED" => Ok(Trade::ClosedRefunded {
            trade_no: trade_no.clone(),
            total,
            paid_at: Some(paid_at),
            refunded_total: total,
        }),
        _ => Ok(paid(0)),
    }
}

#[test]
fn notices_are_read_as_the_sdk_reads_them() {
    let file = vector!("notify");
    assert_eq!(cases(&file).len(), 8);
    for case in cases(&file) {
        let name = text(case, "name");
        let read: Result<Notice, NoticeError> = notices().read(text(case, "body").as_bytes());
        let want_refund = name.starts_with("partial").then(|| "RF0001".to_owned());
        if let Ok(notice) = &read {
            assert_eq!(notice.out_trade_no, "EB202611200001");
            assert_eq!(notice.out_request_no, want_refund, "{name}");
        }
        assert_eq!(read.map(|notice| notice.trade), expected(name), "{name}");
    }
}

#[test]
fn a_notice_for_another_app_or_seller_is_foreign_and_a_doubled_field_malformed() {
    let file = vector!("notify");
    let body = text(&cases(&file)[0], "body");
    let with = |app_id: &str, seller_id: &str| Notices {
        app_id: app_id.into(),
        seller_id: seller_id.into(),
        ..notices()
    };
    let read = |notices: Notices| notices.read(body.as_bytes());
    assert_eq!(
        read(with("2021000000000002", "2088000000000009")),
        Err(NoticeError::Foreign)
    );
    assert_eq!(
        read(with("2021000000000001", "2088000000000008")),
        Err(NoticeError::Foreign)
    );
    for raw in [
        format!("{body}&out_trade_no=EB202611200001"),
        format!("out_trade_no=EB9&{body}"),
        format!("{body}&total_amount=0.01"),
        "x".repeat(70_000),
    ] {
        assert_eq!(notices().read(raw.as_bytes()), Err(NoticeError::Malformed));
    }
    assert_eq!(notices().read(b"\xff\xfe=1"), Err(NoticeError::Malformed));
    assert_eq!(notices().read(b""), Err(NoticeError::BadSignature));
}

#[test]
fn other_signatures_of_the_protocol_verify() {
    let (v3, replies, phones) = (
        vector!("v3_request"),
        vector!("v3_response"),
        vector!("phone_number"),
    );
    for case in cases(&v3) {
        assert!(key("app").verifies(text(case, "sign_string"), text(case, "sign")));
    }
    for case in cases(&replies) {
        let sign = text(&case["headers"], "alipay-signature");
        assert!(key("alipay").verifies(text(case, "verify_string"), sign));
    }
    for case in cases(&phones) {
        assert!(key("alipay").verifies(text(case, "sign_content"), text(case, "sign")));
    }
}

fn fresh_key() -> (String, String) {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    (
        STANDARD.encode(private.as_ref()),
        STANDARD.encode(public.as_ref()),
    )
}

#[test]
fn keys_are_taken_as_pem_and_as_bare_base64_and_nothing_else() {
    let (private, public) = fresh_key();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{private}\n-----END PRIVATE KEY-----\n");
    for form in [&private, &pem] {
        let sign = AppKey::parse(form)
            .ok()
            .and_then(|key| key.sign("电费"))
            .unwrap();
        assert!(PlatformKey::parse(&public).unwrap().verifies("电费", &sign));
        assert!(!PlatformKey::parse(&public).unwrap().verifies("电費", &sign));
    }
    assert_eq!(AppKey::parse(&public).err(), Some(KeyError::Private));
    assert_eq!(AppKey::parse("").err(), Some(KeyError::Encoding));
    assert_eq!(AppKey::parse("not a key!").err(), Some(KeyError::Encoding));
    assert_eq!(PlatformKey::parse("AAAA").err(), Some(KeyError::Public));
}

proptest! {
    #[test]
    fn the_signed_text_depends_on_the_values_and_not_on_their_order(
        named in proptest::collection::btree_map("p_[a-z_]{1,12}", "[^&=]{0,20}", 1..12),
        turn in 0_usize..12,
    ) {
        let mut params: Vec<(String, String)> = named.into_iter().collect();
        let kept: Vec<String> = params
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let shift = turn % params.len();
        params.rotate_left(shift);
        params.push(("empty".into(), String::new()));
        params.push(("sign".into(), "anything".into()));
        prop_assert_eq!(sign_content(&params), kept.join("&"));
    }
}
