//! The pay ticket of a browser (interleaving 5): ours, bound to the payer's session; the channel's
//! signed URL is minted at the tap, after the order knows that it left us.

use sha2::{Digest, Sha256};

use super::observation::{ChannelFact, Observation};
use super::order::Payment;
use super::start::create_order;
use super::unit::Applied;
use super::{PaymentError, Payments, table_p as p};
use crate::shared::ids::SessionId;
use crate::shared::time::Time;
use crate::store::snapshot;

/// Where a ticket is opened; the ticket follows.
pub const PAY_PATH: &str = "/v1/pay/";

/// Only this is stored where it can be searched.
pub(super) fn digest(ticket: &str) -> String {
    hex::encode(Sha256::digest(ticket.as_bytes()))
}

impl Payments {
    /// The cashier's URL for this ticket. A second tap answers the same number and expiry.
    pub async fn open_ticket(
        &self,
        ticket: &str,
        session: &SessionId,
    ) -> Result<String, PaymentError> {
        if self.is_recovering().await? {
            return Err(PaymentError::Recovering);
        }
        let mut view = snapshot(self.store()).await?;
        let found = view.payments().find_by_ticket(&digest(ticket)).await?;
        drop(view);
        let now = self.now();
        let order = found
            .filter(|order| order.payment.session_id == *session)
            .filter(|order| is_open(&order.payment, now))
            .ok_or(PaymentError::TicketGone)?;
        if self.is_unwanted(&order).await? {
            return Err(PaymentError::TicketGone);
        }
        let fact = ChannelFact {
            minted: true,
            ..ChannelFact::default()
        };
        let minted = Observation::channel(now, p::Input::CreateOk, fact);
        let actor = format!("account:{}", order.payment.account_id);
        let draw = self.draw(&order.payment.trace_id, &actor);
        let id = &order.payment.payment_id;
        let Applied::Done { order, .. } = self.apply(id, vec![minted], &draw).await? else {
            return Err(PaymentError::TicketGone);
        };
        // Closing may have begun between our look and the unit: then nothing is handed out.
        if order.payment.state != p::State::Paying {
            return Err(PaymentError::TicketGone);
        }
        let back = format!("{}{}", self.policy.return_url, order.payment.payment_id);
        let wanted = create_order(&order.payment);
        Ok(self.ports.channel.cashier_url(&wanted, &back, now))
    }
}

/// Whether the ticket may still lead to the cashier.
pub(super) fn is_open(payment: &Payment, now: Time) -> bool {
    let payable = matches!(payment.state, p::State::Created | p::State::Paying);
    payable && !payment.frozen && now < payment.expire_at
}
