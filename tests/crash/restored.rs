//! An older copy of the store is put back while channel and marketing know more, and the command of the
//! product brings it up to date (money.md 2.9; docs/operations/restore.md). The verdict is read from the
//! sandbox's books: no fen is lost and none moved twice.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use libtest_mimic::Failed;
use lifeline_tests::{Engine, Looks};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::household::Household;
use crate::stage::{Conditions, Stage, program};
use crate::{job, outcome, paper, run};

/// Who begins, and who ends.
const FIRST: &str = "chen";
const SECOND: &str = "wu";
const PROOF: &str = "minutes of the recovery, compared by two";
const TOP_UP_FEN: i64 = 1_000;
/// The world's time goes on by so much between two looks, so many times.
const STEP_S: i64 = 30;
const STEPS_MAX: u32 = 60;

pub(crate) fn is_recovered_by_the_command(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let stage = Stage::open(engine).await;
        let mut world = Household::begin(stage, &Conditions::default(), Conditions::default());
        let homes = job::move_in(&mut world, job::PAYER).await;
        let home = homes[0].as_str();
        assert_eq!(job::pay(&mut world, home).await["state"], "POSTED");
        outcome::rest(&mut world).await;
        world.stage.kill();
        let copy = Copy::of(&world.stage);
        start(&mut world);

        // What the copy never hears of: one credited, one given back, one taken and not credited.
        let credited = tops_up(&mut world, home, "credited-after-the-copy").await;
        world.tap(&credited).await;
        world.until(id(&credited), &["POSTED"]).await;
        job::late_payer(&mut world).await;
        world.sign_in(job::PAYER).await;
        let owed = tops_up(&mut world, home, "taken-and-not-credited").await;
        let outage = |on: bool| json!({ "on": on });
        let switch = "/sim/marketing/outage";
        world.stage.sandbox(switch, &outage(true)).await;
        world.tap(&owed).await;
        world.until(id(&owed), &["PAID", "POSTING"]).await;
        world.stage.kill();
        world.stage.sandbox(switch, &outage(false)).await;

        copy.put_back();
        let refunded_before = refunds(&world.stage).await;
        let begun = done(&world.stage, &["begin", "--as", FIRST]);
        refused(&world.stage, &["begin", "--as", FIRST], "is not over");
        start(&mut world);
        world.sign_in(job::PAYER).await;
        nothing_can_be_ordered(&world, home).await;
        read_bills(&world.stage, &days(&begun)).await;
        everything_is_looked_at(&mut world).await;
        assert_eq!(
            refunds(&world.stage).await,
            refunded_before,
            "sent before its end"
        );
        refused(
            &world.stage,
            &["end", "--as", FIRST, "--proof", PROOF],
            "another person",
        );
        done(&world.stage, &["end", "--as", SECOND, "--proof", PROOF]);
        refused(
            &world.stage,
            &["end", "--as", SECOND, "--proof", PROOF],
            "no recovery is open",
        );
        done(&world.stage, &["payouts", "--as", SECOND, "--proof", PROOF]);
        comes_to_rest(&mut world).await;

        let books = Books::read(&world.stage).await;
        let number = owed["out_trade_no"].as_str().unwrap_or_default();
        assert_eq!(books.kept[number], 0, "what was owed went back");
        let after = refunds(&world.stage).await;
        assert_eq!(after.len(), refunded_before.len() + 1, "once: {after:?}");
        let anew = after
            .iter()
            .find(|number| !refunded_before.contains(number));
        let anew = anew.expect("a refund");
        assert_ne!(
            anew.get(..2),
            number.get(..2),
            "numbers carry the new epoch"
        );
        // And people pay again.
        let again = tops_up(&mut world, home, "after-the-recovery").await;
        world.tap(&again).await;
        world.until(id(&again), &["POSTED"]).await;
        assert_eq!(
            Books::read(&world.stage).await.faults(),
            Vec::<String>::new()
        );
    })
}

/// The embedded store of a gateway that does not run.
struct Copy {
    file: PathBuf,
    parts: Vec<(PathBuf, Option<Vec<u8>>)>,
}

impl Copy {
    fn of(stage: &Stage) -> Self {
        let file = stage.database_file();
        let parts = ["", "-wal"].map(|end| beside(&file, end));
        let parts = parts.map(|part| {
            let bytes = std::fs::read(&part).ok();
            (part, bytes)
        });
        Self {
            parts: parts.into(),
            file,
        }
    }

    fn put_back(&self) {
        let _ = std::fs::remove_file(beside(&self.file, "-shm"));
        for (part, bytes) in &self.parts {
            match bytes {
                Some(bytes) => std::fs::write(part, bytes).expect("a copy that is put back"),
                None => drop(std::fs::remove_file(part)),
            }
        }
    }
}

fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn start(world: &mut Household) {
    let started = world.stage.start(&Conditions::default());
    assert!(started.is_ok(), "{started:?}: {}", world.stage.log());
}

fn id(order: &Value) -> &str {
    order["payment_id"].as_str().unwrap_or_default()
}

async fn tops_up(world: &mut Household, home: &str, key: &str) -> Value {
    let wish = top_up(home);
    let path = "/v1/payments";
    let made = world
        .insist(Method::POST, path, Some(&wish), Some(key))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    world.until(id(&made.json()), &["PAYING"]).await
}

fn top_up(home: &str) -> Value {
    json!({"binding_id": home, "purpose": "top_up", "amount_fen": TOP_UP_FEN, "via": "mini"})
}

