//! aes.json, cert_sn.json, phone_number.json and the v3 files.

use base64::Engine as _;
use lifeline_core::shared::outside::NoAnswer;
use proptest::prelude::*;
use serde_json::Value;

use super::super::certificate::{Certificate, CertificateError, Roots};
use super::super::content::ContentKey;
use super::super::phone_number::{self, PhoneAnswer};
use super::super::sign::KeyError;
use super::{cases, content_key, key, pairs, text, trust, vector};

#[test]
fn content_is_sealed_and_opened_as_the_sdk_does() {
    let (file, key) = (vector!("aes"), content_key());
    assert_eq!(cases(&file).len(), 4);
    for case in cases(&file) {
        let (plain, sealed) = (text(case, "plain"), text(case, "cipher_b64"));
        assert_eq!(key.seal(plain).as_deref(), Some(sealed));
        assert_eq!(key.open(sealed).unwrap().as_str(), plain);
    }
}

#[test]
fn content_of_another_key_or_without_its_end_is_not_opened() {
    let (file, key) = (vector!("aes"), content_key());
    let sealed = text(&cases(&file)[0], "cipher_b64");
    let other = ContentKey::parse("ZmVkY2JhOTg3NjU0MzIxMA==").unwrap();
    for wrong in [&sealed[..40], "", "AAAA", "not base64!", "汉字"] {
        assert!(key.open(wrong).is_none(), "{wrong}");
    }
    assert_ne!(
        other.open(sealed).as_ref().map(|opened| opened.as_str()),
        Some(text(&cases(&file)[0], "plain"))
    );
    for wrong in ["", "MDEyMzQ1Njc4OWFiY2Rl", "MDEyMzQ1Njc4OWFiY2RlZjA=", "?"] {
        let parsed = ContentKey::parse(wrong);
        assert_eq!(parsed.err(), Some(KeyError::Content), "{wrong}");
    }
}

