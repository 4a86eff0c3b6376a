//! Selling power, from registration to the end of the cooperation and a new beginning, over HTTP against a
//! demo. What the owner sends is encrypted by another implementation than the one that opens it.

use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use libtest_mimic::Failed;
use lifeline_tests::{Demo, Engine, Looks, Phone};
use reqwest::StatusCode;
use rsa::sha2::Sha256;
use rsa::{BigUint, Oaep, RsaPublicKey};
use serde_json::{Value, json};

use crate::fixtures::BOTH;
use crate::settling::advance;
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![
        (
            "pv_03_only_what_agrees_with_the_reserve_makes_an_account",
            BOTH,
            registration,
        ),
        (
            "pv_06_an_encrypted_identity_opens_the_table",
            BOTH,
            permission,
        ),
        (
            "pv_09_a_refusal_says_permission_not_granted_and_nothing_else",
            BOTH,
            refusals,
        ),
        ("pv_11_the_end_erases_keys_reserve_and_table", BOTH, end),
        (
            "pv_12_after_the_end_signing_in_works_and_no_query_does",
            BOTH,
            only_signing_in,
        ),
        (
            "pv_13_a_renewed_contract_makes_new_keys_and_a_new_table",
            BOTH,
            new_beginning,
        ),
    ]
}

pub(crate) const ALL: &str = "/v1/generation-accounts";

/// Longer than any of these journeys moves the clock.
const MONTH_LEFT_MIN_S: i64 = 6 * 86_400;

/// Shortly before a month's end time goes on to the next month first: with the month another reading comes, and
/// another check task, which on any other day nobody is sent.
async fn clear_of_the_months_end(phone: &Phone) {
    let now = phone.sandbox_get("/sim/clock").await;
    let now = now["now"].as_str().and_then(|now| now.parse().ok());
    let now: Timestamp = now.expect("RFC 3339");
    let shanghai = TimeZone::fixed(Offset::constant(8));
    let last = now.to_zoned(shanghai.clone()).date().last_of_month();
    let next = last.tomorrow().and_then(|day| day.to_zoned(shanghai));
    let next = next.expect("a moment").timestamp();
    let left = next.duration_since(now).as_secs();
    if left < MONTH_LEFT_MIN_S {
        advance(phone, left + 3_600).await;
    }
}

/// Who sells power, and what they would type and encrypt.
pub(crate) async fn sellers(demo: &Demo) -> Vec<(Phone, Value)> {
    let nobody = Phone::new(demo);
    clear_of_the_months_end(&nobody).await;
    let people = nobody.sandbox_get("/sim/people").await;
    let mut found = Vec::new();
    for one in people.as_array().cloned().unwrap_or_default() {
        if one["registration"].is_object() {
            let name = one["person"].as_str().expect("a handle");
            found.push((nobody.clone().signed_in(name).await, one));
        }
    }
    found
}

/// The first of them.
pub(crate) async fn seller(demo: &Demo) -> (Phone, Value) {
    let mut all = sellers(demo).await;
    assert!(!all.is_empty(), "somebody sells power");
    all.remove(0)
}

