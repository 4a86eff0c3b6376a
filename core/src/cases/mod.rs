//! Something a person must decide. Opened in the unit that found it, once per cause.

pub mod decision;
pub mod ports;

use serde::{Deserialize, Serialize};

use crate::shared::ids::CaseId;
use crate::shared::time::Time;

/// What a case is about; the console shows a page per kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseKind {
    /// The channel took another sum than ordered; the money is in suspense.
    AmountMismatch,
    /// A fact that contradicts the tables of money.md (cell X).
    Contradiction,
    /// The channel shows refunds that are not ours.
    ForeignRefund,
    /// A posting line needs two persons.
    PostingHeld,
    /// A refund cannot go on by itself.
    RefundBlocked,
    /// An outbox row about money stopped being tried.
    DeadLetter,
    /// Two certified identities claim one home.
    HolderConflict,
    /// Two identities met one account.
    AccountConflict,
    /// The utility's archive holds something else than what was certified here.
    ArchiveConflict,
    /// A check task needs two persons: nobody reached, reviewed too long or too often.
    SettlementReview,
    /// An owner disputes a settlement that is on its way or closed.
    SettlementDispute,
    /// Meter, settlement and payout of a month differ.
    PayoutDiffers,
    /// A person disputes a bill, or paid to a wrong number.
    ServiceRequest,
    /// A seller of power asks for the end of the cooperation.
    TerminationAsked,
    /// Somebody of the staff wants money of a payment to go back.
    RefundAsked,
    /// A bill is doubted, and held back from payment until two persons have decided.
    BillFlagged,
}

impl CaseKind {
    pub const ALL: [Self; 16] = [
        Self::AmountMismatch,
        Self::Contradiction,
        Self::ForeignRefund,
        Self::PostingHeld,
        Self::RefundBlocked,
        Self::DeadLetter,
        Self::HolderConflict,
        Self::AccountConflict,
        Self::ArchiveConflict,
        Self::SettlementReview,
        Self::SettlementDispute,
        Self::PayoutDiffers,
        Self::ServiceRequest,
        Self::TerminationAsked,
        Self::RefundAsked,
        Self::BillFlagged,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AmountMismatch => "amount_mismatch",
            Self::Contradiction => "contradiction",
            Self::ForeignRefund => "foreign_refund",
            Self::PostingHeld => "posting_held",
            Self::RefundBlocked => "refund_blocked",
            Self::DeadLetter => "dead_letter",
            Self::HolderConflict => "holder_conflict",
            Self::AccountConflict => "account_conflict",
            Self::ArchiveConflict => "archive_conflict",
            Self::SettlementReview => "settlement_review",
            Self::SettlementDispute => "settlement_dispute",
            Self::PayoutDiffers => "payout_differs",
            Self::ServiceRequest => "service_request",
            Self::TerminationAsked => "termination_asked",
            Self::RefundAsked => "refund_asked",
            Self::BillFlagged => "bill_flagged",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// One open question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    pub case_id: CaseId,
    pub kind: CaseKind,
    /// Unique: a repeat of the cause finds the same case.
    pub cause: String,
    /// The id of what it is about, for example a payment id.
    pub subject: String,
    /// Canonical JSON of the facts that differ; no personal data.
    pub facts: String,
    pub opened_at: Time,
    pub trace_id: String,
    pub closed_at: Option<Time>,
}