/// The encrypted call among the requests: the very bytes of the SDK.
#[test]
fn an_encrypted_call_carries_what_the_sdk_would_send() {
    let file = vector!("v2_request");
    let case = cases(&file)
        .iter()
        .find(|case| text(case, "name").starts_with("AES"));
    let params = pairs(&case.expect("the encrypted case")["params"]);
    let param = |name: &str| {
        let found = params.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!(param("encrypt_type"), Some("AES"));
    let opened = content_key().open(param("biz_content").unwrap()).unwrap();
    let body: Value = serde_json::from_str(&opened).unwrap();
    assert!(body["out_trade_no"].is_string());
    assert_eq!(content_key().seal(&opened).as_deref(), param("biz_content"));
}

#[test]
fn certificates_and_root_files_have_the_numbers_alipay_knows_them_by() {
    let file = vector!("cert_sn");
    assert_eq!(cases(&file).len(), 4);
    for case in cases(&file) {
        let pem = text(case, "pem").as_bytes();
        let sn = if case["root"] == Value::Bool(true) {
            Roots::read(pem).map(|roots| roots.sn().to_owned())
        } else {
            Certificate::all(pem).and_then(|all| all[0].sn())
        };
        assert_eq!(sn.as_deref(), Ok(text(case, "sn")), "{}", case["name"]);
    }
}

#[test]
fn the_certificate_mode_call_names_certificates_of_the_vectors() {
    let (requests, certificates) = (vector!("v2_request"), vector!("cert_sn"));
    let numbers: Vec<&str> = cases(&certificates)
        .iter()
        .map(|case| text(case, "sn"))
        .collect();
    let case = cases(&requests)
        .iter()
        .find(|case| text(case, "name").starts_with("cert mode"));
    let params = &case.expect("the certificate case")["params"];
    for name in ["app_cert_sn", "alipay_root_cert_sn"] {
        assert!(numbers.contains(&text(params, name)), "{name}");
    }
}

#[test]
fn files_that_are_no_certificates_are_refused_with_their_reason() {
    let file = vector!("cert_sn");
    let (app, roots) = (text(&cases(&file)[0], "pem"), text(&cases(&file)[2], "pem"));
    let refused = |pem: &str| Certificate::all(pem.as_bytes()).err();
    assert_eq!(refused(""), Some(CertificateError::Absent));
    assert_eq!(refused("no PEM at all"), Some(CertificateError::Absent));
    let cut: Vec<&str> = app
        .lines()
        .filter(|line| !line.starts_with("MII"))
        .collect();
    assert_eq!(refused(&cut.join("\n")), Some(CertificateError::Unreadable));
    let many = app.repeat(17);
    assert_eq!(refused(&many), Some(CertificateError::Unreadable));
    assert_eq!(refused(&app.repeat(16)), None);
    let (ec, _) = roots.split_once("-----END CERTIFICATE-----\n").unwrap();
    let only_ec = format!("{ec}-----END CERTIFICATE-----\n");
    assert_eq!(
        Roots::read(only_ec.as_bytes()).err(),
        Some(CertificateError::NoRsaRoot)
    );
    // The bundle's RSA root issued the app's certificate; an EC root issued nothing here.
    let leaf = Certificate::all(app.as_bytes()).unwrap();
    let reach = |pem: &str| Roots::read(pem.as_bytes()).unwrap().reach(&leaf);
    assert_eq!(reach(roots), Ok(()));
    let (_, sha1) = roots.rsplit_once("-----BEGIN CERTIFICATE-----").unwrap();
    let other_root = format!("-----BEGIN CERTIFICATE-----{sha1}");
    assert_eq!(reach(&other_root), Err(CertificateError::Untrusted));
    let stranger = Certificate::all(other_root.as_bytes()).unwrap();
    let below_a_leaf = Roots::read(app.as_bytes()).unwrap().reach(&stranger);
    assert_eq!(below_a_leaf, Err(CertificateError::Untrusted));
}

#[test]
fn phone_numbers_are_believed_only_as_alipay_signed_and_sealed_them() {
    let (file, key, trust) = (vector!("phone_number"), content_key(), trust());
    assert_eq!(cases(&file).len(), 3);
    for case in cases(&file) {
        let (name, response) = (text(case, "name"), text(case, "response"));
        let read =
            |response: &str, sign: &str| phone_number::read(response, sign, &trust, Some(&key));
        let answer = read(response, text(case, "sign"));
        if name == "success" {
            let Ok(PhoneAnswer::Told(phone)) = answer else {
                panic!("no phone number was read");
            };
            assert_eq!(phone.expose(), "13800000000");
        } else {
            assert!(matches!(answer, Ok(PhoneAnswer::Refused)), "{name}");
        }
        let forged = Err(NoAnswer::Unknown("bad_reply_signature"));
        assert!(read(&response.replacen('4', "5", 1), text(case, "sign")) == forged);
        assert!(read(response, "") == forged);
        assert!(read(&format!("\"{response}\""), text(case, "sign")) == forged);
    }
    let sealed = text(&cases(&file)[0], "response");
    let without = phone_number::read(sealed, text(&cases(&file)[0], "sign"), &trust, None);
    assert!(without == Err(NoAnswer::Unknown("encrypted_reply")));
}

/// OpenAPI v3 is not spoken; that its signatures verify shows the keys and the rule.
#[test]
fn v3_signatures_verify_over_the_text_their_rule_builds() {
    let (requests, replies) = (vector!("v3_request"), vector!("v3_response"));
    assert_eq!((cases(&requests).len(), cases(&replies).len()), (5, 3));
    for case in cases(&requests) {
        let authorization = text(case, "authorization");
        let (scheme, rest) = authorization.split_once(' ').unwrap();
        assert_eq!(scheme, "ALIPAY-SHA256withRSA");
        let (auth, sign) = rest.split_once(",sign=").unwrap();
        let body = case["body"].as_str().unwrap_or_default();
        let mut signed = format!(
            "{auth}\n{}\n{}\n{body}\n",
            text(case, "method"),
            text(case, "uri")
        );
        if let Some(token) = case["app_auth_token"].as_str().filter(|t| !t.is_empty()) {
            signed = format!("{signed}{token}\n");
        }
        assert_eq!(signed, text(case, "sign_string"), "{}", case["name"]);
        assert!(key("app").verifies(&signed, sign), "{}", case["name"]);
    }
    for case in cases(&replies) {
        let headers = &case["headers"];
        let signed = format!(
            "{}\n{}\n{}\n",
            text(headers, "alipay-timestamp"),
            text(headers, "alipay-nonce"),
            case["body"].as_str().unwrap_or_default()
        );
        assert_eq!(signed, text(case, "verify_string"), "{}", case["name"]);
        let sign = text(headers, "alipay-signature");
        assert!(key("alipay").verifies(&signed, sign), "{}", case["name"]);
    }
}

proptest! {
    #[test]
    fn whatever_is_no_certificate_is_refused(der in proptest::collection::vec(any::<u8>(), 0..400)) {
        let body = base64::engine::general_purpose::STANDARD.encode(&der);
        let pem = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
        prop_assert!(Certificate::all(pem.as_bytes()).is_err());
        prop_assert!(Certificate::all(&der).is_err());
        prop_assert!(content_key().open(&body).is_none() || der.len() % 16 == 0);
    }

    #[test]
    fn what_is_sealed_is_opened_again(plain in ".{0,80}") {
        let sealed = content_key().seal(&plain).expect("sealed");
        let opened = content_key().open(&sealed).expect("opened");
        prop_assert_eq!(opened.as_str(), plain);
    }
}
