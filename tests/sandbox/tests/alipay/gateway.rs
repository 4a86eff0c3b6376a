//! Common checks of gateway.do, and the trade methods.

use serde_json::{Value, json};

use crate::merchant::Scene;

const CREATE: &str = "alipay.trade.create";

#[tokio::test]
async fn parameters_may_come_in_the_query_the_form_or_both() {
    let scene = Scene::new().await;
    let params = scene
        .signed(
            "alipay.trade.query",
            &[("biz_content", r#"{"out_trade_no":"A"}"#)],
        )
        .await;
    let pairs: Vec<_> = params.iter().collect();
    let gateway = scene.url("/gateway.do");
    let (query, form) = pairs.split_at(4);
    for sent in [
        scene.http.get(&gateway).query(&pairs),
        scene.http.post(&gateway).query(&pairs),
        scene.http.post(&gateway).form(&pairs),
        scene.http.post(&gateway).query(query).form(form),
    ] {
        let body = sent.send().await.unwrap().text().await.unwrap();
        let node = scene.merchant.open("alipay.trade.query", &body);
        assert_eq!(node["sub_code"], "ACQ.TRADE_NOT_EXIST");
    }
}

#[tokio::test]
async fn every_broken_common_parameter_is_refused_by_name() {
    let scene = Scene::new().await;
    let method = "alipay.trade.query";
    let cases: [(&str, Option<&str>, &str); 13] = [
        ("app_id", None, "isv.missing-app-id"),
        ("app_id", Some("2021000000000002"), "isv.invalid-app-id"),
        ("sign_type", None, "isv.missing-signature-type"),
        ("sign_type", Some("RSA"), "isv.invalid-signature-type"),
        ("version", None, "isv.missing-version"),
        ("version", Some("2.0"), "isv.invalid-parameter"),
        ("charset", Some("GBK"), "isv.invalid-charset"),
        ("format", Some("xml"), "isv.invalid-format"),
        ("timestamp", None, "isv.missing-timestamp"),
        ("timestamp", Some("yesterday"), "isv.invalid-timestamp"),
        (
            "timestamp",
            Some("2020-01-01 00:00:00"),
            "isv.invalid-timestamp",
        ),
        (
            "timestamp",
            Some("2099-01-01 00:00:00"),
            "isv.invalid-timestamp",
        ),
        ("method", Some("alipay.trade.guess"), "isv.invalid-method"),
    ];
    for (key, value, sub_code) in cases {
        let mut params = scene.signed(method, &[("biz_content", "{}")]).await;
        params.remove(key);
        if let Some(value) = value {
            params.insert(key.into(), value.into());
        }
        scene.merchant.sign(&mut params);
        let sent = scene
            .http
            .post(scene.url("/gateway.do"))
            .form(&params)
            .send()
            .await
            .unwrap();
        assert_eq!(sent.status(), 200, "refusals are HTTP 200");
        let name = params.get("method").map_or(method, String::as_str);
        let node = scene.merchant.open(name, &sent.text().await.unwrap());
        assert_eq!(node["sub_code"], sub_code, "{key}={value:?}");
    }
}

#[tokio::test]
async fn only_the_application_itself_can_call() {
    let scene = Scene::new().await;
    let method = "alipay.trade.query";
    let good = scene
        .signed(method, &[("biz_content", r#"{"out_trade_no":"A"}"#)])
        .await;
    let mut altered = good.clone();
    altered.insert("biz_content".into(), r#"{"out_trade_no":"B"}"#.into());
    let mut added = good.clone();
    added.insert("notify_url".into(), "http://127.0.0.1:1/".into());
    let mut unsigned = good.clone();
    unsigned.remove("sign");
    for (params, sub_code) in [
        (altered, "isv.invalid-signature"),
        (added, "isv.invalid-signature"),
        (unsigned, "isv.missing-signature"),
    ] {
        let sent = scene
            .http
            .post(scene.url("/gateway.do"))
            .form(&params)
            .send()
            .await
            .unwrap();
        let node = scene.merchant.open(method, &sent.text().await.unwrap());
        assert_eq!(node["sub_code"], sub_code);
    }
    // An empty parameter is not part of the signed text, so it may come along.
    let mut with_empty = good;
    with_empty.insert("app_auth_token".into(), String::new());
    let sent = scene
        .http
        .post(scene.url("/gateway.do"))
        .form(&with_empty)
        .send()
        .await
        .unwrap();
    let node = scene.merchant.open(method, &sent.text().await.unwrap());
    assert_eq!(node["sub_code"], "ACQ.TRADE_NOT_EXIST");
}

#[tokio::test]
async fn a_doubled_parameter_and_a_lost_method_have_their_own_node() {
    let scene = Scene::new().await;
    let gateway = scene.url("/gateway.do");
    for query in ["method=a&method=b", "method=", "method=a%22b", ""] {
        let sent = scene
            .http
            .get(format!("{gateway}?{query}"))
            .send()
            .await
            .unwrap();
        let body = sent.text().await.unwrap();
        let node = scene.merchant.open_node("error_response", &body);
        assert!(
            ["40001", "40002"].contains(&node["code"].as_str().unwrap()),
            "{body}"
        );
    }
}

#[tokio::test]
async fn one_order_has_one_trade() {
    let scene = Scene::new().await;
    let first = scene.create("LL1", "80.70").await;
    assert_eq!(first["code"], "10000", "{first}");
    let again = scene.create("LL1", "80.70").await;
    assert_eq!(again["trade_no"], first["trade_no"]);
    assert_eq!(
        scene.create("LL1", "80.71").await["sub_code"],
        "ACQ.CONTEXT_INCONSISTENT"
    );
    let mut of_another = scene.order("LL1", "80.70").await;
    of_another["buyer_open_id"] = json!(scene.open_id("wang-fang").await);
    let refused = scene.biz(CREATE, &of_another).await;
    assert_eq!(refused["sub_code"], "ACQ.TRADE_BUYER_NOT_MATCH");
    scene.pay("LL1", "paid").await;
    assert_eq!(
        scene.create("LL1", "80.70").await["sub_code"],
        "ACQ.TRADE_HAS_SUCCESS"
    );
    scene.create("LL2", "1.00").await;
    scene
        .biz("alipay.trade.close", &json!({ "out_trade_no": "LL2" }))
        .await;
    assert_eq!(
        scene.create("LL2", "1.00").await["sub_code"],
        "ACQ.TRADE_HAS_CLOSE"
    );
}

#[tokio::test]
async fn sixty_four_creates_at_once_make_one_trade() {
    let scene = Scene::new().await;
    let order = scene.order("LL1", "80.70").await;
    let calls = (0..64).map(|_| scene.biz(CREATE, &order));
    let answers = futures_util::future::join_all(calls).await;
    let first = answers[0]["trade_no"].as_str().unwrap();
    assert!(answers.iter().all(|a| a["trade_no"] == first));
    assert_eq!(
        scene
            .get("/sim/alipay/trades")
            .await
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_malformed_order_is_refused() {
    let scene = Scene::new().await;
    let good = scene.order("LL1", "80.70").await;
    let changes: [(&str, Value); 14] = [
        ("out_trade_no", json!("")),
        ("out_trade_no", json!("LL-1")),
        ("out_trade_no", json!("L".repeat(65))),
        ("total_amount", json!("0.00")),
        ("total_amount", json!("80.701")),
        ("total_amount", json!("-1")),
        ("subject", json!("")),
        ("subject", json!("电".repeat(257))),
        ("product_code", json!("FACE_TO_FACE_PAYMENT")),
        ("op_app_id", json!("2021000000000002")),
        ("buyer_open_id", json!(null)),
        ("timeout_express", json!("16d")),
        ("time_expire", json!("tomorrow")),
        ("time_expire", json!("2020-01-01 00:00:00")),
    ];
    for (key, value) in changes {
        let mut order = good.clone();
        order[key] = value.clone();
        let refused = scene.biz(CREATE, &order).await;
        assert_eq!(
            refused["sub_code"], "ACQ.INVALID_PARAMETER",
            "{key}={value}"
        );
    }
    for biz in ["", "[]", "{", "null"] {
        let refused = scene.call(CREATE, &[("biz_content", biz)]).await;
        assert_eq!(refused["sub_code"], "ACQ.INVALID_PARAMETER", "{biz}");
    }
    let mut stranger = good.clone();
    stranger["buyer_open_id"] = json!("nobody");
    assert_eq!(
        scene.biz(CREATE, &stranger).await["sub_code"],
        "ACQ.BUYER_NOT_EXIST"
    );
    assert_eq!(scene.get("/sim/alipay/trades").await, json!([]));
}

#[tokio::test]
async fn notices_stay_on_this_machine() {
    let scene = Scene::new().await;
    let order = scene.order("LL1", "80.70").await.to_string();
    for url in [
        "http://example.com/notify",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1@example.com/",
        "ftp://127.0.0.1/",
        "not a url",
    ] {
        let refused = scene
            .call(CREATE, &[("biz_content", &order), ("notify_url", url)])
            .await;
        assert_eq!(refused["sub_code"], "isv.invalid-notify-url", "{url}");
    }
}

#[tokio::test]
async fn a_query_tells_how_the_trade_stands() {
    let scene = Scene::new().await;
    assert_eq!(scene.query("LL1").await["sub_code"], "ACQ.TRADE_NOT_EXIST");
    let created = scene.create("LL1", "80.70").await;
    let waiting = scene.query("LL1").await;
    assert_eq!(waiting["trade_status"], "WAIT_BUYER_PAY");
    assert_eq!(waiting["total_amount"], "80.70");
    assert!(waiting.get("send_pay_date").is_none());
    scene.pay("LL1", "paid").await;
    let by_trade_no = json!({ "trade_no": created["trade_no"], "out_trade_no": "other" });
    let paid = scene.biz("alipay.trade.query", &by_trade_no).await;
    assert_eq!(paid["trade_status"], "TRADE_SUCCESS", "trade_no wins");
    assert_eq!(paid["receipt_amount"], "80.70");
    assert_eq!(paid["fund_bill_list"][0]["fund_channel"], "BANKCARD");
    assert!(paid["send_pay_date"].is_string());
    let none = scene.biz("alipay.trade.query", &json!({})).await;
    assert_eq!(none["sub_code"], "ACQ.INVALID_PARAMETER");
}

#[tokio::test]
async fn only_an_unpaid_trade_can_be_closed() {
    let scene = Scene::new().await;
    let close = |no: &'static str| json!({ "out_trade_no": no });
    let unknown = scene.biz("alipay.trade.close", &close("LL1")).await;
    assert_eq!(unknown["sub_code"], "ACQ.TRADE_NOT_EXIST");
    scene.create("LL1", "80.70").await;
    assert_eq!(
        scene.biz("alipay.trade.close", &close("LL1")).await["code"],
        "10000"
    );
    assert_eq!(scene.query("LL1").await["trade_status"], "TRADE_CLOSED");
    let (status, refused) = scene.pay("LL1", "paid").await;
    assert_eq!(
        (status, refused["code"].as_str()),
        (409, Some("ACQ.TRADE_HAS_CLOSE"))
    );
    scene.create("LL2", "1.00").await;
    scene.pay("LL2", "paid").await;
    let refused = scene.biz("alipay.trade.close", &close("LL2")).await;
    assert_eq!(refused["sub_code"], "ACQ.REASON_TRADE_STATUS_INVALID");
    assert_eq!(scene.query("LL2").await["trade_status"], "TRADE_SUCCESS");
}

#[tokio::test]
async fn a_cancel_closes_or_gives_back_and_repeats_its_answer() {
    let scene = Scene::new().await;
    let cancel = |no: &'static str| json!({ "out_trade_no": no });
    let unknown = scene.biz("alipay.trade.cancel", &cancel("LL0")).await;
    assert_eq!(unknown["code"], "10000");
    assert!(unknown.get("action").is_none());
    for (number, paid, action) in [("LL1", false, "close"), ("LL2", true, "refund")] {
        scene.create(number, "80.70").await;
        if paid {
            scene.pay(number, "paid").await;
        }
        for _ in 0..2 {
            let answer = scene.biz("alipay.trade.cancel", &cancel(number)).await;
            assert_eq!(answer["action"], action, "{answer}");
        }
        let trade = scene.trade(number).await;
        assert_eq!(trade["trade_status"], "TRADE_CLOSED");
        assert_eq!(trade["refunded_fen"], if paid { 8070 } else { 0 });
    }
}

#[tokio::test]
async fn the_wallet_decides_whether_money_moves() {
    let scene = Scene::new().await;
    scene.create("LL1", "80.70").await;
    let (_, cancelled) = scene.pay("LL1", "cancelled").await;
    assert_eq!(cancelled["result_code"], "6001");
    let (_, short) = scene.pay("LL1", "insufficient").await;
    assert_eq!(short["result_code"], "4000");
    assert_eq!(scene.query("LL1").await["trade_status"], "WAIT_BUYER_PAY");
    let of_another = json!({ "out_trade_no": "LL1", "outcome": "paid", "person": "wang-fang" });
    let (status, refused) = scene.post("/sim/alipay/pay", of_another).await;
    assert_eq!(
        (status, refused["code"].as_str()),
        (409, Some("ACQ.TRADE_BUYER_NOT_MATCH"))
    );
    let (_, paid) = scene.pay("LL1", "paid").await;
    assert_eq!(paid["result_code"], "9000");
    let (status, again) = scene.pay("LL1", "paid").await;
    assert_eq!(
        (status, again["code"].as_str()),
        (409, Some("ACQ.TRADE_HAS_SUCCESS"))
    );
    let (status, _) = scene.pay("LL9", "paid").await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_wallet_without_a_card_pays_only_what_it_holds() {
    let scene = Scene::new().await;
    for (number, total, status) in [
        ("LL1", "20.01", "WAIT_BUYER_PAY"),
        ("LL2", "20.00", "TRADE_SUCCESS"),
    ] {
        let mut order = scene.order(number, total).await;
        order["buyer_open_id"] = json!(scene.open_id("wu-qiang").await);
        scene.biz(CREATE, &order).await;
        scene.pay(number, "paid").await;
        assert_eq!(scene.query(number).await["trade_status"], status);
    }
    let wallets = scene.get("/sim/alipay/wallets").await;
    let of_wu = wallets["wallets"]
        .as_array()
        .unwrap()
        .iter()
        .find(|w| w["person"] == "wu-qiang");
    assert_eq!(of_wu.unwrap()["balance_fen"], 0);
    assert_eq!(wallets["seller"]["received_fen"], 2000);
}

#[tokio::test]
async fn an_order_closes_at_its_deadline() {
    let scene = Scene::new().await;
    scene.create("LL1", "80.70").await;
    scene.advance(15 * 60 - 30).await;
    assert_eq!(scene.query("LL1").await["trade_status"], "WAIT_BUYER_PAY");
    scene.advance(31).await;
    assert_eq!(scene.query("LL1").await["trade_status"], "TRADE_CLOSED");
    let (status, _) = scene.pay("LL1", "paid").await;
    assert_eq!(status, 409);
    let notices = scene.ears.wait(1).await;
    assert_eq!(notices[0].get("trade_status"), "TRADE_CLOSED");
    for absent in ["gmt_payment", "refund_fee", "gmt_refund", "receipt_amount"] {
        assert_eq!(
            notices[0].get(absent),
            "",
            "a timeout closing has no {absent}"
        );
    }
}

#[tokio::test]
async fn a_person_unknown_or_a_field_unknown_is_refused() {
    let scene = Scene::new().await;
    for (path, body, status) in [
        ("/sim/alipay/authorize", json!({ "person": "nobody" }), 404),
        (
            "/sim/alipay/authorize",
            json!({ "person": "li-ming", "scopes": ["all"] }),
            422,
        ),
        (
            "/sim/alipay/authorize",
            json!({ "person": "li-ming", "x": 1 }),
            422,
        ),
        ("/sim/alipay/pay", json!({ "outcome": "paid" }), 422),
        (
            "/sim/alipay/pay",
            json!({ "out_trade_no": "A", "outcome": "stolen" }),
            422,
        ),
    ] {
        let (got, answer) = scene.post(path, body).await;
        assert_eq!(got, status, "{path}: {answer}");
    }
    assert_eq!(scene.get("/sim/messages?person=li-ming").await, json!([]));
}
