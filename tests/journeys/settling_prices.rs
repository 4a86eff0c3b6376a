//! The price of each part of the day and of each day, by the running binary: both ways of selling to the fen, and what
//! is not whole or not true settles nothing (PV-14, PV-18, PV-19).

use libtest_mimic::Failed;
use lifeline_tests::{Demo, Engine, Phone};
use serde_json::{Value, json};

use crate::fixtures::BOTH;
use crate::generation::sellers;
use crate::records;
use crate::settling_rules::{HOUR, Seller, step_and_watch, until};
use crate::worth::Worth;
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![
        (
            "pv_18_both_ways_of_selling_come_to_the_fen",
            BOTH,
            both_ways,
        ),
        (
            "pv_19_prices_that_leave_a_day_out_or_name_it_twice_settle_nothing",
            BOTH,
            wrong_prices,
        ),
        (
            "pv_14_a_meter_that_ran_backwards_makes_no_table",
            BOTH,
            negative,
        ),
    ]
}

async fn worth(demo: &Demo, seller: &Seller, task: &Value, sells_all: bool) -> Worth {
    let number = seller.person["registration"]["generation_no"].as_str();
    let period = task["period"].as_str().expect("a period");
    let sandbox = Phone::new(demo);
    Worth::of(&sandbox, number.expect("a number"), period, sells_all).await
}

/// The first check task as its owner opens it.
async fn opened(demo: &Demo, seller: &Seller) -> Value {
    let listed = seller.first_task(demo).await;
    let id = listed["check_task_id"].as_str().expect("an id").to_owned();
    let phone = seller.phone(demo).await;
    phone.get(&format!("/v1/check-tasks/{id}")).await.json()
}

fn both_ways(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let mut owners = Vec::new();
        for (phone, person) in sellers(&demo).await {
            owners.push(Seller::ready(phone, person).await);
        }
        step_and_watch(&demo, HOUR + 60).await;
        let mut met = Vec::new();
        for owner in &owners {
            let task = opened(&demo, owner).await;
            let account = format!("/v1/generation-accounts/{}", owner.account);
            let standing = owner.phone(&demo).await.get(&account).await.json();
            let way = standing["feed_in"].as_str().expect("a way").to_owned();
            let worth = worth(&demo, owner, &task, way == "full").await;
            worth.is_shown(&task);
            met.push(way);
        }
        met.sort();
        assert_eq!(met, ["full", "surplus"]);
    })
}

async fn told(demo: &Demo, are: &str) {
    let how = json!({ "are": are });
    Phone::new(demo)
        .sandbox("/sim/generation/prices", &how)
        .await;
}

async fn cases(demo: &Demo, of: &str) -> i64 {
    let count = format!("SELECT count(*) FROM case_file WHERE {of}");
    records::count(demo, &count).await
}

fn wrong_prices(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let (phone, person) = sellers(&demo).await.remove(0);
        let seller = Seller::ready(phone, person).await;
        told(&demo, "gap").await;
        step_and_watch(&demo, HOUR + 60).await;
        let rows = until("the month", async || {
            let rows = seller.rows(&demo).await;
            (!rows.is_empty()).then_some(rows)
        })
        .await;
        let period = rows[0]["period"].as_str().expect("a period").to_owned();
        let about = format!("subject = '{period}'");
        for are in ["gap", "overlap"] {
            told(&demo, are).await;
            step_and_watch(&demo, HOUR).await;
            for row in seller.rows(&demo).await {
                assert!(row["amount_fen"].is_null(), "{are}: {row}");
            }
            assert!(seller.tasks(&demo).await.is_empty(), "{are}");
            assert_eq!(cases(&demo, &about).await, 1, "{are}: staff are told once");
        }
        // What is told in the end counts, also where it is not what was told before.
        told(&demo, "changed").await;
        step_and_watch(&demo, HOUR).await;
        let task = opened(&demo, &seller).await;
        let worth = worth(&demo, &seller, &task, false).await;
        worth.is_shown(&task);
    })
}

fn negative(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let (phone, person) = sellers(&demo).await.remove(0);
        let seller = Seller::ready(phone, person).await;
        let number = seller.person["registration"]["generation_no"].clone();
        let backwards = json!({ "generation_no": number, "negative": true });
        let sandbox = Phone::new(&demo);
        sandbox
            .sandbox("/sim/generation/readings", &backwards)
            .await;
        step_and_watch(&demo, HOUR + 60).await;
        until("a case about the readings", async || {
            let told = cases(&demo, "kind = 'reading_refused'").await;
            (told == 1).then_some(())
        })
        .await;
        step_and_watch(&demo, HOUR).await;
        assert_eq!(cases(&demo, "kind = 'reading_refused'").await, 1);
        assert!(seller.rows(&demo).await.is_empty(), "nothing is kept of it");
        assert!(seller.tasks(&demo).await.is_empty());
    })
}
