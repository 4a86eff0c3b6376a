//! `lifeline brake`: see whether automatic refunds or payouts are stopped, stop them, and let refunds go on by two
//! persons. Payouts go on by the case about them, in the console.

use std::io::Write as _;
use std::sync::Arc;

use lifeline_adapters::sql::Engine;
use lifeline_core::insight::Insight;
use lifeline_core::payments::ports::Trip;
use lifeline_core::payments::{BrakeRoom, Consent, Policy};
use lifeline_core::settlement::brake::PayoutStop;
use lifeline_core::shared::ids::Maker;
use lifeline_core::shared::time::Time;
use serde_json::{Value, json};

use crate::cli;
use crate::failure::Failure;
use crate::serve::Kind;
use crate::system::{OsEntropy, SystemClock};
use crate::{config, store};

/// What a person may be called: it stands in the audit.
const NAME_CHARS: std::ops::RangeInclusive<usize> = 2..=64;

pub(crate) async fn run(command: cli::Brake) -> Result<(), Failure> {
    match command {
        cli::Brake::Status(args) => {
            let brake = open(&args.config).await?;
            let refunds = brake.trip().await.map_err(unread)?;
            let insight = Insight::new(brake.store, brake.clock);
            let payouts = insight.standing().await.map_err(unread)?.payouts_stopped;
            if args.json {
                return say(&format!("{}\n", listed(refunds.as_ref(), payouts)));
            }
            say(&status(refunds, payouts))
        }
        cli::Brake::Stop(args) => {
            let person = person(&args.person)?;
            let brake = open(&args.config).await?;
            let now = stop(brake, args.what, person).await?;
            say(stopped(args.what, now))
        }
        cli::Brake::Release(args) => {
            let person = person(&args.person)?;
            let brake = open_of(&args.records).await?;
            let trace_id = trace_id(&brake);
            let consent = brake.consent(person, &trace_id).await.map_err(unread)?;
            match consent {
                Consent::NotTripped => {
                    let insight = Insight::new(brake.store, brake.clock);
                    let stands = insight.standing().await.map_err(unread)?;
                    say(&nothing_to_release(stands.payouts_stopped))
                }
                Consent::First => {
                    say("noted; automatic refunds go on when another person agrees too\n")
                }
                Consent::Released => say("released; automatic refunds go on, counted from zero\n"),
                Consent::SamePerson => Err(Failure::failed("this person agreed already")
                    .advice("another person must run `lifeline brake release`")),
            }
        }
    }
}

fn trace_id(brake: &BrakeRoom) -> String {
    let maker = Maker {
        clock: &*brake.clock,
        entropy: &*brake.entropy,
    };
    maker.uuid().replace('-', "")
}

/// Whether it was stopped by this; false when it stood still already.
async fn stop(brake: BrakeRoom, what: cli::Leaving, person: &str) -> Result<bool, Failure> {
    let trace_id = trace_id(&brake);
    match what {
        cli::Leaving::Refunds => brake.stop(person, &trace_id).await.map_err(unread),
        cli::Leaving::Payouts => {
            let payouts = PayoutStop {
                store: brake.store,
                clock: brake.clock,
                entropy: brake.entropy,
            };
            payouts.stop(person, &trace_id).await.map_err(unread)
        }
    }
}

const fn stopped(what: cli::Leaving, now: bool) -> &'static str {
    match (what, now) {
        (cli::Leaving::Refunds, true) => {
            "stopped; no refund goes back by itself until two persons each run `lifeline brake release`\n"
        }
        (cli::Leaving::Payouts, true) => {
            "stopped; no payout leaves until two persons let them go on in the console, by the case about it\n"
        }
        (_, false) => {
            "the brake is on already; that you stopped it is noted, and whoever agreed before is asked again; see `lifeline brake status`\n"
        }
    }
}

/// A name as it stands in the audit.
pub(crate) fn person(given: &str) -> Result<&str, Failure> {
    let person = given.trim();
    let fits = NAME_CHARS.contains(&person.chars().count())
        && person
            .chars()
            .all(|c| c.is_alphanumeric() || "._-@".contains(c));
    if fits {
        Ok(person)
    } else {
        Err(Failure::usage(
            "--as takes 2 to 64 letters, digits, or . _ - @",
        ))
    }
}

/// What `release` says while refunds go out; payouts are let go on elsewhere.
fn nothing_to_release(payouts: Option<Time>) -> String {
    let refunds = "automatic refunds are not stopped; nothing to release\n";
    match payouts {
        None => refunds.to_owned(),
        Some(at) => format!("{refunds}{}\n", payouts_stand(at)),
    }
}

