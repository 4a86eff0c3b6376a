//! Who is let in: signature, clock, nonce, idempotency key, maintenance.

use serde_json::{Value, json};

use super::channel::{Draft, LI_MING, Scene, UNKNOWN, payment};

async fn code(scene: &Scene, draft: &Draft) -> (u16, Value) {
    let (status, body) = scene.send(draft).await;
    (status, body["code"].clone())
}

#[tokio::test]
async fn a_signed_call_is_answered_and_a_changed_one_is_not() {
    let scene = Scene::new().await;
    let good = Draft::get("/mkt/v1/capabilities");
    let (status, body) = scene.send(&good).await;
    assert_eq!(status, 200);
    assert_eq!(
        body,
        json!({
            "fence": true, "refund_vouchers": true,
            "business_date": "2026-11-20", "cutoff_time": "22:30",
        })
    );
    let signed = scene.signed(&scene.marketing, &good).await.build().unwrap();
    for (name, value) in [
        ("X-Channel-Id", "somebody-else"),
        ("X-Timestamp", "1"),
        ("X-Nonce", "another"),
        ("X-Signature", "00"),
        ("Idempotency-Key", "added-later"),
    ] {
        let mut changed = signed.try_clone().unwrap();
        changed.headers_mut().insert(name, value.parse().unwrap());
        let sent = scene.http.execute(changed).await.unwrap();
        assert_eq!(sent.status(), 401, "{name}");
        let body: Value = sent.json().await.unwrap();
        assert_eq!(body["code"], "BAD_SIGNATURE", "{name}");
        assert_eq!(body["retryable"], false);
        assert!(
            body["trace_id"].as_str().unwrap().starts_with("req-"),
            "{body}"
        );
    }
    for name in [
        "X-Channel-Id",
        "X-Request-Id",
        "X-Timestamp",
        "X-Nonce",
        "X-Signature",
    ] {
        let mut changed = signed.try_clone().unwrap();
        changed.headers_mut().remove(name);
        let sent = scene.http.execute(changed).await.unwrap();
        assert_eq!(sent.status(), 401, "{name}");
    }
    let unspent = scene.http.execute(signed).await.unwrap();
    assert_eq!(unspent.status(), 200, "refused calls spend no nonce");
    scene.end().await;
}

#[tokio::test]
async fn the_query_and_the_body_are_signed() {
    let scene = Scene::new().await;
    let draft = Draft::get(&format!(
        "/mkt/v1/consumers/{LI_MING}/bills?from=2026-01&to=2026-02"
    ));
    let mut request = scene
        .signed(&scene.marketing, &draft)
        .await
        .build()
        .unwrap();
    request.url_mut().set_query(Some("from=2026-01&to=2026-03"));
    assert_eq!(scene.http.execute(request).await.unwrap().status(), 401);
    let draft = payment("S1", &scene.top_up("S1", LI_MING, 100).await);
    let mut request = scene
        .signed(&scene.marketing, &draft)
        .await
        .build()
        .unwrap();
    *request.body_mut() = Some(draft.body.replace("100", "900").into());
    assert_eq!(scene.http.execute(request).await.unwrap().status(), 401);
    assert_eq!(scene.consumer(LI_MING).await["postings"], json!([]));
    scene.end().await;
}

#[tokio::test]
async fn the_clock_may_be_five_minutes_off_and_a_nonce_serves_once() {
    let scene = Scene::new().await;
    for (skew_s, status) in [(-290, 200), (290, 200), (-310, 401), (310, 401)] {
        let draft = Draft {
            skew_s,
            ..Draft::get("/mkt/v1/capabilities")
        };
        assert_eq!(scene.send(&draft).await.0, status, "{skew_s}");
    }
    let with_nonce = |nonce: &str| Draft {
        nonce: Some(nonce.into()),
        ..Draft::get("/mkt/v1/capabilities")
    };
    let (one, other) = (with_nonce("n-one"), with_nonce("n-other"));
    assert_eq!(scene.send(&one).await.0, 200);
    assert_eq!(scene.send(&other).await.0, 200);
    assert_eq!(code(&scene, &one).await, (401, json!("REPLAYED")));
    scene.advance(590).await;
    assert_eq!(code(&scene, &other).await, (401, json!("REPLAYED")));
    scene.advance(15).await;
    let (status, _) = scene.send(&one).await;
    assert_eq!(status, 200, "ten minutes later it is free again");
    scene.end().await;
}

#[tokio::test]
async fn the_sms_channel_has_no_key_to_marketing() {
    let scene = Scene::new().await;
    let draft = Draft::get("/mkt/v1/capabilities");
    let sent = scene.signed(&scene.sms, &draft).await.send().await.unwrap();
    assert_eq!(sent.status(), 401);
    let posing = Draft {
        channel_id: Some(scene.marketing.id.clone()),
        ..draft
    };
    let sent = scene
        .signed(&scene.sms, &posing)
        .await
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 401);
    scene.end().await;
}

