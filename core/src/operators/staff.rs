//! A person's entry at the console.

use super::right::{Right, Role};
use super::totp::TotpSecret;
use crate::accounts::passwords::PasswordHash;
use crate::shared::ids::StaffId;
use crate::shared::time::Time;

/// Wrong codes in a row, of somebody who knew the password or is signed in, after which a login is closed for
/// a while; and wrong passwords from one place, after which it is closed there
/// ([`crate::accounts::attempts::Guard::StaffFromPlace`]).
pub const FAILURES_MAX: i64 = 5;
/// How long it is closed: long enough to make guessing pointless, short enough that it costs nobody the day.
pub const LOCKED_S: i64 = 900;
/// Regions one entry may name.
pub const REGIONS_MAX: usize = 32;

/// The name somebody signs in with: 3 to 32 of `a-z 0-9 . _ -`, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Login(String);

/// The text is no login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a login is 3 to 32 of a-z 0-9 . _ - and begins with a letter")]
pub struct NotALogin;

impl Login {
    /// # Errors
    /// [`NotALogin`].
    pub fn parse(text: &str) -> Result<Self, NotALogin> {
        let begins = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        let letters = text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
        if begins && letters && (3..=32).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotALogin)
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The utility's number of a person: 1 to 32 of `A-Z a-z 0-9 . _ -`. It is fixed with the entry, so that by it whoever
/// left and came back under another login is still who proposed something before (money.md 3.11). `P-17` and `p-17` are
/// one person.
#[derive(Clone, Eq)]
pub struct PersonId(String);

impl PartialEq for PersonId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

/// The text is no number of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the number of a person is 1 to 32 of A-Z a-z 0-9 . _ -")]
pub struct NotAPerson;

impl PersonId {
    /// # Errors
    /// [`NotAPerson`].
    pub fn parse(text: &str) -> Result<Self, NotAPerson> {
        let letters = text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if letters && (1..=32).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAPerson)
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&Login> for PersonId {
    /// Whom the utility gave no number has their login for one.
    fn from(login: &Login) -> Self {
        Self(login.0.clone())
    }
}

impl std::fmt::Debug for PersonId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonId")
    }
}

/// Through whose hands the proofs went that somebody signs in with. Made at the console they come in two halves, the
/// password by one person and the codes by another, so that nobody there holds both (money.md 3.11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proofs {
    /// Who made the password: `staff:{id}`, or `command_line`.
    pub made_by: String,
    /// Who handed over the codes, likewise; `None` while nobody did, and nobody gets in.
    pub confirmed_by: Option<String>,
}

/// The regions whose rows somebody sees. A region is the utility's code of a supply office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    Everywhere,
    Regions(Vec<String>),
}

/// The text is no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a scope is `*`, or up to 32 region codes of 2 to 12 digits with commas")]
pub struct NotAScope;

impl Scope {
    /// `*`, or region codes with commas.
    ///
    /// # Errors
    /// [`NotAScope`].
    pub fn parse(text: &str) -> Result<Self, NotAScope> {
        if text == "*" {
            return Ok(Self::Everywhere);
        }
        let mut regions: Vec<String> = text.split(',').map(|r| r.trim().to_owned()).collect();
        let whole =
            |r: &String| (2..=12).contains(&r.len()) && r.bytes().all(|b| b.is_ascii_digit());
        if regions.len() > REGIONS_MAX || !regions.iter().all(whole) {
            return Err(NotAScope);
        }
        regions.sort();
        regions.dedup();
        Ok(Self::Regions(regions))
    }

    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Everywhere => "*".to_owned(),
            Self::Regions(regions) => regions.join(","),
        }
    }

    /// Whether rows of this region are within it.
    #[must_use]
    pub fn covers(&self, region: &str) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Regions(regions) => regions.iter().any(|own| own == region),
        }
    }

    /// The regions to read: those asked for that are within it, all of its own when none is asked
    /// for; `None` is no bound. Something asked for outside of it is refused.
    ///
    /// # Errors
    /// [`OutOfScope`].
    pub fn narrowed(&self, asked: Option<&str>) -> Result<Option<Vec<String>>, OutOfScope> {
        match (self, asked) {
            (Self::Everywhere, None) => Ok(None),
            (Self::Regions(regions), None) => Ok(Some(regions.clone())),
            (_, Some(region)) if self.covers(region) => Ok(Some(vec![region.to_owned()])),
            (Self::Everywhere | Self::Regions(_), Some(_)) => Err(OutOfScope),
        }
    }
}

