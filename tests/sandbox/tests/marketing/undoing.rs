//! Fences, reversals and refund vouchers: the only ways back (money.md 2.1, 2.3).

use serde_json::{Value, json};

use super::channel::{Draft, LI_MING, PREPAID, Scene, fen, payment};

fn fence(number: &str, key: &str) -> Draft {
    Draft::post(&format!("/mkt/v1/payments/{number}/fence"), &json!({})).keyed(key)
}

fn reversal(number: &str, reversal_no: &str) -> Draft {
    let body = json!({ "reversal_no": reversal_no, "reason": "refund" });
    Draft::post(&format!("/mkt/v1/payments/{number}/reversal"), &body).keyed(reversal_no)
}

fn refund(number: &str, refund_no: &str, amount_fen: i64, key: &str) -> Draft {
    let body = json!({ "refund_no": refund_no, "amount_fen": amount_fen });
    Draft::post(&format!("/mkt/v1/payments/{number}/refunds"), &body).keyed(key)
}

async fn answer(scene: &Scene, draft: &Draft) -> (u16, Value) {
    let (status, body) = scene.send(draft).await;
    let said = if status < 400 {
        &body["state"]
    } else {
        &body["code"]
    };
    (status, said.clone())
}

#[tokio::test]
async fn a_fenced_number_can_never_post() {
    let scene = Scene::new().await;
    let (status, body) = scene.send(&fence("F1", "k1")).await;
    assert_eq!(
        (status, body),
        (200, json!({ "state": "NOT_FOUND", "fenced": true }))
    );
    assert_eq!(
        scene.get("/mkt/v1/payments/F1").await,
        json!({ "state": "NOT_FOUND", "fenced": true })
    );
    let draft = payment("F1", &scene.whole("F1", LI_MING).await);
    assert_eq!(answer(&scene, &draft).await, (410, json!("FENCED")));
    assert_eq!(answer(&scene, &draft).await, (410, json!("FENCED")));
    assert_eq!(
        answer(&scene, &fence("F1", "k2")).await,
        (200, json!("NOT_FOUND"))
    );
    let consumer = scene.consumer(LI_MING).await;
    assert_eq!(consumer["postings"], json!([]));
    assert_eq!(consumer["fences"][0]["channel_txn_no"], "F1");
    scene.end().await;
}

#[tokio::test]
async fn a_days_file_names_what_was_booked_on_it() {
    let scene = Scene::new().await;
    let body = scene.whole("D1", LI_MING).await;
    assert_eq!(scene.pay("D1", &body).await.0, 201);
    let path =
        |date: &str, number: &str| format!("/mkt/v1/reconciliations/{date}/postings/{number}");
    let said = async |date: &str, number: &str| {
        let word = scene.get(&path(date, number)).await;
        assert_eq!(word["business_date"], date);
        assert_eq!(word["channel_txn_no"], number);
        (word["closed"] == true, word["named"] == true)
    };
    let (first, second) = ("2026-11-20", "2026-11-21");
    assert_eq!(said(first, "D1").await, (false, true));
    assert_eq!(said(first, "D2").await, (false, false));
    assert_eq!(answer(&scene, &reversal("D1", "V1")).await.0, 200);
    scene.advance(24 * 3_600).await;
    assert_eq!(said(first, "D1").await, (true, true), "taken back since");
    assert_eq!(said(first, "D2").await, (true, false));
    assert_eq!(said(second, "D1").await, (false, false));
    let (status, _) = scene.send(&Draft::get(&path("today", "D1"))).await;
    assert_eq!(status, 422);
    scene.end().await;
}

#[tokio::test]
async fn a_refused_number_that_is_then_fenced_answers_the_fence() {
    let scene = Scene::new().await;
    let mut wrong = scene.whole("F2", LI_MING).await;
    wrong["amount_fen"] = json!(1);
    assert_eq!(
        answer(&scene, &payment("F2", &wrong)).await,
        (409, json!("AMOUNT_MISMATCH"))
    );
    assert_eq!(scene.send(&fence("F2", "k")).await.1["fenced"], true);
    assert_eq!(
        answer(&scene, &payment("F2", &wrong)).await,
        (410, json!("FENCED"))
    );
    scene.end().await;
}

#[tokio::test]
async fn a_posting_cannot_be_fenced_and_one_under_way_is_withdrawn() {
    let scene = Scene::new().await;
    let body = scene.top_up("F3", LI_MING, 100).await;
    scene.pay("F3", &body).await;
    let (_, said) = scene.send(&fence("F3", "k3")).await;
    assert_eq!(said, json!({ "state": "POSTED", "fenced": false }));
    scene
        .steer("/sim/marketing/posting-delay", json!({ "delay_s": 60 }))
        .await;
    let slow = scene.top_up("F4", LI_MING, 100).await;
    assert_eq!(scene.pay("F4", &slow).await.0, 202);
    let (_, said) = scene.send(&fence("F4", "k4")).await;
    assert_eq!(said, json!({ "state": "NOT_FOUND", "fenced": true }));
    scene.advance(120).await;
    assert_eq!(scene.pay("F4", &slow).await.0, 410);
    let consumer = scene.consumer(LI_MING).await;
    assert_eq!(consumer["postings"].as_array().unwrap().len(), 1);
    assert_eq!(consumer["fences"][0]["channel_txn_no"], "F4");
    scene.end().await;
}

