//! What the payer is told: a state derived from the three tables, what happens next, and by when.

use super::order::{Order, PostingLine, Purpose, Share, Via};
use super::{table_l as l, table_p as p, table_r as r, window};
use crate::shared::ids::BindingId;
use crate::shared::money::Fen;
use crate::shared::time::Time;

/// The state outward (api.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    Created,
    Paying,
    Closed,
    Paid,
    Posting,
    Posted,
    Refunding,
    Refunded,
    PartlyRefunded,
    UnderReview,
}

impl Standing {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Paying => "PAYING",
            Self::Closed => "CLOSED",
            Self::Paid => "PAID",
            Self::Posting => "POSTING",
            Self::Posted => "POSTED",
            Self::Refunding => "REFUNDING",
            Self::Refunded => "REFUNDED",
            Self::PartlyRefunded => "PARTLY_REFUNDED",
            Self::UnderReview => "UNDER_REVIEW",
        }
    }
}

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NextCode {
    PayInCashier,
    CheckingWithChannel,
    BeingCredited,
    CheckingWithUtility,
    Done,
    Closed,
    RefundOnTheWay,
    Refunded,
    PartlyRefunded,
    StaffWillDecide,
}

impl NextCode {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PayInCashier => "PAY_IN_CASHIER",
            Self::CheckingWithChannel => "CHECKING_WITH_CHANNEL",
            Self::BeingCredited => "BEING_CREDITED",
            Self::CheckingWithUtility => "CHECKING_WITH_UTILITY",
            Self::Done => "DONE",
            Self::Closed => "CLOSED",
            Self::RefundOnTheWay => "REFUND_ON_THE_WAY",
            Self::Refunded => "REFUNDED",
            Self::PartlyRefunded => "PARTLY_REFUNDED",
            Self::StaffWillDecide => "STAFF_WILL_DECIDE",
        }
    }
}

/// One step of the tracker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    pub code: NextCode,
    pub by: Option<Time>,
}

/// One home of an order as the payer sees it: each goes its own way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeView {
    pub binding_id: BindingId,
    pub amount: Fen,
    pub standing: Standing,
    pub posted_at: Option<Time>,
    /// It was paid for arrears and credited as a prepayment, as the payer chose: nothing was due any more.
    pub as_prepayment: bool,
}

/// A refund as the payer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundView {
    /// The home whose money goes back.
    pub binding_id: Option<BindingId>,
    pub amount: Fen,
    pub done_at: Option<Time>,
}

/// Money is credited within this long when nothing is wrong (the promise of the home page).
const CREDITED_WITHIN_S: i64 = 60;

impl Order {
    #[must_use]
    pub fn standing(&self) -> Standing {
        if self.payment.frozen || self.lines.iter().any(|line| line.frozen) {
            return Standing::UnderReview;
        }
        match self.payment.state {
            p::State::Created => Standing::Created,
            p::State::Paying | p::State::Closing => Standing::Paying,
            p::State::Closed => Standing::Closed,
            p::State::Suspense => Standing::UnderReview,
            p::State::Paid | p::State::Done => standing_of(self.lines.iter()),
        }
    }

    /// What the payer may expect, and by when.
    #[must_use]
    pub fn next_step(&self) -> Next {
        let payment = &self.payment;
        let step = |code, by| Next { code, by };
        match self.standing() {
            Standing::Created if payment.via == Via::Mini => {
                step(NextCode::CheckingWithChannel, Some(payment.expire_at))
            }
            Standing::Created => step(NextCode::PayInCashier, Some(payment.expire_at)),
            Standing::Paying if payment.state == p::State::Closing => step(
                NextCode::CheckingWithChannel,
                Some(window::beyond_doubt_at(payment.expire_at)),
            ),
            Standing::Paying => step(NextCode::PayInCashier, Some(payment.expire_at)),
            Standing::Closed => step(NextCode::Closed, None),
            Standing::Paid => step(NextCode::BeingCredited, self.credited_by()),
            Standing::Posting => {
                let doubt = self.lines.iter().any(is_in_doubt);
                if doubt {
                    step(NextCode::CheckingWithUtility, None)
                } else {
                    step(NextCode::BeingCredited, self.credited_by())
                }
            }
            Standing::Posted => step(NextCode::Done, None),
            Standing::Refunding => step(NextCode::RefundOnTheWay, self.returned_by()),
            Standing::Refunded => step(NextCode::Refunded, None),
            Standing::PartlyRefunded => step(NextCode::PartlyRefunded, None),
            Standing::UnderReview => step(NextCode::StaffWillDecide, None),
        }
    }

    fn credited_by(&self) -> Option<Time> {
        self.payment
            .paid_at
            .map(|paid| paid.plus_seconds(CREDITED_WITHIN_S))
    }

    /// A day after the oldest of what goes back began to: beyond it the payer is told that it is late
    /// (money.md table R).
    fn returned_by(&self) -> Option<Time> {
        let lines = self.lines.iter().filter(|line| is_going_back(line));
        let since = lines.map(|line| self.going_back_since(line)).min();
        since.map(|since| since.plus_seconds(window::OVERDUE_SECONDS))
    }

