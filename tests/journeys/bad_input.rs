//! Bad input: the right problem code, no state change, no 5xx.

use libtest_mimic::Failed;
use lifeline_tests::phone::Answer;
use lifeline_tests::{Demo, Engine, Phone};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::fixtures::BOTH;
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![
        ("bad_bodies_have_their_codes", BOTH, bad_bodies),
        (
            "an_id_number_with_a_wrong_check_digit_changes_nothing",
            BOTH,
            wrong_check_digit,
        ),
        ("bad_tokens_have_their_codes", BOTH, bad_tokens),
        (
            "foreign_and_unknown_are_the_same_answer",
            BOTH,
            foreign_and_unknown,
        ),
        ("bad_notices_change_nothing", BOTH, bad_notices),
    ]
}

fn refused(answer: &Answer, status: StatusCode, code: &str) {
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (status, code),
        "{}",
        answer.text
    );
    let kind = answer
        .headers
        .get("content-type")
        .and_then(|value| value.to_str().ok());
    assert_eq!(kind, Some("application/problem+json"));
    assert_eq!(answer.json()["trace_id"].as_str().map(str::len), Some(32));
}

/// Sends bytes as the JSON body of a payment.
async fn send(phone: &Phone, body: Vec<u8>) -> Answer {
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", "bad-bodies-000001"),
    ];
    phone
        .raw(Method::POST, "/v1/payments", Some(body), &headers)
        .await
}

/// A good order with one field changed.
fn with(order: &Value, field: &str, value: Value) -> Vec<u8> {
    let mut changed = order.clone();
    changed[field] = value;
    changed.to_string().into_bytes()
}

async fn shapes(phone: &Phone, good: &Value) {
    let unknown = send(phone, with(good, "surprise", json!(1))).await;
    refused(&unknown, StatusCode::BAD_REQUEST, "UNKNOWN_FIELD");
    assert!(unknown.text.contains("surprise"));
    for amount in [json!("12840"), json!(1.5), json!(null)] {
        let answer = send(phone, with(good, "amount_fen", amount)).await;
        refused(&answer, StatusCode::UNPROCESSABLE_ENTITY, "INVALID_FIELD");
    }
    let negative = send(phone, with(good, "amount_fen", json!(-1))).await;
    assert!(negative.status.is_client_error(), "{}", negative.text);
    for bytes in [&b"\xff\xfe{}"[..], b"{", b"[]", b""] {
        refused(
            &send(phone, bytes.to_vec()).await,
            StatusCode::BAD_REQUEST,
            "INVALID_BODY",
        );
    }
    let huge = format!("{{\"x\":\"{}\"}}", "a".repeat(17 * 1024)).into_bytes();
    for bytes in [vec![b'['; 200_000], huge] {
        let answer = send(phone, bytes).await;
        refused(&answer, StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE");
    }
}

async fn headers(phone: &Phone, good: &Value) {
    let plain = [
        ("content-type", "text/plain"),
        ("idempotency-key", "bad-bodies-000002"),
    ];
    let body = good.to_string().into_bytes();
    let answer = phone
        .raw(Method::POST, "/v1/payments", Some(body), &plain)
        .await;
    refused(
        &answer,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_MEDIA_TYPE",
    );
    let answer = phone.post("/v1/payments", good).await;
    refused(&answer, StatusCode::BAD_REQUEST, "IDEMPOTENCY_KEY_MISSING");
    for key in ["short", &"k".repeat(65), "with blank and more"] {
        let key = [("idempotency-key", key)];
        let answer = phone
            .send(Method::POST, "/v1/payments", Some(good), &key)
            .await;
        refused(&answer, StatusCode::BAD_REQUEST, "IDEMPOTENCY_KEY_INVALID");
    }
}

async fn addresses(phone: &Phone, good: &Value, home: &str) {
    let answer = phone
        .send(Method::PUT, "/v1/payments", Some(good), &[])
        .await;
    refused(
        &answer,
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
    );
    refused(
        &phone.get("/v1/nothing").await,
        StatusCode::NOT_FOUND,
        "NOT_FOUND",
    );
    for query in [
        "limit=101",
        "limit=0",
        "limit=x",
        "cursor=AAAA",
        "surprise=1",
    ] {
        let answer = phone
            .get(&format!("/v1/bindings/{home}/bills?{query}"))
            .await;
        refused(&answer, StatusCode::BAD_REQUEST, "INVALID_QUERY");
    }
    let lists = [
        "/v1/sessions".to_owned(),
        format!("/v1/bindings/{home}/outages"),
    ];
    for list in &lists {
        let page = phone.get(list).await.json();
        assert!(page["items"].is_array(), "{page}");
        assert_eq!(page.get("next_cursor"), Some(&Value::Null), "{page}");
    }
    let others = ["/v1/me".to_owned(), format!("/v1/bindings/{home}/arrears")];
    for path in lists.iter().chain(&others) {
        let answer = phone.get(&format!("{path}?surprise=1")).await;
        refused(&answer, StatusCode::BAD_REQUEST, "INVALID_QUERY");
    }
    let bills = format!("/v1/bindings/{home}/bills");
    let first = phone.get(&bills).await;
    let tag = first.headers.get("etag").and_then(|tag| tag.to_str().ok());
    let known = [("if-none-match", tag.expect("a page of bills has a tag"))];
    let again = phone.send(Method::GET, &bills, None, &known).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{}", again.text);
    let manual = json!({"consumer_no": "12", "proof": {"kind": "id_last6", "value": "010014"}});
    let answer = phone.post("/v1/bindings", &manual).await;
    refused(&answer, StatusCode::UNPROCESSABLE_ENTITY, "INVALID_FIELD");
    // In the trace's id these digits may stand by chance.
    assert!(
        !without_trace(&answer).to_string().contains("010014"),
        "the refusal repeats the proof"
    );
}

fn bad_bodies(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let phone = Phone::sign_in(&demo, "li-ming").await;
        let home = phone.link_all().await.remove(0);
        let good = phone.arrears_order(&home).await;
        shapes(&phone, &good).await;
        headers(&phone, &good).await;
        addresses(&phone, &good, &home).await;
        let trades = phone.sandbox_get("/sim/alipay/trades").await;
        assert_eq!(
            trades.as_array().map(Vec::len),
            Some(0),
            "bad input reached the channel"
        );
    })
}

