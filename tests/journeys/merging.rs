//! Two wallets of one certified person become one account over HTTP; nobody else's does.

use libtest_mimic::Failed;
use lifeline_tests::{Answer, Demo, Engine, Phone};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::fixtures::BOTH;
use crate::privacy::code_on;
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![
        (
            "ln_48_two_wallets_of_one_person_become_one_account",
            BOTH,
            merged,
        ),
        ("m3_6_another_persons_wallet_stays_apart", BOTH, kept_apart),
        (
            "m3_6_a_face_in_another_wallet_certifies_nobody",
            BOTH,
            elsewhere,
        ),
    ]
}

/// The one with two homes.
const PERSON: &str = "wang-fang";
/// One of the two.
const HOME: &str = "1504010020025";
/// A wallet of which Alipay certifies nothing.
const SECOND_WALLET: &str = "sun-li";
const STRANGER: &str = "li-ming";

fn is(answer: &Answer, status: StatusCode, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.code(), code);
}

async fn of(phone: &Phone, list: &str, person: &str, field: &str) -> Value {
    let list = phone.sandbox_get(list).await;
    let list = list.get("wallets").unwrap_or(&list);
    let all = list.as_array().cloned().unwrap_or_default();
    let found = all.iter().find(|one| one["person"] == person);
    found.map_or(Value::Null, |one| one[field].clone())
}

/// Certifies the wallet as the person whose face is shown.
async fn certify(wallet: &Phone, person: &str) {
    let ended = certified_in(wallet, person, None).await;
    assert_eq!(ended.json()["state"], "certified", "{}", ended.text);
}

/// The right face for a check that this wallet began; `used` is the wallet it is shown in, if another.
async fn certified_in(wallet: &Phone, person: &str, used: Option<&str>) -> Answer {
    let terms = wallet.get("/v1/me/certifications").await.json();
    let wish = json!({
        "kind": "face",
        "name": of(wallet, "/sim/people", person, "name").await,
        "id_number": of(wallet, "/sim/alipay/wallets", person, "id_no").await,
        "terms_version": terms["version"],
    });
    let begun = wallet.post("/v1/me/certifications", &wish).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.text);
    let begun = begun.json();
    let mut shown =
        json!({"certify_id": begun["certify_id"], "person": person, "outcome": "passed"});
    if let Some(used) = used {
        shown["wallet"] = json!(used);
    }
    wallet.sandbox("/sim/alipay/face", &shown).await;
    let id = begun["certification_id"].as_str().expect("an id");
    let outcome = format!("/v1/me/certifications/{id}/outcome");
    wallet.post(&outcome, &json!({"held": begun["held"]})).await
}

/// Links one of the person's homes by its number and the last digits of the ID number.
async fn linked_by_digits(phone: &Phone, person: &str) -> String {
    let number = of(phone, "/sim/alipay/wallets", person, "id_no").await;
    let last = number.as_str().and_then(|number| number.get(12..));
    let wish = json!({"consumer_no": HOME, "proof": {"kind": "id_last6", "value": last}});
    let linked = phone.post("/v1/bindings", &wish).await;
    assert_eq!(linked.status, StatusCode::CREATED, "{}", linked.text);
    let linked = linked.json();
    let id = linked["items"][0]["binding_id"].as_str();
    id.expect("a link").to_owned()
}

async fn top_up(phone: &Phone, home: &str) -> Value {
    let wish = json!({"binding_id": home, "purpose": "top_up", "amount_fen": 100});
    let key = [("idempotency-key", "merging-journey-1")];
    let ordered = phone
        .send(Method::POST, "/v1/payments", Some(&wish), &key)
        .await;
    assert_eq!(ordered.status, StatusCode::CREATED, "{}", ordered.text);
    ordered.json()
}

/// The same person, under the token that may merge, by a code to the phone of the account.
pub(crate) async fn by_code(phone: &Phone, person: &str) -> Phone {
    let number = of(phone, "/sim/people", person, "phone").await;
    let number = number.as_str().expect("a phone");
    let asked = phone.post("/v1/otps", &json!({"purpose": "merge"})).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text);
    let typed = json!({"otp": code_on(phone, number, "合并账号").await});
    let stepped = phone.post("/v1/sessions/current/step-up", &typed).await;
    assert_eq!(stepped.status, StatusCode::OK, "{}", stepped.text);
    let stepped = stepped.json();
    assert_eq!(stepped["purpose"], "merge");
    phone.clone().with_token(stepped["access_token"].as_str())
}

