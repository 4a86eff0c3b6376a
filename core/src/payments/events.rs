//! What payments tells the rooms above through the outbox, and the nudge it sends to itself.

use serde::{Deserialize, Serialize};

use super::order::{Order, PostingLine};
use crate::shared::ids::{AccountId, BindingId, EventId, PaymentId};
use crate::shared::money::Fen;
use crate::shared::time::Time;

/// A line was credited by marketing.
pub const POSTED: &str = "payments.posted";
/// A line's money went back to the payer.
pub const REFUNDED: &str = "payments.refunded";
/// A line's money is longer on its way back than was promised.
pub const REFUND_LATE: &str = "payments.refund_late";
/// There is work for the sweeper; losing it loses nothing but time (money.md G4).
pub const NUDGE: &str = "payments.nudge";

/// Body of [`POSTED`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    pub event_id: EventId,
    pub payment_id: PaymentId,
    pub account_id: AccountId,
    pub binding_id: BindingId,
    /// The last four digits of the consumer number, as people name their home.
    pub consumer_tail: String,
    pub amount_fen: Fen,
    /// `arrears` or `top_up`.
    pub purpose: String,
    /// The line of the order, which its refund names too.
    pub line_no: i64,
    pub posted_at: String,
}

impl Posted {
    #[must_use]
    pub fn of(event_id: EventId, order: &Order, line: &PostingLine, posted_at: Time) -> Self {
        Self {
            event_id,
            payment_id: order.payment.payment_id.clone(),
            account_id: order.payment.account_id.clone(),
            binding_id: line.binding_id.clone(),
            consumer_tail: line.consumer_no.tail(),
            amount_fen: line.amount,
            purpose: line.purpose.as_str().to_owned(),
            line_no: line.line_no,
            posted_at: posted_at.rfc3339(),
        }
    }
}

/// Body of [`REFUNDED`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refunded {
    pub event_id: EventId,
    pub payment_id: PaymentId,
    pub account_id: AccountId,
    pub consumer_tail: String,
    pub amount_fen: Fen,
    /// The line that was credited, also when only a part of it went back.
    pub line_no: i64,
    /// What of that posting has gone back in all.
    pub posting_refunded_fen: Fen,
    pub refunded_at: String,
}

impl Refunded {
    #[must_use]
    pub fn of(event_id: EventId, order: &Order, line: &PostingLine, refunded_at: Time) -> Self {
        Self {
            event_id,
            payment_id: order.payment.payment_id.clone(),
            account_id: order.payment.account_id.clone(),
            consumer_tail: line.consumer_no.tail(),
            amount_fen: line.amount,
            line_no: order.posting_of(line).line_no,
            posting_refunded_fen: order.posting_refunded(line).unwrap_or(line.amount),
            refunded_at: refunded_at.rfc3339(),
        }
    }
}

/// Body of [`REFUND_LATE`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundLate {
    pub event_id: EventId,
    pub payment_id: PaymentId,
    pub account_id: AccountId,
    pub consumer_tail: String,
    /// What is on its way back.
    pub amount_fen: Fen,
    pub line_no: i64,
    /// Since when it is.
    pub since: String,
}

impl RefundLate {
    #[must_use]
    pub fn of(
        event_id: EventId,
        order: &Order,
        line: &PostingLine,
        (amount_fen, since): (Fen, Time),
    ) -> Self {
        Self {
            event_id,
            payment_id: order.payment.payment_id.clone(),
            account_id: order.payment.account_id.clone(),
            consumer_tail: line.consumer_no.tail(),
            amount_fen,
            line_no: order.posting_of(line).line_no,
            since: since.rfc3339(),
        }
    }
}

/// Body of [`NUDGE`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nudge {
    pub payment_id: PaymentId,
}