/// More often than checks may be begun in a day: what is no ID number is not laid before anybody, so it
/// does not count either.
fn wrong_check_digit(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let phone = Phone::sign_in(&demo, "he-jie").await;
        let path = "/v1/me/certifications";
        let terms = phone.get(path).await.json()["version"].clone();
        let typed = |id_number: &str| json!({"kind": "certverify", "name": "何洁", "id_number": id_number, "terms_version": terms});
        let right = phone.sandbox_get("/sim/people").await;
        let right = right
            .as_array()
            .and_then(|people| people.iter().find(|one| one["person"] == "he-jie"))
            .and_then(|one| one["id_number"].as_str())
            .map(str::to_owned)
            .expect("he-jie has an ID number");
        let (body, check) = right.split_at(17);
        let wrong = "0123456789X"
            .chars()
            .filter(|digit| !check.contains(*digit));
        let wrong: Vec<String> = wrong.map(|digit| format!("{body}{digit}")).collect();
        let before = phone.get("/v1/me").await.json();
        assert_eq!(wrong.len(), 10, "every other check digit");
        for id_number in wrong.iter().chain([&right[..17].to_owned()]) {
            let answer = phone.post(path, &typed(id_number)).await;
            refused(
                &answer,
                StatusCode::UNPROCESSABLE_ENTITY,
                "ID_NUMBER_INVALID",
            );
            assert!(
                !answer.text.contains(&id_number[6..]),
                "the refusal repeats the number"
            );
        }
        assert_eq!(phone.get("/v1/me").await.json(), before);
        let begun = phone.post(path, &typed(&right)).await;
        assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.text);
    })
}

fn bad_tokens(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let phone = Phone::sign_in(&demo, "li-ming").await;
        let token = phone.token().expect("a token").to_owned();
        let nobody = Phone::new(&demo);
        refused(
            &nobody.get("/v1/me").await,
            StatusCode::UNAUTHORIZED,
            "UNAUTHENTICATED",
        );
        let mut forged = token.clone();
        forged.replace_range(forged.len() - 20.., &"A".repeat(20));
        let none = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.";
        for bad in [forged.as_str(), none, "x", ""] {
            let answer = nobody.clone().with_token(Some(bad)).get("/v1/me").await;
            refused(&answer, StatusCode::UNAUTHORIZED, "UNAUTHENTICATED");
        }
        phone
            .sandbox("/sim/clock", &json!({"advance_s": 15 * 60 + 1}))
            .await;
        refused(
            &phone.get("/v1/me").await,
            StatusCode::UNAUTHORIZED,
            "TOKEN_EXPIRED",
        );
    })
}

