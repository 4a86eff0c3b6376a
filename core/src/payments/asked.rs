//! Somebody asks for money of a payment: a case, about which two persons decide.

use serde_json::json;

use super::booking::BooksError;
use super::{PaymentError, Payments};
use crate::audit;
use crate::cases::{Case, CaseKind};
use crate::evidence::canonical;
use crate::shared::ids::PaymentId;
use crate::store::{Tx, atomically};

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