#[tokio::test]
async fn money_calls_need_an_idempotency_key() {
    let scene = Scene::new().await;
    let body = scene.top_up("K1", LI_MING, 100).await;
    for (path, body) in [
        ("/mkt/v1/payments", body),
        ("/mkt/v1/payments/K1/fence", json!({})),
        (
            "/mkt/v1/payments/K1/reversal",
            json!({ "reversal_no": "V", "reason": "x" }),
        ),
        (
            "/mkt/v1/payments/K1/refunds",
            json!({ "refund_no": "U", "amount_fen": 1 }),
        ),
    ] {
        let (status, answer) = scene.send(&Draft::post(path, &body)).await;
        assert_eq!(
            (status, &answer["code"]),
            (422, &json!("INVALID")),
            "{path}"
        );
    }
    assert_eq!(scene.consumer(LI_MING).await["postings"], json!([]));
    scene.end().await;
}

#[tokio::test]
async fn unreadable_and_unknown_fields_change_nothing() {
    let scene = Scene::new().await;
    let good = scene.top_up("X1", LI_MING, 100).await;
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    for (n, body) in [
        with("amount_fen", json!(0)),
        with("amount_fen", json!(-5)),
        with("amount_fen", json!(100.5)),
        with("amount_fen", json!("100")),
        with("amount_fen", json!(100_000_001)),
        with("purpose", json!("gift")),
        with("paid_at", json!("yesterday")),
        with("paid_at", json!("2026-11-20T12:30:00+08:00")),
        with("channel_txn_no", json!("a-b")),
        with("channel_txn_no", json!("")),
        with("channel_txn_no", json!("x".repeat(65))),
        with("surprise", json!(1)),
        json!([]),
    ]
    .iter()
    .enumerate()
    {
        let (status, answer) = scene.pay(&format!("key{n}"), body).await;
        assert_eq!(
            (status, &answer["code"]),
            (422, &json!("INVALID")),
            "{body}"
        );
    }
    let broken = Draft {
        body: "{\"channel".into(),
        ..payment("broken", &good)
    };
    assert_eq!(scene.send(&broken).await.0, 422);
    assert_eq!(scene.consumer(LI_MING).await["postings"], json!([]));
    scene.end().await;
}

#[tokio::test]
async fn an_outage_refuses_everything_and_ends() {
    let scene = Scene::new().await;
    scene
        .steer("/sim/marketing/outage", json!({ "on": true }))
        .await;
    let body = scene.top_up("O1", LI_MING, 100).await;
    for draft in [
        Draft::get(&format!("/mkt/v1/consumers/{LI_MING}/arrears")),
        payment("O1", &body),
    ] {
        let (status, answer) = scene.send(&draft).await;
        assert_eq!(
            (status, &answer["code"]),
            (503, &json!("MAINTENANCE_WINDOW"))
        );
        assert_eq!(answer["retryable"], true);
    }
    scene
        .steer("/sim/marketing/outage", json!({ "on": false }))
        .await;
    assert_eq!(
        scene.pay("O1", &body).await.0,
        201,
        "the refusal was not kept"
    );
    scene.end().await;
}

#[tokio::test]
async fn controls_refuse_what_makes_no_sense() {
    let scene = Scene::new().await;
    for (path, body, status) in [
        (
            "transfer-of-holder",
            json!({ "consumer_no": LI_MING, "person": "nobody" }),
            404,
        ),
        (
            "transfer-of-holder",
            json!({ "consumer_no": UNKNOWN, "person": "li-ming" }),
            404,
        ),
        ("close-account", json!({ "consumer_no": UNKNOWN }), 404),
        (
            "counter-payment",
            json!({ "consumer_no": LI_MING, "amount_fen": 0 }),
            422,
        ),
        ("posting-delay", json!({ "delay_s": -1 }), 422),
        ("refund-policy", json!({ "policy": "perhaps" }), 422),
        ("outage", json!({ "on": "yes" }), 422),
    ] {
        let (got, answer) = scene
            .steer(&format!("/sim/marketing/{path}"), body.clone())
            .await;
        assert_eq!(got, status, "{path} {body}: {answer}");
        assert!(
            answer["code"].is_string() && answer["detail"].is_string(),
            "{answer}"
        );
    }
    let missing = format!(
        "{}/sim/marketing/consumers/{UNKNOWN}",
        scene.sandbox.base_url
    );
    assert_eq!(scene.http.get(missing).send().await.unwrap().status(), 404);
    scene.end().await;
}
