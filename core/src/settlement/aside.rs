//! A payout that fails by itself, above all one whose row or whose seller's table cannot be read: it is set aside and
//! told, so that what waits behind it leaves. Its money stays where it is, until two persons let it go on.
//! A check task that fails by itself waits for a later turn than those behind it, and is told as long as it does.

use super::ids::{CheckTaskId, TradeTaskId};
use super::records::{aside_line, of_row};
use super::{Settlement, SettlementError};
use crate::cases::{CaseKind, rounds};
use crate::store::{Retriable as _, Tx, atomically};

/// How long one that was set aside stays unlooked at.
const LOOK_S: i64 = 86_400;
/// When a check task has its next turn whose last one failed for a reason that may pass.
const RETRY_S: i64 = 600;
const ACTOR: &str = "job:settlement.sweep";

impl Settlement {
    /// What a step of one payout came to. A fault that is this payout's own sets it aside, and any other waits for
    /// its next turn: neither keeps the next from its turn, only a store that is away does.
    pub(super) async fn or_aside<T>(
        &self,
        id: &TradeTaskId,
        step: Result<T, SettlementError>,
    ) -> Result<Option<T>, SettlementError> {
        let error = match step {
            Ok(done) => return Ok(Some(done)),
            Err(error) if error.is_the_stores() => return Err(error),
            Err(error) => error,
        };
        match error.of_one_payout() {
            Some(code) => {
                tracing::error!(%error, %id, code, "settlement.payout.set_aside");
                self.set_aside(id, code).await?;
            }
            None => tracing::error!(%error, %id, "settlement.sweep.trade_failed"),
        }
        Ok(None)
    }

    /// Nothing of the row is read for it: the case says which it is.
    async fn set_aside(&self, id: &TradeTaskId, code: &str) -> Result<(), SettlementError> {
        let draw = self.draw(ACTOR, "");
        let again = draw.now.plus_seconds(LOOK_S);
        atomically(self.store(), async |tx: &mut Tx| {
            if tx.settlement().set_aside(id, again).await? {
                let line = aside_line(&draw, id, code)?;
                tx.evidence().append(&line).await?;
            }
            let case = of_row(&draw, CaseKind::Contradiction, id.as_str(), code);
            rounds::open(tx.cases(), &case).await?;
            Ok::<_, SettlementError>(())
        })
        .await
    }

    /// A check task whose turn failed: those behind it have theirs before it has another. What is wrong with it by
    /// itself is told.
    ///
    /// # Errors
    /// The store's, when it is away.
    pub(super) async fn put_off(
        &self,
        id: &CheckTaskId,
        error: SettlementError,
    ) -> Result<(), SettlementError> {
        if error.is_the_stores() {
            return Err(error);
        }
        tracing::error!(%error, %id, "settlement.sweep.task_failed");
        if error.is_conflict() {
            // Somebody has it in hand.
            return Ok(());
        }
        let code = error.of_one_task();
        let draw = self.draw(ACTOR, "");
        let again = draw
            .now
            .plus_seconds(if code.is_some() { LOOK_S } else { RETRY_S });
        atomically(self.store(), async |tx: &mut Tx| {
            tx.settlement().put_off_task(id, again).await?;
            if let Some(code) = code {
                let case = of_row(&draw, CaseKind::SettlementReview, id.as_str(), code);
                rounds::open(tx.cases(), &case).await?;
            }
            Ok::<_, SettlementError>(())
        })
        .await
    }
}
