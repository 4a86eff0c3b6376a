//! What the outside world holds afterwards: the only judge of a run.

use std::time::Duration;

use serde_json::{Value, json};

use super::client::{Client, list, number, text};
use super::faults::{Ends, Scenario};
use super::household::{Home, Person};
use super::patience::Looks;
use super::payment::Paid;
use super::{Wrong, hold};

/// Between two looks at what comes by itself.
const LOOK: Duration = Duration::from_millis(250);
/// Looks until time is moved on, how far, and how often.
const LOOKS_A_STEP: u32 = 8;
const STEP_S: i64 = 30;
const STEPS_MAX: u32 = 6;

/// Paid once and posted once, or refunded in full, as the scenario's row says.
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
    let wanted = match scenario.ends() {
        Ends::Posted => "POSTED",
        Ends::Refunded => "REFUNDED",
    };
    hold!(
        paid.state == wanted,
        "the payment ended {}, not {wanted}",
        paid.state
    );
    if scenario.ends() == Ends::Posted {
        hold!(posted.len() == 1, "posted {} times", posted.len());
        hold!(refunded == 0, "posted and refunded");
        let credited = posted.first().map_or(Ok(0), |p| number(p, "amount_fen"))?;
        hold!(credited == taken, "credited {credited} fen of {taken}");
    } else {
        hold!(posted.is_empty(), "refunded but posted");
        hold!(refunded == taken, "refunded {refunded} fen of {taken}");
    }
    let refused = forged(trade)?
        .iter()
        .flatten()
        .all(|status| *status == Some(400));
    hold!(refused, "a forged notice was not refused");
    Ok(format!("{taken} fen {} once", paid.state))
}

/// For each forged notice of a trade, the status every send of it was answered with.
pub(crate) fn forged(trades: &Value) -> Result<Vec<Vec<Option<i64>>>, Wrong> {
    let trade = trades.get(0).unwrap_or(trades);
    let is_forged = |notice: &&Value| notice.get("forged") == Some(&Value::Bool(true));
    list(trade, "notices")?
        .iter()
        .filter(is_forged)
        .map(|notice| {
            let sends = list(notice, "attempts")?.iter();
            Ok(sends
                .map(|send| send.get("http_status").and_then(Value::as_i64))
                .collect())
        })
        .collect()
}

/// The fault really acted, on the calls it was meant for; a run in which it did not shows nothing.
pub(crate) async fn acted(client: &Client, scenario: &Scenario) -> Result<String, Wrong> {
    let mut looks = Looks::every(LOOK);
    while looks.again().await {
        let faults = client.sandbox_get("/sim/faults").await?;
        let hits = list(&faults, "items")?
            .iter()
            .filter(|fault| scenario.is(fault))
            .map(|fault| number(fault, "hits"))
            .sum::<Result<i64, Wrong>>()?;
        if hits >= 1 {
            return Ok(format!("it acted {hits} times"));
        }
    }
    Err(Wrong::new(
        "the fault never acted, so this run shows nothing",
    ))
}

/// The household was told, in the app and by SMS.
pub(crate) async fn told(client: &Client, person: &Person, paid: &Paid) -> Result<String, Wrong> {
    let mut looks = Looks::every(LOOK);
    while looks.again().await {
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
        // A text that was not taken is sent again later.
        if looks.is_step(LOOKS_A_STEP, STEPS_MAX) {
            let step = json!({"advance_s": STEP_S});
            client.sandbox_post("/sim/clock", &step).await?;
        }
    }
    Err(Wrong::new(
        "no notice in the app or no SMS about the credit",
    ))
}
