//! An identity that may not enter: refused, and laid before a person (money.md 3.6).

use serde_json::json;

use super::AccountError;
use super::account::Conflict;
use super::record::{Actor, Pen};
use crate::cases::CaseKind;
use crate::shared::ids::AccountId;
use crate::store::Tx;

/// Opens the case, once for the same accounts and reason, and puts the refusal on record.
pub(super) async fn note_conflict(
    tx: &mut Tx,
    pen: &Pen,
    actor: &Actor,
    act: &str,
    conflict: Conflict,
    accounts: &[AccountId],
) -> Result<(), AccountError> {
    let mut names: Vec<&str> = accounts.iter().map(AccountId::as_str).collect();
    names.sort_unstable();
    let cause = format!("{}:{}", conflict.as_str(), names.join(":"));
    let subject = names.first().copied().unwrap_or_default();
    let facts = json!({"accounts": names, "conflict": conflict.as_str()});
    let kind = CaseKind::AccountConflict;
    pen.open_case(tx, kind, &cause, subject, &facts, &actor.trace_id)
        .await?;
    pen.audit(tx, actor, act, subject, "IDENTITY_CONFLICT")
        .await?;
    Ok(())
}
