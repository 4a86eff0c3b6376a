//! g1, its last word: the payee is the holder whom the utility's reserve names. The reserve is asked when a payout is about to
//! leave, for the identity in the table may have been shown years ago.

use super::accounts::reserve::is_holder;
use super::collecting::SILENT_S;
use super::differing::Differing;
use super::dispatch::ACTOR;
use super::records::tell_differs;
use super::table_t::{Input, State};
use super::trade_task::{Hold, TradeTask};
use super::trading::{self, Paid};
use super::{Settlement, SettlementError, brake};
use crate::store::{Tx, atomically, snapshot};

impl Settlement {
    /// Whether a payout may go to the payee of its table. Otherwise it is held and told, and looked at again in its turn.
    ///
    /// # Errors
    /// [`SettlementError::NoAnswer`] while the reserve does not answer: it is held then as well, out of the way of others.
    pub(super) async fn goes_to_holder(&self, trade: &TradeTask) -> Result<bool, SettlementError> {
        match self.names_payee(trade).await {
            Ok(true) => Ok(true),
            Ok(false) => {
                self.hold_back(trade, Hold::PayeeNotHolder).await?;
                Ok(false)
            }
            Err(SettlementError::NoAnswer(why)) => {
                self.hold_back(trade, Hold::Unchecked).await?;
                Err(why.into())
            }
            Err(error) => Err(error),
        }
    }

    async fn names_payee(&self, trade: &TradeTask) -> Result<bool, SettlementError> {
        let id = &trade.generation_account_id;
        let mut view = snapshot(self.store()).await?;
        let account = view.generation().by_id(id).await?;
        let table = match view.generation().permitted(id).await? {
            Some(permitted) => view.generation().table(&permitted.permission_id).await?,
            None => None,
        };
        drop(view);
        let (Some(account), Some(table)) = (account, table) else {
            // There is nobody to pay, as the unit that would send it sees.
            return Ok(true);
        };
        let Some(number) = &account.generation_no else {
            return Ok(true);
        };
        let reserve = self.ports.grid.reserved(number).await?;
        Ok(is_holder(reserve.as_ref(), &account, &table.identity))
    }

    /// Unless somebody moved it meanwhile.
    async fn hold_back(&self, trade: &TradeTask, hold: Hold) -> Result<(), SettlementError> {
        let draw = self.draw(ACTOR, "");
        let rules = &*self.rules;
        atomically(self.store(), async |tx: &mut Tx| {
            let found = tx.settlement().trade(&trade.trade_task_id).await?;
            let as_it_was = |one: &TradeTask| one.version == trade.version;
            let Some(still) = found.filter(as_it_was) else {
                return Ok(());
            };
            let untold = hold == Hold::Unchecked;
            if untold && draw.now >= still.enqueued_at.plus_seconds(SILENT_S) {
                let (id, what) = (still.trade_task_id.as_str(), Differing::HolderUntold);
                tell_differs(tx, &draw, id, what).await?;
            }
            let waits = untold && still.state == State::Queued;
            if waits && brake::was_looked_at(tx, &still, draw.now).await? {
                // It keeps its place while that counts: nothing that nobody looked at leaves before it.
                return Ok(());
            }
            if hold == Hold::PayeeNotHolder {
                let (id, what) = (still.trade_task_id.as_str(), Differing::PayeeNotHolder);
                tell_differs(tx, &draw, id, what).await?;
            }
            let why = Paid {
                sum: None,
                hold: Some(hold),
            };
            trading::see_of(tx, rules, &draw, still, Input::GateFails, why).await?;
            Ok::<_, SettlementError>(())
        })
        .await
    }
}
