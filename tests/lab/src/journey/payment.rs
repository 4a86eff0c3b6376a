//! Paying, with time moved by the sandbox's time machine while the outcome is not final.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::client::{Client, number, text};
use super::faults::{Ends, Scenario};
use super::household::Home;
use super::patience::Looks;
use super::{Wrong, hold, verdict};

/// A payment that came to its end.
pub(crate) struct Paid {
    pub(crate) state: String,
    pub(crate) amount_fen: i64,
    pub(crate) out_trade_no: String,
    /// Simulated seconds from the tap in the cashier to the end.
    pub(crate) simulated_s: i64,
}

/// A closed order must be seen closed within this many simulated seconds.
const CLOSED_S_MAX: i64 = 60;
/// Money of several homes must have come to rest within this many simulated seconds.
pub(crate) const REST_S_MAX: i64 = 60;
/// How far the time machine goes at each look.
const LOOK_S: i64 = 5;
/// Looks at real time while an answer is on its way (a deadline inside Lifeline is 4 s).
const REAL_LOOK: Duration = Duration::from_millis(250);
/// Looks before time is moved at all: an answer that is on its way gets its deadline.
const FIRST_LOOKS: u32 = 24;
/// Looks between two moves of time.
const LATER_LOOKS: u32 = 3;

/// What to pay: the arrears when there are any, else a top-up no other run uses.
async fn order(client: &Client, home: &Home) -> Result<Value, Wrong> {
    let arrears = client
        .get(&format!("/v1/bindings/{}/arrears", home.binding_id))
        .await?;
    let total = number(&arrears, "total_fen")?;
    if total > 0 {
        let version = text(&arrears, "arrears_version")?;
        return Ok(json!({"binding_id": home.binding_id, "purpose": "arrears",
            "amount_fen": total, "arrears_version": version, "via": "mini"}));
    }
    let unique = i64::from(nanos()).rem_euclid(90_000).saturating_add(1_000);
    Ok(
        json!({"binding_id": home.binding_id, "purpose": "top_up", "amount_fen": unique, "via": "mini"}),
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "a fresh key and amount for each run, no decision"
)]
fn nanos() -> u32 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.subsec_nanos())
}

pub(crate) fn fresh_key() -> String {
    format!("journey-{:010}-{:010}", std::process::id(), nanos())
}

/// EC-17: with too little money nothing is posted, and the payer is told.
pub(crate) async fn refused_for_lack_of_money(
    client: &Client,
    home: &Home,
) -> Result<String, Wrong> {
    let before = postings(client, home).await?;
    let body = order(client, home).await?;
    let created = create(client, &body, &fresh_key()).await?;
    let trade_no = text(&created, "trade_no")?;
    let tap = json!({"trade_no": trade_no, "outcome": "insufficient"});
    let said = client.sandbox_post("/sim/alipay/pay", &tap).await?;
    hold!(
        text(&said, "result_code")? == "4000",
        "the cashier took money that is not there"
    );
    let path = format!("/v1/payments/{}", text(&created, "payment_id")?);
    let payment = client.get(&path).await?;
    hold!(
        text(&payment, "state")? == "PAYING",
        "an unpaid order is {}",
        text(&payment, "state")?
    );
    let closed = client
        .call(
            Method::POST,
            &format!("{path}/close"),
            Some(&json!({})),
            None,
        )
        .await?;
    hold!(
        closed.status == StatusCode::OK,
        "the order could not be closed: {}",
        closed.status
    );
    let ended = settle(client, &path, |state| state == "CLOSED", CLOSED_S_MAX).await?;
    hold!(
        postings(client, home).await? == before,
        "something was posted without money"
    );
    Ok(format!(
        "nothing posted, the order is {}",
        text(&ended.0, "state")?
    ))
}

async fn postings(client: &Client, home: &Home) -> Result<usize, Wrong> {
    let path = format!("/sim/marketing/consumers/{}", home.consumer_no);
    let consumer = client.sandbox_get(&path).await?;
    Ok(super::client::list(&consumer, "postings")?.len())
}

/// Creates twice with one key: the bytes must be the same.
async fn create(client: &Client, body: &Value, key: &str) -> Result<Value, Wrong> {
    let first = client
        .call(Method::POST, "/v1/payments", Some(body), Some(key))
        .await?;
    let code = first
        .body
        .get("code")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    hold!(
        first.status == StatusCode::CREATED,
        "create answered {} {code}",
        first.status
    );
    let second = client
        .call(Method::POST, "/v1/payments", Some(body), Some(key))
        .await?;
    hold!(
        second.status == first.status,
        "the repeat answered {}",
        second.status
    );
    hold!(second.text == first.text, "the repeat answered other bytes");
    Ok(first.body)
}