fn foreign_and_unknown(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let owner = Phone::sign_in(&demo, "li-ming").await;
        let home = owner.link_all().await.remove(0);
        let stranger = Phone::sign_in(&demo, "wang-fang").await;
        let nowhere = "019aa2f0-0000-7000-8000-0000000000ff";
        let bills = owner.get(&format!("/v1/bindings/{home}/bills")).await;
        let bills = bills.json();
        let newest = bills["items"][0]["period"].as_str().expect("a bill");
        let bill = format!("/bills/{newest}");
        for rest in [
            "",
            "/arrears",
            "/balance",
            "/bills",
            &bill,
            "/usage",
            "/receipts",
            "/payments",
        ] {
            let theirs = owner.get(&format!("/v1/bindings/{home}{rest}")).await;
            assert_eq!(theirs.status, StatusCode::OK, "{rest}: {}", theirs.text);
            let foreign = stranger.get(&format!("/v1/bindings/{home}{rest}")).await;
            let unknown = stranger.get(&format!("/v1/bindings/{nowhere}{rest}")).await;
            refused(&foreign, StatusCode::NOT_FOUND, "NOT_FOUND");
            assert_eq!(without_trace(&foreign), without_trace(&unknown), "{rest}");
        }
        let proof =
            |no: &str| json!({"consumer_no": no, "proof": {"kind": "id_last6", "value": "999999"}});
        let people = owner.sandbox_get("/sim/people").await;
        let real = people[0]["consumer_nos"][0]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let foreign = stranger.post("/v1/bindings", &proof(&real)).await;
        let unknown = stranger.post("/v1/bindings", &proof("1599999999999")).await;
        refused(&foreign, StatusCode::NOT_FOUND, "CANNOT_CONFIRM");
        assert_eq!(without_trace(&foreign), without_trace(&unknown));
        let order = owner.arrears_order(&home).await;
        let key = [("idempotency-key", "foreign-and-unknown")];
        let answer = stranger
            .send(Method::POST, "/v1/payments", Some(&order), &key)
            .await;
        refused(&answer, StatusCode::NOT_FOUND, "NOT_FOUND");
    })
}

fn without_trace(answer: &Answer) -> Value {
    let mut body = answer.json();
    if let Some(object) = body.as_object_mut() {
        object.remove("trace_id");
    }
    body
}

fn bad_notices(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let phone = Phone::sign_in(&demo, "li-ming").await;
        let home = phone.link_all().await.remove(0);
        let order = phone.arrears_order(&home).await;
        let key = [("idempotency-key", "bad-notices-000001")];
        let payment = phone
            .send(Method::POST, "/v1/payments", Some(&order), &key)
            .await
            .json();
        let number = payment["out_trade_no"].as_str().unwrap_or_default();
        let form = format!(
            "notify_id=1&notify_type=trade_status_sync&app_id=2021000000000001&seller_id=2088000000000009\
             &out_trade_no={number}&trade_no=1&trade_status=TRADE_SUCCESS&total_amount=1.00&charset=utf-8\
             &sign_type=RSA2&sign=AAAA"
        );
        let url = format!("{}/v1/callbacks/alipay", demo.address("callback"));
        let http = lifeline_tests::http::client().build().expect("a client");
        let kind = "application/x-www-form-urlencoded; charset=utf-8";
        let bodies = [
            form.clone(),
            format!("{form}&out_trade_no=2"),
            String::new(),
            "%".to_owned(),
            "a".repeat(70_000),
        ];
        for body in bodies {
            let answer = http
                .post(&url)
                .header("content-type", kind)
                .body(body)
                .send()
                .await
                .expect("an answer");
            assert!(!answer.status().is_server_error(), "{}", answer.status());
            assert_ne!(answer.text().await.expect("a body"), "success");
        }
        let path = format!(
            "/v1/payments/{}",
            payment["payment_id"].as_str().unwrap_or_default()
        );
        assert_eq!(phone.get(&path).await.json()["state"], "PAYING");
    })
}
