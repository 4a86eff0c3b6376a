//! The marketing system: signatures, sealed fields, frozen bodies, each code of the contract.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use lifeline_adapters::marketing::{Marketing, Said};
use lifeline_adapters::wire::{Address, CallRules};
use lifeline_core::bindings::ports::{
    ArchiveError, ArchiveProof, ConsumerArchive as _, MatchLevel,
};
use lifeline_core::payments::ports::{
    Filed, Posting, PostingReply, PostingSystem as _, ReversalReply, VoucherReply,
};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::{ConsumerNo, IdNo, PersonName, Phone};
use lifeline_core::shared::time::Time;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::responder::{Act, Responder, Seen};
use crate::world::{Counting, FIELD_KEY, Fixed, NOW_S, SECRET, line_keys};

const TXN: &str = "LL0abcdefghijklmnopqrstuv_1_1";

pub(crate) fn opened(field: &str, envelope: &str) -> String {
    let mut bytes = STANDARD.decode(envelope).expect("base64");
    let mut sealed = bytes.split_off(12);
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &FIELD_KEY).expect("a key"));
    let nonce = Nonce::try_assume_unique_for_key(&bytes).expect("a nonce");
    let clear = key.open_in_place(nonce, Aad::from(field.as_bytes()), &mut sealed);
    String::from_utf8(clear.expect("opens").to_vec()).expect("text")
}

pub(crate) fn sealed(field: &str, clear: &str) -> String {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &FIELD_KEY).expect("a key"));
    let mut bytes = clear.as_bytes().to_vec();
    let nonce = Nonce::assume_unique_for_key([5; 12]);
    key.seal_in_place_append_tag(nonce, Aad::from(field.as_bytes()), &mut bytes)
        .expect("seals");
    STANDARD.encode([&[5; 12], bytes.as_slice()].concat())
}

/// The contract's signature, computed independently of the adapter.
pub(crate) fn is_signed(seen: &Seen) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(&SECRET).expect("a key");
    let digest = hex::encode(Sha256::digest(seen.body.as_bytes()));
    let lines = [
        seen.method.as_str(),
        &seen.target,
        &digest,
        seen.header("x-timestamp"),
        seen.header("x-nonce"),
        seen.header("idempotency-key"),
    ];
    mac.update(lines.join("\n").as_bytes());
    hex::encode(mac.finalize().into_bytes()) == seen.header("x-signature")
}

/// The same, with the headers beside it.
pub(crate) fn signature_holds(seen: &Seen) -> bool {
    is_signed(seen)
        && seen.header("x-channel-id") == "lifeline-test"
        && seen.header("x-timestamp") == NOW_S.to_string()
        && !seen.header("x-request-id").is_empty()
}

pub(crate) fn marketing(responder: &Responder) -> Marketing {
    marketing_at(&responder.base)
}

fn marketing_at(base: &str) -> Marketing {
    let address = Address::parse(&format!("{base}/mkt/v1"), true).expect("an address");
    let rules = CallRules::within(Duration::from_millis(400));
    let entropy = Arc::new(Counting::default());
    Marketing::new(address, line_keys(), rules, Arc::new(Fixed), entropy).expect("a client")
}

pub(crate) fn number() -> ConsumerNo {
    ConsumerNo::parse("1500000004321").expect("a number")
}

pub(crate) fn refusal(status: u16, code: &str) -> Act {
    let body = json!({
        "code": code, "message_for_user": "SELECT * FROM C_CONS WHERE CONS_NO='1500000004321'",
        "retryable": false, "trace_id": "t",
    });
    Act::Answer(status, body.to_string())
}

fn posting() -> Posting {
    Posting {
        channel_txn_no: TXN.into(),
        consumer_no: number(),
        amount: Fen::new(12_840),
        paid_at: Time::from_micros(NOW_S * 1_000_000),
        purpose: "arrears",
        arrears_version: Some("v7".into()),
    }
}

