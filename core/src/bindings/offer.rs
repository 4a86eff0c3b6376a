//! What a match offers, and to whom (LN-43, money.md 3.1).

use super::binding::Signboard;
use super::ports::{Candidate, Match, MatchLevel, Verified};
use super::role::Role;
use crate::accounts::{Caller, Secret};
use crate::shared::ids::{AccountId, SessionId};
use crate::shared::time::Time;

/// An offered home must be confirmed within this; the archive's own token lives as long.
pub const OFFER_LIFE_S: i64 = 10 * 60;
/// Homes one match offers at most.
pub const OFFERED_MAX: usize = 20;

/// How much a match says, as people are told. A match by phone or name alone says nothing: the
/// number may be a recycled one, and a masked home is still a stranger's home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferLevel {
    /// Certified ID number and mobile agree: one tap.
    Full,
    /// The ID number agrees, the mobile does not: one more proof.
    IdOnly,
    None,
}

impl OfferLevel {
    pub const ALL: [Self; 3] = [Self::Full, Self::IdOnly, Self::None];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::IdOnly => "id_only",
            Self::None => "none",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == text)
    }
}

/// What may be shown of an archive's match: the level and the candidates it carries.
#[must_use]
pub fn offerable(found: Match) -> (OfferLevel, Vec<Candidate>) {
    let level = match found.level {
        MatchLevel::Full => OfferLevel::Full,
        MatchLevel::IdOnly => OfferLevel::IdOnly,
        MatchLevel::MobileOnly | MatchLevel::None => return (OfferLevel::None, Vec::new()),
    };
    let mut candidates = found.candidates;
    candidates.truncate(OFFERED_MAX);
    if candidates.is_empty() {
        (OfferLevel::None, candidates)
    } else {
        (level, candidates)
    }
}

/// One home offered to one session. Our token for it is random, kept as a digest, and works once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    pub account_id: AccountId,
    /// The family of the session that asked.
    pub session_id: SessionId,
    pub level: OfferLevel,
    /// The archive's own token, sealed at rest, never shown.
    pub archive_token: Secret,
    pub archive_role: Role,
    pub signboard: Signboard,
    /// What the archive opened for its token, which also works once.
    pub verified: Option<Verified>,
    pub expires_at: Time,
    pub used_at: Option<Time>,
    pub version: i64,
}

impl Offered {
    /// Whether this session may still confirm it. Another account, another session, too late, used:
    /// all the same.
    #[must_use]
    pub fn is_for(&self, caller: &Caller, now: Time) -> bool {
        self.account_id == caller.account_id
            && self.session_id == caller.family_id
            && self.used_at.is_none()
            && now < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::ids::TypedId as _;

    fn found(level: MatchLevel, homes: usize) -> Match {
        let candidate = Candidate {
            archive_token: "t".into(),
            consumer_no_masked: "*********0017".into(),
            holder_masked: "*明".into(),
            address_masked: "赤峰市***".into(),
            role: Role::Holder,
        };
        Match {
            level,
            candidates: vec![candidate; homes],
        }
    }

    #[test]
    fn ln_43_a_match_by_mobile_alone_offers_nothing() {
        for level in [MatchLevel::MobileOnly, MatchLevel::None] {
            assert_eq!(offerable(found(level, 3)), (OfferLevel::None, Vec::new()));
        }
        assert_eq!(offerable(found(MatchLevel::Full, 2)).0, OfferLevel::Full);
        assert_eq!(offerable(found(MatchLevel::Full, 2)).1.len(), 2);
        assert_eq!(
            offerable(found(MatchLevel::IdOnly, 1)).0,
            OfferLevel::IdOnly
        );
        assert_eq!(offerable(found(MatchLevel::Full, 0)).0, OfferLevel::None);
        assert_eq!(offerable(found(MatchLevel::Full, 21)).1.len(), OFFERED_MAX);
    }

    #[test]
    fn m3_1_an_offer_is_for_one_account_and_session_once_and_for_ten_minutes() {
        let id = |n: u8| format!("019aa2f0-0000-7000-8000-00000000000{n}");
        let now = Time::from_micros(1_800_000_000_000_000);
        let caller = Caller {
            account_id: AccountId::made(id(1)),
            session_id: SessionId::made(id(2)),
            family_id: SessionId::made(id(4)),
            source: String::new(),
            trace_id: String::new(),
        };
        let offered = Offered {
            account_id: caller.account_id.clone(),
            session_id: caller.family_id.clone(),
            level: OfferLevel::Full,
            archive_token: Secret::new("t".into()),
            archive_role: Role::Holder,
            signboard: Signboard {
                consumer_no_masked: String::new(),
                holder_masked: String::new(),
                address_masked: String::new(),
            },
            verified: None,
            expires_at: now.plus_seconds(OFFER_LIFE_S),
            used_at: None,
            version: 1,
        };
        assert!(offered.is_for(&caller, now));
        assert!(!offered.is_for(&caller, now.plus_seconds(OFFER_LIFE_S)));
        let other_account = Caller {
            account_id: AccountId::made(id(3)),
            ..caller.clone()
        };
        let other_session = Caller {
            family_id: SessionId::made(id(3)),
            ..caller.clone()
        };
        assert!(!offered.is_for(&other_account, now) && !offered.is_for(&other_session, now));
        let used = Offered {
            used_at: Some(now),
            ..offered
        };
        assert!(!used.is_for(&caller, now));
    }
}
