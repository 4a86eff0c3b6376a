//! How a case may end, and the two persons it takes: one proposes, another decides about the proposal.

use super::CaseKind;
use crate::shared::ids::CaseId;
use crate::shared::time::Time;

/// What may be done about a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// Suspense money is credited to the home that was ordered for (a8).
    CreditHome,
    /// A held line that never left us, or was fenced, is posted.
    Post,
    /// The number is fenced, then posted under a new one.
    FenceAndPost,
    /// The number is fenced, then the money goes back.
    FenceAndRefund,
    /// Marketing shows exactly this posting: it counts as posted.
    CountAsPosted,
    /// Marketing has let go of the money: it goes back.
    Refund,
    /// A blocked refund is asked for and sent again.
    RefundAgain,
    /// A blocked refund was paid by hand, with the bank's proof.
    RefundedByHand,
    /// What was posted is taken back from marketing.
    TakeBack,
    /// Looked into; nothing is left to be done here.
    Settled,
    /// A flagged bill is right as it is.
    BillStands,
    /// A flagged bill was corrected where it is kept, and can be made again now.
    BillCorrected,
}

impl Resolution {
    pub const ALL: [Self; 12] = [
        Self::CreditHome,
        Self::Post,
        Self::FenceAndPost,
        Self::FenceAndRefund,
        Self::CountAsPosted,
        Self::Refund,
        Self::RefundAgain,
        Self::RefundedByHand,
        Self::TakeBack,
        Self::Settled,
        Self::BillStands,
        Self::BillCorrected,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreditHome => "credit_home",
            Self::Post => "post",
            Self::FenceAndPost => "fence_and_post",
            Self::FenceAndRefund => "fence_and_refund",
            Self::CountAsPosted => "count_as_posted",
            Self::Refund => "refund",
            Self::RefundAgain => "refund_again",
            Self::RefundedByHand => "refunded_by_hand",
            Self::TakeBack => "take_back",
            Self::Settled => "settled",
            Self::BillStands => "bill_stands",
            Self::BillCorrected => "bill_corrected",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }
}

impl CaseKind {
    /// What may be done about a case of this kind.
    #[must_use]
    pub const fn resolutions(self) -> &'static [Resolution] {
        use Resolution as R;
        match self {
            Self::AmountMismatch => &[R::CreditHome],
            Self::PostingHeld => &[
                R::Post,
                R::FenceAndPost,
                R::FenceAndRefund,
                R::CountAsPosted,
                R::Refund,
            ],
            Self::RefundBlocked => &[R::RefundAgain, R::RefundedByHand, R::Settled],
            Self::ForeignRefund => &[R::TakeBack, R::Settled],
            Self::Contradiction => &[
                R::FenceAndPost,
                R::FenceAndRefund,
                R::CountAsPosted,
                R::Settled,
            ],
            Self::BillFlagged => &[R::BillCorrected, R::BillStands],
            _ => &[R::Settled],
        }
    }

    /// Within how many hours a case of this kind is to be decided.
    #[must_use]
    pub const fn hours(self) -> i64 {
        match self {
            Self::AmountMismatch | Self::PostingHeld | Self::RefundBlocked => 24,
            Self::Contradiction | Self::ForeignRefund => 4,
            Self::BillFlagged => 72,
            _ => 120,
        }
    }
}

/// Where a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalState {
    /// Waits for another person.
    Open,
    /// Another person agreed; it is being carried out, or was.
    Approved,
    Refused,
}

impl ProposalState {
    pub const ALL: [Self; 3] = [Self::Open, Self::Approved, Self::Refused];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Refused => "refused",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// One person's proposal how a case ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    pub proposal_id: String,
    pub case_id: CaseId,
    pub resolution: Resolution,
    /// The proposer's words; no personal data.
    pub reason: String,
    /// `staff:{id}`.
    pub proposed_by: String,
    pub proposed_at: Time,
    pub state: ProposalState,
    pub decided_by: Option<String>,
    pub decided_at: Option<Time>,
}

/// That somebody of the staff has taken a case up, so that no two work on one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taking {
    pub case_id: CaseId,
    /// `staff:{id}`.
    pub taken_by: String,
    pub taken_at: Time,
}

/// Characters of a reason.
pub const REASON_CHARS: std::ops::RangeInclusive<usize> = 4..=500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_an_end_and_every_end_a_kind() {
        for kind in CaseKind::ALL {
            assert!(
                !kind.resolutions().is_empty() && kind.hours() > 0,
                "{kind:?}"
            );
        }
        for resolution in Resolution::ALL {
            let of = |kind: &CaseKind| kind.resolutions().contains(&resolution);
            assert!(CaseKind::ALL.iter().any(of), "{resolution:?}");
            assert_eq!(Resolution::parse(resolution.as_str()), Some(resolution));
        }
    }
}
