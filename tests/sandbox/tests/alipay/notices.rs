//! Notices: their words, their signature, and the schedule until `success`.

use serde_json::{Value, json};

use crate::merchant::Scene;

async fn notices(scene: &Scene) -> Vec<Value> {
    scene.trade("LL1").await["notices"]
        .as_array()
        .unwrap()
        .clone()
}

#[tokio::test]
async fn a_payment_is_told_at_once_and_signed() {
    let scene = Scene::new().await;
    let mut order = scene.order("LL1", "80.70").await;
    order["passback_params"] = json!("merchant%3D1");
    let (biz, notify_url) = (order.to_string(), scene.ears.url());
    let created = scene
        .call(
            "alipay.trade.create",
            &[("biz_content", &biz), ("notify_url", &notify_url)],
        )
        .await;
    scene.pay("LL1", "paid").await;
    let heard = scene.ears.wait(1).await.remove(0);
    assert!(
        heard
            .content_type
            .starts_with("application/x-www-form-urlencoded")
    );
    assert!(scene.merchant.trusts(&heard));
    assert!(
        heard.params.values().all(|value| !value.is_empty()),
        "{heard:?}"
    );
    for (key, value) in [
        ("notify_type", "trade_status_sync"),
        ("trade_status", "TRADE_SUCCESS"),
        ("app_id", "2021000000000001"),
        ("seller_id", "2088000000000009"),
        ("out_trade_no", "LL1"),
        ("trade_no", created["trade_no"].as_str().unwrap()),
        ("total_amount", "80.70"),
        ("subject", "电费 2026-10 100% & +"),
        ("passback_params", "merchant%3D1"),
        (
            "fund_bill_list",
            r#"[{"amount":"80.70","fundChannel":"BANKCARD"}]"#,
        ),
        ("buyer_logon_id", "190****0001"),
        ("sign_type", "RSA2"),
    ] {
        assert_eq!(heard.get(key), value, "{key}");
    }
    let mut altered = heard.clone();
    altered.params.insert("total_amount".into(), "0.01".into());
    assert!(!scene.merchant.trusts(&altered));
    scene.advance(1).await;
    let told = notices(&scene).await;
    assert_eq!(told[0]["accepted"], true);
    assert_eq!(told[0]["attempts"][0]["answer"], "success");
}

#[tokio::test]
async fn an_order_without_an_address_is_told_nobody() {
    let scene = Scene::new().await;
    scene
        .biz("alipay.trade.create", &scene.order("LL1", "80.70").await)
        .await;
    scene.pay("LL1", "paid").await;
    scene.advance(60).await;
    assert!(notices(&scene).await.is_empty());
}

#[tokio::test]
async fn eight_sends_on_the_schedule_then_silence() {
    let scene = Scene::new().await;
    scene.ears.answers.lock().unwrap().extend(["fail"; 20]);
    scene.create("LL1", "80.70").await;
    scene.pay("LL1", "paid").await;
    scene.ears.wait(1).await;
    for (sends, wait_min) in (1..).zip([4, 10, 10, 60, 120, 360, 900]) {
        scene.advance(wait_min * 60 - 20).await;
        assert_eq!(
            scene.ears.all().len(),
            sends,
            "twenty seconds before {wait_min} minutes"
        );
        scene.advance(20).await;
        assert_eq!(
            scene.ears.all().len(),
            sends + 1,
            "after {wait_min} minutes"
        );
    }
    scene.advance(10 * 86_400).await;
    let all = scene.ears.all();
    assert_eq!(all.len(), 8);
    assert!(
        all.iter()
            .all(|n| n.get("notify_id") == all[0].get("notify_id"))
    );
    assert!(all.iter().all(|n| scene.merchant.trusts(n)));
    let told = notices(&scene).await;
    assert_eq!(told[0]["accepted"], false);
    assert_eq!(told[0]["next_at"], Value::Null);
}

#[tokio::test]
async fn a_day_and_more_at_once_sends_all_that_fell_due() {
    let scene = Scene::new().await;
    scene.ears.answers.lock().unwrap().extend(["fail"; 3]);
    scene.create("LL1", "80.70").await;
    scene.pay("LL1", "paid").await;
    scene.ears.wait(1).await;
    scene.advance(25 * 3600).await;
    assert_eq!(
        scene.ears.all().len(),
        4,
        "three refused, the fourth accepted, none after"
    );
}

#[tokio::test]
async fn only_the_exact_word_is_an_acceptance() {
    for answer in [
        "SUCCESS",
        "success\n",
        " success",
        "\"success\"",
        "<p>success</p>",
        "",
    ] {
        let scene = Scene::new().await;
        scene.ears.answers.lock().unwrap().push(answer);
        scene.create("LL1", "80.70").await;
        scene.pay("LL1", "paid").await;
        scene.ears.wait(1).await;
        scene.advance(240).await;
        assert_eq!(
            scene.ears.all().len(),
            2,
            "{answer:?} was taken for success"
        );
    }
}

#[tokio::test]
async fn a_deaf_merchant_does_not_hold_up_another_trade() {
    let scene = Scene::new().await;
    let order = scene.order("LL1", "80.70").await.to_string();
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/notify", listener.local_addr().unwrap())
    };
    scene
        .call(
            "alipay.trade.create",
            &[("biz_content", &order), ("notify_url", &closed)],
        )
        .await;
    scene.create("LL2", "1.00").await;
    scene.pay("LL1", "paid").await;
    scene.pay("LL2", "paid").await;
    let heard = scene.ears.wait(1).await;
    assert_eq!(heard[0].get("out_trade_no"), "LL2");
    scene.advance(1).await;
    let attempt = &notices(&scene).await[0]["attempts"][0];
    assert_eq!(attempt["http_status"], Value::Null);
    assert!(attempt["answer"].as_str().unwrap().starts_with("no answer"));
}

#[tokio::test]
async fn a_merchants_close_is_told_only_to_the_address_it_names() {
    let scene = Scene::new().await;
    let close = |number: &str| json!({ "out_trade_no": number }).to_string();
    for number in ["LL1", "LL2"] {
        scene.create(number, "1.00").await;
    }
    scene
        .call("alipay.trade.close", &[("biz_content", &close("LL1"))])
        .await;
    let notify_url = scene.ears.url();
    scene
        .call(
            "alipay.trade.close",
            &[("biz_content", &close("LL2")), ("notify_url", &notify_url)],
        )
        .await;
    scene.advance(1).await;
    let heard = scene.ears.all();
    assert_eq!(heard.len(), 1);
    assert_eq!(
        (heard[0].get("out_trade_no"), heard[0].get("trade_status")),
        ("LL2", "TRADE_CLOSED")
    );
}
