//! 64 identical creates at once through two gateway processes: one order, 64 identical answers.

use std::collections::HashSet;
use std::sync::Arc;

use libtest_mimic::Failed;
use lifeline_tests::{Demo, Engine, Phone};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::sync::Barrier;

use crate::fixtures::POSTGRES;
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![
        (
            "sixty_four_identical_creates_are_one_order",
            POSTGRES,
            identical_creates,
        ),
        (
            "an_ended_session_ends_on_the_other_gateway",
            POSTGRES,
            revocation_reaches_the_other_node,
        ),
    ]
}

fn identical_creates(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let first = Demo::start(engine).await;
        let second = first.second_gateway();
        let phone = Phone::sign_in(&first, "li-ming").await;
        let home = phone.link_all().await.remove(0);
        let body = phone.arrears_order(&home).await;
        let start = Arc::new(Barrier::new(64));
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..64 {
            let phone = if number % 2 == 0 {
                phone.clone()
            } else {
                phone.at(&second)
            };
            let (body, start) = (body.clone(), Arc::clone(&start));
            tasks.spawn(async move {
                start.wait().await;
                let key = [("idempotency-key", "sixty-four-at-once")];
                phone
                    .send(Method::POST, "/v1/payments", Some(&body), &key)
                    .await
            });
        }
        let mut answers = HashSet::new();
        let mut payment = serde_json::Value::Null;
        while let Some(answer) = tasks.join_next().await {
            let answer = answer.expect("the task");
            assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
            payment = answer.json();
            answers.insert(answer.text);
        }
        assert_eq!(answers.len(), 1, "the answers differ");
        let trades = phone.sandbox_get("/sim/alipay/trades").await;
        assert_eq!(
            trades.as_array().map(Vec::len),
            Some(1),
            "the channel saw several orders"
        );
        assert_eq!(trades[0]["out_trade_no"], payment["out_trade_no"]);
        phone.pay_and_rest(&payment, "POSTED").await;
        let key = [("idempotency-key", "sixty-four-at-once")];
        let mut other = body.clone();
        other["amount_fen"] = json!(1);
        let reused = phone
            .send(Method::POST, "/v1/payments", Some(&other), &key)
            .await;
        assert_eq!(reused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(reused.code(), "IDEMPOTENCY_KEY_REUSED");
        assert!(
            reused.text.contains("amount_fen"),
            "the differing field is not named"
        );
    })
}

fn revocation_reaches_the_other_node(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let first = Demo::start(engine).await;
        let second = first.second_gateway();
        let phone = Phone::sign_in(&first, "li-ming").await;
        let elsewhere = phone.at(&second);
        assert_eq!(elsewhere.get("/v1/me").await.status, StatusCode::OK);
        let ended = phone
            .send(Method::DELETE, "/v1/sessions/current", None, &[])
            .await;
        assert_eq!(ended.status, StatusCode::NO_CONTENT);
        let began = std::time::Instant::now();
        ends_within_a_second(&elsewhere, began).await;
        let again = Phone::sign_in(&first, "li-ming").await;
        let other = Phone::sign_in(&first, "li-ming").await;
        let sessions = again.get("/v1/sessions").await.json();
        let listed = sessions["items"].as_array().expect("sessions");
        assert!(listed.len() >= 2, "{sessions}");
        // Ended from the list of another device: there, and on both gateways.
        let own = other.get("/v1/sessions").await.json();
        let own = own["items"].as_array().expect("sessions");
        let current = own.iter().find(|one| one["current"] == true);
        let id = current.expect("its own")["session_id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let ended = again
            .send(Method::DELETE, &format!("/v1/sessions/{id}"), None, &[])
            .await;
        assert_eq!(ended.status, StatusCode::NO_CONTENT, "{}", ended.text);
        let began = std::time::Instant::now();
        ends_within_a_second(&other.at(&second), began).await;
        assert_ne!(other.get("/v1/me").await.status, StatusCode::OK);
        assert_eq!(again.at(&second).get("/v1/me").await.status, StatusCode::OK);
    })
}

async fn ends_within_a_second(phone: &Phone, began: std::time::Instant) {
    loop {
        let asked = began.elapsed();
        if phone.get("/v1/me").await.status != StatusCode::OK {
            return;
        }
        assert!(
            asked.as_millis() < 1_000,
            "a node trusts the token after {} ms",
            asked.as_millis()
        );
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
