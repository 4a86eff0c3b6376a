//! One app user, and how an identity from outside meets it (money.md 3.6, LN-48).
//!
//! The identity key is (app, open id). A platform-wide user id joins only when one signed reply
//! holds both; a phone is an attribute with the moment it was verified, never a key.

pub use super::certification::CertifiedBy;
use super::certification::TypedIdentity;
use super::ports::SharedProfile;
pub use super::provider_ids::{NotOnePerson, ProviderId, ProviderIds};
use crate::shared::ids::AccountId;
use crate::shared::personal::{IdNo, PersonName, Phone};
use crate::shared::time::Time;

/// One app user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub account_id: AccountId,
    /// Our app at the provider; half of the identity key.
    pub app_id: String,
    pub open_id: Option<ProviderId>,
    pub user_id: Option<ProviderId>,
    /// Certified name and ID number come together or not at all.
    pub real_name: Option<RealName>,
    pub phone: Option<VerifiedPhone>,
    /// The account that took this one over: this one's ids open that one, and nothing else is left.
    pub merged: Option<(AccountId, Time)>,
    pub created_at: Time,
    pub version: i64,
}

/// What the provider certified about the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealName {
    pub name: PersonName,
    pub id_no: IdNo,
    pub certified_by: CertifiedBy,
    pub certified_at: Time,
}

/// A phone and when it was last shown to be this person's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedPhone {
    pub number: Phone,
    pub verified_at: Time,
    /// Set here by its owner: a sign-in does not put the wallet's phone in its place.
    pub chosen: bool,
}

/// Why an identity may not enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// The two ids of one reply belong to two accounts.
    TwoAccounts,
    /// One of the ids is new, yet its account already has another in that place.
    OtherId,
    /// The account's certified ID number is another one.
    OtherPerson,
}

impl Conflict {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TwoAccounts => "two_accounts",
            Self::OtherId => "other_id",
            Self::OtherPerson => "other_certified_id",
        }
    }
}

/// What an identity meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meeting {
    /// Nobody: a new account.
    New,
    /// This account, with the ids it has now.
    Known(Box<Account>),
    /// Refuse and open a case.
    Refused(Conflict, Vec<AccountId>),
}

/// Decides which account an identity belongs to, given who holds each of its ids.
#[must_use]
pub fn meet(ids: &ProviderIds, by_open: Option<Account>, by_user: Option<Account>) -> Meeting {
    match (by_open, by_user) {
        (None, None) => Meeting::New,
        // Both are one account's: each of its wallets keeps the id it has.
        (Some(one), Some(other)) if one.account_id != other.account_id => {
            if one.current() == other.current() {
                return Meeting::Known(Box::new(one));
            }
            Meeting::Refused(
                Conflict::TwoAccounts,
                vec![one.account_id, other.account_id],
            )
        }
        (Some(found), _) | (None, Some(found)) => join(ids, found),
    }
}

fn join(ids: &ProviderIds, mut account: Account) -> Meeting {
    let clashes = |held: &Option<ProviderId>, given: &Option<ProviderId>| {
        held.as_ref()
            .zip(given.as_ref())
            .is_some_and(|(held, given)| held != given)
    };
    if clashes(&account.open_id, &ids.open_id) || clashes(&account.user_id, &ids.user_id) {
        return Meeting::Refused(Conflict::OtherId, vec![account.account_id]);
    }
    account.open_id = account.open_id.or_else(|| ids.open_id.clone());
    account.user_id = account.user_id.or_else(|| ids.user_id.clone());
    Meeting::Known(Box::new(account))
}

impl Account {
    /// The account this one's ids open: itself, or the one that took it over.
    #[must_use]
    pub fn current(&self) -> &AccountId {
        self.merged
            .as_ref()
            .map_or(&self.account_id, |(into, _)| into)
    }

    /// Takes over what the provider certified. Nothing uncertified is kept; what is absent now
    /// does not erase what was certified before.
    pub fn learn(&mut self, profile: &SharedProfile, now: Time) -> Result<(), Conflict> {
        if !profile.certified {
            return Ok(());
        }
        if let (Some(name), Some(id_no)) = (&profile.name, &profile.id_no) {
            let known = self.real_name.as_ref();
            if known.is_some_and(|known| known.id_no != *id_no) {
                return Err(Conflict::OtherPerson);
            }
            let same = known
                .filter(|known| known.name == *name)
                .map(|known| known.certified_at);
            self.real_name = Some(RealName {
                name: name.clone(),
                id_no: id_no.clone(),
                certified_by: CertifiedBy::Profile,
                certified_at: lately(same, now),
            });
        }
        if let Some(number) = &profile.phone {
            self.learn_phone(number, now);
        }
        Ok(())
    }
}

