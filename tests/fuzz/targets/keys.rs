//! A key pair in the place of Alipay's, so that what is fuzzed gets past the signature too.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1v15::{SigningKey, VerifyingKey};
use rsa::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding as _, Signer as _, Verifier as _};
use rsa::{RsaPrivateKey, RsaPublicKey};

/// The other side: signs, and judges signatures with another library than ours.
pub(super) struct Platform {
    signing: SigningKey<Sha256>,
    /// PEM.
    pub(super) public: String,
    /// PEM of a second pair: our own application's.
    pub(super) app_private: String,
}

pub(super) fn platform() -> &'static Platform {
    static MADE: OnceLock<Platform> = OnceLock::new();
    MADE.get_or_init(|| {
        let key = fresh();
        let public = RsaPublicKey::from(&key).to_public_key_pem(LineEnding::LF);
        let app = fresh().to_pkcs8_pem(LineEnding::LF).expect("PEM");
        Platform {
            signing: SigningKey::new(key),
            public: public.expect("PEM"),
            app_private: app.to_string(),
        }
    })
}

fn fresh() -> RsaPrivateKey {
    let mut chance = rsa::rand_core::OsRng;
    RsaPrivateKey::new(&mut chance, 2048).expect("a key")
}

impl Platform {
    pub(super) fn sign(&self, text: &str) -> String {
        STANDARD.encode(self.signing.sign(text.as_bytes()).to_bytes())
    }

    /// Whether `signature` is this key's over `text`, in the judgement of another library.
    pub(super) fn signed(&self, text: &str, signature: &str) -> bool {
        use rsa::signature::Keypair as _;
        signed_by(&self.signing.verifying_key(), text, signature)
    }
}

pub(super) fn signed_by(key: &VerifyingKey<Sha256>, text: &str, signature: &str) -> bool {
    let Ok(bytes) = STANDARD.decode(signature) else {
        return false;
    };
    let signature = rsa::pkcs1v15::Signature::try_from(bytes.as_slice());
    signature.is_ok_and(|signature| key.verify(text.as_bytes(), &signature).is_ok())
}