fn id_of(account: &Value) -> String {
    account["generation_account_id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

/// The account of the seller.
pub(crate) async fn registered(phone: &Phone, person: &Value) -> String {
    let made = phone.post(ALL, &person["registration"]).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    id_of(&made.json())
}

/// The public key, as soon as it is made.
pub(crate) async fn key_of(phone: &Phone, id: &str) -> Value {
    let mut looks = Looks::every(Duration::from_millis(100));
    while looks.again().await {
        let answer = phone.get(&format!("{ALL}/{id}/public-key")).await;
        if answer.status == StatusCode::OK {
            return answer.json();
        }
        assert_eq!(answer.code(), "KEY_NOT_READY", "{}", answer.text);
    }
    panic!("no key was ever made");
}

fn part(jwk: &Value, name: &str) -> BigUint {
    let text = jwk[name].as_str().expect("a part of the key");
    BigUint::from_bytes_be(&B64.decode(text).expect("base64url"))
}

/// A JWE by the `rsa` crate: RSA-OAEP-256 over a fresh key, A256GCM over the text.
pub(crate) fn encrypt(jwk: &Value, text: &Value) -> String {
    let key = RsaPublicKey::new(part(jwk, "n"), part(jwk, "e")).expect("a public key");
    let header = json!({"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": jwk["kid"]});
    let header = B64.encode(header.to_string());
    let (cek, nonce) = ([9_u8; 32], [4_u8; 12]);
    let mut chance = rsa::rand_core::OsRng;
    let sealed_key = key
        .encrypt(&mut chance, Oaep::new::<Sha256>(), &cek)
        .expect("encrypted");
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &cek).expect("a key"));
    let mut body = text.to_string().into_bytes();
    let tag = cipher
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(header.as_bytes()),
            &mut body,
        )
        .expect("sealed");
    [
        header,
        B64.encode(sealed_key),
        B64.encode(nonce),
        B64.encode(body),
        B64.encode(tag.as_ref()),
    ]
    .join(".")
}

pub(crate) fn inside(id: &str, key: &Value, identity: &Value) -> Value {
    json!({"generation_account_id": id, "nonce": key["nonce"], "identity": identity})
}

async fn show(phone: &Phone, id: &str, jwe: &str) -> lifeline_tests::Answer {
    let path = format!("{ALL}/{id}/access");
    phone.post(&path, &json!({ "jwe": jwe })).await
}

/// Shows who they are, rightly.
pub(crate) async fn permit(phone: &Phone, id: &str, person: &Value) -> String {
    let key = key_of(phone, id).await;
    let jwe = encrypt(&key["jwk"], &inside(id, &key, &person["identity"]));
    let answer = show(phone, id, &jwe).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let permission = answer.json()["permission_id"].clone();
    permission.as_str().expect("a permission").to_owned()
}

fn registration(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let (phone, person) = seller(&demo).await;
        let typed = &person["registration"];
        for (field, wrong) in [
            ("generation_no", "1504990020999"),
            ("grid_user_no", "1504010020999"),
            ("address", "另一条街 1 号"),
        ] {
            let mut other = typed.clone();
            other[field] = json!(wrong);
            let refused = phone.post(ALL, &other).await;
            assert_eq!(refused.status, StatusCode::NOT_FOUND, "{field}");
            assert_eq!(refused.code(), "GENERATOR_NOT_CONFIRMED", "{field}");
        }
        // Another certified person knows all of it: it is the same answer.
        let neighbour = Phone::sign_in(&demo, "li-ming").await;
        let refused = neighbour.post(ALL, typed).await;
        assert_eq!(refused.code(), "GENERATOR_NOT_CONFIRMED");
        assert_eq!(phone.get(ALL).await.json()["items"], json!([]));
        let id = registered(&phone, &person).await;
        assert_eq!(
            registered(&phone, &person).await,
            id,
            "a repeat is one account"
        );
        let shown = phone.get(&format!("{ALL}/{id}")).await.json();
        assert_eq!(shown["generation_no_masked"], "*********0061");
        assert_eq!(
            neighbour.get(&format!("{ALL}/{id}")).await.code(),
            "NOT_FOUND"
        );
    })
}

