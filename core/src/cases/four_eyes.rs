//! Four eyes: one person proposes, another lets it happen or refuses it. What every such proposal
//! has, whatever it is about.

use crate::shared::ids::Maker;
use crate::shared::time::Time;

/// Characters of a reason.
pub const REASON_CHARS: std::ops::RangeInclusive<usize> = 4..=500;

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

/// What another person says to a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    Agree,
    Refuse,
}

/// One person's proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed<W> {
    pub proposal_id: String,
    /// What is to happen, and about what.
    pub what: W,
    /// The proposer's words; no personal data.
    pub reason: String,
    /// `staff:{id}`.
    pub proposed_by: String,
    pub proposed_at: Time,
    pub state: ProposalState,
    pub decided_by: Option<String>,
    pub decided_at: Option<Time>,
}

/// Nobody judges what they proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SamePerson;

impl<W> Proposed<W> {
    /// A proposal that waits, made before the unit that keeps it; `None` when its reason is shorter or
    /// longer than [`REASON_CHARS`].
    #[must_use]
    pub fn new(maker: &Maker<'_>, by: String, what: W, reason: &str) -> Option<Self> {
        REASON_CHARS
            .contains(&reason.chars().count())
            .then(|| Self {
                proposal_id: maker.uuid(),
                what,
                reason: reason.to_owned(),
                proposed_by: by,
                proposed_at: maker.now(),
                state: ProposalState::Open,
                decided_by: None,
                decided_at: None,
            })
    }

    #[must_use]
    pub fn waits(&self) -> bool {
        self.state == ProposalState::Open
    }

    /// Whether it waits for somebody else than its proposer, and `who` may therefore judge it.
    #[must_use]
    pub fn waits_for(&self, who: &str) -> bool {
        self.waits() && self.proposed_by != who
    }

    /// Whether this is the proposal that a page showed to whoever judges: since then it may have been
    /// refused by a third person, and another one made. A judgement that names none is about what waits.
    #[must_use]
    pub fn is_shown(&self, shown: Option<&str>) -> bool {
        shown.is_none_or(|shown| self.proposal_id == shown)
    }

    /// What somebody decided about it, as it is to be written. That the two logins are two persons' is asked by whoever
    /// writes it, in that unit.
    ///
    /// # Errors
    /// [`SamePerson`].
    pub fn judged(self, by: String, at: Time, judgement: Judgement) -> Result<Self, SamePerson> {
        if self.proposed_by == by {
            return Err(SamePerson);
        }
        Ok(Self {
            state: match judgement {
                Judgement::Agree => ProposalState::Approved,
                Judgement::Refuse => ProposalState::Refused,
            },
            decided_by: Some(by),
            decided_at: Some(at),
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::ids::Entropy;
    use crate::shared::time::Clock;

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Time {
            Time::from_micros(1_000_000)
        }
    }

    impl Entropy for Still {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    fn proposed(reason: &str) -> Option<Proposed<u8>> {
        let maker = Maker {
            clock: &Still,
            entropy: &Still,
        };
        Proposed::new(&maker, "staff:a".to_owned(), 1, reason)
    }

    #[test]
    fn a_reason_has_four_to_five_hundred_characters() {
        for (length, good) in [(3, false), (4, true), (500, true), (501, false)] {
            assert_eq!(proposed(&"因".repeat(length)).is_some(), good, "{length}");
        }
    }

    #[test]
    fn another_person_judges_and_the_proposer_does_not() {
        let one = proposed("seen at the counter").expect("a reason");
        assert!(one.waits() && one.waits_for("staff:b") && !one.waits_for("staff:a"));
        let at = Time::from_micros(2_000_000);
        let own = one
            .clone()
            .judged("staff:a".to_owned(), at, Judgement::Agree);
        assert_eq!(own, Err(SamePerson));
        let refused = one.judged("staff:b".to_owned(), at, Judgement::Refuse);
        let refused = refused.expect("another person");
        assert_eq!(refused.state, ProposalState::Refused);
        assert_eq!(refused.decided_by.as_deref(), Some("staff:b"));
        assert!(!refused.waits_for("staff:c"));
    }
}
