//! One walk: random acts of random people, each answer held against the model.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::{Method, StatusCode};
use lifeline_core::shared::time::{Day, Time};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::canary::{
    Canary, HOMES, PEOPLE, canaries_in, digits_of, due_of, number_of, secrets, who,
};
use crate::line::{House, Line, Reply};
use crate::model::{Answer, Model, Role};
use crate::reads::{is, shows};
use crate::settling::Sale;
use crate::sharing::Target;

/// One act. Numbers name people, homes, links and grants round and round what there is.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Match(usize),
    Digits(usize, usize),
    Code(usize, usize),
    Invite(usize, usize, bool, i64),
    Look(usize, usize),
    Accept(usize, usize),
    Revoke(usize, usize, usize),
    Unlink(usize, usize),
    Pay(usize, usize),
    Checkout(usize, usize, usize),
    Transfer(usize, usize),
    Days(i64),
    Jobs,
    Read(usize, usize),
}

pub(crate) fn acts() -> impl Strategy<Value = Vec<Act>> {
    let (person, home, which) = (0..PEOPLE, 0..HOMES, 0..64_usize);
    let act = prop_oneof![
        4 => person.clone().prop_map(Act::Match),
        3 => (person.clone(), home.clone()).prop_map(|(p, h)| Act::Digits(p, h)),
        1 => (person.clone(), home.clone()).prop_map(|(p, h)| Act::Code(p, h)),
        5 => (person.clone(), which.clone(), any::<bool>(), 0..40_i64)
            .prop_map(|(p, l, sees, days)| Act::Invite(p, l, sees, days)),
        1 => (person.clone(), which.clone()).prop_map(|(p, g)| Act::Look(p, g)),
        5 => (person.clone(), which.clone()).prop_map(|(p, g)| Act::Accept(p, g)),
        3 => (person.clone(), which.clone(), which.clone()).prop_map(|(p, l, t)| Act::Revoke(p, l, t)),
        2 => (person.clone(), which.clone()).prop_map(|(p, l)| Act::Unlink(p, l)),
        2 => (person.clone(), which.clone()).prop_map(|(p, l)| Act::Pay(p, l)),
        2 => (person.clone(), which.clone(), which.clone()).prop_map(|(p, l, o)| Act::Checkout(p, l, o)),
        3 => (home, person.clone()).prop_map(|(h, p)| Act::Transfer(h, p)),
        2 => (1..35_i64).prop_map(Act::Days),
        1 => Just(Act::Jobs),
        4 => (person, which).prop_map(|(p, l)| Act::Read(p, l)),
    ];
    proptest::collection::vec(act, 6..32)
}

/// An order somebody made.
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) person: usize,
    /// The links it pays for, each with its home.
    pub(crate) links: Vec<(usize, usize)>,
}

impl Order {
    /// What is paid by it, home by home.
    pub(crate) fn dues(&self) -> BTreeSet<Canary> {
        let homes = self.links.iter();
        homes.map(|(_, home)| Canary::Due(*home)).collect()
    }
}

pub(crate) struct Walk<'a> {
    pub(crate) house: &'a House,
    pub(crate) line: &'a Line,
    pub(crate) model: Model,
    pub(crate) orders: Vec<Order>,
    pub(crate) sales: Vec<Sale>,
    /// Whose device was shown under an id.
    pub(crate) devices: BTreeMap<String, usize>,
}

/// Between two acts longer than any look or kept figure stays fresh, so that every act meets the
/// utility as it is.
pub(crate) const BETWEEN_S: i64 = 700;

impl<'a> Walk<'a> {
    pub(crate) fn new(house: &'a House, line: &'a Line) -> Self {
        Self {
            house,
            line,
            model: Model::new(house.now_s()),
            orders: Vec::new(),
            sales: Vec::new(),
            devices: BTreeMap::new(),
        }
    }

    /// Everybody agrees to being compared with the archive; outages are announced.
    pub(crate) async fn settle(&mut self) {
        self.house.announce().await;
        for person in 0..PEOPLE {
            self.agree(person).await;
        }
    }