fn permission(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let (phone, person) = seller(&demo).await;
        let id = registered(&phone, &person).await;
        let table = format!("{ALL}/{id}/table");
        assert_eq!(phone.get(&table).await.code(), "TABLE_NOT_OPEN");
        let permission = permit(&phone, &id, &person).await;
        let shown = phone.get(&format!("{ALL}/{id}")).await.json();
        assert_eq!(shown["state"], "permitted");
        assert_eq!(shown["permission_id"], permission.as_str());
        let read = phone
            .get(&format!(
                "{table}?from=2026-01&to=2026-12&slot=peak&limit=5"
            ))
            .await;
        assert_eq!(read.status, StatusCode::OK, "{}", read.text);
        assert_eq!(
            read.json()["identity"]["trading_account_masked"],
            "****0005"
        );
        assert_eq!(read.json()["items"], json!([]));
        assert_eq!(
            permit(&phone, &id, &person).await,
            permission,
            "the same person again"
        );
        for query in [
            "from=2026-13",
            "slot=noon",
            "limit=0",
            "limit=101",
            "cursor=AAAA",
        ] {
            let refused = phone.get(&format!("{table}?{query}")).await;
            assert_eq!(refused.code(), "INVALID_QUERY", "{query}");
        }
        let neighbour = Phone::sign_in(&demo, "li-ming").await;
        for path in ["", "/public-key", "/table"] {
            let refused = neighbour.get(&format!("{ALL}/{id}{path}")).await;
            assert_eq!(refused.code(), "NOT_FOUND", "{path}");
        }
    })
}

/// Wrong ciphertext, wrong key, swapped account, replayed nonce, expired nonce, another identity: one body.
fn refusals(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let (phone, person) = seller(&demo).await;
        let id = registered(&phone, &person).await;
        let identity = &person["identity"];
        let first = key_of(&phone, &id).await;
        let stranger = "019aa2f0-0000-7000-8000-000000000000";
        let mut other = identity.clone();
        other["bank_card_no"] = json!("6217000000000000013");
        let mut own_key = first["jwk"].clone();
        let modulus = own_key["n"].as_str().expect("a modulus").replace('A', "B");
        own_key["n"] = json!(modulus);
        let mut said = Vec::new();
        let mut refuse = async |jwe: String| {
            let answer = show(&phone, &id, &jwe).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text);
            let mut body = answer.json();
            assert_eq!(body["code"], "PERMISSION_NOT_GRANTED");
            body["trace_id"] = Value::Null;
            said.push(body);
        };
        refuse("not.a.jwe".to_owned()).await;
        // The try used the nonce up.
        refuse(encrypt(&first["jwk"], &inside(&id, &first, identity))).await;
        let key = key_of(&phone, &id).await;
        refuse(encrypt(&own_key, &inside(&id, &key, identity))).await;
        let key = key_of(&phone, &id).await;
        refuse(encrypt(&key["jwk"], &inside(stranger, &key, identity))).await;
        let key = key_of(&phone, &id).await;
        refuse(encrypt(&key["jwk"], &inside(&id, &key, &other))).await;
        let key = key_of(&phone, &id).await;
        phone
            .sandbox("/sim/clock", &json!({"advance_s": 600}))
            .await;
        refuse(encrypt(&key["jwk"], &inside(&id, &key, identity))).await;
        said.dedup();
        assert_eq!(said.len(), 1, "{said:?}");
        let long = show(&phone, &id, &"x".repeat(8_193)).await;
        assert_eq!(long.code(), "INVALID_FIELD");
        let shown = phone.get(&format!("{ALL}/{id}")).await.json();
        assert_eq!(shown["state"], "keyed", "nothing was changed");
        permit(&phone, &id, &person).await;
    })
}

pub(crate) async fn state_becomes(phone: &Phone, id: &str, wanted: &str) -> Value {
    let mut looks = Looks::every(Duration::from_millis(100));
    while looks.again().await {
        let shown = phone.get(&format!("{ALL}/{id}")).await.json();
        if shown["state"] == wanted {
            return shown;
        }
    }
    panic!("the account never became {wanted}");
}

/// A seller whose cooperation marketing has ended, what opened their table, and their key's id.
struct Ended {
    phone: Phone,
    person: Value,
    id: String,
    permission: String,
    key: Value,
}

