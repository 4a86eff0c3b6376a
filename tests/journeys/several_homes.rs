//! One payment for several homes: what clients are told, and what the outside world holds afterwards.

use libtest_mimic::Failed;
use lifeline_tests::{Answer, Demo, Engine, Phone};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::fixtures::BOTH;
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![
        (
            "one_of_two_homes_is_refunded_and_the_other_credited",
            BOTH,
            part_refund,
        ),
        ("a_checkout_is_read_strictly", BOTH, bodies),
    ]
}

/// Two homes that owe, and one that does not.
const OWING: [&str; 2] = ["1504010020165", "1504010020173"];
const PAID_UP: &str = "1504010020181";

async fn check_out(phone: &Phone, body: &Value, key: &str) -> Answer {
    let headers = [("idempotency-key", key)];
    phone
        .send(Method::POST, "/v1/checkouts", Some(body), &headers)
        .await
}

/// The items of this person's homes by consumer number, whether they owe or not.
async fn items(phone: &Phone, homes: &[String], numbers: &[&str]) -> Vec<Value> {
    let mut items = Vec::new();
    for number in numbers {
        for home in homes {
            let detail = phone.get(&format!("/v1/bindings/{home}")).await.json();
            let tail = number.get(9..).expect("thirteen digits");
            if !detail["consumer_no_masked"]
                .as_str()
                .is_some_and(|masked| masked.ends_with(tail))
            {
                continue;
            }
            let order = phone.arrears_order(home).await;
            items.push(
                json!({"binding_id": home, "amount_fen": order["amount_fen"],
                "arrears_version": order["arrears_version"]}),
            );
        }
    }
    assert_eq!(items.len(), numbers.len(), "every home is linked");
    items
}

async fn postings(phone: &Phone, number: &str, order: &str) -> Vec<Value> {
    let consumer = phone
        .sandbox_get(&format!("/sim/marketing/consumers/{number}"))
        .await;
    let all = consumer["postings"].as_array().cloned().unwrap_or_default();
    let ours = |posting: &Value| {
        posting["channel_txn_no"]
            .as_str()
            .is_some_and(|no| no.starts_with(order))
    };
    all.into_iter().filter(ours).collect()
}

fn part_refund(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let phone = Phone::sign_in(&demo, "gao-yun").await;
        let homes = phone.link_all().await;
        let items = items(&phone, &homes, &OWING).await;
        let body = json!({"items": items, "via": "mini"});
        let made = check_out(&phone, &body, "several-homes-key-1").await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        let again = check_out(&phone, &body, "several-homes-key-1").await;
        assert_eq!(made.text, again.text, "the same bytes");
        let order = made.json();
        let amounts: Vec<i64> = items
            .iter()
            .filter_map(|item| item["amount_fen"].as_i64())
            .collect();
        let total: i64 = amounts.iter().sum();
        assert_eq!(order["amount_fen"], total);
        // While the payer is in the cashier one contract ends, and the answer about the other is lost.
        let closed = json!({"consumer_no": OWING[1]});
        phone.sandbox("/sim/marketing/close-account", &closed).await;
        let fault = json!({"target": "marketing", "route": "POST /payments",
            "kind": "TIMEOUT_AFTER_COMMIT", "count": 1, "seed": 7});
        phone.sandbox("/sim/faults", &fault).await;
        let ended = phone.pay_and_rest(&order, "PARTLY_REFUNDED").await;
        assert_eq!(ended["next"]["code"], "PARTLY_REFUNDED");
        let states: Vec<&Value> = (0..2).map(|at| &ended["homes"][at]["state"]).collect();
        assert_eq!(states, ["POSTED", "REFUNDED"]);
        let [refund] = &ended["refunds"].as_array().cloned().unwrap_or_default()[..] else {
            panic!("one refund: {ended}");
        };
        assert_eq!(refund["binding_id"], items[1]["binding_id"]);
        assert_eq!(refund["amount_fen"], amounts[1]);
        verdict(&phone, &order, &amounts).await;
        shown_under_each_home(&phone, &order, &items).await;
    })
}