    pub(crate) async fn agree(&self, person: usize) {
        let shown = self.get(person, "/v1/me/consents").await;
        let items = shown.body["items"].as_array().expect("consents");
        let wanted = items
            .iter()
            .find(|item| item["purpose"] == "identity_match");
        let body = json!({"purpose": "identity_match", "version": wanted.expect("it")["version"]});
        let given = self.post(person, "/v1/me/consents", body).await;
        assert_eq!(given.status, StatusCode::CREATED, "{}", given.text);
    }

    pub(crate) async fn act(&mut self, act: &Act) {
        self.pass(BETWEEN_S);
        match *act {
            Act::Match(person) => self.link_by_match(person).await,
            Act::Digits(person, home) => self.link_by_digits(person, home).await,
            Act::Code(person, home) => self.link_by_code(person, home).await,
            Act::Invite(person, link, sees, days) => self.invite(person, link, sees, days).await,
            Act::Look(person, grant) => self.look(person, grant).await,
            Act::Accept(person, grant) => self.accept(person, grant).await,
            Act::Revoke(person, link, target) => self.revoke(person, link, target).await,
            Act::Unlink(person, link) => self.unlink(person, link).await,
            Act::Pay(person, link) => self.pay(person, link).await,
            Act::Checkout(person, link, other) => self.checkout(person, link, other).await,
            Act::Transfer(home, to) => {
                if let Some(on) = self.model.transfer(home, to) {
                    self.house.town.transfer(home, to, on);
                }
            }
            Act::Days(days) => self.pass(days * 86_400),
            Act::Jobs => self.jobs().await,
            Act::Read(person, link) => {
                if let Some(link) = nth(self.model.links.len(), link) {
                    self.read(person, link).await;
                }
                self.read_lists(person).await;
            }
        }
    }

    /// Everybody reads everything there ever was.
    pub(crate) async fn read_all(&mut self) {
        self.pass(BETWEEN_S);
        self.house.deliver().await;
        for person in 0..PEOPLE {
            for link in 0..self.model.links.len() {
                self.read(person, link).await;
            }
            self.read_lists(person).await;
            self.read_sales(person).await;
        }
    }

    pub(crate) fn pass(&mut self, seconds: i64) {
        self.house.advance(seconds);
        self.model.now += seconds;
        assert_eq!(self.model.now, self.house.now_s());
    }

