//! What a bank gives back after a payout was paid: looked for while a bank still may, and paid again once
//! the owner says that the payee is right (table T, RETURNED).

use super::check_task::OwnedCheckTask;
use super::records::{audit_line, trade_line};
use super::table_t::State;
use super::{Settlement, SettlementError, TaskView};
use crate::store::{Tx, atomically, snapshot};

/// How long a bank may take to give a payout back.
const RETURNS_S: i64 = 30 * 86_400;
const BATCH: i64 = 200;

impl Settlement {
    /// Asks after every payout that may still come back; how many did. One without an answer is asked after
    /// again in the next turn.
    pub async fn look_for_returns(&self) -> Result<usize, SettlementError> {
        let since = self.now().plus_seconds(RETURNS_S.saturating_neg());
        let mut after = String::new();
        let mut returned: usize = 0;
        loop {
            let batch = {
                let mut view = snapshot(self.store()).await?;
                view.settlement().paid_since(since, &after, BATCH).await?
            };
            let Some(last) = batch.last() else {
                return Ok(returned);
            };
            last.as_str().clone_into(&mut after);
            for id in &batch {
                match self.came_back(id).await {
                    Ok(true) => returned = returned.saturating_add(1),
                    Ok(false) => {}
                    Err(error) if !error.is_the_stores() => {
                        tracing::error!(%error, %id, "settlement.returns.failed");
                    }
                    Err(error) => return Err(error),
                }
            }
        }
    }

    async fn came_back(&self, id: &super::ids::TradeTaskId) -> Result<bool, SettlementError> {
        let of = async |id| {
            let mut view = snapshot(self.store()).await?;
            view.settlement().trade(id).await
        };
        let Some(trade) = of(id).await? else {
            return Ok(false);
        };
        self.query(&trade).await?;
        let now = of(id).await?;
        Ok(now.is_some_and(|trade| trade.state == State::Returned))
    }

    /// The owner says that the payee is right: what the bank gave back is paid again, under a new number. It
    /// goes to the identity that agreed with the reserve, so nothing a thief could type decides where.
    pub async fn confirm_payee(
        &self,
        own: &OwnedCheckTask,
        trace_id: &str,
    ) -> Result<TaskView, SettlementError> {
        let (id, owner) = (own.id(), &own.task().owner);
        let draw = self.draw(&format!("account:{owner}"), trace_id);
        atomically(self.store(), async |tx: &mut Tx| {
            let found = tx.settlement().trade_of(id).await?;
            let Some(mut trade) = found.filter(|trade| trade.state == State::Returned) else {
                return Err(SettlementError::NothingReturned);
            };
            if trade.payee_confirmed {
                return Ok(());
            }
            let before = trade.clone();
            trade.payee_confirmed = true;
            trade.next_at = Some(draw.now);
            tx.settlement().save_trade(&trade).await?;
            tx.evidence()
                .append(&trade_line(&draw, &before, &trade, "payee_confirmed")?)
                .await?;
            let line = audit_line(&draw, id.as_str(), "settlement.payee_confirmed");
            tx.audit().append(&line).await?;
            Ok(())
        })
        .await?;
        self.look(own).await
    }
}