    /// Its open refund was planned then; before there is one, marketing's part of it began then.
    fn going_back_since(&self, line: &PostingLine) -> Time {
        let refunds = self.refunds.iter();
        let open = refunds.filter(|one| one.line_id == line.line_id && !one.state.is_final());
        let planned = open.map(|refund| refund.created_at).min();
        planned.unwrap_or(line.entered_at)
    }

    /// What of a line is on its way back to the payer, and since when. What somebody else gave back is not waited for.
    pub(super) fn going_back(&self, line: &PostingLine) -> Option<(Fen, Time)> {
        let mut refunds = self.refunds.iter();
        let open = refunds.find(|one| one.line_id == line.line_id && !one.state.is_final());
        if let Some(refund) = open {
            return Some((refund.amount, refund.created_at));
        }
        if !matches!(line.state, l::State::Reversing | l::State::MktRefund) {
            return None;
        }
        let payment = &self.payment;
        let given = payment.foreign.minus(payment.foreign_used).ok()?;
        let rest = line.amount.minus(given.min(line.amount)).ok()?;
        rest.is_positive().then_some((rest, line.entered_at))
    }

    /// When the last line was credited; only once all of them are.
    #[must_use]
    pub fn posted_at(&self) -> Option<Time> {
        let posted = self.standing() == Standing::Posted;
        posted
            .then(|| self.lines.iter().filter_map(|line| line.posted_at).max())
            .flatten()
    }

    /// Each home of the order by itself. Money of another sum than ordered is nobody's yet.
    #[must_use]
    pub fn home_views(&self) -> Vec<HomeView> {
        let whole = self.standing();
        let undecided = self.payment.state == p::State::Suspense;
        let view = |share: &Share| {
            // A home's line, and the parts that were split off it.
            let of_home =
                |line: &&PostingLine| !undecided && self.posting_of(line).line_no == share.line_no;
            let lines: Vec<&PostingLine> = self.lines.iter().filter(of_home).collect();
            let posted = || lines.iter().filter(|line| line.state == l::State::Posted);
            HomeView {
                binding_id: share.binding_id.clone(),
                amount: amount_of_home(&lines, share),
                standing: if lines.is_empty() {
                    whole
                } else {
                    self.standing_of_home(&lines)
                },
                posted_at: posted().filter_map(|line| line.posted_at).max(),
                as_prepayment: share.purpose == Purpose::Arrears && posted().any(is_prepayment),
            }
        };
        self.payment.shares.iter().map(view).collect()
    }

    fn standing_of_home(&self, lines: &[&PostingLine]) -> Standing {
        if self.payment.frozen || lines.iter().any(|line| line.frozen) {
            return Standing::UnderReview;
        }
        standing_of(lines.iter().copied())
    }

    /// Refunds that reach the payer: ours, and what went back to them another way.
    #[must_use]
    pub fn refund_views(&self) -> Vec<RefundView> {
        self.refunds
            .iter()
            .filter(|refund| refund.state != r::State::Withdrawn)
            .map(|refund| RefundView {
                binding_id: self.line(&refund.line_id).map(|l| l.binding_id.clone()),
                amount: refund.amount,
                done_at: refund.done_at,
            })
            .collect()
    }
}

/// What was refused first and stands with its bill after all went out with the bill's version.
fn is_prepayment(line: &&PostingLine) -> bool {
    line.purpose == Purpose::TopUp && line.arrears_version.is_none()
}

/// What was paid for a home: its share until there is a line, then the line and its parts together.
fn amount_of_home(lines: &[&PostingLine], share: &Share) -> Fen {
    let paid = Fen::sum(lines.iter().map(|line| line.amount));
    let paid = paid.ok().filter(|_| !lines.is_empty());
    paid.unwrap_or(share.amount)
}

/// Of all lines of an order, or of one home.
fn standing_of<'a>(lines: impl Iterator<Item = &'a PostingLine> + Clone) -> Standing {
    let all = |state: l::State| lines.clone().all(|line| line.state == state);
    let any = |test: fn(&PostingLine) -> bool| lines.clone().any(test);
    if any(|line| line.state == l::State::Held) {
        Standing::UnderReview
    } else if any(is_going_back) {
        Standing::Refunding
    } else if any(is_being_posted) {
        Standing::Posting
    } else if all(l::State::Ready) {
        Standing::Paid
    } else if any(|line| line.state == l::State::Ready) {
        Standing::Posting
    } else if all(l::State::Posted) {
        Standing::Posted
    } else if all(l::State::Refunded) {
        Standing::Refunded
    } else {
        Standing::PartlyRefunded
    }
}

const fn is_going_back(line: &PostingLine) -> bool {
    matches!(
        line.state,
        l::State::Reversing | l::State::MktRefund | l::State::RefundDue
    )
}

const fn is_being_posted(line: &PostingLine) -> bool {
    matches!(
        line.state,
        l::State::Posting
            | l::State::PostUnknown
            | l::State::FencingRepost
            | l::State::FencingRefund
    )
}

/// Marketing has not said what became of it: the tracker says so (money.md 2.2).
const fn is_in_doubt(line: &PostingLine) -> bool {
    matches!(
        line.state,
        l::State::PostUnknown | l::State::FencingRepost | l::State::FencingRefund
    )
}
