//! The SMS platform: what is accepted, what a phone shows, what is refused.

use serde_json::{Value, json};

use super::channel::{Draft, IMPATIENT, Scene};

const PHONE: &str = "19000000001";

fn otp(scene: &Scene, id: &str, phone: &str, code: &str) -> Draft {
    let body = json!({
        "message_id": id,
        "phone_enc": scene.sms.seal("phone_enc", phone),
        "template_id": "LL_OTP",
        "params": { "code": code, "purpose": "绑定户号" },
        "sign_name": "生命线供电",
    });
    Draft::post("/sms/v1/messages", &body).keyed(id)
}

async fn send(scene: &Scene, draft: &Draft) -> (u16, Value) {
    let sent = scene.signed(&scene.sms, draft).await.send().await.unwrap();
    let status = sent.status().as_u16();
    let text = sent.text().await.unwrap();
    (
        status,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}

async fn inbox(scene: &Scene, phone: &str) -> Value {
    scene.sim(&format!("/sim/sms?phone={phone}")).await
}

async fn page(scene: &Scene, path: &str) -> String {
    let sent = scene
        .http
        .get(format!("{}{path}", scene.sandbox.base_url))
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 200);
    let policy = sent.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    sent.text().await.unwrap()
}

#[tokio::test]
async fn a_message_is_accepted_once_and_shown_rendered() {
    let scene = Scene::new().await;
    let draft = otp(&scene, "m-1", PHONE, "042137");
    let accepted = (202, json!({ "message_id": "m-1", "state": "ACCEPTED" }));
    assert_eq!(send(&scene, &draft).await, accepted);
    assert_eq!(send(&scene, &draft).await, accepted, "a repeat");
    send(&scene, &otp(&scene, "m-2", PHONE, "555000")).await;
    send(&scene, &otp(&scene, "m-3", "13800000000", "999999")).await;
    let shown = inbox(&scene, PHONE).await;
    let shown = shown.as_array().unwrap();
    assert_eq!(shown.len(), 2, "once each, only this phone's");
    assert_eq!(
        shown[0]["text"],
        "【生命线供电】验证码 042137，5 分钟内有效，用于绑定户号。请勿告诉他人。"
    );
    assert_eq!(
        (&shown[0]["message_id"], &shown[1]["message_id"]),
        (&json!("m-1"), &json!("m-2"))
    );
    assert_eq!(shown[0]["template_id"], "LL_OTP");
    assert!(
        shown[0]["at"]
            .as_str()
            .unwrap()
            .starts_with("2026-11-20T12:00")
    );
    assert_eq!(
        inbox(&scene, "13800000000").await.as_array().unwrap().len(),
        1,
        "kept, never dialled"
    );
    scene.end().await;
}

#[tokio::test]
async fn the_phone_page_is_safe_and_complete() {
    let scene = Scene::new().await;
    let empty = page(&scene, &format!("/phone?phone={PHONE}")).await;
    assert!(empty.contains("暂无短信") && empty.contains("李明"));
    send(
        &scene,
        &otp(&scene, "p-1", PHONE, "<script>alert(1)</script>"),
    )
    .await;
    send(&scene, &otp(&scene, "p-2", PHONE, "246810")).await;
    let full = page(&scene, &format!("/phone?phone={PHONE}")).await;
    assert!(full.contains("&lt;script&gt;") && !full.contains("<script>"));
    let (newest, older) = (
        full.find("246810").unwrap(),
        full.find("&lt;script&gt;").unwrap(),
    );
    assert!(newest < older, "newest first");
    assert!(
        !full.contains("http://") && !full.contains("https://"),
        "no outside request"
    );
    let directory = page(&scene, "/phone").await;
    assert!(directory.contains("data-person=\"li-ming\"") && !directory.contains("19000009912"));
    send(&scene, &otp(&scene, "p-3", "19000009912", "135790")).await;
    assert!(
        page(&scene, "/phone")
            .await
            .contains("/phone?phone=19000009912")
    );
    let odd = page(&scene, "/phone?phone=%22%3E%3Cscript%3E").await;
    assert!(!odd.contains("<script>"));
    scene.end().await;
}

