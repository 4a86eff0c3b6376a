//! The on-line State Grid user system holds what is true here once its faults are over, judged from its
//! own books.

use std::time::Duration;

use libtest_mimic::Failed;
use lifeline_tests::{Demo, Engine, Looks, Phone};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::fixtures::BOTH;
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "ln_49_after_faults_the_user_systems_view_equals_ours",
        BOTH,
        view_equals_ours,
    )]
}

const MOBILE: &str = "19000000002";
const HOMES: [&str; 2] = ["1504010020025", "1504010020033"];

/// The channel users gathered under the person's mobile.
async fn held(phone: &Phone) -> Vec<Value> {
    let all = phone.sandbox_get("/sim/user-system/users").await;
    let items = all["items"].as_array().cloned().unwrap_or_default();
    let ours = items.into_iter().find(|item| item["mobile"] == MOBILE);
    ours.and_then(|item| item["channel_users"].as_array().cloned())
        .unwrap_or_default()
}

fn numbers(user: &Value) -> Vec<String> {
    let bindings = user["bindings"].as_array().cloned().unwrap_or_default();
    let mut numbers: Vec<String> = bindings
        .iter()
        .map(|one| one["consumer_no"].as_str().unwrap_or_default().to_owned())
        .collect();
    numbers.sort();
    numbers
}

/// Waits until the view has exactly these homes; none is nobody.
async fn becomes(phone: &Phone, wanted: Option<&[&str]>) -> Option<Value> {
    let mut looks = Looks::every(Duration::from_millis(25));
    while looks.again().await {
        let held = held(phone).await;
        match (held.as_slice(), wanted) {
            ([], None) => return None,
            ([user], Some(wanted)) if numbers(user) == wanted => return Some(user.clone()),
            _ => {}
        }
        if looks.is_last_of(40) {
            phone.sandbox("/sim/clock", &json!({"advance_s": 10})).await;
        }
    }
    panic!("the view never became {wanted:?}");
}

async fn consent(phone: &Phone) -> Value {
    let shown = phone.get("/v1/me/consents").await.json();
    let items = shown["items"].as_array().cloned().unwrap_or_default();
    let found = items.iter().find(|item| item["purpose"] == "user_system");
    found.cloned().expect("the consent")
}

async fn plan(phone: &Phone, route: &str, kind: &str) {
    let fault =
        json!({"target": "user_system", "route": route, "kind": kind, "count": 1, "seed": 7});
    phone.sandbox("/sim/faults", &fault).await;
}

/// Every planned fault acted.
async fn all_struck(phone: &Phone, planned: usize) {
    let faults = phone.sandbox_get("/sim/faults").await;
    let items = faults["items"].as_array().cloned().unwrap_or_default();
    assert_eq!(items.len(), planned);
    for fault in &items {
        assert_eq!(fault["hits"], 1, "{faults}");
    }
}

fn view_equals_ours(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let phone = Phone::sign_in(&demo, "wang-fang").await;
        let homes = phone.link_all().await;
        assert_eq!(homes.len(), 2);
        assert!(held(&phone).await.is_empty(), "nobody is told of unasked");
        plan(&phone, "POST /channel-users/{id}/registrations", "HTTP_500").await;
        plan(&phone, "POST /channel-users/{id}/registrations", "LATENCY").await;
        plan(
            &phone,
            "POST /channel-users/{id}/bindings",
            "TIMEOUT_AFTER_COMMIT",
        )
        .await;
        let version = consent(&phone).await["version"].clone();
        let body = json!({"purpose": "user_system", "version": version});
        let given = phone.post("/v1/me/consents", &body).await;
        assert_eq!(given.status, StatusCode::CREATED, "{}", given.text);
        let user = becomes(&phone, Some(&HOMES)).await.expect("a user");
        all_struck(&phone, 3).await;
        assert_eq!(user["name"], "王芳");
        let roles = user["bindings"].as_array().cloned().unwrap_or_default();
        assert!(roles.iter().all(|one| one["role"] == "holder"), "{user}");
        left_and_lost(&phone, &homes, &user).await;
        // The time machine outlived the token.
        let phone = Phone::sign_in(&demo, "wang-fang").await;
        let body = json!({"purpose": "user_system"});
        let gone = phone
            .send(Method::DELETE, "/v1/me/consents", Some(&body), &[])
            .await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text);
        becomes(&phone, None).await;
    })
}

/// One home is left while an answer is lost; then the user system loses what it held.
async fn left_and_lost(phone: &Phone, homes: &[String], user: &Value) {
    plan(
        phone,
        "POST /channel-users/{id}/unbindings",
        "TIMEOUT_AFTER_COMMIT",
    )
    .await;
    let left = homes.first().expect("a home");
    let path = format!("/v1/bindings/{left}");
    let ended = phone.send(Method::DELETE, &path, None, &[]).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT, "{}", ended.text);
    let bindings = user["bindings"].as_array().cloned().unwrap_or_default();
    let stays = bindings
        .iter()
        .find(|one| one["binding_id"] != left.as_str());
    let stays = stays.and_then(|one| one["consumer_no"].as_str());
    let stays = [stays.expect("the other home")];
    becomes(phone, Some(&stays)).await;
    all_struck(phone, 4).await;
    let lost = json!({"channel_user_id": user["channel_user_id"]});
    phone.sandbox("/sim/user-system/lose", &lost).await;
    becomes(phone, Some(&[])).await;
    phone
        .sandbox("/sim/clock", &json!({"advance_s": 86_500}))
        .await;
    becomes(phone, Some(&stays)).await;
}
