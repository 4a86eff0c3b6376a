//! The main jobs, played as a household would: sign in, be matched, see, pay, watch it POSTED; and sell power,
//! check the month, be paid.
//!
//! Only HTTP is spoken. The verdict is read from the sandbox's trades and postings, never from
//! Lifeline alone, and a run with a fault counts only if the sandbox counted the fault on the call
//! it was meant for (money.md 4).

mod client;
mod entering;
mod faults;
mod household;
mod jwe;
mod patience;
mod payment;
mod report;
mod several;
mod solar;
mod verdict;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Deserialize;

use client::Client;
use faults::{Phase, Scenario};
use report::Report;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The ready file of the running demo.
    #[arg(long, value_name = "FILE")]
    ready_file: PathBuf,
    /// Play it with this fault of the sandbox, or `all` for each in turn.
    #[arg(long, value_name = "KIND|all")]
    fault: Option<String>,
    /// Play this job alone. Selling moves the demo's clock by a month each time.
    #[arg(long, value_enum)]
    job: Option<Job>,
    /// Print JSON for a script.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Job {
    /// Enter, be linked, see what is due, pay it.
    Pay,
    /// Sell power, check the month, be paid.
    Sell,
}

/// The addresses of the demo under test.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Demo {
    line: String,
    sandbox: String,
}

/// Why a step did not go as it should; printed as it is, so it never holds personal data.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Wrong(String);

impl Wrong {
    fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// Fails the step with words unless the condition holds.
macro_rules! hold {
    ($condition:expr, $($words:tt)+) => {
        if !$condition {
            return Err($crate::journey::Wrong(format!($($words)+)));
        }
    };
}
pub(crate) use hold;

/// Plays what was asked for and says how it went by the exit code: 0 only if every figure agrees.
pub(crate) async fn play(options: Options) -> ExitCode {
    let demo = std::fs::read_to_string(&options.ready_file)
        .map_err(|error| error.to_string())
        .and_then(|text| serde_json::from_str::<Demo>(&text).map_err(|error| error.to_string()));
    let mut report = Report::new(options.json);
    let demo = match demo {
        Ok(demo) => demo,
        Err(error) => {
            let file = options.ready_file.display();
            return report.refuse(
                &Wrong(format!("the ready file {file} cannot be read: {error}")),
                "start the demo with `--ready-file` and name the same file when it is there",
            );
        }
    };
    let wish = options.fault.as_deref();
    let Some(scenarios) = faults::wanted(wish) else {
        let known = faults::kinds().join(", ");
        let wish = wish.unwrap_or_default();
        return report.refuse(
            &Wrong(format!("{wish} is no fault that it plays")),
            &format!("`--fault` is one of all, {known}"),
        );
    };
    let plays = |job| options.job.is_none_or(|only| only == job);
    for scenario in scenarios.iter().filter(|_| plays(Job::Pay)) {
        report.begin(scenario.name());
        let went = match scenario.phase() {
            Phase::SignIn(refusal) => {
                entering::sign_in(&demo, scenario, refusal, &mut report).await
            }
            Phase::Link(person, refusal) => {
                entering::link(&demo, scenario, (person, refusal), &mut report).await
            }
            Phase::Pay => run(&demo, scenario, &mut report).await,
        };
        conclude(&demo, &mut report, scenario.name(), went).await;
    }
    // Selling comes last: its months make time jump.
    for row in solar::wanted(wish).into_iter().filter(|_| plays(Job::Sell)) {
        let name = solar::name(row);
        report.begin(&name);
        let went = solar::run(&demo, row, &mut report).await;
        conclude(&demo, &mut report, &name, went).await;
    }
    report.close()
}

async fn conclude(demo: &Demo, report: &mut Report, name: &str, went: Result<(), Wrong>) {
    match went {
        Ok(()) => report.end(true),
        Err(wrong) => {
            report.wrong(name, &wrong);
            report.end(false);
        }
    }
    // A fault that was not used up must not reach the next run.
    if let Ok(client) = Client::new(demo) {
        let _ = client.sandbox_delete("/sim/faults").await;
    }
}

async fn run(demo: &Demo, scenario: &Scenario, report: &mut Report) -> Result<(), Wrong> {
    let mut client = Client::new(demo)?;
    client.sandbox_delete("/sim/faults").await?;
    let person = household::choose(&client).await?;
    household::sign_in(&mut client, &person).await?;
    report.step(
        "signed in",
        "the session belongs to the person who tapped allow",
    );
    let home = household::link(&client, &person).await?;
    report.step(
        "linked",
        &format!("home ...{} by the certified identity", home.tail),
    );
    let seen = household::see(&client, &home).await?;
    report.step("saw what is due", &seen);
    if scenario.is_plain() {
        let said = payment::refused_for_lack_of_money(&client, &home).await?;
        report.step("too little money", &said);
    }
    let paid = payment::pay(&client, &home, scenario).await?;
    report.step(
        "paid",
        &format!("{} in {} simulated seconds", paid.state, paid.simulated_s),
    );
    let said = verdict::read(&client, &home, &paid, scenario).await?;
    report.step("verdict from the outside world", &said);
    if paid.state == "POSTED" {
        let said = verdict::told(&client, &person, &paid).await?;
        report.step("told", &said);
    }
    if !scenario.is_plain() {
        let said = verdict::acted(&client, scenario).await?;
        report.step("the fault", &said);
    }
    if scenario.is_plain() {
        several_homes(demo, report).await?;
    }
    Ok(())
}

/// Another household pays for all its homes at once, from a phone of its own.
async fn several_homes(demo: &Demo, report: &mut Report) -> Result<(), Wrong> {
    let mut client = Client::new(demo)?;
    let Some(person) = several::choose(&client).await? else {
        report.step("several homes", "everybody has paid in an earlier run");
        return Ok(());
    };
    household::sign_in(&mut client, &person).await?;
    let said = several::pay(&client, &person).await?;
    report.step("several homes", &said);
    Ok(())
}