impl Ended {
    async fn after(demo: &Demo) -> Self {
        let (phone, person) = seller(demo).await;
        // Where a month was collected the end waits for its payout; in the hours passed here that is a matter of
        // whether the meters or the contract are looked at first.
        let silent = json!({
            "target": "generation", "route": "POST /meter/months", "kind": "HTTP_500", "count": 1_000,
        });
        phone.sandbox("/sim/faults", &silent).await;
        let id = registered(&phone, &person).await;
        let permission = permit(&phone, &id, &person).await;
        let key = key_of(&phone, &id).await["jwk"]["kid"].clone();
        let asked = phone
            .post(&format!("{ALL}/{id}/termination"), &json!({}))
            .await;
        assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text);
        assert_eq!(asked.json()["state"], "permitted", "asking ends nothing");
        phone
            .sandbox("/sim/marketing/end-cooperation", &number(&person))
            .await;
        // Lifeline learns of it when it looks at the contract again; by then the token is over.
        phone
            .sandbox("/sim/clock", &json!({"advance_s": 6 * 3_600 + 60}))
            .await;
        let name = person["person"].as_str().expect("a handle");
        let phone = Phone::new(demo).signed_in(name).await;
        state_becomes(&phone, &id, "terminated").await;
        Self {
            phone,
            person,
            id,
            permission,
            key,
        }
    }

    fn path(&self, what: &str) -> String {
        format!("{ALL}/{}{what}", self.id)
    }
}

pub(crate) fn number(person: &Value) -> Value {
    json!({"generation_no": person["registration"]["generation_no"]})
}

fn end(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let ended = Ended::after(&demo).await;
        let shown = ended.phone.get(&ended.path("")).await.json();
        for gone in [
            "generation_no_masked",
            "permission_id",
            "settlement_day",
            "feed_in",
        ] {
            assert!(shown[gone].is_null(), "{gone}");
        }
        // The number is free: nothing that was kept stands in the way of whoever holds the next contract.
        ended
            .phone
            .sandbox("/sim/marketing/renew-contract", &number(&ended.person))
            .await;
        let next = registered(&ended.phone, &ended.person).await;
        assert_ne!(next, ended.id);
    })
}

fn only_signing_in(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let ended = Ended::after(&demo).await;
        for what in ["/public-key", "/table"] {
            let refused = ended.phone.get(&ended.path(what)).await;
            assert_eq!(refused.code(), "COOPERATION_OVER", "{what}");
        }
        let shown = show(&ended.phone, &ended.id, "x").await;
        assert_eq!(shown.code(), "COOPERATION_OVER");
        let asked = ended
            .phone
            .post(&ended.path("/termination"), &json!({}))
            .await;
        assert_eq!(asked.code(), "COOPERATION_OVER");
        let list = ended.phone.get(ALL).await.json();
        let text = list.to_string();
        assert!(text.contains("terminated"), "{text}");
        assert!(!text.contains("*0061") && !text.contains(&ended.permission));
    })
}

fn new_beginning(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let ended = Ended::after(&demo).await;
        let (phone, registration) = (&ended.phone, &ended.person["registration"]);
        // Without a renewed contract there is nothing to activate by.
        let refused = phone.post(&ended.path("/activation"), registration).await;
        assert_eq!(refused.code(), "GENERATOR_NOT_CONFIRMED");
        phone
            .sandbox("/sim/marketing/renew-contract", &number(&ended.person))
            .await;
        let awake = phone.post(&ended.path("/activation"), registration).await;
        assert_eq!(awake.status, StatusCode::OK, "{}", awake.text);
        let key = key_of(phone, &ended.id).await["jwk"]["kid"].clone();
        assert_ne!(key, ended.key, "new keys");
        assert_eq!(
            phone.get(&ended.path("/table")).await.code(),
            "TABLE_NOT_OPEN"
        );
        let permission = permit(phone, &ended.id, &ended.person).await;
        assert_ne!(permission, ended.permission, "a new table");
        let again = phone.post(&ended.path("/activation"), registration).await;
        assert_eq!(again.code(), "COOPERATION_RUNS");
    })
}
