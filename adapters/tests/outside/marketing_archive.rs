//! Filling gaps of the archive: sealed, signed, the same bytes again, and read only when whole.

use lifeline_core::bindings::ports::{
    ArchiveError, ArchiveField, ArchiveValue, ConsumerArchive as _, Filled,
};
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::{IdNo, PersonName, Phone};
use serde_json::{Value, json};

use crate::marketing::{marketing, number, opened, refusal, signature_holds};
use crate::responder::{Act, Responder};

const VALUES: [(&str, &str); 3] = [
    ("id_no", "150499199001010014"),
    ("name", "李明"),
    ("mobile", "19000000001"),
];

fn values() -> Vec<ArchiveValue> {
    vec![
        ArchiveValue::IdNo(IdNo::parse(VALUES[0].1).expect("an ID number")),
        ArchiveValue::Name(PersonName::parse(VALUES[1].1).expect("a name")),
        ArchiveValue::Mobile(Phone::parse(VALUES[2].1).expect("a phone")),
    ]
}

fn said(fields: &[(&str, &str)]) -> String {
    let fields: Vec<Value> = fields
        .iter()
        .map(|(name, result)| json!({"name": name, "result": result}))
        .collect();
    json!({ "fields": fields }).to_string()
}

const WHOLE: [(&str, &str); 3] = [
    ("id_no", "SAME"),
    ("name", "CONFLICT_REVIEW"),
    ("mobile", "FILLED"),
];

#[tokio::test]
async fn ln_45_values_leave_sealed_under_one_key_and_a_repeat_has_the_same_bytes() {
    let responder = Responder::start(|_| Act::Answer(200, said(&WHOLE)));
    let archive = marketing(&responder);
    for _ in 0..2 {
        let results = archive
            .fill(&number(), &values(), "consent-1", 7, "event-1")
            .await
            .unwrap();
        assert_eq!(results[&ArchiveField::IdNo], Filled::Same);
        assert_eq!(results[&ArchiveField::Name], Filled::ConflictReview);
        assert_eq!(results[&ArchiveField::Mobile], Filled::Filled);
    }
    let seen = responder.seen();
    assert_eq!(seen[0].body, seen[1].body);
    assert_ne!(seen[0].header("x-nonce"), seen[1].header("x-nonce"));
    for one in &seen {
        assert!(signature_holds(one));
        assert_eq!(one.method, "PATCH");
        assert_eq!(one.target, "/mkt/v1/consumers/1500000004321/archive");
        assert_eq!(one.header("idempotency-key"), "event-1");
    }
    let body: Value = serde_json::from_str(&seen[0].body).unwrap();
    for (field, (name, clear)) in body["fields"].as_array().unwrap().iter().zip(VALUES) {
        assert_eq!(field["name"], name);
        assert_eq!(
            opened("value_enc", field["value_enc"].as_str().unwrap()),
            clear
        );
        assert_eq!(field["source"], "ALIPAY_REALNAME");
        assert_eq!(field["consent_id"], "consent-1");
        assert_eq!(field["base_version"], 7);
        assert!(!seen[0].body.contains(clear));
    }
}

#[tokio::test]
async fn ln_45_only_a_whole_answer_is_one() {
    let ask = async |act: fn() -> Act| {
        let responder = Responder::start(move |_| act());
        let archive = marketing(&responder);
        archive
            .fill(&number(), &values(), "consent-1", 7, "event-1")
            .await
    };
    let unknown = |answer: Result<_, ArchiveError>, word: &str| {
        let Err(ArchiveError::NoAnswer(NoAnswer::Unknown(said))) = answer else {
            return false;
        };
        said == word
    };
    assert!(unknown(
        ask(|| Act::Answer(200, said(&WHOLE[..2]))).await,
        "unreadable_reply"
    ));
    assert!(unknown(
        ask(|| Act::Answer(200, said(&[("id_no", "EATEN")]))).await,
        "unreadable_reply"
    ));
    assert!(unknown(
        ask(|| Act::Answer(500, "{}".into())).await,
        "upstream_fault"
    ));
    assert!(unknown(ask(|| Act::Hang).await, "time_out"));
    let gone = ask(|| refusal(404, "CONSUMER_UNAVAILABLE")).await;
    assert!(matches!(gone, Err(ArchiveError::CannotConfirm)), "{gone:?}");
}
