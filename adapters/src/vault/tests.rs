//! A sender's side of the JWE, and what the vault answers.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPublicEncryptingKey, PublicEncryptingKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use lifeline_core::shared::ids::TypedId as _;
use lifeline_core::shared::time::Time;

use super::*;
use crate::keyring::{InstanceKind, Keyring};
use crate::sql;

mod refusals;
mod timing;

/// Keeps private halves as they are: what is tested here is what happens after the unwrapping.
struct Bare;

impl Wrap for Bare {
    fn wrap(&self, key_id: &KeyPairId, private: &[u8]) -> Result<String, VaultFailure> {
        Ok(format!("{key_id} {}", B64.encode(private)))
    }

    fn unwrap(
        &self,
        key_id: &KeyPairId,
        wrapped: &str,
    ) -> Result<Zeroizing<Vec<u8>>, VaultFailure> {
        let (of, private) = wrapped.split_once(' ').unwrap();
        assert_eq!(of, key_id.as_str());
        Ok(Zeroizing::new(B64.decode(private).unwrap()))
    }
}

#[async_trait]
impl Wrapping for Bare {
    fn name(&self) -> &'static str {
        "bare"
    }

    async fn session(&self) -> Result<Arc<dyn Wrap>, VaultFailure> {
        Ok(Arc::new(Self))
    }
}

/// A vault of another name.
struct Named(&'static str);

#[async_trait]
impl Wrapping for Named {
    fn name(&self) -> &'static str {
        self.0
    }

    async fn session(&self) -> Result<Arc<dyn Wrap>, VaultFailure> {
        Ok(Arc::new(Bare))
    }
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    if length < 128 {
        out.push(u8::try_from(length).unwrap());
    } else {
        out.extend([
            0x82,
            u8::try_from(length >> 8).unwrap(),
            u8::try_from(length & 255).unwrap(),
        ]);
    }
    out.extend(content);
    out
}

fn encryptor(modulus: &str) -> OaepPublicEncryptingKey {
    let mut n = vec![0];
    n.extend(B64.decode(modulus).unwrap());
    let key = der(0x30, &[der(2, &n), der(2, &[1, 0, 1])].concat());
    let oid = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    let spki = der(
        0x30,
        &[der(0x30, &oid), der(3, &[&[0], key.as_slice()].concat())].concat(),
    );
    OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(&spki).unwrap()).unwrap()
}

struct Draft<'a> {
    header: String,
    cek: Vec<u8>,
    oaep: &'static OaepAlgorithm,
    text: &'a [u8],
}

impl<'a> Draft<'a> {
    fn of(kid: &KeyPairId, text: &'a [u8]) -> Self {
        Self {
            header: format!(r#"{{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"{kid}"}}"#),
            cek: vec![7; 32],
            oaep: &OAEP_SHA256_MGF1SHA256,
            text,
        }
    }

    fn parts(&self, modulus: &str) -> [String; 5] {
        let key = encryptor(modulus);
        let mut sealed_key = vec![0; key.ciphertext_size()];
        key.encrypt(self.oaep, &self.cek, &mut sealed_key, None)
            .unwrap();
        let header = B64.encode(&self.header);
        let mut cek = self.cek.clone();
        cek.resize(32, 0);
        let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &cek).unwrap());
        let mut text = self.text.to_vec();
        let tag = cipher
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key([3; 12]),
                Aad::from(header.as_bytes()),
                &mut text,
            )
            .unwrap();
        [
            header,
            B64.encode(sealed_key),
            B64.encode([3; 12]),
            B64.encode(text),
            B64.encode(tag.as_ref()),
        ]
    }

    fn jwe(&self, modulus: &str) -> String {
        self.parts(modulus).join(".")
    }
}

const TEXT: &[u8] = "{\"identity\":\"赵磊\"}".as_bytes();

async fn pair(vault: &WrappedVault) -> KeyPair {
    let key_id = KeyPairId::made("019aa2f0-0000-7000-8000-000000000001".into());
    let made = vault.make(&key_id).await.unwrap();
    KeyPair {
        key_id,
        vault: vault.name().into(),
        modulus: made.modulus,
        wrapped: made.wrapped,
        made_at: Time::from_micros(0),
    }
}

/// Whether a part of it is PKCS#8 that nobody encrypted: then it names rsaEncryption. Two or three letters of
/// base64 would stand in any ciphertext now and then.
fn holds_a_private_half(wrapped: &str) -> bool {
    const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    let parts = wrapped
        .split([':', ' '])
        .filter_map(|part| B64.decode(part).ok());
    let mut parts = parts.filter(|part| part.len() >= RSA_ENCRYPTION.len());
    parts.any(|part| {
        part.windows(RSA_ENCRYPTION.len())
            .any(|at| at == RSA_ENCRYPTION)
    })
}

#[test]
fn a_private_half_in_the_open_is_seen() {
    let made = pair::make().unwrap();
    let bare = Bare.wrap(&KeyPairId::made("k".into()), &made.private);
    assert!(holds_a_private_half(&bare.unwrap()));
}

