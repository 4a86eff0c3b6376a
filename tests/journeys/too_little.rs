//! A payer whose wallet does not cover the payment (EC-17): the wallet is asked first, and only what it gave is posted.

use libtest_mimic::Failed;
use lifeline_tests::{Demo, Engine, Phone};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::fixtures::BOTH;
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "ec_17_the_balance_covers_it_first_and_only_then_it_is_paid",
        BOTH,
        the_balance_covers_it_first,
    )]
}

/// All that the marketing system has booked since it began.
async fn booked(phone: &Phone) -> Value {
    let audit = phone.sandbox_get("/sim/marketing/audit").await;
    json!([
        audit["postings"],
        audit["posted_net_fen"],
        audit["balanced"]
    ])
}

fn the_balance_covers_it_first(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let phone = Phone::sign_in(&demo, "li-ming").await;
        let home = phone.link_all().await.remove(0);
        let order = phone.arrears_order(&home).await;
        let key = [("idempotency-key", "too-little-money-01")];
        let made = phone
            .send(Method::POST, "/v1/payments", Some(&order), &key)
            .await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        let payment = made.json();
        let number = payment["payment_id"].as_str().expect("an id");
        let path = format!("/v1/payments/{number}");
        let tap = json!({"trade_no": payment["trade_no"], "outcome": "insufficient"});
        let declined = phone.sandbox("/sim/alipay/pay", &tap).await;
        assert_eq!(declined["result_code"], "4000", "{declined}");
        // The sweeper has its turns meanwhile, and asks the channel: there is no money, so nothing is posted.
        for _ in 0..6 {
            phone.sandbox("/sim/clock", &json!({"advance_s": 10})).await;
            let seen = phone.get(&path).await.json();
            assert_eq!(seen["state"], "PAYING", "{seen}");
            assert_eq!(booked(&phone).await, json!([0, 0, true]));
        }
        // With money the same order is paid, once and exactly.
        phone.pay_and_rest(&payment, "POSTED").await;
        let paid = json!([1, payment["amount_fen"], true]);
        assert_eq!(booked(&phone).await, paid);
    })
}
