//! What a ban is, how long it is, and when the next one is longer.

use core::net::IpAddr;

use crate::shared::ids::{AccountId, BanId};
use crate::shared::place;
use crate::shared::time::Time;

/// What is shut out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One subscriber: an IPv4 address or an IPv6 /64.
    Address,
    /// The /24 or /48 around several of them.
    Network,
    Account,
}

impl Scope {
    pub const ALL: [Self; 3] = [Self::Address, Self::Network, Self::Account];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Network => "network",
            Self::Account => "account",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }
}

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Went on asking after being refused, or showed tokens that nobody issued.
    Flood,
    /// Wrong passwords or codes for many logins.
    Logins,
    /// Many consumer numbers that were not theirs.
    Homes,
    /// Many resident ID numbers.
    IdNumbers,
    /// Many places of one network are banned.
    Neighbours,
}

impl Reason {
    pub const ALL: [Self; 5] = [
        Self::Flood,
        Self::Logins,
        Self::Homes,
        Self::IdNumbers,
        Self::Neighbours,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flood => "flood",
            Self::Logins => "logins",
            Self::Homes => "homes",
            Self::IdNumbers => "id_numbers",
            Self::Neighbours => "neighbours",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }

    /// Whether everything is shut that needs no sign-in, or only the doors that were tried: proving
    /// who one is, codes, passwords. A household behind the same carrier address keeps the rest.
    #[must_use]
    pub const fn shuts_all_doors(self) -> bool {
        matches!(self, Self::Flood | Self::Neighbours)
    }
}

/// Whom a ban is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    pub scope: Scope,
    pub subject: String,
    /// The network around an address; empty for the others.
    pub network: String,
}

impl Target {
    /// The place behind an address; none for our own machine.
    #[must_use]
    pub fn place(source: &str) -> Option<Self> {
        place::outside(source).map(Self::address)
    }

    #[must_use]
    pub fn address(address: IpAddr) -> Self {
        Self {
            scope: Scope::Address,
            subject: place::subscriber(address).to_string(),
            network: place::network(address),
        }
    }

    #[must_use]
    pub fn account(account: &AccountId) -> Self {
        Self {
            scope: Scope::Account,
            subject: account.as_str().to_owned(),
            network: String::new(),
        }
    }

    pub(super) fn around(&self) -> Option<Self> {
        (self.scope == Scope::Address).then(|| Self {
            scope: Scope::Network,
            subject: self.network.clone(),
            network: String::new(),
        })
    }
}

/// Somebody of the staff took it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifted {
    pub at: Time,
    /// `staff:{id}`.
    pub by: String,
    /// Their words; no personal data.
    pub why: String,
}

/// How things stand with one target: its newest ban. Earlier ones are lines of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    pub ban_id: BanId,
    pub target: Target,
    pub reason: Reason,
    /// 1 is the first and shortest.
    pub rung: i64,
    pub began_at: Time,
    pub ends_at: Time,
    pub lifted: Option<Lifted>,
    pub version: i64,
}

/// How long each rung is: ten minutes, an hour, six hours, a day, a week.
pub const RUNGS_S: [i64; 5] = [600, 3_600, 21_600, 86_400, 604_800];
/// After so long without a ban the ladder begins anew.
pub const FORGIVEN_AFTER_S: i64 = 14 * 86_400;
/// As many banned places of one network ban the network.
pub const NEIGHBOURS_MAX: i64 = 8;

impl Ban {
    #[must_use]
    pub fn runs(&self, now: Time) -> bool {
        self.lifted.is_none() && self.ends_at > now
    }

    /// The first ban of a target.
    #[must_use]
    pub fn first(ban_id: BanId, target: Target, reason: Reason, now: Time) -> Self {
        Self {
            ban_id,
            target,
            reason,
            rung: 1,
            began_at: now,
            ends_at: now.plus_seconds(length_s(1)),
            lifted: None,
            version: 1,
        }
    }

