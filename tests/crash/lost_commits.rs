//! COMMIT was sent and nobody heard what came of it (money.md 5), once for each kind of unit: the
//! server did it and its answer is lost, or it never got the word. Whatever it was, the books end
//! as if nothing had happened.

use std::collections::BTreeSet;

use libtest_mimic::Failed;
use lifeline_tests::Engine;
use lifeline_tests::proxy::Lost;

use crate::household::Household;
use crate::job::Job;
use crate::outcome::{self, Outcome};
use crate::stage::{Conditions, Stage};
use crate::{job, matrix, run};

/// Every kind of unit the job passes.
pub(crate) fn a_lost_commit_does_nothing_twice(engine: Engine) -> Result<(), Failed> {
    play(engine, |_| true, &[Lost::Reply, Lost::Request])
}

/// The units that carry money from a tap to the books; the harder half: it was done and nobody knows.
pub(crate) fn a_lost_commit_reply_of_money_does_nothing_twice(
    engine: Engine,
) -> Result<(), Failed> {
    let carries = |unit: &str| unit.starts_with("payments::") && unit != "payments::errands::hold";
    play(engine, carries, &[Lost::Reply])
}

fn play(engine: Engine, wanted: fn(&str) -> bool, how: &'static [Lost]) -> Result<(), Failed> {
    run(async move {
        let reference = matrix::undisturbed(engine, Job::Main).await;
        let units: BTreeSet<&str> = reference
            .counts
            .keys()
            .filter(|point| point.kind() == "commit" && wanted(point.name()))
            .map(|point| point.name())
            .collect();
        assert!(units.len() >= 5, "hardly any unit: {units:?}");
        let mut wrong = Vec::new();
        for unit in &units {
            for lost in how {
                if let Err(why) = cell(engine, unit, *lost, &reference.outcome).await {
                    wrong.push(format!("{unit}, {lost:?} lost: {why}"));
                }
            }
        }
        let said = format!(
            "{}: {} units, {how:?} of their COMMIT lost, {} wrong\n{}",
            engine.name(),
            units.len(),
            wrong.len(),
            wrong.join("\n")
        );
        eprintln!("{said}");
        assert!(wrong.is_empty(), "{said}");
    })
}

async fn cell(engine: Engine, unit: &str, lost: Lost, expected: &Outcome) -> Result<(), String> {
    let mut stage = Stage::open(engine).await;
    let proxy = stage.database_behind_proxy().await;
    proxy.lose_commit(unit, lost);
    let conditions = Conditions::plan("mark\n");
    // A gateway that loses a commit while it starts says so and ends; it is started again.
    if stage.start(&conditions).is_ok() {
        let mut world = Household::on(stage);
        job::play(&mut world).await;
        stage = world.stage;
    } else {
        let mut world = Household::begin(stage, &conditions, conditions.clone());
        job::play(&mut world).await;
        stage = world.stage;
    }
    if proxy.struck() != 1 {
        return Err("its COMMIT never came by".to_owned());
    }
    let log = stage.whole_log();
    let told = log
        .lines()
        .any(|line| line.contains("store.commit.unknown") && line.contains(unit));
    if !told {
        return Err("nobody noticed that the outcome is unknown".to_owned());
    }
    let found = outcome::read(&stage).await;
    if found.hash == expected.hash {
        Ok(())
    } else {
        Err(outcome::difference(expected, &found))
    }
}
