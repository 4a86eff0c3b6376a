//! What was seen or asked, in the words of the tables, with the facts it carries.

use super::order::ClosedText;
use super::parts::WantedPart;
use super::{table_l as l, table_p as p, table_r as r};
use crate::shared::ids::{LineId, RefundId};
use crate::shared::money::Fen;
use crate::shared::time::Time;

/// One input for one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// When the answer was asked for; a stale one is recorded, not applied (money.md G5).
    pub asked_at: Time,
    pub what: Observed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observed {
    Channel(p::Input, ChannelFact),
    Line(LineId, l::Input, LineFact),
    Refund(RefundId, r::Input, RefundFact),
}

/// Which of our calls an answer belongs to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Call {
    /// A notice, a decision of ours, a tap.
    #[default]
    None,
    Create,
    /// A create that provably never left us.
    CreateNotSent,
    Query,
    Close,
}

/// What a channel input carries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChannelFact {
    pub call: Call,
    pub trade_no: Option<String>,
    /// The sum the channel took.
    pub total: Option<Fen>,
    pub paid_at: Option<Time>,
    /// Cumulative sum of all refunds the channel shows.
    pub refunded: Option<Fen>,
    /// The cashier URL is being minted.
    pub minted: bool,
    /// How two persons divide suspense money among the homes of the order.
    pub named: Vec<Named>,
    /// Two persons looked into a contradiction: the order goes on as it stands, and nothing is named.
    pub goes_on: bool,
}

/// A part of suspense money and the line of the order it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    pub line_no: i64,
    pub amount: Fen,
}

/// What a line input carries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineFact {
    /// The number that was asked about. A line that has a new number since is told nothing by it.
    pub number: Option<String>,
    /// The posting as marketing states it.
    pub mkt_txn_no: Option<String>,
    pub business_date: Option<String>,
    pub posted_at: Option<Time>,
    /// The body to freeze for the first send under the present number.
    pub body: Option<ClosedText>,
    /// The arrears version that body was made with.
    pub arrears_version: Option<String>,
    /// That body credits it as a prepayment, as the payer chose: nothing is due any more.
    pub as_prepayment: bool,
    /// A refusal that may not become a prepayment (CONSUMER_UNAVAILABLE, CLOSED_ACCOUNT).
    pub never_prepay: bool,
    /// b5 is met.
    pub absent_from_files: bool,
    pub ruling: Option<l::Ruling>,
    /// Two persons looked into what stopped the line, or kept it so long: it goes on as it stands.
    pub goes_on: bool,
    /// Two persons named the line (a8): left held, it is told of.
    pub named: bool,
    /// Only so much of the line is wanted back (b7).
    pub part: Option<WantedPart>,
}

/// What a refund input carries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefundFact {
    pub brake_open: bool,
    /// The brake was asked and did not let it pass.
    pub braked: bool,
    pub ruling: Option<r::Ruling>,
    /// With [`r::Ruling::Bank`]: so much of it, where somebody gave the rest at the merchant's desk.
    pub by_bank: Option<Fen>,
}

impl Observation {
    #[must_use]
    pub const fn channel(asked_at: Time, input: p::Input, fact: ChannelFact) -> Self {
        Self {
            asked_at,
            what: Observed::Channel(input, fact),
        }
    }

    #[must_use]
    pub const fn line(asked_at: Time, line: LineId, input: l::Input, fact: LineFact) -> Self {
        Self {
            asked_at,
            what: Observed::Line(line, input, fact),
        }
    }

    #[must_use]
    pub const fn refund(asked_at: Time, id: RefundId, input: r::Input, fact: RefundFact) -> Self {
        Self {
            asked_at,
            what: Observed::Refund(id, input, fact),
        }
    }
}

/// What must be asked of the outside because of a decision, after the unit is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    QueryTrade,
    ResendCreate,
    CloseTrade,
    /// The channel shows more refunds than are done: ask for each open one, then judge.
    CheckRefunds {
        shown: Fen,
        seen_at: Time,
    },
    Post(LineId),
    GetPosting(LineId),
    Fence(LineId),
    Reverse(LineId),
    Voucher(LineId),
    SendRefund(RefundId),
    QueryRefund(RefundId),
}

impl Ask {
    /// Nothing outside changes by it.
    #[must_use]
    pub const fn is_question(&self) -> bool {
        match self {
            Self::QueryTrade
            | Self::CheckRefunds { .. }
            | Self::GetPosting(_)
            | Self::QueryRefund(_) => true,
            Self::ResendCreate
            | Self::CloseTrade
            | Self::Post(_)
            | Self::Fence(_)
            | Self::Reverse(_)
            | Self::Voucher(_)
            | Self::SendRefund(_) => false,
        }
    }
}

/// One line of the record of what was seen, kept once per row, state and input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighted {
    /// `P`, `L` or `R`.
    pub table: &'static str,
    /// The payment's, line's or refund's id.
    pub row_id: String,
    pub state: &'static str,
    pub input: &'static str,
    pub next: &'static str,
    /// False when it was older than what is known already.
    pub applied: bool,
    pub asked_at: Time,
}
