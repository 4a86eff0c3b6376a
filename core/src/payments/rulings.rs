//! What two persons decided about a case of money, as the tables take it (money.md, columns "case").

use super::observation::{ChannelFact, LineFact, Observation, RefundFact};
use super::order::Order;
use super::unit::Applied;
use super::{PaymentError, Payments, table_l as l, table_p as p, table_r as r};
use crate::cases::decision::Resolution;
use crate::shared::ids::PaymentId;
use crate::shared::time::Time;
use crate::store::snapshot;

/// What followed from a ruling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruled {
    /// The order moved.
    Moved,
    /// The tables do not allow it as things stand: nothing moved.
    Unmoved,
}

impl Payments {
    /// Lets a ruling happen to an order. The cells judge it again: what the facts do not allow
    /// leaves every row as it is.
    ///
    /// # Errors
    /// [`PaymentError::NotFound`], or the store's.
    pub async fn rule(
        &self,
        id: &PaymentId,
        resolution: Resolution,
        actor: &str,
        trace_id: &str,
    ) -> Result<Ruled, PaymentError> {
        let found = snapshot(self.store()).await?.payments().find(id).await?;
        let order = found.ok_or(PaymentError::NotFound)?;
        let before = standing(&order);
        let seen = inputs(&order, resolution, self.draw(trace_id, actor).now);
        if seen.is_empty() {
            return Ok(Ruled::Unmoved);
        }
        let applied = self.observe(id, seen, actor, trace_id).await?;
        let moved = match &applied {
            Applied::Done { order, .. } => standing(order) != before,
            Applied::Repeat | Applied::LeaseLost => false,
        };
        Ok(if moved { Ruled::Moved } else { Ruled::Unmoved })
    }
}

/// The states of all rows of an order.
fn standing(order: &Order) -> Vec<&'static str> {
    let lines = order.lines.iter().map(|line| line.state.as_str());
    let refunds = order.refunds.iter().map(|refund| refund.state.as_str());
    let payment = std::iter::once(order.payment.state.as_str());
    payment.chain(lines).chain(refunds).collect()
}

/// A ruling in the words of the tables: about the payment, each line that is held, or each refund
/// that is blocked.
fn inputs(order: &Order, resolution: Resolution, now: Time) -> Vec<Observation> {
    let line = |state: l::State, input: l::Input, ruling: Option<l::Ruling>| {
        let lines = order.lines.iter().filter(|line| line.state == state);
        let fact = LineFact {
            ruling,
            ..LineFact::default()
        };
        lines
            .map(|line| Observation::line(now, line.line_id.clone(), input, fact.clone()))
            .collect()
    };
    let held = |ruling| line(l::State::Held, l::Input::Case, Some(ruling));
    let blocked = |ruling| {
        let blocked = |refund: &&super::order::Refund| refund.state == r::State::Blocked;
        let fact = RefundFact {
            ruling: Some(ruling),
            ..RefundFact::default()
        };
        let refunds = order.refunds.iter().filter(blocked);
        refunds
            .map(|refund| {
                Observation::refund(now, refund.refund_id.clone(), r::Input::Case, fact.clone())
            })
            .collect()
    };
    match resolution {
        Resolution::CreditHome => {
            vec![Observation::channel(
                now,
                p::Input::Case,
                ChannelFact::default(),
            )]
        }
        Resolution::Post => held(l::Ruling::Post),
        Resolution::FenceAndPost => held(l::Ruling::FenceRepost),
        Resolution::FenceAndRefund => held(l::Ruling::FenceRefund),
        Resolution::CountAsPosted => held(l::Ruling::Credit),
        Resolution::Refund => held(l::Ruling::Refund),
        Resolution::RefundAgain => blocked(r::Ruling::Again),
        Resolution::RefundedByHand => blocked(r::Ruling::Manual),
        Resolution::TakeBack => line(l::State::Posted, l::Input::RefundWanted, None),
        Resolution::Settled | Resolution::BillStands | Resolution::BillCorrected => Vec::new(),
    }
}
