//! User name and password of a generation account, and whose key wraps its private half, over HTTP against a
//! demo.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use libtest_mimic::Failed;
use lifeline_tests::demo::binary;
use lifeline_tests::{Answer, Demo, Engine, Looks, Phone};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::fixtures::BOTH;
use crate::generation::{permit, registered, seller};
use crate::production::{certificates, configuration};
use crate::settling::advance;
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![
        (
            "pv_04_user_name_password_and_code_sign_in_and_nothing_less_does",
            BOTH,
            signing_in,
        ),
        (
            "pv_04_five_wrong_passwords_close_the_door_and_not_for_the_owner",
            BOTH,
            locked,
        ),
        (
            "pv_04_a_code_changes_what_was_forgotten_and_ends_other_devices",
            BOTH,
            changed,
        ),
        (
            "pv_05_the_hsm_wraps_and_opens_for_the_packaged_binary",
            &[Engine::Sqlite],
            hsm,
        ),
        (
            "pv_05_what_the_hsm_lacks_is_said_and_migrate_makes_its_key",
            BOTH,
            preparing,
        ),
    ]
}

const ALL: &str = "/v1/generation-accounts";
const LOGIN: &str = "zhaolei.roof";
const PASSWORD: &str = "Tr4x-over-the-barn";
const ANOTHER: &str = "Tr4x-under-the-barn";

/// The person with the user name and password that go with it.
fn with_password(person: &Value) -> Value {
    let mut person = person.clone();
    person["registration"]["login"] = json!(LOGIN);
    person["registration"]["password"] = json!(PASSWORD);
    person
}

/// How many codes came to the person, and the newest.
async fn codes(phone: &Phone, person: &Value) -> (usize, String) {
    let number = person["phone"].as_str().expect("a phone");
    let inbox = phone.sandbox_get(&format!("/sim/sms?phone={number}")).await;
    let shown = inbox.to_string();
    let all: Vec<&str> = shown.split("验证码 ").skip(1).collect();
    let newest = all.last().and_then(|text| text.get(..6));
    (all.len(), newest.unwrap_or_default().to_owned())
}

/// The code that comes after `before` others.
async fn next_code(phone: &Phone, person: &Value, before: usize) -> String {
    let mut looks = Looks::every(Duration::from_millis(100));
    while looks.again().await {
        let (count, newest) = codes(phone, person).await;
        if count > before {
            return newest;
        }
    }
    panic!("no code came");
}

async fn enter(phone: &Phone, password: &str, otp: Option<&str>) -> Answer {
    let mut body = json!({"grant": "generation_password", "login": LOGIN, "password": password});
    if let Some(otp) = otp {
        body["otp"] = json!(otp);
    }
    phone.post("/v1/sessions", &body).await
}

fn is(answer: &Answer, status: StatusCode, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.code(), code, "{}", answer.text);
}

fn signing_in(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let (phone, person) = seller(&demo).await;
        let person = with_password(&person);
        for missing in ["login", "password"] {
            let mut half = person["registration"].clone();
            half[missing] = Value::Null;
            let refused = phone.post(ALL, &half).await;
            is(&refused, StatusCode::UNPROCESSABLE_ENTITY, "INVALID_FIELD");
            assert!(refused.text.contains(missing), "{}", refused.text);
        }
        let id = registered(&phone, &person).await;
        let shown = phone.get(&format!("{ALL}/{id}")).await;
        assert!(
            shown.json()["password_set_at"].is_string(),
            "{}",
            shown.text
        );
        assert!(!shown.text.contains(LOGIN));

        let browser = Phone::new(&demo);
        let (before, _) = codes(&phone, &person).await;
        let wrong = enter(&browser, ANOTHER, None).await;
        let right = enter(&browser, PASSWORD, None).await;
        assert_eq!(wrong.status, StatusCode::ACCEPTED);
        assert_eq!(
            (right.status, &right.text),
            (wrong.status, &wrong.text),
            "which of them fits is not told"
        );
        let otp = next_code(&phone, &person, before).await;
        // The password alone reaches nothing (money.md 3.14), nor does the code with another one.
        assert!(right.json()["access_token"].is_null());
        let refused = StatusCode::UNAUTHORIZED;
        let guess = if otp == "000000" { "000001" } else { "000000" };
        is(
            &enter(&browser, PASSWORD, Some(guess)).await,
            refused,
            "SIGN_IN_REFUSED",
        );
        is(
            &enter(&browser, ANOTHER, Some(&otp)).await,
            refused,
            "SIGN_IN_REFUSED",
        );
        // A name of this room is none at the household's door.
        let household =
            json!({"grant": "password", "login": LOGIN, "password": PASSWORD, "otp": otp});
        is(
            &browser.post("/v1/sessions", &household).await,
            refused,
            "SIGN_IN_REFUSED",
        );

        let entered = enter(&browser, PASSWORD, Some(&otp)).await;
        assert_eq!(entered.status, StatusCode::CREATED, "{}", entered.text);
        let entered = entered.json();
        let owner = browser.with_token(entered["access_token"].as_str());
        let listed = owner.get(ALL).await.json();
        assert_eq!(listed["items"][0]["generation_account_id"], id.as_str());
        is(
            &enter(&owner, PASSWORD, Some(&otp)).await,
            refused,
            "SIGN_IN_REFUSED",
        );

        permit(&owner, &id, &person).await;
        let number = json!({"generation_no": person["registration"]["generation_no"]});
        owner
            .sandbox("/sim/marketing/end-cooperation", &number)
            .await;
        advance(&owner, 6 * 3_600 + 60).await;
        let (before, _) = codes(&owner, &person).await;
        let again = Phone::new(&demo);
        assert_eq!(
            enter(&again, PASSWORD, None).await.status,
            StatusCode::ACCEPTED
        );
        let otp = next_code(&again, &person, before).await;
        let entered = enter(&again, PASSWORD, Some(&otp)).await;
        assert_eq!(
            entered.status,
            StatusCode::CREATED,
            "PV-12: {}",
            entered.text
        );
    })
}

