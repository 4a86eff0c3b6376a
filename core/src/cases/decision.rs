//! How a case may end: what one person proposes, and another decides about.

use super::CaseKind;
use super::four_eyes::Proposed;
use crate::shared::ids::CaseId;
use crate::shared::money::Fen;
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
    /// A blocked refund was paid by bank transfer, with the bank's proof: all of it, or the sum that is named,
    /// when the rest was given at the merchant's desk.
    RefundedByBank,
    /// A blocked refund was given at the merchant's desk: the channel shows it.
    RefundedAtDesk,
    /// A blocked refund was paid by hand. Said before it was asked which way; offered no more.
    RefundedByHand,
    /// What was posted is taken back from marketing.
    TakeBack,
    /// A part of what was posted is taken back, the rest stays credited.
    TakeBackPart,
    /// What a contradiction stopped, or what has lasted too long, goes on as it stands.
    GoOn,
    /// Looked into; nothing is left to be done here.
    Settled,
    /// A flagged bill is right as it is.
    BillStands,
    /// A flagged bill was corrected where it is kept, and can be made again now.
    BillCorrected,
    /// A seller's readings were corrected at the head-end, and can be collected and settled now.
    ReadingCorrected,
    /// Two people claim a home: what they showed before counts no more, each proves anew.
    ProveAgain,
    /// The cooperation with somebody who sells power ends: keys, reserve and table are erased.
    EndCooperation,
    /// What is still owed for a month of sold power is paid by the payout that is held.
    PayRest,
    /// A month of sold power that was not settled within its time is settled all the same.
    SettleMonth,
    /// Payouts go on, counted from zero.
    ReleaseBrake,
}

impl Resolution {
    pub const ALL: [Self; 22] = [
        Self::CreditHome,
        Self::Post,
        Self::FenceAndPost,
        Self::FenceAndRefund,
        Self::CountAsPosted,
        Self::Refund,
        Self::RefundAgain,
        Self::RefundedByBank,
        Self::RefundedAtDesk,
        Self::RefundedByHand,
        Self::TakeBack,
        Self::TakeBackPart,
        Self::GoOn,
        Self::Settled,
        Self::BillStands,
        Self::BillCorrected,
        Self::ReadingCorrected,
        Self::ProveAgain,
        Self::EndCooperation,
        Self::PayRest,
        Self::SettleMonth,
        Self::ReleaseBrake,
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
            Self::RefundedByBank => "refunded_by_bank",
            Self::RefundedAtDesk => "refunded_at_desk",
            Self::RefundedByHand => "refunded_by_hand",
            Self::TakeBack => "take_back",
            Self::TakeBackPart => "take_back_part",
            Self::GoOn => "go_on",
            Self::Settled => "settled",
            Self::BillStands => "bill_stands",
            Self::BillCorrected => "bill_corrected",
            Self::ReadingCorrected => "reading_corrected",
            Self::ProveAgain => "prove_again",
            Self::EndCooperation => "end_cooperation",
            Self::PayRest => "pay_rest",
            Self::SettleMonth => "settle_month",
            Self::ReleaseBrake => "release_brake",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }

    /// Whether it is proposed with these parts: a part taken back names them, money without a home may
    /// be divided by them, what a bank paid of a refund may be named, and nothing else has any.
    #[must_use]
    pub const fn goes_with(self, parts: &[Part]) -> bool {
        match self {
            Self::TakeBackPart => !parts.is_empty(),
            Self::CreditHome => true,
            Self::RefundedByBank => parts.len() <= 1,
            _ => parts.is_empty(),
        }
    }

    /// Whether it is proposed with the number of a bank transfer, and with nothing else is.
    #[must_use]
    pub const fn needs_proof(self) -> bool {
        matches!(self, Self::RefundedByBank)
    }
}

/// Characters of the number of a bank transfer.
pub const PROOF_CHARS: std::ops::RangeInclusive<usize> = 6..=64;

/// Whether this may be the number of a bank transfer: letters, digits and hyphens.
#[must_use]
pub fn is_proof(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    PROOF_CHARS.contains(&text.len()) && text.bytes().all(fits)
}

/// Parts one proposal may name.
pub const PARTS_MAX: usize = 20;

/// So much of one line of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    pub line_no: i64,
    pub amount: Fen,
}

impl Part {
    /// Reads `1=50.00 2=78.40`: lines and yuan, no line twice, nothing that is not above zero.
    #[must_use]
    pub fn parse_all(text: &str) -> Option<Vec<Self>> {
        let mut parts: Vec<Self> = Vec::new();
        for word in text.split_ascii_whitespace() {
            let (line_no, yuan) = word.split_once('=')?;
            let line_no: u8 = line_no.parse().ok().filter(|no| (1..=99).contains(no))?;
            let part = Self {
                line_no: i64::from(line_no),
                amount: Fen::parse_yuan(yuan).ok().filter(|fen| fen.is_positive())?,
            };
            let twice = parts.iter().any(|known| known.line_no == part.line_no);
            if twice || parts.len() >= PARTS_MAX {
                return None;
            }
            parts.push(part);
        }
        Some(parts)
    }

