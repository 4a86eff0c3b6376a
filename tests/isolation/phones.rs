//! A number that somebody else has today (money.md 3.6): who proves it by its code has the number, and nothing of the
//! one who had it before.

use std::collections::BTreeSet;

use actix_web::http::{Method, StatusCode};
use serde_json::json;

use crate::canary::{Canary, phone_of};
use crate::reads::shows;
use crate::walk::{BETWEEN_S, Walk};

/// Whose number it was, and who has it now.
const FORMER: usize = 2;
const PRESENT: usize = 1;

impl Walk<'_> {
    /// A number is given out anew, and both read what is theirs.
    pub(crate) async fn recycle(&mut self) {
        self.pass(86_400);
        let accounts = self.accounts().await;
        self.house.town.recycle(FORMER);
        let phone = phone_of(FORMER);
        let asked = json!({"purpose": "verify_phone", "phone": phone});
        let asked = self.post(PRESENT, "/v1/otps", asked).await;
        assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text);
        self.house.deliver().await;
        let otp = self.house.town.code_on(FORMER).expect("a code came");
        let wish = json!({"purpose": "change_phone", "phone": phone});
        let token = self.stepped_up(PRESENT, wish).await;
        let body = json!({"phone": phone, "otp": otp});
        let taken = self
            .house
            .call_with(self.line, Some(&token), Method::PATCH, "/v1/me", Some(body))
            .await;
        assert_eq!(taken.status, StatusCode::OK, "{}", taken.text);
        let myself = BTreeSet::from([Canary::Name(PRESENT)]);
        shows(&taken, "oneself", &myself, &BTreeSet::new());
        // Who had it is signed out.
        self.house.forget(FORMER);
        self.pass(BETWEEN_S);
        assert_eq!(self.accounts().await, accounts, "nobody became another");
        let links: Vec<usize> = (0..self.model.links.len())
            .filter(|link| [FORMER, PRESENT].contains(&self.model.links[*link].person))
            .collect();
        for person in [FORMER, PRESENT] {
            for link in &links {
                self.read(person, *link).await;
            }
            self.read_lists(person).await;
        }
    }

    /// The accounts that both are signed in to.
    async fn accounts(&self) -> [String; 2] {
        let former = self.get(FORMER, "/v1/me").await;
        let present = self.get(PRESENT, "/v1/me").await;
        [former, present].map(|me| me.text_at("account_id"))
    }
}
