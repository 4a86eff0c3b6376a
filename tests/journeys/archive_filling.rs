//! A gap in the utility's archive is filled from the holder's certified data, judged from the
//! utility's side.

use std::time::Duration;

use libtest_mimic::Failed;
use lifeline_tests::{Demo, Engine, Looks, Phone};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::fixtures::BOTH;
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "ln_45_a_gap_of_the_archive_is_filled_once_though_the_answer_is_lost",
        BOTH,
        filled_once,
    )]
}

/// The home whose archive lacks the mobile, and the phone of its holder.
const GAP: &str = "1504010020165";
const HOLDER_PHONE: &str = "19000000015";

async fn at_the_utility(phone: &Phone) -> Value {
    let consumer = phone
        .sandbox_get(&format!("/sim/marketing/consumers/{GAP}"))
        .await;
    consumer["archive"].clone()
}

/// The home of the gap among the linked ones.
async fn home_with_the_gap(phone: &Phone) -> String {
    for home in phone.link_all().await {
        let detail = phone.get(&format!("/v1/bindings/{home}")).await.json();
        let masked = detail["consumer_no_masked"].as_str().unwrap_or_default();
        if GAP.ends_with(masked.trim_start_matches('*')) {
            return home;
        }
    }
    panic!("the home is not linked");
}

async fn agree(phone: &Phone) {
    let shown = phone.get("/v1/me/consents").await.json();
    let items = shown["items"].as_array().cloned().unwrap_or_default();
    let wanted = items
        .iter()
        .find(|item| item["purpose"] == "archive_update")
        .expect("the consent");
    let body = json!({"purpose": "archive_update", "version": wanted["version"]});
    let given = phone.post("/v1/me/consents", &body).await;
    assert_eq!(given.status, StatusCode::CREATED, "{}", given.text);
}

/// The code an SMS brought; looks again while it is under way.
async fn code_on_the_phone(phone: &Phone) -> String {
    let asked = json!({"purpose": "verify_phone", "phone": HOLDER_PHONE});
    let promised = phone.post("/v1/otps", &asked).await;
    assert_eq!(promised.status, StatusCode::ACCEPTED, "{}", promised.text);
    let mut looks = Looks::every(Duration::from_millis(25));
    while looks.again().await {
        let inbox = phone
            .sandbox_get(&format!("/sim/sms?phone={HOLDER_PHONE}"))
            .await;
        let last = inbox.as_array().and_then(|all| all.last()).cloned();
        let text = last.map(|one| one["text"].as_str().unwrap_or_default().to_owned());
        let digits = text
            .as_deref()
            .and_then(|text| text.split("验证码 ").nth(1));
        if let Some(code) = digits.and_then(|rest| rest.get(..6)) {
            return code.to_owned();
        }
    }
    panic!("no code came");
}

async fn settled(phone: &Phone, path: &str) -> Value {
    let mut looks = Looks::every(Duration::from_millis(25));
    while looks.again().await {
        let now = phone.get(path).await.json();
        if now["state"] == "settled" {
            return now;
        }
        if looks.is_last_of(40) {
            phone.sandbox("/sim/clock", &json!({"advance_s": 5})).await;
        }
    }
    panic!("the offer was never settled");
}

fn filled_once(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let phone = Phone::sign_in(&demo, "gao-yun").await;
        let home = home_with_the_gap(&phone).await;
        let path = format!("/v1/bindings/{home}/archive-filling");
        let before = at_the_utility(&phone).await;
        assert_eq!(before["has_mobile"], false);
        let none = phone.get(&path).await;
        assert_eq!(none.json()["state"], "none", "{}", none.text);
        let refused = phone.post(&path, &json!({})).await;
        assert_eq!(refused.code(), "CONSENT_REQUIRED", "{}", refused.text);
        agree(&phone).await;
        let fault = json!({"target": "marketing", "route": "PATCH /consumers/{no}/archive",
            "kind": "TIMEOUT_AFTER_COMMIT", "count": 1, "seed": 7});
        phone.sandbox("/sim/faults", &fault).await;
        let code = code_on_the_phone(&phone).await;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let refused = phone.post(&path, &json!({"otp": wrong})).await;
        assert_eq!(refused.code(), "OTP_WRONG", "{}", refused.text);
        let asked = phone.post(&path, &json!({"otp": code})).await;
        assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text);
        let settled = settled(&phone, &path).await;
        let fields = json!([
            {"name": "id_no", "result": "same"},
            {"name": "mobile", "result": "filled"},
            {"name": "name", "result": "same"},
        ]);
        assert_eq!(settled["fields"], fields);
        assert_eq!(at_the_utility(&phone).await["has_mobile"], true);
        let faults = phone.sandbox_get("/sim/faults").await;
        let hits = faults["items"][0]["hits"].as_i64();
        assert_eq!(hits, Some(1), "the fault never acted: {faults}");
        strangers(&demo, &path).await;
    })
}

/// Another person's path to the same home leads nowhere.
async fn strangers(demo: &Demo, path: &str) {
    let stranger = Phone::sign_in(demo, "li-ming").await;
    for answer in [
        stranger.get(path).await,
        stranger.post(path, &json!({})).await,
    ] {
        assert_eq!(answer.code(), "NOT_FOUND", "{}", answer.text);
    }
}
