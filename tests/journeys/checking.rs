//! What an owner does with a month's settlement, over HTTP against a demo: nothing until the time is over, a reject
//! with a reason, a bank that gives the money back. The verdict is read from the outside's own books.

use std::time::Duration;

use libtest_mimic::Failed;
use lifeline_tests::{Demo, Engine, Looks, Phone};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::fixtures::BOTH;
use crate::generation::{ALL, number, permit, registered, seller, state_becomes};
use crate::privacy::exported;
use crate::settling::{advance, first_task};
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![
        (
            "pv_25_a_reject_is_reviewed_and_a_correction_is_checked_again",
            BOTH,
            rejected,
        ),
        (
            "pv_26_silence_counts_as_ignore_after_two_reminders",
            BOTH,
            silent,
        ),
        (
            "pv_27_what_a_bank_gives_back_is_paid_once_more",
            BOTH,
            given_back,
        ),
        (
            "pv_27_what_the_platform_accepted_is_paid_once_it_says_so",
            BOTH,
            accepted,
        ),
        (
            "pv_12_a_month_that_was_paid_is_shown_nowhere_after_the_end",
            BOTH,
            paid_and_ended,
        ),
    ]
}

/// The seller, their name, and the path of their first check task.
async fn sent(demo: &Demo, texted: bool) -> (Phone, String, String) {
    let (phone, person) = seller(demo).await;
    let account = registered(&phone, &person).await;
    permit(&phone, &account, &person).await;
    if texted {
        agree(&phone, "notices").await;
    }
    let name = person["person"].as_str().expect("a name").to_owned();
    let (phone, task) = first_task(demo, &name).await;
    let id = task["check_task_id"].as_str().expect("an id");
    (phone, name, format!("/v1/check-tasks/{id}"))
}

async fn agree(phone: &Phone, purpose: &str) {
    let shown = phone.get("/v1/me/consents").await.json();
    let items = shown["items"].as_array().cloned().unwrap_or_default();
    let asked = items.iter().find(|one| one["purpose"] == purpose);
    let version = asked.expect("the consent")["version"].clone();
    let body = json!({ "purpose": purpose, "version": version });
    let given = phone.post("/v1/me/consents", &body).await;
    assert!(given.status.is_success(), "{}", given.text);
}

/// The task, once it is as expected.
async fn becomes(phone: &Phone, path: &str, what: impl Fn(&Value) -> bool) -> Value {
    let mut looks = Looks::every(Duration::from_millis(100));
    while looks.again().await {
        let task = phone.get(path).await.json();
        if what(&task) {
            return task;
        }
    }
    panic!("it never came so far: {}", phone.get(path).await.text);
}

async fn told(phone: &Phone, kind: &str) -> usize {
    let notices = phone.get("/v1/notices?limit=50").await.json();
    let items = notices["items"].as_array().cloned().unwrap_or_default();
    items.iter().filter(|one| one["kind"] == kind).count()
}

async fn is_told(phone: &Phone, kind: &str, times: usize) {
    let mut looks = Looks::every(Duration::from_millis(100));
    while looks.again().await {
        if told(phone, kind).await == times {
            return;
        }
    }
    panic!("{kind} was told {} times", told(phone, kind).await);
}

async fn books(phone: &Phone, path: &str) -> Vec<Value> {
    let books = phone.sandbox_get(path).await;
    books["items"].as_array().cloned().unwrap_or_default()
}

async fn reject(phone: &Phone, path: &str, said: &Value) -> lifeline_tests::Answer {
    phone.post(&format!("{path}/feedback"), said).await
}