impl Account {
    fn learn_phone(&mut self, number: &Phone, now: Time) {
        let (known_at, chosen) = match &self.phone {
            Some(known) if known.number == *number => (Some(known.verified_at), known.chosen),
            Some(known) if known.chosen => return,
            Some(_) | None => (None, false),
        };
        self.phone = Some(VerifiedPhone {
            number: number.clone(),
            verified_at: lately(known_at, now),
            chosen,
        });
    }

    /// Takes over what the person typed and the provider confirmed.
    pub fn certify(
        &mut self,
        typed: &TypedIdentity,
        certified_by: CertifiedBy,
        now: Time,
    ) -> Result<(), Conflict> {
        let known = self.real_name.as_ref();
        if known.is_some_and(|known| known.id_no != typed.id_no) {
            return Err(Conflict::OtherPerson);
        }
        self.real_name = Some(RealName {
            name: typed.name.clone(),
            id_no: typed.id_no.clone(),
            certified_by,
            certified_at: now,
        });
        Ok(())
    }

    /// The ids of the wallet this account is of.
    #[must_use]
    pub fn ids(&self) -> ProviderIds {
        ProviderIds {
            open_id: self.open_id.clone(),
            user_id: self.user_id.clone(),
        }
    }

    /// Whether a token reply is about the wallet this account's ids are of.
    #[must_use]
    pub fn is_wallet_of(&self, ids: &ProviderIds) -> bool {
        let same = |held: &Option<ProviderId>, given: &Option<ProviderId>| {
            let both = held.as_ref().zip(given.as_ref());
            both.map(|(held, given)| held == given)
        };
        let found = [
            same(&self.open_id, &ids.open_id),
            same(&self.user_id, &ids.user_id),
        ];
        found.contains(&Some(true)) && !found.contains(&Some(false))
    }
}