    /// As [`Part::parse_all`] reads it.
    #[must_use]
    pub fn render_all(parts: &[Self]) -> String {
        let words = parts.iter();
        let words = words.map(|part| format!("{}={}", part.line_no, part.amount.yuan()));
        words.collect::<Vec<_>>().join(" ")
    }
}

impl CaseKind {
    /// What may be done about a case of this kind.
    #[must_use]
    pub const fn resolutions(self) -> &'static [Resolution] {
        use Resolution as R;
        match self {
            Self::AmountMismatch => &[R::CreditHome, R::FenceAndRefund],
            Self::PostingHeld => &[
                R::Post,
                R::FenceAndPost,
                R::FenceAndRefund,
                R::CountAsPosted,
                R::Refund,
                R::GoOn,
            ],
            Self::RefundBlocked => &[
                R::RefundAgain,
                R::RefundedByBank,
                R::RefundedAtDesk,
                R::Settled,
            ],
            Self::ForeignRefund | Self::RefundAsked => &[R::TakeBack, R::TakeBackPart, R::Settled],
            Self::Contradiction => &[
                R::FenceAndPost,
                R::FenceAndRefund,
                R::CountAsPosted,
                R::TakeBack,
                R::GoOn,
                R::Settled,
            ],
            Self::BillFlagged => &[R::BillCorrected, R::BillStands],
            Self::ReadingRefused => &[R::ReadingCorrected, R::Settled],
            Self::HolderConflict => &[R::ProveAgain, R::Settled],
            Self::TerminationAsked => &[R::EndCooperation, R::Settled],
            Self::PayoutDiffers => &[R::PayRest, R::SettleMonth, R::Settled],
            Self::PayoutsBraked => &[R::ReleaseBrake],
            Self::DeadLetter
            | Self::AccountConflict
            | Self::ArchiveConflict
            | Self::SettlementReview
            | Self::SettlementDispute
            | Self::ServiceRequest
            | Self::BillDiffers
            | Self::ErasureLate => &[R::Settled],
        }
    }

    /// Within how many hours a case of this kind is to be decided.
    #[must_use]
    pub const fn hours(self) -> i64 {
        match self {
            Self::AmountMismatch | Self::PostingHeld | Self::RefundBlocked => 24,
            Self::Contradiction | Self::ForeignRefund | Self::PayoutsBraked => 4,
            Self::BillFlagged | Self::BillDiffers | Self::ReadingRefused | Self::ErasureLate => 72,
            Self::DeadLetter
            | Self::HolderConflict
            | Self::AccountConflict
            | Self::ArchiveConflict
            | Self::SettlementReview
            | Self::SettlementDispute
            | Self::PayoutDiffers
            | Self::ServiceRequest
            | Self::TerminationAsked
            | Self::RefundAsked => 120,
        }
    }
}

/// How somebody wants a case to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    pub case_id: CaseId,
    pub resolution: Resolution,
    pub parts: Vec<Part>,
}

/// One person's proposal how a case ends.
pub type Proposal = Proposed<Ending>;

/// That somebody of the staff has taken a case up, so that no two work on one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taking {
    pub case_id: CaseId,
    /// `staff:{id}`.
    pub taken_by: String,
    pub taken_at: Time,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_as_they_are_written() {
        let read = |text: &str| Part::parse_all(text).map(|parts| Part::render_all(&parts));
        assert_eq!(read("1=50 12=78.4").as_deref(), Some("1=50.00 12=78.40"));
        assert_eq!(read("  ").as_deref(), Some(""));
        for wrong in [
            "1", "=5", "1=", "1=0", "1=-5", "0=5", "100=5", "1=5 1=6", "1=5.001", "one=5",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        let many = |n: usize| (1..=n).map(|no| format!("{no}=1 ")).collect::<String>();
        assert!(read(&many(PARTS_MAX)).is_some());
        assert_eq!(read(&many(PARTS_MAX.saturating_add(1))), None);
    }

    #[test]
    fn the_number_of_a_transfer_has_6_to_64_letters_and_digits() {
        assert!(is_proof("BT-2026") && is_proof("123456") && is_proof(&"a".repeat(64)));
        for wrong in ["", "12345", "1234 5678", "凭证凭证", &"a".repeat(65)] {
            assert!(!is_proof(wrong), "{wrong}");
        }
    }

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
            let offered = resolution != Resolution::RefundedByHand;
            assert_eq!(CaseKind::ALL.iter().any(of), offered, "{resolution:?}");
            assert_eq!(Resolution::parse(resolution.as_str()), Some(resolution));
        }
    }
}
