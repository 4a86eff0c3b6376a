//! With Debian's SoftHSM2: a token in a folder of its own. The module reads where it is from the
//! environment, so the test runs itself again with that set.

use std::path::Path;
use std::process::Command;

use super::super::WrappedVault;
use super::super::tests::keeps_the_contract;
use super::*;

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const PIN: &str = "246810";

fn token(key: &str) -> Token {
    Token {
        module: PathBuf::from(MODULE),
        token: "lifeline".to_owned(),
        pin: SecretString::from(PIN.to_owned()),
        key: key.to_owned(),
    }
}

fn id(n: u8) -> KeyPairId {
    KeyPairId::made(format!("019aa2f0-0000-7000-8000-00000000000{n}"))
}

#[test]
fn pv_05_an_hsm_holds_the_wrapping_key() {
    assert!(
        Path::new(MODULE).exists(),
        "softhsm2 is missing: deploy/dev/ensure.sh services"
    );
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("softhsm2.conf");
    std::fs::create_dir(home.path().join("tokens")).unwrap();
    let text = format!("directories.tokendir = {}/tokens\n", home.path().display());
    std::fs::write(&config, text).unwrap();
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", "lifeline"])
        .args(["--so-pin", "13579135", "--pin", PIN])
        .env("SOFTHSM2_CONF", &config)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let ran = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "vault::pkcs11::tests::with_a_token"])
        .env("SOFTHSM2_CONF", &config)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && said.contains("1 passed"), "{ran:?}");
}

#[tokio::test]
#[ignore = "run by pv_05_an_hsm_holds_the_wrapping_key with a token in its environment"]
async fn with_a_token() {
    let none = Pkcs11Wrapping::open(&token("wrapping-1")).unwrap_err();
    assert!(matches!(none, TokenError::NoKey), "{none}");
    assert!(Pkcs11Wrapping::prepare(&token("wrapping-1")).unwrap());
    assert!(!Pkcs11Wrapping::prepare(&token("wrapping-1")).unwrap());
    let wrapping = Pkcs11Wrapping::open(&token("wrapping-1")).unwrap();
    wrapping.try_out().unwrap();
    keeps_the_contract(&WrappedVault::new(Arc::new(wrapping.clone()))).await;
    let held = &wrapping.0;
    let wrapped = held.wrap(&id(1), b"a private half").unwrap();
    assert!(wrapped.starts_with("pkcs11:") && !wrapped.contains("private"));
    assert_ne!(held.wrap(&id(1), b"a private half").unwrap(), wrapped);
    let opened = |wrapped: &str| held.unwrap(&id(1), wrapped).unwrap().to_vec();
    assert_eq!(opened(&wrapped), b"a private half");
    let refused = |key: KeyPairId, text: &str| held.unwrap(&key, text).is_err();
    assert!(refused(id(2), &wrapped), "bound to its pair");
    let (head, sealed) = wrapped.rsplit_once(':').unwrap();
    let mut bytes = B64.decode(sealed).unwrap();
    bytes[0] ^= 1;
    assert!(refused(id(1), &format!("{head}:{}", B64.encode(bytes))));
    for foreign in ["", "pkcs11", "a1:k:n:c", "pkcs11:AA:AA", "pkcs11:!:!"] {
        assert!(refused(id(1), foreign), "{foreign}");
    }
    key_stays_inside(held);
    // The token went away and came back: the operation is done in a new session.
    held.open
        .lock()
        .unwrap()
        .as_ref()
        .unwrap()
        .session
        .logout()
        .unwrap();
    assert_eq!(opened(&wrapped), b"a private half");
    // What cannot be the vault is told, and no PIN with it.
    let elsewhere = Token {
        token: "another".to_owned(),
        ..token("wrapping-1")
    };
    let told = Pkcs11Wrapping::open(&elsewhere).unwrap_err();
    assert!(matches!(told, TokenError::NoToken), "{told}");
    let shown = format!("{:?} {elsewhere:?} {wrapping:?}", TokenError::NoKey);
    assert!(!shown.contains(PIN), "{shown}");
    leaving_keys_are_refused(held);
}

fn key_stays_inside(held: &Held) {
    let open = held.open.lock().unwrap();
    let open = open.as_ref().unwrap();
    let shown = open
        .session
        .get_attributes(open.key, &[AttributeType::Value]);
    assert!(shown.is_ok_and(|shown| shown.is_empty()));
}

/// A key that could be read out of the token, and two of one label.
fn leaving_keys_are_refused(held: &Held) {
    let generate = |label: &str, extractable: bool| {
        let mut template = template(label);
        for attribute in &mut template {
            match attribute {
                Attribute::Extractable(value) => *value = extractable,
                Attribute::Sensitive(value) => *value = !extractable,
                _ => {}
            }
        }
        let open = held.open.lock().unwrap();
        let session = &open.as_ref().unwrap().session;
        session
            .generate_key(&Mechanism::AesKeyGen, &template)
            .unwrap();
    };
    generate("open", true);
    let told = Pkcs11Wrapping::open(&token("open")).unwrap_err();
    assert!(matches!(told, TokenError::Extractable), "{told}");
    generate("twice", false);
    generate("twice", false);
    let told = Pkcs11Wrapping::open(&token("twice")).unwrap_err();
    assert!(matches!(told, TokenError::Ambiguous(2)), "{told}");
}

#[test]
fn what_a_token_lacks_is_named() {
    assert_eq!(lacking(&[MechanismType::AES_KEY_GEN]), ["CKM_AES_GCM"]);
    let all = [MechanismType::AES_KEY_GEN, MechanismType::AES_GCM];
    assert!(lacking(&all).is_empty());
    let told = TokenError::Lacks(vec!["CKM_AES_KEY_GEN", "CKM_AES_GCM"]).to_string();
    assert_eq!(told, "the token lacks CKM_AES_KEY_GEN, CKM_AES_GCM");
}
