//! What the words of the platform and of the bank about a payout leave in the books, on its row and with its owner: money
//! that was paid, that came back whole or in part, that is refused again and again (table T, g3 and g4).

use super::differing::Differing;
use super::events::{self, MonthNews};
use super::records::{of_row, tell_differs};
use super::rules::SettlementRules;
use super::table_t::State;
use super::trade_task::{Hold, TradeTask};
use super::{SettlementError, asking};
use crate::cases::{CaseKind, rounds};
use crate::ledger::{Account, Entry};
use crate::shared::draw::Draw;
use crate::shared::ids::{EntryId, PaymentId, TypedId as _};
use crate::shared::money::Fen;
use crate::store::Tx;

/// g3: the true sum.
pub(super) async fn paid(
    tx: &mut Tx,
    draw: &Draw,
    trade: &mut TradeTask,
    sum: Fen,
) -> Result<(), SettlementError> {
    trade.paid = Some(sum);
    trade.hold = None;
    trade.refusals = 0;
    let transfer = (Account::GenerationPurchase, Account::Payout, sum);
    book(tx, draw, trade, "payout", transfer).await?;
    tell(tx, draw, trade, events::PAID_OUT, sum).await
}

/// g4: what came back, which may be less than was paid, or than was ordered where nobody heard what was paid. The rest
/// stayed with the payee, for all that is known: it counts for the month, so that no more leaves again than came back.
/// The books have what is known to have moved, and staff are told of the rest.
pub(super) async fn returned(
    tx: &mut Tx,
    draw: &Draw,
    trade: &mut TradeTask,
    ours: Fen,
    back: Option<Fen>,
) -> Result<(), SettlementError> {
    let back = back.unwrap_or(ours);
    trade.hold = Some(Hold::Returned);
    trade.payee_confirmed = false;
    if back != ours {
        let stayed = ours.minus(back)?.max(Fen::ZERO);
        trade.kept = trade.kept.plus(stayed)?;
        let (id, what) = (trade.trade_task_id.as_str(), Differing::ReturnedOther);
        let case = of_row(draw, CaseKind::PayoutDiffers, id, what.as_str());
        rounds::open(tx.cases(), &case).await?;
    }
    let transfer = (Account::Payout, Account::GenerationPurchase, back);
    book(tx, draw, trade, "returned", transfer).await?;
    tell(tx, draw, trade, events::RETURNED, back).await
}

/// The platform refused the number a payout has; in the unknown that is said once more each time it is asked, until the
/// number is fenced. Refused so often in a row, its owner is told once, and staff as long as it goes on.
pub(super) async fn refused(
    tx: &mut Tx,
    rules: &SettlementRules,
    draw: &Draw,
    before: &TradeTask,
    trade: &mut TradeTask,
) -> Result<(), SettlementError> {
    match before.state {
        State::Sending => {}
        State::Unknown if before.hold != Some(Hold::Refused) => trade.hold = Some(Hold::Refused),
        _ => return Ok(()),
    }
    trade.refusals = trade.refusals.saturating_add(1);
    if trade.refusals < rules.refusals_told {
        return Ok(());
    }
    if trade.refusals == rules.refusals_told {
        tell(tx, draw, trade, events::REFUSED, trade.amount).await?;
    }
    let id = trade.trade_task_id.as_str();
    tell_differs(tx, draw, id, Differing::Refused).await?;
    Ok(())
}

/// One balanced entry per fact: a repeat of the fact is refused by the ledger. No money leaves no entry.
async fn book(
    tx: &mut Tx,
    draw: &Draw,
    trade: &TradeTask,
    fact: &str,
    transfer: (Account, Account, Fen),
) -> Result<(), SettlementError> {
    if transfer.2.is_zero() {
        return Ok(());
    }
    let number = trade
        .payout_no
        .as_deref()
        .unwrap_or(trade.trade_task_id.as_str());
    let fact = format!("{fact}:{number}");
    let entry = Entry::transfer(
        draw.id::<EntryId>("entry", &fact),
        fact,
        // The books name the order an entry is about; of a payout that is its trade task.
        PaymentId::made(trade.trade_task_id.as_str().to_owned()),
        draw.trace_id.clone(),
        draw.now,
        transfer,
    )?;
    tx.ledger().post(&entry).await?;
    Ok(())
}

async fn tell(
    tx: &mut Tx,
    draw: &Draw,
    trade: &TradeTask,
    kind: &str,
    sum: Fen,
) -> Result<(), SettlementError> {
    let found = tx.settlement().task(&trade.check_task_id).await?;
    let Some(task) = found.filter(|_| !sum.is_zero()) else {
        return Ok(());
    };
    let news = MonthNews {
        amount_fen: sum,
        due_at: None,
        ..asking::news(&task, draw)
    };
    tx.outbox().add(&events::event(draw, kind, &news)?).await?;
    Ok(())
}
