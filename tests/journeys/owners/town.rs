//! People with a thing of each kind that a path can name, a stranger, and two with lesser roles in the home.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lifeline_core::bindings::Role;
use lifeline_core::shared::time::{Clock as _, Day};
use lifeline_tests::{Demo, Looks, Phone};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::fixtures::MachineClock;
use crate::generation::{permit, registered, seller};
use crate::merging::by_code;
use crate::settling::first_task;

const OWNER: &str = "li-ming";
const STRANGER: &str = "chen-gang";
const PAYER: &str = "zhao-lei";
const HELPER: &str = "liu-yang";
/// Certified by nobody yet, so that a certification can be begun.
const UNCERTIFIED: &str = "sun-li";
/// With a second wallet, so that a merge can be asked for.
const MERGING: &str = "wang-fang";

/// A number that was not used before.
pub(super) fn next() -> u64 {
    static NUMBERS: AtomicU64 = AtomicU64::new(1);
    NUMBERS.fetch_add(1, Ordering::Relaxed)
}

pub(super) fn next_month() -> String {
    let then = MachineClock.now().plus_seconds(30 * 86_400);
    Day::of(then).to_string()
}

/// Every figure and word of an answer that could be one person's alone.
pub(super) fn leaves(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    gather(value, &mut found);
    found
}

fn gather(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|one| gather(one, found)),
        Value::Object(fields) => fields.values().for_each(|one| gather(one, found)),
        Value::Number(number) if number.as_i64().is_some_and(|n| n >= 1_000) => {
            found.insert(number.to_string());
        }
        // A moment is nobody's own: what happened in the same second is no leak.
        Value::String(text)
            if text.chars().count() >= 6 && text.parse::<jiff::Timestamp>().is_err() =>
        {
            found.insert(text.clone());
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whose a thing is, and its id.
struct Thing {
    owner: Phone,
    id: String,
}

pub(super) struct Town {
    pub(super) nobody: Phone,
    pub(super) stranger: Phone,
    pub(super) strangers_home: String,
    /// What pays the owner's arrears.
    pub(super) order: Value,
    /// What only its owner may see.
    pub(super) canaries: BTreeSet<String>,
    things: Things,
    payer: (Phone, String),
    helper: (Phone, String),
}

fn text(value: &Value, field: &str) -> String {
    let found = value[field].as_str();
    found
        .unwrap_or_else(|| panic!("no {field} in {value}"))
        .to_owned()
}

/// An invitation into the home.
async fn invites(owner: &Phone, home: &str, role: Role) -> Value {
    let wish = json!({"role": role.as_str(), "ends_on": next_month()});
    let granted = owner
        .post(&format!("/v1/bindings/{home}/grants"), &wish)
        .await;
    assert_eq!(granted.status, StatusCode::CREATED, "{}", granted.text);
    granted.json()
}

/// Lets somebody into the home; how it is linked to them.
async fn lets_in(owner: &Phone, home: &str, guest: &Phone, role: Role) -> String {
    let invited = invites(owner, home, role).await;
    let wish = json!({"invitation": invited["invitation"]});
    let taken = guest.post("/v1/invitation-acceptances", &wish).await;
    assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.text);
    text(&taken.json(), "binding_id")
}

/// The first notice the owner is told.
async fn notice(owner: &Phone) -> String {
    let mut looks = Looks::every(Duration::from_millis(50));
    while looks.again().await {
        let told = owner.get("/v1/notices").await.json();
        if told["items"][0].is_object() {
            return text(&told["items"][0], "notice_id");
        }
    }
    panic!("the owner was never told of who came in");
}

async fn wallet(phone: &Phone, person: &str, field: &str) -> Value {
    let wallets = phone.sandbox_get("/sim/alipay/wallets").await;
    let wallets = wallets.get("wallets").unwrap_or(&wallets).clone();
    let all = wallets.as_array().cloned().unwrap_or_default();
    let found = all.into_iter().find(|one| one["person"] == person);
    found.map_or(Value::Null, |one| one[field].clone())
}

