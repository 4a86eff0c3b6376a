//! The job of the doors into accounts and homes: a wallet that tells no ID number, a number that is typed, an
//! invitation, a phone that the wallet tells, a person the user system is told of and who takes that back. No money
//! moves; a link or an account too many, or one too few, is what a kill could leave here.

use lifeline_core::shared::time::{Day, Time};
use lifeline_tests::Looks;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::browser::BREATH;
use crate::household::{Household, is_later};
use crate::{job, outcome};

/// Certified at Alipay, which tells no ID number; one home.
const SILENT: (&str, &str) = ("he-jie", "19000000014");
/// Types the number of the own home, whose archive holds another phone.
const TYPIST: (&str, &str) = ("zheng-xiuying", "1504010020140");
const TYPISTS_ARCHIVED: &str = "19000009912";
/// Two homes: lets a guest into the one and leaves the other.
const LANDLORD: (&str, &str) = ("chen-gang", "19000000004");
const SHARED_HOME: &str = "1504010020058";
/// Not certified at Alipay, which tells no phone either.
pub(crate) const GUEST: &str = "sun-li";

/// Looks at one thing until the world's time is moved, and how often it is for one thing.
const LOOKS_A_STEP: u32 = 8;
const STEP_S: i64 = 5;
const STEPS_MAX: u32 = 60;
/// Codes asked for until one is taken: a kill costs one, and whatever the first try had left on its way another.
const CODES_MAX: u32 = 5;
const INVITED_FOR_S: i64 = 30 * 86_400;

/// Plays it to the point where nothing is left to do.
pub(crate) async fn play(world: &mut Household) {
    world.sign_in(SILENT.0).await;
    compared(world, SILENT.0).await;
    world.consent("user_system").await;
    assert_eq!(job::settle_in(world).await.len(), 1);
    gathered(world, SILENT.1, Some(1)).await;

    world.sign_in(TYPIST.0).await;
    world.consent("identity_match").await;
    by_digits(world, TYPIST.1, TYPIST.0).await;
    by_code(world).await;

    let invitation = of_two_homes(world).await;
    world.sign_in(GUEST).await;
    shows_face(world, GUEST).await;
    takes_told_phone(world, GUEST).await;
    let accepted = json!({ "invitation": invitation });
    let accepted = world.post("/v1/invitation-acceptances", &accepted).await;
    assert_eq!(accepted.status, StatusCode::CREATED, "{}", accepted.text);
    outcome::rest(world).await;
}

/// The landlord's: linked and told of, one home left, the other one shared, and the consent taken back. Answers the
/// invitation.
async fn of_two_homes(world: &mut Household) -> Value {
    world.sign_in(LANDLORD.0).await;
    world.consent("user_system").await;
    let homes = job::settle_in(world).await;
    let shared = job::with_number(world, &homes, SHARED_HOME).await;
    gathered(world, LANDLORD.1, Some(2)).await;
    for left in homes.iter().filter(|home| **home != shared) {
        leaves(world, left).await;
    }
    gathered(world, LANDLORD.1, Some(1)).await;
    let then = (world.stage.now_s() + INVITED_FOR_S) * 1_000_000;
    let ends_on = Day::of(Time::from_micros(then)).to_string();
    let wish = json!({"role": "payer_only", "ends_on": ends_on});
    let path = format!("/v1/bindings/{shared}/grants");
    let invited = world.post(&path, &wish).await;
    assert_eq!(invited.status, StatusCode::CREATED, "{}", invited.text);
    let purpose = json!({"purpose": "user_system"});
    let path = "/v1/me/consents";
    let taken = world
        .insist(Method::DELETE, path, Some(&purpose), None)
        .await;
    assert_eq!(taken.status, StatusCode::NO_CONTENT, "{}", taken.text);
    gathered(world, LANDLORD.1, None).await;
    invited.json()["invitation"].clone()
}

/// What is known of a demo person.
async fn person(world: &Household, name: &str) -> Value {
    let people = world.stage.sandbox_get("/sim/people").await;
    let mut people = people.as_array().into_iter().flatten();
    let found = people.find(|one| one["person"] == name);
    found.cloned().expect("a demo person")
}

/// Begins a certification by what the person types; answers it.
async fn begins(world: &mut Household, name: &str, kind: &str) -> Value {
    let who = person(world, name).await;
    let terms = world.get("/v1/me/certifications").await;
    let typed = json!({"kind": kind, "name": who["name"], "id_number": who["id_number"],
        "terms_version": terms["version"]});
    let begun = world.post("/v1/me/certifications", &typed).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.text);
    begun.json()
}

fn outcome_of(begun: &Value) -> String {
    let id = begun["certification_id"].as_str().unwrap_or_default();
    format!("/v1/me/certifications/{id}/outcome")
}

/// Certified by comparison with the wallet. Its code is good for one use, so each try gets a fresh one.
async fn compared(world: &mut Household, name: &str) {
    let begun = begins(world, name, "certverify").await;
    let leave = json!({"person": name, "scopes": ["id_verify"]});
    let mut looks = Looks::every(BREATH);
    while looks.again().await {
        let allowed = world.stage.sandbox("/sim/alipay/authorize", &leave).await;
        let body = json!({"held": begun["held"], "auth_code": allowed["auth_code"]});
        let path = outcome_of(&begun);
        match world.once(Method::POST, &path, Some(&body), None).await {
            None => world.revive().await,
            Some(answer) if is_later(&answer) => time_passes(world, &looks).await,
            Some(answer) => {
                let said = answer.json();
                assert_eq!(said["state"], "certified", "{}", answer.text);
                return;
            }
        }
    }
    panic!("{name} was never compared\n{}", world.stage.log());
}

