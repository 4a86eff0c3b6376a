//! Selling power, played as a household would: registering, showing who one is, checking a month, being paid.
//! Each fault is played on a month of its own; what was paid is read from the books of the trade-execution
//! platform.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::client::{Client, list, number, text};
use super::household::{self, Person};
use super::patience::Looks;
use super::report::Report;
use super::{Demo, Wrong, hold, jwe};

/// What goes wrong on the way of one month, where, and whether the owner rejects the amount first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    kind: &'static str,
    route: &'static str,
    rejects: bool,
    /// A payout without its answer is asked about.
    unanswered: bool,
}

const METER: &str = "POST /meter/months";
const PRICES: &str = "GET /prices";
const REVIEW: &str = "POST /reviews";
const REVIEWED: &str = "GET /reviews/{no}";
const PAY: &str = "POST /payouts";
const PAID: &str = "GET /payouts/{no}";

const fn row(route: &'static str, kind: &'static str) -> Row {
    Row {
        kind,
        route,
        rejects: false,
        unanswered: false,
    }
}

const fn rejected(row: Row) -> Row {
    Row {
        rejects: true,
        ..row
    }
}

const fn asked(row: Row) -> Row {
    Row {
        unanswered: true,
        ..row
    }
}

const ROWS: [Row; 13] = [
    row(METER, "TIMEOUT_BEFORE"),
    row(METER, "LEAK_SQL"),
    row(PRICES, "HTTP_500"),
    row(PRICES, "LATENCY"),
    rejected(row(REVIEW, "TIMEOUT_AFTER_COMMIT")),
    rejected(row(REVIEW, "DUPLICATE_REPLY")),
    rejected(row(REVIEWED, "HTTP_500")),
    row(PAY, "TIMEOUT_BEFORE"),
    row(PAY, "TIMEOUT_AFTER_COMMIT"),
    row(PAY, "HTTP_500"),
    row(PAY, "DUPLICATE_REPLY"),
    asked(row(PAID, "TIMEOUT_BEFORE")),
    asked(row(PAID, "LEAK_SQL")),
];

/// Scenarios of a wish, as `--fault` names it; the plain one is `None`.
pub(crate) fn wanted(fault: Option<&str>) -> Vec<Option<Row>> {
    let chosen = |row: &Row| fault == Some("all") || fault == Some(row.kind);
    let named = ROWS.into_iter().filter(chosen).map(Some);
    let plain = (fault.is_none() || fault == Some("all")).then_some(None);
    plain.into_iter().chain(named).collect()
}

pub(crate) fn name(row: Option<Row>) -> String {
    match row {
        None => "selling power".to_owned(),
        Some(Row { kind, route, .. }) => format!("selling power: {kind} on generation {route}"),
    }
}

/// The watch and the meter are looked at each hour; a little more passes.
const HOUR_S: i64 = 3_660;
const PAYEE_S: i64 = 72 * 3_600 + 60;
const MONTH_S: i64 = 31 * 86_400;
const LOOK: Duration = Duration::from_millis(100);
/// Looks until time is moved on, and how often for one thing.
const LOOKS: u32 = 50;
const STEPS_MAX: u32 = 6;

/// The owner at their phone. Time jumps, so that they sign in again.
struct Owner {
    client: Client,
    person: Person,
    about: Value,
    account: String,
}

pub(crate) async fn run(demo: &Demo, row: Option<Row>, report: &mut Report) -> Result<(), Wrong> {
    let mut owner = Owner::at(demo).await?;
    owner.client.sandbox_delete("/sim/faults").await?;
    let said = owner.open().await?;
    report.step("table open", &said);
    // What is met while the month is read must be there before it is; the rest would be met by work on other months.
    let early = row.filter(|row| matches!(row.route, METER | PRICES));
    if let Some(row) = early {
        put(&owner.client, row).await?;
    }
    owner.turns_to_a_month(row.is_some()).await?;
    let task = owner.sent().await?;
    if let Some(row) = row.filter(|_| early.is_none()) {
        put(&owner.client, row).await?;
    }
    let net = owner.explained(&task).await?;
    report.step(
        "saw what the month is worth",
        &format!("{net} fen, explained to the fen"),
    );
    let rejects = row.is_some_and(|row| row.rejects);
    if rejects {
        owner.is_reviewed(&task).await?;
        report.step("rejected", "the reviewer upheld the amount");
    } else {
        owner.changes_their_mind(&task).await?;
        report.step(
            "confirmed",
            "after a look, an answer taken back and given again",
        );
    }
    owner.is_paid(&task).await?;
    report.step("paid", "once, by the platform's own list");
    if let Some(row) = row {
        let hits = hits(&owner.client, row).await?;
        report.step("the fault", &format!("it acted {hits} times"));
    }
    Ok(())
}

