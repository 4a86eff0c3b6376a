//! One notice. It holds facts, not sentences: the words are made when somebody reads them.

use serde::{Deserialize, Serialize};

use crate::shared::ids::{AccountId, EventId, NoticeId, PaymentId};
use crate::shared::money::Fen;
use crate::shared::time::Time;

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The utility has credited a payment.
    Credited,
    /// The money of a payment went back to where it came from, whatever the cause: paid late,
    /// paid twice, or not accepted by the utility.
    Refunded,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Credited, Self::Refunded];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credited => "credited",
            Self::Refunded => "refunded",
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

/// One thing an account is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Sorts by age.
    pub notice_id: NoticeId,
    pub account_id: AccountId,
    /// The event that carried the fact; there is one notice per event.
    pub event_id: EventId,
    pub kind: Kind,
    pub receipt: Receipt,
    pub payment_id: PaymentId,
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
}