    pub(crate) async fn get(&self, person: usize, path: &str) -> Reply {
        self.call(person, Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, person: usize, path: &str, body: Value) -> Reply {
        self.call(person, Method::POST, path, Some(body)).await
    }

    pub(crate) async fn call(
        &self,
        person: usize,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Reply {
        let named = format!("{method} {path}");
        let reply = self.house.call(self.line, person, method, path, body).await;
        assert!(!reply.status.is_server_error(), "{named}: {}", reply.text);
        for secret in secrets() {
            assert!(!reply.text.contains(&secret), "{named} shows {secret}");
        }
        reply
    }

    async fn jobs(&mut self) {
        self.house.deliver().await;
        let ended = self.house.bindings.end_what_is_over().await;
        ended.expect("the job runs");
        let looked = self.house.bindings.look_for_changes().await;
        looked.expect("the job runs");
        self.model.jobs();
        self.house.deliver().await;
    }

    pub(crate) async fn link_by_match(&mut self, person: usize) {
        let offered = self.post(person, "/v1/binding-matches", json!({})).await;
        let held = (0..HOMES).filter(|home| self.model.homes[*home].holder == who(person));
        let mut may: BTreeSet<Canary> = held
            .flat_map(|home| [Canary::Tail(home), Canary::Address(home)])
            .collect();
        if !may.is_empty() {
            may.insert(Canary::Name(who(person)));
        }
        shows(&offered, "the match", &may, &may);
        let candidates = offered.body["candidates"].as_array().expect("candidates");
        let tokens: Vec<&Value> = candidates.iter().map(|one| &one["match_token"]).collect();
        if tokens.is_empty() {
            return;
        }
        let body = json!({ "match_tokens": tokens });
        let linked = self.post(person, "/v1/bindings", body).await;
        assert_eq!(linked.status, StatusCode::CREATED, "{}", linked.text);
        for home in self.model.by_match(person) {
            self.learn(person, home, &linked).await;
        }
        shows(&linked, "linking", &may, &may);
    }

    pub(crate) async fn link_by_digits(&mut self, person: usize, home: usize) {
        let value = digits_of(self.model.homes[home].holder);
        let proof = json!({"kind": "id_last6", "value": value});
        let body = json!({"consumer_no": number_of(home), "proof": proof});
        let reply = self.post(person, "/v1/bindings", body).await;
        let expected = self.model.by_digits(person, home);
        self.linked(person, home, &reply, expected).await;
    }

    async fn link_by_code(&mut self, person: usize, home: usize) {
        let asked = json!({"purpose": "bind", "consumer_no": number_of(home)});
        let asked = self.post(person, "/v1/otps", asked).await;
        assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text);
        assert!(canaries_in(&asked.body).is_empty());
        self.house.deliver().await;
        let holder = self.model.homes[home].holder;
        let otp = self.house.town.code_on(holder).expect("a code came");
        let proof = json!({"kind": "archived_sms", "otp": otp});
        let body = json!({"consumer_no": number_of(home), "proof": proof});
        let reply = self.post(person, "/v1/bindings", body).await;
        let expected = self.model.by_code(person, home);
        self.linked(person, home, &reply, expected).await;
    }

    async fn linked(&mut self, person: usize, home: usize, reply: &Reply, expected: Answer) {
        is(reply, expected, StatusCode::CREATED);
        if expected == Answer::Done {
            self.learn(person, home, reply).await;
            let link = self.model.live_link(person, home);
            let may = self.model.signboard(link);
            shows(reply, "linking", &may, &may);
        } else {
            assert!(canaries_in(&reply.body).is_empty(), "{}", reply.text);
        }
    }

    /// Takes the id of a link from the answer that made it.
    async fn learn(&mut self, person: usize, home: usize, reply: &Reply) {
        let link = self.model.live_link(person, home);
        let items = match reply.body["items"].as_array() {
            Some(items) => items.clone(),
            None => vec![reply.body.clone()],
        };
        let own = |item: &&Value| canaries_in(item).contains(&Canary::Tail(home));
        let item = items.iter().find(own).expect("the home is in the answer");
        let role = self.model.role(link).expect("a live link");
        assert_eq!(item["role"], role.word(), "{}", reply.text);
        let id = item["binding_id"].as_str().expect("an id").to_owned();
        let known = &mut self.model.links[link].id;
        assert!(known.is_empty() || *known == id, "one link per home");
        *known = id;
    }

    async fn invite(&mut self, person: usize, link: usize, sees: bool, days: i64) {
        let Some(link) = nth(self.model.links.len(), link) else {
            return;
        };
        // Most invitations come from the one who is linked.
        let person = if days % 4 == 0 {
            person
        } else {
            self.model.links[link].person
        };
        let scope = if sees { Role::Authorised } else { Role::Payer };
        let ends_on = Day::of(Time::from_micros(
            (self.model.now + days * 86_400) * 1_000_000,
        ));
        let body = json!({"role": scope.word(), "ends_on": ends_on.to_string()});
        let path = format!("/v1/bindings/{}/grants", self.model.links[link].id);
        let reply = self.post(person, &path, body).await;
        let expected = self.model.invite(person, link, scope, ends_on);
        is(&reply, expected, StatusCode::CREATED);
        assert!(canaries_in(&reply.body).is_empty(), "{}", reply.text);
        if expected == Answer::Done {
            let grant = self.model.grants.last_mut().expect("a grant");
            grant.id = reply.text_at("grant_id");
            grant.token = reply.text_at("invitation");
        }
    }

    async fn look(&mut self, person: usize, grant: usize) {
        let Some(grant) = nth(self.model.grants.len(), grant) else {
            return;
        };
        let body = json!({"invitation": self.model.grants[grant].token});
        let reply = self.post(person, "/v1/invitation-views", body).await;
        match self.model.invitation(person, grant) {
            Some(may) => {
                is(&reply, Answer::Done, StatusCode::OK);
                shows(&reply, "the invitation", &may, &may);
            }
            None => {
                is(&reply, Answer::CannotConfirm, StatusCode::OK);
                assert!(canaries_in(&reply.body).is_empty(), "{}", reply.text);
            }
        }
    }

    async fn accept(&mut self, person: usize, grant: usize) {
        let Some(grant) = nth(self.model.grants.len(), grant) else {
            return;
        };
        let home = self.model.grants[grant].home;
        let body = json!({"invitation": self.model.grants[grant].token});
        let reply = self.post(person, "/v1/invitation-acceptances", body).await;
        let expected = self.model.accept(person, grant);
        self.linked(person, home, &reply, expected).await;
    }

    async fn revoke(&mut self, person: usize, link: usize, target: usize) {
        let Some(link) = nth(self.model.links.len(), link) else {
            return;
        };
        let person = if target.is_multiple_of(4) {
            person
        } else {
            self.model.links[link].person
        };
        let (links, grants) = (self.model.links.len(), self.model.grants.len());
        let at = target % (links + grants);
        let (target, id) = if at < links {
            (Target::Link(at), self.model.links[at].id.clone())
        } else {
            (
                Target::Grant(at - links),
                self.model.grants[at - links].id.clone(),
            )
        };
        let path = format!("/v1/bindings/{}/grants/{id}", self.model.links[link].id);
        let reply = self.call(person, Method::DELETE, &path, None).await;
        let expected = self.model.revoke(person, link, target);
        is(&reply, expected, StatusCode::NO_CONTENT);
    }

    async fn unlink(&mut self, person: usize, link: usize) {
        let Some(link) = nth(self.model.links.len(), link) else {
            return;
        };
        let path = format!("/v1/bindings/{}", self.model.links[link].id);
        let reply = self.call(person, Method::DELETE, &path, None).await;
        let is_new = self.house.is_new_device(person);
        let expected = self.model.unlink(person, link, is_new);
        is(&reply, expected, StatusCode::NO_CONTENT);
    }

    pub(crate) async fn pay(&mut self, person: usize, link: usize) {
        let Some(link) = nth(self.model.links.len(), link) else {
            return;
        };
        let home = self.model.links[link].home;
        let binding = self.model.links[link].id.clone();
        let body = json!({"binding_id": binding, "purpose": "arrears", "amount_fen": due_of(home),
            "arrears_version": "v1", "via": "h5"});
        let reply = self.post(person, "/v1/payments", body).await;
        if self.model.own(person, link).is_none() {
            is(&reply, Answer::NotFound, StatusCode::CREATED);
            assert!(canaries_in(&reply.body).is_empty(), "{}", reply.text);
            return;
        }
        self.ordered(person, &reply, vec![(link, home)]);
    }

    fn ordered(&mut self, person: usize, reply: &Reply, links: Vec<(usize, usize)>) {
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
        let order = Order {
            id: reply.text_at("payment_id"),
            person,
            links,
        };
        shows(reply, "the order", &order.dues(), &order.dues());
        self.orders.push(order);
    }

    /// Two homes in one order; most pay for two of their own.
    async fn checkout(&mut self, person: usize, link: usize, other: usize) {
        let (Some(link), Some(second)) = (
            nth(self.model.links.len(), link),
            nth(self.model.links.len(), other),
        ) else {
            return;
        };
        let (person, second) = if other.is_multiple_of(4) {
            (person, second)
        } else {
            let person = self.model.links[link].person;
            let all = 0..self.model.links.len();
            let own: Vec<usize> = all
                .filter(|one| *one != link && self.model.own(person, *one).is_some())
                .collect();
            (person, nth(own.len(), other).map_or(second, |at| own[at]))
        };
        if link == second {
            return;
        }
        let links = [link, second].map(|one| (one, self.model.links[one].home));
        let items = links.map(|(one, home)| {
            json!({"binding_id": self.model.links[one].id, "amount_fen": due_of(home),
                "arrears_version": "v1"})
        });
        let body = json!({"items": items, "via": "h5"});
        let reply = self.post(person, "/v1/checkouts", body).await;
        let is_own = |one: &(usize, usize)| self.model.own(person, one.0).is_some();
        if links.iter().all(is_own) {
            self.ordered(person, &reply, links.to_vec());
        } else {
            is(&reply, Answer::NotFound, StatusCode::CREATED);
            assert!(canaries_in(&reply.body).is_empty(), "{}", reply.text);
        }
    }
}

fn nth(there: usize, wanted: usize) -> Option<usize> {
    wanted.checked_rem(there)
}