#[tokio::test]
async fn fence_and_post_at_once_have_one_winner() {
    let scene = Scene::new().await;
    for n in 0..20 {
        let number = format!("RACE{n}");
        let post = payment(&number, &scene.top_up(&number, LI_MING, 100).await);
        let stop = fence(&number, &format!("stop{n}"));
        let (posted, fenced) = futures_util::join!(scene.send(&post), scene.send(&stop));
        match posted.0 {
            201 => assert_eq!(fenced.1, json!({ "state": "POSTED", "fenced": false })),
            410 => assert_eq!(fenced.1, json!({ "state": "NOT_FOUND", "fenced": true })),
            other => panic!("{other}: {posted:?}"),
        }
    }
    scene.end().await;
}

#[tokio::test]
async fn a_reversal_opens_the_debt_again_once() {
    let scene = Scene::new().await;
    let body = scene.whole("V1", LI_MING).await;
    let before = scene.arrears(LI_MING).await;
    scene.pay("V1", &body).await;
    let (status, said) = scene.send(&reversal("V1", "REV1")).await;
    assert_eq!(
        (status, said),
        (200, json!({ "state": "REVERSED", "reversal_no": "REV1" }))
    );
    assert_eq!(
        scene.arrears(LI_MING).await["total_fen"],
        before["total_fen"]
    );
    assert_ne!(
        scene.arrears(LI_MING).await["arrears_version"],
        before["arrears_version"],
        "an order for the figures of before must not pass"
    );
    assert_eq!(scene.get("/mkt/v1/payments/V1").await["state"], "REVERSED");
    assert_eq!(
        answer(&scene, &reversal("V1", "REV1")).await,
        (200, json!("REVERSED"))
    );
    assert_eq!(
        answer(&scene, &reversal("V1", "REV2")).await,
        (409, json!("IDEMPOTENCY_CONFLICT"))
    );
    let (status, repeat) = scene.pay("V1", &body).await;
    assert_eq!(
        (status, &repeat["state"]),
        (200, &json!("REVERSED")),
        "never POSTED again"
    );
    assert_eq!(
        scene.send(&fence("V1", "k")).await.1,
        json!({ "state": "REVERSED", "fenced": false })
    );
    assert_eq!(scene.send(&reversal("NEVER", "REV3")).await.0, 422);
    scene.end().await;
}

#[tokio::test]
async fn a_reversal_is_for_the_same_business_date() {
    let scene = Scene::new().await;
    scene
        .pay("V2", &scene.top_up("V2", LI_MING, 100).await)
        .await;
    scene.advance(10 * 3600 + 31 * 60).await;
    assert_eq!(
        answer(&scene, &reversal("V2", "REV4")).await,
        (409, json!("CUTOFF_PASSED"))
    );
    scene
        .pay("V3", &scene.top_up("V3", LI_MING, 100).await)
        .await;
    scene.advance(12 * 3600).await;
    let next_morning = reversal("V3", "REV5");
    assert_eq!(
        answer(&scene, &next_morning).await,
        (200, json!("REVERSED")),
        "same business date"
    );
    scene.end().await;
}

#[tokio::test]
async fn refunds_are_approved_up_to_the_payment_and_no_further() {
    let scene = Scene::new().await;
    let due = fen(&scene.arrears(LI_MING).await["total_fen"]);
    scene
        .pay("U", &scene.top_up("U", LI_MING, due + 300).await)
        .await;
    assert_eq!(
        answer(&scene, &refund("U", "U1", 300, "a")).await,
        (200, json!("APPROVED"))
    );
    assert_eq!(
        scene.arrears(LI_MING).await["total_fen"],
        0,
        "the prepaid rest went first"
    );
    assert_eq!(
        answer(&scene, &refund("U", "U2", due, "b")).await,
        (200, json!("APPROVED"))
    );
    assert_eq!(scene.arrears(LI_MING).await["total_fen"], due);
    assert_eq!(
        answer(&scene, &refund("U", "U3", 1, "c")).await,
        (200, json!("REFUSED"))
    );
    assert_eq!(
        answer(&scene, &refund("U", "U1", 300, "d")).await,
        (200, json!("APPROVED"))
    );
    let conflict = (409, json!("IDEMPOTENCY_CONFLICT"));
    assert_eq!(answer(&scene, &refund("U", "U1", 299, "e")).await, conflict);
    assert_eq!(
        answer(&scene, &refund("OTHER", "U1", 300, "f")).await,
        conflict
    );
    assert_eq!(
        answer(&scene, &reversal("U", "REV")).await,
        (409, json!("AMOUNT_MISMATCH"))
    );
    assert_eq!(scene.send(&refund("NEVER", "U9", 1, "g")).await.0, 422);
    let posting = scene.consumer(LI_MING).await["postings"][0].clone();
    assert_eq!(posting["state"], "POSTED");
    assert_eq!(posting["refunds"].as_array().unwrap().len(), 3);
    scene.end().await;
}

#[tokio::test]
async fn a_pending_voucher_is_decided_later_and_a_repeat_tells_how() {
    let scene = Scene::new().await;
    scene
        .pay("U", &scene.top_up("U", PREPAID, 1_000).await)
        .await;
    let policy = async |policy: &str| {
        let (status, _) = scene
            .steer("/sim/marketing/refund-policy", json!({ "policy": policy }))
            .await;
        assert_eq!(status, 200);
    };
    policy("pending").await;
    let ask = refund("U", "U1", 600, "same-key");
    assert_eq!(answer(&scene, &ask).await, (200, json!("PENDING")));
    assert_eq!(
        answer(&scene, &refund("U", "U2", 600, "k2")).await,
        (200, json!("REFUSED"))
    );
    policy("approved").await;
    assert_eq!(
        answer(&scene, &ask).await,
        (200, json!("APPROVED")),
        "even under the same key"
    );
    policy("refused").await;
    assert_eq!(
        answer(&scene, &refund("U", "U3", 100, "k3")).await,
        (200, json!("REFUSED"))
    );
    scene.end().await;
}
