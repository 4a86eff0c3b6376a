//! The calls that decisions ask for: made after the commit, answered by another unit.

use std::collections::VecDeque;

use super::booking::BooksError;
use super::observation::{Ask, ChannelFact, Observation};
use super::order::{Order, PostingLine, Refund};
use super::silence::Heard;
use super::unit::{Applied, Held, Step, Unit};
use super::{
    PaymentError, Payments, numbers, reading, table_l as l, table_p as p, table_r as r, window,
};
use crate::shared::ids::{LineId, PaymentId, RefundId};
use crate::shared::money::{Fen, MoneyError};
use crate::shared::time::Time;
use crate::store::snapshot;

/// Calls made in one go for one order; what is left over waits for its turn.
const ERRANDS_MAX: usize = 12;

impl Payments {
    pub(super) async fn load(&self, id: &PaymentId) -> Result<Order, PaymentError> {
        let mut view = snapshot(self.store()).await?;
        let found = view.payments().find(id).await?;
        found.ok_or(PaymentError::NotFound)
    }

    /// Takes the order for as long as a worker may need; `None` when somebody else works it.
    pub(super) async fn hold(&self, id: &PaymentId) -> Result<Option<Held>, PaymentError> {
        let now = self.now();
        let until = now.plus_seconds(window::LEASE_SECONDS);
        let epoch: Option<i64> = crate::store::atomically(self.store(), async |tx| {
            Ok::<_, PaymentError>(tx.payments().lease(id, now, until).await?)
        })
        .await?;
        Ok(epoch.map(|lease_epoch| Held {
            id: id.clone(),
            lease_epoch,
        }))
    }

    pub(super) async fn let_go(&self, held: &Held) -> Result<(), PaymentError> {
        crate::store::atomically(self.store(), async |tx| {
            tx.payments().unlease(&held.id, held.lease_epoch).await?;
            Ok(())
        })
        .await
    }

    /// One unit under the lease. `None` when the lease is lost: then nothing more may be sent.
    pub(super) async fn step(
        &self,
        held: &Held,
        order: &Order,
        steps: Vec<Step>,
    ) -> Result<Option<(Order, Vec<Ask>)>, PaymentError> {
        let unit = Unit {
            id: held.id.clone(),
            held: Some(held.lease_epoch),
            steps,
            message: None,
        };
        match self.run(&unit, &self.draw_for(&order.payment)).await? {
            Applied::Done { order, asks, .. } => Ok(Some((*order, asks))),
            Applied::LeaseLost | Applied::Repeat => Ok(None),
        }
    }

    /// Runs the errands and those they lead to; who was asked, and who answered.
    pub(super) async fn pursue(&self, held: &Held, asks: Vec<Ask>) -> Result<Heard, PaymentError> {
        let recovering = self.is_recovering().await?;
        let may_ask = |ask: &Ask| !recovering || ask.is_question();
        let mut waiting: VecDeque<Ask> = asks.into_iter().filter(may_ask).collect();
        let mut heard = Heard::default();
        for _ in 0..ERRANDS_MAX {
            let Some(ask) = waiting.pop_front() else {
                break;
            };
            let order = self.load(&held.id).await?;
            if order.payment.lease_epoch != held.lease_epoch {
                return Ok(heard);
            }
            let seen = match self.ask(held, &order, &ask).await? {
                Errand::Nothing => continue,
                Errand::LeaseLost => return Ok(heard),
                Errand::Seen(seen) => seen,
            };
            heard.note(&ask, &seen);
            let steps = seen.into_iter().map(Step::Observe).collect();
            match self.step(held, &order, steps).await? {
                Some((_, more)) => waiting.extend(more.into_iter().filter(may_ask)),
                None => return Ok(heard),
            }
        }
        Ok(heard)
    }

