//! What a person asks of the utility, and how far it has come.

use serde::{Deserialize, Serialize};

use crate::bindings::OwnedBinding;
use crate::shared::ids::{AccountId, BindingId, PaymentId, RequestId};
use crate::shared::personal::ConsumerNo;
use crate::shared::text::{self, Fault, faults_in};
use crate::shared::time::Time;

/// Characters of what a person writes.
pub const LETTER_MAX: usize = 1_000;

/// What it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Somebody uses power without paying for it (LN-19).
    IllegalUse,
    /// LN-20
    Feedback,
    /// A bill is thought to be wrong.
    BillDispute,
    /// A payment went to another's number.
    WrongPayment,
}

impl Kind {
    pub const ALL: [Self; 4] = [
        Self::IllegalUse,
        Self::Feedback,
        Self::BillDispute,
        Self::WrongPayment,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IllegalUse => "illegal_use",
            Self::Feedback => "feedback",
            Self::BillDispute => "bill_dispute",
            Self::WrongPayment => "wrong_payment",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The work order's word in marketing.
    #[must_use]
    pub const fn order(self) -> &'static str {
        match self {
            Self::IllegalUse => "REPORT_ILLEGAL_USE",
            Self::Feedback => "FEEDBACK",
            Self::BillDispute => "BILL_DISPUTE",
            Self::WrongPayment => "WRONG_PAYMENT",
        }
    }

    /// Whether staff here watch over it as a case, beside the work order.
    #[must_use]
    pub const fn is_about_money(self) -> bool {
        matches!(self, Self::BillDispute | Self::WrongPayment)
    }
}

/// How far it has come. It only goes on, never back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// On record here, on its way to marketing.
    Filed,
    /// Marketing has it under a number.
    Accepted,
    UnderWay,
    Resolved,
    /// Marketing will not do anything about it.
    Declined,
}

impl State {
    pub const ALL: [Self; 5] = [
        Self::Filed,
        Self::Accepted,
        Self::UnderWay,
        Self::Resolved,
        Self::Declined,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Filed => "filed",
            Self::Accepted => "accepted",
            Self::UnderWay => "under_way",
            Self::Resolved => "resolved",
            Self::Declined => "declined",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Resolved | Self::Declined)
    }

    /// Where a report from marketing leads; `None` when it says nothing new, or would lead back.
    #[must_use]
    pub fn after(self, reported: Self) -> Option<Self> {
        (!self.is_final() && reported > self).then_some(reported)
    }
}

/// What the person writes. Sealed at rest; not printable.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    pub text: String,
    /// Where it is, when it is about a place.
    #[serde(default)]
    pub place: Option<String>,
    #[serde(default)]
    consumer_no: Option<String>,
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[Letter]")
    }
}

impl Letter {
    /// The home it is about, for the work order.
    #[must_use]
    pub fn consumer_no(&self) -> Option<ConsumerNo> {
        self.consumer_no
            .as_deref()
            .and_then(|number| ConsumerNo::parse(number).ok())
    }
}

/// One request on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub request_id: RequestId,
    pub account_id: AccountId,
    pub kind: Kind,
    pub state: State,
    pub letter: Letter,
    /// The work order does not say whose it is.
    pub anonymous: bool,
    pub binding_id: Option<BindingId>,
    pub payment_id: Option<PaymentId>,
    /// The work order's number in marketing.
    pub order_no: Option<String>,
    pub client_key: String,
    pub fingerprint: String,
    pub filed_at: Time,
    pub moved_at: Time,
    /// When marketing is asked again; absent while it is on its way there, and after its end.
    pub next_at: Option<Time>,
    pub version: i64,
}

/// What a person asks for.
#[derive(Debug, Clone)]
pub struct Wish {
    pub kind: Kind,
    pub text: String,
    pub place: Option<String>,
    pub anonymous: bool,
    /// Their own home, of a bill dispute.
    pub home: Option<OwnedBinding>,
    /// Their own payment, of a wrong payment.
    pub payment_id: Option<PaymentId>,
}

impl Wish {
    /// What is wrong with it, field by field.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = faults_in("text", &self.text, 5, LETTER_MAX);
        if let Some(place) = &self.place {
            faults.extend(faults_in("place", place, 2, text::LINE_MAX));
        }
        let missing = |field| Fault::new(field, "missing");
        match self.kind {
            Kind::IllegalUse if self.place.is_none() => faults.push(missing("place")),
            Kind::BillDispute if self.home.is_none() => faults.push(missing("binding_id")),
            Kind::WrongPayment if self.payment_id.is_none() => faults.push(missing("payment_id")),
            _ => {}
        }
        if self.anonymous && !matches!(self.kind, Kind::IllegalUse) {
            faults.push(Fault::new("anonymous", "kind"));
        }
        faults
    }

    pub(super) fn letter(&self) -> Letter {
        let consumer_no = self.home.as_ref().map(OwnedBinding::consumer_no);
        Letter {
            text: self.text.clone(),
            place: self.place.clone(),
            consumer_no: consumer_no.map(|number| number.expose().to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(kind: Kind) -> Wish {
        Wish {
            kind,
            text: "表箱被私拉电线".into(),
            place: Some("示例路 8 号后院".into()),
            anonymous: false,
            home: None,
            payment_id: None,
        }
    }

    #[test]
    fn every_word_reads_back() {
        assert!(
            Kind::ALL
                .iter()
                .all(|kind| Kind::parse(kind.as_str()) == Some(*kind))
        );
        assert!(
            State::ALL
                .iter()
                .all(|state| State::parse(state.as_str()) == Some(*state))
        );
    }

    #[test]
    fn a_report_only_leads_on() {
        let mut ways = Vec::new();
        for from in State::ALL {
            for to in State::ALL {
                if from.after(to).is_some() {
                    ways.push((from.as_str(), to.as_str()));
                }
            }
        }
        assert_eq!(
            ways,
            [
                ("filed", "accepted"),
                ("filed", "under_way"),
                ("filed", "resolved"),
                ("filed", "declined"),
                ("accepted", "under_way"),
                ("accepted", "resolved"),
                ("accepted", "declined"),
                ("under_way", "resolved"),
                ("under_way", "declined"),
            ]
        );
    }

    #[test]
    fn each_kind_needs_what_it_is_about() {
        let missing = |kind| {
            let mut wish = wish(kind);
            wish.place = None;
            wish.faults()
        };
        assert_eq!(missing(Kind::IllegalUse), [Fault::new("place", "missing")]);
        assert_eq!(missing(Kind::Feedback), []);
        assert_eq!(
            missing(Kind::BillDispute),
            [Fault::new("binding_id", "missing")]
        );
        assert_eq!(
            missing(Kind::WrongPayment),
            [Fault::new("payment_id", "missing")]
        );
    }

    #[test]
    fn only_a_report_can_be_anonymous() {
        for kind in Kind::ALL {
            let mut wish = wish(kind);
            wish.anonymous = true;
            let refused = wish.faults().contains(&Fault::new("anonymous", "kind"));
            assert_eq!(refused, kind != Kind::IllegalUse, "{kind:?}");
        }
    }

    #[test]
    fn a_letter_has_a_thousand_characters() {
        let fits = |length: usize| {
            let mut wish = wish(Kind::Feedback);
            wish.text = "电".repeat(length);
            wish.faults().is_empty()
        };
        assert!(!fits(4) && fits(5) && fits(LETTER_MAX) && !fits(LETTER_MAX + 1));
    }
}
