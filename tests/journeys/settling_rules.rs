//! The rules of settlement at their very edges, by the running binary: its clock and the sandbox's stand still
//! and move by steps alone, so that a moment can be met to the second (PV-02, PV-16, PV-17, PV-28).

use std::time::Duration;

use libtest_mimic::Failed;
use lifeline_tests::{Demo, Engine, Looks, Phone};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::fixtures::BOTH;
use crate::generation::{permit, registered, sellers};
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![
        (
            "pv_02_each_of_the_five_modules_works_while_the_next_is_away",
            BOTH,
            five_modules,
        ),
        (
            "pv_16_at_twelve_hours_to_the_second_it_is_no_update",
            BOTH,
            the_threshold_itself,
        ),
        (
            "pv_17_polled_each_hour_six_hours_of_twelve_are_an_update",
            BOTH,
            six_hours,
        ),
        (
            "pv_28_the_platform_hears_of_payouts_in_the_order_of_the_weighted_sum",
            BOTH,
            weighted_order,
        ),
    ]
}

const CHECKS: &str = "/v1/check-tasks";
pub(crate) const HOUR: i64 = 3_600;

/// Time moves by this, and from then on by steps alone.
async fn step(phone: &Phone, seconds: i64) {
    let clock = json!({"advance_s": seconds, "stop": true});
    phone.sandbox("/sim/clock", &clock).await;
}

async fn fails(phone: &Phone, route: &str) {
    let fault = json!({"target": "generation", "route": route, "kind": "HTTP_500", "count": 1_000});
    phone.sandbox("/sim/faults", &fault).await;
}

/// The moments at which the planned fault met a call, each once.
async fn met_at(phone: &Phone) -> Vec<jiff::Timestamp> {
    let faults = phone.sandbox_get("/sim/faults").await;
    let calls = faults["items"][0]["calls"].as_array().cloned();
    let at = |call: &Value| call["at"].as_str().and_then(|at| at.parse().ok());
    let mut moments: Vec<_> = calls
        .unwrap_or_default()
        .iter()
        .map(|call| at(call).expect("RFC 3339"))
        .collect();
    moments.dedup();
    moments
}

pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let mut looks = Looks::every(Duration::from_millis(100));
    while looks.again().await {
        if let Some(seen) = look().await {
            return seen;
        }
    }
    panic!("{what}: never seen");
}

/// Somebody who sells power. Tokens end while the clock goes on: each look is a new sign-in.
pub(crate) struct Seller {
    pub(crate) person: Value,
    pub(crate) account: String,
}

impl Seller {
    pub(crate) async fn ready(phone: Phone, person: Value) -> Self {
        let account = registered(&phone, &person).await;
        permit(&phone, &account, &person).await;
        Self { person, account }
    }

    pub(crate) async fn phone(&self, demo: &Demo) -> Phone {
        let name = self.person["person"].as_str().expect("a handle");
        Phone::new(demo).signed_in(name).await
    }

    pub(crate) async fn rows(&self, demo: &Demo) -> Vec<Value> {
        let table = format!("/v1/generation-accounts/{}/table", self.account);
        let shown = self.phone(demo).await.get(&table).await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
        shown.json()["items"].as_array().cloned().expect("rows")
    }

    pub(crate) async fn tasks(&self, demo: &Demo) -> Vec<Value> {
        let shown = self.phone(demo).await.get(CHECKS).await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
        shown.json()["items"].as_array().cloned().expect("tasks")
    }

    /// The first check task; the watch looks again while there is none.
    pub(crate) async fn first_task(&self, demo: &Demo) -> Value {
        for _ in 0..3 {
            if let Some(task) = self.tasks(demo).await.pop() {
                return task;
            }
            step_and_watch(demo, HOUR).await;
        }
        panic!("no check task was ever made");
    }

    async fn confirms(&self, demo: &Demo) {
        let id = self.tasks(demo).await[0]["check_task_id"].clone();
        let path = format!("{CHECKS}/{}/feedback", id.as_str().expect("an id"));
        let phone = self.phone(demo).await;
        let said = phone.post(&path, &json!({"verdict": "confirm"})).await;
        assert_eq!(said.status, StatusCode::OK, "{}", said.text);
    }
}

/// How many turns the watch has had, well or not.
fn turns(demo: &Demo) -> usize {
    let log = demo.log();
    let failed =
        |line: &&str| line.contains("jobs.turn.failed") && line.contains("settlement.watch");
    log.matches("settlement.watched").count() + log.lines().filter(failed).count()
}

/// A step after which the watch has its turn.
pub(crate) async fn step_and_watch(demo: &Demo, seconds: i64) {
    let before = turns(demo);
    step(&Phone::new(demo), seconds).await;
    let after = async || (turns(demo) > before).then_some(());
    until("a turn of the watch", after).await;
}

async fn sandbox_time(phone: &Phone) -> jiff::Timestamp {
    let now = phone.sandbox_get("/sim/clock").await;
    let now = now["now"].as_str().and_then(|now| now.parse().ok());
    now.expect("RFC 3339")
}

/// One seller whose month was read at the moment the clock stands at, while no prices could be had: the table is
/// updated, and cannot be settled.
async fn read_without_prices(demo: &Demo) -> Seller {
    let (phone, person) = sellers(demo).await.remove(0);
    let seller = Seller::ready(phone.clone(), person).await;
    fails(&phone, "GET /prices").await;
    step_and_watch(demo, HOUR + 60).await;
    let rows = until("the month", async || {
        let rows = seller.rows(demo).await;
        (!rows.is_empty()).then_some(rows)
    })
    .await;
    for row in &rows {
        assert!(row["amount_fen"].is_null(), "nothing is worth anything yet");
    }
    assert!(seller.tasks(demo).await.is_empty());
    seller
}

