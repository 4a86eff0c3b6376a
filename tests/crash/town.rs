//! The ground of the drills on links: one or two gateways under a modest load, and what must be true
//! of every book when the trouble is over.

use std::time::{Duration, Instant};

use lifeline_tests::{Engine, Looks, Phone};
use reqwest::StatusCode;
use serde_json::json;

use crate::load::{Answers, Done, Load, Resident};
use crate::neighbour::{Neighbour, unlimited};
use crate::outcome::{LOOK_AGAIN, REST_S_MAX, STEPS_S, rows, unrest};
use crate::stage::{Conditions, Stage};

/// Within this time after the end of a fault everything is answered rightly again.
const RECOVERY_MAX: Duration = Duration::from_secs(10);
/// Within this time after it what was begun during the fault is credited, or proven unpaid.
const SETTLED_MAX: Duration = Duration::from_secs(60);

/// Who makes the load; every second one at the second gateway, when there is one.
const PEOPLE: [&str; 4] = ["li-ming", "chen-gang", "wang-fang", "liu-yang"];
/// Who looks whether a gateway works again.
const VISITORS: [&str; 2] = ["wang-wei", "ouyang-zhu"];

pub(crate) struct Town {
    pub(crate) stage: Stage,
    second: Option<Neighbour>,
    pub(crate) residents: Vec<Resident>,
    visitors: Vec<Resident>,
}

impl Town {
    /// Starts the gateways of a stage whose proxies stand already, and lets people move in.
    pub(crate) async fn found(mut stage: Stage, arguments: &[String]) -> Self {
        let conditions = Conditions {
            arguments: arguments.to_vec(),
            environment: unlimited(),
            ..Conditions::default()
        };
        assert!(stage.start(&conditions).is_ok(), "{}", stage.log());
        let second =
            (stage.engine == Engine::Postgres).then(|| Neighbour::beside(&stage, arguments));
        let mut town = Self {
            stage,
            second,
            residents: Vec::new(),
            visitors: Vec::new(),
        };
        for (at, person) in PEOPLE.into_iter().enumerate() {
            let resident = town.moves_in(at, person).await;
            town.residents.push(resident);
        }
        for (at, person) in VISITORS.into_iter().take(town.lines().len()).enumerate() {
            let visitor = town.moves_in(at, person).await;
            town.visitors.push(visitor);
        }
        town
    }

    async fn moves_in(&self, at: usize, person: &'static str) -> Resident {
        let lines = self.lines();
        let line = lines[at % lines.len()].clone();
        Resident::moves_in(line, self.stage.address(3), person).await
    }

    fn addresses(&self, offset: u16) -> Vec<String> {
        let second = self.second.as_ref();
        let second = second.map(|second| second.address(offset));
        std::iter::once(self.stage.address(offset))
            .chain(second)
            .collect()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.addresses(0)
    }

    /// Sum of a counter over all gateways.
    pub(crate) async fn counted(&self, metric: &str) -> u64 {
        let mut sum = 0;
        for ops in self.addresses(2) {
            let page = self.stage.http.get(format!("{ops}/metrics")).send().await;
            let text = page.expect("metrics").text().await.expect("metrics");
            let values = text.lines().filter_map(|line| {
                let (name, value) = line.rsplit_once(' ')?;
                let name = name.split('{').next()?;
                (name == metric).then(|| value.parse::<u64>().ok())?
            });
            sum += values.sum::<u64>();
        }
        sum
    }

    /// What `/readyz` says of a dependency, at every gateway.
    pub(crate) async fn ready(&self, name: &str) -> Vec<bool> {
        let mut said = Vec::new();
        for ops in self.addresses(2) {
            let page = self.stage.http.get(format!("{ops}/readyz")).send().await;
            let page: serde_json::Value = page.expect("readyz").json().await.expect("readyz");
            let checks = page["checks"].as_array().into_iter().flatten();
            let is_ok = |check: &serde_json::Value| check["ok"] == true;
            said.extend(checks.filter(|check| check["name"] == name).map(is_ok));
        }
        said
    }

