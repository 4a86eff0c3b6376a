//! Giving up an order: by its payer, because a newer one takes its place, or because it must not be paid any more.

use super::observation::{Ask, ChannelFact, Observation};
use super::order::{ClaimKey, ClaimKind, Order, Purpose};
use super::unit::{Applied, Step};
use super::{PaymentError, Payments, table_p as p};
use crate::billing::hold::is_held;
use crate::shared::ids::{AccountId, PaymentId};
use crate::shared::personal::ConsumerNo;
use crate::store::snapshot;

impl Payments {
    /// The payer gives the order up. Closed at once when nothing can have been paid; otherwise the
    /// channel is asked, and the order stays open until its answer proves it.
    /// Run it in a task of its own: it sends.
    pub async fn close(
        &self,
        account: &AccountId,
        id: &PaymentId,
        trace_id: &str,
    ) -> Result<Order, PaymentError> {
        let mut view = snapshot(self.store()).await?;
        let found = view.payments().find_own(account, id).await?;
        drop(view);
        let order = found.ok_or(PaymentError::NotFound)?;
        if order.payment.state.has_money() {
            return Err(PaymentError::AlreadyPaid);
        }
        tracing::info!(trace_id, payment.id = id.as_str(), "payments.close.wanted");
        let left = self.give_up(&order, &format!("account:{account}")).await?;
        if left.payment.state.has_money() {
            return Err(PaymentError::AlreadyPaid);
        }
        Ok(left)
    }

    /// A bill of the home is doubted: an order that is still open for its debt must not stay payable.
    /// Closed at once when nothing can have been paid; otherwise the channel is asked, and what was
    /// paid meanwhile is taken as paid. The sweeper does the same at the order's next turn.
    /// Run it in a task of its own: it sends.
    pub async fn give_up_doubted(
        &self,
        consumer_no: &ConsumerNo,
        actor: &str,
    ) -> Result<Option<PaymentId>, PaymentError> {
        let claim = ClaimKey {
            consumer_no: consumer_no.clone(),
            kind: ClaimKind::Arrears,
        };
        let mut view = snapshot(self.store()).await?;
        let open = view.payments().claim_holder(&claim).await?;
        drop(view);
        let Some(id) = open else {
            return Ok(None);
        };
        let order = self.load(&id).await?;
        if order.payment.state.has_money() || !self.is_doubted(&order).await? {
            return Ok(None);
        }
        match self.give_up(&order, actor).await {
            // Its payer was faster: the money goes the way of every payment.
            Ok(_) | Err(PaymentError::AlreadyPaid) => Ok(Some(id)),
            Err(error) => Err(error),
        }
    }

    /// Paying is suspended for somebody (EC-21): as [`Payments::give_up_doubted`], for each of their orders that is
    /// still open. Answers which. One that fails is left to the sweeper.
    /// Run it in a task of its own: it sends.
    pub async fn give_up_suspended(
        &self,
        account: &AccountId,
        actor: &str,
    ) -> Result<Vec<PaymentId>, PaymentError> {
        let mut view = snapshot(self.store()).await?;
        if !view.payments().is_suspended(account).await? {
            return Ok(Vec::new());
        }
        let open = view.payments().open_of(account).await?;
        drop(view);
        let mut given_up = Vec::new();
        for id in open {
            let order = self.load(&id).await?;
            if order.payment.state.has_money() {
                continue;
            }
            match self.give_up(&order, actor).await {
                Ok(_) | Err(PaymentError::AlreadyPaid) => given_up.push(id),
                Err(error) => {
                    tracing::warn!(%error, payment.id = id.as_str(), "payments.give_up_suspended.failed");
                }
            }
        }
        Ok(given_up)
    }

    /// Whether the order must not stay payable: a bill of it is being verified, or its payer is not to pay.
    pub(super) async fn is_unwanted(&self, order: &Order) -> Result<bool, PaymentError> {
        if self.is_doubted(order).await? {
            return Ok(true);
        }
        let mut view = snapshot(self.store()).await?;
        let payer = &order.payment.account_id;
        Ok(view.payments().is_suspended(payer).await?)
    }

    /// Whether a bill that the order pays is being verified.
    async fn is_doubted(&self, order: &Order) -> Result<bool, PaymentError> {
        let bills = order.payment.shares.iter();
        let mut view = snapshot(self.store()).await?;
        for share in bills.filter(|share| share.purpose == Purpose::Arrears) {
            if is_held(&mut view, &share.consumer_no).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Wants the order closed and, when nobody else works it, asks the channel now.
    pub(super) async fn give_up(&self, order: &Order, actor: &str) -> Result<Order, PaymentError> {
        let id = &order.payment.payment_id;
        let wanted = || {
            let fact = ChannelFact::default();
            Observation::channel(self.now(), p::Input::CloseWanted, fact)
        };
        match self.hold(id).await? {
            Some(held) => {
                let steps = vec![Step::Observe(wanted())];
                let pursued = match self.step(&held, order, steps).await? {
                    // Closing was wanted before and is not proven: ask again now.
                    Some((left, asks)) if asks.is_empty() && is_unproven(&left) => {
                        self.pursue(&held, vec![Ask::QueryTrade]).await.map(drop)
                    }
                    Some((_, asks)) => self.pursue(&held, asks).await.map(drop),
                    None => Ok(()),
                };
                self.let_go(&held).await?;
                pursued?;
            }
            None => {
                let draw = self.draw(&order.payment.trace_id, actor);
                let applied = self.apply(id, vec![wanted()], &draw).await?;
                if let Applied::Done {
                    close_refused: true,
                    ..
                } = applied
                {
                    return Err(PaymentError::AlreadyPaid);
                }
            }
        }
        self.load(id).await
    }
}

fn is_unproven(order: &Order) -> bool {
    order.payment.state == p::State::Closing
}