fn the_threshold_itself(engine: Engine) -> Result<(), Failed> {
    run(async move {
        for (seconds, tasks) in [(12 * HOUR, 0), (12 * HOUR - 1, 1)] {
            let demo = Demo::start(engine).await;
            let seller = read_without_prices(&demo).await;
            Phone::new(&demo).heal().await;
            step_and_watch(&demo, seconds).await;
            assert_eq!(seller.tasks(&demo).await.len(), tasks, "{seconds} s");
            step_and_watch(&demo, HOUR).await;
            assert_eq!(seller.tasks(&demo).await.len(), tasks, "an hour later");
        }
    })
}

fn six_hours(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let seller = read_without_prices(&demo).await;
        let sandbox = Phone::new(&demo);
        let updated_at = sandbox_time(&sandbox).await;
        let seconds_after = |at: &jiff::Timestamp| at.duration_since(updated_at).as_secs();
        // Ten times half an hour: five polls, an hour apart.
        for _ in 0..5 {
            step(&sandbox, HOUR / 2).await;
            step_and_watch(&demo, HOUR / 2).await;
        }
        let met: Vec<i64> = met_at(&sandbox).await.iter().map(seconds_after).collect();
        let met: Vec<i64> = met.into_iter().filter(|at| *at > 0).collect();
        assert_eq!(met, [HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, 5 * HOUR]);
        sandbox.heal().await;
        step(&sandbox, HOUR / 2).await;
        assert!(seller.tasks(&demo).await.is_empty(), "between two polls");
        step_and_watch(&demo, HOUR / 2).await;
        let task = seller.tasks(&demo).await.pop().expect("a check task");
        let began = task["began_at"].as_str().and_then(|at| at.parse().ok());
        // The sandbox tells whole seconds, and its clock was stopped a moment before the other.
        let since = seconds_after(&began.expect("RFC 3339"));
        assert!((6 * HOUR..=6 * HOUR + 2).contains(&since), "{since} s");
        for _ in 0..6 {
            step_and_watch(&demo, HOUR).await;
        }
        assert_eq!(seller.tasks(&demo).await.len(), 1, "one update, one task");
    })
}

/// Payouts as the platform came to know them.
async fn heard(sandbox: &Phone) -> Vec<i64> {
    let books = sandbox.sandbox_get("/sim/payouts").await;
    let mut items = books["items"].as_array().cloned().unwrap_or_default();
    items.sort_by_key(|payout| payout["order"].as_u64());
    let amounts = items.iter().map(|payout| payout["amount_fen"].as_i64());
    amounts.map(|amount| amount.expect("an amount")).collect()
}

/// A second of waiting weighs as much as a fen. The smaller amount is confirmed first, the larger one second less
/// and one second more than their difference later.
fn weighted_order(engine: Engine) -> Result<(), Failed> {
    run(async move {
        for seconds_more in [-1, 1] {
            let demo = Demo::start(engine).await;
            let sandbox = Phone::new(&demo);
            let mut owners = Vec::new();
            for (phone, person) in sellers(&demo).await {
                owners.push(Seller::ready(phone, person).await);
            }
            step_and_watch(&demo, HOUR + 60).await;
            let mut amounts = Vec::new();
            for owner in owners {
                let task = owner.first_task(&demo).await;
                amounts.push((task["amount_fen"].as_i64().expect("an amount"), owner));
            }
            amounts.sort_by_key(|(amount, _)| *amount);
            let [(smaller, first), (larger, second)] = &amounts[..] else {
                panic!("two people of the demo sell power");
            };
            let apart = larger - smaller;
            assert!(apart > 1, "amounts that differ: {smaller} {larger}");
            first.confirms(&demo).await;
            step(&sandbox, apart + seconds_more).await;
            second.confirms(&demo).await;
            // Each has had its first turn: of one that has it while days go by, nobody knows that it was second.
            step(&sandbox, 1).await;
            assert!(heard(&sandbox).await.is_empty(), "payees stand for 72 h");
            step(&sandbox, 73 * HOUR).await;
            let told = until("both payouts", async || {
                let told = heard(&sandbox).await;
                (told.len() == 2).then_some(told)
            })
            .await;
            let expected = if seconds_more < 0 {
                [*larger, *smaller]
            } else {
                [*smaller, *larger]
            };
            assert_eq!(told, expected, "{apart} {seconds_more:+} s apart");
        }
    })
}

/// Account, collection, calculation, check, execution: what stands before works while what comes after is away.
fn five_modules(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        // The account is there, its table is read; no prices, so nothing is calculated.
        let seller = read_without_prices(&demo).await;
        let sandbox = Phone::new(&demo);
        sandbox.heal().await;
        fails(&sandbox, "POST /payouts").await;
        step_and_watch(&demo, HOUR).await;
        let task = seller.first_task(&demo).await;
        for row in seller.rows(&demo).await {
            assert!(row["amount_fen"].is_i64(), "calculated: {row}");
        }
        // Checked while nothing can be executed.
        seller.confirms(&demo).await;
        step(&sandbox, 73 * HOUR).await;
        until("a refused payout", async || {
            (!met_at(&sandbox).await.is_empty()).then_some(())
        })
        .await;
        assert!(heard(&sandbox).await.is_empty());
        sandbox.heal().await;
        let mut steps = 0;
        let paid = until("the payout", async || {
            if steps < 300 {
                step(&sandbox, 600).await;
                steps += 1;
            }
            heard(&sandbox).await.pop()
        })
        .await;
        assert_eq!(Some(paid), task["amount_fen"].as_i64());
    })
}
