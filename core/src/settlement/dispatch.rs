//! The sweeper of payouts: gates, the queue, and the calls to the trade-execution platform.

use std::sync::atomic::Ordering;

use super::gate::{self, Gate};
use super::ids::TradeTaskId;
use super::ports::{Payout, PayoutAnswer};
use super::records::tell_differs;
use super::table_t::{Effect, Input, State};
use super::trade_task::{Hold, TradeTask};
use super::trading::{self, AskedAbout, Paid, TradeApplied};
use super::{Settlement, SettlementError, brake, weighing};
use crate::cases::{Case, CaseKind};
use crate::shared::money::Fen;
use crate::shared::outside::NoAnswer;
use crate::store::{StoreError, atomically, snapshot};

/// Rows of one sweep.
const BATCH: i64 = 64;
/// Rows keyed anew in one unit.
const REKEY_BATCH: i64 = 500;
/// Such units in one sweep: reminders and ends of countdowns do not wait for a long queue to be whole.
const REKEY_UNITS: usize = 8;
pub(super) const ACTOR: &str = "job:settlement.sweep";

impl Settlement {
    /// Gives every trade task its turn; how many had one.
    pub async fn sweep_trades(&self) -> Result<usize, SettlementError> {
        let due = {
            let mut view = snapshot(self.store()).await?;
            view.settlement().due_trades(self.now(), BATCH).await?
        };
        let mut worked = due.len();
        for id in &due {
            let turn = self.trade_turn(id).await;
            self.or_aside(id, turn).await?;
        }
        let (_, is_part) = self.rekey_within(REKEY_UNITS).await?;
        if is_part {
            // There is more of it: nothing leaves yet, and the next sweep follows at once.
            return Ok(worked.saturating_add(1));
        }
        for _ in 0..BATCH {
            if !self.dispatch_first().await? {
                break;
            }
            worked = worked.saturating_add(1);
        }
        Ok(worked)
    }

    /// Gives queued tasks their places after a change of the weights: nothing leaves before all have one.
    pub async fn rekey(&self) -> Result<usize, SettlementError> {
        let (keyed, _) = self.rekey_within(usize::MAX).await?;
        Ok(keyed)
    }

    /// As much of it as so many units do: how many were given their places, and whether some may still lack theirs.
    async fn rekey_within(&self, units: usize) -> Result<(usize, bool), SettlementError> {
        let mut keyed: usize = 0;
        for _ in 0..units {
            let batch = self.rekey_batch().await?;
            if batch == 0 {
                return Ok((keyed, false));
            }
            keyed = keyed.saturating_add(batch);
        }
        Ok((keyed, true))
    }

    /// One unit of it; how many were given their places.
    async fn rekey_batch(&self) -> Result<usize, SettlementError> {
        let rules = &*self.rules;
        let (batch, kept) = atomically(self.store(), async |tx| {
            let kept = weighing::in_force(tx, rules).await?;
            let weights = kept.weights;
            let rows = tx
                .settlement()
                .keyed_otherwise(weights.epoch, REKEY_BATCH)
                .await?;
            for queued in &rows {
                let key = weights.key(queued.amount, queued.enqueued_at);
                let id = &queued.trade_task_id;
                tx.settlement().rekey(id, key, weights.epoch).await?;
            }
            Ok::<_, SettlementError>((rows.len(), kept))
        })
        .await?;
        let apart = weighing::are_apart(rules, &kept);
        if apart && !self.is_apart.swap(true, Ordering::Relaxed) {
            tracing::error!(
                version = kept.version,
                "settlement.queue.weights_changed_without_their_version"
            );
        }
        Ok(batch)
    }

    /// Sends the head of the queue; false when it is empty or the brake holds it.
    async fn dispatch_first(&self) -> Result<bool, SettlementError> {
        let first = {
            let mut view = snapshot(self.store()).await?;
            view.settlement().first_queued().await?
        };
        let Some(id) = first else { return Ok(false) };
        let step = self.leave_queue(&id).await;
        if let Err(SettlementError::NoAnswer(why)) = &step {
            // Whether it left before a restore, or who is to be paid, is not known: nothing leaves in this sweep.
            tracing::warn!(%why, %id, "settlement.sweep.not_looked_up");
            return Ok(false);
        }
        let Some(left) = self.or_aside(&id, step).await? else {
            return Ok(true);
        };
        let Some(applied) = left else {
            return Ok(false);
        };
        if applied.effects.contains(&Effect::Send) && applied.trade.state == State::Sending {
            // What became of it is asked in its own turn, whatever goes wrong here.
            match self.send(&applied.trade).await {
                Err(error) if !error.is_the_stores() => {
                    tracing::error!(%error, %id, "settlement.sweep.trade_failed");
                }
                sent => sent?,
            }
        }
        Ok(true)
    }

