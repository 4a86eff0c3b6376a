//! Looking at orders: one's own only.

use super::cashier::{PAY_PATH, is_open};
use super::order::{Order, Via};
use super::{PaymentError, Payments};
use crate::bindings::OwnedBinding;
use crate::shared::ids::{AccountId, PaymentId, SessionId};
use crate::shared::money::Fen;
use crate::shared::page::{Page, Slice};
use crate::shared::personal::ConsumerNo;
use crate::shared::time::Time;
use crate::store::snapshot;

impl Payments {
    /// One's own order; unknown and another's are the same.
    pub async fn get(&self, account: &AccountId, id: &PaymentId) -> Result<Order, PaymentError> {
        let mut view = snapshot(self.store()).await?;
        let found = view.payments().find_own(account, id).await?;
        found.ok_or(PaymentError::NotFound)
    }

    /// One's own orders for a home, newest first. What others paid for it is theirs (money.md 3.4).
    pub async fn list(
        &self,
        owned: &OwnedBinding,
        page: &Page,
    ) -> Result<Slice<Order>, PaymentError> {
        let mut view = snapshot(self.store()).await?;
        let rows = view
            .payments()
            .list(owned.account_id(), owned.binding_id(), page)
            .await?;
        Ok(Slice::cut(rows, page, |order| {
            order.payment.payment_id.as_str().to_owned()
        }))
    }

    /// What was paid for the home's arrears and may not show in marketing yet: every view of the
    /// arrears subtracts it (money.md 2.16).
    pub async fn in_flight(&self, consumer_no: &ConsumerNo) -> Result<Fen, PaymentError> {
        let mut view = snapshot(self.store()).await?;
        Ok(view.payments().in_flight(consumer_no).await?)
    }

    /// What this person themselves paid of it.
    pub async fn own_in_flight(&self, owned: &OwnedBinding) -> Result<Fen, PaymentError> {
        let mut view = snapshot(self.store()).await?;
        let (account, consumer_no) = (owned.account_id(), owned.consumer_no());
        Ok(view.payments().in_flight_of(account, consumer_no).await?)
    }
}

impl Order {
    /// Our own path to the cashier, for the session that made the order and only while it is open.
    #[must_use]
    pub fn pay_path(&self, session: &SessionId, now: Time) -> Option<String> {
        let payment = &self.payment;
        let theirs = payment.via == Via::H5 && payment.session_id == *session;
        let ticket = payment.ticket.as_ref()?;
        (theirs && is_open(payment, now)).then(|| format!("{PAY_PATH}{}", ticket.expose()))
    }
}
