//! The weights of the queue belong to the store: every node gives places by the same, whatever it was configured with. Of
//! nodes that differ, the highest version counts, and whoever has it puts its weights there.

use super::rules::SettlementRules;
use super::trade_queue::SetWeights;
use crate::store::{StoreError, Tx};

/// The weights in force, which are this node's from now on when it was configured later.
pub(super) async fn in_force(
    tx: &mut Tx,
    rules: &SettlementRules,
) -> Result<SetWeights, StoreError> {
    let kept = tx.settlement().kept_weights().await?;
    if kept.version >= rules.weights_version {
        return Ok(kept);
    }
    let ours = SetWeights {
        version: rules.weights_version,
        weights: rules.weights,
    };
    tx.settlement().keep_weights(&ours).await?;
    // Another may have been later still.
    tx.settlement().kept_weights().await
}

/// Whether somebody changed the weights of this node and not their version: then they are not in force.
pub(super) const fn are_apart(rules: &SettlementRules, kept: &SetWeights) -> bool {
    let (ours, theirs) = (rules.weights, kept.weights);
    kept.version == rules.weights_version
        && (ours.wait_per_s != theirs.wait_per_s || ours.amount_per_fen != theirs.amount_per_fen)
}
