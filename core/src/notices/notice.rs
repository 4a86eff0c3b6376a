//! One notice. It holds facts, not sentences: the words are made when somebody reads them.

use serde::{Deserialize, Serialize};

use super::moved::{BillMove, FunctionMove, Progress};
use crate::shared::ids::{AccountId, EventId, NoticeId, PaymentId};
use crate::shared::money::Fen;
use crate::shared::period::Period;
use crate::shared::time::Time;

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The utility has credited a payment.
    Credited,
    /// The money of a payment went back to where it came from, whatever the cause: paid late,
    /// paid twice, or not accepted by the utility.
    Refunded,
    /// Money is longer on its way back than was promised.
    RefundLate,
    /// To the holder: somebody accepted an invitation to the home.
    SharingAccepted,
    /// To the holder: what was shared ended on its day.
    SharingOver,
    /// To the one it was shared with: it ended on its day.
    AccessOver,
    /// To the one it was taken from: the holder took the access away.
    AccessTaken,
    /// To everybody linked: the home has another holder.
    HolderChanged,
    /// To those who claim a home that somebody else claims too.
    HolderDisputed,
    /// Everything known of the person was handed out.
    DataExported,
    /// The person asked to be erased.
    ErasureAsked,
    /// The person took that back.
    ErasureWithdrawn,
    /// The person could not be erased in time, because money of theirs is on its way.
    ErasureLate,
    /// What the person asked of the utility has moved on.
    RequestMoved,
    /// A function was suspended for the person, or opened again.
    FunctionMoved,
    /// A bill of a home of theirs is being verified, or is no more.
    BillMoved,
    /// A month's settlement of sold power waits to be checked.
    CheckTask,
    /// It still does, and the time runs out.
    CheckReminder,
    /// The reviewer agrees with the amount.
    ReviewUpheld,
    /// The reviewer says another amount; a new task is about it.
    ReviewCorrected,
    /// The money of a month was paid.
    PaidOut,
    /// The bank gave it back.
    PayoutReturned,
    /// The platform refused to pay it, several times.
    PayoutRefused,
    /// Sold power is paid to another account from a day on.
    PayeeChanged,
}

impl Kind {
    pub const ALL: [Self; 24] = [
        Self::Credited,
        Self::Refunded,
        Self::RefundLate,
        Self::SharingAccepted,
        Self::SharingOver,
        Self::AccessOver,
        Self::AccessTaken,
        Self::HolderChanged,
        Self::HolderDisputed,
        Self::DataExported,
        Self::ErasureAsked,
        Self::ErasureWithdrawn,
        Self::ErasureLate,
        Self::RequestMoved,
        Self::FunctionMoved,
        Self::BillMoved,
        Self::CheckTask,
        Self::CheckReminder,
        Self::ReviewUpheld,
        Self::ReviewCorrected,
        Self::PaidOut,
        Self::PayoutReturned,
        Self::PayoutRefused,
        Self::PayeeChanged,
    ];

    /// Told to every contact, agreed to or not: what a thief of the phone would want to pass unseen
    /// (money.md 3.15), and that a right of theirs is late.
    #[must_use]
    pub const fn is_alarm(self) -> bool {
        matches!(
            self,
            Self::DataExported
                | Self::ErasureAsked
                | Self::ErasureWithdrawn
                | Self::ErasureLate
                | Self::PayeeChanged
        )
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credited => "credited",
            Self::Refunded => "refunded",
            Self::RefundLate => "refund_late",
            Self::SharingAccepted => "sharing_accepted",
            Self::SharingOver => "sharing_over",
            Self::AccessOver => "access_over",
            Self::AccessTaken => "access_taken",
            Self::HolderChanged => "holder_changed",
            Self::HolderDisputed => "holder_disputed",
            Self::DataExported => "data_exported",
            Self::ErasureAsked => "erasure_asked",
            Self::ErasureWithdrawn => "erasure_withdrawn",
            Self::ErasureLate => "erasure_late",
            Self::RequestMoved => "request_moved",
            Self::FunctionMoved => "function_moved",
            Self::BillMoved => "bill_moved",
            Self::CheckTask => "check_task",
            Self::CheckReminder => "check_reminder",
            Self::ReviewUpheld => "review_upheld",
            Self::ReviewCorrected => "review_corrected",
            Self::PaidOut => "paid_out",
            Self::PayoutReturned => "payout_returned",
            Self::PayoutRefused => "payout_refused",
            Self::PayeeChanged => "payee_changed",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// The facts of money that arrived or came back. Sealed at rest: they say what a home pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The last four digits of the consumer number, as people name their home.
    pub consumer_tail: String,
    pub amount_fen: Fen,
    /// When the money arrived or came back, not when we heard of it.
    pub happened_at: Time,
}

/// The facts of who may use a home. Sealed at rest: they say who lives with whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    pub consumer_tail: String,
    /// The other person, masked; absent when their name is not certified, or nobody's business.
    pub person_masked: Option<String>,
    pub happened_at: Time,
}

