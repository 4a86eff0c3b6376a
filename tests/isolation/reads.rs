//! Reading what is one's own and what is another's, and the search for what should not be there.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::http::StatusCode;

use crate::canary::{
    Canary, HOMES, PEOPLE, canaries_in, clear_in, month_of, nth_of, paid_on, period_of,
};
use crate::line::Reply;
use crate::model::{Answer, Role};
use crate::walk::{Order, Walk};

/// How often an owner was answered with their canary, and a stranger with nothing.
pub(crate) static OWN_READS: AtomicU64 = AtomicU64::new(0);
pub(crate) static FOREIGN_READS: AtomicU64 = AtomicU64::new(0);

const FILLING: &str = "/archive-filling";

impl Walk<'_> {
    /// What one person is told of one link, theirs or another's.
    pub(crate) async fn read(&mut self, person: usize, link: usize) {
        let id = self.model.links[link].id.clone();
        let path = |rest: &str| format!("/v1/bindings/{id}{rest}");
        let last = period_of(month_of(&self.model.today().to_string()) - 1);
        let Some(role) = self.model.own_after_look(person, link) else {
            let all = [
                "",
                "/arrears",
                "/balance",
                "/bills",
                "/usage",
                "/outages",
                "/receipts",
                "/payments",
                "/grants",
                FILLING,
            ];
            for rest in all {
                self.is_not_there(person, &path(rest)).await;
            }
            self.is_not_there(person, &path(&format!("/bills/{last}")))
                .await;
            return;
        };
        self.read_home(person, link, role, &path("")).await;
        self.read_due(person, link, role, &path("/arrears")).await;
        self.read_figures(person, link, role, &path("")).await;
        self.read_outages(person, link, role, &path("/outages"))
            .await;
        self.read_access(person, link, role, &path("/grants")).await;
        self.read_filling(person, role, &path(FILLING)).await;
        let reply = self.get(person, &path("/payments")).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        let own = self.orders.iter().filter(|order| {
            order.person == person && order.links.iter().any(|(paid, _)| *paid == link)
        });
        let own: BTreeSet<Canary> = own.flat_map(Order::dues).collect();
        shows(&reply, "own payments", &own, &own);
    }

    pub(crate) async fn is_not_there(&self, person: usize, path: &str) {
        let reply = self.get(person, path).await;
        is(&reply, Answer::NotFound, StatusCode::OK);
        assert!(
            canaries_in(&reply.body).is_empty(),
            "{path}: {}",
            reply.text
        );
        FOREIGN_READS.fetch_add(1, Ordering::Relaxed);
    }

    async fn read_home(&self, person: usize, link: usize, role: Role, path: &str) {
        let reply = self.get(person, path).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        assert_eq!(reply.body["role"], role.word(), "{}", reply.text);
        let mut may = self.model.signboard(link);
        if role >= Role::Authorised {
            may.insert(Canary::Meter(self.model.links[link].home));
        }
        shows(&reply, "the home", &may, &may);
    }

    /// The months that are the present holder's, of those that are billed.
    fn months(&self, home: usize) -> std::ops::Range<i64> {
        let now = month_of(&self.model.today().to_string());
        let since = month_of(&self.model.homes[home].since.to_string());
        since.max(now - 24)..now
    }

    /// The last 31 days that are over, of those that are the present holder's.
    fn used(&self, home: usize) -> BTreeSet<Canary> {
        let today = nth_of(self.model.today());
        let since = nth_of(self.model.homes[home].since);
        let days = since.max(today - 31)..today;
        days.map(|nth| Canary::Used(home, nth)).collect()
    }

    /// What was paid in the last 24 months and this one, of that which is the present holder's.
    fn paid(&self, home: usize) -> BTreeSet<Canary> {
        let (since, today) = (self.model.homes[home].since, self.model.today());
        let now = month_of(&today.to_string());
        let months = (now - 24..=now).filter(|month| (since..=today).contains(&paid_on(*month)));
        months.map(|month| Canary::Paid(home, month)).collect()
    }

    async fn read_due(&self, person: usize, link: usize, role: Role, path: &str) {
        let home = self.model.links[link].home;
        let reply = self.get(person, path).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        let mut may = BTreeSet::from([Canary::Due(home)]);
        if role >= Role::Authorised {
            let since = month_of(&self.model.homes[home].since.to_string());
            let open = month_of("2026-09")..=month_of("2026-10");
            may.extend(
                open.filter(|month| *month >= since)
                    .map(|month| Canary::Bill(home, month)),
            );
        }
        shows(&reply, "what is due", &may, &may);
    }

    async fn read_figures(&self, person: usize, link: usize, role: Role, path: &str) {
        let home = self.model.links[link].home;
        let balance = self.get(person, &format!("{path}/balance")).await;
        let bills = self.get(person, &format!("{path}/bills?limit=100")).await;
        let last = month_of(&self.model.today().to_string()) - 1;
        let bill = self
            .get(person, &format!("{path}/bills/{}", period_of(last)))
            .await;
        let used = self.get(person, &format!("{path}/usage")).await;
        let paid = self.get(person, &format!("{path}/receipts")).await;
        if role == Role::Payer {
            for refused in [&balance, &bills, &bill, &used, &paid] {
                is(refused, Answer::RoleNotEnough, StatusCode::OK);
                assert!(canaries_in(&refused.body).is_empty(), "{}", refused.text);
            }
            return;
        }
        shows(&used, "what was used", &self.used(home), &self.used(home));
        shows(&paid, "what was paid", &self.paid(home), &self.paid(home));
        let version = self.model.homes[home].version;
        let own = BTreeSet::from([Canary::Balance(home, version)]);
        shows(&balance, "the balance", &own, &own);
        let months = self.months(home);
        let own = months
            .clone()
            .map(|month| Canary::Bill(home, month))
            .collect();
        shows(&bills, "the bills", &own, &own);
        if months.contains(&last) {
            let own = BTreeSet::from([Canary::Bill(home, last)]);
            shows(&bill, "the bill", &own, &own);
        } else {
            is(&bill, Answer::NotFound, StatusCode::OK);
            assert!(canaries_in(&bill.body).is_empty(), "{}", bill.text);
        }
    }

    /// Outages are of a home's supply office, and the office is in the archive: a payer is not told of either.
    async fn read_outages(&self, person: usize, link: usize, role: Role, path: &str) {
        let reply = self.get(person, path).await;
        let mut own = BTreeSet::new();
        if role >= Role::Authorised {
            own.insert(Canary::Outage(self.model.links[link].home));
        }
        shows(&reply, "the outages", &own, &own);
        let unknown = role == Role::Payer;
        assert_eq!(reply.body["office_unknown"], unknown, "{}", reply.text);
    }

    async fn read_access(&self, person: usize, link: usize, role: Role, path: &str) {
        let reply = self.get(person, path).await;
        if role < Role::Holder {
            is(&reply, Answer::RoleNotEnough, StatusCode::OK);
            assert!(canaries_in(&reply.body).is_empty(), "{}", reply.text);
            return;
        }
        let (people, entries) = self.model.access(link);
        shows(&reply, "who may use the home", &people, &people);
        let items = reply.body["items"].as_array().expect("items");
        assert_eq!(items.len(), entries, "{}", reply.text);
    }

    /// What was offered to the archive is the holder's to see, and shows no value of anybody.
    async fn read_filling(&self, person: usize, role: Role, path: &str) {
        let reply = self.get(person, path).await;
        if role < Role::Holder {
            is(&reply, Answer::RoleNotEnough, StatusCode::OK);
            assert!(canaries_in(&reply.body).is_empty(), "{}", reply.text);
            return;
        }
        shows(&reply, "the offer", &BTreeSet::new(), &BTreeSet::new());
        assert!(reply.body["state"].is_string(), "{}", reply.text);
    }

    /// A person's own lists, and orders by their ids.
    pub(crate) async fn read_lists(&mut self, person: usize) {
        let own: Vec<usize> = (0..self.model.links.len())
            .filter(|link| self.model.own(person, *link).is_some())
            .collect();
        let listed = self.get(person, "/v1/bindings?limit=100").await;
        let may: BTreeSet<Canary> = own
            .iter()
            .flat_map(|link| self.model.signboard(*link))
            .collect();
        shows(&listed, "the homes", &may, &may);
        let items = listed.body["items"].as_array().expect("items");
        assert_eq!(items.len(), own.len(), "{}", listed.text);
        let told = self.get(person, "/v1/notices?limit=100").await;
        let names = (0..PEOPLE).filter(|other| self.model.told_of.contains(&(person, *other)));
        let homes = (0..HOMES).filter(|home| self.model.knew.contains(&(person, *home)));
        let may = names
            .map(Canary::Name)
            .chain(homes.map(Canary::Tail))
            .collect();
        shows(&told, "the notices", &may, &BTreeSet::new());
        let me = self.get(person, "/v1/me").await;
        let myself = BTreeSet::from([Canary::Name(person)]);
        shows(&me, "oneself", &myself, &BTreeSet::new());
        for order in &self.orders {
            let path = format!("/v1/payments/{}", order.id);
            if order.person == person {
                let reply = self.get(person, &path).await;
                shows(&reply, "the order", &order.dues(), &order.dues());
            } else {
                self.is_not_there(person, &path).await;
            }
        }
        self.read_own(person).await;
    }
}