async fn ask(phone: &Phone) -> Value {
    let phone = by_code(phone, PERSON).await;
    let asked = phone.post("/v1/me/merges", &json!({})).await;
    assert_eq!(asked.status, StatusCode::CREATED, "{}", asked.text);
    asked.json()
}

async fn give(phone: &Phone, code: &Value) -> Answer {
    phone
        .post("/v1/me/merge-confirmations", &json!({"code": code}))
        .await
}

async fn homes(phone: &Phone) -> usize {
    let listed = phone.get("/v1/bindings").await.json();
    listed["items"].as_array().map_or(0, Vec::len)
}

fn merged(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let into = Phone::sign_in(&demo, PERSON).await;
        let held = into.link_all().await.len();
        let from = Phone::sign_in(&demo, SECOND_WALLET).await;
        is(
            &from.post("/v1/me/merges", &json!({})).await,
            StatusCode::CONFLICT,
            "REAL_NAME_REQUIRED",
        );
        certify(&from, PERSON).await;
        let me = into.get("/v1/me").await.json();
        assert_eq!(me["other_account"], true);
        // A home that the first has too: the two links fold into one.
        let theirs = linked_by_digits(&from, PERSON).await;
        let order = top_up(&from, &theirs).await;
        is(
            &into.post("/v1/me/merges", &json!({})).await,
            StatusCode::FORBIDDEN,
            "STEP_UP_REQUIRED",
        );
        let asked = ask(&into).await;
        let given = give(&from, &asked["code"]).await;
        assert_eq!(given.status, StatusCode::OK, "{}", given.text);
        assert_eq!(given.json()["homes"], 1);
        is(
            &from.get("/v1/bindings").await,
            StatusCode::UNAUTHORIZED,
            "SESSION_REVOKED",
        );
        assert_eq!(homes(&into).await, held);
        // What the second had begun to pay is the first one's to read.
        let id = order["payment_id"].as_str().expect("an order");
        let seen = into.get(&format!("/v1/payments/{id}")).await;
        assert_eq!(seen.status, StatusCode::OK, "{}", seen.text);
        let account = into.get("/v1/me").await.json();
        assert_eq!(account["other_account"], false);
        let again = Phone::sign_in(&demo, SECOND_WALLET).await;
        assert_eq!(
            again.get("/v1/me").await.json()["name_masked"],
            account["name_masked"]
        );
        assert_eq!(
            homes(&again).await,
            held,
            "either wallet opens the one account"
        );
        let id = asked["merge_id"].as_str().expect("an id");
        let looked = into.get(&format!("/v1/me/merges/{id}")).await;
        assert_eq!(looked.json()["state"], "merged", "{}", looked.text);
    })
}

fn kept_apart(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let into = Phone::sign_in(&demo, PERSON).await;
        let held = into.link_all().await.len();
        let stranger = Phone::sign_in(&demo, STRANGER).await;
        let theirs = stranger.link_all().await.len();
        let asked = ask(&into).await;
        let (conflict, refused) = (StatusCode::CONFLICT, "MERGE_REFUSED");
        is(&give(&stranger, &asked["code"]).await, conflict, refused);
        is(&give(&into, &asked["code"]).await, conflict, refused);
        let id = asked["merge_id"].as_str().expect("an id");
        is(
            &stranger.get(&format!("/v1/me/merges/{id}")).await,
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
        );
        assert_eq!(homes(&into).await, held);
        assert_eq!(homes(&stranger).await, theirs);
        let from = Phone::sign_in(&demo, SECOND_WALLET).await;
        certify(&from, PERSON).await;
        demo_waits(&from, 601).await;
        is(
            &give(&from, &asked["code"]).await,
            StatusCode::FORBIDDEN,
            "FRESH_SIGN_IN_REQUIRED",
        );
    })
}

/// Who holds a session of somebody else's shows their own face in their own wallet.
fn elsewhere(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let session = Phone::sign_in(&demo, SECOND_WALLET).await;
        let (code, refused) = (StatusCode::UNPROCESSABLE_ENTITY, "CERTIFICATION_REFUSED");
        let ended = certified_in(&session, PERSON, Some(PERSON)).await;
        is(&ended, code, refused);
        let me = session.get("/v1/me").await.json();
        assert_ne!(me["real_name"], "verified");
        certify(&session, PERSON).await;
    })
}

async fn demo_waits(phone: &Phone, seconds: i64) {
    phone
        .sandbox("/sim/clock", &json!({"advance_s": seconds}))
        .await;
}