async fn certification(phone: &Phone) -> String {
    let people = phone.sandbox_get("/sim/people").await;
    let people = people.as_array().cloned().unwrap_or_default();
    let named = people.iter().find(|one| one["person"] == MERGING);
    let terms = phone.get("/v1/me/certifications").await.json();
    let wish = json!({
        "kind": "face",
        "name": named.expect("the person")["name"],
        "id_number": wallet(phone, MERGING, "id_no").await,
        "terms_version": terms["version"],
    });
    let begun = phone.post("/v1/me/certifications", &wish).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.text);
    text(&begun.json(), "certification_id")
}

type Things = BTreeMap<&'static str, Thing>;

fn of(owner: &Phone, id: String) -> Thing {
    Thing {
        owner: owner.clone(),
        id,
    }
}

/// Somebody who sells power, and a month of it to check.
async fn sells(demo: &Demo, things: &mut Things, canaries: &mut BTreeSet<String>) {
    let (seller, person) = seller(demo).await;
    let account = registered(&seller, &person).await;
    permit(&seller, &account, &person).await;
    let (seller, task) = first_task(demo, &text(&person, "person")).await;
    things.insert("check_task_id", of(&seller, text(&task, "check_task_id")));
    things.insert("generation_account_id", of(&seller, account));
    canaries.extend(leaves(
        &seller.get("/v1/check-tasks").await.json()["items"][0]["amount_fen"],
    ));

    let own = format!(
        "/v1/generation-accounts/{}",
        things["generation_account_id"].id
    );
    let key = seller.get(&format!("{own}/public-key")).await.json();
    canaries.extend(leaves(&key["jwk"]["n"]));
    let table = seller.get(&format!("{own}/table")).await.json();
    canaries.extend(leaves(&table["identity"]));
}

/// Somebody who asks to merge accounts, and somebody who is being certified.
async fn proves(demo: &Demo, things: &mut Things) {
    let merging = Phone::sign_in(demo, MERGING).await;
    merging.link_all().await;
    let merging = by_code(&merging, MERGING).await;
    let asked = merging.post("/v1/me/merges", &json!({})).await;
    assert_eq!(asked.status, StatusCode::CREATED, "{}", asked.text);
    things.insert("merge_id", of(&merging, text(&asked.json(), "merge_id")));
    let uncertified = Phone::sign_in(demo, UNCERTIFIED).await;
    let begun = certification(&uncertified).await;
    things.insert("certification_id", of(&uncertified, begun));
}

