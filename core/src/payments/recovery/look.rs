//! Orders the copy has: what happened to them since it was made is asked of the channel and of
//! marketing and booked as facts. Nothing is sent.

use futures_util::stream::{self, StreamExt as _};

use super::super::booking::Shown;
use super::super::observation::Ask;
use super::super::order::{Order, PostingLine, Refund};
use super::super::ports::{PostingReply, RefundStatus};
use super::super::unit::{Held, Step};
use super::super::{PaymentError, Payments, numbers, poison, reading, table_l as l, table_r as r};
use super::Recovery;
use crate::shared::ids::PaymentId;
use crate::store::{Tx, atomically, snapshot};

const PAGE: i64 = 100;
/// Orders looked at side by side.
const SIDE_BY_SIDE: usize = 8;
/// The attempts table L allows (b3).
const ATTEMPTS_MAX: i64 = 6;

/// Where the numbers of a line end that the outside knows.
enum Trail {
    /// Marketing knows nothing the copy does not.
    Known,
    /// This attempt is the last that marketing knows.
    Ends(i64, Shown),
}

impl Payments {
    /// Looks at what the bills pointed at, and through all unfinished orders once after each bill.
    pub(in crate::payments) async fn look_through(&self) -> Result<usize, PaymentError> {
        let mut view = snapshot(self.store()).await?;
        let latest = view.recovery().latest().await?;
        let Some(recovery) = latest.filter(|recovery| recovery.ended_at.is_none()) else {
            return Ok(0);
        };
        let pointed = view.recovery().to_look_at(PAGE).await?;
        let read = view.recovery().statements(recovery.epoch).await?;
        drop(view);
        let mut looked: usize = 0;
        for id in &pointed {
            if self.look_or_tell(id).await {
                let now = self.now();
                atomically(self.store(), async |tx: &mut Tx| {
                    tx.recovery().looked_at(id, now).await?;
                    Ok::<_, PaymentError>(())
                })
                .await?;
                looked = looked.saturating_add(1);
            }
        }
        let newest = read.iter().map(|statement| statement.read_at).max();
        let fresh = recovery.looked_at.is_some_and(|at| Some(at) > newest);
        if !fresh && pointed.is_empty() {
            looked = looked.saturating_add(self.look_at_all(&recovery).await?);
        }
        Ok(looked)
    }

    async fn look_at_all(&self, recovery: &Recovery) -> Result<usize, PaymentError> {
        let began = self.now();
        let (mut after, mut looked, mut whole) = (String::new(), 0_usize, true);
        loop {
            let page = {
                let mut view = snapshot(self.store()).await?;
                view.recovery().unfinished(&after, PAGE).await?
            };
            let Some(last) = page.last() else { break };
            last.as_str().clone_into(&mut after);
            let seen: Vec<bool> = stream::iter(page)
                .map(|id| Box::pin(async move { self.look_or_tell(&id).await }))
                .buffer_unordered(SIDE_BY_SIDE)
                .collect()
                .await;
            whole &= seen.iter().all(|seen| *seen);
            looked = looked.saturating_add(seen.iter().filter(|seen| **seen).count());
        }
        if whole {
            atomically(self.store(), async |tx: &mut Tx| {
                tx.recovery().looked(recovery.epoch, began).await?;
                Ok::<_, PaymentError>(())
            })
            .await?;
        }
        Ok(looked)
    }

    async fn look_or_tell(&self, id: &PaymentId) -> bool {
        match poison::survive("recovery", id.as_str(), self.look(id)).await {
            Some(Ok(answered)) => answered,
            Some(Err(error)) => {
                tracing::error!(%error, payment.id = id.as_str(), "payments.recovery.failed");
                false
            }
            None => false,
        }
    }

    /// False when somebody did not answer, or somebody else holds the order.
    async fn look(&self, id: &PaymentId) -> Result<bool, PaymentError> {
        let Some(held) = self.hold(id).await? else {
            return Ok(false);
        };
        let answered = self.look_held(&held).await;
        self.let_go(&held).await?;
        answered
    }

    async fn look_held(&self, held: &Held) -> Result<bool, PaymentError> {
        let order = self.load(&held.id).await?;
        let Some(order) = Box::pin(self.ask_for_planned(held, order)).await? else {
            return Ok(false);
        };
        let asked_at = self.now();
        let reply = self.ports.channel.query(&order.payment.out_trade_no).await;
        if reply.is_err() {
            return Ok(false);
        }
        let seen = reading::of_query(&order.payment, &reply, asked_at);
        let steps = seen.into_iter().map(Step::Observe).collect();
        let Some((order, asks)) = self.step(held, &order, steps).await? else {
            return Ok(false);
        };
        // While a recovery is open only questions are pursued.
        let refunds = order.refunds.iter().filter(|one| !one.state.is_final());
        let refunds = refunds.map(|one| Ask::QueryRefund(one.refund_id.clone()));
        let questions = asks.into_iter().chain(refunds).collect();
        self.pursue(held, questions).await?;
        let order = self.load(&held.id).await?;
        let mut answered = true;
        for line in &order.lines {
            answered &= self.follow(held, &order, line).await?;
        }
        Ok(answered)
    }

