//! What is a person's own beside their homes: what they wrote, their points, their devices, and the document of
//! everything that is known of them.

use std::collections::BTreeSet;

use actix_web::http::{Method, StatusCode};
use lifeline_core::requests::points::{Movement, Side};
use lifeline_core::shared::ids::{AccountId, Maker};
use lifeline_core::store::{StoreError, Tx, atomically};
use serde_json::{Value, json};

use crate::canary::{Canary, PEOPLE, letter_of, points_of, who};
use crate::line::{House, Reply};
use crate::model::{Answer, Model};
use crate::reads::{is, shows, tells};
use crate::settling::ENDED;
use crate::walk::{Order, Walk};

/// Of somebody's devices so many are tried by everybody else.
const TRIED: usize = 3;

impl Walk<'_> {
    /// Everybody writes to the utility, and has points.
    pub(crate) async fn write(&mut self) {
        for person in 0..PEOPLE {
            let body = json!({"kind": "feedback", "text": letter_of(person)});
            let filed = self.post(person, "/v1/requests", body).await;
            assert_eq!(filed.status, StatusCode::CREATED, "{}", filed.text);
            let letter = BTreeSet::from([Canary::Letter(person)]);
            shows(&filed, "the request", &letter, &letter);
            let me = self.get(person, "/v1/me").await;
            let owner = AccountId::parse(&me.text_at("account_id")).expect("an id");
            give(self.house, person, &owner).await;
        }
    }

    /// A person's own lists that no home stands in.
    pub(crate) async fn read_own(&mut self, person: usize) {
        let written = self.get(person, "/v1/requests?limit=100").await;
        let letter = BTreeSet::from([Canary::Letter(person)]);
        shows(&written, "the requests", &letter, &letter);
        let purse = self.get(person, "/v1/points").await;
        let points = BTreeSet::from([Canary::Points(person)]);
        shows(&purse, "the points", &points, &points);
        self.read_devices(person).await;
    }

    /// An id of a device is one person's for good, and the list says which one asks.
    pub(crate) async fn read_devices(&mut self, person: usize) {
        let listed = self.get(person, "/v1/sessions").await;
        shows(&listed, "the devices", &BTreeSet::new(), &BTreeSet::new());
        let items = listed.body["items"].as_array().expect("items");
        let current = items.iter().filter(|item| item["current"] == true).count();
        assert_eq!(current, 1, "{}", listed.text);
        for item in items {
            let id = item["session_id"].as_str().expect("an id");
            let whose = self.devices.entry(id.to_owned()).or_insert(person);
            assert_eq!(*whose, person, "a device of another's: {}", listed.text);
        }
    }

    /// Nobody signs out a device of another's.
    pub(crate) async fn try_devices(&self, person: usize) {
        let others = self.devices.iter().rev();
        for (id, _) in others
            .filter(|(_, whose)| who(**whose) != person)
            .take(TRIED)
        {
            let path = format!("/v1/sessions/{id}");
            let reply = self.call(person, Method::DELETE, &path, None).await;
            is(&reply, Answer::NotFound, StatusCode::OK);
        }
    }

    /// Everybody is handed what is known of them, and nothing of anybody else.
    pub(crate) async fn export_all(&mut self) {
        self.pass(86_400);
        for person in 0..PEOPLE {
            self.try_devices(person).await;
            let told = self.export(person).await;
            self.is_of(&told, person);
        }
    }

    /// The document, by a link that works once.
    pub(crate) async fn export(&self, person: usize) -> Reply {
        let token = self.stepped_up(person, json!({"purpose": "export"})).await;
        let path = "/v1/me/export/document-links";
        let link = self
            .house
            .call_with(self.line, Some(&token), Method::POST, path, None)
            .await;
        assert_eq!(link.status, StatusCode::CREATED, "{}", link.text);
        let url = link.text_at("url");
        let told = self
            .house
            .call_with(self.line, None, Method::GET, &url, None)
            .await;
        let again = self
            .house
            .call_with(self.line, None, Method::GET, &url, None)
            .await;
        assert!(again.status.is_client_error(), "{}", again.text);
        told
    }

    /// The token of a person who showed by a code to their phone that it is them.
    pub(crate) async fn stepped_up(&self, person: usize, asked: Value) -> String {
        let asked = self.post(person, "/v1/otps", asked).await;
        assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text);
        self.house.deliver().await;
        let otp = self.house.town.code_on(person).expect("a code came");
        let typed = json!({ "otp": otp });
        let path = "/v1/sessions/current/step-up";
        let stepped = self.post(person, path, typed).await;
        assert_eq!(stepped.status, StatusCode::OK, "{}", stepped.text);
        stepped.text_at("access_token")
    }

    pub(crate) fn is_of(&self, told: &Reply, person: usize) {
        let mut must = self.model.document(person);
        must.extend([Canary::Letter(person), Canary::Points(person)]);
        // What is paid for several homes is one sum.
        let mine = self.orders.iter().filter(|order| order.person == person);
        let single = mine.clone().filter(|order| order.links.len() == 1);
        must.extend(single.flat_map(Order::dues));
        if person != ENDED {
            must.insert(Canary::Seller(person));
        }
        let mut may = must.clone();
        may.extend(self.model.told(person));
        may.extend(mine.flat_map(Order::dues));
        // Nothing is left of a cooperation that ended, whatever was paid in it.
        if person != ENDED {
            may.extend([Canary::Seller(person), Canary::Sold(person)]);
        }
        tells(told, "the document", &may, &must);
    }
}

impl Model {
    /// What a document says of the person and of every home they were ever linked to.
    fn document(&self, person: usize) -> BTreeSet<Canary> {
        let knew = self.knew.iter().filter(|(one, _)| *one == person);
        let homes = knew.map(|(_, home)| Canary::Tail(*home));
        std::iter::once(Canary::Name(person)).chain(homes).collect()
    }

    /// What may stand in it beside that: what the person was shown of those homes and of their people.
    fn told(&self, person: usize) -> BTreeSet<Canary> {
        let knew = self.knew.iter().filter(|(one, _)| *one == person);
        let homes = knew.flat_map(|(_, home)| {
            [
                Canary::Address(*home),
                Canary::Meter(*home),
                Canary::Due(*home),
            ]
        });
        let people = self.told_of.iter().chain(&self.named);
        let people = people.filter(|(one, _)| *one == person);
        let names = people.map(|(_, other)| Canary::Name(*other));
        homes.chain(names).collect()
    }
}

/// Puts a person's canary into their purse.
async fn give(house: &House, person: usize, owner: &AccountId) {
    let make = Maker {
        clock: &*house.clock,
        entropy: &*house.entropy,
    };
    let movement = Movement {
        entry_id: make.uuid(),
        fact: format!("isolation:{person}"),
        account_id: owner.clone(),
        from: Side::Given,
        to: Side::Person(owner.clone()),
        points: points_of(person),
        at: make.now(),
    };
    let written = atomically(&*house.store, async |tx: &mut Tx| {
        assert!(tx.requests().book(&movement).await?, "points come once");
        tx.requests().give_points(owner, movement.points).await?;
        Ok::<_, StoreError>(())
    });
    written.await.expect("it is written");
}
