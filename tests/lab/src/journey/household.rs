//! Sign in, link, see: the household's steps before money moves.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::client::{Answer, Client, list, number, text};
use super::{Wrong, hold};

/// The demo person who plays.
pub(crate) struct Person {
    handle: String,
    pub(crate) phone: String,
    pub(crate) consumer_nos: Vec<String>,
}

/// The home they play with.
pub(crate) struct Home {
    pub(crate) binding_id: String,
    pub(crate) consumer_no: String,
    pub(crate) tail: String,
}

/// The first demo person: the one who owes money.
pub(crate) async fn choose(client: &Client) -> Result<Person, Wrong> {
    let people = client.sandbox_get("/sim/people").await?;
    let first = people
        .get(0)
        .ok_or_else(|| Wrong::new("the sandbox has no people"))?;
    let person = read(first)?;
    hold!(
        !person.consumer_nos.is_empty(),
        "the first person has no home"
    );
    Ok(person)
}

/// The demo person of this handle.
pub(crate) async fn find(client: &Client, handle: &str) -> Result<Person, Wrong> {
    let people = client.sandbox_get("/sim/people").await?;
    let of_handle = |one: &&Value| text(one, "person").is_ok_and(|person| person == handle);
    let found = people.as_array().into_iter().flatten().find(of_handle);
    read(found.ok_or_else(|| Wrong::new(format!("the sandbox has no {handle}")))?)
}

pub(crate) fn read(person: &Value) -> Result<Person, Wrong> {
    let numbers = list(person, "consumer_nos")?.iter();
    Ok(Person {
        handle: text(person, "person")?.to_owned(),
        phone: text(person, "phone")?.to_owned(),
        consumer_nos: numbers
            .filter_map(|no| no.as_str().map(str::to_owned))
            .collect(),
    })
}

/// What a phone shows once its person has tapped allow: each tap brings a code of its own.
async fn allowed(client: &Client, person: &Person) -> Result<Value, Wrong> {
    let allowed = client
        .sandbox_post("/sim/alipay/authorize", &json!({"person": person.handle}))
        .await?;
    let code = text(&allowed, "auth_code")?;
    Ok(json!({"grant": "alipay", "auth_code": code}))
}

/// Taps allow and shows the code once; whatever comes of it.
pub(crate) async fn enter(client: &Client, person: &Person) -> Result<Answer, Wrong> {
    let body = allowed(client, person).await?;
    client
        .call(Method::POST, "/v1/sessions", Some(&body), None)
        .await
}

pub(crate) async fn sign_in(client: &mut Client, person: &Person) -> Result<(), Wrong> {
    let body = allowed(client, person).await?;
    let session = client
        .post("/v1/sessions", &body, StatusCode::CREATED)
        .await?;
    hold!(
        text(&session, "token_type")? == "Bearer",
        "the token is not a bearer token"
    );
    client.sign(text(&session, "access_token")?.to_owned());
    let again = client
        .call(Method::POST, "/v1/sessions", Some(&body), None)
        .await?;
    hold!(
        again.status.is_client_error(),
        "a spent authorisation code was taken again"
    );
    let me = client.get("/v1/me").await?;
    hold!(
        me.get("account_id") == session.get("account_id"),
        "the session is another account's"
    );
    hold!(
        text(&me, "real_name")? == "verified",
        "the certified name did not arrive"
    );
    Ok(())
}

/// The last four digits, as a masked number shows them.
pub(crate) fn tail(no: &str) -> String {
    no.get(no.len().saturating_sub(4)..)
        .unwrap_or(no)
        .to_owned()
}