fn rejected(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let (phone, name, path) = sent(&demo, false).await;
        for body in [
            json!({"verdict": "confirm", "reason": "fine"}),
            json!({"verdict": "reject", "reason": "x".repeat(201)}),
            json!({"verdict": "reject", "reason": 7}),
        ] {
            let refused = reject(&phone, &path, &body).await;
            assert!(refused.status.is_client_error(), "{}", refused.text);
        }
        assert_eq!(phone.get(&path).await.json()["state"], "OPEN");
        let reason = "电".repeat(200);
        let said = json!({"verdict": "reject", "reason": reason});
        let answer = reject(&phone, &path, &said).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        assert_eq!(answer.json()["state"], "IN_REVIEW");
        assert_eq!(answer.json()["reason"], reason.as_str());
        assert_eq!(answer.json()["review"]["outcome"], "waits");
        let reviews = books(&phone, "/sim/reviews").await;
        assert_eq!(reviews.len(), 1);
        assert_eq!(reviews[0]["reason"], reason.as_str());
        let net = answer.json()["amount_fen"].as_i64().expect("an amount");
        let review = reviews[0]["review_id"].as_str().expect("an id").to_owned();
        let verdict = json!({"verdict": "corrected", "amount_fen": net - 1});
        phone
            .sandbox(&format!("/sim/reviews/{review}"), &verdict)
            .await;
        advance(&phone, 660).await;
        let phone = Phone::new(&demo).signed_in(&name).await;
        let closed = becomes(&phone, &path, |task| task["state"] == "SUPERSEDED").await;
        assert_eq!(closed["review"]["outcome"], "corrected", "{closed}");
        assert!(closed["review"]["asked_at"].is_string(), "{closed}");
        assert_eq!(closed["reason"], reason.as_str());
        let newer = closed["newer_check_task_id"].as_str().expect("a newer one");
        let newer = phone.get(&format!("/v1/check-tasks/{newer}")).await.json();
        assert_eq!(newer["state"], "OPEN");
        assert_eq!(newer["amount_fen"].as_i64(), Some(net - 1));
        assert_eq!(newer["settlement"]["adjustment_fen"], -1);
        is_told(&phone, "review_corrected", 1).await;
        is_told(&phone, "check_task", 2).await;
    })
}

fn silent(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let (phone, name, path) = sent(&demo, true).await;
        is_told(&phone, "check_task", 1).await;
        let moment = |task: &Value, name: &str| -> jiff::Timestamp {
            task[name]
                .as_str()
                .expect("a time")
                .parse()
                .expect("RFC 3339")
        };
        let task = phone.get(&path).await.json();
        let whole = moment(&task, "ends_at").duration_since(moment(&task, "began_at"));
        let whole = whole.as_secs();
        for (percent, reminders) in [(51, 1), (40, 2)] {
            advance(&phone, whole * percent / 100).await;
            let phone = Phone::new(&demo).signed_in(&name).await;
            is_told(&phone, "check_reminder", reminders).await;
            assert_eq!(phone.get(&path).await.json()["state"], "OPEN");
        }
        advance(&phone, whole * 10 / 100).await;
        let phone = Phone::new(&demo).signed_in(&name).await;
        let over = becomes(&phone, &path, |task| task["state"] != "OPEN").await;
        assert_eq!(over["verdict"], "timeout", "{over}");
    })
}

fn accepted(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let (phone, name, path) = sent(&demo, false).await;
        let later = json!({"on": true});
        phone.sandbox("/sim/payouts/later", &later).await;
        let answer = reject(&phone, &path, &json!({"verdict": "confirm"})).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        advance(&phone, 73 * 3_600).await;
        let phone = Phone::new(&demo).signed_in(&name).await;
        let is = |state: &'static str| move |task: &Value| task["payout"]["state"] == state;
        becomes(&phone, &path, is("UNKNOWN")).await;
        // It is asked about, and sent again under its number: accepted is not paid, however often it is said.
        for _ in 0..2 {
            advance(&phone, 660).await;
        }
        let phone = Phone::new(&demo).signed_in(&name).await;
        becomes(&phone, &path, is("UNKNOWN")).await;
        assert_eq!(told(&phone, "paid_out").await, 0);
        let payouts = books(&phone, "/sim/payouts").await;
        assert_eq!(payouts.len(), 1, "one number: {payouts:?}");
        assert_eq!(payouts[0]["state"], "accepted");
        let number = payouts[0]["payout_no"].as_str().expect("a number");
        let pay = format!("/sim/payouts/{number}/pay");
        phone.sandbox(&pay, &json!({})).await;
        advance(&phone, 6 * 3_600 + 60).await;
        let phone = Phone::new(&demo).signed_in(&name).await;
        becomes(&phone, &path, is("PAID")).await;
        is_told(&phone, "paid_out", 1).await;
        let payouts = books(&phone, "/sim/payouts").await;
        assert_eq!(payouts.len(), 1, "paid once: {payouts:?}");
    })
}

