//! What the matrix rests on: that every point is known, that the job passes it or says why not, that
//! both engines end with the same books, and that books which are not the same are told apart.

use std::collections::BTreeSet;
use std::path::Path;

use libtest_mimic::Failed;
use lifeline_tests::Engine;
use serde_json::json;

use crate::household::Household;
use crate::job::Job;
use crate::points::{self, Point};
use crate::stage::{Conditions, Stage, program};
use crate::{doors, job, matrix, outcome, run};

/// A new unit or call must be passed by the job or be named in `elsewhere.txt`; a name there that is
/// passed, or does not exist any more, is a fault as well.
pub(crate) fn every_point_is_passed_or_explained(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let listed = points::listed();
        let mut passed = BTreeSet::new();
        for job in Job::ALL {
            passed.extend(matrix::undisturbed(engine, job).await.counts.into_keys());
        }
        let elsewhere = points::elsewhere();
        let mut faults = Vec::new();
        for point in &listed {
            let explained = elsewhere.contains_key(point.name());
            match (passed.contains(point), explained) {
                (false, false) => faults.push(format!("{point}: not passed and not explained")),
                (true, true) => faults.push(format!("{point}: passed, yet named as elsewhere")),
                _ => {}
            }
        }
        for point in passed.difference(&listed) {
            faults.push(format!("{point}: passed, yet not listed"));
        }
        for name in elsewhere.keys() {
            if !listed.iter().any(|point| point.name() == name) {
                faults.push(format!("{name}: named as elsewhere, yet there is none"));
            }
        }
        for point in &listed {
            let other = Point(match point.0.strip_suffix("before") {
                Some(both) => format!("{both}after"),
                None => point.0.replace("\tafter", "\tbefore"),
            });
            if !listed.contains(&other) {
                faults.push(format!("{point}: has no other side"));
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    })
}

/// The product as it is built and released knows nothing of fault points.
pub(crate) fn the_product_has_none(_: Engine) -> Result<(), Failed> {
    let holds = |path: &Path| {
        let bytes = std::fs::read(path).expect("a program");
        let sign = b"LIFELINE_FAULT_POINTS";
        let symbol = b"12fault_points";
        bytes
            .windows(symbol.len())
            .any(|window| window == symbol || window == &sign[..symbol.len()])
    };
    assert!(
        holds(&program("lifeline-fault-points")),
        "the search finds nothing even where it must"
    );
    assert!(!holds(&program("lifeline")), "the product has fault points");
    Ok(())
}

/// The text of an outcome is the same on both engines, word for word.
pub(crate) fn both_engines_end_with_the_same_books(_: Engine) -> Result<(), Failed> {
    run(async {
        for job in Job::ALL {
            let here = matrix::undisturbed(Engine::Sqlite, job).await.outcome;
            let there = matrix::undisturbed(Engine::Postgres, job).await.outcome;
            let difference = outcome::difference(&here, &there);
            assert_eq!(here.hash, there.hash, "{job:?}: {difference}");
        }
    })
}

/// One posting, account or link too many, one posting or link too few: each must change the hash.
pub(crate) fn planted_differences_change_the_hash(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let stage = Stage::open(engine).await;
        let mut world = Household::begin(stage, &Conditions::default(), Conditions::default());
        job::play(&mut world).await;
        let whole = outcome::read(&world.stage).await;
        assert_eq!(
            whole,
            outcome::read(&world.stage).await,
            "reading changes it"
        );
        let twice = json!({"consumer_no": job::PAYER_HOME, "amount_fen": 1});
        let hall = "/sim/marketing/counter-payment";
        world.stage.sandbox(hall, &twice).await;
        let more = outcome::read(&world.stage).await;
        assert_ne!(more.hash, whole.hash, "a posting too many is not seen");
        links(&mut world, &more).await;
        omission(engine, &whole).await;
    })
}

/// Somebody nobody reckons with signs in, links the payer's home a second time, and is gone from there again.
async fn links(world: &mut Household, before: &outcome::Outcome) {
    world.sign_in(doors::GUEST).await;
    let accounts = outcome::read(&world.stage).await;
    let lines = outcome::difference(before, &accounts);
    assert!(lines.contains("+ accounts "), "one too many: {lines}");
    doors::by_digits(world, job::PAYER_HOME, job::PAYER).await;
    let doubled = outcome::read(&world.stage).await;
    let lines = outcome::difference(&accounts, &doubled);
    assert!(lines.contains("+ links of a home "), "doubled: {lines}");
    assert_ne!(doubled.hash, accounts.hash, "a link too many is not seen");
    let linked = world.get("/v1/bindings").await;
    let home = linked["items"][0]["binding_id"].as_str();
    doors::leaves(world, home.expect("the home")).await;
    let omitted = outcome::read(&world.stage).await;
    let lines = outcome::difference(&doubled, &omitted);
    assert!(lines.contains("- links of a home "), "omitted: {lines}");
    assert_ne!(omitted.hash, doubled.hash, "a link too few is not seen");
}

/// Marketing is away when the payer has paid: the money is here and the posting is missing.
async fn omission(engine: Engine, whole: &outcome::Outcome) {
    let stage = Stage::open(engine).await;
    let mut world = Household::begin(stage, &Conditions::default(), Conditions::default());
    let homes = job::move_in(&mut world, job::PAYER).await;
    let order = world.order_arrears(&homes[0], job::PAYER_KEY).await;
    let outage = |on: bool| json!({ "on": on });
    world
        .stage
        .sandbox("/sim/marketing/outage", &outage(true))
        .await;
    world.tap(&order).await;
    let id = order["payment_id"].as_str().unwrap_or_default().to_owned();
    world.until(&id, &["PAID", "POSTING"]).await;
    let missing = outcome::read(&world.stage).await;
    world
        .stage
        .sandbox("/sim/marketing/outage", &outage(false))
        .await;
    world.until(&id, &["POSTED"]).await;
    job::late_payer(&mut world).await;
    let healed = outcome::read(&world.stage).await;
    assert_eq!(
        healed.hash,
        whole.hash,
        "{}",
        outcome::difference(whole, &healed)
    );
    assert_ne!(missing.hash, whole.hash, "a posting too few is not seen");
    let lines = outcome::difference(whole, &missing);
    assert!(lines.contains("posting order-0_1_1 POSTED"), "{lines}");
}
