//! What settlement is for (PV-29): the owner reviews before the money moves and somebody else judges, nobody else
//! sees it, the figures are right, nothing is checked too late, one's own rows are found. And what it comes as
//! (PV-30): files that run from wherever they were put.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan as _, Zoned};
use libtest_mimic::Failed;
use lifeline_tests::{Demo, Engine, Looks, Phone};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::fixtures::BOTH;
use crate::generation::{permit, registered, seller};
use crate::settling::{advance, first_task, sold_and_paid};
use crate::worth::Worth;
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![
        (
            "pv_29_independent_review_secrecy_accuracy_and_time_to_check",
            BOTH,
            goals,
        ),
        (
            "pv_30_the_packaged_files_sell_and_pay_wherever_they_were_put",
            BOTH,
            packaged,
        ),
    ]
}

const CHECKS: &str = "/v1/check-tasks";
const ACCOUNTS: &str = "/v1/generation-accounts";

fn goals(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let (phone, person) = seller(&demo).await;
        let account = registered(&phone, &person).await;
        permit(&phone, &account, &person).await;
        let name = person["person"].as_str().expect("a handle");
        let (phone, listed) = first_task(&demo, name).await;
        let id = listed["check_task_id"].as_str().expect("an id");
        let one = format!("{CHECKS}/{id}");
        let task = phone.get(&one).await.json();
        let standing = phone.get(&format!("{ACCOUNTS}/{account}")).await.json();
        is_accurate(&phone, &person, &task, &standing).await;
        is_in_time(&task, &standing);
        is_found(&phone, &account, &task).await;
        is_secret(&demo, &phone, &account, &one, &person).await;
        is_judged_by_somebody_else(&demo, &phone, name, &one).await;
    })
}

/// Added up once more, day by day, from the sandbox's own meter and prices.
async fn is_accurate(phone: &Phone, person: &Value, task: &Value, standing: &Value) {
    let sells_all = match standing["feed_in"].as_str() {
        Some("full") => true,
        Some("surplus") => false,
        other => panic!("{other:?}"),
    };
    let days = task["settlement"]["days"].as_array().expect("days");
    assert!(days.len() >= 28, "a whole month");
    let number = person["registration"]["generation_no"].as_str();
    let period = task["period"].as_str().expect("a period");
    let worth = Worth::of(phone, number.expect("a number"), period, sells_all).await;
    worth.is_shown(task);
}

fn moment(task: &Value, name: &str) -> Zoned {
    let at = task[name].as_str().and_then(|at| at.parse().ok());
    let at: Timestamp = at.expect("RFC 3339");
    at.to_zoned(TimeZone::fixed(Offset::constant(8)))
}

/// A day at least to look, over six hours before the next settlement day that leaves as much.
fn is_in_time(task: &Value, standing: &Value) {
    let (began, ends) = (moment(task, "began_at"), moment(task, "ends_at"));
    assert!(ends.duration_since(&began).as_hours() >= 24);
    let earliest = began.checked_add(30.hours()).expect("a moment");
    let settled_on = standing["settlement_day"].as_i64().expect("a day");
    let mut day: Date = earliest.date();
    let midnight = |day: Date| day.to_zoned(TimeZone::fixed(Offset::constant(8)));
    while i64::from(day.day()) != settled_on || midnight(day).expect("a moment") < earliest {
        day = day.tomorrow().expect("a day");
    }
    let settled = midnight(day).expect("a moment");
    assert!(settled.duration_since(&ends).as_hours() >= 6, "{task}");
}

/// One's own rows are found by period and part of the day, and page by page.
async fn is_found(phone: &Phone, account: &str, task: &Value) {
    let period = task["period"].as_str().expect("a period");
    let page = async |query: &str| {
        let path = format!("{ACCOUNTS}/{account}/table?{query}");
        let shown = phone.get(&path).await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
        let shown = shown.json();
        let rows = shown["items"].as_array().cloned().expect("rows");
        (rows, shown["next_cursor"].as_str().map(str::to_owned))
    };
    let rows = async |query: &str| page(query).await.0;
    let peak = rows(&format!("from={period}&to={period}&slot=peak")).await;
    // Two prices of sales and the subsidy.
    assert_eq!(peak.len(), 3);
    for row in &peak {
        assert_eq!(
            (&row["slot"], &row["period"]),
            (&json!("peak"), &json!(period))
        );
    }
    assert!(rows("from=2019-01&to=2019-12").await.is_empty());
    // Page by page it is the same table, each row once.
    let (all, none) = page("limit=100").await;
    assert!(all.len() > 4 && none.is_none(), "{none:?}: {all:?}");
    let (mut walked, mut next) = page("limit=4").await;
    assert_eq!(walked.len(), 4);
    while let Some(cursor) = next {
        let (more, after) = page(&format!("limit=4&cursor={cursor}")).await;
        assert!((1..=4).contains(&more.len()), "{more:?}");
        walked.extend(more);
        next = after;
    }
    assert_eq!(walked, all);
}