async fn put(client: &Client, row: Row) -> Result<(), Wrong> {
    let fault = |route, kind| json!({"target": "generation", "route": route, "kind": kind, "count": 1, "seed": 7});
    let beside = row.unanswered.then(|| fault(PAY, "TIMEOUT_AFTER_COMMIT"));
    for body in [Some(fault(row.route, row.kind)), beside]
        .into_iter()
        .flatten()
    {
        client.sandbox_post("/sim/faults", &body).await?;
    }
    Ok(())
}

async fn hits(client: &Client, row: Row) -> Result<i64, Wrong> {
    let faults = client.sandbox_get("/sim/faults").await?;
    let ours = |fault: &&Value| {
        text(fault, "route").is_ok_and(|route| route == row.route)
            && text(fault, "kind").is_ok_and(|kind| kind == row.kind)
    };
    let hits = list(&faults, "items")?.iter().filter(ours);
    let hits = hits
        .map(|fault| number(fault, "hits"))
        .sum::<Result<i64, Wrong>>()?;
    hold!(
        hits >= 1,
        "the fault never acted, so this run shows nothing"
    );
    Ok(hits)
}

impl Owner {
    /// The first one who sells power.
    async fn at(demo: &Demo) -> Result<Self, Wrong> {
        let mut client = Client::new(demo)?;
        let people = client.sandbox_get("/sim/people").await?;
        let mut people = people.as_array().into_iter().flatten();
        let about = people
            .find(|one| one.get("registration").is_some_and(Value::is_object))
            .ok_or_else(|| Wrong::new("nobody of the demo sells power"))?
            .clone();
        let person = household::read(&about)?;
        household::sign_in(&mut client, &person).await?;
        Ok(Self {
            client,
            person,
            about,
            account: String::new(),
        })
    }

    async fn advance(&mut self, seconds: i64) -> Result<(), Wrong> {
        let step = json!({"advance_s": seconds});
        self.client.sandbox_post("/sim/clock", &step).await?;
        if seconds > 600 {
            household::sign_in(&mut self.client, &self.person).await?;
        }
        Ok(())
    }

    async fn state(&self) -> Result<Value, Wrong> {
        let path = format!("/v1/generation-accounts/{}", self.account);
        self.client.get(&path).await
    }

    /// Registers unless that was done, shows who they are, and lets the payee stand for three days.
    async fn open(&mut self) -> Result<String, Wrong> {
        let all = "/v1/generation-accounts";
        let known = self.client.get(all).await?;
        let found = list(&known, "items")?.first().cloned();
        let account = match found {
            Some(account) => account,
            None => {
                let typed = self.about.get("registration").cloned().unwrap_or_default();
                self.client.post(all, &typed, StatusCode::CREATED).await?
            }
        };
        text(&account, "generation_account_id")?.clone_into(&mut self.account);
        let mut looks = Looks::every(LOOK);
        while text(&self.state().await?, "state")? == "keyless" {
            hold!(looks.again().await, "no key was ever made");
        }
        if text(&self.state().await?, "state")? == "keyed" {
            self.show_who().await?;
            self.advance(PAYEE_S).await?;
        }
        hold!(
            text(&self.state().await?, "state")? == "permitted",
            "the table is not open"
        );
        Ok("by the grid reserve and an encrypted identity".to_owned())
    }

