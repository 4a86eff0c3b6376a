//! RSA2: RSASSA-PKCS1-v1_5 with SHA-256 over sorted parameters (alipay.md 1a).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// Why a key is refused. Never carries the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("the key is neither PEM nor base64")]
    Encoding,
    #[error("the private key is not an RSA key of at least 2048 bits in PKCS#8 or PKCS#1 form")]
    Private,
    #[error("the public key is not an RSA key of at least 2048 bits")]
    Public,
    #[error("the content key is not base64 of 16 bytes")]
    Content,
    /// More is no rotation.
    #[error("at most two public keys: the present one, and the one before or after it")]
    TooMany,
}

/// Our own key: what Alipay knows us by.
pub(crate) struct AppKey {
    pair: RsaKeyPair,
    random: SystemRandom,
}

impl AppKey {
    /// PKCS#8 or PKCS#1, as PEM or (as Alipay's console hands keys out) as bare base64.
    pub(crate) fn parse(text: &str) -> Result<Self, KeyError> {
        let der = der(text)?;
        let pair = RsaKeyPair::from_pkcs8(&der)
            .or_else(|_| RsaKeyPair::from_der(&der))
            .map_err(|_| KeyError::Private)?;
        let key = Self {
            pair,
            random: SystemRandom::new(),
        };
        // A key that cannot sign is found at start, not at the first payment.
        key.sign("").ok_or(KeyError::Private)?;
        Ok(key)
    }

    /// Base64 of the signature; `None` only if the cryptographic library itself fails.
    pub(crate) fn sign(&self, content: &str) -> Option<String> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &self.random,
                content.as_bytes(),
                &mut signature,
            )
            .ok()?;
        Some(STANDARD.encode(signature))
    }
}

/// While Alipay changes its key, what the one before signed is still on its way (money.md 5).
const PLATFORM_KEYS_MAX: usize = 2;

/// Alipay's key: what its replies and notices verify with; two of them while it changes.
pub(crate) struct PlatformKey(Vec<ParsedPublicKey>);

impl PlatformKey {
    /// One key as PEM or bare base64, or two as PEM, one after the other.
    pub(crate) fn parse(text: &str) -> Result<Self, KeyError> {
        let blocks = blocks(text);
        if blocks.len() > PLATFORM_KEYS_MAX {
            return Err(KeyError::TooMany);
        }
        let keys = blocks.iter().map(|block| public(&der(block)?));
        keys.collect::<Result<_, _>>().map(Self)
    }

    /// `SubjectPublicKeyInfo`, or the bare PKCS#1 key.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        public(der).map(|key| Self(vec![key]))
    }

    pub(crate) fn verifies(&self, content: &str, signature: &str) -> bool {
        let Ok(bytes) = STANDARD.decode(signature) else {
            return false;
        };
        let signed_by = |key: &ParsedPublicKey| key.verify_sig(content.as_bytes(), &bytes).is_ok();
        self.0.iter().any(signed_by)
    }
}

fn public(der: &[u8]) -> Result<ParsedPublicKey, KeyError> {
    ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).map_err(|_| KeyError::Public)
}

/// What each second PEM header begins anew; the whole text when there is none.
fn blocks(text: &str) -> Vec<String> {
    let (mut blocks, mut headed) = (vec![String::new()], false);
    for line in text.lines() {
        let header = line.trim_start().starts_with("-----BEGIN");
        if header && headed {
            blocks.push(String::new());
        }
        headed |= header;
        if let Some(block) = blocks.last_mut() {
            block.push_str(line);
            block.push('\n');
        }
    }
    blocks
}

fn der(text: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let body: Zeroizing<String> = Zeroizing::new(
        text.lines()
            .map(str::trim)
            .filter(|line| !line.starts_with("-----"))
            .collect(),
    );
    let bytes = STANDARD
        .decode(body.as_bytes())
        .map_err(|_| KeyError::Encoding)?;
    if bytes.is_empty() {
        return Err(KeyError::Encoding);
    }
    Ok(Zeroizing::new(bytes))
}

/// What is signed: every parameter but `sign`, empty values dropped, sorted by name in byte order,
/// raw values, `name=value` joined by `&`. `sign_type` is signed too.
pub(crate) fn sign_content<N: AsRef<str>, V: AsRef<str>>(params: &[(N, V)]) -> String {
    joined(params, |name, value| name != "sign" && !value.is_empty())
}

/// Sorted `name=value` pairs of the parameters that `keep` says yes to.
pub(crate) fn joined<N: AsRef<str>, V: AsRef<str>>(
    params: &[(N, V)],
    keep: impl Fn(&str, &str) -> bool,
) -> String {
    let mut kept: Vec<(&str, &str)> = params
        .iter()
        .map(|(name, value)| (name.as_ref(), value.as_ref()))
        .filter(|(name, value)| keep(name, value))
        .collect();
    kept.sort_unstable();
    let pairs: Vec<String> = kept.iter().map(|(n, v)| format!("{n}={v}")).collect();
    pairs.join("&")
}
