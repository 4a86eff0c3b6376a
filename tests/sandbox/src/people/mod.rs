//! The demo people and their homes: who they are at Alipay, and what the utility's archive holds
//! about the same places. All of them are made up: no living person can hold an ID of area 150499,
//! and phones `1900000xxxx` are never dialled.

mod cast;

use actix_web::{HttpResponse, web};
use serde_json::{Value, json};

pub use self::cast::HOMES;
use self::cast::{ROWS, Row};

/// A made-up person with an Alipay wallet.
pub struct Person {
    /// Stable handle: `li-ming`.
    pub person: &'static str,
    /// Name on the ID card.
    pub name: &'static str,
    /// The same name for readers of English.
    pub name_en: &'static str,
    /// Mobile bound to the wallet.
    pub phone: &'static str,
    /// ID card number, check digit included.
    pub id_no: String,
    /// The wallet's id for this app.
    pub open_id: String,
    /// The wallet's old-style id.
    pub user_id: String,
    /// Whether Alipay has certified the person (`is_certified` T); else no real name is disclosed.
    pub certified: bool,
    /// Whether the profile also discloses the ID number.
    pub tells_id: bool,
    /// What the wallet holds at the start; `None` = a linked bank card covers any sum.
    pub balance_fen: Option<i64>,
    /// Consumer numbers this person knows and would type in, own ones first.
    pub consumer_nos: &'static [&'static str],
    /// Generation numbers of own solar roofs.
    pub generation_nos: &'static [&'static str],
    /// What makes this person worth choosing, in Chinese and English.
    pub story: (&'static str, &'static str),
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Person({})", self.person)
    }
}

/// What the utility's archive says in a field that could agree with the holder's wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Archived {
    /// The same value as the holder's own.
    Same,
    /// The archive has no value.
    Empty,
    /// An older or foreign value.
    Other(&'static str),
}

/// Where every seller of power in the demo is paid.
pub(crate) const TRADING_ACCOUNT: &str = "6217000000000000005";

/// The roof whose owner sells all that is generated, in all five parts of the day; the others sell what is left over.
pub(crate) const SELLS_ALL: &str = "1504990020087";

/// Why a home is interesting: what the marketing stand-in gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Situation {
    /// Everything paid, no prepaid balance.
    PaidUp,
    /// Exactly last month's bill is open and not yet overdue.
    OwesOneBill,
    /// The last two bills are open.
    OwesTwoBills,
    /// Three bills are open, the oldest long overdue: the dunning case.
    InDunning,
    /// A prepaid home with money on the account.
    Prepaid,
    /// The contract ended; nothing may be paid in.
    Closed,
}

/// One supply contract of a demo person.
#[derive(Debug)]
pub struct Home {
    /// Thirteen digits.
    pub consumer_no: &'static str,
    /// The holder's handle.
    pub holder: &'static str,
    /// Supply address.
    pub address: &'static str,
    /// What the archive holds as the holder's ID number.
    pub archived_id: Archived,
    /// What the archive holds as the holder's mobile.
    pub archived_mobile: Archived,
    /// How it stands with money.
    pub situation: Situation,
}

/// Everybody in the demo, in the order shown.
#[derive(Debug)]
pub struct People {
    all: Vec<Person>,
}

impl Default for People {
    fn default() -> Self {
        Self::new()
    }
}

impl People {
    /// The fixed cast; ids are computed, so they are the same in every run.
    pub fn new() -> Self {
        let all = ROWS
            .iter()
            .zip(1_u32..)
            .map(|(row, n)| person(row, n))
            .collect();
        Self { all }
    }

    /// Everybody, the one who owes money first.
    pub fn all(&self) -> &[Person] {
        &self.all
    }

    /// By handle.
    pub fn find(&self, person: &str) -> Option<&Person> {
        self.all.iter().find(|p| p.person == person)
    }

    /// By the wallet's id, either kind.
    pub fn find_wallet(&self, id: &str) -> Option<&Person> {
        self.all.iter().find(|p| p.open_id == id || p.user_id == id)
    }

    /// The homes a person holds.
    pub fn homes_of<'a>(&self, person: &'a str) -> impl Iterator<Item = &'static Home> + use<'a> {
        HOMES.iter().filter(move |h| h.holder == person)
    }
}

impl Person {
    /// Last six characters of the ID number.
    pub fn id_last6(&self) -> &str {
        self.id_no
            .get(self.id_no.len().saturating_sub(6)..)
            .unwrap_or_default()
    }

