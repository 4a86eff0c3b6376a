//! What is still owed for a month whose difference left before an earlier payout was not made, or came back: nothing
//! pays it by itself, two persons let it go (table T, HELD and RETURNED: only via the gate).

use super::gate;
use super::ids::TradeTaskId;
use super::records::trade_line;
use super::table_t::State;
use super::{Settlement, SettlementError};
use crate::store::{Tx, atomically};

impl Settlement {
    /// Lets the payout of an earlier task stand for what the owner accepted last; the gate decides then, and what
    /// is on its way or paid for the month counts as ever. False when the month does not stand so.
    ///
    /// # Errors
    /// [`SettlementError::NotFound`], or the store's.
    pub async fn pay_rest(
        &self,
        id: &TradeTaskId,
        actor: &str,
        trace_id: &str,
    ) -> Result<bool, SettlementError> {
        let draw = self.draw(actor, trace_id);
        atomically(self.store(), async |tx: &mut Tx| {
            let found = tx.settlement().trade(id).await?;
            let mut trade = found.ok_or(SettlementError::NotFound)?;
            let waits = matches!(trade.state, State::Held | State::Returned) && !trade.frozen;
            let Some(net) = gate::owed_of(tx, &trade).await?.filter(|_| waits) else {
                return Ok(false);
            };
            let before = trade.clone();
            trade.accepted = net;
            trade.next_at = Some(draw.now);
            tx.settlement().save_trade(&trade).await?;
            let line = trade_line(&draw, &before, &trade, "pay_rest")?;
            tx.evidence().append(&line).await?;
            Ok(true)
        })
        .await
    }
}