/// What every vault owes, whoever holds its wrapping key.
pub(super) async fn keeps_the_contract(vault: &WrappedVault) {
    opens_what_is_meant_for_it(vault).await;
    answers_alike(vault).await;
    let pair = pair(vault).await;
    assert!(!holds_a_private_half(&pair.wrapped), "in the open");
    let other = KeyPair {
        key_id: KeyPairId::made("019aa2f0-0000-7000-8000-000000000002".into()),
        ..pair
    };
    let swapped = vault.open(&other, "x").await;
    assert!(swapped.is_err(), "a wrapped half is bound to its pair");
}

#[tokio::test]
async fn pv_05_the_software_vault_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let (path, kind) = (path.to_str().unwrap(), InstanceKind::Demo);
    sql::migrate(path, kind, Time::from_micros(0))
        .await
        .unwrap();
    let keyring = Arc::new(Keyring::generate(kind).unwrap());
    let engine = sql::open(path, keyring, kind).await.unwrap();
    let wrapping = SoftwareWrapping::new(Arc::clone(&engine));
    keeps_the_contract(&WrappedVault::new(Arc::new(wrapping))).await;
    engine.close().await.unwrap();
}

#[tokio::test]
async fn each_vault_opens_what_it_wrapped() {
    let bare = WrappedVault::new(Arc::new(Bare));
    let pair = pair(&bare).await;
    let jwe = Draft::of(&pair.key_id, TEXT).jwe(&pair.modulus);
    let vaults = Vaults::new(WrappedVault::new(Arc::new(Named("another"))), vec![bare]);
    assert_eq!(vaults.name(), "another", "which makes from now on");
    let opened = vaults.open(&pair, &jwe).await.unwrap();
    assert_eq!(opened.as_deref().map(Vec::as_slice), Some(TEXT));
    let unknown = KeyPair {
        vault: "unknown".into(),
        ..pair
    };
    assert!(vaults.open(&unknown, &jwe).await.is_err());
}

#[tokio::test]
async fn pv_07_what_was_encrypted_for_a_pair_opens_in_the_vault() {
    opens_what_is_meant_for_it(&WrappedVault::new(Arc::new(Bare))).await;
}

async fn opens_what_is_meant_for_it(vault: &WrappedVault) {
    let pair = pair(vault).await;
    assert_eq!(B64.decode(&pair.modulus).unwrap().len(), 384);
    let draft = Draft::of(&pair.key_id, TEXT);
    let opened = vault.open(&pair, &draft.jwe(&pair.modulus)).await.unwrap();
    assert_eq!(opened.as_deref().map(Vec::as_slice), Some(TEXT));
    let unnamed = Draft {
        header: r#"{"alg":"RSA-OAEP-256","enc":"A256GCM"}"#.into(),
        ..draft
    };
    let opened = vault
        .open(&pair, &unnamed.jwe(&pair.modulus))
        .await
        .unwrap();
    assert!(opened.is_some(), "the kid may be left out");
    let foreign = KeyPair {
        vault: "another".into(),
        ..pair
    };
    assert!(vault.open(&foreign, "x").await.is_err());
}

#[tokio::test]
async fn pv_09_whatever_is_wrong_is_one_answer() {
    answers_alike(&WrappedVault::new(Arc::new(Bare))).await;
}

async fn answers_alike(vault: &WrappedVault) {
    let pair = pair(vault).await;
    let other = self::pair(vault).await;
    let good = || Draft::of(&pair.key_id, TEXT);
    let header = |text: &str| {
        Draft {
            header: text.into(),
            ..good()
        }
        .jwe(&pair.modulus)
    };
    let swapped = |at: usize, part: &str| {
        let mut parts = good().parts(&pair.modulus);
        parts[at] = part.to_owned();
        parts.join(".")
    };
    let short = Draft {
        cek: vec![7; 16],
        ..good()
    };
    let sha1 = Draft {
        oaep: &aws_lc_rs::rsa::OAEP_SHA1_MGF1SHA1,
        ..good()
    };
    let wrong = [
        String::new(),
        "....".into(),
        "a.b.c.d.e".into(),
        "x".repeat(8_192),
        format!("{}.more", good().jwe(&pair.modulus)),
        good().jwe(&other.modulus),
        short.jwe(&pair.modulus),
        sha1.jwe(&pair.modulus),
        header(r#"{"alg":"RSA1_5","enc":"A256GCM"}"#),
        header(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#),
        header(r#"{"alg":"RSA-OAEP-256","enc":"A128GCM"}"#),
        header(r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","zip":"DEF"}"#),
        header(r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"another"}"#),
        swapped(0, &B64.encode("{}")),
        swapped(1, &B64.encode([0; 384])),
        swapped(1, &B64.encode([255; 384])),
        swapped(1, &B64.encode([1; 12])),
        swapped(2, &B64.encode([4; 12])),
        swapped(2, ""),
        swapped(3, ""),
        swapped(4, &B64.encode([0; 16])),
        swapped(4, &B64.encode([0; 8])),
    ];
    for jwe in wrong {
        let head = &jwe[..jwe.len().min(60)];
        assert_eq!(vault.open(&pair, &jwe).await, Ok(None), "{head}");
    }
}
