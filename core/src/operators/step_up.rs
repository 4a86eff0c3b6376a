//! Showing once more that it is oneself, right before something weighty: a code of the phone, taken
//! once, and counted like the codes of signing in.

use super::sign_in::Acting;
use crate::shared::time::Time;
use crate::store::{StoreError, Tx};

/// What one person does alone and takes a code for: giving rights and taking them, seeing what is masked, running
/// what is timed, undoing what holds people off (money.md 3.11). The console's forms of these acts have a field for the
/// code, and no others have.
pub const ACTS: [&str; 9] = [
    "operators.add",
    "operators.confirm",
    "operators.reset",
    "operators.change",
    "operators.end",
    "bans.lift",
    "customers.unmask",
    "jobs.run_now",
    "limits.clear",
];

/// What became of it. A refusal has been written down too: the unit it happened in has to commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepUp {
    Shown,
    /// The audit's word.
    Refused(&'static str),
}

/// Takes a code of the person who acts, within the unit of what they are about to do: of two at the
/// same moment one waits for the other, because both save the same entry.
///
/// # Errors
/// The store's.
pub async fn step_up(
    tx: &mut Tx,
    acting: &Acting,
    code: &str,
    now: Time,
) -> Result<StepUp, StoreError> {
    let found = tx.operators().find(&acting.staff.staff_id).await?;
    let Some(mut staff) = found.filter(|staff| staff.ended_at.is_none()) else {
        return Ok(StepUp::Refused("ended"));
    };
    if staff.is_locked(now) {
        return Ok(StepUp::Refused("locked"));
    }
    let step = staff.totp.step_of(code, now, staff.totp_step);
    match step {
        Some(step) => staff.succeed(step),
        None => staff.fail(now),
    }
    tx.operators().save(&staff).await?;
    Ok(match step {
        Some(_) => StepUp::Shown,
        None => StepUp::Refused("wrong_code"),
    })
}
