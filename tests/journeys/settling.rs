//! Power that was sold, from the meter to the money, over HTTP against a demo. Whether it was paid is read
//! from the books of the trade-execution platform.

use std::time::Duration;

use libtest_mimic::Failed;
use lifeline_tests::{Demo, Engine, Looks, Phone};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::fixtures::BOTH;
use crate::generation::{permit, registered, seller};
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "pv_01_from_the_meter_to_the_money",
        BOTH,
        from_the_meter_to_the_money,
    )]
}

const CHECKS: &str = "/v1/check-tasks";

pub(crate) async fn advance(phone: &Phone, seconds: i64) {
    let clock = json!({ "advance_s": seconds });
    phone.sandbox("/sim/clock", &clock).await;
}

/// The first check task of a person who signs in after the meter was read and the month settled.
pub(crate) async fn first_task(demo: &Demo, name: &str) -> (Phone, Value) {
    let mut phone = Phone::new(demo);
    let mut looks = Looks::every(Duration::from_millis(100));
    while looks.again().await {
        // Meters are read, and tables looked at, each hour; by then a token is over.
        if looks.is_first_of(100, 3) {
            advance(&phone, 3_660).await;
            phone = Phone::new(demo).signed_in(name).await;
        }
        let items = phone.get(CHECKS).await.json()["items"].clone();
        if items[0].is_object() {
            return (phone, items[0].clone());
        }
    }
    panic!("no check task was ever made");
}

async fn say(phone: &Phone, task: &str, verdict: &str) -> lifeline_tests::Answer {
    let path = format!("{CHECKS}/{task}/feedback");
    phone.post(&path, &json!({ "verdict": verdict })).await
}

/// What the platform paid.
async fn paid(phone: &Phone) -> Vec<i64> {
    let books = phone.sandbox_get("/sim/payouts").await;
    let items = books["items"].as_array().cloned().unwrap_or_default();
    let paid = items.iter().filter(|one| one["state"] == "paid");
    paid.filter_map(|one| one["amount_fen"].as_i64()).collect()
}

fn sum(rows: &Value) -> i64 {
    let rows = rows.as_array().cloned().unwrap_or_default();
    let amounts = rows.iter().map(|row| row["amount_fen"].as_i64());
    amounts.map(|amount| amount.expect("an amount")).sum()
}

fn from_the_meter_to_the_money(engine: Engine) -> Result<(), Failed> {
    run(async move { sold_and_paid(&Demo::start(engine).await).await })
}

/// One month of one seller: read, settled, checked, paid.
pub(crate) async fn sold_and_paid(demo: &Demo) {
    let (phone, person) = seller(demo).await;
    let account = registered(&phone, &person).await;
    permit(&phone, &account, &person).await;
    let name = person["person"].as_str().expect("a name");
    let (phone, listed) = first_task(demo, name).await;
    let id = listed["check_task_id"].as_str().expect("an id").to_owned();
    let one = format!("{CHECKS}/{id}");
    let shown = phone.get(&one).await.json();
    assert_eq!(shown["state"], "OPEN", "{shown}");
    let worth = &shown["settlement"];
    let (gross, subsidy) = (&worth["gross_fen"], &worth["subsidy_fen"]);
    let parts = gross.as_i64().zip(subsidy.as_i64()).expect("sums");
    assert_eq!(sum(&worth["lines"]), parts.0 + parts.1);
    let net = shown["amount_fen"].as_i64().expect("an amount");
    assert_eq!(
        net,
        parts.0 + parts.1 - worth["tax_fen"].as_i64().expect("a tax")
    );
    assert!(net > 0, "{shown}");
    let table = format!("/v1/generation-accounts/{account}/table");
    let rows = phone.get(&table).await.json();
    assert_eq!(
        sum(&rows["items"]),
        parts.0 + parts.1,
        "the amounts beside the energy: {rows}"
    );
    answers(demo, &phone, &id).await;
    assert_eq!(
        paid(&phone).await,
        [0_i64; 0],
        "the payee stands for less than 72 hours"
    );
    advance(&phone, 72 * 3_600).await;
    let phone = Phone::new(demo).signed_in(name).await;
    let mut looks = Looks::every(Duration::from_millis(100));
    while looks.again().await {
        if phone.get(&one).await.json()["payout"]["state"] == "PAID" {
            assert_eq!(paid(&phone).await, [net]);
            assert_eq!(
                say(&phone, &id, "reject").await.status,
                StatusCode::CONFLICT
            );
            return;
        }
    }
    panic!("it was never paid: {}", phone.get(&one).await.text);
}

/// View answers nothing; an answer is taken back once; another person finds nothing.
async fn answers(demo: &Demo, phone: &Phone, id: &str) {
    let undo = format!("{CHECKS}/{id}/undo");
    let state = |answer: lifeline_tests::Answer| {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()["state"].clone()
    };
    let nothing = phone.post(&undo, &json!({})).await;
    assert_eq!(nothing.code(), "NOTHING_TO_UNDO");
    assert_eq!(state(say(phone, id, "view").await), "OPEN");
    assert_eq!(state(say(phone, id, "confirm").await), "ANSWERED");
    assert_eq!(say(phone, id, "ignore").await.code(), "UNDO_FIRST");
    assert_eq!(state(phone.post(&undo, &json!({})).await), "OPEN");
    assert_eq!(state(say(phone, id, "confirm").await), "ANSWERED");
    assert_eq!(state(say(phone, id, "confirm").await), "ANSWERED");
    let refused = phone.post(&undo, &json!({})).await;
    assert_eq!(refused.code(), "NOTHING_TO_UNDO");
    let neighbour = Phone::sign_in(demo, "li-ming").await;
    assert_eq!(neighbour.get(CHECKS).await.json()["items"], json!([]));
    let one = format!("{CHECKS}/{id}");
    assert_eq!(neighbour.get(&one).await.code(), "NOT_FOUND");
    assert_eq!(say(&neighbour, id, "reject").await.code(), "NOT_FOUND");
}