pub(crate) async fn link(client: &Client, person: &Person) -> Result<Home, Wrong> {
    let wanted: Vec<String> = person.consumer_nos.iter().map(|no| tail(no)).collect();
    let mut bindings = client.get("/v1/bindings").await?;
    if list(&bindings, "items")?.is_empty() {
        let nothing = json!({});
        let refused = client
            .call(Method::POST, "/v1/binding-matches", Some(&nothing), None)
            .await?;
        hold!(
            refused.status == StatusCode::FORBIDDEN,
            "a match ran without consent"
        );
        agree(client, "identity_match").await?;
        agree(client, "notices").await?;
        let matched = client
            .post("/v1/binding-matches", &json!({}), StatusCode::OK)
            .await?;
        hold!(text(&matched, "level")? == "full", "the match is not full");
        let candidates = list(&matched, "candidates")?;
        hold!(
            candidates.len() == wanted.len(),
            "the match offers another number of homes"
        );
        let tokens: Vec<&str> = candidates
            .iter()
            .map(|c| text(c, "match_token"))
            .collect::<Result<_, _>>()?;
        let confirm = json!({"match_tokens": tokens});
        bindings = client
            .post("/v1/bindings", &confirm, StatusCode::CREATED)
            .await?;
        let again = client
            .call(Method::POST, "/v1/bindings", Some(&confirm), None)
            .await?;
        hold!(
            again.status.is_client_error(),
            "a spent match token was taken again"
        );
    }
    let items = list(&bindings, "items")?;
    let first = items
        .first()
        .ok_or_else(|| Wrong::new("no home was linked"))?;
    hold!(
        text(first, "role")? == "holder",
        "the certified holder is not HOLDER"
    );
    let masked = text(first, "consumer_no_masked")?;
    let tail = tail(masked);
    hold!(
        masked.starts_with('*') && wanted.contains(&tail),
        "a foreign home was linked"
    );
    let consumer_no = person
        .consumer_nos
        .iter()
        .find(|no| no.ends_with(&tail))
        .cloned()
        .ok_or_else(|| Wrong::new("a foreign home was linked"))?;
    Ok(Home {
        binding_id: text(first, "binding_id")?.to_owned(),
        consumer_no,
        tail,
    })
}

/// Gives one consent to the words that are shown now.
pub(crate) async fn agree(client: &Client, purpose: &str) -> Result<(), Wrong> {
    let consents = client.get("/v1/me/consents").await?;
    let version = list(&consents, "items")?
        .iter()
        .find(|item| item.get("purpose").and_then(Value::as_str) == Some(purpose))
        .and_then(|item| item.get("version").cloned())
        .ok_or_else(|| Wrong::new(format!("there are no words to agree to for {purpose}")))?;
    let consent = json!({"purpose": purpose, "version": version});
    client
        .post("/v1/me/consents", &consent, StatusCode::CREATED)
        .await
        .map(drop)
}

/// Reads arrears, balance and the newest bill and checks each against the marketing system.
pub(crate) async fn see(client: &Client, home: &Home) -> Result<String, Wrong> {
    let base = format!("/v1/bindings/{}", home.binding_id);
    let arrears = client.get(&format!("{base}/arrears")).await?;
    let theirs = client
        .sandbox_get(&format!("/sim/marketing/consumers/{}", home.consumer_no))
        .await?;
    let total = number(&arrears, "total_fen")?;
    let due = number(&theirs, "due_fen")?;
    hold!(
        total == due,
        "arrears say {total} fen, the marketing system {due}"
    );
    text(&arrears, "as_of")?;
    let balance = client.get(&format!("{base}/balance")).await?;
    text(&balance, "as_of")?;
    let bills = client.get(&format!("{base}/bills?limit=24")).await?;
    let newest = list(&bills, "items")?
        .first()
        .ok_or_else(|| Wrong::new("there are no bills"))?
        .clone();
    let period = text(&newest, "period")?;
    let bill = client.get(&format!("{base}/bills/{period}")).await?;
    let recomputed = recompute(&bill)?;
    let said = number(&bill, "total_fen")?;
    hold!(
        recomputed == said,
        "bill {period} says {said} fen, its lines make {recomputed}"
    );
    Ok(format!(
        "{total} fen due, bill {period} recomputed to {said} fen"
    ))
}

/// Quantity x price of each line with all digits, rounded half up to the fen, and their sum.
fn recompute(bill: &Value) -> Result<i64, Wrong> {
    let mut sum = 0_i64;
    for line in list(bill, "lines")? {
        let amount = number(line, "amount_fen")?;
        let quantity = scaled(text(line, "quantity_kwh")?, 4)?;
        let price = scaled(text(line, "price_yuan_per_kwh")?, 8)?;
        let exact = i128::from(quantity) * i128::from(price);
        let fen = (exact + 5_000_000_000).div_euclid(10_000_000_000);
        hold!(
            fen == i128::from(amount),
            "a bill line says {amount} fen, its formula {fen}"
        );
        text(line, "formula")?;
        sum = sum.saturating_add(amount);
    }
    Ok(sum)
}

/// A plain decimal as an integer scaled by 10^places.
fn scaled(text: &str, places: usize) -> Result<i64, Wrong> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let number = format!("{whole}{part:0<places$}");
    number
        .parse()
        .map_err(|_| Wrong::new("a decimal of the bill cannot be read"))
}
