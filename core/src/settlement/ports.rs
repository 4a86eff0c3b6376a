//! The ports of collection, calculation, checking and payout: their rows, and the systems outside.

use async_trait::async_trait;

use super::accounts::Identity;
use super::accounts::account::FeedIn;
use super::check_task::{CheckTask, RejectReason};
use super::energy::EnergyVersion;
use super::ids::{CheckTaskId, GenerationAccountId, GenerationNo, PersonalTableId, TradeTaskId};
use super::readings::MonthReading;
use super::standing::{InReview, MonthStanding, PayoutStanding};
use super::trade_queue::{QueueKey, SetWeights};
use super::trade_task::TradeTask;
use super::watch::Untold;
use crate::shared::ids::AccountId;
use crate::shared::money::Fen;
use crate::shared::outside::NoAnswer;
use crate::shared::page::Page;
use crate::shared::period::Period;
use crate::shared::time::Time;
use crate::store::StoreError;
use crate::tariffs::{PriceRow, TaxRow};

/// One month of one table.
pub type Month = (PersonalTableId, Period);

/// A stretch of personal data tables in the order of their ids; several may be watched side by side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stretch {
    /// Begins behind this month; at the very first while absent.
    pub after: Option<Month>,
    /// The last table of it; all that follow while absent.
    pub until: Option<PersonalTableId>,
}

/// What gives a queued task its place, and nothing else of it: one that cannot be read keeps no other from its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    pub trade_task_id: TradeTaskId,
    pub amount: Fen,
    pub enqueued_at: Time,
}

/// A month that nobody was asked about yet, with what is known of its account.
#[derive(Debug, Clone)]
pub struct FirstMonth {
    pub version: EnergyVersion,
    pub owner: AccountId,
    pub feed_in: FeedIn,
    pub settlement_day: i64,
}