#[tokio::test]
async fn one_id_is_one_message() {
    let scene = Scene::new().await;
    assert_eq!(
        send(&scene, &otp(&scene, "c-1", PHONE, "111111")).await.0,
        202
    );
    let (status, body) = send(&scene, &otp(&scene, "c-1", PHONE, "222222")).await;
    assert_eq!(
        (status, &body["code"]),
        (409, &json!("IDEMPOTENCY_CONFLICT"))
    );
    let draft = otp(&scene, "c-2", PHONE, "333333");
    let many = futures_util::future::join_all((0..16).map(|_| send(&scene, &draft))).await;
    assert!(many.iter().all(|(status, _)| *status == 202));
    assert_eq!(inbox(&scene, PHONE).await.as_array().unwrap().len(), 2);
    scene.end().await;
}

#[tokio::test]
async fn what_is_not_a_message_is_refused() {
    let scene = Scene::new().await;
    let good = otp(&scene, "r-1", PHONE, "1");
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body: Value = serde_json::from_str(&good.body).unwrap();
        change(&mut body);
        Draft {
            body: body.to_string(),
            ..good.clone()
        }
    };
    let sealed_wrong = scene.marketing.seal("phone_enc", PHONE);
    for wrong in [
        with(&|body| body["template_id"] = json!("LL_SPAM")),
        with(&|body| body["params"]["extra"] = json!("x")),
        with(&|body| body["params"] = json!({ "code": "1" })),
        with(&|body| body["phone_enc"] = json!(PHONE)),
        with(&|body| body["phone_enc"] = json!(sealed_wrong)),
        with(&|body| body["phone_enc"] = json!(scene.sms.seal("phone_enc", "10086"))),
        with(&|body| body["sign_name"] = json!("")),
        with(&|body| body["message_id"] = json!("r-2")),
        with(&|body| body["surprise"] = json!(1)),
        Draft {
            key: None,
            ..good.clone()
        },
    ] {
        let (status, body) = send(&scene, &wrong).await;
        assert_eq!(
            (status, &body["code"]),
            (422, &json!("INVALID")),
            "{}",
            wrong.body
        );
    }
    let skewed = Draft {
        skew_s: 600,
        ..good.clone()
    };
    assert_eq!(send(&scene, &skewed).await.1["code"], "BAD_SIGNATURE");
    let by_marketing = scene
        .signed(&scene.marketing, &good)
        .await
        .send()
        .await
        .unwrap();
    assert_eq!(
        by_marketing.status(),
        401,
        "the marketing channel may not send SMS"
    );
    let once = Draft {
        nonce: Some("sms-once".into()),
        ..good.clone()
    };
    assert_eq!(send(&scene, &once).await.0, 202);
    assert_eq!(send(&scene, &once).await.1["code"], "REPLAYED");
    assert_eq!(inbox(&scene, PHONE).await.as_array().unwrap().len(), 1);
    scene.end().await;
}

#[tokio::test]
async fn faults_act_on_messages_too() {
    let scene = Scene::new().await;
    let plan = |kind: &str| json!({ "target": "sms", "route": "POST /messages", "kind": kind, "count": 1, "seed": 1 });
    scene.plan(plan("TIMEOUT_AFTER_COMMIT")).await;
    let draft = otp(&scene, "f-1", PHONE, "1");
    let request = scene.signed(&scene.sms, &draft).await;
    assert!(request.timeout(IMPATIENT).send().await.is_err());
    assert_eq!(inbox(&scene, PHONE).await.as_array().unwrap().len(), 1);
    assert_eq!(send(&scene, &draft).await.0, 202);
    assert_eq!(inbox(&scene, PHONE).await.as_array().unwrap().len(), 1);
    scene.plan(plan("LEAK_SQL")).await;
    let (status, body) = send(&scene, &otp(&scene, "f-2", PHONE, "2")).await;
    assert_eq!(status, 500);
    assert!(body.as_str().unwrap().contains(PHONE));
    scene.plan(plan("HTTP_500")).await;
    assert_eq!(send(&scene, &otp(&scene, "f-3", PHONE, "3")).await.0, 500);
    assert_eq!(inbox(&scene, PHONE).await.as_array().unwrap().len(), 1);
    let stale = json!({ "target": "sms", "kind": "STALE_READ", "count": 1, "seed": 1 });
    assert_eq!(scene.steer("/sim/faults", stale).await.0, 422);
    scene.end().await;
}
