//! The other side of the line: signs as a relay does, by each kind of key.

use super::proof::{Proof, Public, PublicKind, Shared};
use std::sync::{Arc, LazyLock};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA512, RsaEncoding,
};
use aws_lc_rs::{digest, hmac, rsa};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub(super) const ORIGIN: &str = "https://10.20.0.5:8443";

/// A request as a test may change it.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Sent {
    pub(super) fn headers(&self) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in &self.headers {
            let (Ok(name), Ok(value)) = (
                HeaderName::try_from(name.as_str()),
                HeaderValue::from_str(value),
            ) else {
                continue;
            };
            map.append(name, value);
        }
        map
    }

    pub(super) fn header(&mut self, name: &str) -> Option<&mut String> {
        let found = self.headers.iter_mut().find(|(known, _)| known == name);
        found.map(|(_, value)| value)
    }
}

enum Signer {
    Hmac(Box<hmac::Key>),
    Ed25519(Box<Ed25519KeyPair>),
    /// By [`RSA`], in the one way or the other.
    Rsa(PublicKind),
}

/// Made once: it takes its time.
static RSA: LazyLock<rsa::KeyPair> =
    LazyLock::new(|| rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap());

fn by_rsa(kind: PublicKind, text: &[u8]) -> Vec<u8> {
    let way: &'static dyn RsaEncoding = match kind {
        PublicKind::RsaPssSha512 => &RSA_PSS_SHA512,
        PublicKind::RsaV15Sha256 | PublicKind::Ed25519 => &RSA_PKCS1_SHA256,
    };
    let mut signature = vec![0; RSA.public_modulus_len()];
    let signed = RSA.sign(way, &SystemRandom::new(), text, &mut signature);
    signed.unwrap();
    signature
}

/// The other side: signs as the relay does.
pub(super) struct Relay {
    pub(super) key_id: &'static str,
    signer: Signer,
}

impl Relay {
    pub(super) fn proof(&self) -> Arc<dyn Proof> {
        match &self.signer {
            Signer::Hmac(_) => Arc::new(Shared::new(b"a secret of thirty-two bytes, so")),
            Signer::Ed25519(pair) => Arc::new(Public::new(
                PublicKind::Ed25519,
                pair.public_key().as_ref().to_vec(),
            )),
            Signer::Rsa(kind) => {
                let spki: PublicKeyX509Der<'_> = RSA.public_key().as_der().unwrap();
                Arc::new(Public::new(*kind, spki.as_ref().to_vec()))
            }
        }
    }

    pub(super) fn sign(&self, mut sent: Sent, created_s: i64, nonce: &str) -> Sent {
        let sum = digest::digest(&digest::SHA256, &sent.body);
        sent.headers.push((
            "content-digest".into(),
            format!("sha-256=:{}:", STANDARD.encode(sum)),
        ));
        let mut covered = vec!["@method".to_owned(), "@target-uri".to_owned()];
        covered.extend(sent.headers.iter().map(|(name, _)| name.clone()));
        let list: Vec<String> = covered.iter().map(|name| format!("\"{name}\"")).collect();
        let params = format!(
            "({});created={created_s};keyid=\"{}\";nonce=\"{nonce}\"",
            list.join(" "),
            self.key_id
        );
        let mut base = format!(
            "\"@method\": {}\n\"@target-uri\": {ORIGIN}{}\n",
            sent.method, sent.target
        );
        for (name, value) in &sent.headers {
            base.push_str(&format!("\"{name}\": {value}\n"));
        }
        base.push_str(&format!("\"@signature-params\": {params}"));
        let signature = match &self.signer {
            Signer::Hmac(key) => hmac::sign(key, base.as_bytes()).as_ref().to_vec(),
            Signer::Ed25519(pair) => pair.sign(base.as_bytes()).as_ref().to_vec(),
            Signer::Rsa(kind) => by_rsa(*kind, base.as_bytes()),
        };
        sent.headers
            .push(("signature-input".into(), format!("relay={params}")));
        let signature = STANDARD.encode(signature);
        sent.headers
            .push(("signature".into(), format!("relay=:{signature}:")));
        sent
    }
}

pub(super) fn relays() -> [Relay; 4] {
    let pair = Ed25519KeyPair::generate().unwrap();
    [
        Relay {
            key_id: "relay-hmac",
            signer: Signer::Hmac(Box::new(hmac::Key::new(
                hmac::HMAC_SHA256,
                b"a secret of thirty-two bytes, so",
            ))),
        },
        Relay {
            key_id: "relay-ed",
            signer: Signer::Ed25519(Box::new(pair)),
        },
        Relay {
            key_id: "relay-pss",
            signer: Signer::Rsa(PublicKind::RsaPssSha512),
        },
        Relay {
            key_id: "relay-v1_5",
            signer: Signer::Rsa(PublicKind::RsaV15Sha256),
        },
    ]
}