fn posted() -> Value {
    json!({
        "state": "POSTED", "fenced": false, "mkt_txn_no": "M1", "consumer_no": "1500000004321", "amount_fen": 12840,
        "paid_at": "2026-11-20T10:00:00+08:00", "business_date": "2026-11-20",
        "posted_at": "2026-11-20T10:00:02+08:00", "allocations": [], "prepaid_fen": 0,
    })
}

fn is_ours(reply: &Result<PostingReply, NoAnswer>) -> bool {
    matches!(reply, Ok(PostingReply::Posted(line))
        if line.consumer_no == number() && line.amount == Fen::new(12_840) && line.mkt_txn_no == "M1")
}

#[tokio::test]
async fn a_repeated_posting_has_the_same_bytes_and_a_fresh_signature() {
    let responder = Responder::start(|_| Act::Answer(201, posted().to_string()));
    let system = marketing(&responder);
    let body = system.posting_body(&posting());
    for _ in 0..2 {
        assert!(is_ours(&system.post(TXN, &body).await));
    }
    let seen = responder.seen();
    assert_eq!(seen.len(), 2);
    for one in &seen {
        assert!(signature_holds(one));
        assert_eq!(one.target, "/mkt/v1/payments");
        assert_eq!(one.header("idempotency-key"), TXN);
        assert_eq!(one.body, body);
    }
    assert_ne!(seen[0].header("x-nonce"), seen[1].header("x-nonce"));
    assert_ne!(seen[0].header("x-signature"), seen[1].header("x-signature"));
    let fields: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(fields["amount_fen"], 12_840);
    assert_eq!(fields["arrears_version"], "v7");
}

#[tokio::test]
async fn marketing_says_whether_it_can_fence_and_when_its_date_changes() {
    for (fences, time, cutoff) in [
        (true, json!("22:30"), Some("22:30")),
        (false, json!("23:00"), Some("23:00")),
        (true, json!("half past ten"), None),
        (true, json!("22:3\u{0}"), None),
        (true, Value::Null, None),
    ] {
        let body = json!({ "fence": fences, "refund_vouchers": true, "cutoff_time": time });
        let responder = Responder::start(move |_| Act::Answer(200, body.to_string()));
        let said = marketing(&responder).says_of_itself().await;
        let cutoff = cutoff.map(str::to_owned);
        assert_eq!(said, Ok(Said { fences, cutoff }));
        assert_eq!(responder.only().target, "/mkt/v1/capabilities");
    }
    let responder = Responder::start(|_| Act::Answer(200, "{}".to_owned()));
    assert!(marketing(&responder).says_of_itself().await.is_err());
}

#[tokio::test]
async fn a_posting_is_refused_only_by_the_codes_of_table_l() {
    let post = async |status: u16, code: &'static str| {
        let responder = Responder::start(move |_| refusal(status, code));
        marketing(&responder).post(TXN, "{}").await
    };
    let not_payable = |code| Ok(PostingReply::NotPayable { code });
    let unknown = |reason| Err(NoAnswer::Unknown(reason));
    let table = [
        (409, "STALE_ARREARS", Ok(PostingReply::StaleOrMismatch)),
        (409, "AMOUNT_MISMATCH", Ok(PostingReply::StaleOrMismatch)),
        (409, "ALREADY_PAID", not_payable("ALREADY_PAID")),
        (409, "CLOSED_ACCOUNT", not_payable("CLOSED_ACCOUNT")),
        (
            404,
            "CONSUMER_UNAVAILABLE",
            not_payable("CONSUMER_UNAVAILABLE"),
        ),
        (410, "FENCED", Ok(PostingReply::Fenced)),
        (500, "ALREADY_PAID", unknown("upstream_fault")),
        (500, "UPSTREAM_UNKNOWN", unknown("upstream_fault")),
        (503, "MAINTENANCE_WINDOW", unknown("maintenance_window")),
        (429, "RATE_LIMITED", unknown("rate_limited")),
        (409, "CUTOFF_PASSED", unknown("unnamed_code")),
        (418, "TEAPOT", unknown("unnamed_code")),
        (401, "BAD_SIGNATURE", Err(NoAnswer::Alarm("bad_signature"))),
        (401, "REPLAYED", Err(NoAnswer::Alarm("replayed"))),
        (
            409,
            "IDEMPOTENCY_CONFLICT",
            Err(NoAnswer::Alarm("idempotency_conflict")),
        ),
        (422, "INVALID", Err(NoAnswer::Alarm("invalid_request"))),
    ];
    for (status, code, expected) in table {
        let reply = post(status, code).await;
        assert_eq!(reply, expected, "{status} {code}");
        assert!(!format!("{reply:?}").contains("SELECT"));
    }
}