    /// The next ban of the same target; `None` while one runs that shuts as much: else whoever got themselves a
    /// narrow one could flood for as long as it lasts. What staff lifted does not count against anybody.
    #[must_use]
    pub fn next(&self, reason: Reason, now: Time) -> Option<Self> {
        let shuts_more = reason.shuts_all_doors() && !self.reason.shuts_all_doors();
        if self.runs(now) && !shuts_more {
            return None;
        }
        let remembered = self.ends_at.plus_seconds(FORGIVEN_AFTER_S) > now;
        let rung = match (&self.lifted, remembered) {
            (None, true) => self.rung.saturating_add(1).min(rungs()),
            (Some(_), true) => self.rung,
            (_, false) => 1,
        };
        Some(Self {
            reason,
            rung,
            began_at: now,
            ends_at: now.plus_seconds(length_s(rung)),
            lifted: None,
            ..self.clone()
        })
    }
}

fn rungs() -> i64 {
    i64::try_from(RUNGS_S.len()).unwrap_or(i64::MAX)
}

fn length_s(rung: i64) -> i64 {
    let at = usize::try_from(rung.saturating_sub(1)).unwrap_or(0);
    let [first, .., last] = RUNGS_S;
    match RUNGS_S.get(at) {
        Some(length) => *length,
        None if rung < 1 => first,
        None => last,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::ids::TypedId;

    fn ban() -> Ban {
        let id = BanId::made("019aa2f0-0000-7000-8000-000000000001".into());
        let target = Target::place("192.0.2.9").unwrap();
        Ban::first(id, target, Reason::Flood, Time::from_micros(0))
    }

    fn after(ban: &Ban, seconds: i64) -> Time {
        ban.ends_at.plus_seconds(seconds)
    }

    #[test]
    fn each_ban_is_longer_and_the_ladder_has_an_end() {
        let mut ban = ban();
        for (at, length) in RUNGS_S.into_iter().enumerate() {
            assert_eq!(ban.rung, i64::try_from(at).unwrap() + 1);
            assert_eq!(ban.ends_at, ban.began_at.plus_seconds(length));
            assert_eq!(ban.next(Reason::Homes, after(&ban, -1)), None);
            ban = ban.next(Reason::Homes, after(&ban, 0)).unwrap();
        }
        assert_eq!((ban.rung, ban.reason), (5, Reason::Homes));
        assert_eq!(ban.ends_at, ban.began_at.plus_seconds(604_800));
    }

    #[test]
    fn who_floods_from_behind_a_narrow_ban_is_shut_out_of_all_doors_and_for_longer() {
        let narrow = Ban {
            reason: Reason::Logins,
            ..ban()
        };
        let soon = narrow.began_at.plus_seconds(1);
        assert_eq!(narrow.next(Reason::Homes, soon), None, "it shuts as much");
        let wide = narrow.next(Reason::Flood, soon).unwrap();
        assert_eq!((wide.reason, wide.rung), (Reason::Flood, 2));
        assert_eq!(wide.ends_at, soon.plus_seconds(3_600));
        for reason in Reason::ALL {
            assert_eq!(wide.next(reason, soon), None, "{reason:?}");
        }
        let longest = Ban {
            rung: 5,
            ends_at: narrow.began_at.plus_seconds(604_800),
            ..narrow
        };
        let wide = longest.next(Reason::Flood, soon).unwrap();
        assert_eq!(wide.rung, 5);
        assert_eq!(wide.ends_at, soon.plus_seconds(604_800), "none is shorter");
    }

    #[test]
    fn two_quiet_weeks_are_forgiven_to_the_second() {
        let ban = ban();
        let rung = |seconds| ban.next(Reason::Flood, after(&ban, seconds)).unwrap().rung;
        assert_eq!(rung(FORGIVEN_AFTER_S - 1), 2);
        assert_eq!(rung(FORGIVEN_AFTER_S), 1);
    }

    #[test]
    fn what_staff_lifted_is_over_and_does_not_count() {
        let mut ban = ban();
        let noon = ban.began_at.plus_seconds(5);
        ban.lifted = Some(Lifted {
            at: noon,
            by: "staff:1".into(),
            why: "a school behind one address".into(),
        });
        assert!(!ban.runs(noon));
        let next = ban.next(Reason::Flood, noon).unwrap();
        assert_eq!((next.rung, next.lifted), (1, None));
    }

    #[test]
    fn words_read_back() {
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Some(reason));
        }
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
        }
        assert_eq!(Target::place("127.0.0.1"), None);
    }
}
