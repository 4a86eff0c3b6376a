//! What happens to one row again, after its case was closed, is told again: in a case of its own, whose
//! cause counts the rounds.

use super::Case;
use super::ports::CaseStore;
use crate::store::StoreError;

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
    match next_cause(&case.cause, &known) {
        Some(cause) => {
            let again = Case {
                cause,
                ..case.clone()
            };
            cases.open(&again).await
        }
        None => Ok(false),
    }
}

/// The cause of the next round; none while a round is open.
fn next_cause(cause: &str, known: &[Case]) -> Option<String> {
    let of_cause = |case: &&Case| {
        let round = case.cause.strip_prefix(cause);
        round.is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
    };
    let rounds: Vec<&Case> = known.iter().filter(of_cause).collect();
    let open = rounds.iter().any(|case| case.closed_at.is_none());
    let next = rounds.len().saturating_add(1);
    (!open).then(|| format!("{cause}#{next}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::CaseKind;
    use crate::shared::ids::CaseId;
    use crate::shared::time::Time;

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
    fn a_case_names_its_row_or_none() {
        let mut case = told("held:1", false);
        assert_eq!(case.row().as_deref(), Some("line"));
        for facts in ["{}", "{\"row\":1}", "no facts"] {
            facts.clone_into(&mut case.facts);
            assert_eq!(case.row(), None, "{facts}");
        }
    }
}