fn locked(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let (phone, person) = seller(&demo).await;
        registered(&phone, &with_password(&person)).await;
        let browser = Phone::new(&demo);
        for _ in 0..5 {
            let guessed = enter(&browser, ANOTHER, None).await;
            assert_eq!(guessed.status, StatusCode::ACCEPTED, "{}", guessed.text);
        }
        let (before, _) = codes(&phone, &person).await;
        // Closed from here with the right one too, and nothing of it is told.
        assert_eq!(
            enter(&browser, PASSWORD, None).await.status,
            StatusCode::ACCEPTED
        );
        let name = person["person"].as_str().expect("a handle");
        let owner = Phone::new(&demo).signed_in(name).await;
        assert_eq!(
            owner.get(ALL).await.status,
            StatusCode::OK,
            "through Alipay"
        );
        advance(&owner, 901).await;
        let (closed, _) = codes(&owner, &person).await;
        assert_eq!(closed, before, "no code while it was closed");
        assert_eq!(
            enter(&browser, PASSWORD, None).await.status,
            StatusCode::ACCEPTED
        );
        let otp = next_code(&owner, &person, before).await;
        let entered = enter(&browser, PASSWORD, Some(&otp)).await;
        assert_eq!(entered.status, StatusCode::CREATED, "{}", entered.text);
    })
}

fn changed(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let (phone, person) = seller(&demo).await;
        let id = registered(&phone, &person).await;
        let one = format!("{ALL}/{id}");
        assert!(phone.get(&one).await.json()["password_set_at"].is_null());
        let other_device = Phone::new(&demo)
            .signed_in(person["person"].as_str().expect("a handle"))
            .await;
        let stranger = Phone::sign_in(&demo, "li-ming").await;
        let wish = json!({"purpose": "set_generation_password", "generation_account_id": id});
        is(
            &stranger.post("/v1/otps", &wish).await,
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
        );
        let (before, _) = codes(&phone, &person).await;
        assert_eq!(
            phone.post("/v1/otps", &wish).await.status,
            StatusCode::ACCEPTED
        );
        let otp = next_code(&phone, &person, before).await;
        let path = format!("{one}/password");
        let set = async |who: &Phone, password: &str, otp: &str| {
            let body = json!({"login": LOGIN, "password": password, "otp": otp});
            who.send(Method::PUT, &path, Some(&body), &[]).await
        };
        let unfit = StatusCode::UNPROCESSABLE_ENTITY;
        is(&set(&phone, "short", &otp).await, unfit, "INVALID_FIELD");
        is(
            &set(&phone, &"x7".repeat(129), &otp).await,
            unfit,
            "INVALID_FIELD",
        );
        is(
            &set(&stranger, PASSWORD, &otp).await,
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
        );
        let guess = if otp == "000000" { "000001" } else { "000000" };
        is(&set(&phone, PASSWORD, guess).await, unfit, "OTP_WRONG");
        let done = set(&phone, PASSWORD, &otp).await;
        assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.text);
        assert!(phone.get(&one).await.json()["password_set_at"].is_string());
        is(&set(&phone, ANOTHER, &otp).await, unfit, "OTP_WRONG");
        let ended = other_device.get(&format!("{one}/public-key")).await;
        assert_eq!(ended.status, StatusCode::UNAUTHORIZED, "{}", ended.text);
        // A name is one account's; a registration with a taken one makes nothing.
        let people = phone.sandbox_get("/sim/people").await;
        let people = people.as_array().cloned().unwrap_or_default();
        let mut sellers = people
            .into_iter()
            .filter(|each| each["registration"].is_object());
        let second = sellers.nth(1).expect("another seller");
        let name = second["person"].as_str().expect("a handle").to_owned();
        let other = Phone::sign_in(&demo, &name).await;
        let taken = other
            .post(ALL, &with_password(&second)["registration"])
            .await;
        is(&taken, StatusCode::CONFLICT, "LOGIN_TAKEN");
        assert_eq!(other.get(ALL).await.json()["items"], json!([]));
    })
}

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const PIN: &str = "24681012";