/// The answer is the expected one; `done` is the status of success.
pub(crate) fn is(reply: &Reply, expected: Answer, done: StatusCode) {
    match expected.code() {
        None => assert_eq!(reply.status, done, "{}", reply.text),
        Some(code) => assert_eq!(reply.code(), Some(code), "{}", reply.text),
    }
}

/// The answer is a success, shows all that it must, and nothing but what it may.
pub(crate) fn shows(reply: &Reply, what: &str, may: &BTreeSet<Canary>, must: &BTreeSet<Canary>) {
    judge(reply, what, &canaries_in(&reply.body), may, must);
}

/// The same of an answer that masks nothing.
pub(crate) fn tells(reply: &Reply, what: &str, may: &BTreeSet<Canary>, must: &BTreeSet<Canary>) {
    let mut shown = canaries_in(&reply.body);
    shown.extend(clear_in(&reply.text));
    judge(reply, what, &shown, may, must);
}

fn judge(
    reply: &Reply,
    what: &str,
    shown: &BTreeSet<Canary>,
    may: &BTreeSet<Canary>,
    must: &BTreeSet<Canary>,
) {
    assert!(reply.status.is_success(), "{what}: {}", reply.text);
    let foreign: Vec<&Canary> = shown.difference(may).collect();
    assert!(
        foreign.is_empty(),
        "{what} shows {foreign:?}: {}",
        reply.text
    );
    let missing: Vec<&Canary> = must.difference(shown).collect();
    assert!(
        missing.is_empty(),
        "{what} lacks {missing:?}: {}",
        reply.text
    );
    if !must.is_empty() {
        OWN_READS.fetch_add(1, Ordering::Relaxed);
    }
}
