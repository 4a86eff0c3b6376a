//! One payment order with its lines and refunds: the whole that is loaded, decided on and saved
//! together, under one version and one lease.

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::parts::PartOf;
use super::{table_l as l, table_p as p, table_r as r};
use crate::shared::ids::{AccountId, BindingId, LineId, PaymentId, RefundId, SessionId};
use crate::shared::money::Fen;
use crate::shared::personal::ConsumerNo;
use crate::shared::time::Time;

/// What an order is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The whole amount due.
    Arrears,
    /// A prepayment.
    TopUp,
}

impl Purpose {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Arrears => "arrears",
            Self::TopUp => "top_up",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Arrears, Self::TopUp]
            .into_iter()
            .find(|purpose| purpose.as_str() == text)
    }

    /// The marketing system's word.
    #[must_use]
    pub const fn posting_word(self) -> &'static str {
        match self {
            Self::Arrears => "arrears",
            Self::TopUp => "prepayment",
        }
    }
}

/// How the payer reaches the cashier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// The mini-program: the trade is made by us, paid by its trade_no.
    Mini,
    /// A browser: the trade is made by the payer's tap on a signed URL.
    H5,
}

impl Via {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mini => "mini",
            Self::H5 => "h5",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Mini, Self::H5]
            .into_iter()
            .find(|via| via.as_str() == text)
    }
}

/// Text that holds personal data (a frozen body, a ticket): sealed at rest, never printable.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClosedText(String);

impl ClosedText {
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The clear text, for the outside call or the cipher.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for ClosedText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[ClosedText]")
    }
}

/// Who must pay at the channel: the same person from the first send to the last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Buyer {
    pub open_id: Option<ClosedText>,
    pub user_id: Option<ClosedText>,
}

/// What the order pays for one home, fixed when it is made; a paid order's lines come from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    pub line_no: i64,
    pub binding_id: BindingId,
    pub consumer_no: ConsumerNo,
    pub amount: Fen,
    pub purpose: Purpose,
    /// The arrears version the payer agreed to; absent for a top-up.
    pub arrears_version: Option<String>,
    /// The payer wants it kept as prepayment when nothing is due any more (money.md 1, note 3); never for a top-up.
    pub keep_as_prepayment: bool,
}

/// What a claim keeps others from opening a second order for (money.md 2.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimKey {
    pub consumer_no: ConsumerNo,
    pub kind: ClaimKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimKind {
    /// One per home: over versions, users, arrears and debits.
    Arrears,
    /// One per home and payer.
    TopUp(AccountId),
}

impl Share {
    #[must_use]
    pub fn claim(&self, account: &AccountId) -> ClaimKey {
        let kind = match self.purpose {
            Purpose::Arrears => ClaimKind::Arrears,
            Purpose::TopUp => ClaimKind::TopUp(account.clone()),
        };
        ClaimKey {
            consumer_no: self.consumer_no.clone(),
            kind,
        }
    }
}

/// The order itself (table P).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    pub payment_id: PaymentId,
    pub account_id: AccountId,
    pub binding_id: BindingId,
    /// The family of the session that may open the pay ticket: its id may change meanwhile.
    pub session_id: SessionId,
    pub purpose: Purpose,
    pub via: Via,
    pub state: p::State,
    /// Rises with every save of the order, its lines or its refunds.
    pub version: i64,
    /// Rises with every lease; a worker whose epoch is old may not write.
    pub lease_epoch: i64,
    pub out_trade_no: String,
    pub amount: Fen,
    /// Shown to the payer; no personal data.
    pub subject: String,
    pub shares: Vec<Share>,
    pub buyer: Buyer,
    /// The exact create body, frozen before the first send.
    pub body: Option<ClosedText>,
    pub ticket: Option<ClosedText>,
    pub ticket_digest: Option<String>,
    /// Sends begun under this number, and how many of them were answered (or proven not to have left).
    pub sends: i64,
    pub answers: i64,
    pub trade_no: Option<String>,
    pub minted_at: Option<Time>,
    pub created_at: Time,
    pub expire_at: Time,
    pub paid_at: Option<Time>,
    pub closed_at: Option<Time>,
    pub done_at: Option<Time>,
    /// What the channel took, booked once.
    pub paid: Fen,
    /// Planned, sent and done refunds, and foreign ones: never more than `paid` (CHECK).
    pub refund_reserved: Fen,
    /// Sum of our DONE refunds.
    pub refunded: Fen,
    /// Money whose line has no name yet (a4).
    pub suspense: Fen,
    /// Booked refunds that are not ours.
    pub foreign: Fen,
    /// The part of `foreign` that has closed lines already.
    pub foreign_used: Fen,
    /// The most that the channel ever showed as given back, whoever gave it.
    pub shown: Fen,
    /// When it was asked, or told, so much first.
    pub shown_at: Option<Time>,
    /// The order holds its claims.
    pub has_lock: bool,
    /// A contradiction stopped everything but looking.
    pub frozen: bool,
    /// A CLOSED order is watched until the bill of its expire day is there ([`super::window::watched_until`]).
    pub watched: bool,
    /// When the present state was entered, and the turns taken in it.
    pub entered_at: Time,
    pub turns: i64,
    pub next_at: Option<Time>,
    /// The latest moment an applied observation was asked at (money.md G5).
    pub asked_at: Option<Time>,
    pub trace_id: String,
}

