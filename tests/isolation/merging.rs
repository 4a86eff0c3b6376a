//! The end of a walk: the first person's other wallet links homes and pays, and its account becomes part of the
//! first one (money.md 3.6). What was the one's is the other's then, and nobody else's.

use std::collections::BTreeSet;

use actix_web::http::{Method, StatusCode};
use serde_json::json;

use crate::canary::{HOMES, PEOPLE, TWIN, canaries_in, who};
use crate::model::{Model, Role, State};
use crate::walk::{BETWEEN_S, Walk};

/// Whose account it becomes part of.
const TAKER: usize = who(TWIN);

impl Walk<'_> {
    /// Merges the two accounts of one person, and reads what became of either's homes and payments.
    pub(crate) async fn merge(&mut self) {
        // On another day: what the walk used up of today's tries is there again.
        self.pass(86_400);
        self.agree(TWIN).await;
        self.link_by_match(TWIN).await;
        for home in 0..HOMES {
            self.pass(BETWEEN_S);
            self.link_by_digits(TWIN, home).await;
        }
        let paid = self.model.live_link(TWIN, 0);
        self.pay(TWIN, paid).await;
        self.read_devices(TWIN).await;
        self.pass(BETWEEN_S);
        self.become_one().await;
        let folded = self.model.merge(TWIN, TAKER);
        self.follow(&folded);
        self.pass(BETWEEN_S);
        self.read_merged().await;
    }

    /// The steps of two devices that both signed in a moment ago.
    async fn become_one(&mut self) {
        let owned = (0..HOMES).filter(|home| self.model.live(TWIN, *home).is_some());
        let kept = owned.filter(|home| !self.model.stays_taken(TWIN, TAKER, *home));
        let homes = kept.count();
        self.house.forget(TAKER);
        self.house.forget(TWIN);
        let token = self.stepped_up(TAKER, json!({"purpose": "merge"})).await;
        let (path, body) = ("/v1/me/merges", json!({}));
        let begun = self
            .house
            .call_with(self.line, Some(&token), Method::POST, path, Some(body))
            .await;
        assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.text);
        assert!(canaries_in(&begun.body).is_empty(), "{}", begun.text);
        let typed = json!({"code": begun.text_at("code")});
        let path = "/v1/me/merge-confirmations";
        let merged = self.post(TWIN, path, typed).await;
        assert_eq!(merged.status, StatusCode::OK, "{}", merged.text);
        assert_eq!(merged.body["homes"], homes, "{}", merged.text);
        // Its sessions are over; the device that asked gets its next id.
        self.house.forget(TAKER);
        self.house.forget(TWIN);
    }

    /// Orders go along, under the links that are left.
    fn follow(&mut self, folded: &[(usize, usize)]) {
        for order in self.orders.iter_mut().filter(|order| order.person == TWIN) {
            order.person = TAKER;
            for (link, _) in &mut order.links {
                let was = *link;
                let into = folded.iter().find(|(from, _)| *from == was);
                *link = into.map_or(was, |(_, into)| *into);
            }
        }
    }

    /// Both wallets open the one account; nobody else finds anything of either.
    async fn read_merged(&mut self) {
        let path = "/v1/bindings?limit=100";
        let by_twin = self.get(TWIN, path).await;
        let by_taker = self.get(TAKER, path).await;
        assert_eq!(by_twin.body["items"], by_taker.body["items"]);
        let links: Vec<usize> = (0..self.model.links.len())
            .filter(|link| [TAKER, TWIN].contains(&self.model.links[*link].person))
            .collect();
        for link in links {
            self.read(TAKER, link).await;
            let path = format!("/v1/bindings/{}/usage", self.model.links[link].id);
            for other in (0..PEOPLE).filter(|one| *one != TAKER) {
                self.is_not_there(other, &path).await;
            }
        }
        for person in 0..PEOPLE {
            self.read_lists(person).await;
        }
    }
}

impl Model {
    /// A link that rests on a payer's proof ends where the holder took the home away from the person's other account.
    fn stays_taken(&self, from: usize, into: usize, home: usize) -> bool {
        let link = self.live(from, home).map(|link| &self.links[link]);
        let lesser = link.is_some_and(|link| {
            let outdated = self.is_outdated(link);
            (outdated || link.shown <= Some(Role::Payer)) && link.grant.is_none()
        });
        let known = self.homes[home].known.unwrap_or_default();
        lesser && self.barred.contains(&(into, home, known))
    }

    /// One account becomes part of another that has made no invitation of its own; the links that fell together.
    fn merge(&mut self, from: usize, into: usize) -> Vec<(usize, usize)> {
        let mut folded = Vec::new();
        for home in 0..HOMES {
            let Some(theirs) = self.live(from, home) else {
                continue;
            };
            if self.stays_taken(from, into, home) {
                self.end(theirs);
                continue;
            }
            let ours = self.live(into, home);
            match ours {
                Some(ours) if self.role(ours).is_some() => {
                    self.fold(theirs, ours);
                    folded.push((theirs, ours));
                }
                over => {
                    if let Some(over) = over {
                        self.end(over);
                    }
                    self.links[theirs].person = into;
                }
            }
        }
        for seen in [&mut self.knew, &mut self.named, &mut self.told_of] {
            let theirs: BTreeSet<usize> = seen
                .iter()
                .filter(|(one, _)| *one == from)
                .map(|(_, what)| *what)
                .collect();
            seen.extend(theirs.into_iter().map(|what| (into, what)));
        }
        folded
    }

    /// What two links to one home have shown together, under the newer holder.
    fn fold(&mut self, theirs: usize, ours: usize) {
        self.links[theirs].ended = true;
        let theirs = self.links[theirs].clone();
        let outdated = self.is_outdated(&self.links[ours]);
        let over = self.links[ours]
            .grant
            .filter(|grant| self.now >= self.grants[*grant].ends_at);
        if let Some(over) = over {
            self.grants[over].state = State::Ended;
        }
        let ours = &mut self.links[ours];
        let shown = ours
            .shown
            .map(|role| if outdated { Role::Payer } else { role });
        ours.shown = shown.max(theirs.shown);
        if over.is_some() {
            ours.grant = None;
        }
        if theirs.pinned > ours.pinned {
            ours.pinned = theirs.pinned;
            ours.board = theirs.board;
        }
    }
}
