//! A gateway that stands still as a whole process, by SIGSTOP, between the COMMIT of a posting and its send (money.md 5):
//! its lease runs out, another gateway goes on, and when it wakes nothing is done twice.

use std::time::Duration;

use libtest_mimic::Failed;
use lifeline_tests::{Engine, Looks};
use serde_json::Value;

use crate::household::Household;
use crate::neighbour::{Neighbour, unlimited};
use crate::points::Point;
use crate::stage::{Conditions, Stage};
use crate::{job, outcome, points, run};

/// Where the posting is about to leave.
const SEND: &str = "send\tPOST /payments\tbefore";
/// So long after it woke, what it was about to send has left or never will.
const LATE: Duration = Duration::from_secs(5);
/// A lease runs out in the machine's own time.
const PATIENCES: u32 = 3;

pub(crate) fn a_gateway_that_was_stopped_does_nothing_twice(engine: Engine) -> Result<(), Failed> {
    run(async move { stopped(engine).await })
}

async fn stopped(engine: Engine) {
    let stage = Stage::open(engine).await;
    let first = Conditions {
        plan: format!("pause\t{SEND}\t1\n"),
        environment: unlimited(),
        arguments: Vec::new(),
    };
    let mut world = Household::begin(stage, &first, Conditions::default());
    let homes = job::move_in(&mut world, job::PAYER).await;
    let order = world.order_arrears(&homes[0], job::PAYER_KEY).await;
    world.tap(&order).await;
    let folder = world.stage.points(1);
    let mut looks = Looks::every(Duration::from_millis(2));
    while !points::passed(&folder).contains_key(&Point(SEND.to_owned())) {
        assert!(looks.again().await, "the posting was never to be sent");
    }
    world.stage.signal("STOP");
    // Nothing but the signal holds it from here on.
    std::fs::write(folder.join("go"), "").expect("a word to go on");
    let id = order["payment_id"].as_str().expect("the order's id");
    let path = format!("/v1/payments/{id}");
    let mut other = Neighbour::beside(&world.stage, &[]);
    posted(&world, &format!("{}{path}", other.address(0))).await;
    world.stage.signal("CONT");
    posted(&world, &format!("{}{path}", world.stage.line())).await;
    tokio::time::sleep(LATE).await;
    assert!(other.lives(), "the second gateway ended");
    assert!(world.stage.ended().is_none(), "the first gateway ended");
    let consumer = format!("/sim/marketing/consumers/{}", job::PAYER_HOME);
    let consumer = world.stage.sandbox_get(&consumer).await;
    let postings = consumer["postings"].as_array().cloned().unwrap_or_default();
    let same = |posting: &&Value| posting["amount_fen"] == order["amount_fen"];
    assert_eq!(postings.iter().filter(same).count(), 1, "{consumer}");
    for (table, count) in [("payment_line", "1"), ("payment_refund", "0")] {
        let sql = format!("SELECT CAST(count(*) AS TEXT) FROM {table}");
        let found = outcome::rows(&world.stage, &sql).await;
        assert_eq!(found, [[count]], "{table}");
    }
}

/// Until a gateway shows the order as credited.
async fn posted(world: &Household, url: &str) {
    let token = world.token.as_deref().expect("signed in");
    let mut state = Value::Null;
    for _ in 0..PATIENCES {
        let mut looks = Looks::every(Duration::from_millis(200));
        while looks.again().await {
            let asked = world.stage.http.get(url).bearer_auth(token).send().await;
            let Ok(answer) = asked else { continue };
            let shown: Value = answer.json().await.unwrap_or_default();
            if shown["state"] == "POSTED" {
                return;
            }
            state = shown["state"].clone();
        }
    }
    panic!("{url}: still {state}\n{}", world.stage.log());
}
