//! What the outside world holds afterwards: the only judge of a run.

use serde_json::Value;

use super::client::{Client, list, number, text};
use super::faults::Scenario;
use super::household::{Home, Person};
use super::payment::Paid;
use super::{Wrong, hold};

/// Paid once and posted once, or refunded in full; and the fault really acted.
pub(crate) async fn read(
    client: &Client,
    home: &Home,
    paid: &Paid,
    scenario: &Scenario,
) -> Result<String, Wrong> {
    let no = &paid.out_trade_no;
    let trades = client
        .sandbox_get(&format!("/sim/alipay/trades?out_trade_no={no}"))
        .await?;
    let trades = trades
        .as_array()
        .ok_or_else(|| Wrong::new("no list of trades"))?;
    hold!(
        trades.len() == 1,
        "Alipay holds {} trades under one number",
        trades.len()
    );
    let trade = trades.first().unwrap_or(&Value::Null);
    let consumer = client
        .sandbox_get(&format!("/sim/marketing/consumers/{}", home.consumer_no))
        .await?;
    let ours: Vec<&Value> = list(&consumer, "postings")?
        .iter()
        .filter(|posting| text(posting, "channel_txn_no").is_ok_and(|t| t.starts_with(no.as_str())))
        .collect();
    let posted: Vec<_> = ours
        .iter()
        .filter(|p| text(p, "state").is_ok_and(|s| s == "POSTED"))
        .collect();
    let refunded = number(trade, "refunded_fen")?;
    let taken = number(trade, "total_fen")?;
    hold!(
        taken == paid.amount_fen,
        "Alipay took {taken} fen, the order says {}",
        paid.amount_fen
    );
    if paid.state == "POSTED" {
        hold!(posted.len() == 1, "posted {} times", posted.len());
        hold!(refunded == 0, "posted and refunded");
        let credited = posted.first().map_or(Ok(0), |p| number(p, "amount_fen"))?;
        hold!(credited == taken, "credited {credited} fen of {taken}");
    } else {
        hold!(posted.is_empty(), "refunded but posted");
        hold!(refunded == taken, "refunded {refunded} fen of {taken}");
    }
    if !scenario.is_plain() {
        let faults = client.sandbox_get("/sim/faults").await?;
        let hits = list(&faults, "items")?
            .iter()
            .filter(|fault| scenario.is(fault))
            .map(|fault| number(fault, "hits"))
            .sum::<Result<i64, Wrong>>()?;
        hold!(
            hits >= 1,
            "the fault never acted, so this run shows nothing"
        );
        return Ok(format!(
            "{taken} fen {} once, the fault acted {hits} times",
            paid.state
        ));
    }
    Ok(format!("{taken} fen {} once", paid.state))
}

/// The household was told, in the app and by SMS.
pub(crate) async fn told(client: &Client, person: &Person, paid: &Paid) -> Result<String, Wrong> {
    for _ in 0..24 {
        let notices = client.get("/v1/notices?limit=20").await?;
        let inbox = list(&notices, "items")?
            .iter()
            .any(|notice| text(notice, "kind").is_ok_and(|kind| kind == "credited"));
        let sms = client
            .sandbox_get(&format!("/sim/sms?phone={}", person.phone))
            .await?;
        let yuan = format!(
            "{}.{:02}",
            paid.amount_fen.div_euclid(100),
            paid.amount_fen.rem_euclid(100)
        );
        let texted = sms.as_array().into_iter().flatten().any(|message| {
            text(message, "template_id").is_ok_and(|id| id == "LL_CREDITED")
                && text(message, "text").is_ok_and(|text| text.contains(&yuan))
        });
        if inbox && texted {
            return Ok("in the app and by SMS".to_owned());
        }
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
    }
    Err(Wrong::new(
        "no notice in the app or no SMS about the credit",
    ))
}