fn given_back(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let (phone, name, path) = sent(&demo, false).await;
        let confirm = format!("{path}/payee-confirmation");
        let early = phone.post(&confirm, &json!({})).await;
        assert_eq!(early.code(), "NOTHING_RETURNED");
        // What is ignored is paid as what is confirmed (PV-22, PV-23).
        let answer = reject(&phone, &path, &json!({"verdict": "ignore"})).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        assert_eq!(answer.json()["verdict"], "ignore", "{}", answer.text);
        advance(&phone, 73 * 3_600).await;
        let phone = Phone::new(&demo).signed_in(&name).await;
        let is = |state: &'static str| move |task: &Value| task["payout"]["state"] == state;
        becomes(&phone, &path, is("PAID")).await;
        let payout = books(&phone, "/sim/payouts").await.remove(0);
        let number = payout["payout_no"].as_str().expect("a number").to_owned();
        let back = format!("/sim/payouts/{number}/return");
        phone.sandbox(&back, &json!({})).await;
        advance(&phone, 6 * 3_600 + 60).await;
        let phone = Phone::new(&demo).signed_in(&name).await;
        let returned = becomes(&phone, &path, is("RETURNED")).await;
        assert_eq!(returned["payout"]["needs_payee_confirmation"], true);
        is_told(&phone, "payout_returned", 1).await;
        let neighbour = Phone::sign_in(&demo, "li-ming").await;
        let foreign = neighbour.post(&confirm, &json!({})).await;
        assert_eq!(foreign.code(), "NOT_FOUND");
        for _ in 0..2 {
            let confirmed = phone.post(&confirm, &json!({})).await;
            let again = confirmed.status == StatusCode::OK;
            assert!(
                again || confirmed.code() == "NOTHING_RETURNED",
                "{}",
                confirmed.text
            );
        }
        becomes(&phone, &path, is("PAID")).await;
        let mut states: Vec<String> = books(&phone, "/sim/payouts")
            .await
            .iter()
            .map(|one| format!("{} {}", one["state"], one["amount_fen"]))
            .collect();
        states.sort();
        let amount = &payout["amount_fen"];
        assert_eq!(
            states,
            [
                format!("\"paid\" {amount}"),
                format!("\"returned\" {amount}")
            ]
        );
    })
}

/// As an owner may read a month, its sum and where the money went, in whatever is shown to them.
struct Seen {
    month: Vec<String>,
    sum: Vec<String>,
    card: String,
}

impl Seen {
    fn of(task: &Value, person: &Value) -> Self {
        let period = task["period"].as_str().expect("a month");
        let (year, month) = period.split_once('-').expect("a month");
        let net = task["amount_fen"].as_i64().expect("an amount");
        let card = person["identity"]["bank_card_no"].as_str();
        Self {
            month: vec![
                // As it stands in JSON, and in JSON within JSON.
                format!(r#"period":"{period}""#),
                format!(r#"period\":\"{period}\"#),
                format!("{year}年{}月", month.trim_start_matches('0')),
            ],
            sum: vec![
                format!(":{net},"),
                format!(":{net}}}"),
                format!("{}.{:02}", net / 100, net % 100),
            ],
            card: card.expect("a card").to_owned(),
        }
    }

    fn is_in(&self, text: &str) -> [bool; 3] {
        let any = |all: &[String]| all.iter().any(|one| text.contains(one));
        [any(&self.month), any(&self.sum), text.contains(&self.card)]
    }
}

fn paid_and_ended(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let (phone, person) = seller(&demo).await;
        let id = registered(&phone, &person).await;
        permit(&phone, &id, &person).await;
        let name = person["person"].as_str().expect("a name");
        let (phone, task) = first_task(&demo, name).await;
        let seen = Seen::of(&task, &person);
        let task = task["check_task_id"].as_str().expect("an id");
        let task = format!("/v1/check-tasks/{task}");
        let answer = reject(&phone, &task, &json!({"verdict": "confirm"})).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        advance(&phone, 73 * 3_600).await;
        let phone = Phone::new(&demo).signed_in(name).await;
        becomes(&phone, &task, |task| task["payout"]["state"] == "PAID").await;
        is_told(&phone, "paid_out", 1).await;
        let own = person["phone"].as_str().expect("a phone");
        let notices = phone.get("/v1/notices?limit=50").await;
        assert_eq!(seen.is_in(&notices.text), [true, true, false]);
        let account = format!("{ALL}/{id}");
        phone
            .sandbox("/sim/marketing/end-cooperation", &number(&person))
            .await;
        advance(&phone, 6 * 3_600 + 60).await;
        let phone = Phone::new(&demo).signed_in(name).await;
        state_becomes(&phone, &id, "terminated").await;
        let table = format!("{account}/table");
        let paths = [
            "/v1/me",
            "/v1/notices?limit=50",
            "/v1/check-tasks",
            task.as_str(),
            ALL,
            account.as_str(),
            table.as_str(),
        ];
        for path in paths {
            let shown = phone.get(path).await;
            assert_eq!(
                seen.is_in(&shown.text),
                [false; 3],
                "{path}: {}",
                shown.text
            );
        }
        assert_eq!(phone.get(&task).await.code(), "NOT_FOUND");
        let all = exported(&phone, own).await;
        assert_eq!(all.status, StatusCode::OK, "{}", all.text);
        assert!(all.text.contains("payee_since"), "its tables are in it");
        assert_eq!(seen.is_in(&all.text), [false; 3], "{}", all.text);
    })
}