    /// One that is in the queue to the moment of its sending, or out of the queue by another way; `None` when the
    /// brake holds it.
    async fn leave_queue(&self, id: &TradeTaskId) -> Result<Option<TradeApplied>, SettlementError> {
        // What was true when it was queued may not be now.
        let (checked, is_braked) = self.pass_gate(id).await?;
        if is_braked {
            // Nobody outside is asked about what does not leave.
            return Ok(None);
        }
        let trade = &checked.trade;
        if trade.state != State::Queued
            || !self.looked_back(trade).await?
            || !self.goes_to_holder(trade).await?
        {
            return Ok(Some(checked));
        }
        let version = Some(checked.trade.version);
        let turn = self.see_trade_as(id, version, Input::Turn, Paid::default(), ACTOR);
        let Some(applied) = turn.await? else {
            // Somebody moved it since it passed the gate: the head of the queue is looked for anew.
            return Ok(Some(checked));
        };
        Ok(Some(applied).filter(|applied| applied.effects.contains(&Effect::Send)))
    }

    pub(super) async fn trade_turn(&self, id: &TradeTaskId) -> Result<(), SettlementError> {
        let found = {
            let mut view = snapshot(self.store()).await?;
            view.settlement().trade(id).await?
        };
        let Some(trade) = found else { return Ok(()) };
        match trade.state {
            State::Held | State::Returned => {
                // Held for its payee, it stays so until the reserve names them again.
                let another = trade.hold == Some(Hold::PayeeNotHolder);
                if !another || self.goes_to_holder(&trade).await? {
                    self.pass_gate(id).await?;
                }
            }
            State::Sending | State::Unknown => {
                // Another node may have given it this turn: once it is in the queue, a turn would send it past the gate.
                let version = Some(trade.version);
                let turn = self.see_trade_as(id, version, Input::Turn, Paid::default(), ACTOR);
                if let Some(applied) = turn.await? {
                    self.pursue(&applied).await?;
                }
            }
            State::Queued | State::Paid | State::Withdrawn => {}
        }
        Ok(())
    }

    /// What the gate says of it, made true; and whether it is in the queue while the brake is on.
    async fn pass_gate(&self, id: &TradeTaskId) -> Result<(TradeApplied, bool), SettlementError> {
        let draw = self.draw(ACTOR, "");
        let rules = &*self.rules;
        atomically(self.store(), async |tx| {
            let found = tx.settlement().trade(id).await?;
            let trade = found.ok_or(SettlementError::NotFound)?;
            let gate = gate::ask(tx, rules, &trade, draw.now).await?;
            if let Gate::Differs(what) = gate {
                tell_differs(tx, &draw, id.as_str(), what).await?;
            }
            let (input, hold) = gate.input();
            let paid = Paid { sum: None, hold };
            let applied = trading::see_of(tx, rules, &draw, trade, input, paid).await?;
            let is_braked = applied.trade.state == State::Queued && brake::is_on(tx).await?;
            Ok::<_, SettlementError>((applied, is_braked))
        })
        .await
    }

    /// Makes the calls a unit demanded.
    async fn pursue(&self, applied: &TradeApplied) -> Result<(), SettlementError> {
        let trade = &applied.trade;
        let asks_again = trade.state == State::Unknown && applied.effects.is_empty();
        for effect in applied.effects {
            match effect {
                Effect::Resend => self.send(trade).await?,
                Effect::Query => self.query(trade).await?,
                Effect::Fence => self.fence(trade).await?,
                // Done inside the unit; what is to be sent anew is sent by the turn that follows.
                Effect::CheckGate
                | Effect::Send
                | Effect::BookPaid
                | Effect::BookReturned
                | Effect::WaitForPayee
                | Effect::NewNumber
                | Effect::OpenCase
                | Effect::RefuseDispatched
                | Effect::Contradict => {}
            }
        }
        // A sender was lost between commit and answer.
        if asks_again {
            self.query(trade).await?;
        }
        Ok(())
    }

    async fn send(&self, trade: &TradeTask) -> Result<(), SettlementError> {
        let (Some(payout_no), Some(payee)) = (&trade.payout_no, &trade.payee) else {
            // Taken up after a restore: it left, and nobody knows where to.
            return self.query(trade).await;
        };
        let payout = Payout {
            payout_no: payout_no.clone(),
            amount: trade.amount,
            payee: payee.clone(),
            period: trade.period.clone(),
        };
        let answer = self.ports.payer.pay(&payout).await;
        self.hear(trade, payout_no, answer).await
    }

    pub(super) async fn query(&self, trade: &TradeTask) -> Result<(), SettlementError> {
        let Some(payout_no) = &trade.payout_no else {
            return Ok(());
        };
        let answer = self.ports.payer.ask(payout_no).await;
        self.hear(trade, payout_no, answer).await
    }