    /// Orders that came to their end with money.
    pub(crate) async fn credited(&self) -> usize {
        let sql = "SELECT CAST(COUNT(*) AS TEXT) FROM payment WHERE state = 'DONE'";
        let count = &rows(&self.stage, sql).await[0][0];
        count.parse().expect("a count")
    }

    /// An order's own state in our records.
    pub(crate) async fn state(&self, order: &serde_json::Value) -> String {
        let number = order["out_trade_no"].as_str().unwrap_or_default();
        let sql = format!("SELECT state FROM payment WHERE out_trade_no = '{number}'");
        rows(&self.stage, &sql).await.concat().concat()
    }

    /// The numbers of orders that have not come to their end.
    pub(crate) async fn open_orders(&self) -> Vec<String> {
        let sql = "SELECT out_trade_no FROM payment WHERE state NOT IN ('DONE', 'CLOSED')";
        rows(&self.stage, sql).await.concat()
    }

    /// Within a minute of the end of a fault these orders have come to theirs. One whose create never arrived is proven
    /// unpaid ten minutes after its own end, and no sooner: it comes to rest later.
    pub(crate) async fn settles(&self, begun: &[String], ended: Instant) {
        loop {
            let open = self.open_orders().await;
            let trades = self.stage.sandbox_get("/sim/alipay/trades").await;
            let trades = trades.as_array().cloned().unwrap_or_default();
            let is_known = |number: &str| trades.iter().any(|one| one["out_trade_no"] == number);
            let left: Vec<_> = begun
                .iter()
                .filter(|number| open.contains(number) && is_known(number))
                .collect();
            if left.is_empty() {
                return;
            }
            assert!(
                ended.elapsed() < SETTLED_MAX,
                "still open: {left:?}\n{}",
                self.stage.log()
            );
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Lets the load run until so many further orders were credited.
    pub(crate) async fn credits(&self, further: usize) {
        let before = self.credited().await;
        let mut looks = Looks::every(LOOK_AGAIN);
        while self.credited().await < before + further {
            assert!(
                looks.again().await,
                "nobody is credited any more\n{}",
                self.stage.log()
            );
        }
    }

    /// Everything is answered rightly within ten seconds: a new sign-in, a look at the homes, and an
    /// order that can be paid, at every gateway.
    pub(crate) async fn recovers(&self) {
        let began = Instant::now();
        for (at, visitor) in self.visitors.iter().enumerate() {
            while let Err(why) = works(visitor, at).await {
                assert!(
                    began.elapsed() < RECOVERY_MAX,
                    "gateway {at} did not recover: {why}\n{}",
                    self.stage.log()
                );
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }

    /// Who had no answer when a fault ended gets one within ten seconds, under the key they asked with before.
    pub(crate) async fn answers(&self, load: &Load, wishes: &[String], ended: Instant) {
        loop {
            let still = load.unanswered();
            let left: Vec<_> = wishes.iter().filter(|key| still.contains(key)).collect();
            if left.is_empty() {
                return;
            }
            assert!(
                ended.elapsed() < RECOVERY_MAX,
                "not answered yet: {left:?}\n{}",
                self.stage.log()
            );
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn advance(&mut self, seconds: i64) {
        self.stage.advance(seconds).await;
        if let Some(second) = &self.second {
            let url = format!("{}/demo/clock", second.address(2));
            let told = self.stage.http.post(url);
            let told = told.json(&json!({"advance_s": seconds})).send().await;
            assert!(told.expect("the second gateway").status().is_success());
        }
    }

    /// Ends the load, lets time pass until nothing is left to do anywhere, and reads all books: every
    /// payment that left a wallet was credited once, nothing came back, nobody was asked to decide.
    pub(crate) async fn comes_to_rest(&mut self, load: Load) {
        let answers = std::sync::Arc::clone(&load.answers);
        let done = load.end().await;
        for person in &done {
            self.answers_at_last(person).await;
        }
        let (mut passed, mut steps) = (0, STEPS_S.into_iter());
        let mut still = None;
        loop {
            let left = unrest(&self.stage).await;
            if left.is_empty() {
                break;
            }
            if passed >= REST_S_MAX {
                let looks = still.get_or_insert_with(|| Looks::every(LOOK_AGAIN));
                assert!(looks.again().await, "never at rest: {left:?}");
                continue;
            }
            let step = steps.next().unwrap_or(300);
            self.advance(step).await;
            passed += step;
        }
        self.books_hold(&done, &answers).await;
    }

    /// Who got no answer asks once more, when whoever worked for them is known to be gone.
    async fn answers_at_last(&mut self, person: &Done) {
        let Some(key) = &person.unanswered else {
            return;
        };
        let mut answer = person.resident.orders(key).await;
        let mut looks = Looks::every(LOOK_AGAIN);
        while answer.status != StatusCode::CREATED {
            assert!(looks.again().await, "{key} is never answered: {answer:?}");
            // A minute of the world's time is enough; a slow machine needs more of its own.
            if looks.count() <= 12 {
                self.advance(5).await;
            }
            answer = person.resident.orders(key).await;
        }
    }

    async fn books_hold(&mut self, done: &[Done], answers: &Answers) {
        assert!(self.stage.ended().is_none(), "the first gateway ended");
        let lives = self.second.as_mut().is_none_or(Neighbour::lives);
        assert!(lives, "the second gateway ended");
        let taps: i64 = done.iter().map(|done| done.paid).sum();
        let trades = self.stage.sandbox_get("/sim/alipay/trades").await;
        let trades = trades.as_array().cloned().unwrap_or_default();
        let paid = trades.iter().filter(|trade| !trade["paid_at"].is_null());
        let (mut count, mut sum) = (0_i64, 0_i64);
        for trade in paid {
            count += 1;
            sum += trade["total_fen"].as_i64().expect("a sum");
            assert_eq!(trade["refunded_fen"], 0, "{trade}");
        }
        assert!(count >= taps, "{taps} taps, {count} trades");
        let audit = self.stage.sandbox_get("/sim/marketing/audit").await;
        let told = (&audit["postings"], &audit["posted_net_fen"]);
        assert_eq!(told, (&json!(count), &json!(sum)), "{audit}");
        assert_eq!(audit["balanced"], true, "{audit}");
        assert_eq!(
            self.credited().await,
            usize::try_from(count).expect("a count")
        );
        let cases = "SELECT kind, cause FROM case_file ORDER BY case_id";
        let cases = rows(&self.stage, cases).await;
        assert!(cases.is_empty(), "cases: {cases:?}");
        for (table, sql) in [
            (
                "refunds",
                "SELECT CAST(COUNT(*) AS TEXT) FROM payment_refund",
            ),
            ("claims", "SELECT CAST(COUNT(*) AS TEXT) FROM open_claim"),
        ] {
            assert_eq!(rows(&self.stage, sql).await[0][0], "0", "{table}");
        }
        let credited: usize = done.iter().map(|done| done.credited).sum();
        eprintln!(
            "{}: {count} orders paid and credited once, {credited} of them seen by their payer; answers {:?}",
            self.stage.engine.name(),
            answers.counts()
        );
    }
}

/// What a person needs of a gateway; tells what failed.
async fn works(visitor: &Resident, at: usize) -> Result<(), String> {
    let knocked = visitor.phone.knocks(VISITORS[at]).await;
    right("sign-in", &knocked, StatusCode::CREATED)?;
    let homes = visitor.phone.get("/v1/bindings").await;
    right("homes", &homes, StatusCode::OK)?;
    let ordered = visitor.orders("a-visitor-orders-once").await;
    right("order", &ordered, StatusCode::CREATED)?;
    let order = ordered.json();
    let id = order["payment_id"].as_str().unwrap_or_default();
    let now = visitor.looks_at(id).await;
    match now.json()["state"].as_str() {
        Some("PAYING") => Ok(()),
        other => Err(format!("the order is {other:?}")),
    }
}

fn right(what: &str, answer: &lifeline_tests::Answer, wanted: StatusCode) -> Result<(), String> {
    if answer.status == wanted {
        Ok(())
    } else {
        Err(format!("{what}: {} {}", answer.status, answer.text))
    }
}

/// A person of the load at the second gateway, on the first one.
pub(crate) fn elsewhere(resident: &Resident, line: &str, sandbox: &str) -> Phone {
    let phone = Phone::at_addresses(line.to_owned(), sandbox.to_owned());
    phone.with_token(resident.phone.token())
}
