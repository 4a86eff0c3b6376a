//! Room for a new order (money.md 2.4): one live order per debt, and nobody keeps the others from
//! paying it by renewing their own.

use super::homes::Wanted;
use super::order::{Order, Payment, Purpose, Share};
use super::start::Start;
use super::{PaymentError, Payments, table_p as p, window};
use crate::shared::page::Page;
use crate::shared::time::Time;
use crate::store::snapshot;

impl Payments {
    /// Earlier orders for the same debts must be proven closed first (money.md 2.4). None of them is
    /// given up unless all of them may be.
    pub(super) async fn make_room(
        &self,
        request: &Start,
        order: &Order,
    ) -> Result<(), PaymentError> {
        let mut earlier: Vec<(&Wanted, Order)> = Vec::new();
        for (wanted, share) in request.homes.iter().zip(&order.payment.shares) {
            let blame = |error| request.homes.blame(wanted, error);
            let Some(open) = self.holder(share, order).await? else {
                continue;
            };
            if !self.may_give_up(&open, share, order).await? {
                return Err(blame(in_the_way(&open, order)));
            }
            let id = &open.payment.payment_id;
            if earlier
                .iter()
                .all(|(_, other)| other.payment.payment_id != *id)
            {
                earlier.push((wanted, open));
            }
        }
        for (wanted, open) in earlier {
            let left = self.give_up(&open, "superseded").await?;
            if left.payment.state != p::State::Closed {
                let told = in_the_way(&open, order);
                return Err(request.homes.blame(wanted, told));
            }
        }
        Ok(())
    }

    /// The order that holds this home's claim.
    async fn holder(&self, share: &Share, order: &Order) -> Result<Option<Order>, PaymentError> {
        let claim = share.claim(&order.payment.account_id);
        let mut view = snapshot(self.store()).await?;
        let held = view.payments().claim_holder(&claim).await?;
        drop(view);
        match held {
            Some(id) => self.load(&id).await.map(Some),
            None => Ok(None),
        }
    }

    /// One's own at any time; a stranger's once they have held the home long enough.
    async fn may_give_up(
        &self,
        open: &Order,
        share: &Share,
        order: &Order,
    ) -> Result<bool, PaymentError> {
        let (theirs, now) = (&open.payment, self.now());
        if theirs.state.has_money() {
            return Ok(false);
        }
        if theirs.account_id == order.payment.account_id || is_old(theirs.created_at, now) {
            return Ok(true);
        }
        self.is_renewed(theirs, share, now).await
    }

    /// Whether a young order goes on with a claim its account has held long enough under earlier ones.
    async fn is_renewed(
        &self,
        open: &Payment,
        share: &Share,
        now: Time,
    ) -> Result<bool, PaymentError> {
        let mut shares = open.shares.iter();
        let Some(held) = shares.find(|one| one.consumer_no == share.consumer_no) else {
            return Ok(false);
        };
        let Some(page) = Page::new(None, None) else {
            return Ok(false);
        };
        let (account, binding) = (&open.account_id, &held.binding_id);
        let mut view = snapshot(self.store()).await?;
        let listed = view.payments().list(account, binding, &page).await?;
        drop(view);
        let limit = usize::try_from(page.limit()).unwrap_or(usize::MAX);
        let since = held_since(open, &listed, listed.len() > limit);
        // Who made so many one after the other that they fill the page has had their time.
        Ok(since.is_none_or(|since| is_old(since, now)))
    }
}

fn is_old(since: Time, now: Time) -> bool {
    now.seconds_since(since) >= window::SUPERSEDE_AFTER
}

/// One's own earlier order is named, a stranger's is not.
fn in_the_way(open: &Order, order: &Order) -> PaymentError {
    let own = open.payment.account_id == order.payment.account_id;
    PaymentError::PreviousOrderOpen {
        payment_id: own.then(|| open.payment.payment_id.clone()),
    }
}

/// Since when an account has held the home, from its orders, newest first: an order that follows one that was
/// closed a moment ago goes on with its claim. `None` when there are `more` orders than are listed and the first of
/// the claim is not among them.
fn held_since(open: &Payment, listed: &[Order], more: bool) -> Option<Time> {
    let mut since = open.created_at;
    let payments = listed.iter().map(|order| &order.payment);
    let earlier = payments.skip_while(|payment| payment.payment_id != open.payment_id);
    for payment in earlier.skip(1) {
        if payment.purpose == Purpose::TopUp {
            continue;
        }
        let ended = payment.closed_at.filter(|_| !payment.state.has_money());
        let goes_on = ended.is_some_and(|at| since.seconds_since(at) <= window::RENEWED_WITHIN);
        if !goes_on {
            return Some(since);
        }
        since = payment.created_at;
    }
    (!more).then_some(since)
}
