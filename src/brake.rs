//! `lifeline brake`: see whether automatic refunds are stopped, and let them go on by two persons.

use std::io::Write as _;
use std::sync::Arc;

use lifeline_core::payments::ports::Trip;
use lifeline_core::payments::{BrakeRoom, Consent, Policy};
use lifeline_core::shared::ids::{Entropy, Maker};
use lifeline_core::shared::time::Clock;

use crate::cli;
use crate::failure::Failure;
use crate::serve::Kind;
use crate::system::{OsEntropy, SystemClock};
use crate::{config, store};

/// What a person may be called: it stands in the audit.
const NAME_CHARS: std::ops::RangeInclusive<usize> = 2..=64;

pub(crate) async fn run(command: cli::Brake) -> Result<(), Failure> {
    match command {
        cli::Brake::Status(args) => say(&status(
            open(&args.config).await?.trip().await.map_err(unread)?,
        )),
        cli::Brake::Release(args) => {
            let person = person(&args.person)?;
            let brake = open(&args.config).await?;
            let trace_id = Maker {
                clock: &*brake.clock,
                entropy: &*brake.entropy,
            }
            .uuid()
            .replace('-', "");
            match brake.consent(person, &trace_id).await.map_err(unread)? {
                Consent::NotTripped => say("the brake is not on; nothing to release\n"),
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

fn status(trip: Option<Trip>) -> String {
    match trip {
        None => "the brake is not on\n".to_owned(),
        Some(trip) => {
            let since = trip.tripped_at.rfc3339();
            let agreed = trip.first_by.map_or("nobody".to_owned(), |name| name);
            format!(
                "automatic refunds are stopped since {since}; agreed to go on: {agreed}; two persons are needed\n"
            )
        }
    }
}

async fn open(file: &std::path::Path) -> Result<BrakeRoom, Failure> {
    let config = config::read(file).map_err(|faults| Failure::faults(&faults))?;
    let engine = store::open(&config.store, Kind::Live).await?;
    let (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>) =
        (Arc::new(SystemClock::default()), Arc::new(OsEntropy));
    Ok(BrakeRoom {
        store: engine,
        clock,
        entropy,
        policy: Arc::new(Policy::default()),
    })
}

fn unread(error: lifeline_core::payments::PaymentError) -> Failure {
    Failure::failed(format!("the store does not answer: {error}")).advice("see `lifeline doctor`")
}

fn say(text: &str) -> Result<(), Failure> {
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| Failure::failed(format!("cannot write: {error}")))
}
