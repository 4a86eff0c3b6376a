//! Every planned misfortune: what it does, what it leaves behind, and that it is counted only then.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::channel::{Draft, LI_MING, Scene, fen, payment};

const POST: &str = "POST /payments";
const ARREARS: &str = "GET /consumers/{no}/arrears";

async fn plan(scene: &Scene, kind: &str, route: &str) {
    let fault = json!({
        "target": "marketing", "route": route, "kind": kind, "count": 1, "seed": 7,
    });
    scene.plan(fault).await;
}

async fn hits(scene: &Scene) -> i64 {
    fen(&scene.fault().await["hits"])
}

async fn postings(scene: &Scene) -> usize {
    scene.consumer(LI_MING).await["postings"]
        .as_array()
        .unwrap()
        .len()
}

#[tokio::test]
async fn a_timeout_before_leaves_nothing() {
    let scene = Scene::new().await;
    plan(&scene, "TIMEOUT_BEFORE", POST).await;
    let draft = payment("B1", &scene.top_up("B1", LI_MING, 100).await);
    assert_eq!(scene.send_impatiently(&draft).await, None);
    assert_eq!((postings(&scene).await, hits(&scene).await), (0, 1));
    assert_eq!(scene.get("/mkt/v1/payments/B1").await["state"], "NOT_FOUND");
    assert_eq!(scene.send(&draft).await.0, 201, "the resend is the first");
    assert_eq!(hits(&scene).await, 1);
    scene.end().await;
}

#[tokio::test]
async fn a_timeout_after_the_commit_leaves_the_payment() {
    let scene = Scene::new().await;
    plan(&scene, "TIMEOUT_AFTER_COMMIT", POST).await;
    let mut refused = scene.top_up("T0", LI_MING, 100).await;
    refused["arrears_version"] = json!("x");
    assert_eq!(scene.send(&payment("T0", &refused)).await.0, 409);
    assert_eq!(
        hits(&scene).await,
        0,
        "nothing was committed, so the fault did not act"
    );
    let draft = payment("T1", &scene.top_up("T1", LI_MING, 100).await);
    assert_eq!(scene.send_impatiently(&draft).await, None);
    assert_eq!((postings(&scene).await, hits(&scene).await), (1, 1));
    let called = scene.fault().await["calls"][0].clone();
    assert_eq!(
        (&called["route"], &called["call"]),
        (&json!(POST), &json!("T1"))
    );
    assert_eq!(scene.get("/mkt/v1/payments/T1").await["state"], "POSTED");
    assert_eq!(scene.send(&draft).await.0, 200, "the resend is a repeat");
    assert_eq!(postings(&scene).await, 1);
    scene.end().await;
}

#[tokio::test]
async fn a_500_and_a_leak_do_nothing_and_the_leak_shows_what_must_not_travel() {
    let scene = Scene::new().await;
    plan(&scene, "HTTP_500", POST).await;
    let draft = payment("H1", &scene.top_up("H1", LI_MING, 100).await);
    assert_eq!(scene.send(&draft).await.0, 500);
    assert_eq!((postings(&scene).await, hits(&scene).await), (0, 1));
    let everything = format!("{}/sim/faults", scene.sandbox.base_url);
    assert_eq!(
        scene.http.delete(everything).send().await.unwrap().status(),
        204
    );
    plan(&scene, "LEAK_SQL", ARREARS).await;
    let (status, body) = scene
        .send(&Draft::get(&format!("/mkt/v1/consumers/{LI_MING}/arrears")))
        .await;
    assert_eq!(status, 500);
    let Value::String(text) = body else {
        panic!("a leak is no JSON: {body}")
    };
    assert!(text.contains("SELECT") && text.contains(LI_MING), "{text}");
    assert_eq!(scene.send(&draft).await.0, 201);
    scene.end().await;
}

#[tokio::test]
async fn latency_is_late_but_right() {
    let scene = Scene::new().await;
    scene
        .plan(json!({
            "target": "marketing", "route": ARREARS, "kind": "LATENCY", "count": 1, "seed": 1, "ms": 700,
        }))
        .await;
    let started = Instant::now();
    assert!(fen(&scene.arrears(LI_MING).await["total_fen"]) > 0);
    assert!(started.elapsed() >= Duration::from_millis(700));
    assert_eq!(hits(&scene).await, 1);
    scene.end().await;
}

#[tokio::test]
async fn a_doubled_delivery_answers_as_a_repeat() {
    let scene = Scene::new().await;
    plan(&scene, "DUPLICATE_REPLY", POST).await;
    let draft = payment("D1", &scene.top_up("D1", LI_MING, 100).await);
    let (status, body) = scene.send(&draft).await;
    assert_eq!((status, &body["state"]), (200, &json!("POSTED")));
    assert_eq!((postings(&scene).await, hits(&scene).await), (1, 1));
    scene.end().await;
}

#[tokio::test]
async fn a_stale_read_is_older_and_says_so() {
    let scene = Scene::new().await;
    let before = scene.arrears(LI_MING).await;
    scene.pay("S1", &scene.whole("S1", LI_MING).await).await;
    assert_eq!(scene.arrears(LI_MING).await["total_fen"], 0);
    scene.advance(90).await;
    plan(&scene, "STALE_READ", ARREARS).await;
    let stale = scene.arrears(LI_MING).await;
    assert_eq!(
        stale["total_fen"], before["total_fen"],
        "as if nobody had paid"
    );
    assert_eq!(stale["arrears_version"], before["arrears_version"]);
    let as_of = |figures: &Value| {
        figures["as_of"]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
    };
    let age = scene.now().await.duration_since(as_of(&stale).unwrap());
    assert!(age >= jiff::SignedDuration::from_secs(89), "{age:?}");
    assert_eq!(scene.arrears(LI_MING).await["total_fen"], 0);
    assert_eq!(hits(&scene).await, 1);
    scene.end().await;
}

#[tokio::test]
async fn a_stale_look_at_a_payment_does_not_find_it() {
    let scene = Scene::new().await;
    plan(&scene, "STALE_READ", "GET /payments/{channel_txn_no}").await;
    assert_eq!(scene.get("/mkt/v1/payments/L1").await["state"], "NOT_FOUND");
    assert_eq!(
        hits(&scene).await,
        0,
        "an old copy says the same, so it did not act"
    );
    scene
        .pay("L1", &scene.top_up("L1", LI_MING, 100).await)
        .await;
    assert_eq!(
        scene.get("/mkt/v1/payments/L1").await,
        json!({ "state": "NOT_FOUND", "fenced": false })
    );
    assert_eq!(scene.get("/mkt/v1/payments/L1").await["state"], "POSTED");
    assert_eq!(hits(&scene).await, 1);
    scene.end().await;
}

#[tokio::test]
async fn faults_of_others_do_not_touch_marketing() {
    let scene = Scene::new().await;
    scene
        .plan(json!({ "target": "sms", "kind": "HTTP_500", "count": 5, "seed": 1 }))
        .await;
    plan(&scene, "HTTP_500", "POST /identity-matches").await;
    assert_eq!(
        scene
            .pay("N1", &scene.top_up("N1", LI_MING, 100).await)
            .await
            .0,
        201
    );
    let notice = json!({ "target": "marketing", "kind": "NOTICE_LOST", "count": 1, "seed": 1 });
    assert_eq!(scene.steer("/sim/faults", notice).await.0, 422);
    scene.end().await;
}
