//! A payout that fails by itself, above all one whose row or whose seller's table cannot be read: it is set aside and
//! told, so that what waits behind it leaves. Its money stays where it is, until two persons let it go on.

use super::ids::TradeTaskId;
use super::records::{aside_line, of_row};
use super::{Settlement, SettlementError};
use crate::cases::{CaseKind, rounds};
use crate::store::{Tx, atomically};

/// How long one that was set aside stays unlooked at.
const LOOK_S: i64 = 86_400;
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
}