/// Keeps a moment that is less than an hour old: many sign-ins of one person at once then write
/// nothing to the row they share.
fn lately(known: Option<Time>, now: Time) -> Time {
    const FRESH_S: i64 = 3600;
    known
        .filter(|at| (0..FRESH_S).contains(&now.seconds_since(*at)))
        .unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::super::ports::Grant;
    use super::super::secret::Secret;
    use super::*;
    use crate::shared::ids::TypedId as _;

    fn id(text: &str) -> Option<ProviderId> {
        ProviderId::parse(text)
    }

    fn account(n: u8, open: Option<&str>, user: Option<&str>) -> Account {
        Account {
            account_id: AccountId::made(format!("019aa2f0-0000-7000-8000-00000000000{n}")),
            app_id: "2021000000000001".into(),
            open_id: open.and_then(ProviderId::parse),
            user_id: user.and_then(ProviderId::parse),
            real_name: None,
            phone: None,
            merged: None,
            created_at: Time::default(),
            version: 1,
        }
    }

    fn profile(id_no: Option<&str>, phone: Option<&str>, certified: bool) -> SharedProfile {
        SharedProfile {
            open_id: None,
            user_id: None,
            certified,
            name: PersonName::parse("李明").ok(),
            id_no: id_no.and_then(|text| IdNo::parse(text).ok()),
            phone: phone.and_then(|text| Phone::parse(text).ok()),
        }
    }

    fn grant(open: Option<&str>, user: Option<&str>) -> Grant {
        Grant {
            open_id: open.map(Into::into),
            user_id: user.map(Into::into),
            access_token: "t".into(),
        }
    }

    #[test]
    fn m3_6_a_user_id_joins_only_through_one_reply_holding_both() {
        let both = ProviderIds {
            open_id: id("o1"),
            user_id: id("u1"),
        };
        let Meeting::Known(joined) = meet(&both, Some(account(1, Some("o1"), None)), None) else {
            panic!("the open id's account was not met");
        };
        assert_eq!(joined.user_id, id("u1"));
        let Meeting::Known(joined) = meet(&both, None, Some(account(1, None, Some("u1")))) else {
            panic!("the user id's account was not met");
        };
        assert_eq!(joined.open_id, id("o1"));
        // A profile that adds an id the token reply did not hold adds nothing.
        let mut shared = profile(None, None, true);
        shared.user_id = Some("u9".into());
        let ids = ProviderIds::of(&grant(Some("o1"), None), Some(&shared)).unwrap();
        assert_eq!(
            ids,
            ProviderIds {
                open_id: id("o1"),
                user_id: None
            }
        );
    }

    #[test]
    fn m3_6_two_hits_and_clashing_ids_are_refused() {
        let both = ProviderIds {
            open_id: id("o1"),
            user_id: id("u1"),
        };
        let met = meet(
            &both,
            Some(account(1, Some("o1"), None)),
            Some(account(2, None, Some("u1"))),
        );
        assert!(
            matches!(met, Meeting::Refused(Conflict::TwoAccounts, accounts) if accounts.len() == 2)
        );
        let met = meet(&both, Some(account(1, Some("o1"), Some("u2"))), None);
        assert!(matches!(met, Meeting::Refused(Conflict::OtherId, _)));
        let met = meet(&both, None, Some(account(1, Some("o2"), Some("u1"))));
        assert!(matches!(met, Meeting::Refused(Conflict::OtherId, _)));
        assert_eq!(meet(&both, None, None), Meeting::New);
    }

    #[test]
    fn m3_6_replies_must_name_one_person() {
        let mut shared = profile(None, None, true);
        shared.open_id = Some("o2".into());
        assert_eq!(
            ProviderIds::of(&grant(Some("o1"), None), Some(&shared)),
            Err(NotOnePerson)
        );
        assert_eq!(ProviderIds::of(&grant(None, None), None), Err(NotOnePerson));
        assert_eq!(
            ProviderIds::of(&grant(Some(" "), None), None),
            Err(NotOnePerson)
        );
    }

    #[test]
    fn a_moment_is_renewed_by_the_hour() {
        let mut account = account(1, Some("o1"), None);
        let shared = profile(Some("150499199001010014"), Some("19000000001"), true);
        let first = Time::from_micros(5);
        account.learn(&shared, first).unwrap();
        let before = account.clone();
        account.learn(&shared, first.plus_seconds(3599)).unwrap();
        assert_eq!(account, before);
        account.learn(&shared, first.plus_seconds(3600)).unwrap();
        assert_eq!(
            account.phone.map(|p| p.verified_at),
            Some(first.plus_seconds(3600))
        );
        assert_eq!(
            account.real_name.map(|n| n.certified_at),
            Some(first.plus_seconds(3600))
        );
    }

    #[test]
    fn m3_6_another_certified_id_on_the_same_account_is_refused() {
        let now = Time::from_micros(5);
        let mut account = account(1, Some("o1"), None);
        account
            .learn(
                &profile(Some("150499199001010014"), Some("19000000001"), true),
                now,
            )
            .unwrap();
        assert_eq!(account.phone.as_ref().map(|p| p.verified_at), Some(now));
        let before = account.clone();
        let other = profile(Some("150499198506150026"), Some("19000000002"), true);
        assert_eq!(account.learn(&other, now), Err(Conflict::OtherPerson));
        assert_eq!(account, before);
    }

    #[test]
    fn ln_18_only_what_is_certified_is_kept() {
        let mut account = account(1, Some("o1"), None);
        let uncertified = profile(Some("150499199001010014"), Some("19000000001"), false);
        account.learn(&uncertified, Time::default()).unwrap();
        assert!(account.real_name.is_none() && account.phone.is_none());
        account
            .learn(&profile(None, None, true), Time::default())
            .unwrap();
        assert!(
            account.real_name.is_none(),
            "a name without its ID number is not a real name"
        );
    }

    #[test]
    fn nothing_of_a_person_is_printable() {
        let mut person = account(1, Some("openid-canary"), None);
        person
            .learn(
                &profile(Some("150499199001010014"), Some("19000000001"), true),
                Time::default(),
            )
            .unwrap();
        let shown = format!("{person:?} {:?}", Secret::new("canary".into()));
        for clear in ["canary", "李明", "150499", "1900000"] {
            assert!(!shown.contains(clear), "{clear}");
        }
    }
}
