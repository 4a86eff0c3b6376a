//! Sharing a home: what a holder may grant, for how long, and what became of it (money.md 3.2).

use super::role::Role;
use crate::shared::ids::{AccountId, BindingId, GrantId};
use crate::shared::time::{Day, Time};

/// An invitation must be accepted within this.
pub const INVITATION_LIFE_S: i64 = 24 * 3600;

/// What a holder can grant: never their own role, and nothing that could be granted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    PayerOnly,
    Authorised,
}

impl Scope {
    pub const ALL: [Self; 2] = [Self::PayerOnly, Self::Authorised];

    #[must_use]
    pub const fn role(self) -> Role {
        match self {
            Self::PayerOnly => Role::PayerOnly,
            Self::Authorised => Role::Authorised,
        }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.role().as_str()
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }
}

/// What became of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GrantState {
    /// Nobody has accepted it yet.
    Open,
    Accepted,
    /// Taken back, over, replaced, or its holder is not the holder any more.
    Ended,
}

impl GrantState {
    pub const ALL: [Self; 3] = [Self::Open, Self::Accepted, Self::Ended];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Ended => "ended",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// One sharing of a home. The invitation's token is random, kept as a digest, and works once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub grant_id: GrantId,
    /// Whose link it rests on.
    pub holder: AccountId,
    pub holder_binding: BindingId,
    pub scope: Scope,
    /// The holder version under which it was given.
    pub holder_version: i64,
    pub state: GrantState,
    /// Until when the invitation can be accepted.
    pub open_until: Time,
    /// From when on it gives nothing.
    pub ends_at: Time,
    pub accepted_by: Option<AccountId>,
    pub created_at: Time,
    pub accepted_at: Option<Time>,
    pub version: i64,
}

impl Grant {
    /// Whether the invitation can be accepted.
    #[must_use]
    pub fn is_open(&self, now: Time) -> bool {
        self.state == GrantState::Open && now < self.open_until && now < self.ends_at
    }

    /// The last day it gives something.
    #[must_use]
    pub fn ends_on(&self) -> Day {
        Day::of(self.ends_at.plus_seconds(-1))
    }
}

/// Why a last day is none that can be agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchEnd {
    #[error("the last day is over")]
    Past,
    #[error("the last day is too far away")]
    TooFar,
}

/// The moment a grant ends whose last day is `ends_on`, at most `days_max` days from `today`.
///
/// # Errors
/// [`NoSuchEnd`]
pub fn ends_at(ends_on: Day, today: Day, days_max: i64) -> Result<Time, NoSuchEnd> {
    match ends_on.days_after(today) {
        days if days < 0 => Err(NoSuchEnd::Past),
        days if days > days_max => Err(NoSuchEnd::TooFar),
        _ => Ok(ends_on.end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::ids::TypedId as _;

    const NOW: Time = Time::from_micros(1_800_000_000_000_000);

    fn grant() -> Grant {
        let id = |n: u8| format!("019aa2f0-0000-7000-8000-00000000000{n}");
        Grant {
            grant_id: GrantId::made(id(1)),
            holder: AccountId::made(id(2)),
            holder_binding: BindingId::made(id(3)),
            scope: Scope::Authorised,
            holder_version: 3,
            state: GrantState::Open,
            open_until: NOW.plus_seconds(INVITATION_LIFE_S),
            ends_at: Day::of(NOW).end(),
            accepted_by: None,
            created_at: NOW,
            accepted_at: None,
            version: 1,
        }
    }

    #[test]
    fn m3_2_nobody_can_grant_what_would_let_them_grant_on() {
        assert_eq!(Scope::parse("holder"), None);
        for scope in Scope::ALL {
            assert!(!scope.role().may(super::super::role::Right::Share));
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
        }
        for state in GrantState::ALL {
            assert_eq!(GrantState::parse(state.as_str()), Some(state));
        }
    }

    #[test]
    fn m3_2_an_invitation_is_open_for_a_day_and_never_beyond_its_last() {
        let mut grant = grant();
        grant.ends_at = NOW.plus_seconds(10 * INVITATION_LIFE_S);
        assert!(grant.is_open(NOW.plus_seconds(INVITATION_LIFE_S - 1)));
        assert!(!grant.is_open(NOW.plus_seconds(INVITATION_LIFE_S)));
        grant.ends_at = NOW.plus_seconds(5);
        assert!(grant.is_open(NOW.plus_seconds(4)) && !grant.is_open(NOW.plus_seconds(5)));
        for state in [GrantState::Accepted, GrantState::Ended] {
            assert!(
                !Grant {
                    state,
                    ..grant.clone()
                }
                .is_open(NOW)
            );
        }
    }

    #[test]
    fn m3_2_a_last_day_is_today_or_within_the_limit() {
        let today = Day::parse("2026-11-20").unwrap();
        let asked = |day: &str| ends_at(Day::parse(day).unwrap(), today, 366);
        assert_eq!(asked("2026-11-19"), Err(NoSuchEnd::Past));
        assert_eq!(asked("2026-11-20"), Ok(today.end()));
        assert!(asked("2027-11-21").is_ok(), "366 days");
        assert_eq!(asked("2027-11-22"), Err(NoSuchEnd::TooFar), "367 days");
        let mut shared = grant();
        shared.ends_at = today.end();
        assert_eq!(shared.ends_on(), today);
    }
}
