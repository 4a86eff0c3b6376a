//! The frozen vectors of tests/vectors/alipay: made with the official SDK, checked by two more.

use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lifeline_core::shared::outside::NoAnswer;
use proptest::prelude::*;
use serde_json::Value;

use super::content::ContentKey;
use super::envelope::{Answer, Envelope};
use super::sign::{AppKey, KeyError, PlatformKey, sign_content};
use super::trust::Trust;

mod notices;
mod sealed;

macro_rules! vector {
    ($name:literal) => {
        serde_json::from_str::<serde_json::Value>(include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tests/vectors/alipay/",
            $name,
            ".json"
        )))
        .expect("the vector file is JSON")
    };
}
use vector;

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

fn trust() -> Trust {
    Trust::Key(Arc::new(key("alipay")))
}

fn content_key() -> ContentKey {
    ContentKey::parse(text(&vector!("aes"), "key_b64")).expect("a content key")
}

fn read(body: &str, method: &str, content: Option<&ContentKey>) -> Result<Answer<Value>, NoAnswer> {
    let codeless = method == "alipay.system.oauth.token";
    Envelope::open(body.as_bytes(), method)?.answer(codeless, &key("alipay"), content)
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
    let file = vector!("v2_response");
    assert_eq!(cases(&file).len(), 9);
    for case in cases(&file) {
        let name = text(case, "name");
        let method = text(case, "response_key")
            .trim_end_matches("_response")
            .replace('_', ".");
        let body = text(case, "body");
        let answer = read(body, &method, Some(&content_key()));
        match name {
            n if n.starts_with("AES") => {
                assert!(matches!(answer, Ok(Answer::Ok(_))), "{name}: {answer:?}");
                let without = read(body, &method, None);
                assert_eq!(without, Err(NoAnswer::Unknown("encrypted_reply")));
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
        let refused = read(&changed, &method, Some(&content_key()));
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
    let file = vector!("v2_response");
    let body = text(&cases(&file)[0], "body");
    let read = |body: &str| read(body, "alipay.trade.query", None);
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
    let read = |body: &str| read(body, "alipay.trade.query", None);
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

/// money.md 5: a key rotation with notices signed by the old key.
#[test]
fn drill_while_alipay_changes_its_key_what_either_signed_is_read() {
    let pem =
        |public: &str| format!("-----BEGIN PUBLIC KEY-----\n{public}\n-----END PUBLIC KEY-----\n");
    let made = [fresh_key(), fresh_key(), fresh_key()];
    let signs = made.each_ref().map(|(private, _)| {
        let key = AppKey::parse(private).ok();
        key.and_then(|key| key.sign("电费")).unwrap()
    });
    let [new, old, other] = made.each_ref().map(|(_, public)| pem(public));
    let both = PlatformKey::parse(&format!("{new}\n{old}")).unwrap();
    let read = signs.each_ref().map(|sign| both.verifies("电费", sign));
    assert_eq!(read, [true, true, false]);
    let later = PlatformKey::parse(&new).unwrap();
    assert!(!later.verifies("电费", &signs[1]), "the old one is over");
    let three = PlatformKey::parse(&format!("{new}{old}{other}"));
    assert_eq!(three.err(), Some(KeyError::TooMany));
    let torn = PlatformKey::parse(&format!("{new}-----BEGIN PUBLIC KEY-----\nAAAA\n"));
    assert_eq!(torn.err(), Some(KeyError::Public));
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

    /// Whatever comes is read or refused; nothing makes a reader stop the process.
    #[test]
    fn any_reply_is_read_or_refused(body in reply_like()) {
        let _ = read(&body, "alipay.trade.query", Some(&content_key()));
    }

    #[test]
    fn a_changed_reply_is_never_a_success(at in 0_usize..2_000, letter in "[ -~]") {
        let file = vector!("v2_response");
        let body = text(&cases(&file)[0], "body");
        let node = text(&cases(&file)[0], "signed_substring");
        let begin = body.find(node).expect("the node is in the body");
        let at = begin + at % node.len();
        prop_assume!(body.is_char_boundary(at) && body.is_char_boundary(at + 1));
        prop_assume!(!body[at..].starts_with(&letter));
        let changed = format!("{}{letter}{}", &body[..at], &body[at + 1..]);
        let answer = read(&changed, "alipay.trade.query", None);
        prop_assert!(!matches!(answer, Ok(Answer::Ok(_))), "{changed}");
    }
}

/// Text with the punctuation that a reader decides by.
fn reply_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(r#"{"alipay_trade_query_response":"#),
        Just(r#"{"error_response":"#),
        Just(r#""sign":"AAAA""#),
        Just(r#""alipay_cert_sn":"#),
        Just(r#"{"code":"10000"}"#),
        Just("\"hM7TQ18QF5bhZ+Favk3bya6JXm14uRT4E1DnjI7rcd1AFnVoZjtL7cXJUUHAqgNC\""),
        Just(r"\u0022"),
        Just("{"),
        Just("}"),
        Just(","),
        Just("\""),
        Just("电"),
    ];
    proptest::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}
