//! What marketing says of itself, compared with what this installation takes it for.

use std::sync::Arc;

use lifeline_adapters::marketing::{Rule, Said, Trial};
use lifeline_core::payments::window::CUTOFF;
use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Clock;

use super::{ASK_TIME_MAX, Finding, finding};
use crate::config;
use crate::failure::Failure;
use crate::outside::Outside;
use crate::serve::Kind;
use crate::system::{OsEntropy, SystemClock};

/// Whether marketing can fence a number, and when its business date changes. Keys that cannot be read are a
/// finding of their own.
pub(super) async fn findings(config: &config::Config) -> Vec<Finding> {
    let Some(outside) = outside(config) else {
        return Vec::new();
    };
    let asked = tokio::time::timeout(ASK_TIME_MAX, outside.marketing.says_of_itself()).await;
    let said = asked.ok().and_then(Result::ok);
    compared(config.payments.marketing_fences, said.as_ref())
}

fn outside(config: &config::Config) -> Option<Outside> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    Outside::build(config, Kind::Live, &clock, &entropy).ok()
}

/// The home whose arrears may be read. Its number is told to nobody, in a refusal neither.
pub(super) fn home(given: Option<&str>) -> Result<Option<ConsumerNo>, Failure> {
    let read = given.map(ConsumerNo::parse).transpose();
    read.map_err(|_| Failure::usage("--home takes a consumer number: 10 or 13 digits"))
}

/// The conformance suite of docs/contracts/marketing.md on the system itself.
pub(super) async fn tried(config: &config::Config, home: Option<&ConsumerNo>) -> Vec<Finding> {
    let Some(outside) = outside(config) else {
        return Vec::new();
    };
    let now = SystemClock::default().now();
    let trials = outside.marketing.tried(now, home).await;
    trials.iter().map(trial).collect()
}

/// A trial as a finding, with what its people must mend.
fn trial(trial: &Trial) -> Finding {
    let (check, what) = match trial.rule {
        Rule::OurSignature => (
            "marketing: our signature",
            "compare [marketing] channel_id and secret_hex with its people, and whether it is reached from here",
        ),
        Rule::OthersSignature => (
            "marketing: another's",
            "it must answer BAD_SIGNATURE to what another secret signed: let nobody pay before that",
        ),
        Rule::OldSignature => (
            "marketing: an old signature",
            "it must answer BAD_SIGNATURE to an X-Timestamp more than 300 s off",
        ),
        Rule::OneNonce => (
            "marketing: a nonce again",
            "it must answer REPLAYED to an X-Nonce that it took within 10 minutes",
        ),
        Rule::Clock => (
            "marketing: clock",
            "let both machines take their time from the same servers: within 300 s every call must be taken",
        ),
        Rule::UnknownConsumer => (
            "marketing: unknown consumer",
            "it must answer 404 CONSUMER_UNAVAILABLE for a home that is not there",
        ),
        Rule::UnknownPosting => (
            "marketing: unknown posting",
            "it must answer 200 with NOT_FOUND for a number that it was never sent",
        ),
        Rule::DailyFile => (
            "marketing: daily file",
            "GET /reconciliations must repeat both names, and a date of last week must be closed",
        ),
        Rule::Arrears => (
            "marketing: arrears",
            "arrears must have every field and a total that adds up; of a home that is not there, 404 CONSUMER_UNAVAILABLE",
        ),
    };
    finding(check, trial.went.is_ok(), || {
        let said = trial.went.err().unwrap_or_default();
        let what = format!("{what} (docs/contracts/marketing.md)");
        (format!("not as the contract says: {said}"), what)
    })
}

/// A marketing that does not answer is one finding, and not two.
fn compared(fences_here: bool, said: Option<&Said>) -> Vec<Finding> {
    let mut found = vec![fences(fences_here, said.map(|said| said.fences))];
    found.extend(said.map(|said| cutoff(said.cutoff.as_deref())));
    found
}

fn fences(configured: bool, said: Option<bool>) -> Finding {
    finding("marketing", said == Some(configured), || match said {
        None => {
            let what = "check [marketing], and that it is reached from here".to_owned();
            ("no answer".to_owned(), what)
        }
        Some(fence) => {
            let what = format!(
                "payments.marketing_fences = {fence}, after reading docs/contracts/marketing.md"
            );
            (format!("it says fence: {fence}"), what)
        }
    })
}

/// Orders end before it, and files are asked for by the dates it divides.
fn cutoff(said: Option<&str>) -> Finding {
    finding("marketing's cut-off", said == Some(CUTOFF), || {
        let state = match said {
            None => "it names none".to_owned(),
            Some(said) => format!("it says cutoff_time: {said}"),
        };
        let what = format!(
            "take no payments until it is {CUTOFF} in marketing, or this program knows another one"
        );
        (state, what)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_marketing_says_of_its_fence_is_compared_with_the_configuration() {
        for (configured, said, ok) in [
            (true, Some(true), true),
            (false, Some(false), true),
            (true, Some(false), false),
            (false, Some(true), false),
            (true, None, false),
        ] {
            assert_eq!(fences(configured, said).ok, ok, "{configured} {said:?}");
        }
        let found = fences(true, Some(false));
        assert!(
            found
                .what_to_do
                .contains("payments.marketing_fences = false")
        );
    }

    #[test]
    fn what_was_tried_is_told_rule_by_rule_with_what_its_people_must_mend() {
        let rules = [
            Rule::OurSignature,
            Rule::OthersSignature,
            Rule::OldSignature,
            Rule::OneNonce,
            Rule::Clock,
            Rule::UnknownConsumer,
            Rule::UnknownPosting,
            Rule::DailyFile,
            Rule::Arrears,
        ];
        let of = |went: Result<(), &'static str>| rules.map(|rule| trial(&Trial { rule, went }));
        assert!(
            of(Ok(()))
                .iter()
                .all(|found| found.ok && found.state == "ok")
        );
        let wrong = of(Err("taken"));
        let checks: std::collections::HashSet<_> = wrong.iter().map(|found| found.check).collect();
        assert_eq!(checks.len(), rules.len());
        for found in &wrong {
            assert!(!found.ok && found.state.ends_with("taken"), "{found:?}");
            assert!(found.what_to_do.contains("docs/contracts/marketing.md"));
        }
        assert!(home(None).unwrap().is_none());
        assert!(home(Some("1500000004321")).unwrap().is_some());
        let refused = home(Some("15000x")).unwrap_err().to_string();
        assert!(!refused.contains("15000x"), "{refused}");
    }

    #[test]
    fn what_marketing_says_of_its_cut_off_is_compared_with_ours() {
        for (said, ok) in [
            (Some("22:30"), true),
            (Some("23:00"), false),
            (Some("22:00"), false),
            (None, false),
        ] {
            assert_eq!(cutoff(said).ok, ok, "{said:?}");
        }
        let later = cutoff(Some("23:00"));
        assert!(later.state.contains("23:00") && later.what_to_do.contains("22:30"));
        let said = Said {
            fences: true,
            cutoff: Some("22:30".to_owned()),
        };
        let of = |said: Option<&Said>| -> Vec<bool> {
            let found = compared(true, said);
            found.iter().map(|one| one.ok).collect()
        };
        assert_eq!(of(Some(&said)), [true, true]);
        assert_eq!(of(None), [false]);
    }
}