/// Orders; told that the figures moved since they were read, a household reads them again and agrees.
async fn ordered(client: &Client, home: &Home) -> Result<Value, Wrong> {
    let body = order(client, home).await?;
    match create(client, &body, &fresh_key()).await {
        Err(wrong) if wrong.0.contains("STALE_ARREARS") => {
            let body = order(client, home).await?;
            create(client, &body, &fresh_key()).await
        }
        made => made,
    }
}

/// Pays once and waits until the payment rests.
pub(crate) async fn pay(client: &Client, home: &Home, scenario: &Scenario) -> Result<Paid, Wrong> {
    scenario.plan(client).await?;
    let created = ordered(client, home).await?;
    let path = format!("/v1/payments/{}", text(&created, "payment_id")?);
    let (payable, _) = settle(client, &path, |state| state == "PAYING", 120).await?;
    let trade_no = text(&payable, "trade_no")?;
    if scenario.forges() {
        forged_in_vain(client, &path, text(&payable, "out_trade_no")?).await?;
    }
    if scenario.ends() == Ends::Refunded {
        account(client, home, "close-account").await?;
    }
    let tap = json!({"trade_no": trade_no, "outcome": "paid"});
    let said = client.sandbox_post("/sim/alipay/pay", &tap).await?;
    hold!(
        text(&said, "result_code")? == "9000",
        "the cashier did not take the money"
    );
    let rests = |state: &str| matches!(state, "POSTED" | "REFUNDED");
    let ended = settle(client, &path, rests, scenario.rest_s()).await;
    if scenario.ends() == Ends::Refunded {
        account(client, home, "reopen-account").await?;
    }
    let (ended, simulated_s) = ended?;
    Ok(Paid {
        state: text(&ended, "state")?.to_owned(),
        amount_fen: number(&ended, "amount_fen")?,
        out_trade_no: text(&ended, "out_trade_no")?.to_owned(),
        simulated_s,
    })
}

/// The contract behind the home ends, or goes on.
async fn account(client: &Client, home: &Home, act: &str) -> Result<(), Wrong> {
    let path = format!("/sim/marketing/{act}");
    let body = json!({"consumer_no": home.consumer_no});
    client.sandbox_post(&path, &body).await.map(drop)
}

/// The forged claim came and was refused, and the order still waits for its payer.
async fn forged_in_vain(client: &Client, path: &str, out_trade_no: &str) -> Result<(), Wrong> {
    let trades = format!("/sim/alipay/trades?out_trade_no={out_trade_no}");
    let mut looks = Looks::every(REAL_LOOK);
    while looks.again().await {
        let seen = client.sandbox_get(&trades).await?;
        let forged = verdict::forged(&seen)?;
        if forged.iter().any(|sends| !sends.is_empty()) {
            let payment = client.get(path).await?;
            let state = text(&payment, "state")?;
            hold!(
                state == "PAYING",
                "a forged notice made an unpaid order {state}"
            );
            return Ok(());
        }
    }
    Err(Wrong::new("the forged notice never came"))
}

/// Looks until the state fits; moves time on when nothing changes by itself, as far as it may need. Then only a slow
/// machine needs more of its own.
pub(crate) async fn settle(
    client: &Client,
    path: &str,
    fits: impl Fn(&str) -> bool,
    simulated_s_max: i64,
) -> Result<(Value, i64), Wrong> {
    let mut simulated_s = 0;
    let mut still = None;
    loop {
        for _ in 0..real_looks(simulated_s) {
            let payment = client.get(path).await?;
            if fits(text(&payment, "state")?) {
                return Ok((payment, simulated_s));
            }
            tokio::time::sleep(REAL_LOOK).await;
        }
        let payment = client.get(path).await?;
        let state = text(&payment, "state")?;
        if simulated_s >= simulated_s_max {
            let looks = still.get_or_insert_with(|| Looks::every(REAL_LOOK * LATER_LOOKS));
            hold!(
                looks.again().await,
                "still {state} after {simulated_s} simulated seconds"
            );
            continue;
        }
        client
            .sandbox_post("/sim/clock", &json!({"advance_s": LOOK_S}))
            .await?;
        simulated_s = simulated_s.saturating_add(LOOK_S);
    }
}

/// First give real work its time (socket deadlines do not jump with the clock), then look shortly.
fn real_looks(simulated_s: i64) -> u32 {
    if simulated_s == 0 {
        FIRST_LOOKS
    } else {
        LATER_LOOKS
    }
}
