//! After a restore (money.md 2.9): what the store does not remember may have been paid. Before a payout leaves, the platform is
//! asked about the numbers its month would have had next before the restore. What moved under one of them is taken up and
//! booked as any payout whose fate is not known; what nobody sent is fenced, so that it never is.

use std::sync::{MutexGuard, PoisonError};

use super::dispatch::ACTOR;
use super::ids::TradeTaskId;
use super::numbers::{earlier_prefixes, payout_no};
use super::ports::PayoutAnswer;
use super::records::trade_line;
use super::table_k;
use super::table_t::State;
use super::trade_task::TradeTask;
use super::{Settlement, SettlementError, checking};
use crate::shared::outside::NoAnswer;
use crate::store::{Tx, atomically, snapshot};

/// Numbers of one month that are asked about: so often the platform may have refused it before.
const NUMBERS_MAX: i64 = 20;

impl Settlement {
    /// Whether nothing of the month left that the store does not know of; otherwise this payout has the number of what did.
    ///
    /// # Errors
    /// [`SettlementError::NoAnswer`] while the platform does not say: then nothing leaves.
    pub(super) async fn looked_back(&self, trade: &TradeTask) -> Result<bool, SettlementError> {
        let prefixes = earlier_prefixes(&self.rules.number_prefix);
        let looked = Some((trade.trade_task_id.clone(), trade.version));
        if prefixes.is_empty() || *self.last_look() == looked {
            return Ok(true);
        }
        let (account, period) = (&trade.generation_account_id, &trade.period);
        let made = {
            let mut view = snapshot(self.store()).await?;
            view.settlement().numbers_made(account, period).await?
        };
        for prefix in &prefixes {
            for step in 1..=NUMBERS_MAX {
                let number = payout_no(prefix, account, period, made.saturating_add(step));
                let mut said = self.ports.payer.ask(&number).await?;
                let unseen = said == PayoutAnswer::NotFound;
                if unseen {
                    // It may still be on its way: from now on it is not.
                    said = self.ports.payer.fence(&number).await?;
                }
                match said {
                    PayoutAnswer::Accepted | PayoutAnswer::Paid(_) | PayoutAnswer::Returned(_) => {
                        self.take_up(trade, &number, step).await?;
                        return Ok(false);
                    }
                    PayoutAnswer::NotFound => {
                        return Err(NoAnswer::Unknown("not_fenced").into());
                    }
                    PayoutAnswer::Refused | PayoutAnswer::Fenced if unseen => break,
                    PayoutAnswer::Refused | PayoutAnswer::Fenced => {}
                }
            }
        }
        *self.last_look() = looked;
        Ok(true)
    }

    fn last_look(&self) -> MutexGuard<'_, Option<(TradeTaskId, i64)>> {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The payout is the one that left under this number, and its fate is asked for.
    async fn take_up(
        &self,
        trade: &TradeTask,
        number: &str,
        step: i64,
    ) -> Result<(), SettlementError> {
        let draw = self.draw(ACTOR, "");
        let rules = &*self.rules;
        atomically(self.store(), async |tx: &mut Tx| {
            let found = tx.settlement().trade(&trade.trade_task_id).await?;
            let as_it_was = |one: &TradeTask| one.version == trade.version;
            let Some(before) = found.filter(as_it_was) else {
                return Ok(());
            };
            let taken = TradeTask {
                state: State::Unknown,
                payout_no: Some(number.to_owned()),
                numbers: before.numbers.saturating_add(step),
                // Nobody knows where it went: it is asked about, and never sent again.
                payee: None,
                sent_at: Some(draw.now),
                hold: None,
                next_at: Some(draw.now),
                ..before.clone()
            };
            tx.evidence()
                .append(&trade_line(&draw, &before, &taken, "taken_up")?)
                .await?;
            tx.settlement().save_trade(&taken).await?;
            let sending = checking::Seen::plain(table_k::Input::TradeSending);
            checking::see(tx, rules, &draw, &trade.check_task_id, &sending).await?;
            Ok::<_, SettlementError>(())
        })
        .await
    }
}