impl Town {
    pub(super) async fn settle(demo: &Demo) -> Self {
        let mut things = BTreeMap::new();
        let mut canaries = BTreeSet::new();
        // The clock is moved until a month is settled; everybody else signs in after that.
        sells(demo, &mut things, &mut canaries).await;
        proves(demo, &mut things).await;
        let owner = Phone::sign_in(demo, OWNER).await;
        let home = owner.link_all().await.remove(0);
        let stranger = Phone::sign_in(demo, STRANGER).await;
        let strangers_home = stranger.link_all().await.remove(0);
        let payer = Phone::sign_in(demo, PAYER).await;
        let helper = Phone::sign_in(demo, HELPER).await;
        // Who lives somewhere else themselves: their own homes stay apart.
        for guest in [&payer, &helper] {
            guest.link_all().await;
        }
        let payers_home = lets_in(&owner, &home, &payer, Role::PayerOnly).await;
        let helpers_home = lets_in(&owner, &home, &helper, Role::Authorised).await;
        let grant = invites(&owner, &home, Role::PayerOnly).await;
        let grant = text(&grant, "grant_id");
        things.insert("grant_id", of(&owner, grant));
        things.insert("notice_id", of(&owner, notice(&owner).await));
        let order = owner.arrears_order(&home).await;
        let key = [("idempotency-key", "the-matrix-order")];
        let made = owner
            .send(Method::POST, "/v1/payments", Some(&order), &key)
            .await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        things.insert("payment_id", of(&owner, text(&made.json(), "payment_id")));
        let wish = json!({"kind": "feedback", "text": "家里的灯晚上常常会闪"});
        let key = [("idempotency-key", "the-matrix-wish")];
        let wished = owner
            .send(Method::POST, "/v1/requests", Some(&wish), &key)
            .await;
        assert_eq!(wished.status, StatusCode::CREATED, "{}", wished.text);
        canaries.insert(text(&wished.json(), "request_id"));
        let elsewhere = Phone::sign_in(demo, OWNER).await;
        let sessions = elsewhere.get("/v1/sessions").await.json();
        let sessions = sessions["items"].as_array().cloned().unwrap_or_default();
        let current = sessions.iter().find(|one| one["current"] == true);
        let current = text(current.expect("its own session"), "session_id");
        things.insert("session_id", of(&owner, current));
        let bills = owner
            .get(&format!("/v1/bindings/{home}/bills"))
            .await
            .json();
        things.insert("period", of(&owner, text(&bills["items"][0], "period")));
        things.insert("binding_id", of(&owner, home));

        canaries.extend(things.values().map(|thing| thing.id.clone()));
        canaries.extend(truth(&owner).await);
        canaries.remove(&things["period"].id);
        Self {
            nobody: Phone::new(demo),
            stranger,
            strangers_home,
            order,
            canaries,
            things,
            payer: (payer, payers_home),
            helper: (helper, helpers_home),
        }
    }

    fn thing(&self, parameter: &str) -> &Thing {
        let known = self.things.get(parameter);
        known.unwrap_or_else(|| panic!("{parameter}: say whose it is"))
    }

    /// Whether a field of this name names a thing of somebody.
    pub(super) fn knows(&self, name: &str) -> bool {
        name != "period" && self.things.contains_key(name)
    }

    pub(super) fn id(&self, parameter: &str) -> String {
        self.thing(parameter).id.clone()
    }

    /// The path with the owner's ids in it, or with one that nobody has.
    pub(super) fn path(&self, template: &str, other: Option<&str>) -> String {
        let parts = template.split('/').map(|part| {
            let name = part
                .strip_prefix('{')
                .and_then(|part| part.strip_suffix('}'));
            match name {
                None => part.to_owned(),
                Some("period") => self.id("period"),
                Some(name) => other.map_or_else(|| self.id(name), str::to_owned),
            }
        });
        parts.collect::<Vec<_>>().join("/")
    }

    /// Whose the first thing of a path is.
    pub(super) fn owner_of(&self, template: &str) -> &Phone {
        let named = template
            .split('/')
            .find_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        &self.thing(named.expect("a path that names a thing")).owner
    }

    pub(super) fn with(&self, role: Role) -> (&Phone, &str) {
        let (phone, home) = match role {
            Role::PayerOnly => &self.payer,
            Role::Authorised | Role::Holder => &self.helper,
        };
        (phone, home)
    }
}

/// What marketing holds of the owner's home and of no other person of the town.
async fn truth(owner: &Phone) -> BTreeSet<String> {
    let people = owner.sandbox_get("/sim/people").await;
    let mut own = BTreeSet::new();
    let mut others = BTreeSet::new();
    for person in people.as_array().into_iter().flatten() {
        for number in person["consumer_nos"].as_array().into_iter().flatten() {
            let number = number.as_str().unwrap_or_default();
            let held = owner
                .sandbox_get(&format!("/sim/marketing/consumers/{number}"))
                .await;
            let mut found = leaves(&held);
            found.insert(format!("*********{}", number.get(9..).unwrap_or_default()));
            if person["person"] == OWNER {
                own.extend(found);
            } else {
                others.extend(found);
            }
        }
    }
    own.difference(&others).cloned().collect()
}