/// The facts of an act with all that is known of a person, or with where their money goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnData {
    pub happened_at: Time,
    /// When the person is to be erased; when the new account is paid first.
    pub due_at: Option<Time>,
}

/// The facts of a month of sold power. Sealed at rest: they say what a household earns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoldMonth {
    /// The check task it is about.
    pub check_task_id: String,
    pub period: Period,
    pub amount_fen: Fen,
    pub happened_at: Time,
    /// Until when it may be answered, where that is open.
    pub due_at: Option<Time>,
}

/// A fact somebody is told: its kind, with the facts that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    Credited(Receipt),
    Refunded(Receipt),
    /// Its moment is when the money began to go back.
    RefundLate(Receipt),
    SharingAccepted(Standing),
    SharingOver(Standing),
    AccessOver(Standing),
    AccessTaken(Standing),
    HolderChanged(Standing),
    HolderDisputed(Standing),
    DataExported(OwnData),
    ErasureAsked(OwnData),
    ErasureWithdrawn(OwnData),
    /// Its moment is when it was asked for.
    ErasureLate(OwnData),
    RequestMoved(Progress),
    FunctionMoved(FunctionMove),
    BillMoved(BillMove),
    CheckTask(SoldMonth),
    CheckReminder(SoldMonth),
    ReviewUpheld(SoldMonth),
    ReviewCorrected(SoldMonth),
    PaidOut(SoldMonth),
    PayoutReturned(SoldMonth),
    PayoutRefused(SoldMonth),
    PayeeChanged(OwnData),
}