    async fn ask(&self, held: &Held, order: &Order, ask: &Ask) -> Result<Errand, PaymentError> {
        let number = order.payment.out_trade_no.as_str();
        match ask {
            Ask::QueryTrade => {
                let asked_at = self.now();
                let reply = self.ports.channel.query(number).await;
                if reply.is_err() && may_resend(order) && !self.is_recovering().await? {
                    // No query can vouch for the create: the same bytes are sent at their moment.
                    return self.send_create(held, order).await;
                }
                Ok(Errand::Seen(reading::of_query(
                    &order.payment,
                    &reply,
                    asked_at,
                )))
            }
            Ask::CloseTrade if order.payment.state == p::State::Closing => {
                let asked_at = self.now();
                let reply = self.ports.channel.close(number).await;
                Ok(Errand::Seen(vec![reading::of_close(&reply, asked_at)]))
            }
            Ask::CloseTrade => Ok(Errand::Nothing),
            Ask::ResendCreate => self.send_create(held, order).await,
            Ask::CheckRefunds { shown, seen_at } => {
                self.check_refunds(held, order, (*shown, *seen_at)).await
            }
            Ask::Post(line) => self.post(order, line).await,
            Ask::GetPosting(line) => self.get_posting(order, line).await,
            Ask::Fence(line) => self.fence(order, line).await,
            Ask::Reverse(line) => self.reverse(order, line).await,
            Ask::Voucher(line) => self.voucher(order, line).await,
            Ask::SendRefund(refund) => self.send_refund(order, refund).await,
            Ask::QueryRefund(refund) => self.query_refund(order, refund).await,
        }
    }

    /// The frozen bytes once more: counted and committed first, then sent (money.md G2).
    async fn send_create(&self, held: &Held, order: &Order) -> Result<Errand, PaymentError> {
        let sendable = order.payment.state == p::State::Created && !order.payment.frozen;
        let Some(body) = order.payment.body.clone().filter(|_| sendable) else {
            return Ok(Errand::Nothing);
        };
        if self
            .step(held, order, vec![Step::BeginCreate])
            .await?
            .is_none()
        {
            return Ok(Errand::LeaseLost);
        }
        let asked_at = self.now();
        let reply = self.ports.channel.create(body.expose()).await;
        Ok(Errand::Seen(vec![reading::of_create(&reply, asked_at)]))
    }

    /// Each of our refunds that may explain what the channel shows is asked for; then it is judged.
    async fn check_refunds(
        &self,
        held: &Held,
        order: &Order,
        (shown, seen_at): (Fen, Time),
    ) -> Result<Errand, PaymentError> {
        let mut present = order.clone();
        let unproven: Vec<RefundId> = order
            .refunds
            .iter()
            .filter(|refund| refund.is_unproven(seen_at))
            .map(|refund| refund.refund_id.clone())
            .collect();
        for id in unproven {
            let Errand::Seen(seen) = self.query_refund(&present, &id).await? else {
                continue;
            };
            let steps = seen.into_iter().map(Step::Observe).collect();
            match self.step(held, &present, steps).await? {
                Some((order, _)) => present = order,
                None => return Ok(Errand::LeaseLost),
            }
        }
        if shown <= explained(&present, seen_at).map_err(BooksError::from)? {
            return Ok(Errand::Nothing);
        }
        let fact = ChannelFact {
            refunded: Some(shown),
            ..ChannelFact::default()
        };
        let judged = Observation::channel(seen_at, p::Input::RefundNotOurs, fact);
        Ok(Errand::Seen(vec![judged]))
    }

    async fn post(&self, order: &Order, id: &LineId) -> Result<Errand, PaymentError> {
        let sendable = |line: &&PostingLine| {
            matches!(line.state, l::State::Posting | l::State::PostUnknown)
                && !order.stops_line(line)
        };
        let Some(line) = order.line(id).filter(sendable) else {
            return Ok(Errand::Nothing);
        };
        let Some(body) = &line.body else {
            return Ok(Errand::Nothing);
        };
        let asked_at = self.now();
        let number = line.channel_txn_no.as_str();
        let reply = self.ports.posting.post(number, body.expose()).await;
        Ok(Errand::Seen(vec![reading::of_posting(
            order, line, reply, asked_at,
        )]))
    }

    async fn get_posting(&self, order: &Order, id: &LineId) -> Result<Errand, PaymentError> {
        let known = |line: &&PostingLine| line.may_be_known();
        let Some(line) = order.line(id).filter(known) else {
            return Ok(Errand::Nothing);
        };
        let asked_at = self.now();
        let number = &order.posting_of(line).channel_txn_no;
        let reply = self.ports.posting.get(number).await;
        let reply = self.or_filed(order, line, reply).await;
        Ok(Errand::Seen(vec![reading::of_posting(
            order, line, reply, asked_at,
        )]))
    }

