//! What happens to one row again, after its case was closed, is told again: in a case of its own, whose
//! cause counts the rounds. What simply goes on is told again too, after a pause.

use super::Case;
use super::ports::CaseStore;
use crate::shared::time::Time;
use crate::store::StoreError;

/// Whoever closes a case about something that goes on has so long for it to end.
pub const PAUSE_S: i64 = 86_400;

/// Opens a case. Of its cause one is open at a time; a case that names its row is opened again once the
/// earlier ones are closed. Any other cause is told once.
///
/// # Errors
/// The store's.
pub async fn open(cases: &mut dyn CaseStore, case: &Case) -> Result<bool, StoreError> {
    if cases.open(case).await? {
        return Ok(true);
    }
    if case.row().is_none() {
        return Ok(false);
    }
    let known = cases.about(&case.subject).await?;
    open_next(cases, case, &known).await
}

/// Opens a case about something that goes on until it is mended. Of its cause one is open at a time; closed, it comes
/// again after [`PAUSE_S`].
///
/// # Errors
/// The store's.
pub async fn open_while_it_lasts(
    cases: &mut dyn CaseStore,
    case: &Case,
) -> Result<bool, StoreError> {
    if cases.open(case).await? {
        return Ok(true);
    }
    let known = cases.about(&case.subject).await?;
    if is_told(&case.cause, &known, case.opened_at) {
        return Ok(false);
    }
    open_next(cases, case, &known).await
}

/// Opens the next round of a cause, if it may have one more.
async fn open_next(
    cases: &mut dyn CaseStore,
    case: &Case,
    known: &[Case],
) -> Result<bool, StoreError> {
    let Some(cause) = next_cause(&case.cause, known) else {
        return Ok(false);
    };
    let again = Case {
        cause,
        ..case.clone()
    };
    cases.open(&again).await
}

/// Whether a cause that goes on has a case somebody still sees to, or one that was closed just now.
#[must_use]
pub fn is_told(cause: &str, known: &[Case], now: Time) -> bool {
    let mut rounds = known.iter().filter(|case| is_round(cause, case));
    rounds.any(|case| {
        case.closed_at
            .is_none_or(|closed| now < closed.plus_seconds(PAUSE_S))
    })
}

fn is_round(cause: &str, case: &Case) -> bool {
    let round = case.cause.strip_prefix(cause);
    round.is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
}

/// The cause of the next round; none while a round is open.
fn next_cause(cause: &str, known: &[Case]) -> Option<String> {
    let rounds = known.iter().filter(|case| is_round(cause, case));
    let rounds: Vec<&Case> = rounds.collect();
    let open = rounds.iter().any(|case| case.closed_at.is_none());
    let next = rounds.len().saturating_add(1);
    (!open).then(|| format!("{cause}#{next}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::CaseKind;
    use crate::shared::ids::CaseId;

    fn told(cause: &str, closed: bool) -> Case {
        let at = Time::from_micros(1_000_000);
        Case {
            case_id: CaseId::parse("019aa2f0-0000-7000-8000-000000000001").unwrap(),
            kind: CaseKind::PostingHeld,
            cause: cause.to_owned(),
            subject: "payment".to_owned(),
            facts: "{\"row\":\"line\"}".to_owned(),
            opened_at: at,
            trace_id: "trace".to_owned(),
            closed_at: closed.then_some(at),
        }
    }

    #[test]
    fn a_round_begins_when_the_one_before_is_closed() {
        let next = |known: &[Case]| next_cause("held:1", known);
        assert_eq!(next(&[told("held:1", false)]), None);
        let first = told("held:1", true);
        let other = told("held:12", false);
        assert_eq!(next(&[first.clone(), other]).as_deref(), Some("held:1#2"));
        let second = told("held:1#2", true);
        let open = told("held:1#2", false);
        assert_eq!(next(&[first.clone(), open]), None);
        assert_eq!(next(&[first, second]).as_deref(), Some("held:1#3"));
    }

    #[test]
    fn what_goes_on_is_told_again_a_day_after_its_case_was_closed() {
        let closed = told("missed", true);
        let later = |seconds| closed.opened_at.plus_seconds(seconds);
        let is_told = |known: &[Case], at| is_told("missed", known, at);
        assert!(!is_told(&[], later(0)));
        assert!(is_told(&[told("missed", false)], later(9 * PAUSE_S)));
        let known = [closed.clone(), told("missed:2", false)];
        assert!(is_told(&known, later(PAUSE_S - 1)));
        assert!(!is_told(&known, later(PAUSE_S)));
        let second = [closed.clone(), told("missed#2", false)];
        assert!(is_told(&second, later(PAUSE_S)));
    }

    #[test]
    fn a_case_names_its_row_or_none() {
        let mut case = told("held:1", false);
        assert_eq!(case.row().as_deref(), Some("line"));
        for facts in ["{}", "{\"row\":1}", "no facts"] {
            facts.clone_into(&mut case.facts);
            assert_eq!(case.row(), None, "{facts}");
        }
    }
}
