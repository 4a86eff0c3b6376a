//! Refunds: numbers, sums, states, and what the merchant is told.

use serde_json::{Value, json};

use crate::merchant::Scene;

const REFUND: &str = "alipay.trade.refund";

async fn refund(scene: &Scene, number: &str, amount: &str) -> Value {
    let biz = json!({
        "out_trade_no": "LL1", "refund_amount": amount, "out_request_no": number,
    });
    scene.biz(REFUND, &biz).await
}

async fn refund_query(scene: &Scene, number: &str) -> Value {
    let biz = json!({ "out_trade_no": "LL1", "out_request_no": number });
    scene.biz("alipay.trade.fastpay.refund.query", &biz).await
}

async fn paid_scene() -> Scene {
    let scene = Scene::new().await;
    scene.create("LL1", "80.70").await;
    scene.pay("LL1", "paid").await;
    scene.ears.wait(1).await;
    scene
}

#[tokio::test]
async fn a_number_moves_money_once_and_the_sum_is_cumulative() {
    let scene = paid_scene().await;
    let first = refund(&scene, "r1", "30.00").await;
    assert_eq!(
        (&first["fund_change"], &first["refund_fee"]),
        (&json!("Y"), &json!("30.00"))
    );
    let again = refund(&scene, "r1", "30.00").await;
    assert_eq!(
        (&again["fund_change"], &again["refund_fee"]),
        (&json!("N"), &json!("30.00"))
    );
    let second = refund(&scene, "r2", "50.00").await;
    assert_eq!(
        (&second["fund_change"], &second["refund_fee"]),
        (&json!("Y"), &json!("80.00"))
    );
    let other_sum = refund(&scene, "r1", "30.01").await;
    assert_eq!(other_sum["sub_code"], "ACQ.DISCORDANT_REPEAT_REQUEST");
    let too_much = refund(&scene, "r3", "0.71").await;
    assert_eq!(too_much["sub_code"], "ACQ.REASON_TRADE_REFUND_FEE_ERR");
    assert_eq!(scene.query("LL1").await["trade_status"], "TRADE_SUCCESS");
    refund(&scene, "r3", "0.70").await;
    assert_eq!(scene.query("LL1").await["trade_status"], "TRADE_CLOSED");
    let wallets = scene.get("/sim/alipay/wallets").await;
    assert_eq!(wallets["seller"]["received_fen"], 0);
    assert_eq!(
        wallets["wallets"][0]["spent_fen"], 0,
        "Li Ming has everything back"
    );
}

#[tokio::test]
async fn sixteen_refunds_of_one_number_move_money_once() {
    let scene = paid_scene().await;
    let answers =
        futures_util::future::join_all((0..16).map(|_| refund(&scene, "r1", "10.00"))).await;
    let moved = answers.iter().filter(|a| a["fund_change"] == "Y").count();
    assert_eq!(moved, 1);
    assert_eq!(scene.trade("LL1").await["refunded_fen"], 1000);
}

#[tokio::test]
async fn parts_are_noticed_as_success_and_the_rest_as_closed() {
    let scene = paid_scene().await;
    refund(&scene, "r1", "30.00").await;
    refund(&scene, "r2", "50.70").await;
    let notices = scene.ears.wait(3).await;
    assert!(notices.iter().all(|n| scene.merchant.trusts(n)));
    let part = &notices[1];
    assert_eq!(part.get("trade_status"), "TRADE_SUCCESS");
    assert_eq!(
        (part.get("refund_fee"), part.get("out_biz_no")),
        ("30.00", "r1")
    );
    assert!(part.get("gmt_refund").ends_with(".000"));
    assert_eq!(part.get("gmt_close"), "");
    let rest = &notices[2];
    assert_eq!(rest.get("trade_status"), "TRADE_CLOSED");
    assert_eq!(
        (rest.get("refund_fee"), rest.get("out_biz_no")),
        ("80.70", "r2")
    );
    assert!(!rest.get("gmt_close").is_empty());
    let ids: std::collections::HashSet<_> = notices.iter().map(|n| n.get("notify_id")).collect();
    assert_eq!(ids.len(), 3, "each event has its own id");
}

#[tokio::test]
async fn a_query_without_the_refund_is_no_error() {
    let scene = paid_scene().await;
    refund(&scene, "r1", "30.00").await;
    let done = refund_query(&scene, "r1").await;
    assert_eq!(done["refund_status"], "REFUND_SUCCESS");
    assert_eq!(
        done["refund_amount"], "30.00",
        "this refund, not the sum of all"
    );
    let none = refund_query(&scene, "r2").await;
    assert_eq!(none["code"], "10000");
    assert!(none.get("refund_status").is_none());
    let biz = json!({ "out_trade_no": "LL9", "out_request_no": "r1" });
    let unknown = scene.biz("alipay.trade.fastpay.refund.query", &biz).await;
    assert_eq!(unknown["sub_code"], "ACQ.TRADE_NOT_EXIST");
}

#[tokio::test]
async fn a_part_needs_a_number_the_whole_does_not() {
    let scene = paid_scene().await;
    let part = scene
        .biz(
            REFUND,
            &json!({ "out_trade_no": "LL1", "refund_amount": "1.00" }),
        )
        .await;
    assert_eq!(part["sub_code"], "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL");
    let whole = scene
        .biz(
            REFUND,
            &json!({ "out_trade_no": "LL1", "refund_amount": "80.70" }),
        )
        .await;
    assert_eq!(whole["fund_change"], "Y");
    assert_eq!(
        refund_query(&scene, "LL1").await["refund_status"],
        "REFUND_SUCCESS"
    );
}

#[tokio::test]
async fn nothing_comes_back_from_an_unpaid_an_unknown_or_a_finished_trade() {
    let scene = Scene::new().await;
    assert_eq!(
        refund(&scene, "r1", "1.00").await["sub_code"],
        "ACQ.TRADE_NOT_EXIST"
    );
    scene.create("LL1", "80.70").await;
    assert_eq!(
        refund(&scene, "r1", "1.00").await["sub_code"],
        "ACQ.TRADE_STATUS_ERROR"
    );
    scene.pay("LL1", "paid").await;
    scene.advance(91 * 86_400).await;
    assert_eq!(scene.query("LL1").await["trade_status"], "TRADE_FINISHED");
    assert_eq!(
        refund(&scene, "r1", "1.00").await["sub_code"],
        "ACQ.TRADE_HAS_FINISHED"
    );
    let notices = scene.ears.wait(2).await;
    assert_eq!(notices[1].get("trade_status"), "TRADE_FINISHED");
}

#[tokio::test]
async fn an_empty_merchant_account_refunds_nothing_new() {
    let scene = paid_scene().await;
    refund(&scene, "r1", "30.00").await;
    scene
        .post("/sim/alipay/seller", json!({ "empty": true }))
        .await;
    let refused = refund(&scene, "r2", "10.00").await;
    assert_eq!(refused["sub_code"], "ACQ.SELLER_BALANCE_NOT_ENOUGH");
    assert_eq!(
        refund(&scene, "r1", "30.00").await["fund_change"],
        "N",
        "a repeat needs no money"
    );
    scene
        .post("/sim/alipay/seller", json!({ "empty": false }))
        .await;
    assert_eq!(refund(&scene, "r2", "10.00").await["fund_change"], "Y");
}
