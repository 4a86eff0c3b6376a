//! A payment out of the ordinary: nothing is ordered until a code to the payer's own phone says that it is
//! them, and then exactly what the code was asked for, once.

use libtest_mimic::Failed;
use lifeline_tests::{Answer, Demo, Engine, Phone};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::fixtures::BOTH;
use crate::privacy::code_on;
use crate::{Body, run};

const PHONE: &str = "19000000001";
/// From a home that was just linked, so much in a day is still ordinary.
const ORDINARY_FEN: i64 = 100_000;

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "ec_27_a_payment_out_of_the_ordinary_wants_a_code_for_just_this_sum",
        BOTH,
        unusual,
    )]
}

async fn order(phone: &Phone, home: &str, fen: i64, key: &str) -> Answer {
    let body = json!({"binding_id": home, "purpose": "top_up", "amount_fen": fen, "via": "mini"});
    let key = [("idempotency-key", key)];
    let post = reqwest::Method::POST;
    phone.send(post, "/v1/payments", Some(&body), &key).await
}

fn wants_a_code(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text);
    assert_eq!(answer.code(), "STEP_UP_REQUIRED");
}

async fn ordered(phone: &Phone, home: &str) -> usize {
    let orders = phone.get(&format!("/v1/bindings/{home}/payments")).await;
    assert_eq!(orders.status, StatusCode::OK, "{}", orders.text);
    orders.json()["items"].as_array().map_or(0, Vec::len)
}

fn unusual(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let ordinary = ORDINARY_FEN.to_string();
        let settings = [("LIFELINE__LIMITS__STEP_UP_NEW_FEN", ordinary.as_str())];
        let demo = Demo::start_with(engine, &settings).await;
        let phone = Phone::sign_in(&demo, "li-ming").await;
        let homes = phone.link_all().await;
        let home = homes[0].as_str();
        let sum = ORDINARY_FEN + 1;
        wants_a_code(&order(&phone, home, sum, "unusual-0000000001").await);
        assert_eq!(ordered(&phone, home).await, 0);
        let items: Value = json!([{"binding_id": home, "amount_fen": sum}]);
        let about = json!({"purpose": "pay", "items": items});
        let asked = phone.post("/v1/otps", &about).await;
        assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text);
        let otp = code_on(&phone, PHONE, "确认大额支付").await;
        let typed = json!({"otp": otp});
        let stepped = phone.post("/v1/sessions/current/step-up", &typed).await;
        assert_eq!(stepped.status, StatusCode::OK, "{}", stepped.text);
        let stepped = stepped.json();
        assert_eq!(stepped["purpose"], "pay");
        let owner = phone.clone().with_token(stepped["access_token"].as_str());
        wants_a_code(&order(&owner, home, sum + 1, "unusual-0000000002").await);
        let made = order(&owner, home, sum, "unusual-0000000001").await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        assert_eq!(made.json()["amount_fen"], sum);
        let again = order(&owner, home, sum, "unusual-0000000001").await;
        assert_eq!(again.text, made.text, "a repeat is the same order");
        wants_a_code(&order(&owner, home, sum, "unusual-0000000003").await);
        assert_eq!(ordered(&owner, home).await, 1);
    })
}
