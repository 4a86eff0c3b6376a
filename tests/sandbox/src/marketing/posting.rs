//! One payment as the marketing system books it (销账): how its money spreads over bills, and how a
//! refund takes it back in the opposite order.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::account::{Receivable, Standing};

/// What numbers of money taken at the utility's own counter begin with.
pub(super) const COUNTER: &str = "COUNTER_";

/// SHA-256 over method, path and body: tells a repeat from another request.
pub(super) type Fingerprint = [u8; 32];

/// What the payer meant to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Purpose {
    /// Exactly what is due.
    Arrears,
    /// Any sum: bills first, the rest stays on the account.
    Prepayment,
}

/// A wish or a fact: so much of the payment for this receivable.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Share {
    pub(super) receivable_id: String,
    pub(super) amount_fen: i64,
}

/// A payment as the channel reports it, already checked for form. Not printable: it names a consumer.
#[derive(Clone)]
pub(super) struct Order {
    pub(super) channel_txn_no: String,
    pub(super) consumer_no: String,
    pub(super) amount_fen: i64,
    pub(super) paid_at: Timestamp,
    pub(super) purpose: Purpose,
    pub(super) arrears_version: Option<String>,
    pub(super) allocations: Option<Vec<Share>>,
    pub(super) fingerprint: Fingerprint,
}

/// What one receivable got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Allocation {
    pub(super) receivable_id: String,
    pub(super) principal_fen: i64,
    pub(super) fee_fen: i64,
}

impl Allocation {
    pub(super) fn amount_fen(&self) -> i64 {
        self.principal_fen + self.fee_fen
    }
}

/// Money spread over receivables and the prepaid balance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Spread {
    /// In the order the money went.
    pub(super) allocations: Vec<Allocation>,
    pub(super) prepaid_fen: i64,
}

impl Spread {
    /// Spreads `amount_fen` over `due` (oldest first), principal before late fee, the rest prepaid.
    /// With `wanted`, each receivable gets what was asked for it and no more than it is due.
    pub(super) fn over(
        due: &[(&Receivable, Standing)],
        amount_fen: i64,
        wanted: Option<&[Share]>,
    ) -> Self {
        let mut left = amount_fen;
        let mut allocations = Vec::new();
        for (receivable, standing) in due {
            let id = &receivable.receivable_id;
            let limit = match wanted {
                None => left,
                Some(shares) => {
                    let share = shares.iter().find(|share| share.receivable_id == *id);
                    share.map_or(0, |share| share.amount_fen).min(left)
                }
            };
            let principal_fen = standing.principal_due_fen.min(limit);
            let fee_fen = standing.fee_due_fen.min(limit - principal_fen);
            if principal_fen + fee_fen > 0 {
                left -= principal_fen + fee_fen;
                let receivable_id = id.clone();
                allocations.push(Allocation {
                    receivable_id,
                    principal_fen,
                    fee_fen,
                });
            }
        }
        Self {
            allocations,
            prepaid_fen: left,
        }
    }

    /// Takes `amount_fen` back out, last in first out; what could not be taken stays away.
    pub(super) fn take_back(&mut self, amount_fen: i64) -> Self {
        let mut left = amount_fen;
        let mut take = |from: &mut i64| {
            let part = left.min(*from);
            *from -= part;
            left -= part;
            part
        };
        let prepaid_fen = take(&mut self.prepaid_fen);
        let mut allocations = Vec::new();
        for held in self.allocations.iter_mut().rev() {
            let fee_fen = take(&mut held.fee_fen);
            let principal_fen = take(&mut held.principal_fen);
            if fee_fen + principal_fen > 0 {
                let receivable_id = held.receivable_id.clone();
                allocations.push(Allocation {
                    receivable_id,
                    principal_fen,
                    fee_fen,
                });
            }
        }
        Self {
            allocations,
            prepaid_fen,
        }
    }
}

/// The booking of a payment.
#[derive(Debug, Clone)]
pub(super) struct Booking {
    pub(super) business_date: Date,
    pub(super) posted_at: Timestamp,
    /// Where the money went.
    pub(super) spread: Spread,
    /// Where what has not been refunded still lies.
    pub(super) held: Spread,
}

/// Where a refund voucher stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum RefundState {
    Pending,
    Approved,
    Refused,
}

/// A refund voucher against a posting.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Refund {
    pub(super) refund_no: String,
    pub(super) amount_fen: i64,
    pub(super) state: RefundState,
}

/// Where a posting stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum PostingState {
    Processing,
    Posted,
    Reversed,
}

/// A payment the marketing system accepted. Not printable.
#[derive(Clone)]
pub(super) struct Posting {
    pub(super) order: Order,
    pub(super) mkt_txn_no: String,
    /// Order of acceptance.
    pub(super) seq: u64,
    /// When it is booked; until then it is PROCESSING.
    pub(super) ready_at: Timestamp,
    pub(super) booking: Option<Booking>,
    /// Number of the reversal, once reversed.
    pub(super) reversal_no: Option<String>,
    pub(super) refunds: Vec<Refund>,
}

impl Posting {
    pub(super) fn state(&self) -> PostingState {
        match (&self.booking, &self.reversal_no) {
            (None, _) => PostingState::Processing,
            (Some(_), None) => PostingState::Posted,
            (Some(_), Some(_)) => PostingState::Reversed,
        }
    }

    /// What refunds have given back or may still give back.
    pub(super) fn refund_reserved_fen(&self) -> i64 {
        let alive = self
            .refunds
            .iter()
            .filter(|refund| refund.state != RefundState::Refused);
        alive.map(|refund| refund.amount_fen).sum()
    }

    /// Where it was paid, as the contract says it.
    pub(super) fn channel(&self) -> &'static str {
        if self.order.channel_txn_no.starts_with(COUNTER) {
            "HALL"
        } else {
            "OWN"
        }
    }

    /// What the posting still contributes to the account, in fen.
    pub(super) fn net_fen(&self) -> i64 {
        if self.state() != PostingState::Posted {
            return 0;
        }
        let approved = self
            .refunds
            .iter()
            .filter(|refund| refund.state == RefundState::Approved);
        self.order.amount_fen - approved.map(|refund| refund.amount_fen).sum::<i64>()
    }
}
