//! When a payer must show themselves again: by what they order in a day, sooner from a device or for a
//! home that is new, always at a terminal that asks for it. Decided in the unit that makes the order, so that orders at once are counted.

use super::PaymentError;
use super::homes::Wanted;
use super::policy::Policy;
use super::start::Start;
use crate::accounts::{Errand, step_up};
use crate::shared::time::Time;
use crate::store::{StoreError, Tx};

const DAY_S: i64 = 24 * 3_600;

/// Lets an order be made that is ordinary, or whose payer was just shown to be the account's owner.
pub(super) async fn sure(
    tx: &mut Tx,
    policy: &Policy,
    request: &Start,
    now: Time,
) -> Result<(), PaymentError> {
    if !is_unusual(tx, policy, request, now).await? {
        return Ok(());
    }
    let part = |wanted: &Wanted| (wanted.owned.binding_id().clone(), wanted.amount);
    let parts: Vec<_> = request.homes.iter().map(part).collect();
    let errand = Errand::pay(parts.iter().map(|(home, sum)| (home, *sum)));
    if step_up::spend(tx, &request.asking, &errand, now).await? {
        Ok(())
    } else {
        Err(PaymentError::StepUpRequired)
    }
}

async fn is_unusual(
    tx: &mut Tx,
    policy: &Policy,
    request: &Start,
    now: Time,
) -> Result<bool, StoreError> {
    if request.confirms {
        return Ok(true);
    }
    let homes = &request.homes;
    let since = now.plus_seconds(DAY_S.saturating_neg());
    let before = tx
        .payments()
        .ordered_since(homes.account_id(), since)
        .await?;
    // A sum that no number holds is unusual.
    let Ok(total) = before.plus(homes.total()) else {
        return Ok(true);
    };
    if total > policy.sure_day {
        return Ok(true);
    }
    if total <= policy.sure_new {
        return Ok(false);
    }
    let is_new = |wanted: &Wanted| step_up::is_new(wanted.owned.linked_at(), now);
    if homes.iter().any(is_new) {
        return Ok(true);
    }
    step_up::is_new_device(tx, &request.asking, now).await
}