/// Others find nothing; the owner sees themselves masked; the store holds none of it in clear.
async fn is_secret(demo: &Demo, phone: &Phone, account: &str, one: &str, person: &Value) {
    let table = format!("{ACCOUNTS}/{account}/table");
    let neighbour = Phone::sign_in(demo, "li-ming").await;
    for path in [one, &table] {
        assert_eq!(neighbour.get(path).await.code(), "NOT_FOUND");
        let nobody = Phone::new(demo).get(path).await;
        assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    }
    let secrets = [
        &person["identity"]["name"],
        &person["identity"]["id_no"],
        &person["identity"]["bank_card_no"],
        &person["registration"]["generation_no"],
        &person["registration"]["grid_user_no"],
    ];
    let secrets = secrets.map(|secret| secret.as_str().expect("a text"));
    let shown = [phone.get(one).await.text, phone.get(&table).await.text];
    let mut places: Vec<(String, Vec<u8>)> = vec![
        ("an answer".to_owned(), shown.concat().into_bytes()),
        ("the log".to_owned(), demo.log().into_bytes()),
    ];
    for file in std::fs::read_dir(demo.data()).expect("the data folder") {
        let path = file.expect("a file").path();
        if path.is_file() {
            let bytes = std::fs::read(&path).expect("its bytes");
            places.push((path.display().to_string(), bytes));
        }
    }
    for (place, bytes) in &places {
        for secret in secrets {
            let found = bytes
                .windows(secret.len())
                .any(|at| at == secret.as_bytes());
            assert!(!found, "{place} holds one of the seller's secrets in clear");
        }
    }
}

/// What the owner rejects goes to a reviewer outside, without a name; what it upholds is paid to the fen.
async fn is_judged_by_somebody_else(demo: &Demo, phone: &Phone, name: &str, one: &str) {
    let net = phone.get(one).await.json()["amount_fen"].clone();
    let said = json!({"verdict": "reject", "reason": "三号那天停电"});
    let rejected = phone.post(&format!("{one}/feedback"), &said).await;
    assert_eq!(rejected.json()["state"], "IN_REVIEW", "{}", rejected.text);
    let reviews = phone.sandbox_get("/sim/reviews").await["items"].clone();
    assert_eq!(reviews[0]["net_fen"], net);
    let review = reviews[0]["review_id"].as_str().expect("an id");
    let upheld = json!({"verdict": "upheld"});
    phone
        .sandbox(&format!("/sim/reviews/{review}"), &upheld)
        .await;
    advance(phone, 660).await;
    advance(phone, 73 * 3_600).await;
    let phone = Phone::new(demo).signed_in(name).await;
    let mut looks = Looks::every(Duration::from_millis(100));
    while looks.again().await {
        if phone.get(one).await.json()["payout"]["state"] == "PAID" {
            let books = phone.sandbox_get("/sim/payouts").await["items"].clone();
            assert_eq!(books.as_array().map(Vec::len), Some(1));
            assert_eq!(books[0]["amount_fen"], net);
            return;
        }
    }
    panic!("it was never paid: {}", phone.get(one).await.text);
}

/// The gateway and the outside world it plays against, copied to a folder of their own: nothing of where they were
/// built is needed.
fn packaged(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let medium = tempfile::tempdir().expect("a folder");
        let built = lifeline_tests::demo::binary();
        for name in ["lifeline", "lifeline-sandbox"] {
            std::fs::copy(built.with_file_name(name), medium.path().join(name)).expect("a copy");
        }
        let demo = Demo::start_from(medium.path(), engine).await;
        sold_and_paid(&demo).await;
    })
}