/// Somebody asked for rows of a region that is not theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this region is not within the scope")]
pub struct OutOfScope;

/// One person.
#[derive(Clone, PartialEq, Eq)]
pub struct Staff {
    pub staff_id: StaffId,
    pub login: Login,
    /// Of one entry among those who work here.
    pub person: PersonId,
    pub role: Role,
    pub scope: Scope,
    pub password: PasswordHash,
    pub proofs: Proofs,
    pub totp: TotpSecret,
    /// The time step of the last code taken: no code of it or before is taken again.
    pub totp_step: i64,
    /// Wrong codes since the last right one.
    pub failures: i64,
    pub locked_until: Option<Time>,
    pub created_at: Time,
    /// When this person stopped working here. The entry stays, because lines of the audit name it.
    pub ended_at: Option<Time>,
    pub version: i64,
}

impl std::fmt::Debug for Staff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Staff")
            .field("staff_id", &self.staff_id)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

impl Staff {
    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        self.ended_at.is_none() && self.is_confirmed() && self.role.may(right)
    }

    /// Whether both halves of the proofs were handed over.
    #[must_use]
    pub const fn is_confirmed(&self) -> bool {
        self.proofs.confirmed_by.is_some()
    }

    #[must_use]
    pub fn is_locked(&self, now: Time) -> bool {
        self.locked_until.is_some_and(|until| now < until)
    }

    /// A wrong code; the fifth in a row closes the login for a while.
    pub fn fail(&mut self, now: Time) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES_MAX {
            self.failures = 0;
            self.locked_until = Some(now.plus_seconds(LOCKED_S));
        }
    }

    /// A right one, by the code of this time step.
    pub fn succeed(&mut self, step: i64) {
        self.failures = 0;
        self.locked_until = None;
        self.totp_step = step;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_and_scopes_hold_at_their_bounds() {
        let long = "a".repeat(32);
        for good in ["ann", "li.ming-2", long.as_str()] {
            assert!(Login::parse(good).is_ok(), "{good}");
        }
        let longer = "a".repeat(33);
        for bad in ["", "an", "1ab", "Ann", "a b", "<b>", longer.as_str()] {
            assert_eq!(Login::parse(bad), Err(NotALogin), "{bad}");
        }
        let many = |n: usize| vec!["1504"; n].join(",");
        assert!(Scope::parse(&many(REGIONS_MAX)).is_ok());
        assert_eq!(Scope::parse(&many(REGIONS_MAX + 1)), Err(NotAScope));
        for bad in ["", "1", "15,", "x4", "1234567890123"] {
            assert_eq!(Scope::parse(bad), Err(NotAScope), "{bad}");
        }
        assert_eq!(Scope::parse("1505, 1504").unwrap().text(), "1504,1505");
        for good in ["7", "P-000.17_b", long.as_str()] {
            assert!(PersonId::parse(good).is_ok(), "{good}");
        }
        assert_eq!(PersonId::parse("p-17"), PersonId::parse("P-17"));
        assert_ne!(PersonId::parse("p-17"), PersonId::parse("p-18"));
        for bad in ["", "a b", "<b>", "李", longer.as_str()] {
            assert_eq!(PersonId::parse(bad), Err(NotAPerson), "{bad}");
        }
    }

    #[test]
    fn ln_55_a_region_outside_the_scope_is_refused() {
        let own = Scope::parse("1504").unwrap();
        assert_eq!(own.narrowed(None), Ok(Some(vec!["1504".to_owned()])));
        assert_eq!(own.narrowed(Some("1505")), Err(OutOfScope));
        assert_eq!(Scope::Everywhere.narrowed(None), Ok(None));
        assert_eq!(
            Scope::Everywhere.narrowed(Some("1505")),
            Ok(Some(vec!["1505".to_owned()]))
        );
    }
}