/// A token of SoftHSM2's in `dir`, and the environment that leads a demo to it.
fn token(dir: &Path) -> Vec<(&'static str, String)> {
    let at = |name: &str| dir.join(name).display().to_string();
    std::fs::create_dir(dir.join("tokens")).expect("a folder");
    let conf = format!("directories.tokendir = {}\n", at("tokens"));
    std::fs::write(dir.join("softhsm2.conf"), conf).expect("its configuration");
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", "lifeline"])
        .args(["--so-pin", "13579135", "--pin", PIN])
        .env("SOFTHSM2_CONF", at("softhsm2.conf"))
        .output()
        .expect("softhsm2: deploy/dev/ensure.sh services");
    assert!(made.status.success(), "{made:?}");
    std::fs::write(dir.join("pin"), format!("{PIN}\n")).expect("the PIN");
    let own = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(dir.join("pin"), own).expect("its mode");
    vec![
        ("SOFTHSM2_CONF", at("softhsm2.conf")),
        ("LIFELINE__VAULT__KIND", "pkcs11".to_owned()),
        ("LIFELINE__VAULT__MODULE", MODULE.to_owned()),
        ("LIFELINE__VAULT__TOKEN", "lifeline".to_owned()),
        ("LIFELINE__VAULT__PIN_FILE", at("pin")),
    ]
}

fn hsm(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let dir = tempfile::tempdir().expect("a folder");
        let environment = token(dir.path());
        let environment: Vec<(&str, &str)> = environment
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let demo = Demo::start_with(engine, &environment).await;
        let (phone, person) = seller(&demo).await;
        let id = registered(&phone, &person).await;
        permit(&phone, &id, &person).await;
        let store = rusqlite::Connection::open(demo.data().join("lifeline.db")).expect("the store");
        let kept = "SELECT vault, wrapped FROM generation_key";
        let (vault, wrapped): (String, String) = store
            .query_row(kept, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("the pair");
        assert_eq!(vault, "pkcs11");
        assert!(wrapped.starts_with("pkcs11:"), "wrapped by the token's key");
        assert!(!demo.log().contains(PIN), "the PIN is in the log");
    })
}

/// What a command said over the production configuration and the token in `dir`, and whether it went well.
fn said(command: &str, dir: &Path) -> (bool, String) {
    let ran = Command::new(binary())
        .arg(command)
        .arg("--config")
        .arg(dir.join("lifeline.toml"))
        .env("SOFTHSM2_CONF", dir.join("softhsm2.conf"))
        .output()
        .expect("lifeline");
    let said = [ran.stdout, ran.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(!said.contains(PIN), "{command} says the PIN");
    (ran.status.success(), said)
}

fn preparing(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let home = tempfile::tempdir().expect("a folder");
        let dir = home.path();
        token(dir);
        certificates(dir);
        let (file, _, _) = configuration(dir, engine).await;
        let plain = std::fs::read_to_string(&file).expect("the configuration");
        let names = |token: &str| {
            let vault = format!(
                "[vault]\nkind = \"pkcs11\"\nmodule = \"{MODULE}\"\ntoken = \"{token}\"\npin_file = \"{}/pin\"\n",
                dir.display()
            );
            std::fs::write(&file, format!("{plain}{vault}")).expect("the configuration");
        };
        names("another");
        let (well, text) = said("migrate", dir);
        assert!(!well && text.contains("no token of that label"), "{text}");
        // The store is made, and so is its keyring: the next attempt goes on from there.
        names("lifeline");
        let no_key = "the token holds no key of that label";
        let (_, text) = said("doctor", dir);
        assert!(text.contains(no_key), "{text}");
        let (well, text) = said("serve", dir);
        assert!(!well && text.contains(no_key), "{text}");
        let (well, text) = said("migrate", dir);
        assert!(well && text.contains("lifeline-wrapping"), "{text}");
        let (_, text) = said("doctor", dir);
        assert!(!text.contains(no_key), "{text}");
        let (well, text) = said("migrate", dir);
        assert!(
            well && !text.contains("lifeline-wrapping"),
            "made once: {text}"
        );
    })
}
