//! RSA2: SHA256withRSA (PKCS#1 v1.5) over `key=value` pairs sorted by key, base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rsa::pkcs1v15::{Signature, SigningKey, VerifyingKey};
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding as _, Signer as _, Verifier as _};
use rsa::{RsaPrivateKey, RsaPublicKey};

/// The text that is signed: empty values and the keys in `without` dropped, sorted by key bytes,
/// joined with `&`, values raw (not url-encoded).
pub(super) fn signed_text<'p>(
    params: impl IntoIterator<Item = (&'p str, &'p str)>,
    without: &[&str],
) -> String {
    let mut kept: Vec<(&str, &str)> = params
        .into_iter()
        .filter(|(key, value)| !value.is_empty() && !without.contains(key))
        .collect();
    kept.sort_unstable();
    let pairs: Vec<String> = kept
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    pairs.join("&")
}

/// Alipay's own signing key.
pub(super) struct Seal(SigningKey<Sha256>);

impl Seal {
    pub(super) fn new(key: RsaPrivateKey) -> Self {
        Self(SigningKey::new(key))
    }

    /// The base64 signature of `text`.
    pub(super) fn sign(&self, text: &str) -> String {
        // Fails only for a key shorter than the digest; an empty signature verifies nowhere.
        match self.0.try_sign(text.as_bytes()) {
            Ok(signature) => BASE64.encode(signature.to_bytes()),
            Err(_) => String::new(),
        }
    }
}

/// Whether `sign` (base64) is the holder of `key`'s signature of `text`.
pub(super) fn verifies(key: &RsaPublicKey, text: &str, sign: &str) -> bool {
    let Ok(raw) = BASE64.decode(sign) else {
        return false;
    };
    let Ok(signature) = Signature::try_from(raw.as_slice()) else {
        return false;
    };
    VerifyingKey::<Sha256>::new(key.clone())
        .verify(text.as_bytes(), &signature)
        .is_ok()
}