    /// Closes a number. What became of it before is an answer like any other; a refusal is final now, since
    /// nothing can reach the number any more.
    async fn fence(&self, trade: &TradeTask) -> Result<(), SettlementError> {
        let Some(payout_no) = &trade.payout_no else {
            return Ok(());
        };
        let answer = self.ports.payer.fence(payout_no).await;
        let (input, sum) = match read(answer, trade.amount) {
            (Input::RefusedForGood, sum) => (Input::FencedNotFound, sum),
            told => told,
        };
        self.hear_of(trade, payout_no, input, sum).await?;
        Ok(())
    }

    /// An answer in the words of table T. Refused after an unanswered send is not final: a fence makes it so.
    async fn hear(
        &self,
        trade: &TradeTask,
        payout_no: &str,
        answer: Result<PayoutAnswer, NoAnswer>,
    ) -> Result<(), SettlementError> {
        // What is known to be paid is no news, whatever was ordered.
        let ours = trade.paid.unwrap_or(trade.amount);
        let (input, sum) = read(answer, ours);
        let applied = self.hear_of(trade, payout_no, input, sum).await?;
        if applied.effects.contains(&Effect::Fence) {
            self.fence(&applied.trade).await?;
        }
        Ok(())
    }

    /// While the answer was on its way, another may have moved the task on to its next number.
    async fn hear_of(
        &self,
        trade: &TradeTask,
        payout_no: &str,
        input: Input,
        sum: Option<Fen>,
    ) -> Result<TradeApplied, SettlementError> {
        let draw = self.draw(ACTOR, "");
        let rules = &*self.rules;
        let asked = AskedAbout {
            id: &trade.trade_task_id,
            payout_no,
            version: trade.version,
        };
        let paid = Paid { sum, hold: None };
        atomically(self.store(), async |tx| {
            trading::hear(tx, rules, &draw, asked, input, paid).await
        })
        .await
    }

    /// Lets go on what a contradiction stopped, as two persons say: table T, column "case". False when
    /// nothing of that id is stopped, or it cannot be read.
    ///
    /// # Errors
    /// The store's.
    pub async fn go_on(
        &self,
        id: &TradeTaskId,
        actor: &str,
        trace_id: &str,
    ) -> Result<bool, SettlementError> {
        let draw = self.draw(actor, trace_id);
        let rules = &*self.rules;
        let done = atomically(self.store(), async |tx| {
            let found = tx.settlement().trade(id).await?;
            let none = Paid::default();
            Ok::<_, SettlementError>(match found.filter(|trade| trade.frozen) {
                Some(_) => Some(trading::see(tx, rules, &draw, id, Input::Case, none).await?),
                // It goes on already: its turn is not put off.
                None => None,
            })
        })
        .await;
        let applied = match done {
            Err(error) if error.of_one_payout().is_some() => {
                tracing::warn!(%error, %id, "settlement.payout.still_aside");
                None
            }
            done => done?,
        };
        if let Some(applied) = &applied {
            self.pursue(applied).await?;
        }
        Ok(applied.is_some())
    }

    /// Whether the payout that a case is about is still stopped: then it is not settled.
    ///
    /// # Errors
    /// The store's.
    pub async fn stands_still(&self, case: &Case) -> Result<bool, SettlementError> {
        let id = TradeTaskId::parse(&case.subject);
        let (Ok(id), CaseKind::Contradiction) = (id, case.kind) else {
            return Ok(false);
        };
        let found = snapshot(self.store()).await?.settlement().trade(&id).await;
        match found {
            Err(StoreError::Corrupt { .. }) => Ok(true),
            found => Ok(found?.is_some_and(|trade| trade.frozen)),
        }
    }
}

fn read(answer: Result<PayoutAnswer, NoAnswer>, ours: Fen) -> (Input, Option<Fen>) {
    match answer {
        Ok(PayoutAnswer::Accepted) => (Input::Accepted, None),
        Ok(PayoutAnswer::Paid(sum)) if sum == ours => (Input::PaidOurs, Some(sum)),
        Ok(PayoutAnswer::Paid(sum)) => (Input::PaidOther, Some(sum)),
        Ok(PayoutAnswer::Refused) => (Input::RefusedForGood, None),
        Ok(PayoutAnswer::Returned(sum)) => (Input::BankReturn, Some(sum)),
        Ok(PayoutAnswer::NotFound) => (Input::NotFound, None),
        Ok(PayoutAnswer::Fenced) => (Input::FencedNotFound, None),
        Err(why) => {
            tracing::warn!(%why, "settlement.payout.no_answer");
            (Input::NoAnswer, None)
        }
    }
}
