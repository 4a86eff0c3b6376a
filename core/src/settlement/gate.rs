//! g1: whether a payout may take its place in the queue. Meter, settlement and payout are one figure, its check
//! task is its month's newest, and there is a payee of three days at least (table T).

use super::SettlementError;
use super::check_task::CheckTask;
use super::differing::Differing;
use super::energy::{EnergyVersion, VersionState};
use super::rules::SettlementRules;
use super::table_k;
use super::table_t::{Input, State};
use super::trade_task::{Hold, TradeTask};
use crate::shared::money::Fen;
use crate::shared::time::Time;
use crate::store::Tx;

/// What the gate says of one payout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    Open,
    /// Waiting opens it, or the owner does.
    Shut(Hold),
    /// The three ways differ: somebody must look.
    Differs(Differing),
    /// Another payout of the month pays whatever this one would.
    Overtaken,
}

impl Gate {
    /// In the words of table T.
    pub(super) const fn input(self) -> (Input, Option<Hold>) {
        match self {
            Self::Open => (Input::GateOk, None),
            Self::Shut(hold) => (Input::GateFails, Some(hold)),
            Self::Differs(_) => (Input::GateFails, Some(Hold::FiguresDiffer)),
            Self::Overtaken => (Input::Withdraw, None),
        }
    }
}

/// Asks for a payout of which nothing is on its way; of any other there is nothing to be asked.
pub(super) async fn ask(
    tx: &mut Tx,
    rules: &SettlementRules,
    trade: &TradeTask,
    now: Time,
) -> Result<Gate, SettlementError> {
    if !trade.state.is_unsent() && trade.state != State::Returned {
        return Ok(Gate::Open);
    }
    // Money of the month may have moved that the books do not know: nothing more leaves for it (money.md G7).
    if trade.frozen || tx.settlement().is_stopped_beside(trade).await? {
        return Ok(Gate::Shut(Hold::Contradiction));
    }
    let version = tx
        .settlement()
        .newest_energy(&trade.table_id, &trade.period)
        .await?;
    let Some(version) = version else {
        return Ok(Gate::Differs(Differing::NobodyToPay));
    };
    if version.state != VersionState::Settled {
        // The watch settles it, which makes another task, or tells somebody why not.
        return Ok(Gate::Shut(Hold::FiguresDiffer));
    }
    let newest = tx
        .settlement()
        .newest_task(&trade.table_id, &trade.period)
        .await?;
    let newer = newest.filter(|task| task.check_task_id != trade.check_task_id);
    let agrees = agrees(tx, &version, trade.accepted).await?;
    if let Some(newer) = newer {
        match beside(tx, trade, &newer).await? {
            Beside::Covered => return Ok(Gate::Overtaken),
            Beside::Owing if !agrees => return Ok(Gate::Differs(Differing::EarlierPayout)),
            Beside::Owing => {}
        }
    }
    if !agrees {
        return Ok(Gate::Differs(Differing::Figures));
    }
    payee(tx, rules, trade, now).await
}

/// What the owner accepted last for the month of an earlier task's payout, where nothing else pays what that one
/// did not.
pub(super) async fn owed_of(
    tx: &mut Tx,
    trade: &TradeTask,
) -> Result<Option<Fen>, SettlementError> {
    let (table, period) = (&trade.table_id, &trade.period);
    let version = tx.settlement().newest_energy(table, period).await?;
    let newest = tx.settlement().newest_task(table, period).await?;
    let newer = newest.filter(|task| task.check_task_id != trade.check_task_id);
    let (Some(version), Some(newer)) = (version, newer) else {
        return Ok(None);
    };
    let stands = agrees(tx, &version, newer.net).await?;
    let owing = matches!(beside(tx, trade, &newer).await?, Beside::Owing);
    Ok((stands && owing).then_some(newer.net))
}

/// Meter and settlement are one figure, and it is what the owner accepted.
async fn agrees(
    tx: &mut Tx,
    version: &EnergyVersion,
    accepted: Fen,
) -> Result<bool, SettlementError> {
    let account = tx
        .generation()
        .by_id(&version.generation_account_id)
        .await?;
    let net = version.settled.as_ref().map(|settled| settled.net());
    let is_one = account.is_some_and(|account| version.agrees(account.feed_in));
    Ok(is_one && net == Some(Ok(accepted)))
}

/// How a payout stands to a newer check task of its month.
enum Beside {
    /// The newer one's payout is about everything that is not on its way; or nothing is owed any more.
    Covered,
    /// The newer one's difference has left already, so nothing else pays what this one did not.
    Owing,
}

async fn beside(
    tx: &mut Tx,
    trade: &TradeTask,
    newer: &CheckTask,
) -> Result<Beside, SettlementError> {
    let still_to_pay = match newer.state {
        table_k::State::Open | table_k::State::InReview => true,
        table_k::State::Answered => {
            let its = tx.settlement().trade_of(&newer.check_task_id).await?;
            its.is_some_and(|its| its.state.is_unsent())
        }
        table_k::State::Dispatched | table_k::State::Superseded => false,
    };
    if still_to_pay {
        return Ok(Beside::Covered);
    }
    let (account, period) = (&trade.generation_account_id, &trade.period);
    let committed = tx.settlement().committed(account, period).await?;
    Ok(if committed >= newer.net {
        Beside::Covered
    } else {
        Beside::Owing
    })
}

async fn payee(
    tx: &mut Tx,
    rules: &SettlementRules,
    trade: &TradeTask,
    now: Time,
) -> Result<Gate, SettlementError> {
    let permitted = tx
        .generation()
        .permitted(&trade.generation_account_id)
        .await?;
    let Some(permitted) = permitted.filter(|permitted| permitted.table_id == trade.table_id) else {
        return Ok(Gate::Shut(Hold::NoPayee));
    };
    let Some(table) = tx.generation().table(&permitted.permission_id).await? else {
        return Ok(Gate::Shut(Hold::NoPayee));
    };
    if now < table.payee_since.plus_seconds(rules.payee_wait_s) {
        return Ok(Gate::Shut(Hold::PayeeYoung));
    }
    let returned = trade.state == State::Returned || trade.hold == Some(Hold::Returned);
    if returned && !trade.payee_confirmed {
        return Ok(Gate::Shut(Hold::Returned));
    }
    Ok(Gate::Open)
}
