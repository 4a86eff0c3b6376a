//! A person's rights over HTTP: nothing without a step-up, everything in the file, nobody left afterwards.

use std::time::Duration;

use libtest_mimic::Failed;
use lifeline_tests::{Answer, Demo, Engine, Looks, Phone};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::fixtures::BOTH;
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![
        ("an_export_is_the_owners_once_a_day", BOTH, export),
        ("an_erased_person_is_gone_after_15_days", BOTH, erasure),
    ]
}

const PHONE: &str = "19000000001";
const ID_NO: &str = "150499199001010014";

async fn send(phone: &Phone, method: Method, path: &str) -> Answer {
    phone.send(method, path, None, &[]).await
}

/// The code that came for a purpose, as the phone of this number shows it.
pub(crate) async fn code_on(phone: &Phone, number: &str, words: &str) -> String {
    let mut looks = Looks::every(Duration::from_millis(250));
    while looks.again().await {
        let inbox = phone.sandbox_get(&format!("/sim/sms?phone={number}")).await;
        let shown = inbox.to_string();
        let found = shown.split("验证码 ").skip(1).filter(|text| {
            text.split("请勿")
                .next()
                .is_some_and(|text| text.contains(words))
        });
        if let Some(code) = found.last().and_then(|text| text.get(..6)) {
            return code.to_owned();
        }
    }
    panic!("no code for {words} came");
}

/// The same person, under the token that may do the one thing.
async fn stepped_up(phone: &Phone, purpose: &str, words: &str) -> Phone {
    stepped_up_on(phone, PHONE, purpose, words).await
}

/// Everything that is known of a person, by a code to the phone of this number.
pub(crate) async fn exported(phone: &Phone, number: &str) -> Answer {
    let owner = stepped_up_on(phone, number, "export", "导出全部个人信息").await;
    let made = send(&owner, Method::POST, "/v1/me/export/document-links").await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let url = made.json()["url"].as_str().expect("a url").to_owned();
    phone.clone().with_token(None).get(&url).await
}

async fn stepped_up_on(phone: &Phone, number: &str, purpose: &str, words: &str) -> Phone {
    let asked = phone.post("/v1/otps", &json!({"purpose": purpose})).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text);
    let otp = code_on(phone, number, words).await;
    let stepped = phone
        .post("/v1/sessions/current/step-up", &json!({"otp": otp}))
        .await;
    assert_eq!(stepped.status, StatusCode::OK, "{}", stepped.text);
    let stepped = stepped.json();
    assert_eq!(stepped["purpose"], purpose);
    phone.clone().with_token(stepped["access_token"].as_str())
}

fn refused(answer: &Answer, status: StatusCode, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.code(), code);
}

fn export(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let phone = Phone::sign_in(&demo, "li-ming").await;
        let homes = phone.link_all().await;
        let link = "/v1/me/export/document-links";
        let early = send(&phone, Method::POST, link).await;
        refused(&early, StatusCode::FORBIDDEN, "STEP_UP_REQUIRED");
        let owner = stepped_up(&phone, "export", "导出全部个人信息").await;
        let old_token = send(&phone, Method::POST, link).await;
        refused(&old_token, StatusCode::FORBIDDEN, "STEP_UP_REQUIRED");
        let other_act = send(&owner, Method::DELETE, "/v1/me").await;
        refused(&other_act, StatusCode::FORBIDDEN, "STEP_UP_REQUIRED");
        let made = send(&owner, Method::POST, link).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        let url = made.json()["url"].as_str().expect("a url").to_owned();
        let anybody = phone.clone().with_token(None);
        let told = anybody.get(&url).await;
        assert_eq!(told.status, StatusCode::OK, "{}", told.text);
        for (header, value) in [
            ("cache-control", "no-store"),
            (
                "content-disposition",
                "attachment; filename=\"my-data.json\"",
            ),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(told.headers[header], value);
        }
        let document = told.json();
        assert_eq!(document["account"]["items"][0]["id_no"], ID_NO);
        assert_eq!(document["account"]["items"][0]["phone"], PHONE);
        let told_homes = document["homes"]["items"].as_array().map_or(0, Vec::len);
        assert_eq!(told_homes, homes.len());
        let consents = &document["consents"]["items"];
        assert_eq!(consents[0]["purpose"], "identity_match");
        let again = anybody.get(&url).await;
        refused(&again, StatusCode::GONE, "DOCUMENT_GONE");
        let made_up = anybody.get("/v1/me/export?ticket=made-up").await;
        refused(&made_up, StatusCode::GONE, "DOCUMENT_GONE");
        let used_up = send(&owner, Method::POST, link).await;
        refused(&used_up, StatusCode::FORBIDDEN, "STEP_UP_REQUIRED");
        assert!(
            !demo.log().contains(&url[url.len() - 20..]),
            "the ticket is in the log"
        );
    })
}

fn erasure(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let phone = Phone::sign_in(&demo, "li-ming").await;
        phone.link_all().await;
        let early = send(&phone, Method::DELETE, "/v1/me").await;
        refused(&early, StatusCode::FORBIDDEN, "STEP_UP_REQUIRED");
        let owner = stepped_up(&phone, "erase", "注销并删除个人信息").await;
        let former = owner.get("/v1/me").await.json();
        let asked = send(&owner, Method::DELETE, "/v1/me").await;
        assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text);
        assert_eq!(asked.json()["state"], "cooling");
        let other = Phone::sign_in(&demo, "wang-fang").await;
        assert_eq!(other.get("/v1/me/erasure").await.json()["state"], "none");
        let foreign = send(&other, Method::DELETE, "/v1/me/erasure").await;
        refused(&foreign, StatusCode::NOT_FOUND, "NOT_FOUND");
        phone
            .sandbox("/sim/clock", &json!({"advance_s": 15 * 86_400 + 3_600}))
            .await;
        gone(&demo, &owner, &former).await;
    })
}

/// Signs in until the job has erased the former account: then it is somebody new who comes.
async fn gone(demo: &Demo, owner: &Phone, former: &Value) {
    let mut anew = Phone::sign_in(demo, "li-ming").await;
    let mut me = anew.get("/v1/me").await.json();
    let mut looks = Looks::every(Duration::from_millis(250));
    while me["account_id"] == former["account_id"] {
        assert!(looks.again().await, "nobody new came");
        anew = Phone::sign_in(demo, "li-ming").await;
        me = anew.get("/v1/me").await.json();
    }
    let homes = anew.get("/v1/bindings").await.json();
    assert_eq!(homes["items"], json!([]), "nothing of the former account");
    let old = owner.get("/v1/me").await;
    assert_eq!(old.status, StatusCode::UNAUTHORIZED, "{}", old.text);
}