    /// A run with a fault gets a month of its own; the plain one takes what waits to be checked.
    async fn turns_to_a_month(&mut self, fresh: bool) -> Result<(), Wrong> {
        let tasks = self.tasks().await?;
        if fresh || (self.newest_open().await?.is_none() && !tasks.is_empty()) {
            self.advance(MONTH_S).await?;
        }
        Ok(())
    }

    async fn show_who(&self) -> Result<(), Wrong> {
        let path = format!("/v1/generation-accounts/{}", self.account);
        let key = self.client.get(&format!("{path}/public-key")).await?;
        let mut said = json!({
            "generation_account_id": self.account, "nonce": key.get("nonce"), "identity": self.about.get("identity"),
        });
        let jwk = key.get("jwk").cloned().unwrap_or_default();
        let right = jwe::encrypted(&jwk, &said)?;
        if let Some(identity) = said.get_mut("identity").and_then(Value::as_object_mut) {
            identity.insert("bank_card_no".to_owned(), json!("6217000000000000013"));
        }
        let wrong = json!({"jwe": jwe::encrypted(&jwk, &said)?});
        let access = format!("{path}/access");
        let refused = self
            .client
            .call(Method::POST, &access, Some(&wrong), None)
            .await?;
        hold!(
            refused.body.get("code") == Some(&json!("PERMISSION_NOT_GRANTED")),
            "another payee was let in, or refused with other words"
        );
        // A try uses its nonce up.
        let again = self.client.get(&format!("{path}/public-key")).await?;
        let body = if again.get("nonce") == key.get("nonce") {
            json!({"jwe": right})
        } else {
            let said = json!({
                "generation_account_id": self.account, "nonce": again.get("nonce"), "identity": self.about.get("identity"),
            });
            json!({"jwe": jwe::encrypted(&jwk, &said)?})
        };
        self.client
            .post(&access, &body, StatusCode::OK)
            .await
            .map(drop)
    }

    async fn tasks(&self) -> Result<Vec<Value>, Wrong> {
        let page = self.client.get("/v1/check-tasks?limit=20").await?;
        list(&page, "items").cloned()
    }

    async fn newest_open(&self) -> Result<Option<Value>, Wrong> {
        let tasks = self.tasks().await?;
        let open = |task: &Value| text(task, "state").is_ok_and(|state| state == "OPEN");
        Ok(tasks.into_iter().find(open))
    }

    /// The check task of a month that was read and settled.
    async fn sent(&mut self) -> Result<String, Wrong> {
        let mut looks = Looks::every(LOOK);
        while looks.again().await {
            if let Some(task) = self.newest_open().await? {
                return text(&task, "check_task_id").map(str::to_owned);
            }
            if looks.is_step(LOOKS, STEPS_MAX) {
                self.advance(HOUR_S).await?;
            }
        }
        Err(Wrong::new("no check task was ever made"))
    }

    async fn one(&self, task: &str) -> Result<Value, Wrong> {
        self.client.get(&format!("/v1/check-tasks/{task}")).await
    }

    async fn say(&self, task: &str, what: &str, body: &Value) -> Result<Value, Wrong> {
        let path = format!("/v1/check-tasks/{task}/{what}");
        self.client.post(&path, body, StatusCode::OK).await
    }

    /// Lines, tax and subsidy come to the amount.
    async fn explained(&self, task: &str) -> Result<i64, Wrong> {
        let shown = self.one(task).await?;
        let worth = shown
            .get("settlement")
            .ok_or_else(|| Wrong::new("the amount is not explained"))?;
        let lines = list(worth, "lines")?.iter();
        let sum = lines
            .map(|line| number(line, "amount_fen"))
            .sum::<Result<i64, Wrong>>()?;
        let net = number(&shown, "amount_fen")?;
        let (gross, subsidy) = (number(worth, "gross_fen")?, number(worth, "subsidy_fen")?);
        let (tax, adjustment) = (number(worth, "tax_fen")?, number(worth, "adjustment_fen")?);
        hold!(
            sum == gross.saturating_add(subsidy),
            "the lines are not the gross amount and the subsidy"
        );
        hold!(
            net == sum.saturating_sub(tax).saturating_add(adjustment) && net > 0,
            "the amount is not what its parts come to"
        );
        hold!(list(worth, "days")?.len() >= 28, "days are missing");
        Ok(net)
    }