impl Payment {
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self.state {
            p::State::Done => true,
            p::State::Closed => !self.watched,
            p::State::Created
            | p::State::Paying
            | p::State::Closing
            | p::State::Paid
            | p::State::Suspense => false,
        }
    }

    #[must_use]
    pub const fn unanswered(&self) -> bool {
        self.sends > self.answers
    }

    #[must_use]
    pub const fn left_us(&self) -> bool {
        self.sends > 0 || self.minted_at.is_some()
    }

    /// What is not due any more is kept as prepayment: the payer chose so for the whole order.
    #[must_use]
    pub fn keeps_as_prepayment(&self) -> bool {
        self.shares.iter().any(|share| share.keep_as_prepayment)
    }
}

/// What a line must ask about before it may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    None,
    /// Paid late (a6): is it still due?
    StillDue,
    /// Posted again under a new number (b3): what is due now?
    FreshArrears,
}

impl Check {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::StillDue => "still_due",
            Self::FreshArrears => "fresh_arrears",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::None, Self::StillDue, Self::FreshArrears]
            .into_iter()
            .find(|check| check.as_str() == text)
    }
}

/// How the last look at marketing found the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    Same,
    Other,
    NotThere,
}

impl Sighting {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Other => "other",
            Self::NotThere => "not_there",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Same, Self::Other, Self::NotThere]
            .into_iter()
            .find(|sighting| sighting.as_str() == text)
    }
}

/// One home's part of a paid order (table L).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostingLine {
    pub line_id: LineId,
    pub line_no: i64,
    /// Number of the posting number in use, from 1.
    pub attempt: i64,
    pub state: l::State,
    pub channel_txn_no: String,
    pub binding_id: BindingId,
    pub consumer_no: ConsumerNo,
    pub amount: Fen,
    pub purpose: Purpose,
    pub arrears_version: Option<String>,
    /// Set for a part that was split off another line.
    pub part_of: Option<PartOf>,
    /// The exact posting body of this number, frozen before its first send.
    pub body: Option<ClosedText>,
    pub check: Check,
    pub sent_at: Option<Time>,
    /// Sends of the present number after the first.
    pub resends: i64,
    /// "Not found" since the last send, counted only when far enough apart.
    pub not_found: i64,
    pub not_found_at: Option<Time>,
    pub want_refund: bool,
    /// As its share says.
    pub keep_as_prepayment: bool,
    pub fenced: bool,
    /// The posting is in our books (b2) and was not taken back.
    pub credited: bool,
    /// Marketing reversed the posting or approved its refund.
    pub let_go: bool,
    /// Refund vouchers that marketing refused under the present number.
    pub voucher_refusals: i64,
    pub sighting: Option<Sighting>,
    pub mkt_txn_no: Option<String>,
    pub business_date: Option<String>,
    pub posted_at: Option<Time>,
    /// When the payer was told that its money is late on the way back; they are told once.
    pub told_late_at: Option<Time>,
    pub frozen: bool,
    pub entered_at: Time,
    pub turns: i64,
    pub next_at: Option<Time>,
    pub asked_at: Option<Time>,
}

impl PostingLine {
    /// Whether marketing may know the present number: it was sent, or marketing spoke of it.
    #[must_use]
    pub const fn may_be_known(&self) -> bool {
        self.sent_at.is_some() || self.sighting.is_some()
    }
}

/// Money on its way back to the payer (table R).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    pub refund_id: RefundId,
    pub line_id: LineId,
    pub out_request_no: String,
    /// Unique: one refund per cause (money.md 2.11).
    pub cause: String,
    pub amount: Fen,
    pub state: r::State,
    pub sent_at: Option<Time>,
    /// Empty queries since the last send, and the first of them.
    pub empties: i64,
    pub empty_since: Option<Time>,
    pub empty_at: Option<Time>,
    pub created_at: Time,
    pub done_at: Option<Time>,
    /// So much of it a bank paid, as two persons said: the channel shows nothing of that.
    pub by_bank: Fen,
    pub frozen: bool,
    pub entered_at: Time,
    pub turns: i64,
    pub next_at: Option<Time>,
    pub asked_at: Option<Time>,
}

/// A payment with everything that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub payment: Payment,
    pub lines: Vec<PostingLine>,
    pub refunds: Vec<Refund>,
}

impl Order {
    /// The earliest moment any row is owed a turn; `None` when all of them are final.
    #[must_use]
    pub fn wake_at(&self) -> Option<Time> {
        let lines = self.lines.iter().filter_map(|line| line.next_at);
        let refunds = self.refunds.iter().filter_map(|refund| refund.next_at);
        self.payment
            .next_at
            .into_iter()
            .chain(lines)
            .chain(refunds)
            .min()
    }

    #[must_use]
    pub fn line(&self, id: &LineId) -> Option<&PostingLine> {
        self.lines.iter().find(|line| line.line_id == *id)
    }

    #[must_use]
    pub fn refund(&self, id: &RefundId) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.refund_id == *id)
    }

    #[must_use]
    pub fn lines_final(&self) -> bool {
        !self.lines.is_empty() && self.lines.iter().all(|line| line.state.is_final())
    }

    /// A contradiction stopped the line: only looking is left.
    #[must_use]
    pub const fn stops_line(&self, line: &PostingLine) -> bool {
        (self.payment.frozen || line.frozen) && !line.state.is_final()
    }

    /// As [`Order::stops_line`]; a stopped line stops the money that would leave by it.
    #[must_use]
    pub fn stops_refund(&self, refund: &Refund) -> bool {
        let line = self.line(&refund.line_id).is_some_and(|line| line.frozen);
        (self.payment.frozen || line || refund.frozen) && !refund.state.is_final()
    }
}
