//! The sweeper: every row that is not final is owed a turn (money.md G4). Outbox nudges only bring
//! it forward.

use std::sync::atomic::Ordering;

use futures_util::stream::{self, StreamExt as _};

use super::errands::Heard;
use super::order::{Check, PostingLine};
use super::poison::survive;
use super::turns::{Turn, first_due};
use super::unit::Held;
use super::{PaymentError, Payments, table_l as l, window};
use crate::shared::ids::PaymentId;
use crate::shared::time::Time;
use crate::store::{StoreError, atomically, snapshot};

/// Turns taken for one order before others have theirs.
const TURNS_MAX: usize = 12;
/// Orders worked in one sweep.
const ORDERS_MAX: i64 = 100;
/// Orders worked at the same time.
const SIDE_BY_SIDE: usize = 12;
/// Orders woken in one sweep once marketing answers again.
pub(super) const WOKEN_MAX: i64 = 150;
/// Stored notices worked in one sweep.
const NOTICES_MAX: i64 = 100;

impl Payments {
    /// Works what is due: left-behind notices, then orders. How many orders were worked.
    pub async fn sweep(&self) -> Result<usize, PaymentError> {
        self.drain_notices(NOTICES_MAX).await?;
        let now = self.now();
        if self.is_recovering().await? {
            return self.recover(now).await;
        }
        let lost = self.work_lost(false).await?;
        let due = {
            let mut view = snapshot(self.store()).await?;
            view.payments().due(now, ORDERS_MAX).await?
        };
        // Side by side: an order whose call runs into its deadline must not keep others waiting.
        let worked = stream::iter(due)
            .map(|id| Box::pin(async move { self.work_or_tell(&id).await }))
            .buffer_unordered(SIDE_BY_SIDE)
            .filter(|worked| std::future::ready(*worked))
            .count()
            .await;
        self.wake(now).await?;
        self.scout(now).await?;
        Ok(worked.saturating_add(lost))
    }

    /// After a restore: facts are gathered, nothing is sent (money.md 2.9).
    async fn recover(&self, now: Time) -> Result<usize, PaymentError> {
        let last = self.last_scout.load(Ordering::Relaxed);
        if now.unix_seconds().saturating_sub(last) < window::SCOUT_EVERY {
            return Ok(0);
        }
        self.last_scout.store(now.unix_seconds(), Ordering::Relaxed);
        let traced = self.work_lost(true).await?;
        Ok(traced.saturating_add(self.look_through().await?))
    }

    /// One order that fails must never keep the next from its turn.
    async fn work_or_tell(&self, id: &PaymentId) -> bool {
        match survive("order", id.as_str(), self.work(id)).await {
            Some(Ok(worked)) => worked,
            Some(Err(error)) => {
                tracing::error!(%error, payment.id = id.as_str(), "payments.work.failed");
                false
            }
            None => false,
        }
    }

    /// Works one order until nothing of it is due; false when somebody else holds it.
    pub async fn work(&self, id: &PaymentId) -> Result<bool, PaymentError> {
        if self.is_recovering().await? {
            return Ok(false);
        }
        let Some(held) = self.hold(id).await? else {
            return Ok(false);
        };
        let worked = self.work_held(&held).await;
        // What no turn can be taken of rests until its lease is over, so that it stands before no other.
        if !worked.as_ref().is_err_and(is_lasting) {
            self.let_go(&held).await?;
        }
        self.hear(worked?);
        Ok(true)
    }

    /// Remembers whether marketing speaks. Its first answer wakes what slept while it was silent: an hour is the longest
    /// that a line is put off.
    fn hear(&self, heard: Heard) {
        if !heard.asked {
            return;
        }
        let silent = !heard.answered;
        let was_silent = self.marketing_silent.swap(silent, Ordering::Relaxed);
        if silent || was_silent {
            let until = if silent {
                0
            } else {
                window::hourly(self.now()).unix_seconds()
            };
            self.waking_until.store(until, Ordering::Relaxed);
        }
    }

    /// Wakes some of the lines that slept, sweep after sweep until none is left: a minute's postings are bounded, and who
    /// waits for their turn waits with their own few seconds. Asked again before, a line sleeps no longer than it may.
    async fn wake(&self, now: Time) -> Result<(), PaymentError> {
        let until = self.waking_until.load(Ordering::Relaxed);
        let left = until.saturating_sub(now.unix_seconds());
        if left <= 0 {
            return Ok(());
        }
        let later = now.plus_seconds(window::APART_SECONDS);
        let until = now.plus_seconds(left);
        let woken = atomically(self.store(), async |tx| {
            let woken = tx.payments().wake_waiting(now, later, until, WOKEN_MAX);
            Ok::<_, PaymentError>(woken.await?)
        })
        .await?;
        if woken < WOKEN_MAX.unsigned_abs() {
            self.waking_until.store(0, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn work_held(&self, held: &Held) -> Result<Heard, PaymentError> {
        let mut heard = Heard::default();
        for _ in 0..TURNS_MAX {
            let order = self.load(&held.id).await?;
            let Some(turn) = first_due(&order, self.now()) else {
                break;
            };
            match self.take_turn(held, &order, &turn).await? {
                Some(more) => heard = heard.with(more),
                None => break,
            }
        }
        Ok(heard)
    }

    /// While marketing is silent its lines wait longer and longer. One of them asks for all, so that
    /// credit follows the end of an outage at once. While it speaks each line keeps to its own ladder:
    /// a clerk's decision is no outage.
    async fn scout(&self, now: Time) -> Result<(), PaymentError> {
        if !self.marketing_silent.load(Ordering::Relaxed) {
            return Ok(());
        }
        let last = self.last_scout.load(Ordering::Relaxed);
        if now.unix_seconds().saturating_sub(last) < window::SCOUT_EVERY {
            return Ok(());
        }
        self.last_scout.store(now.unix_seconds(), Ordering::Relaxed);
        let waiting = {
            let mut view = snapshot(self.store()).await?;
            view.payments().waiting_line(now).await?
        };
        let Some(id) = waiting else { return Ok(()) };
        let Some(held) = self.hold(&id).await? else {
            return Ok(());
        };
        let scouted = survive("scout", held.id.as_str(), self.scout_held(&held)).await;
        self.let_go(&held).await?;
        let heard = scouted.transpose()?.unwrap_or_default();
        self.hear(heard);
        self.wake(now).await
    }

    async fn scout_held(&self, held: &Held) -> Result<Heard, PaymentError> {
        let order = self.load(&held.id).await?;
        let Some(line) = order.lines.iter().find(|line| waits_for_marketing(line)) else {
            return Ok(Heard::default());
        };
        let turn = Turn::Line(line.line_id.clone());
        let heard = self.take_turn(held, &order, &turn).await?;
        Ok(heard.unwrap_or_default())
    }
}

/// Trying again at once helps nobody: the order cannot be read by this program, or its books do not fit.
const fn is_lasting(error: &PaymentError) -> bool {
    matches!(
        error,
        PaymentError::Books(_) | PaymentError::Store(StoreError::Corrupt { .. })
    )
}

/// Lines whose next step is an answer of marketing.
#[must_use]
fn waits_for_marketing(line: &PostingLine) -> bool {
    match line.state {
        l::State::Ready => line.check != Check::None,
        l::State::PostUnknown
        | l::State::FencingRepost
        | l::State::FencingRefund
        | l::State::Reversing
        | l::State::MktRefund => true,
        l::State::Posting
        | l::State::Posted
        | l::State::RefundDue
        | l::State::Refunded
        | l::State::Held => false,
    }
}