    async fn fence(&self, order: &Order, id: &LineId) -> Result<Errand, PaymentError> {
        let fencing = |line: &&PostingLine| {
            matches!(
                line.state,
                l::State::FencingRepost | l::State::FencingRefund
            ) && !order.stops_line(line)
        };
        let Some(line) = order.line(id).filter(fencing) else {
            return Ok(Errand::Nothing);
        };
        let asked_at = self.now();
        let number = &order.posting_of(line).channel_txn_no;
        let reply = self.ports.posting.fence(number).await;
        Ok(Errand::Seen(vec![reading::of_posting(
            order, line, reply, asked_at,
        )]))
    }

    async fn reverse(&self, order: &Order, id: &LineId) -> Result<Errand, PaymentError> {
        let reversing =
            |line: &&PostingLine| line.state == l::State::Reversing && !order.stops_line(line);
        let Some(line) = order.line(id).filter(reversing) else {
            return Ok(Errand::Nothing);
        };
        let asked_at = self.now();
        let number = numbers::reversal_no(&line.channel_txn_no);
        let reply = self
            .ports
            .posting
            .reverse(&line.channel_txn_no, &number)
            .await;
        Ok(Errand::Seen(vec![reading::of_reversal(
            line, &reply, asked_at,
        )]))
    }

    async fn voucher(&self, order: &Order, id: &LineId) -> Result<Errand, PaymentError> {
        let asking =
            |line: &&PostingLine| line.state == l::State::MktRefund && !order.stops_line(line);
        let Some(line) = order.line(id).filter(asking) else {
            return Ok(Errand::Nothing);
        };
        let asked_at = self.now();
        let number = numbers::voucher_no(&line.channel_txn_no, line.voucher_refusals);
        // A part is taken back from the posting it was split from.
        let posted = &order.posting_of(line).channel_txn_no;
        let reply = self
            .ports
            .posting
            .refund_voucher(posted, &number, line.amount)
            .await;
        Ok(Errand::Seen(vec![reading::of_voucher(
            line, &reply, asked_at,
        )]))
    }

    async fn send_refund(&self, order: &Order, id: &RefundId) -> Result<Errand, PaymentError> {
        let sendable = |refund: &&Refund| refund.state.may_move() && !order.stops_refund(refund);
        let Some(refund) = order.refund(id).filter(sendable) else {
            return Ok(Errand::Nothing);
        };
        let asked_at = self.now();
        let (trade, number) = (&order.payment.out_trade_no, &refund.out_request_no);
        let reply = self
            .ports
            .channel
            .refund(trade, number, refund.amount)
            .await;
        Ok(Errand::Seen(vec![reading::of_refund(
            refund, &reply, asked_at,
        )]))
    }

    /// Too soon after the send an empty answer would prove nothing: then nothing is asked.
    async fn query_refund(&self, order: &Order, id: &RefundId) -> Result<Errand, PaymentError> {
        let asked_at = self.now();
        let old_enough = |refund: &&Refund| is_old_enough(refund, asked_at);
        let Some(refund) = order.refund(id).filter(old_enough) else {
            return Ok(Errand::Nothing);
        };
        let (trade, number) = (&order.payment.out_trade_no, &refund.out_request_no);
        let reply = self.ports.channel.query_refund(trade, number).await;
        Ok(Errand::Seen(vec![reading::of_refund_query(
            refund, &reply, asked_at,
        )]))
    }
}

/// What our refunds, done or not proven empty, and the known foreign ones add up to.
fn explained(order: &Order, seen_at: Time) -> Result<Fen, MoneyError> {
    order
        .refunds_known()?
        .plus(order.refunds_unproven(seen_at)?)
}

fn may_resend(order: &Order) -> bool {
    order.payment.state == p::State::Created
        && order.payment.body.is_some()
        && order.payment.sends < window::CREATE_SENDS_MAX
}

fn is_old_enough(refund: &Refund, now: Time) -> bool {
    refund.state != r::State::Planned
        && refund
            .sent_at
            .is_some_and(|at| now.seconds_since(at) >= window::REFUND_QUERY_AFTER)
}

/// How an errand ended.
enum Errand {
    /// The order moved on meanwhile; the call is not needed any more.
    Nothing,
    LeaseLost,
    Seen(Vec<Observation>),
}
