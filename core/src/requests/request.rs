//! What a person asks of the utility, and how far it has come.

use serde::{Deserialize, Serialize};

use crate::bindings::OwnedBinding;
use crate::shared::ids::{AccountId, BindingId, PaymentId, RequestId};
use crate::shared::personal::ConsumerNo;
use crate::shared::text::{self, Fault, faults_in};
use crate::shared::time::Time;

/// Characters of what a person writes.
pub const LETTER_MAX: usize = 1_000;
/// Handed to marketing anew this long after it was put on its way: the relay gives a row up after a day and
/// a half.
pub const AGAIN_AFTER_S: i64 = 2 * 86_400;
/// Filed this long ago and not at marketing yet: staff look into it too, and it is handed over anew as rarely.
pub const LATE_S: i64 = 7 * 86_400;

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
    /// Somebody asks to be supplied at a place: a new user of the utility (EC-20).
    NewUser,
}

impl Kind {
    pub const ALL: [Self; 5] = [
        Self::IllegalUse,
        Self::Feedback,
        Self::BillDispute,
        Self::WrongPayment,
        Self::NewUser,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IllegalUse => "illegal_use",
            Self::Feedback => "feedback",
            Self::BillDispute => "bill_dispute",
            Self::WrongPayment => "wrong_payment",
            Self::NewUser => "new_user",
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
            Self::NewUser => "OPEN_USER",
        }
    }

    /// Whether staff here check it, two of them, before marketing hears of it.
    #[must_use]
    pub const fn is_checked_here(self) -> bool {
        matches!(self, Self::NewUser)
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

/// Why an application is refused. These words are all the person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ground {
    /// The place cannot be found as it is written.
    PlaceUnknown,
    /// The place has a supply: its number is to be linked instead.
    SuppliedAlready,
    /// Nothing shows a right to the place.
    PapersMissing,
    /// Another company supplies the place.
    NotServed,
}

impl Ground {
    pub const ALL: [Self; 4] = [
        Self::PlaceUnknown,
        Self::SuppliedAlready,
        Self::PapersMissing,
        Self::NotServed,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PlaceUnknown => "place_unknown",
            Self::SuppliedAlready => "supplied_already",
            Self::PapersMissing => "papers_missing",
            Self::NotServed => "not_served",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ground| ground.as_str() == text)
    }
}

/// What staff here found of a request that is checked first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    Waiting,
    /// Two persons agree: marketing is to open the user.
    Admitted,
    Refused(Ground),
}

impl Check {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Admitted => "admitted",
            Self::Refused(ground) => ground.as_str(),
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "waiting" => Some(Self::Waiting),
            "admitted" => Some(Self::Admitted),
            other => Ground::parse(other).map(Self::Refused),
        }
    }

    /// Why it was refused, when it was.
    #[must_use]
    pub const fn ground(self) -> Option<Ground> {
        match self {
            Self::Refused(ground) => Some(ground),
            Self::Waiting | Self::Admitted => None,
        }
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
    /// Present exactly for kinds that are checked here.
    pub check: Option<Check>,
    pub client_key: String,
    pub fingerprint: String,
    pub filed_at: Time,
    pub moved_at: Time,
    /// When marketing is asked again, or handed it anew while it is not there; absent while staff here check
    /// it, and after its end.
    pub next_at: Option<Time>,
    pub version: i64,
}

impl Request {
    /// Whether it is to be handed to marketing and is not there yet.
    #[must_use]
    pub fn is_on_its_way(&self) -> bool {
        let held = self.check.is_some_and(|check| check != Check::Admitted);
        self.order_no.is_none() && !held && !self.state.is_final()
    }

    /// Whether it should have reached marketing long ago.
    #[must_use]
    pub fn is_late(&self, now: Time) -> bool {
        now.seconds_since(self.filed_at) >= LATE_S
    }

    /// When one that is put on its way now is handed over anew, unless it is there by then.
    #[must_use]
    pub fn again_at(&self, now: Time) -> Time {
        if self.is_late(now) {
            return now.plus_seconds(LATE_S);
        }
        let late = self.filed_at.plus_seconds(LATE_S);
        now.plus_seconds(AGAIN_AFTER_S).min(late)
    }
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
            Kind::IllegalUse | Kind::NewUser if self.place.is_none() => {
                faults.push(missing("place"));
            }
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
        let refused = Ground::ALL.map(Check::Refused);
        for check in [Check::Waiting, Check::Admitted].into_iter().chain(refused) {
            assert_eq!(Check::parse(check.as_str()), Some(check));
        }
        assert_eq!(Check::parse("gone"), None);
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
        assert_eq!(missing(Kind::NewUser), [Fault::new("place", "missing")]);
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
