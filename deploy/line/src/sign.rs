//! Signs a request for one node: RFC 9421 with Ed25519, and RFC 9530 for the body.

use aws_lc_rs::rand;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest as _, Sha256};

/// What a signature covers when it is there: headers that decide who asks, for what, and how it is read.
pub const WHEN_THERE: [&str; 8] = [
    "authorization",
    "content-type",
    "cookie",
    "idempotency-key",
    "origin",
    "sec-fetch-site",
    "user-agent",
    "x-http-method-override",
];

/// A request as it will be sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    pub method: &'a str,
    /// Origin of the node, path and query.
    pub target_uri: &'a str,
    /// Where the client is.
    pub client: &'a str,
    /// Of [`WHEN_THERE`] those that are there, each once.
    pub fields: &'a [(&'static str, String)],
    pub body: &'a [u8],
    pub created_s: u64,
}

/// Why nothing was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    #[error("no Ed25519 key in PKCS#8")]
    Key,
    #[error("the machine gives no random bytes")]
    Chance,
}

/// The relay's own key.
pub struct Signer {
    key: Ed25519KeyPair,
    key_id: String,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

impl Signer {
    /// # Errors
    /// [`Unsigned::Key`].
    pub fn new(pkcs8: &[u8], key_id: &str) -> Result<Self, Unsigned> {
        let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(|_| Unsigned::Key)?;
        Ok(Self {
            key,
            key_id: key_id.to_owned(),
        })
    }

    /// The 32 bytes that the gateway is told.
    #[must_use]
    pub fn public(&self) -> &[u8] {
        self.key.public_key().as_ref()
    }

    /// The three headers that bind a request to this relay, this node and this moment.
    ///
    /// # Errors
    /// [`Unsigned::Chance`].
    pub fn headers(&self, sent: &Sent<'_>) -> Result<[(&'static str, String); 3], Unsigned> {
        let mut nonce = [0_u8; 16];
        rand::fill(&mut nonce).map_err(|_| Unsigned::Chance)?;
        let digest = format!("sha-256=:{}:", BASE64.encode(Sha256::digest(sent.body)));
        let always = [
            ("@method", sent.method.to_owned()),
            ("@target-uri", sent.target_uri.to_owned()),
            ("content-digest", digest.clone()),
            ("x-forwarded-for", sent.client.to_owned()),
        ];
        let (mut covered, mut base) = (String::new(), String::new());
        for (name, value) in always.iter().chain(sent.fields) {
            let join = if covered.is_empty() { "" } else { " " };
            covered.push_str(&format!("{join}\"{name}\""));
            base.push_str(&format!("\"{name}\": {value}\n"));
        }
        let params = format!(
            "({covered});created={};keyid=\"{}\";nonce=\"{}\"",
            sent.created_s,
            self.key_id,
            hex::encode(nonce)
        );
        base.push_str(&format!("\"@signature-params\": {params}"));
        let signature = BASE64.encode(self.key.sign(base.as_bytes()));
        Ok([
            ("content-digest", digest),
            ("signature-input", format!("relay={params}")),
            ("signature", format!("relay=:{signature}:")),
        ])
    }
}
