//! Finding people, and what is shown of one of them: masked.

use std::collections::BTreeSet;

use super::error::CustomerError;
use super::unmasking::{PER_STAFF_DAY_MAX, Unmasking};
use super::{Customers, regions, within};
use crate::accounts::account::Account;
use crate::accounts::consent::Consent;
use crate::accounts::known::{consents_of, known};
use crate::bindings::binding::Linked;
use crate::bindings::known::links_of;
use crate::bindings::role::Role;
use crate::cases::Case;
use crate::operators::{Acting, Scope};
use crate::shared::ids::{AccountId, BindingId};
use crate::shared::personal::{ConsumerNo, IdNo, Phone};
use crate::shared::time::{Day, Time};
use crate::store::{Tx, View, atomically, snapshot};

/// Found by one thing at most.
const FOUND_MAX: i64 = 50;
/// People on one page.
const PAGE: usize = 20;
/// People looked at for one page: a small region's page may be short, and goes on behind it.
const LOOKED_AT_MAX: usize = 200;
const UNMASKINGS_SHOWN: i64 = 20;
const CASES_SHOWN: i64 = 50;

/// What somebody is looked for by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    Phone(Phone),
    IdNo(IdNo),
    Home(ConsumerNo),
    Account(AccountId),
}

impl Asked {
    /// By its shape: no two of these have one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        None.or_else(|| AccountId::parse(text).ok().map(Self::Account))
            .or_else(|| IdNo::parse(text).ok().map(Self::IdNo))
            .or_else(|| ConsumerNo::parse(text).ok().map(Self::Home))
            .or_else(|| Phone::parse(text).ok().map(Self::Phone))
    }

    /// What the audit says was asked by; never the value.
    const fn by(&self) -> &'static str {
        match self {
            Self::Phone(_) => "phone",
            Self::IdNo(_) => "id_no",
            Self::Home(_) => "consumer_no",
            Self::Account(_) => "account",
        }
    }
}

/// One person in a list.
#[derive(Clone, PartialEq, Eq)]
pub struct Glimpse {
    pub account_id: AccountId,
    pub name_masked: Option<String>,
    pub id_no_masked: Option<String>,
    pub phone_masked: Option<String>,
    /// Of their homes.
    pub regions: BTreeSet<String>,
    pub homes: usize,
    pub created_at: Time,
}

impl std::fmt::Debug for Glimpse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Glimpse").field(&self.account_id).finish()
    }
}

impl Glimpse {
    pub(super) fn of(account: &Account, links: &[Linked]) -> Self {
        let real = account.real_name.as_ref();
        Self {
            account_id: account.account_id.clone(),
            name_masked: real.map(|real| real.name.masked()),
            id_no_masked: real.map(|real| real.id_no.masked()),
            phone_masked: account.phone.as_ref().map(|phone| phone.number.masked()),
            regions: regions(links),
            homes: links.len(),
            created_at: account.created_at,
        }
    }
}

/// A page of people, and behind whom it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub people: Vec<Glimpse>,
    pub next: Option<AccountId>,
}

/// A home of somebody's.
#[derive(Clone, PartialEq, Eq)]
pub struct HomeShown {
    pub binding_id: BindingId,
    pub consumer_no_masked: String,
    pub holder_masked: String,
    pub address_masked: String,
    pub region: String,
    /// None when the grant it rested on is over.
    pub role: Option<Role>,
    pub frozen: bool,
    pub since: Time,
}

impl std::fmt::Debug for HomeShown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("HomeShown").field(&self.binding_id).finish()
    }
}

/// One person's page.
#[derive(Debug, Clone)]
pub struct Card {
    pub glimpse: Glimpse,
    /// Those within the scope of whoever looks.
    pub homes: Vec<HomeShown>,
    pub consents: Vec<Consent>,
    /// About the person under any name of theirs, their payments, their links and what they asked under their name,
    /// the newest first; those within the scope of whoever looks.
    pub cases: Vec<Case>,
    /// Who saw what in clear, newest first.
    pub unmaskings: Vec<Unmasking>,
    /// How often whoever looks may see something in clear today still.
    pub left_today: i64,
}

fn home(linked: &Linked, now: Time) -> HomeShown {
    let link = &linked.binding;
    HomeShown {
        binding_id: link.binding_id.clone(),
        consumer_no_masked: link.consumer_no.masked(),
        holder_masked: link.signboard.holder_masked.clone(),
        address_masked: link.signboard.address_masked.clone(),
        region: link.consumer_no.region(),
        role: linked.role(now),
        frozen: link.frozen || linked.home.frozen,
        since: link.created_at,
    }
}

