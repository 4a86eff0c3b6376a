//! `lifeline replay`: stored notices of the channel worked once more, as the sweeper of a running node works them.

use std::sync::Arc;

use lifeline_core::payments::{PaymentError, Payments, Replayed, Worked};
use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::time::{Clock, Time};
use serde_json::json;

use crate::cli::Replay;
use crate::failure::Failure;
use crate::outside::Outside;
use crate::rooms::Rooms;
use crate::serve::Kind;
use crate::system::{OsEntropy, SystemClock};
use crate::{config, print, seen};

pub(crate) async fn run(args: &Replay) -> Result<(), Failure> {
    let since = args.since.as_deref().map(Time::parse_rfc3339).transpose();
    let since = since.map_err(|_| {
        Failure::usage("--since takes a time with its offset, such as 2026-11-22T08:00:00+08:00")
    })?;
    let config = config::read(&args.config).map_err(|faults| Failure::faults(&faults))?;
    config::go_on_with(config.faults_for_production())
        .map_err(|faults| Failure::faults(&faults))?;
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let engine = seen::opened(&config.store, Kind::Live).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let outside = Outside::build(&config, Kind::Live, &clock, &entropy)?;
    let rooms = Rooms::build(&config, &engine, &outside, None, &clock, &entropy)?;
    let replayed = match &args.id {
        Some(id) => one(&rooms.payments, id).await?,
        None => rooms.payments.replay(since).await.map_err(unread)?,
    };
    print(&told(replayed, args.json))
}

async fn one(payments: &Payments, id: &str) -> Result<Replayed, Failure> {
    let worked = payments.work_notice(id).await.map_err(unread)?;
    let (mut applied, mut repeats, mut not_ours, mut kept) = (0, 0, 0, 0);
    match worked {
        Worked::Applied => applied = 1,
        Worked::Repeat => repeats = 1,
        Worked::NotOurs => not_ours = 1,
        Worked::Later => kept = 1,
    }
    Ok(Replayed {
        verified: 0,
        applied,
        repeats,
        not_ours,
        kept,
    })
}

fn unread(error: PaymentError) -> Failure {
    match error {
        PaymentError::NotFound => Failure::failed("no notice is stored under this id")
            .advice("the channel names it `notify_id`; what was applied is kept for a while only"),
        error => Failure::failed(format!("the notices could not be worked: {error}"))
            .advice("nothing is applied twice: see `lifeline doctor`, then run it again"),
    }
}

fn told(replayed: Replayed, as_json: bool) -> String {
    let Replayed {
        verified,
        applied,
        repeats,
        not_ours,
        kept,
    } = replayed;
    if as_json {
        let said = json!({
            "verified_now": verified, "applied": applied, "already_applied": repeats,
            "not_ours": not_ours, "kept": kept,
        });
        return format!("{said}\n");
    }
    let mut text = format!(
        "{applied} applied, {repeats} already applied, {not_ours} of no order of ours, {kept} stay stored\n"
    );
    if verified > 0 {
        text.push_str(&format!(
            "{verified} of them had not verified when they came, and do now\n"
        ));
    }
    if kept > 0 {
        text.push_str("what stays stored cannot be read with the keys of now, or the channel did not confirm it: check [alipay], and look for cases\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_the_notices_is_told_to_persons_and_scripts() {
        let replayed = Replayed {
            verified: 1,
            applied: 2,
            repeats: 3,
            not_ours: 4,
            kept: 5,
        };
        let text = told(replayed, false);
        assert!(text.starts_with("2 applied, 3 already applied, 4 of no order"));
        assert!(text.contains("5 stay stored") && text.contains("cannot be read"));
        let quiet = told(Replayed::default(), false);
        assert_eq!(quiet.lines().count(), 1, "{quiet}");
        let read: serde_json::Value = serde_json::from_str(&told(replayed, true)).unwrap();
        let expected = json!({
            "verified_now": 1, "applied": 2, "already_applied": 3, "not_ours": 4, "kept": 5,
        });
        assert_eq!(read, expected);
    }
}
