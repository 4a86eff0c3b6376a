//! After a restore (money.md 2.9): the copy lacks what happened since it was made, while the channel
//! and marketing know it. Until their books were read nothing is sent; what they show becomes facts.
//!
//! | file | what it is |
//! |---|---|
//! | `room` | how a recovery begins, is fed with the channel's bills, and ends |
//! | `look` | orders the copy has: what the outside says of them is booked, nothing is sent |
//! | `seen` | how far a store was seen to go, by which an older copy of it is known |
//! | `lost`, `accounting`, `returning` | trades the copy does not have: accounted for, or paid back |

pub mod lost;
pub mod ports;

mod accounting;
mod look;
mod returning;
mod room;
mod seen;

use std::sync::atomic::Ordering;

pub(super) use accounting::of_notice;
pub use room::{RecoveryError, RecoveryRoom, Standing};
pub use seen::Seen;

use super::{PaymentError, Payments};
use crate::shared::money::Fen;
use crate::shared::time::{Day, Time};
use crate::store::{StoreError, snapshot};

/// One restore and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    pub epoch: i64,
    /// The last moment the copy knows of.
    pub since: Time,
    pub begun_at: Time,
    pub begun_by: String,
    /// When the last whole look at the unfinished orders began.
    pub looked_at: Option<Time>,
    pub ended_at: Option<Time>,
    /// Payouts are compared by hand and let go on their own.
    pub payouts_at: Option<Time>,
}

impl Recovery {
    /// The days whose bills tell what the copy does not know.
    #[must_use]
    pub fn days(&self) -> Vec<Day> {
        let (mut days, last) = (Vec::new(), Day::of(self.begun_at));
        let mut next = Some(Day::of(self.since));
        while let Some(day) = next.filter(|day| *day <= last) {
            days.push(day);
            next = day.next();
        }
        days
    }
}

/// A bill of one day, as the channel states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub day: Day,
    /// Hex SHA-256 of the file.
    pub digest: String,
    pub rows: Vec<StatementRow>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementRow {
    pub trade_no: String,
    pub out_trade_no: String,
    /// Never negative.
    pub amount: Fen,
    pub completed_at: Time,
    /// The request number of a refund; a payment has none.
    pub refund: Option<String>,
}

/// That a bill was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementRead {
    pub day: Day,
    pub digest: String,
    pub rows: i64,
    pub ours: i64,
    pub read_at: Time,
    pub read_by: String,
}

/// Who ends something, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    pub at: Time,
    pub by: String,
    pub proof: String,
}

/// Trades asked about in one sweep.
const LOST_MAX: i64 = 50;

impl Payments {
    /// Whether the store was restored and its recovery is not over: then nothing is sent. Once it is
    /// over it stays over for this process, for a restore needs a new one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn is_recovering(&self) -> Result<bool, StoreError> {
        if self.settled.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let latest = snapshot(self.store()).await?.recovery().latest().await?;
        let over = latest.is_none_or(|recovery| recovery.ended_at.is_some());
        self.settled.store(over, Ordering::Relaxed);
        Ok(!over)
    }

    /// Whether payouts wait for a person after a restore.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn are_payouts_withheld(&self) -> Result<bool, StoreError> {
        if self.payouts_settled.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let latest = snapshot(self.store()).await?.recovery().latest().await?;
        let over = latest.is_none_or(|recovery| recovery.payouts_at.is_some());
        self.payouts_settled.store(over, Ordering::Relaxed);
        Ok(!over)
    }

    /// Gives lost trades whose turn has come their turn; how many had it.
    pub(super) async fn work_lost(&self, recovering: bool) -> Result<usize, PaymentError> {
        let now = self.now();
        let due = {
            let mut view = snapshot(self.store()).await?;
            view.recovery().due_lost(now, LOST_MAX).await?
        };
        let mut worked: usize = 0;
        for trade in due {
            let id = trade.lost_id.as_str().to_owned();
            let turn = self.lost_turn(trade, recovering);
            match super::poison::survive("lost_trade", &id, turn).await {
                Some(Ok(())) => worked = worked.saturating_add(1),
                Some(Err(error)) => tracing::error!(%error, "payments.lost_trade.failed"),
                None => {}
            }
        }
        Ok(worked)
    }

    async fn lost_turn(
        &self,
        trade: lost::LostTrade,
        recovering: bool,
    ) -> Result<(), PaymentError> {
        match trade.state {
            lost::State::Found => self.trace_lost(trade, recovering).await,
            lost::State::Owing if recovering => self.put_off(trade).await,
            lost::State::Owing => self.send_back(trade).await,
            lost::State::Returning => self.ask_about_return(trade, recovering).await,
            lost::State::Held => self.look_again(trade).await,
            lost::State::Accounted | lost::State::Returned => Ok(()),
        }
    }
}