fn payouts_stand(since: Time) -> String {
    let since = since.rfc3339();
    format!(
        "payouts of sold power are stopped since {since}; two persons let them go on in the console, by the case about it"
    )
}

/// Both brakes, as a script reads them.
fn listed(refunds: Option<&Trip>, payouts: Option<Time>) -> Value {
    let agreed = refunds.and_then(|trip| trip.first_by.as_deref());
    json!({
        "refunds": {
            "stopped": refunds.is_some(),
            "since": refunds.map(|trip| trip.tripped_at.rfc3339()),
            "agreed": agreed,
        },
        "payouts": {"stopped": payouts.is_some(), "since": payouts.map(Time::rfc3339)},
    })
}

/// Both brakes, a line each.
fn status(refunds: Option<Trip>, payouts: Option<Time>) -> String {
    let refunds = match refunds {
        None => "automatic refunds go out; their brake is not on".to_owned(),
        Some(trip) => {
            let since = trip.tripped_at.rfc3339();
            let agreed = trip.first_by.map_or("nobody".to_owned(), |name| name);
            format!(
                "automatic refunds are stopped since {since}; agreed to go on: {agreed}; two persons are needed"
            )
        }
    };
    let payouts = match payouts {
        None => "payouts of sold power leave; their brake is not on".to_owned(),
        Some(at) => payouts_stand(at),
    };
    format!("{refunds}\n{payouts}\n")
}

/// The brake of these records: a demo's stand in its folder, all others where the configuration says.
async fn open_of(records: &cli::RecoverOf) -> Result<BrakeRoom, Failure> {
    #[cfg(feature = "demo")]
    if let Some(folder) = &records.of.data_dir {
        let clock = SystemClock::default();
        clock.advance(records.clock_ahead_s);
        let place = crate::demo::store_of(folder, records.of.database_url.clone());
        let engine = store::open(&place, Kind::Demo).await?;
        return Ok(room(engine, clock, Policy::default()));
    }
    let file = records.of.config.as_deref();
    let file = file.ok_or_else(|| Failure::usage("name the configuration file with --config"))?;
    open(file).await
}

async fn open(file: &std::path::Path) -> Result<BrakeRoom, Failure> {
    let config = config::read(file).map_err(|faults| Failure::faults(&faults))?;
    let engine = store::open(&config.store, Kind::Live).await?;
    let policy = config.payment_policy();
    Ok(room(engine, SystemClock::default(), policy))
}

fn room(store: Arc<Engine>, clock: SystemClock, policy: Policy) -> BrakeRoom {
    BrakeRoom {
        store,
        clock: Arc::new(clock),
        entropy: Arc::new(OsEntropy),
        policy: Arc::new(policy),
    }
}

fn unread(error: impl std::fmt::Display) -> Failure {
    Failure::failed(format!("the store does not answer: {error}")).advice("see `lifeline doctor`")
}

fn say(text: &str) -> Result<(), Failure> {
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| Failure::failed(format!("cannot write: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_brakes_stand_side_by_side() {
        let at = Time::from_micros(1_800_000_000_000_000);
        let trip = Trip {
            tripped_at: at,
            first_by: Some("li.ming".to_owned()),
        };
        let read = listed(Some(&trip), None);
        assert_eq!(read["refunds"]["agreed"], "li.ming");
        assert_eq!(read["refunds"]["since"], at.rfc3339());
        assert_eq!(read["payouts"]["stopped"], false);
        assert!(listed(None, None)["refunds"]["since"].is_null());
        let (on, off) = (status(Some(trip), Some(at)), status(None, None));
        assert_eq!((on.lines().count(), off.lines().count()), (2, 2));
        assert!(
            on.contains("li.ming") && on.matches(&at.rfc3339()).count() == 2,
            "{on}"
        );
        assert!(!off.contains("stopped"), "{off}");
    }

    #[test]
    fn who_has_nothing_to_release_hears_that_payouts_stand_still() {
        let at = Time::from_micros(1_800_000_000_000_000);
        let (still, going) = (nothing_to_release(Some(at)), nothing_to_release(None));
        for said in [&still, &going] {
            assert!(
                said.starts_with("automatic refunds are not stopped"),
                "{said}"
            );
        }
        assert!(still.contains(&at.rfc3339()) && still.contains("in the console"));
        assert_eq!(going.lines().count(), 1);
    }
}