    /// Refunds that had not left when the copy was made are asked for by their numbers, before what the
    /// channel gave back is judged: one that left since explains its part of it. `None` when the channel
    /// does not answer, or the lease is lost.
    async fn ask_for_planned(
        &self,
        held: &Held,
        order: Order,
    ) -> Result<Option<Order>, PaymentError> {
        let planned = |refund: &&Refund| refund.state == r::State::Planned;
        let planned: Vec<Refund> = order.refunds.iter().filter(planned).cloned().collect();
        let mut present = order;
        for refund in planned {
            let asked_at = self.now();
            let (trade, number) = (&present.payment.out_trade_no, &refund.out_request_no);
            let reply = self.ports.channel.query_refund(trade, number).await;
            match &reply {
                Err(_) => return Ok(None),
                Ok(RefundStatus::Empty) => {}
                Ok(RefundStatus::Success { .. }) => {
                    let found = reading::of_refund_query(&refund, &reply, asked_at);
                    let taken = Step::TakeUpRefund(refund.refund_id.clone());
                    let steps = vec![taken, Step::Observe(found)];
                    let Some((after, _)) = self.step(held, &present, steps).await? else {
                        return Ok(None);
                    };
                    present = after;
                }
            }
        }
        Ok(Some(present))
    }

    /// A line that was posted under numbers the copy does not know goes on from the last of them.
    async fn follow(
        &self,
        held: &Held,
        order: &Order,
        line: &PostingLine,
    ) -> Result<bool, PaymentError> {
        let open = may_have_gone_on(order, line);
        if !open || order.stops_line(line) {
            return Ok(true);
        }
        let (attempt, shown) = match self.trail(order, line).await {
            None => return Ok(false),
            Some(Trail::Known) => return Ok(true),
            Some(Trail::Ends(attempt, shown)) => (attempt, shown),
        };
        if stands(line, attempt, shown) {
            return Ok(true);
        }
        if attempt != line.attempt || !is_asked_about(line, shown) {
            let taken = Step::TakeUp {
                line: line.line_id.clone(),
                attempt,
                shown,
                body: self.body_of(
                    order,
                    &renumbered(order, line, attempt),
                    line.arrears_version.clone(),
                ),
            };
            if self.step(held, order, vec![taken]).await?.is_none() {
                return Ok(false);
            }
        }
        if shown == Shown::Used {
            self.pursue(held, vec![Ask::GetPosting(line.line_id.clone())])
                .await?;
        }
        Ok(true)
    }

    /// `None` when marketing does not answer.
    async fn trail(&self, order: &Order, line: &PostingLine) -> Option<Trail> {
        let mut fenced = None;
        for attempt in line.attempt..=ATTEMPTS_MAX {
            let number =
                numbers::channel_txn_no(&order.payment.out_trade_no, line.line_no, attempt);
            match self.ports.posting.get(&number).await {
                Err(_) => return None,
                Ok(PostingReply::Fenced) => fenced = Some(attempt),
                Ok(PostingReply::NotFound) => break,
                Ok(PostingReply::Reversed) => return Some(Trail::Ends(attempt, Shown::Reversed)),
                Ok(_) => return Some(Trail::Ends(attempt, Shown::Used)),
            }
        }
        let fenced = fenced.map(|attempt| Trail::Ends(attempt, Shown::Fenced));
        Some(fenced.unwrap_or(Trail::Known))
    }
}

/// Whether marketing may know more of a line than the copy does, and the line by itself would not
/// hear of it, or take it for a contradiction.
fn may_have_gone_on(order: &Order, line: &PostingLine) -> bool {
    let payment = &order.payment;
    match line.state {
        l::State::Ready
        | l::State::Posting
        | l::State::PostUnknown
        | l::State::FencingRepost
        | l::State::FencingRefund => true,
        // Never sent in the copy, and held by the money that went back since (a7).
        l::State::Held => !line.may_be_known() && payment.suspense.is_zero(),
        // Taken back since, and its money went back.
        l::State::Posted => payment.foreign > payment.foreign_used && !order.is_split(line),
        l::State::Reversing | l::State::MktRefund | l::State::RefundDue | l::State::Refunded => {
            false
        }
    }
}

/// What marketing shows changes nothing for the line: its own turns go on with it.
fn stands(line: &PostingLine, attempt: i64, shown: Shown) -> bool {
    let known = attempt == line.attempt;
    match line.state {
        l::State::FencingRefund | l::State::Posted => shown != Shown::Reversed,
        l::State::FencingRepost => shown == Shown::Fenced && known,
        _other => false,
    }
}

/// The line waits for the answer about this very number, which is asked for now.
fn is_asked_about(line: &PostingLine, shown: Shown) -> bool {
    let unsent = matches!(line.state, l::State::Ready | l::State::Held);
    shown == Shown::Used && !unsent
}

/// The line as it is under another of its numbers.
fn renumbered(order: &Order, line: &PostingLine, attempt: i64) -> PostingLine {
    PostingLine {
        attempt,
        channel_txn_no: numbers::channel_txn_no(&order.payment.out_trade_no, line.line_no, attempt),
        ..line.clone()
    }
}
