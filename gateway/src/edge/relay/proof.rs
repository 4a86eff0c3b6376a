//! Keys a relay may sign with: HMAC, RSA and Ed25519 behind one trait, by the names of RFC 9421.

use std::fmt;

use aws_lc_rs::signature::{
    ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA512, UnparsedPublicKey,
};
use aws_lc_rs::{constant_time, hmac};

/// Tells whether a signature over a text was made with the other half of a key.
pub trait Proof: Send + Sync + fmt::Debug {
    /// As the `alg` parameter of a signature names it.
    fn algorithm(&self) -> &'static str;
    fn proves(&self, text: &[u8], signature: &[u8]) -> bool;
}

/// A secret both sides hold. `hmac-sha256`.
pub struct Shared(hmac::Key);

impl Shared {
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[Shared]")
    }
}

impl Proof for Shared {
    fn algorithm(&self) -> &'static str {
        "hmac-sha256"
    }

    fn proves(&self, text: &[u8], signature: &[u8]) -> bool {
        let ours = hmac::sign(&self.0, text);
        constant_time::verify_slices_are_equal(ours.as_ref(), signature).is_ok()
    }
}

/// The kinds of public keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicKind {
    Ed25519,
    RsaPssSha512,
    RsaV15Sha256,
}

/// The public half of a relay's key.
#[derive(Debug, Clone)]
pub struct Public {
    kind: PublicKind,
    key: Vec<u8>,
}

impl Public {
    /// Ed25519: the 32 raw bytes. RSA: SubjectPublicKeyInfo in DER.
    #[must_use]
    pub const fn new(kind: PublicKind, key: Vec<u8>) -> Self {
        Self { kind, key }
    }
}

impl Proof for Public {
    fn algorithm(&self) -> &'static str {
        match self.kind {
            PublicKind::Ed25519 => "ed25519",
            PublicKind::RsaPssSha512 => "rsa-pss-sha512",
            PublicKind::RsaV15Sha256 => "rsa-v1_5-sha256",
        }
    }

    fn proves(&self, text: &[u8], signature: &[u8]) -> bool {
        let verified = match self.kind {
            PublicKind::Ed25519 => {
                UnparsedPublicKey::new(&ED25519, &self.key).verify(text, signature)
            }
            PublicKind::RsaPssSha512 => {
                UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA512, &self.key).verify(text, signature)
            }
            PublicKind::RsaV15Sha256 => {
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.key)
                    .verify(text, signature)
            }
        };
        verified.is_ok()
    }
}
