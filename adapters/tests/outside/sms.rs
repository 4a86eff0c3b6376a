//! The SMS platform: one message per id, whatever the line does.

use std::sync::Arc;
use std::time::Duration;

use lifeline_adapters::sms::SmsLine;
use lifeline_adapters::wire::{Address, CallRules};
use lifeline_core::accounts::ports::Messenger as _;
use lifeline_core::notices::ports::{Sms, SmsPlatform as _};
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::Phone;
use serde_json::Value;

use crate::marketing::{opened, signature_holds};
use crate::responder::{Act, Responder};
use crate::world::{Counting, Fixed, line_keys};

fn platform(responder: &Responder) -> SmsLine {
    let address = Address::parse(&format!("{}/sms/v1", responder.base), true).expect("an address");
    let rules = CallRules::within(Duration::from_millis(400));
    let entropy = Arc::new(Counting::default());
    SmsLine::new(
        address,
        line_keys(),
        "电力".into(),
        rules,
        Arc::new(Fixed),
        entropy,
    )
    .expect("a client")
}

fn receipt() -> Sms {
    Sms {
        message_id: "019aa2f0-0000-7000-8000-000000000001".into(),
        phone: Phone::parse("19000000001").expect("a phone"),
        template_id: "LL_CREDITED",
        params: vec![
            ("tail", "4321".into()),
            ("yuan", "128.40".into()),
            ("date", "11月20日".into()),
        ],
    }
}

#[tokio::test]
async fn a_repeat_is_the_same_message_to_the_byte() {
    let responder = Responder::start(|_| Act::Answer(202, r#"{"state":"ACCEPTED"}"#.into()));
    let platform = platform(&responder);
    for _ in 0..2 {
        platform.send(&receipt()).await.expect("accepted");
    }
    let mut other = receipt();
    other.message_id = "019aa2f0-0000-7000-8000-000000000002".into();
    platform.send(&other).await.expect("accepted");
    let seen = responder.seen();
    assert!(seen.iter().all(signature_holds));
    assert_eq!(seen[0].body, seen[1].body);
    assert_eq!(seen[0].header("idempotency-key"), receipt().message_id);
    assert_ne!(seen[0].header("x-nonce"), seen[1].header("x-nonce"));
    let sent: Value = serde_json::from_str(&seen[0].body).unwrap();
    let again: Value = serde_json::from_str(&seen[2].body).unwrap();
    assert_eq!(
        opened("phone_enc", sent["phone_enc"].as_str().unwrap()),
        "19000000001"
    );
    assert_ne!(sent["phone_enc"], again["phone_enc"]);
    assert_eq!(sent["params"]["yuan"], "128.40");
    assert!(!seen[0].body.contains("19000000001"));
}

#[tokio::test]
async fn a_code_goes_out_under_its_template_and_says_what_it_is_for() {
    for (purpose, words) in [
        ("verify_phone", "验证手机号"),
        ("bind", "关联用电户号"),
        ("change_phone", "更换手机号"),
        ("merge", "合并账号"),
        ("certify", "刷脸实名认证"),
        ("something_new", "身份验证"),
    ] {
        let responder = Responder::start(|_| Act::Answer(202, "{}".into()));
        let phone = Phone::parse("19000000001").expect("a phone");
        let platform = platform(&responder);
        let sent = platform.send_code("m1", &phone, "123456", purpose).await;
        assert_eq!(sent, Ok(()));
        let sent: Value = serde_json::from_str(&responder.only().body).expect("JSON");
        assert_eq!(sent["template_id"], "LL_OTP");
        assert_eq!(sent["params"]["code"], "123456");
        assert_eq!(sent["params"]["purpose"], words);
        assert_eq!(sent["sign_name"], "电力");
    }
}

#[tokio::test]
async fn every_other_answer_is_no_answer() {
    let table = [
        (
            401,
            r#"{"code":"BAD_SIGNATURE"}"#,
            NoAnswer::Alarm("bad_signature"),
        ),
        (401, r#"{"code":"REPLAYED"}"#, NoAnswer::Alarm("replayed")),
        (
            409,
            r#"{"code":"IDEMPOTENCY_CONFLICT"}"#,
            NoAnswer::Alarm("idempotency_conflict"),
        ),
        (
            422,
            r#"{"code":"INVALID"}"#,
            NoAnswer::Alarm("invalid_request"),
        ),
        (
            429,
            r#"{"code":"RATE_LIMITED"}"#,
            NoAnswer::Unknown("rate_limited"),
        ),
        (
            500,
            "SELECT phone FROM t",
            NoAnswer::Unknown("upstream_fault"),
        ),
        (302, "", NoAnswer::Unknown("unnamed_code")),
    ];
    for (status, body, expected) in table {
        let responder = Responder::start(move |_| Act::Answer(status, body.to_owned()));
        assert_eq!(
            platform(&responder).send(&receipt()).await,
            Err(expected),
            "{status}"
        );
    }
    let responder = Responder::start(|_| Act::Hang);
    let lost = platform(&responder).send(&receipt()).await;
    assert_eq!(lost, Err(NoAnswer::Unknown("time_out")));
}
