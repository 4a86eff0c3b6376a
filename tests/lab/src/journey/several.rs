//! Several homes by one payment: one trade, and each home credited under its own number.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::client::{Client, list, number, text};
use super::household::{self, Person};
use super::payment::{REST_S_MAX, fresh_key, settle};
use super::{Wrong, hold};

/// A linked home and what it owes.
struct Owing {
    consumer_no: String,
    item: Value,
    due_fen: i64,
}

/// Somebody who owes for more than one home; `None` once everybody has paid.
pub(crate) async fn choose(client: &Client) -> Result<Option<Person>, Wrong> {
    let people = client.sandbox_get("/sim/people").await?;
    for one in people.as_array().into_iter().flatten() {
        let person = household::read(one)?;
        let mut owing = 0_usize;
        for no in &person.consumer_nos {
            let consumer = client
                .sandbox_get(&format!("/sim/marketing/consumers/{no}"))
                .await?;
            if number(&consumer, "due_fen")? > 0 {
                owing = owing.saturating_add(1);
            }
        }
        if owing > 1 {
            return Ok(Some(person));
        }
    }
    Ok(None)
}

/// Pays everything this person owes at once, and reads the outcome from the other side.
pub(crate) async fn pay(client: &Client, person: &Person) -> Result<String, Wrong> {
    let owing = owing(client, person).await?;
    hold!(owing.len() > 1, "only {} homes owe anything", owing.len());
    let items: Vec<&Value> = owing.iter().map(|home| &home.item).collect();
    let body = json!({"items": items, "via": "mini"});
    let key = fresh_key();
    let order = async || {
        client
            .call(Method::POST, "/v1/checkouts", Some(&body), Some(&key))
            .await
    };
    let (first, second) = (order().await?, order().await?);
    hold!(
        first.status == StatusCode::CREATED,
        "the checkout answered {}",
        first.status
    );
    hold!(second.text == first.text, "the repeat answered other bytes");
    let total: i64 = owing.iter().map(|home| home.due_fen).sum();
    hold!(
        number(&first.body, "amount_fen")? == total,
        "the order is not the sum of its homes"
    );
    let path = format!("/v1/payments/{}", text(&first.body, "payment_id")?);
    let (payable, _) = settle(client, &path, |state| state == "PAYING", 120).await?;
    let tap = json!({"trade_no": text(&payable, "trade_no")?, "outcome": "paid"});
    let said = client.sandbox_post("/sim/alipay/pay", &tap).await?;
    hold!(
        text(&said, "result_code")? == "9000",
        "the cashier did not take the money"
    );
    let rests = |state: &str| matches!(state, "POSTED" | "PARTLY_REFUNDED" | "REFUNDED");
    let (ended, simulated_s) = settle(client, &path, rests, REST_S_MAX).await?;
    let state = text(&ended, "state")?;
    hold!(state == "POSTED", "the payment ended {state}");
    for part in list(&ended, "homes")? {
        hold!(
            text(part, "state")? == "POSTED",
            "a home is not shown as POSTED"
        );
    }
    verdict(client, &owing, text(&ended, "out_trade_no")?, total).await?;
    Ok(format!(
        "{} homes, {total} fen by one payment in {simulated_s} simulated seconds, each credited under its own number",
        owing.len()
    ))
}

async fn owing(client: &Client, person: &Person) -> Result<Vec<Owing>, Wrong> {
    household::link(client, person).await?;
    let bindings = client.get("/v1/bindings?limit=50").await?;
    let mut owing = Vec::new();
    for binding in list(&bindings, "items")? {
        let id = text(binding, "binding_id")?;
        let arrears = client.get(&format!("/v1/bindings/{id}/arrears")).await?;
        let due_fen = number(&arrears, "total_fen")?;
        if due_fen == 0 {
            continue;
        }
        let masked = text(binding, "consumer_no_masked")?;
        let consumer_no = person
            .consumer_nos
            .iter()
            .find(|no| no.ends_with(masked.trim_start_matches('*')))
            .ok_or_else(|| Wrong::new("a foreign home was linked"))?;
        owing.push(Owing {
            consumer_no: consumer_no.clone(),
            item: json!({"binding_id": id, "amount_fen": due_fen,
                "arrears_version": text(&arrears, "arrears_version")?}),
            due_fen,
        });
    }
    Ok(owing)
}

/// One trade of the whole sum; in each home's books its own part, once, under a number of its own.
async fn verdict(client: &Client, owing: &[Owing], order: &str, total: i64) -> Result<(), Wrong> {
    let trades = client
        .sandbox_get(&format!("/sim/alipay/trades?out_trade_no={order}"))
        .await?;
    let trades = trades.as_array().cloned().unwrap_or_default();
    hold!(trades.len() == 1, "Alipay holds {} trades", trades.len());
    for trade in &trades {
        hold!(
            number(trade, "total_fen")? == total && number(trade, "refunded_fen")? == 0,
            "Alipay took another sum, or gave some back"
        );
    }
    let mut numbers = Vec::new();
    for home in owing {
        let path = format!("/sim/marketing/consumers/{}", home.consumer_no);
        let consumer = client.sandbox_get(&path).await?;
        let ours: Vec<&Value> = list(&consumer, "postings")?
            .iter()
            .filter(|posting| text(posting, "channel_txn_no").is_ok_and(|t| t.starts_with(order)))
            .collect();
        let [posting] = ours[..] else {
            return Err(Wrong::new(format!(
                "a home was posted {} times",
                ours.len()
            )));
        };
        hold!(
            text(posting, "state")? == "POSTED" && number(posting, "amount_fen")? == home.due_fen,
            "a home was credited with another home's part"
        );
        hold!(
            number(&consumer, "due_fen")? == 0,
            "a home still owes something"
        );
        numbers.push(text(posting, "channel_txn_no")?.to_owned());
    }
    numbers.sort();
    numbers.dedup();
    hold!(
        numbers.len() == owing.len(),
        "two homes were posted under one number"
    );
    Ok(())
}