async fn nothing_can_be_ordered(world: &Household, home: &str) {
    let (path, key) = ("/v1/payments", Some("during-the-recovery"));
    let wish = top_up(home);
    let answer = world.once(Method::POST, path, Some(&wish), key).await;
    let answer = answer.expect("an answer");
    assert_eq!(
        answer.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "{}",
        answer.text
    );
    assert_eq!(answer.code(), "UPSTREAM_UNAVAILABLE", "{}", answer.text);
}

/// `lifeline recover ...` on these records.
fn recover(stage: &Stage, words: &[&str]) -> Output {
    let mut command = Command::new(program("lifeline"));
    let run = command.arg("recover").args(words).args(stage.records());
    run.output().expect("lifeline")
}

fn said(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    format!("{out}{err}")
}

fn done(stage: &Stage, words: &[&str]) -> String {
    let output = recover(stage, words);
    assert!(output.status.success(), "{words:?}: {}", said(&output));
    said(&output)
}

fn refused(stage: &Stage, words: &[&str], why: &str) {
    let output = recover(stage, words);
    let said = said(&output);
    assert!(!output.status.success(), "{words:?}: {said}");
    assert!(said.contains(why), "{words:?}: {said}");
}

/// The days that `begin` asks for.
fn days(begun: &str) -> Vec<String> {
    let (_, days) = begun.split_once("bills of: ").expect("days to read");
    let days = days.lines().next().unwrap_or_default();
    days.split(", ").map(|day| day.trim().to_owned()).collect()
}

async fn read_bills(stage: &Stage, days: &[String]) {
    for day in days {
        let bill = paper::bill(stage, day).await;
        let torn = paper::torn(&bill);
        let words = |file: &Path| {
            let file = file.to_str().expect("a path in UTF-8").to_owned();
            [
                "read".to_owned(),
                "--bill".to_owned(),
                file,
                "--as".to_owned(),
                FIRST.to_owned(),
            ]
        };
        let (half, whole) = (words(&torn), words(&bill));
        refused(stage, &half.each_ref().map(String::as_str), "is not taken");
        done(stage, &whole.each_ref().map(String::as_str));
    }
}

async fn everything_is_looked_at(world: &mut Household) {
    let mut status = String::new();
    let mut looks = Looks::every(outcome::LOOK_AGAIN);
    while looks.again().await {
        status = done(&world.stage, &["status"]);
        if status.contains("everything was read") {
            return;
        }
        time_passes(world, &looks).await;
    }
    panic!("{status}\n{}", world.stage.log());
}

async fn time_passes(world: &mut Household, looks: &Looks) {
    if looks.count() <= STEPS_MAX {
        world.advance(STEP_S).await;
    }
}

/// The order that was owed is not the store's: it is waited for in the channel's books.
async fn comes_to_rest(world: &mut Household) {
    let mut looks = Looks::every(outcome::LOOK_AGAIN);
    while !Books::read(&world.stage).await.faults().is_empty() && looks.again().await {
        time_passes(world, &looks).await;
    }
    outcome::rest(world).await;
    let faults = Books::read(&world.stage).await.faults();
    assert!(faults.is_empty(), "{faults:?}\n{}", world.stage.log());
}

/// Every refund the channel made, by its number.
async fn refunds(stage: &Stage) -> Vec<String> {
    let trades = stage.sandbox_get("/sim/alipay/trades").await;
    let trades = trades.as_array().into_iter().flatten();
    let refunds = trades.flat_map(|trade| trade["refunds"].as_array().into_iter().flatten());
    let numbers = refunds.filter_map(|refund| refund["out_request_no"].as_str());
    numbers.map(str::to_owned).collect()
}

/// The outside's two books, by the number of the order.
#[derive(Debug, Default)]
struct Books {
    /// What the channel keeps of what was paid.
    kept: BTreeMap<String, i64>,
    /// What homes were credited.
    credited: BTreeMap<String, i64>,
}

impl Books {
    async fn read(stage: &Stage) -> Self {
        let mut books = Self::default();
        let trades = stage.sandbox_get("/sim/alipay/trades").await;
        for trade in trades.as_array().into_iter().flatten() {
            if trade["paid_at"].is_null() {
                continue;
            }
            let fen = |field: &str| trade[field].as_i64().expect("a sum");
            let number = trade["out_trade_no"].as_str().expect("a number");
            let kept = fen("total_fen") - fen("refunded_fen");
            books.kept.insert(number.to_owned(), kept);
        }
        let consumers = stage.sandbox_get("/sim/marketing/consumers").await;
        for summary in consumers["items"].as_array().into_iter().flatten() {
            let number = summary["consumer_no"].as_str().unwrap_or_default();
            let path = format!("/sim/marketing/consumers/{number}");
            let home = stage.sandbox_get(&path).await;
            for posting in home["postings"].as_array().into_iter().flatten() {
                let number = posting["channel_txn_no"].as_str().unwrap_or_default();
                let order = number.split('_').next().unwrap_or_default();
                if posting["state"] == "POSTED" && books.kept.contains_key(order) {
                    let fen = posting["amount_fen"].as_i64().expect("a sum");
                    *books.credited.entry(order.to_owned()).or_default() += fen;
                }
            }
        }
        books
    }

    /// What the channel keeps and no home was credited is lost; the other way round it is double.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (number, kept) in &self.kept {
            let credited = self.credited.get(number).copied().unwrap_or_default();
            if *kept != credited {
                let what = if *kept > credited { "lost" } else { "double" };
                faults.push(format!(
                    "{what}: {number} keeps {kept}, credited {credited}"
                ));
            }
        }
        faults
    }
}
