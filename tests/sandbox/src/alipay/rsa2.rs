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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rsa::pkcs8::DecodePublicKey as _;
    use serde_json::Value;

    use super::*;

    fn vectors(name: &str) -> Value {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/alipay");
        serde_json::from_str(&std::fs::read_to_string(format!("{dir}/{name}.json")).unwrap())
            .unwrap()
    }

    fn key(owner: &str) -> RsaPublicKey {
        let keys = vectors("keys");
        RsaPublicKey::from_public_key_pem(keys[owner]["spki"].as_str().unwrap()).unwrap()
    }

    #[test]
    fn signs_the_same_text_as_the_official_sdk() {
        let app = key("app");
        let vectors = vectors("v2_request");
        let cases = vectors["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 8);
        for case in cases {
            let params: BTreeMap<String, String> =
                serde_json::from_value(case["params"].clone()).unwrap();
            let pairs = params.iter().map(|(k, v)| (k.as_str(), v.as_str()));
            let text = signed_text(pairs, &["sign"]);
            assert_eq!(
                text,
                case["sign_string"].as_str().unwrap(),
                "{}",
                case["name"]
            );
            let sign = case["sign"].as_str().unwrap();
            assert!(verifies(&app, &text, sign), "{}", case["name"]);
            assert!(
                !verifies(&app, &format!("{text} "), sign),
                "{}",
                case["name"]
            );
            assert!(!verifies(&key("alipay"), &text, sign), "{}", case["name"]);
        }
    }

    #[test]
    fn reads_the_notices_the_official_sdk_froze() {
        let alipay = key("alipay");
        let vectors = vectors("notify");
        let mut refused = 0;
        for case in vectors["cases"].as_array().unwrap() {
            let body = case["body"].as_str().unwrap();
            let params: BTreeMap<String, String> = form_urlencoded::parse(body.as_bytes())
                .into_owned()
                .collect();
            let text = |without: &[&str]| {
                signed_text(
                    params.iter().map(|(k, v)| (k.as_str(), v.as_str())),
                    without,
                )
            };
            let good = verifies(&alipay, &text(&["sign", "sign_type"]), &params["sign"])
                || verifies(&alipay, &text(&["sign"]), &params["sign"]);
            assert_eq!(Some(good), case["valid"].as_bool(), "{}", case["name"]);
            refused += usize::from(!good);
        }
        assert_eq!(refused, 1);
    }

    #[test]
    fn the_signed_part_of_an_answer_is_its_raw_text() {
        let alipay = key("alipay");
        let vectors = vectors("v2_response");
        for case in vectors["cases"].as_array().unwrap() {
            let signed = case["signed_substring"].as_str().unwrap();
            assert!(case["body"].as_str().unwrap().contains(signed));
            assert!(
                verifies(&alipay, signed, case["sign"].as_str().unwrap()),
                "{}",
                case["name"]
            );
        }
    }

    #[test]
    fn nonsense_verifies_nowhere() {
        let app = key("app");
        for sign in ["", "not base64!", "AAAA"] {
            assert!(!verifies(&app, "a=1", sign));
        }
    }
}
