//! One edition of a publication, and the way it goes: written, reviewed by somebody else, published,
//! withdrawn or followed by the next one.

use super::content::Content;
use super::kind::Kind;
use crate::shared::ids::PublicationId;
use crate::shared::time::Time;

/// How far an edition has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    Draft,
    InReview,
    /// What the public reads.
    Live,
    /// A later edition took its place.
    Superseded,
    Withdrawn,
}

impl State {
    pub const ALL: [Self; 5] = [
        Self::Draft,
        Self::InReview,
        Self::Live,
        Self::Superseded,
        Self::Withdrawn,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::InReview => "in_review",
            Self::Live => "live",
            Self::Superseded => "superseded",
            Self::Withdrawn => "withdrawn",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Where an act leads; `None` when it is not for this state.
    #[must_use]
    pub const fn after(self, act: Act) -> Option<Self> {
        match (self, act) {
            (Self::Draft, Act::Edit) | (Self::InReview, Act::SendBack) => Some(Self::Draft),
            (Self::Draft, Act::Submit) => Some(Self::InReview),
            (Self::InReview, Act::Publish) => Some(Self::Live),
            (Self::Live, Act::Withdraw) => Some(Self::Withdrawn),
            (Self::Live, Act::GiveWay) => Some(Self::Superseded),
            (Self::Draft, Act::SendBack | Act::Publish | Act::Withdraw | Act::GiveWay)
            | (Self::InReview, Act::Edit | Act::Submit | Act::Withdraw | Act::GiveWay)
            | (Self::Live, Act::Edit | Act::Submit | Act::SendBack | Act::Publish)
            | (Self::Superseded | Self::Withdrawn, _) => None,
        }
    }
}

/// What is done with an edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    Edit,
    Submit,
    SendBack,
    Publish,
    Withdraw,
    /// A later edition is published.
    GiveWay,
}

impl Act {
    pub const ALL: [Self; 6] = [
        Self::Edit,
        Self::Submit,
        Self::SendBack,
        Self::Publish,
        Self::Withdraw,
        Self::GiveWay,
    ];

    /// The word of the audit.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Edit => "publications.edit",
            Self::Submit => "publications.submit",
            Self::SendBack => "publications.send_back",
            Self::Publish => "publications.publish",
            Self::Withdraw => "publications.withdraw",
            Self::GiveWay => "publications.give_way",
        }
    }
}

/// What all editions have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    pub publication_id: PublicationId,
    /// A name given once, so that what is loaded from files is loaded once.
    pub slug: String,
    pub kind: Kind,
    /// The supply office it is for, as the archive numbers it, or the beginning of its number; empty
    /// for everybody.
    pub region: String,
    /// The edition the public reads.
    pub live: Option<i64>,
    /// The number of the last edition.
    pub newest: i64,
    /// While an edition is live: from when to when it is shown.
    pub shown: Option<Window>,
    pub changed_at: Time,
    pub version: i64,
}

/// From when to when an edition is shown; without an end until it is withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub from: Time,
    pub to: Option<Time>,
}

impl Window {
    #[must_use]
    pub fn is_sound(self) -> bool {
        self.to.is_none_or(|to| to > self.from)
    }

    #[must_use]
    pub fn holds(self, now: Time) -> bool {
        self.from <= now && self.to.is_none_or(|to| to > now)
    }
}

/// One edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edition {
    pub publication_id: PublicationId,
    pub number: i64,
    pub state: State,
    pub content: Content,
    pub window: Window,
    /// Everybody who wrote on it; none of them may publish it.
    pub authors: Vec<String>,
    pub written_at: Time,
    pub decided_by: Option<String>,
    pub decided_at: Option<Time>,
    /// Why it was sent back or withdrawn.
    pub reason: Option<String>,
    pub version: i64,
}

impl Edition {
    /// Notes somebody among those who wrote on it.
    pub fn written_by(&mut self, staff: &str) {
        if !self.authors.iter().any(|author| author == staff) {
            self.authors.push(staff.to_owned());
        }
    }

    #[must_use]
    pub fn is_by(&self, staff: &str) -> bool {
        self.authors.iter().any(|author| author == staff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_own_word() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(state));
        }
    }

    #[test]
    fn only_six_ways_lead_on() {
        let mut ways = Vec::new();
        for state in State::ALL {
            for act in Act::ALL {
                if let Some(next) = state.after(act) {
                    ways.push((state, act, next));
                }
            }
        }
        assert_eq!(
            ways,
            [
                (State::Draft, Act::Edit, State::Draft),
                (State::Draft, Act::Submit, State::InReview),
                (State::InReview, Act::SendBack, State::Draft),
                (State::InReview, Act::Publish, State::Live),
                (State::Live, Act::Withdraw, State::Withdrawn),
                (State::Live, Act::GiveWay, State::Superseded),
            ]
        );
    }

    #[test]
    fn a_window_is_open_at_its_first_moment_and_closed_at_its_last() {
        let at = |s| Time::from_micros(0).plus_seconds(s);
        let window = Window {
            from: at(10),
            to: Some(at(20)),
        };
        let held: Vec<bool> = [9, 10, 19, 20].map(|s| window.holds(at(s))).to_vec();
        assert_eq!(held, [false, true, true, false]);
        let backwards = Window {
            to: Some(at(10)),
            ..window
        };
        assert!(window.is_sound() && !backwards.is_sound());
    }
}
