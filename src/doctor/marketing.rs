//! What marketing says of itself, compared with what this installation takes it for.

use std::sync::Arc;

use lifeline_adapters::marketing::Said;
use lifeline_core::payments::window::CUTOFF;
use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::time::Clock;

use super::{ASK_TIME_MAX, Finding, finding};
use crate::config;
use crate::outside::Outside;
use crate::serve::Kind;
use crate::system::{OsEntropy, SystemClock};

/// Whether marketing can fence a number, and when its business date changes. Keys that cannot be read are a
/// finding of their own.
pub(super) async fn findings(config: &config::Config) -> Vec<Finding> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let Ok(outside) = Outside::build(config, Kind::Live, &clock, &entropy) else {
        return Vec::new();
    };
    let asked = tokio::time::timeout(ASK_TIME_MAX, outside.marketing.says_of_itself()).await;
    let said = asked.ok().and_then(Result::ok);
    compared(config.payments.marketing_fences, said.as_ref())
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