    async fn changes_their_mind(&self, task: &str) -> Result<(), Wrong> {
        let verdict = |word: &str| json!({"verdict": word});
        let state = |task: &Value| text(task, "state").map(str::to_owned);
        let looked = self.say(task, "feedback", &verdict("view")).await?;
        hold!(state(&looked)? == "OPEN", "a look answered the task");
        self.say(task, "feedback", &verdict("ignore")).await?;
        let path = format!("/v1/check-tasks/{task}/undo");
        let undone = self
            .client
            .call(Method::POST, &path, Some(&json!({})), None)
            .await?;
        // The payout may have left between the two.
        if undone.status == StatusCode::OK {
            hold!(
                state(&undone.body)? == "OPEN",
                "the answer was not taken back"
            );
            self.say(task, "feedback", &verdict("confirm")).await?;
        } else {
            let code = undone.body.get("code").and_then(Value::as_str);
            hold!(
                matches!(code, Some("DISPATCHED" | "CHECK_TASK_CLOSED")),
                "an answer could not be taken back: {code:?}"
            );
        }
        Ok(())
    }

    async fn is_upheld(&self, task: &str) -> Result<bool, Wrong> {
        let shown = self.one(task).await?;
        Ok(shown.get("verdict") == Some(&json!("upheld")))
    }

    async fn is_reviewed(&mut self, task: &str) -> Result<(), Wrong> {
        let said = json!({"verdict": "reject", "reason": "please look again"});
        let rejected = self.say(task, "feedback", &said).await?;
        hold!(
            text(&rejected, "state")? == "IN_REVIEW",
            "it is not in review"
        );
        for _ in 1..=STEPS_MAX {
            let reviews = self.client.sandbox_get("/sim/reviews").await?;
            let pending = list(&reviews, "items")?.iter();
            let mut pending =
                pending.filter(|one| text(one, "state").is_ok_and(|s| s == "pending"));
            if let Some(review) = pending.next() {
                hold!(
                    text(review, "reason")? == "please look again",
                    "the reviewer does not read what was said"
                );
                let path = format!("/sim/reviews/{}", text(review, "review_id")?);
                let upheld = json!({"verdict": "upheld"});
                self.client.sandbox_post(&path, &upheld).await?;
            }
            self.advance(660).await?;
            let mut looks = Looks::every(LOOK);
            while looks.again().await && looks.count() <= LOOKS {
                if self.is_upheld(task).await? {
                    return Ok(());
                }
            }
        }
        let mut looks = Looks::every(LOOK);
        while !self.is_upheld(task).await? {
            hold!(looks.again().await, "the review came to no end");
        }
        Ok(())
    }

    /// Paid once, by the platform's own list, and shown so.
    async fn is_paid(&mut self, task: &str) -> Result<(), Wrong> {
        // A call that is held until it is given up has its time before the clock goes on: later the payout
        // would be sent again under its number, and not asked about.
        for looks in std::iter::once(8 * LOOKS).chain([LOOKS; 20]) {
            for _ in 0..looks {
                let shown = self.one(task).await?;
                let state = shown.pointer("/payout/state").and_then(Value::as_str);
                if state == Some("PAID") {
                    return self.verdict(&shown).await;
                }
                tokio::time::sleep(LOOK).await;
            }
            self.advance(660).await?;
        }
        Err(Wrong::new("the month was never paid"))
    }

    async fn verdict(&self, shown: &Value) -> Result<(), Wrong> {
        let (period, net) = (text(shown, "period")?, number(shown, "amount_fen")?);
        let payouts = self.client.sandbox_get("/sim/payouts").await?;
        let of_month = list(&payouts, "items")?.iter();
        let of_month = of_month.filter(|one| text(one, "period").is_ok_and(|p| p == period));
        let paid: Vec<i64> = of_month
            .filter(|one| text(one, "state").is_ok_and(|state| state == "paid"))
            .map(|one| number(one, "amount_fen"))
            .collect::<Result<_, _>>()?;
        hold!(
            paid == [net],
            "the platform paid {paid:?} for the month, not {net} once"
        );
        Ok(())
    }
}
