//! A trade task as it is kept: an order to pay one month's amount to the owner's trading account.

use super::accounts::Identity;
use super::ids::{CheckTaskId, GenerationAccountId, PersonalTableId, TradeTaskId};
use super::table_t::State;
use super::trade_queue::{QueueKey, Weights};
use crate::shared::decision::words;
use crate::shared::money::Fen;
use crate::shared::period::Period;
use crate::shared::time::Time;

words! {
    /// Why a task is held; shown to the owner with what to do.
    Hold {
        /// The gate was not asked yet.
        Unchecked = "unchecked",
        /// Meter, settlement and payout differ.
        FiguresDiffer = "figures_differ",
        /// The utility's reserve names another holder than the payee.
        PayeeNotHolder = "payee_not_holder",
        /// No identity to pay to.
        NoPayee = "no_payee",
        /// The payee changed less than 72 h ago.
        PayeeYoung = "payee_young",
        /// The platform refused it.
        Refused = "refused",
        /// The bank gave it back; the owner confirms where it goes.
        Returned = "returned",
        /// Nothing is left to pay for the month.
        NothingPayable = "nothing_payable",
        /// Two persons hold it.
        Staff = "staff",
        /// Something contradicts the tables.
        Contradiction = "contradiction",
    }
}

/// One task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeTask {
    pub trade_task_id: TradeTaskId,
    pub check_task_id: CheckTaskId,
    pub generation_account_id: GenerationAccountId,
    pub table_id: PersonalTableId,
    pub period: Period,
    pub state: State,
    /// What the owner accepted for the whole month.
    pub accepted: Fen,
    /// What this task pays: the accepted amount less what is committed for the month.
    pub amount: Fen,
    pub key: QueueKey,
    pub weights_epoch: i64,
    pub enqueued_at: Time,
    /// Made before the first send, for ever.
    pub payout_no: Option<String>,
    /// How many numbers it has had.
    pub numbers: i64,
    /// The true sum the platform paid.
    pub paid: Option<Fen>,
    /// Frozen with the number: a resend goes where the first send went.
    pub payee: Option<Identity>,
    pub sent_at: Option<Time>,
    pub hold: Option<Hold>,
    pub payee_confirmed: bool,
    /// How often in a row the platform refused it.
    pub refusals: i64,
    /// What stayed with the payee when the bank gave only a part of it back.
    pub kept: Fen,
    /// A contradiction stopped it: only persons move it on.
    pub frozen: bool,
    pub next_at: Option<Time>,
    pub version: i64,
}

impl TradeTask {
    /// Puts it in its place under these weights.
    pub fn enqueue(&mut self, weights: Weights) {
        self.key = weights.key(self.amount, self.enqueued_at);
        self.weights_epoch = weights.epoch;
    }
}
