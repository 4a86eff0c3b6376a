//! Who reads what, over every operation that the document names: role x route x owner. The routes are read
//! from `openapi/lifeline.json`, so a new one that names somebody's thing is held to it, or fails here until it
//! is said whose the thing is ([`town`]), what a body for it looks like ([`BODIES`]) and which role it takes
//! ([`LEAST`]). Each refusal of a stranger has its twin, in which the owner is answered with the canary.

mod lists;
mod town;

use std::collections::BTreeSet;
use std::path::Path;

use libtest_mimic::Failed;
use lifeline_core::bindings::Role;
use lifeline_tests::{Answer, Demo, Engine, Phone};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use self::town::{Town, leaves};
use crate::fixtures::BOTH;
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "every_route_of_the_document_shows_a_thing_to_its_owner_and_to_nobody_else",
        BOTH,
        matrix,
    )]
}

const NOWHERE: &str = "019aa2f0-0000-7000-8000-0000000000ff";
const HOME: &str = "/v1/bindings/{binding_id}";

/// A body that is read as far as the question whose the thing is.
type Make = fn() -> Value;
const BODIES: [(&str, Make); 10] = [
    ("PATCH /v1/bindings/{binding_id}", || json!({"label": "家"})),
    ("POST /v1/bindings/{binding_id}/archive-filling", || {
        json!({})
    }),
    (
        "POST /v1/bindings/{binding_id}/grants",
        || json!({"role": "payer_only", "ends_on": town::next_month()}),
    ),
    (
        "POST /v1/check-tasks/{check_task_id}/feedback",
        || json!({"verdict": "view"}),
    ),
    (
        "POST /v1/generation-accounts/{generation_account_id}/access",
        || json!({"jwe": "a.b.c.d.e"}),
    ),
    (
        "POST /v1/generation-accounts/{generation_account_id}/activation",
        || json!({"address": "x", "generation_no": "1504990020061", "grid_user_no": "1504010020999"}),
    ),
    (
        "PUT /v1/generation-accounts/{generation_account_id}/password",
        || json!({"login": "roof.of.mine", "password": "quite-another-word-77", "otp": "000000"}),
    ),
    (
        "POST /v1/generation-accounts/{generation_account_id}/termination",
        || json!({}),
    ),
    (
        "POST /v1/me/certifications/{certification_id}/outcome",
        || json!({"held": "x"}),
    ),
    ("PATCH /v1/notices/{notice_id}", || json!({"read": true})),
];

/// Bodies that name a thing of somebody: the operation, and what is sent of another's.
type Naming = fn(&str, &Value) -> Value;
const NAMED_IN_BODIES: [(&str, Naming); 5] = [
    (
        "POST /v1/otps",
        |home, _| json!({"purpose": "unlink", "binding_id": home}),
    ),
    ("POST /v1/payments", |_, order| order.clone()),
    (
        "POST /v1/checkouts",
        |home, order| json!({"items": [{"binding_id": home, "amount_fen": order["amount_fen"], "arrears_version": order["arrears_version"]}]}),
    ),
    (
        "POST /v1/requests",
        |home, _| json!({"binding_id": home, "kind": "bill_dispute", "text": "电费好像多算了一些"}),
    ),
    (
        "POST /v1/generation-accounts",
        |home, _| json!({"binding_id": home, "generation_no": "1504990020061", "address": "x"}),
    ),
];

/// What a linked home asks of the role (money.md 3.4).
const LEAST: [(&str, Role); 16] = [
    ("GET ", Role::PayerOnly),
    ("PATCH ", Role::PayerOnly),
    ("DELETE ", Role::PayerOnly),
    ("GET /arrears", Role::PayerOnly),
    ("GET /payments", Role::PayerOnly),
    ("GET /outages", Role::PayerOnly),
    ("GET /balance", Role::Authorised),
    ("GET /bills", Role::Authorised),
    ("GET /bills/{period}", Role::Authorised),
    ("GET /usage", Role::Authorised),
    ("GET /receipts", Role::Authorised),
    ("GET /grants", Role::Holder),
    ("POST /grants", Role::Holder),
    ("DELETE /grants/{grant_id}", Role::Holder),
    ("GET /archive-filling", Role::Holder),
    ("POST /archive-filling", Role::Holder),
];

