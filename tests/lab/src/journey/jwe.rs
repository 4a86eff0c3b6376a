//! An identity as its owner's phone encrypts it: a compact JWE, RSA-OAEP-256 with A256GCM (RFC 7516).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey, PublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use serde_json::{Value, json};

use super::Wrong;
use super::client::text;

/// Encrypts `said` for the key of a JWK.
pub(super) fn encrypted(jwk: &Value, said: &Value) -> Result<String, Wrong> {
    let part = |name: &str| {
        B64.decode(text(jwk, name)?)
            .map_err(|_| Wrong::new(format!("`{name}` of the key is not base64url")))
    };
    let (n, e) = (part("n")?, part("e")?);
    seal(text(jwk, "kid")?, n, e, said).ok_or_else(|| Wrong::new("the key takes no encryption"))
}

fn seal(kid: &str, n: Vec<u8>, e: Vec<u8>, said: &Value) -> Option<String> {
    let chance = SystemRandom::new();
    let (mut cek, mut nonce) = ([0_u8; 32], [0_u8; 12]);
    chance.fill(&mut cek).ok()?;
    chance.fill(&mut nonce).ok()?;
    let key: PublicEncryptingKey = PublicKeyComponents { n, e }.try_into().ok()?;
    let key = OaepPublicEncryptingKey::new(key).ok()?;
    let mut wrapped = vec![0; key.ciphertext_size()];
    let wrapped = key
        .encrypt(&OAEP_SHA256_MGF1SHA256, &cek, &mut wrapped, None)
        .ok()?;
    let header = json!({"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": kid}).to_string();
    let header = B64.encode(header);
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &cek).ok()?);
    let mut body = said.to_string().into_bytes();
    let tag = cipher
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(header.as_bytes()),
            &mut body,
        )
        .ok()?;
    let parts = [&*wrapped, &nonce[..], &body, tag.as_ref()];
    let parts = parts.map(|part| B64.encode(part));
    Some(format!("{header}.{}", parts.join(".")))
}