#[tokio::test]
async fn a_lost_or_broken_answer_is_no_answer() {
    let post = async |act: fn(&Seen) -> Act| {
        let responder = Responder::start(act);
        marketing(&responder).post(TXN, "{}").await
    };
    let unknown = |reason| Err(NoAnswer::Unknown(reason));
    assert_eq!(post(|_| Act::Hang).await, unknown("time_out"));
    assert_eq!(post(|_| Act::Drop).await, unknown("connection_lost"));
    let leak = post(|_| Act::Answer(500, "ORA-1: SELECT 1500000004321".into())).await;
    assert_eq!(leak, unknown("upstream_fault"));
    let odd = post(|_| Act::Answer(200, r#"{"state":"NOT_FOUND"}"#.into())).await;
    assert_eq!(odd, unknown("unreadable_reply"));
    let bare = post(|_| Act::Answer(201, r#"{"state":"POSTED"}"#.into())).await;
    assert_eq!(bare, unknown("unreadable_reply"));
    let later = post(|_| Act::Answer(202, r#"{"state":"PROCESSING"}"#.into())).await;
    assert_eq!(later, Ok(PostingReply::Processing));
    let away = marketing_at("http://127.0.0.1:1").post(TXN, "{}").await;
    assert_eq!(away, Err(NoAnswer::NotSent("no_connection")));
}

#[tokio::test]
async fn nobody_is_led_anywhere_by_a_redirect() {
    let elsewhere = Responder::start(|_| Act::Answer(201, "{}".into()));
    let to = elsewhere.base.clone();
    let responder = Responder::start(move |_| Act::Redirect(to.clone()));
    let reply = marketing(&responder).post(TXN, "{}").await;
    assert!(reply.is_err(), "{reply:?}");
    assert_eq!((responder.seen().len(), elsewhere.seen().len()), (1, 0));
}

#[tokio::test]
async fn an_operation_that_keeps_failing_is_left_alone_and_the_others_are_not() {
    let responder = Responder::start(|seen| match seen.method.as_str() {
        "POST" => Act::Answer(500, "{}".into()),
        _ => refusal(404, "NOT_BOUND"),
    });
    let system = marketing(&responder);
    for _ in 0..10 {
        let reply = system.post(TXN, "{}").await;
        assert_eq!(reply, Err(NoAnswer::Unknown("upstream_fault")));
    }
    let left_alone = Err(NoAnswer::NotSent("circuit_open"));
    assert_eq!(system.post(TXN, "{}").await, left_alone);
    assert_eq!(responder.seen().len(), 10, "the eleventh never left");
    for _ in 0..12 {
        // A refusal is an answer: it opens nothing.
        assert!(!matches!(system.get(TXN).await, Err(NoAnswer::NotSent(_))));
    }
}

#[tokio::test]
async fn a_query_and_a_fence_are_read_in_the_words_of_table_l() {
    let state = |state: &str, fenced: bool| json!({ "state": state, "fenced": fenced }).to_string();
    let table = [
        (state("NOT_FOUND", false), Ok(PostingReply::NotFound)),
        (state("NOT_FOUND", true), Ok(PostingReply::Fenced)),
        (state("PROCESSING", false), Ok(PostingReply::Processing)),
        (state("REVERSED", false), Ok(PostingReply::Reversed)),
        (
            state("EATEN", false),
            Err(NoAnswer::Unknown("unreadable_reply")),
        ),
    ];
    for (body, expected) in table {
        let answer = body.clone();
        let responder = Responder::start(move |_| Act::Answer(200, answer.clone()));
        let system = marketing(&responder);
        assert_eq!(system.get(TXN).await, expected, "GET {body}");
        assert_eq!(system.fence(TXN).await, expected, "fence {body}");
        let seen = responder.seen();
        assert!(seen.iter().all(signature_holds));
        assert_eq!(seen[0].target, format!("/mkt/v1/payments/{TXN}"));
        assert_eq!(seen[1].target, format!("/mkt/v1/payments/{TXN}/fence"));
        assert_eq!(seen[1].body, "{}");
    }
}

#[tokio::test]
async fn a_fence_that_came_too_late_is_followed_by_a_read() {
    let responder = Responder::start(|seen| match seen.method.as_str() {
        "POST" => Act::Answer(200, r#"{"state":"POSTED","fenced":false}"#.into()),
        _ => Act::Answer(200, posted().to_string()),
    });
    let system = marketing(&responder);
    assert!(is_ours(&system.fence(TXN).await));
    assert!(is_ours(&system.fence(TXN).await));
    let seen = responder.seen();
    assert_eq!(seen.len(), 4);
    // A fence asked again must be worked again, not answered from a stored reply.
    assert_ne!(
        seen[0].header("idempotency-key"),
        seen[2].header("idempotency-key")
    );
}

#[tokio::test]
async fn reversal_and_voucher() {
    let reverse = async |status: u16, body: Value| {
        let responder = Responder::start(move |_| Act::Answer(status, body.to_string()));
        let reply = marketing(&responder).reverse(TXN, "V1").await;
        assert_eq!(responder.only().header("idempotency-key"), "V1");
        reply
    };
    let done = reverse(200, json!({"state": "REVERSED", "reversal_no": "V1"})).await;
    assert_eq!(done, Ok(ReversalReply::Reversed));
    let late = reverse(409, json!({"code": "CUTOFF_PASSED"})).await;
    assert_eq!(late, Ok(ReversalReply::CutoffPassed));
    let part = reverse(409, json!({"code": "AMOUNT_MISMATCH"})).await;
    assert_eq!(part, Ok(ReversalReply::Refused));
    let other = reverse(404, json!({"code": "CONSUMER_UNAVAILABLE"})).await;
    assert_eq!(other, Err(NoAnswer::Unknown("unnamed_code")));

    let voucher = async |state: &str, refund_no: &str, amount: i64| {
        let body = json!({"state": state, "refund_no": refund_no, "amount_fen": amount});
        let responder = Responder::start(move |_| Act::Answer(200, body.to_string()));
        marketing(&responder)
            .refund_voucher(TXN, "F1", Fen::new(500))
            .await
    };
    assert_eq!(
        voucher("APPROVED", "F1", 500).await,
        Ok(VoucherReply::Approved)
    );
    assert_eq!(
        voucher("PENDING", "F1", 500).await,
        Ok(VoucherReply::Pending)
    );
    assert_eq!(
        voucher("REFUSED", "F1", 500).await,
        Ok(VoucherReply::Refused)
    );
    let foreign = Err(NoAnswer::Alarm("reply_about_another_refund"));
    assert_eq!(voucher("APPROVED", "F2", 500).await, foreign);
    assert_eq!(voucher("APPROVED", "F1", 501).await, foreign);
}

#[tokio::test]
async fn a_days_file_is_believed_about_the_number_and_the_date_that_were_asked() {
    let said = async |date: &str, number: &str, closed: bool, named: bool| {
        let body = json!({
            "business_date": date, "channel_txn_no": number, "closed": closed, "named": named,
        });
        let responder = Responder::start(move |_| Act::Answer(200, body.to_string()));
        let reply = marketing(&responder).filed("2026-11-20", TXN).await;
        let target = format!("/mkt/v1/reconciliations/2026-11-20/postings/{TXN}");
        assert_eq!(responder.only().target, target);
        reply
    };
    let ours = async |closed: bool, named: bool| said("2026-11-20", TXN, closed, named).await;
    assert_eq!(ours(true, false).await, Ok(Filed::Absent));
    assert_eq!(ours(false, false).await, Ok(Filed::NotYet));
    assert_eq!(ours(true, true).await, Ok(Filed::Named));
    assert_eq!(ours(false, true).await, Ok(Filed::Named));
    let foreign = Err(NoAnswer::Alarm("reply_about_another_posting"));
    assert_eq!(said("2026-11-21", TXN, true, false).await, foreign);
    assert_eq!(said("2026-11-20", "LL0", true, false).await, foreign);
    let responder = Responder::start(|_| Act::Answer(404, "{}".to_owned()));
    let without = marketing(&responder).filed("2026-11-20", TXN).await;
    assert!(without.is_err(), "a marketing without files: {without:?}");
}

#[tokio::test]
async fn personal_fields_leave_sealed_and_come_back_sealed() {
    let responder = Responder::start(|seen| match seen.target.as_str() {
        "/mkt/v1/identity-matches" => Act::Answer(
            200,
            json!({"level": "FULL", "candidates": [{
                "match_token": "tok", "consumer_no_masked": "*********4321", "holder_masked": "*明",
                "address_masked": "赤峰市***", "role": "HOLDER",
            }]})
            .to_string(),
        ),
        _ => Act::Answer(
            200,
            json!({ "mobile_enc": sealed("mobile_enc", "19000000001") }).to_string(),
        ),
    });
    let archive = marketing(&responder);
    let (name, id_no, phone) = (
        PersonName::parse("李明").unwrap(),
        IdNo::parse("150499199001010014").unwrap(),
        Phone::parse("19000000001").unwrap(),
    );
    let found = archive
        .match_identity(Some(&name), Some(&id_no), Some(&phone), "consent-1")
        .await
        .unwrap();
    assert_eq!(found.level, MatchLevel::Full);
    assert_eq!(found.candidates[0].archive_token, "tok");
    let sent: Value = serde_json::from_str(&responder.only().body).unwrap();
    let field = |name: &str| opened(name, sent[name].as_str().unwrap());
    assert_eq!(field("name_enc"), "李明");
    assert_eq!(field("id_no_enc"), "150499199001010014");
    assert_eq!(field("mobile_enc"), "19000000001");
    for clear in ["李明", "150499199001010014", "19000000001"] {
        assert!(!responder.only().body.contains(clear));
    }
    let back = archive.archived_mobile(&number()).await.unwrap();
    assert_eq!(back.expose(), "19000000001");
}

#[tokio::test]
async fn a_field_sealed_for_another_name_does_not_open() {
    let responder = Responder::start(|_| {
        Act::Answer(
            200,
            json!({ "mobile_enc": sealed("id_no_enc", "19000000001") }).to_string(),
        )
    });
    let answer = marketing(&responder).archived_mobile(&number()).await;
    assert!(matches!(
        answer,
        Err(ArchiveError::NoAnswer(NoAnswer::Unknown(
            "unreadable_reply"
        )))
    ));
}

#[tokio::test]
async fn unknown_foreign_and_wrong_proof_are_one_answer() {
    for (status, code) in [(404, "CONSUMER_UNAVAILABLE"), (409, "MATCH_TOKEN_SPENT")] {
        let responder = Responder::start(move |_| refusal(status, code));
        let archive = marketing(&responder);
        let proof = ArchiveProof::IdLast6("010014".into());
        let by_proof = archive.verify_proof(&number(), &proof).await;
        assert!(matches!(by_proof, Err(ArchiveError::CannotConfirm)));
        let by_token = archive.verify_token("tok").await;
        assert!(matches!(by_token, Err(ArchiveError::CannotConfirm)));
    }
    let responder = Responder::start(|_| refusal(503, "MAINTENANCE_WINDOW"));
    let answer = marketing(&responder).verify_token("tok").await;
    assert!(matches!(answer, Err(ArchiveError::NoAnswer(_))));
}
