//! The sweeper: every row that is not final is owed a turn (money.md G4). Outbox nudges only bring
//! it forward.

use std::sync::atomic::Ordering;

use futures_util::stream::{self, StreamExt as _};

use super::poison::survive;
use super::silence::{Heard, Silence};
use super::turns::first_due;
use super::unit::Held;
use super::{PaymentError, Payments, window};
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
        for silence in &*self.silences {
            self.wake(silence, now).await?;
            self.scout(silence, now).await?;
        }
        Ok(worked.saturating_add(lost))
    }

    /// After a restore: facts are gathered, nothing is sent (money.md 2.9).
    async fn recover(&self, now: Time) -> Result<usize, PaymentError> {
        let last = self.last_look.load(Ordering::Relaxed);
        if now.unix_seconds().saturating_sub(last) < window::SCOUT_EVERY {
            return Ok(0);
        }
        self.last_look.store(now.unix_seconds(), Ordering::Relaxed);
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

    /// Remembers who spoke and who did not.
    fn hear(&self, heard: Heard) {
        let now = self.now();
        for silence in &*self.silences {
            silence.hear(heard, now);
        }
    }

    /// Wakes some of those who slept through a silence, sweep after sweep until none is left. Asked again before, a row
    /// sleeps no longer than it may.
    async fn wake(&self, silence: &Silence, now: Time) -> Result<(), PaymentError> {
        let Some(sleepers) = silence.to_wake(now) else {
            return Ok(());
        };
        let woken = atomically(self.store(), async |tx| {
            let woken = tx.payments().wake_waiting(&sleepers);
            Ok::<_, PaymentError>(woken.await?)
        })
        .await?;
        silence.woke(&sleepers, woken);
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

    /// While somebody is silent, what waits for them waits longer and longer. One row asks for all, so that credit
    /// follows the end of an outage at once. While they speak each row keeps to its own ladder: a clerk's decision is no
    /// outage.
    async fn scout(&self, silence: &Silence, now: Time) -> Result<(), PaymentError> {
        let Some(sleepers) = silence.to_ask(now) else {
            return Ok(());
        };
        let waiting = {
            let mut view = snapshot(self.store()).await?;
            view.payments().waiting(&sleepers).await?
        };
        let Some(id) = waiting else { return Ok(()) };
        let Some(held) = self.hold(&id).await? else {
            return Ok(());
        };
        let asking = self.ask_for_all(silence, &held);
        let scouted = survive("scout", held.id.as_str(), asking).await;
        if let Some(Err(error)) = &scouted
            && is_lasting(error)
        {
            // It rests until its lease is over, so that the next look asks by another one.
            tracing::error!(%error, payment.id = held.id.as_str(), "payments.scout.failed");
            return Ok(());
        }
        self.let_go(&held).await?;
        let heard = scouted.transpose()?.unwrap_or_default();
        self.hear(heard);
        self.wake(silence, now).await
    }

    async fn ask_for_all(&self, silence: &Silence, held: &Held) -> Result<Heard, PaymentError> {
        let order = self.load(&held.id).await?;
        let Some(turn) = silence.turn_of(&order) else {
            return Ok(Heard::default());
        };
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
