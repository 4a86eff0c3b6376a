//! What two persons decided about a case of money, as the tables take it (money.md, columns "case").

use serde_json::json;

use super::booking::BooksError;
use super::observation::{ChannelFact, LineFact, Named, Observation, RefundFact};
use super::order::Order;
use super::parts::WantedPart;
use super::unit::Applied;
use super::{PaymentError, Payments, table_l as l, table_p as p, table_r as r};
use crate::audit;
use crate::cases::decision::{Part, Proposal, Resolution};
use crate::cases::{Case, CaseKind};
use crate::evidence::canonical;
use crate::shared::ids::PaymentId;
use crate::shared::time::Time;
use crate::store::{Tx, atomically, snapshot};

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
        decided: &Proposal,
        actor: &str,
        trace_id: &str,
    ) -> Result<Ruled, PaymentError> {
        let found = snapshot(self.store()).await?.payments().find(id).await?;
        let order = found.ok_or(PaymentError::NotFound)?;
        if is_split_already(&order, decided) {
            return Ok(Ruled::Moved);
        }
        let before = standing(&order);
        let seen = inputs(&order, decided, self.draw(trace_id, actor).now);
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

impl Payments {
    /// Somebody wants money of a payment to go back: a case, about which two persons decide. `None`
    /// while one is open, or when the payment has no money.
    ///
    /// # Errors
    /// [`PaymentError::NotFound`], or the store's.
    pub async fn ask_refund(
        &self,
        id: &PaymentId,
        reason: &str,
        actor: &str,
        trace_id: &str,
    ) -> Result<Option<Case>, PaymentError> {
        let draw = self.draw(trace_id, actor);
        atomically(self.store(), async |tx: &mut Tx| {
            let order = tx.payments().find(id).await?;
            let payment = order.ok_or(PaymentError::NotFound)?.payment;
            let mut earlier = tx.cases().about(id.as_str()).await?;
            earlier.retain(|case| case.kind == CaseKind::RefundAsked);
            let open = earlier.iter().any(|case| case.closed_at.is_none());
            if open || !payment.state.has_money() {
                return Ok(None);
            }
            let facts = json!({
                "amount_fen": payment.amount.get(),
                "out_trade_no": payment.out_trade_no,
                "paid_fen": payment.paid.get(),
                "reason": reason,
                "refunded_fen": payment.refunded.get(),
                "state": payment.state.as_str(),
            });
            let cause = format!("payments:refund_asked:{id}:{}", earlier.len());
            let case = Case {
                case_id: draw.id("case", &cause),
                kind: CaseKind::RefundAsked,
                cause,
                subject: id.as_str().to_owned(),
                facts: canonical::render(&facts).map_err(BooksError::from)?,
                opened_at: draw.now,
                trace_id: draw.trace_id.clone(),
                closed_at: None,
            };
            if !tx.cases().open(&case).await? {
                return Ok(None);
            }
            let line = audit::Line {
                audit_id: draw.uuid("audit", &case.cause),
                at: draw.now,
                actor: draw.actor.clone(),
                act: "payments.ask_refund".to_owned(),
                subject: id.as_str().to_owned(),
                outcome: "ok".to_owned(),
                source: String::new(),
                trace_id: draw.trace_id.clone(),
            };
            tx.audit().append(&line).await?;
            Ok(Some(case))
        })
        .await
    }
}

/// What a part was split off for.
fn cause_of(decided: &Proposal, part: &Part) -> String {
    format!("{}:{}", decided.proposal_id, part.line_no)
}

/// Carried out before, and not noted: a part is split off once.
fn is_split_already(order: &Order, decided: &Proposal) -> bool {
    let split = |part: &Part| order.part_for(&cause_of(decided, part)).is_some();
    decided.what.resolution == Resolution::TakeBackPart && decided.what.parts.iter().any(split)
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
fn inputs(order: &Order, decided: &Proposal, now: Time) -> Vec<Observation> {
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
    match decided.what.resolution {
        Resolution::CreditHome => {
            let named = decided.what.parts.iter().map(|part| Named {
                line_no: part.line_no,
                amount: part.amount,
            });
            let fact = ChannelFact {
                named: named.collect(),
                ..ChannelFact::default()
            };
            vec![Observation::channel(now, p::Input::Case, fact)]
        }
        Resolution::Post => held(l::Ruling::Post),
        Resolution::FenceAndPost => held(l::Ruling::FenceRepost),
        Resolution::FenceAndRefund => held(l::Ruling::FenceRefund),
        Resolution::CountAsPosted => held(l::Ruling::Credit),
        Resolution::Refund => held(l::Ruling::Refund),
        Resolution::RefundAgain => blocked(r::Ruling::Again),
        Resolution::RefundedByHand => blocked(r::Ruling::Manual),
        Resolution::TakeBack => line(l::State::Posted, l::Input::RefundWanted, None),
        Resolution::TakeBackPart => taken_back(order, decided, now),
        Resolution::Settled
        | Resolution::BillStands
        | Resolution::BillCorrected
        | Resolution::ReadingCorrected
        | Resolution::ProveAgain
        | Resolution::EndCooperation => Vec::new(),
    }
}

/// Each part out of its line, or nothing at all when one of them is not there as it was decided.
fn taken_back(order: &Order, decided: &Proposal, now: Time) -> Vec<Observation> {
    let wanted = |part: &Part| {
        let lines = order.lines.iter();
        let mut lines = lines.filter(|line| line.state == l::State::Posted && !line.frozen);
        let line = lines.find(|line| line.line_no == part.line_no)?;
        let fact = LineFact {
            part: Some(WantedPart {
                amount: part.amount,
                cause: cause_of(decided, part),
            }),
            ..LineFact::default()
        };
        let input = l::Input::RefundWanted;
        let seen = Observation::line(now, line.line_id.clone(), input, fact);
        Some(seen).filter(|_| part.amount <= line.amount)
    };
    let all: Option<Vec<_>> = decided.what.parts.iter().map(wanted).collect();
    all.unwrap_or_default()
}