/// Certified by a face that is shown on Alipay's page.
async fn shows_face(world: &mut Household, name: &str) {
    let begun = begins(world, name, "face").await;
    let shown = json!({"certify_id": begun["certify_id"], "person": name, "outcome": "passed"});
    world.stage.sandbox("/sim/alipay/face", &shown).await;
    let body = json!({"held": begun["held"]});
    let ended = world.post(&outcome_of(&begun), &body).await;
    assert_eq!(ended.json()["state"], "certified", "{}", ended.text);
}

/// The first phone of an account, by the wallet's word.
async fn takes_told_phone(world: &mut Household, name: &str) {
    let whose = json!({ "person": name });
    let told = world.stage.sandbox("/sim/alipay/phone", &whose).await;
    let told = told["response"].as_str().unwrap_or_default();
    let told: Value = serde_json::from_str(told).expect("what the wallet gives");
    let body = json!({"response": told["response"], "sign": told["sign"]});
    let taken = world.post("/v1/me/phone", &body).await;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.text);
}

/// Links a typed number by the last six characters of its holder's ID number.
pub(crate) async fn by_digits(world: &mut Household, number: &str, holder: &str) {
    let holder = person(world, holder).await;
    let body = json!({"consumer_no": number,
        "proof": {"kind": "id_last6", "value": holder["id_last6"]}});
    let linked = world.post("/v1/bindings", &body).await;
    assert_eq!(linked.status, StatusCode::CREATED, "{}", linked.text);
}

/// The same home by a code to the phone in the archive: with the certified name that is more than paying. A code is
/// good for one use, so that what was lost takes a fresh one. Who asked again because the first answer was lost has two
/// texts, and only the later one opens: another is asked for when the newest was tried.
async fn by_code(world: &mut Household) {
    let mut tried = codes(world).await.len();
    for _ in 0..CODES_MAX {
        let linked = world.get("/v1/bindings").await;
        if linked["items"][0]["role"] == "authorised" {
            return;
        }
        if codes(world).await.len() == tried {
            asks_code(world, tried).await;
        }
        let texts = codes(world).await;
        let Some(code) = texts.get(tried..).and_then(|new| new.last()) else {
            continue;
        };
        tried = texts.len();
        let body = json!({"consumer_no": TYPIST.1, "proof": {"kind": "archived_sms", "otp": code}});
        let path = "/v1/bindings";
        match world.once(Method::POST, path, Some(&body), None).await {
            None => world.revive().await,
            // The list tells what became of it.
            Some(answer) => assert!(
                answer.status == StatusCode::CREATED
                    || answer.code() == "CANNOT_CONFIRM"
                    || is_later(&answer),
                "{}",
                answer.text
            ),
        }
    }
    let linked = world.get("/v1/bindings").await;
    assert_eq!(linked["items"][0]["role"], "authorised", "{linked}");
}

/// Asks for a code and waits for its text, as long as it is good, and until nothing else is on its way: who tried a text
/// while a later one was coming, and asked again, would stay one behind.
async fn asks_code(world: &mut Household, before: usize) {
    let wish = json!({"purpose": "bind", "consumer_no": TYPIST.1});
    let asked = world.post("/v1/otps", &wish).await;
    assert!(asked.status.is_success(), "{}", asked.text);
    let mut looks = Looks::every(BREATH);
    while looks.again().await && looks.count() <= LOOKS_A_STEP * STEPS_MAX {
        let is_there = codes(world).await.len() > before;
        if is_there && outcome::unrest(&world.stage).await.is_empty() {
            return;
        }
        time_passes(world, &looks).await;
    }
}

/// The codes that came to the phone in the archive, oldest first.
async fn codes(world: &Household) -> Vec<String> {
    let inbox = format!("/sim/sms?phone={TYPISTS_ARCHIVED}");
    let texts = world.stage.sandbox_get(&inbox).await;
    let texts = texts.as_array().into_iter().flatten();
    texts.filter_map(code).collect()
}

/// The six digits of a code's text message.
fn code(text: &Value) -> Option<String> {
    let digits = text["text"]
        .as_str()?
        .split(|c: char| !c.is_ascii_digit())
        .find(|run| run.len() == 6);
    digits.map(str::to_owned)
}

/// Leaves a home; who asks again after a lost answer is told that it is theirs no more.
pub(crate) async fn leaves(world: &mut Household, home: &str) {
    let path = format!("/v1/bindings/{home}");
    let left = world.insist(Method::DELETE, &path, None, None).await;
    let gone = [StatusCode::NO_CONTENT, StatusCode::NOT_FOUND];
    assert!(gone.contains(&left.status), "{}", left.text);
}

/// Until the user system holds so many homes of who has this phone; nothing when it holds nobody.
async fn gathered(world: &mut Household, phone: &str, homes: Option<usize>) {
    let mut looks = Looks::every(BREATH);
    let mut held = None;
    while looks.again().await {
        let users = world.stage.sandbox_get("/sim/user-system/users").await;
        let mut users = users["items"].as_array().into_iter().flatten();
        let user = users.find(|one| one["mobile"] == phone);
        held = user.map(|user| {
            let bindings = user["channel_users"][0]["bindings"].as_array();
            bindings.map_or(0, Vec::len)
        });
        if held == homes {
            return;
        }
        time_passes(world, &looks).await;
    }
    panic!(
        "the user system holds {held:?}, not {homes:?}\n{}",
        world.stage.log()
    );
}

/// What is waited for longer is a slow machine. A gateway that was killed meanwhile is found dead here.
async fn time_passes(world: &mut Household, looks: &Looks) {
    if !looks.is_last_of(LOOKS_A_STEP) {
        return;
    }
    if looks.count() / LOOKS_A_STEP <= STEPS_MAX {
        world.advance(STEP_S).await;
    } else {
        world.revive().await;
    }
}