/// Owner's answers that hold nothing of one person by which they could be told apart.
const PLAIN: [(&str, &str); 5] = [
    (
        "GET /v1/bindings/{binding_id}/archive-filling",
        "the state of an offer",
    ),
    (
        "GET /v1/bindings/{binding_id}/outages",
        "of an area, and empty on a good day",
    ),
    (
        "GET /v1/bindings/{binding_id}/balance",
        "nothing is prepaid",
    ),
    (
        "GET /v1/bindings/{binding_id}/usage",
        "energy of days, like another's; tests/isolation tells whose",
    ),
    (
        "GET /v1/bindings/{binding_id}/receipts",
        "sums and days of the utility; tests/isolation tells whose",
    ),
];

/// One operation of the document.
#[derive(Debug, Clone)]
struct Operation {
    method: Method,
    path: String,
    takes_body: bool,
    names: BTreeSet<String>,
    is_public: bool,
}

impl Operation {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn parameters(&self) -> Vec<&str> {
        let parts = self.path.split('/');
        parts
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .collect()
    }

    fn body(&self) -> Option<Value> {
        if !self.takes_body {
            return None;
        }
        let known = BODIES.iter().find(|(name, _)| *name == self.name());
        let make = known.unwrap_or_else(|| panic!("{}: say what a body of it is", self.name()));
        Some(make.1())
    }

    /// The least role a home asks for, by the rest of the path.
    fn least(&self) -> Option<Role> {
        let rest = self.path.strip_prefix(HOME)?;
        let name = format!("{} {rest}", self.method);
        let known = LEAST.iter().find(|(known, _)| *known == name);
        Some(
            known
                .unwrap_or_else(|| panic!("{}: say which role it takes", self.name()))
                .1,
        )
    }
}

pub(crate) fn document() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi/lifeline.json");
    let text = std::fs::read_to_string(file).expect("the document");
    serde_json::from_str(&text).expect("JSON")
}

/// The names of all fields of a schema, those of what it refers to included.
pub(crate) fn fields(document: &Value, schema: &Value, found: &mut BTreeSet<String>) {
    if let Some(target) = schema["$ref"].as_str() {
        let pointer = target.trim_start_matches('#');
        fields(
            document,
            document.pointer(pointer).expect("a schema"),
            found,
        );
    }
    for (name, one) in schema["properties"].as_object().into_iter().flatten() {
        found.insert(name.clone());
        fields(document, one, found);
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        let all = schema[several].as_array().into_iter().flatten();
        all.for_each(|one| fields(document, one, found));
    }
    if schema["items"].is_object() {
        fields(document, &schema["items"], found);
    }
}

fn operations() -> Vec<Operation> {
    let document = document();
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, one) in methods.as_object().expect("operations") {
            let schema = &one["requestBody"]["content"]["application/json"]["schema"];
            let mut names = BTreeSet::new();
            fields(&document, schema, &mut names);
            found.push(Operation {
                method: method.to_uppercase().parse().expect("a method"),
                path: path.clone(),
                takes_body: one["requestBody"].is_object(),
                names,
                is_public: one["security"].is_null(),
            });
        }
    }
    assert!(found.len() > 60, "only {} operations", found.len());
    found
}

async fn ask(phone: &Phone, operation: &Operation, path: &str) -> Answer {
    let key = format!("the-matrix-{:016x}", town::next());
    let key = [("idempotency-key", key.as_str())];
    let body = operation.body();
    phone
        .send(operation.method.clone(), path, body.as_ref(), &key)
        .await
}

fn without_trace(answer: &Answer) -> Value {
    let mut body = answer.json();
    body["trace_id"] = Value::Null;
    body
}

fn is_not_found(answer: &Answer, what: &str) {
    let said = (answer.status, answer.code());
    assert_eq!(
        said,
        (StatusCode::NOT_FOUND, "NOT_FOUND".to_owned()),
        "{what}: {}",
        answer.text
    );
}

/// Nobody is in; a stranger hears of a thing of another's what they hear of none.
async fn strangers(town: &Town, operation: &Operation) -> usize {
    let name = operation.name();
    let theirs = town.path(&operation.path, None);
    let nobody = ask(&town.nobody, operation, &theirs).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED, "{name}");
    let unknown = town.path(&operation.path, Some(NOWHERE));
    let unknown = ask(&town.stranger, operation, &unknown).await;
    let foreign = ask(&town.stranger, operation, &theirs).await;
    is_not_found(&foreign, &name);
    assert_eq!(without_trace(&foreign), without_trace(&unknown), "{name}");
    if operation.parameters().contains(&"grant_id") {
        // Beside a home of their own, another's thing is as little there.
        let mixed = theirs.replace(&town.id("binding_id"), &town.strangers_home);
        is_not_found(&ask(&town.stranger, operation, &mixed).await, &name);
    }
    3
}