impl Told {
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Credited(_) => Kind::Credited,
            Self::Refunded(_) => Kind::Refunded,
            Self::RefundLate(_) => Kind::RefundLate,
            Self::SharingAccepted(_) => Kind::SharingAccepted,
            Self::SharingOver(_) => Kind::SharingOver,
            Self::AccessOver(_) => Kind::AccessOver,
            Self::AccessTaken(_) => Kind::AccessTaken,
            Self::HolderChanged(_) => Kind::HolderChanged,
            Self::HolderDisputed(_) => Kind::HolderDisputed,
            Self::DataExported(_) => Kind::DataExported,
            Self::ErasureAsked(_) => Kind::ErasureAsked,
            Self::ErasureWithdrawn(_) => Kind::ErasureWithdrawn,
            Self::ErasureLate(_) => Kind::ErasureLate,
            Self::RequestMoved(_) => Kind::RequestMoved,
            Self::FunctionMoved(_) => Kind::FunctionMoved,
            Self::BillMoved(_) => Kind::BillMoved,
            Self::CheckTask(_) => Kind::CheckTask,
            Self::CheckReminder(_) => Kind::CheckReminder,
            Self::ReviewUpheld(_) => Kind::ReviewUpheld,
            Self::ReviewCorrected(_) => Kind::ReviewCorrected,
            Self::PaidOut(_) => Kind::PaidOut,
            Self::PayoutReturned(_) => Kind::PayoutReturned,
            Self::PayoutRefused(_) => Kind::PayoutRefused,
            Self::PayeeChanged(_) => Kind::PayeeChanged,
        }
    }

    /// The check task it is about, when it is about one.
    #[must_use]
    pub fn check_task(&self) -> Option<&str> {
        match self {
            Self::CheckTask(sold)
            | Self::CheckReminder(sold)
            | Self::ReviewUpheld(sold)
            | Self::ReviewCorrected(sold)
            | Self::PaidOut(sold)
            | Self::PayoutReturned(sold)
            | Self::PayoutRefused(sold) => Some(&sold.check_task_id),
            _ => None,
        }
    }

    /// The facts as they are kept, without the kind.
    ///
    /// # Errors
    /// When they cannot be written, which no facts of these types do.
    pub fn facts(&self) -> Result<String, serde_json::Error> {
        match self {
            Self::Credited(receipt) | Self::Refunded(receipt) | Self::RefundLate(receipt) => {
                serde_json::to_string(receipt)
            }
            Self::SharingAccepted(standing)
            | Self::SharingOver(standing)
            | Self::AccessOver(standing)
            | Self::AccessTaken(standing)
            | Self::HolderChanged(standing)
            | Self::HolderDisputed(standing) => serde_json::to_string(standing),
            Self::DataExported(own)
            | Self::ErasureAsked(own)
            | Self::ErasureWithdrawn(own)
            | Self::ErasureLate(own)
            | Self::PayeeChanged(own) => serde_json::to_string(own),
            Self::RequestMoved(progress) => serde_json::to_string(progress),
            Self::FunctionMoved(moved) => serde_json::to_string(moved),
            Self::BillMoved(moved) => serde_json::to_string(moved),
            Self::CheckTask(sold)
            | Self::CheckReminder(sold)
            | Self::ReviewUpheld(sold)
            | Self::ReviewCorrected(sold)
            | Self::PaidOut(sold)
            | Self::PayoutReturned(sold)
            | Self::PayoutRefused(sold) => serde_json::to_string(sold),
        }
    }

    /// Reads what [`Told::facts`] wrote; none when these are not the facts of that kind.
    #[must_use]
    pub fn read(kind: Kind, facts: &str) -> Option<Self> {
        let receipt = || serde_json::from_str(facts).ok();
        let standing = || serde_json::from_str(facts).ok();
        let own = || serde_json::from_str(facts).ok();
        let sold = || serde_json::from_str(facts).ok();
        match kind {
            Kind::Credited => receipt().map(Self::Credited),
            Kind::Refunded => receipt().map(Self::Refunded),
            Kind::RefundLate => receipt().map(Self::RefundLate),
            Kind::SharingAccepted => standing().map(Self::SharingAccepted),
            Kind::SharingOver => standing().map(Self::SharingOver),
            Kind::AccessOver => standing().map(Self::AccessOver),
            Kind::AccessTaken => standing().map(Self::AccessTaken),
            Kind::HolderChanged => standing().map(Self::HolderChanged),
            Kind::HolderDisputed => standing().map(Self::HolderDisputed),
            Kind::DataExported => own().map(Self::DataExported),
            Kind::ErasureAsked => own().map(Self::ErasureAsked),
            Kind::ErasureWithdrawn => own().map(Self::ErasureWithdrawn),
            Kind::ErasureLate => own().map(Self::ErasureLate),
            Kind::RequestMoved => serde_json::from_str(facts).ok().map(Self::RequestMoved),
            // A bill's news was once kept as a function's.
            Kind::FunctionMoved => serde_json::from_str(facts)
                .map(Self::FunctionMoved)
                .or_else(|_| serde_json::from_str(facts).map(Self::BillMoved))
                .ok(),
            Kind::BillMoved => serde_json::from_str(facts).ok().map(Self::BillMoved),
            Kind::CheckTask => sold().map(Self::CheckTask),
            Kind::CheckReminder => sold().map(Self::CheckReminder),
            Kind::ReviewUpheld => sold().map(Self::ReviewUpheld),
            Kind::ReviewCorrected => sold().map(Self::ReviewCorrected),
            Kind::PaidOut => sold().map(Self::PaidOut),
            Kind::PayoutReturned => sold().map(Self::PayoutReturned),
            Kind::PayoutRefused => sold().map(Self::PayoutRefused),
            Kind::PayeeChanged => own().map(Self::PayeeChanged),
        }
    }
}

/// One thing an account is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Sorts by age.
    pub notice_id: NoticeId,
    pub account_id: AccountId,
    /// The event that carried the fact; there is one notice per event.
    pub event_id: EventId,
    pub told: Told,
    /// The payment it is about, when it is about one.
    pub payment_id: Option<PaymentId>,
    pub created_at: Time,
    /// When the person first saw it.
    pub read_at: Option<Time>,
    /// When the SMS platform took it.
    pub texted_at: Option<Time>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_word() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::parse("CREDITED"), None);
    }

    #[test]
    fn facts_read_back_under_their_own_kind_only() {
        let receipt = Told::Credited(Receipt {
            consumer_tail: "0017".into(),
            amount_fen: Fen::new(8_520),
            happened_at: Time::default(),
        });
        let standing = Told::HolderChanged(Standing {
            consumer_tail: "0017".into(),
            person_masked: None,
            happened_at: Time::default(),
        });
        for told in [&receipt, &standing] {
            let facts = told.facts().unwrap();
            assert_eq!(Told::read(told.kind(), &facts).as_ref(), Some(told));
        }
        let facts = standing.facts().unwrap();
        assert_eq!(Told::read(Kind::Credited, &facts), None);
        assert_eq!(Told::read(Kind::HolderChanged, "[]"), None);
    }
}