/// What readers ask about settlements.
#[async_trait]
pub trait SettlementReads: Send {
    /// The newest version of a month; nothing of a table that is erased.
    async fn newest_energy(
        &mut self,
        table: &PersonalTableId,
        period: &Period,
    ) -> Result<Option<EnergyVersion>, StoreError>;
    /// The newest version of each month of a table, newest month first; up to `limit + 1`.
    async fn energy_list(
        &mut self,
        table: &PersonalTableId,
        page: &Page,
    ) -> Result<Vec<EnergyVersion>, StoreError>;
    /// Open tables after one of them, in order: whose month is collected.
    async fn open_tables(
        &mut self,
        after: &str,
        most: i64,
    ) -> Result<Vec<(PersonalTableId, GenerationAccountId)>, StoreError>;
    /// Open tables from the first to the last that have nothing of a month yet, or not all of its days, in order.
    async fn tables_awaiting(
        &mut self,
        first: &PersonalTableId,
        last: &PersonalTableId,
        period: &Period,
    ) -> Result<Vec<PersonalTableId>, StoreError>;
    /// Months collected and not settled in a stretch of tables, in order.
    async fn unsettled(&mut self, stretch: &Stretch, most: i64) -> Result<Vec<Month>, StoreError>;
    /// Of these neighbours in [`SettlementReads::unsettled`], from the first to the last, those of which nobody
    /// was told or paid anything yet.
    async fn first_months(
        &mut self,
        first: &Month,
        last: &Month,
        most: i64,
    ) -> Result<Vec<FirstMonth>, StoreError>;
    /// A task of this person; another's is not found, nor one of an account that has ended.
    async fn task_of(
        &mut self,
        owner: &AccountId,
        id: &CheckTaskId,
    ) -> Result<Option<CheckTask>, StoreError>;
    /// A person's tasks, newest first; up to `limit + 1`.
    async fn tasks_of(
        &mut self,
        owner: &AccountId,
        page: &Page,
    ) -> Result<Vec<CheckTask>, StoreError>;
    /// The payouts of the same stretch of a person's tasks, in no order; none that is withdrawn.
    async fn payouts_of(
        &mut self,
        owner: &AccountId,
        page: &Page,
    ) -> Result<Vec<PayoutStanding>, StoreError>;
    /// The month that a case is about, by its subject: a check task, a payout, or `{table}:{period}` and whatever
    /// follows behind another colon; nothing for any other.
    async fn month_about(&mut self, subject: &str) -> Result<Option<MonthStanding>, StoreError>;
    /// Those that a reviewer has, of people with a home in one of these regions, or all; the longest there first.
    async fn in_review(
        &mut self,
        regions: Option<&[String]>,
        most: i64,
    ) -> Result<Vec<InReview>, StoreError>;
    /// Whoever's it is: for work nobody asked for by hand.
    async fn task(&mut self, id: &CheckTaskId) -> Result<Option<CheckTask>, StoreError>;
    /// The newest task of a month.
    async fn newest_task(
        &mut self,
        table: &PersonalTableId,
        period: &Period,
    ) -> Result<Option<CheckTask>, StoreError>;
    /// The trade task of a check task that is not withdrawn.
    async fn trade_of(&mut self, id: &CheckTaskId) -> Result<Option<TradeTask>, StoreError>;
    async fn trade(&mut self, id: &TradeTaskId) -> Result<Option<TradeTask>, StoreError>;
    /// Check tasks whose turn has come.
    async fn due_tasks(&mut self, now: Time, most: i64) -> Result<Vec<CheckTaskId>, StoreError>;
    /// Trade tasks whose turn has come, those in the queue aside.
    async fn due_trades(&mut self, now: Time, most: i64) -> Result<Vec<TradeTaskId>, StoreError>;
    /// The head of the queue.
    async fn first_queued(&mut self) -> Result<Option<TradeTaskId>, StoreError>;
    /// The weights of the queue, as the node that was configured last set them.
    async fn kept_weights(&mut self) -> Result<SetWeights, StoreError>;
    /// True sums of what is on its way or paid for an account and month.
    async fn committed(
        &mut self,
        account: &GenerationAccountId,
        period: &Period,
    ) -> Result<Fen, StoreError>;
    /// How many payout numbers an account's month has had.
    async fn numbers_made(
        &mut self,
        account: &GenerationAccountId,
        period: &Period,
    ) -> Result<i64, StoreError>;
    /// Whether a contradiction stopped another payout of the same account and month, whatever became of that since.
    async fn is_stopped_beside(&mut self, trade: &TradeTask) -> Result<bool, StoreError>;
    /// Paid payouts that were sent since a moment, after one of them, in order: those the bank may still give back.
    async fn paid_since(
        &mut self,
        since: Time,
        after: &str,
        most: i64,
    ) -> Result<Vec<TradeTaskId>, StoreError>;
    /// How many payouts left since a moment, and their sum: what the brake looks at.
    async fn sent_since(&mut self, since: Time) -> Result<(i64, Fen), StoreError>;
    /// Whether money of a table is not final: a trade task, a check task that may still make one, or a month that is
    /// collected and not settled yet.
    async fn has_open_money(&mut self, table: &PersonalTableId) -> Result<bool, StoreError>;
    /// Whether a table was open before a month was over of which nothing is collected.
    async fn awaits_month(
        &mut self,
        table: &PersonalTableId,
        period: &Period,
        over: Time,
    ) -> Result<bool, StoreError>;
    /// Since when the prices of a month are not told, or were not; nothing while they always were.
    async fn prices_untold(&mut self, period: &Period) -> Result<Option<Untold>, StoreError>;
}