/// Read from the other side: the money was taken once, credited to one home, and given back of the other.
async fn verdict(phone: &Phone, order: &Value, amounts: &[i64]) {
    let number = order["out_trade_no"].as_str().expect("an order number");
    let trades = phone
        .sandbox_get(&format!("/sim/alipay/trades?out_trade_no={number}"))
        .await;
    assert_eq!(trades[0]["total_fen"], amounts[0] + amounts[1]);
    assert_eq!(trades[0]["refunded_fen"], amounts[1]);
    let credited = postings(phone, OWING[0], number).await;
    assert_eq!(credited.len(), 1, "{credited:?}");
    assert_eq!(credited[0]["amount_fen"], amounts[0]);
    assert_eq!(credited[0]["channel_txn_no"], format!("{number}_1_1"));
    assert!(postings(phone, OWING[1], number).await.is_empty());
    let faults = phone.sandbox_get("/sim/faults").await;
    assert!(
        faults["items"][0]["hits"].as_i64() >= Some(1),
        "the fault never acted: {faults}"
    );
}

/// The payments of a home list the order whose line it is, whether it stands first in it or not.
async fn shown_under_each_home(phone: &Phone, order: &Value, items: &[Value]) {
    for item in items {
        let home = item["binding_id"].as_str().expect("a home");
        let page = phone
            .get(&format!("/v1/bindings/{home}/payments"))
            .await
            .json();
        let listed = page["items"].as_array().cloned().unwrap_or_default();
        assert_eq!(listed.len(), 1, "{page}");
        assert_eq!(listed[0]["payment_id"], order["payment_id"]);
    }
}

fn bodies(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let phone = Phone::sign_in(&demo, "gao-yun").await;
        let homes = phone.link_all().await;
        let items = items(&phone, &homes, &[OWING[0], OWING[1], PAID_UP]).await;
        let stranger = Phone::sign_in(&demo, "li-ming").await;
        let theirs = stranger.link_all().await;
        let mut foreign = items[0].clone();
        foreign["binding_id"] = json!(theirs[0]);
        let mut stale = items[1].clone();
        stale["arrears_version"] = json!("long-gone");
        let mut nested = items[0].clone();
        nested["discount_fen"] = json!(1);
        let ten: Vec<Value> = (0..10)
            .map(|n| {
                let mut item = items[0].clone();
                item["binding_id"] = json!(format!("019aa2f0-0000-7000-8000-0000000000{n:02}"));
                item
            })
            .collect();
        let cases = [
            (json!([]), "INVALID_FIELD", 422),
            (json!(ten), "TOO_MANY_HOMES", 422),
            (json!(ten[..9]), "NOT_FOUND", 404),
            (json!([items[0], items[0]]), "HOME_TWICE", 422),
            (json!([items[0], foreign]), "NOT_FOUND", 404),
            (json!([items[0], nested]), "UNKNOWN_FIELD", 400),
            (json!([items[0], stale]), "STALE_ARREARS", 409),
            (json!([items[0], items[2]]), "INVALID_FIELD", 422),
            (json!("all"), "INVALID_FIELD", 422),
        ];
        for (at, (wanted, code, status)) in cases.into_iter().enumerate() {
            let body = json!({"items": wanted, "via": "mini"});
            let refused = check_out(&phone, &body, &format!("strictly-read-{at:03}")).await;
            assert_eq!(
                (refused.status.as_u16(), refused.code()),
                (status, code.to_owned()),
                "case {at}: {}",
                refused.text
            );
            if code == "STALE_ARREARS" {
                let told = refused.json();
                assert_eq!(told["binding_id"], items[1]["binding_id"], "which home");
                assert_eq!(told["current"]["total_fen"], items[1]["amount_fen"]);
            }
        }
        let unkeyed = phone
            .post("/v1/checkouts", &json!({"items": items[..2]}))
            .await;
        assert_eq!(unkeyed.code(), "IDEMPOTENCY_KEY_MISSING");
        let none = phone.sandbox_get("/sim/alipay/trades").await;
        assert_eq!(
            none.as_array().map(Vec::len),
            Some(0),
            "nothing was ordered"
        );
    })
}