/// The twin: the same request of the owner is answered, a reading with the canary.
async fn owner(town: &Town, operation: &Operation) {
    let name = operation.name();
    let answer = ask(
        town.owner_of(&operation.path),
        operation,
        &town.path(&operation.path, None),
    )
    .await;
    let refused = [
        "NOT_FOUND",
        "UNAUTHENTICATED",
        "SESSION_REVOKED",
        "ROLE_NOT_ENOUGH",
    ];
    assert!(
        !refused.contains(&answer.code().as_str()),
        "{name}: {}",
        answer.text
    );
    assert!(!answer.status.is_server_error(), "{name}: {}", answer.text);
    if operation.method != Method::GET {
        return;
    }
    assert_eq!(answer.status, StatusCode::OK, "{name}: {}", answer.text);
    let shown = leaves(&answer.json());
    let canary = shown.iter().any(|leaf| town.canaries.contains(leaf));
    let plain = PLAIN.iter().any(|(known, _)| *known == name);
    assert!(
        canary || plain,
        "{name} shows its owner no canary: {}",
        answer.text
    );
}

/// What somebody with a lesser role may, and may not, do with the home.
async fn role(town: &Town, operation: &Operation, role: Role) {
    let Some(least) = operation.least() else {
        return;
    };
    let (phone, home) = town.with(role);
    let path = town.path(&operation.path, None);
    let path = path.replace(&town.id("binding_id"), home);
    let answer = ask(phone, operation, &path).await;
    let what = format!("{} as {}: {}", operation.name(), role.as_str(), answer.text);
    if role >= least {
        assert!(
            !["NOT_FOUND", "ROLE_NOT_ENOUGH"].contains(&answer.code().as_str()),
            "{what}"
        );
        assert!(!answer.status.is_server_error(), "{what}");
    } else {
        assert_eq!(answer.code(), "ROLE_NOT_ENOUGH", "{what}");
        let shown = leaves(&answer.json());
        assert!(
            shown.iter().all(|leaf| !town.canaries.contains(leaf)),
            "{what}"
        );
    }
}

/// Ids of another's in a body are as little there as in a path.
async fn bodies(town: &Town, all: &[Operation]) {
    let mut seen = 0;
    for operation in all
        .iter()
        .filter(|one| one.parameters().is_empty() && !one.is_public)
    {
        let named = operation.names.iter().any(|name| town.knows(name));
        let make = NAMED_IN_BODIES
            .iter()
            .find(|(known, _)| *known == operation.name());
        assert_eq!(
            named,
            make.is_some(),
            "{}: whose things does its body name?",
            operation.name()
        );
        let Some((_, make)) = make else { continue };
        for home in [town.id("binding_id").as_str(), NOWHERE] {
            let key = format!("the-matrix-{:016x}", town::next());
            let key = [("idempotency-key", key.as_str())];
            let mut order = town.order.clone();
            order["binding_id"] = json!(home);
            let body = make(home, &order);
            let foreign = town
                .stranger
                .send(Method::POST, &operation.path, Some(&body), &key)
                .await;
            is_not_found(&foreign, &operation.name());
        }
        seen += 1;
    }
    assert_eq!(seen, NAMED_IN_BODIES.len());
}

/// Readings first, endings last, and the home itself at the very end.
fn order(operation: &Operation) -> (u8, std::cmp::Reverse<usize>) {
    let turn = match operation.method.as_str() {
        "GET" => 0,
        "DELETE" => 2,
        _ => 1,
    };
    (turn, std::cmp::Reverse(operation.path.len()))
}

fn matrix(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let mut all = operations();
        all.sort_by_key(order);
        let town = Town::settle(&demo).await;
        let whose = |one: &&Operation| !one.is_public && !one.parameters().is_empty();
        let (mut routes, mut refusals) = (0, 0);
        for operation in all.iter().filter(whose) {
            refusals += strangers(&town, operation).await;
            routes += 1;
        }
        for operation in all.iter().filter(|one| lists::is_list(one)) {
            lists::to_their_owner_only(&town, operation).await;
        }
        bodies(&town, &all).await;
        for lesser in [Role::PayerOnly, Role::Authorised] {
            for operation in all.iter().filter(whose) {
                role(&town, operation, lesser).await;
            }
        }
        for operation in all.iter().filter(whose) {
            owner(&town, operation).await;
        }
        assert!(routes > 30, "only {routes} routes name a thing of somebody");
        println!("{routes} routes, {refusals} refusals, 0 cross reads");
    })
}