/// Settlements. Every `save` is a compare-and-set on the version that was loaded.
#[async_trait]
pub trait SettlementStore: SettlementReads {
    /// Trade tasks of a table's account of which nothing has left or all came back: held, queued, returned.
    async fn waiting_trades(
        &mut self,
        table: &PersonalTableId,
    ) -> Result<Vec<TradeTaskId>, StoreError>;
    /// `StoreError::Duplicate` when the month has that data version.
    async fn add_energy(&mut self, version: &EnergyVersion) -> Result<(), StoreError>;
    async fn save_energy(&mut self, version: &EnergyVersion) -> Result<(), StoreError>;
    /// Saves the amounts of settled first months, each a compare-and-set, and adds their tasks: all or nothing.
    async fn settle_first(
        &mut self,
        months: &[(EnergyVersion, CheckTask)],
    ) -> Result<(), StoreError>;
    /// `StoreError::Duplicate` when the (table, period, data version) has a task.
    async fn add_task(&mut self, task: &CheckTask) -> Result<(), StoreError>;
    async fn save_task(&mut self, task: &CheckTask) -> Result<(), StoreError>;
    /// Looks at a check task again at that moment, reading nothing of it; false when it is final.
    async fn put_off_task(&mut self, id: &CheckTaskId, again: Time) -> Result<bool, StoreError>;
    /// `StoreError::Duplicate` when the check task has a trade task that is not withdrawn.
    async fn add_trade(&mut self, trade: &TradeTask) -> Result<(), StoreError>;
    async fn save_trade(&mut self, trade: &TradeTask) -> Result<(), StoreError>;
    /// Sets the weights of the queue, if their version is higher than that of those in force.
    async fn keep_weights(&mut self, set: &SetWeights) -> Result<(), StoreError>;
    /// For a unit that is about to send a payout: it waits for another that is about to, and until it ends others wait
    /// for it. What it counts then is exact.
    async fn queue_alone(&mut self) -> Result<(), StoreError>;
    /// Queued tasks that were keyed under other weights.
    async fn keyed_otherwise(
        &mut self,
        weights_epoch: i64,
        most: i64,
    ) -> Result<Vec<Queued>, StoreError>;
    /// As [`SettlementReads::committed`], for a unit that is about to send: it waits for another that is about to send
    /// for the account, and until it ends others wait for it.
    async fn committed_alone(
        &mut self,
        account: &GenerationAccountId,
        period: &Period,
    ) -> Result<Fen, StoreError>;
    /// Stops a payout that is not final, reading nothing of it, and looks again at that moment; false when it was
    /// stopped before, or is final.
    async fn set_aside(&mut self, id: &TradeTaskId, again: Time) -> Result<bool, StoreError>;
    /// Gives a queued task its place under other weights.
    async fn rekey(
        &mut self,
        id: &TradeTaskId,
        key: QueueKey,
        weights_epoch: i64,
    ) -> Result<(), StoreError>;
    /// Keeps since when the prices of a month are not told, or were not, in place of what was kept of it.
    async fn keep_untold(&mut self, period: &Period, untold: &Untold) -> Result<(), StoreError>;
    /// Forgets days and lines of a table and the notices about its months, and ends its tasks that are not on their
    /// way; amounts stay for the books (domain.md 5.4).
    async fn erase_rows(&mut self, table: &PersonalTableId) -> Result<(), StoreError>;
}

/// The meter head-end.
#[async_trait]
pub trait HeadEnd: Send + Sync {
    /// `None` when it has nothing of that number and month.
    async fn month(
        &self,
        number: &GenerationNo,
        period: &Period,
    ) -> Result<Option<MonthReading>, NoAnswer>;
}

/// The prices of one month as the publishing platform tells them: not checked yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Published {
    pub prices: Vec<PriceRow>,
    pub taxes: Vec<TaxRow>,
}

/// The publishing platform.
#[async_trait]
pub trait PublishingPlatform: Send + Sync {
    async fn feed_in_prices(&self, period: &Period) -> Result<Published, NoAnswer>;
}

/// What a reviewer is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewRequest {
    pub review_no: String,
    pub period: Period,
    pub net: Fen,
    /// The days as they are kept, one line each.
    pub energy: String,
    /// What the owner says.
    pub reason: Option<RejectReason>,
}

/// What the review terminal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewAnswer {
    Pending,
    Upheld,
    /// The right net.
    Corrected(Fen),
    /// It has no such review.
    NotFound,
}

/// The third-party review terminal.
#[async_trait]
pub trait ReviewTerminal: Send + Sync {
    /// Idempotent by its number.
    async fn hand_over(&self, request: &ReviewRequest) -> Result<(), NoAnswer>;
    async fn ask(&self, review_no: &str) -> Result<ReviewAnswer, NoAnswer>;
    /// Tells it that nobody waits any more.
    async fn recall(&self, review_no: &str) -> Result<(), NoAnswer>;
}

/// One payout.
#[derive(Debug, Clone)]
pub struct Payout {
    pub payout_no: String,
    pub amount: Fen,
    pub payee: Identity,
    pub period: Period,
}

/// What the trade-execution platform says of a payout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayoutAnswer {
    Accepted,
    Paid(Fen),
    Refused,
    Returned(Fen),
    /// Never seen; it may still be on its way.
    NotFound,
    /// Never seen, and never accepted from now on.
    Fenced,
}

/// The trade-execution platform.
#[async_trait]
pub trait TradePlatform: Send + Sync {
    /// Idempotent by its number.
    async fn pay(&self, payout: &Payout) -> Result<PayoutAnswer, NoAnswer>;
    async fn ask(&self, payout_no: &str) -> Result<PayoutAnswer, NoAnswer>;
    async fn fence(&self, payout_no: &str) -> Result<PayoutAnswer, NoAnswer>;
}