    fn view(&self) -> Value {
        let mut view = json!({
            "person": self.person,
            "name": self.name,
            "phone": self.phone,
            "id_last6": self.id_last6(),
            "consumer_nos": self.consumer_nos,
            "addresses": self.addresses(),
            "generation_nos": self.generation_nos,
            "profile": { "certified": self.certified, "id_number": self.certified && self.tells_id },
            "name_en": self.name_en,
            "story": { "zh": self.story.0, "en": self.story.1 },
        });
        let Some(fields) = view.as_object_mut() else {
            return view;
        };
        if !self.certified || !self.tells_id {
            // What Alipay does not tell, the person reads off the card and types.
            fields.insert("id_number".into(), json!(self.id_no));
        }
        if let Some(generation_no) = self.generation_nos.first() {
            fields.insert("registration".into(), self.registration(generation_no));
            fields.insert("identity".into(), self.identity());
        }
        if let Some(rented) = HOMES.iter().find(|h| self.knows_only(h)) {
            fields.insert("landlord".into(), json!(rented.holder));
        }
        view
    }

    /// Where the own homes are, in the order of the archive.
    fn addresses(&self) -> Vec<&'static str> {
        let own = HOMES.iter().filter(|home| home.holder == self.person);
        own.map(|home| home.address).collect()
    }

    /// What the owner types in when registering the roof.
    fn registration(&self, generation_no: &str) -> Value {
        let address = HOMES
            .iter()
            .find(|h| h.holder == self.person)
            .map(|h| h.address);
        json!({
            "generation_no": generation_no,
            "grid_user_no": self.consumer_nos.first(),
            "address": address,
        })
    }

    /// What the owner encrypts for the vault.
    fn identity(&self) -> Value {
        json!({ "name": self.name, "id_no": self.id_no, "bank_card_no": TRADING_ACCOUNT })
    }

    /// A number this person may type in without holding it.
    fn knows_only(&self, home: &Home) -> bool {
        home.holder != self.person && self.consumer_nos.contains(&home.consumer_no)
    }
}

fn person(row: &Row, n: u32) -> Person {
    Person {
        person: row.person,
        name: row.name,
        name_en: row.name_en,
        phone: row.phone,
        id_no: with_check_digit(row.id_first17),
        open_id: format!("0{n:02}9DemoLifelineWallet{n:05}"),
        user_id: format!("20880000{n:08}"),
        certified: row.certified,
        tells_id: row.tells_id,
        balance_fen: row.balance_fen,
        consumer_nos: row.consumer_nos,
        generation_nos: row.generation_nos,
        story: row.story,
    }
}

/// Appends the check character of GB 11643-1999 to the first 17 digits of a resident ID.
pub fn with_check_digit(first17: &str) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let sum: u32 = first17
        .chars()
        .zip(WEIGHTS)
        .map(|(digit, weight)| digit.to_digit(10).unwrap_or(0) * weight)
        .sum();
    let check = usize::try_from(sum % 11)
        .ok()
        .and_then(|i| CHECKS.get(i))
        .copied();
    format!("{first17}{}", check.unwrap_or('0'))
}

/// `/sim/people`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/sim/people", web::get().to(list_people));
}

async fn list_people(people: web::Data<People>) -> HttpResponse {
    let items: Vec<Value> = people.all().iter().map(Person::view).collect();
    HttpResponse::Ok().json(items)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn check_digits_follow_the_standard() {
        for known in [
            "150499199001010014",
            "150499198506150026",
            "150499200002290033",
            "150499196403070251",
            "15049919900101009X",
        ] {
            assert_eq!(with_check_digit(&known[..17]), known);
        }
    }

    #[test]
    fn the_cast_is_what_the_demo_needs() {
        let people = People::new();
        let unique = |f: fn(&Person) -> String| {
            let set: HashSet<String> = people.all().iter().map(f).collect();
            assert_eq!(set.len(), people.all().len());
        };
        unique(|p| p.id_no.clone());
        unique(|p| p.phone.into());
        unique(|p| p.open_id.clone());
        unique(|p| p.user_id.clone());
        let names: HashSet<&str> = people.all().iter().map(|p| p.name).collect();
        assert_eq!(
            names.len() + 1,
            people.all().len(),
            "exactly one name is shared"
        );
        assert_eq!(people.all()[0].person, "li-ming");
        assert_eq!(people.homes_of("wang-fang").count(), 2);
        let silent = people.all().iter().filter(|p| p.certified && !p.tells_id);
        assert!(
            silent.count() >= 1,
            "somebody whose ID number Alipay keeps to itself"
        );
        assert_eq!(people.homes_of("zhang-wei").count(), 0);
        assert_eq!(
            people.find("zhang-wei").unwrap().view()["landlord"],
            "chen-gang"
        );
        for home in HOMES {
            assert!(
                people
                    .find(home.holder)
                    .unwrap()
                    .consumer_nos
                    .contains(&home.consumer_no)
            );
            assert_eq!(home.consumer_no.len(), 13);
            assert!(home.consumer_no.starts_with("15"));
        }
    }
}