impl Customers {
    /// People by one thing of theirs, those within the scope. That it was asked is in the audit.
    ///
    /// # Errors
    /// The store's.
    pub async fn find(
        &self,
        acting: &Acting,
        asked: &Asked,
    ) -> Result<Vec<Glimpse>, CustomerError> {
        let now = self.clock.now();
        let mut found = Vec::new();
        {
            let mut view = snapshot(&*self.store).await?;
            let ids = match asked {
                Asked::Phone(phone) => view.customers().with_phone(phone).await?,
                Asked::IdNo(id_no) => view.customers().with_id_no(id_no, FOUND_MAX).await?,
                Asked::Home(number) => view.customers().at_home(number, FOUND_MAX).await?,
                Asked::Account(id) => vec![id.clone()],
            };
            for id in ids {
                found.extend(seen(&mut view, &acting.staff.scope, &id, now).await?);
            }
        }
        let outcome = if found.is_empty() { "none" } else { "found" };
        self.note(acting, "customers.find", asked.by(), outcome)
            .await?;
        Ok(found)
    }

    /// People within the scope, the newest first, behind one that was seen.
    ///
    /// # Errors
    /// The store's.
    pub async fn list(
        &self,
        acting: &Acting,
        behind: Option<&AccountId>,
    ) -> Result<Listed, CustomerError> {
        let now = self.clock.now();
        let scope = &acting.staff.scope;
        let limit = i64::try_from(LOOKED_AT_MAX).unwrap_or(i64::MAX);
        let mut view = snapshot(&*self.store).await?;
        let ids = view.customers().newest(behind, limit).await?;
        let all = ids.len() < LOOKED_AT_MAX;
        let mut people = Vec::new();
        let mut next = None;
        for (at, id) in ids.iter().enumerate() {
            people.extend(seen(&mut view, scope, id, now).await?);
            let more = at.saturating_add(1) < ids.len();
            if people.len() >= PAGE || !more {
                next = (more || !all).then(|| id.clone());
                break;
            }
        }
        Ok(Listed { people, next })
    }

    /// One person's page. That it was opened is in the audit.
    ///
    /// # Errors
    /// [`CustomerError::NoSuch`], [`CustomerError::OutOfScope`], or the store's.
    pub async fn card(&self, acting: &Acting, id: &AccountId) -> Result<Card, CustomerError> {
        let now = self.clock.now();
        let scope = &acting.staff.scope;
        let card = {
            let mut view = snapshot(&*self.store).await?;
            let account = known(&mut view, id).await?;
            let account = account.ok_or(CustomerError::NoSuch)?;
            let links = links_of(&mut view, id, now).await?;
            if !within(scope, &regions(&links)) {
                return Err(CustomerError::OutOfScope);
            }
            let homes = links.iter().map(|linked| home(linked, now));
            let homes: Vec<_> = homes.filter(|home| scope.covers(&home.region)).collect();
            let cases = cases_of(&mut view, scope, id).await?;
            let today = Day::of(now).start();
            let mine = view.customers();
            let done = mine.unmasked_since(&acting.staff.staff_id, today).await?;
            Card {
                glimpse: Glimpse::of(&account, &links),
                homes,
                consents: consents_of(&mut view, id).await?,
                cases,
                unmaskings: view.customers().unmaskings(id, UNMASKINGS_SHOWN).await?,
                left_today: PER_STAFF_DAY_MAX.saturating_sub(done).max(0),
            }
        };
        self.note(acting, "customers.open", id.as_str(), "ok")
            .await?;
        Ok(card)
    }

    pub(super) async fn note(
        &self,
        acting: &Acting,
        act: &str,
        subject: &str,
        outcome: &str,
    ) -> Result<(), CustomerError> {
        let maker = self.maker();
        let line = acting.line(maker.uuid(), maker.now(), act, subject, outcome);
        let line = &line;
        atomically(&*self.store, async |tx: &mut Tx| {
            tx.audit().append(line).await?;
            Ok(())
        })
        .await
    }
}

/// Somebody, when they are there and within the scope.
async fn seen(
    view: &mut View,
    scope: &Scope,
    id: &AccountId,
    now: Time,
) -> Result<Option<Glimpse>, CustomerError> {
    let Some(account) = known(view, id).await? else {
        return Ok(None);
    };
    let links = links_of(view, id, now).await?;
    Ok(within(scope, &regions(&links)).then(|| Glimpse::of(&account, &links)))
}

/// Cases about somebody that can be opened from within a scope.
async fn cases_of(
    view: &mut View,
    scope: &Scope,
    id: &AccountId,
) -> Result<Vec<Case>, CustomerError> {
    let all = view.cases().about_person(id, CASES_SHOWN).await?;
    if *scope == Scope::Everywhere {
        return Ok(all);
    }
    let mut seen = Vec::new();
    for case in all {
        let homes = view.cases().homes(&case.subject).await?;
        if homes.iter().any(|home| scope.covers(&home.region)) {
            seen.push(case);
        }
    }
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ec_19_what_is_asked_by_is_told_by_its_shape() {
        let by = |text| Asked::parse(text).map(|asked| asked.by());
        assert_eq!(by(" 1500000004321 "), Some("consumer_no"));
        assert_eq!(by("1500000004"), Some("consumer_no"));
        assert_eq!(by("19000000001"), Some("phone"));
        assert_eq!(by("150499199001010014"), Some("id_no"));
        assert_eq!(by("019aa2f0-0000-7000-8000-000000000000"), Some("account"));
        for nothing in ["", "李明", "12345", "' OR 1=1 --"] {
            assert_eq!(by(nothing), None, "{nothing}");
        }
    }
}
