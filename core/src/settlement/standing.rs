//! How a month stands, for its owner's list and for whoever decides about it: without whom a payout goes to and what an
//! owner said, so that one row that cannot be opened hides no other.

use super::check_task::CheckTask;
use super::ids::{CheckTaskId, GenerationAccountId, TradeTaskId};
use super::trade_task::{Hold, TradeTask};
use super::{table_k, table_t};
use crate::shared::ids::AccountId;
use crate::shared::money::Fen;
use crate::shared::period::Period;
use crate::shared::time::Time;

/// A payout as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutStanding {
    pub trade_task_id: TradeTaskId,
    pub check_task_id: CheckTaskId,
    pub state: table_t::State,
    /// What the owner accepted for the whole month.
    pub accepted: Fen,
    /// What is ordered.
    pub amount: Fen,
    pub payout_no: Option<String>,
    /// The true sum the platform paid.
    pub paid: Option<Fen>,
    /// What stayed with the payee when the bank gave only a part of it back.
    pub kept: Fen,
    pub hold: Option<Hold>,
    pub payee_confirmed: bool,
    /// A contradiction stopped it.
    pub frozen: bool,
}

impl PayoutStanding {
    /// As a task that is loaded stands.
    #[must_use]
    pub fn of(trade: &TradeTask) -> Self {
        Self {
            trade_task_id: trade.trade_task_id.clone(),
            check_task_id: trade.check_task_id.clone(),
            state: trade.state,
            accepted: trade.accepted,
            amount: trade.amount,
            payout_no: trade.payout_no.clone(),
            paid: trade.paid,
            kept: trade.kept,
            hold: trade.hold,
            payee_confirmed: trade.payee_confirmed,
            frozen: trade.frozen,
        }
    }
}

/// A check task as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckStanding {
    pub check_task_id: CheckTaskId,
    pub data_version: i64,
    pub state: table_k::State,
    /// What the month is worth by this version.
    pub net: Fen,
}

/// A seller's month with all that was asked and ordered about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthStanding {
    pub generation_account_id: GenerationAccountId,
    pub period: Period,
    /// By their versions, the newest last.
    pub checks: Vec<CheckStanding>,
    /// The oldest first, those that were withdrawn among them.
    pub payouts: Vec<PayoutStanding>,
}

/// A check task that its reviewer has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InReview {
    pub check_task_id: CheckTaskId,
    /// Whose it is now.
    pub owner: AccountId,
    pub period: Period,
    /// When it was handed over, in our books.
    pub began_at: Time,
    /// How often the month was handed over.
    pub round: i64,
}

/// A check task as its owner's list shows it.
#[derive(Debug, Clone)]
pub struct ListedTask {
    pub task: CheckTask,
    /// Absent while there is none, or once it was withdrawn.
    pub payout: Option<PayoutStanding>,
}
