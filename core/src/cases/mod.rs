//! Something a person must decide. Opened in the unit that found it, once per cause.

pub mod decision;
pub mod four_eyes;
pub mod ports;
pub mod rounds;

use serde::{Deserialize, Serialize};

use crate::shared::ids::{AccountId, BindingId, CaseId};
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
    /// A bill cannot be made again from its readings and prices, as it was first read; nothing is held back.
    BillDiffers,
    /// What the head-end says of a seller's month cannot be; nothing of it was kept.
    ReadingRefused,
    /// More payouts left within an hour than may without two persons: nothing leaves until they agree.
    PayoutsBraked,
    /// A person cannot be erased in the time the law gives, because money of theirs is still on its way.
    ErasureLate,
}

impl CaseKind {
    pub const ALL: [Self; 20] = [
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
        Self::BillDiffers,
        Self::ReadingRefused,
        Self::PayoutsBraked,
        Self::ErasureLate,
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
            Self::BillDiffers => "bill_differs",
            Self::ReadingRefused => "reading_refused",
            Self::PayoutsBraked => "payouts_braked",
            Self::ErasureLate => "erasure_late",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Who works through cases of a kind: a queue of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Queue {
    /// Payments, refunds, what is in suspense.
    Money,
    /// Who is whose home, and who somebody is.
    Homes,
    /// What the utility's archive lacks, or holds otherwise.
    Archive,
    /// Power that households sell.
    Solar,
    /// What people ask, and bills that are doubted.
    Service,
}

impl Queue {
    pub const ALL: [Self; 5] = [
        Self::Money,
        Self::Homes,
        Self::Archive,
        Self::Solar,
        Self::Service,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Money => "money",
            Self::Homes => "homes",
            Self::Archive => "archive",
            Self::Solar => "solar",
            Self::Service => "service",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|queue| queue.as_str() == text)
    }
}

impl CaseKind {
    /// The queue its cases stand in.
    #[must_use]
    pub const fn queue(self) -> Queue {
        match self {
            Self::AmountMismatch
            | Self::Contradiction
            | Self::ForeignRefund
            | Self::PostingHeld
            | Self::RefundBlocked
            | Self::DeadLetter
            | Self::RefundAsked
            | Self::PayoutsBraked => Queue::Money,
            Self::HolderConflict | Self::AccountConflict => Queue::Homes,
            Self::ArchiveConflict => Queue::Archive,
            Self::SettlementReview
            | Self::SettlementDispute
            | Self::PayoutDiffers
            | Self::ReadingRefused
            | Self::TerminationAsked => Queue::Solar,
            Self::ServiceRequest | Self::BillFlagged | Self::BillDiffers | Self::ErasureLate => {
                Queue::Service
            }
        }
    }
}

/// A home that a case is about, and whose link to it that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeBehind {
    pub binding_id: BindingId,
    pub account_id: AccountId,
    /// Of the supply office.
    pub region: String,
    /// Whether staff may be told whose it is: nobody is of a report that was made without a name.
    pub named: bool,
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

/// The fact that names one row.
#[derive(Deserialize)]
struct OfRow {
    row: Option<String>,
}

/// The facts that name what a request is about.
#[derive(Default, Deserialize)]
struct OfRequest {
    payment_id: Option<String>,
    binding_id: Option<String>,
}

impl Case {
    /// Whose line of time tells what came before it: of a request the payment or the home that it names, else its
    /// subject.
    #[must_use]
    pub fn line_of(&self) -> String {
        if self.kind != CaseKind::ServiceRequest {
            return self.subject.clone();
        }
        let read: OfRequest = serde_json::from_str(&self.facts).unwrap_or_default();
        let named = read.payment_id.or(read.binding_id);
        named.unwrap_or_else(|| self.subject.clone())
    }

    /// The id of the one row of its subject that it is about, when it names one: what is decided reaches
    /// no other, and the same may be told of that row once more.
    #[must_use]
    pub fn row(&self) -> Option<String> {
        let read: Option<OfRow> = serde_json::from_str(&self.facts).ok();
        read.and_then(|facts| facts.row)
    }
}
