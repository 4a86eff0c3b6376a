//! The signed line of docs/contracts/marketing.md: HMAC over every request, AES-256-GCM over every
//! personal field.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::{Clock, Time};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::address::{Address, AddressError};
use super::heard::Asked;
use super::http::{CallRules, Caller, Reply, Request, below_500};
use super::{LeftAlone, Operation};

/// What a channel shares with the system behind it. Never printable.
#[derive(Clone)]
pub struct LineKeys {
    channel_id: String,
    secret: Zeroizing<Vec<u8>>,
    field_key: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for LineKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[LineKeys]")
    }
}

/// Why channel keys are refused. Never carries the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineKeysError {
    #[error("the channel id must be 1 to 64 visible ASCII characters")]
    ChannelId,
    #[error("the channel secret must be at least 32 bytes of hex")]
    Secret,
    #[error("the field key must be 32 bytes of hex")]
    FieldKey,
}

impl LineKeys {
    /// Reads `{channel_id, secret_hex, field_key_hex}` as a keys file holds them.
    ///
    /// # Errors
    /// See [`LineKeysError`].
    pub fn parse(
        channel_id: &str,
        secret_hex: &str,
        field_key_hex: &str,
    ) -> Result<Self, LineKeysError> {
        let visible = channel_id.bytes().all(|b| b.is_ascii_graphic());
        if !visible || !(1..=64).contains(&channel_id.len()) {
            return Err(LineKeysError::ChannelId);
        }
        let bytes = |text: &str| hex::decode(text.trim()).map(Zeroizing::new).ok();
        Ok(Self {
            channel_id: channel_id.to_owned(),
            secret: bytes(secret_hex)
                .filter(|s| s.len() >= 32)
                .ok_or(LineKeysError::Secret)?,
            field_key: bytes(field_key_hex)
                .filter(|k| k.len() == 32)
                .ok_or(LineKeysError::FieldKey)?,
        })
    }
}

impl LineKeys {
    pub(super) fn channel_id(&self) -> &str {
        &self.channel_id
    }

    /// Whether a text was signed with this channel's secret, in constant time.
    pub(super) fn proves(&self, text: &str, signature_hex: &str) -> bool {
        let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if signature_hex.len() != 64 || !signature_hex.bytes().all(lower) {
            return false;
        }
        let Ok(shown) = hex::decode(signature_hex) else {
            return false;
        };
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.secret) else {
            return false;
        };
        mac.update(text.as_bytes());
        mac.verify_slice(&shown).is_ok()
    }
}

/// One call as its adapter describes it.
pub(crate) struct Call<'a> {
    pub(crate) operation: Operation,
    pub(crate) method: Method,
    pub(crate) path: &'a [&'a str],
    pub(crate) query: &'a [(&'a str, &'a str)],
    pub(crate) body: Option<String>,
    pub(crate) idempotency_key: Option<&'a str>,
}

/// How a call is signed that is made to see whether the other side takes it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Astray {
    /// By a secret that nobody shares with us.
    OtherSecret,
    /// By a clock that is so many seconds ahead of ours, behind it below zero.
    Seconds(i64),
    /// With one nonce for every call.
    OneNonce,
}

struct Shifted {
    clock: Arc<dyn Clock>,
    seconds: i64,
}

impl Clock for Shifted {
    fn now(&self) -> Time {
        self.clock.now().plus_seconds(self.seconds)
    }
}

/// The same bytes every time.
struct Same([u8; 16]);

impl Entropy for Same {
    fn fill(&self, bytes: &mut [u8]) {
        for (to, from) in bytes.iter_mut().zip(self.0.iter().cycle()) {
            *to = *from;
        }
    }
}

/// A system behind the line.
#[derive(Clone)]
pub(crate) struct Line {
    caller: Caller,
    address: Address,
    keys: LineKeys,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Line {
    pub(crate) fn new(
        system: &'static str,
        address: Address,
        keys: LineKeys,
        rules: CallRules,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, AddressError> {
        Ok(Self {
            caller: Caller::new(system, &address, rules, Arc::clone(&clock))?,
            address,
            keys,
            clock,
            entropy,
        })
    }

    /// See [`Caller::is_any_open`].
    pub(crate) fn is_any_open(&self) -> bool {
        self.caller.is_any_open()
    }

    pub(crate) fn left_alone(&self) -> Vec<LeftAlone> {
        self.caller.left_alone()
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.caller.asked()
    }

    pub(crate) fn ask_again(&self, operation: &str) -> bool {
        self.caller.ask_again(operation)
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// The same line for calls that try the other side out: never for one that is meant.
    pub(crate) fn astray(&self, how: Astray) -> Self {
        let mut line = self.clone();
        match how {
            Astray::OtherSecret => {
                let mut secret = vec![0_u8; 32];
                self.entropy.fill(&mut secret);
                line.keys.secret = Zeroizing::new(secret);
            }
            Astray::Seconds(seconds) => {
                let clock = Arc::clone(&self.clock);
                line.clock = Arc::new(Shifted { clock, seconds });
            }
            Astray::OneNonce => {
                let mut nonce = [0_u8; 16];
                self.entropy.fill(&mut nonce);
                line.entropy = Arc::new(Same(nonce));
            }
        }
        line
    }

    /// 16 random bytes as hex: nonces, request ids, and keys of writes that are idempotent by themselves.
    pub(crate) fn fresh(&self) -> String {
        let mut bytes = [0_u8; 16];
        self.entropy.fill(&mut bytes);
        hex::encode(bytes)
    }

    /// Reads: no body, no key of its own.
    pub(crate) async fn get(
        &self,
        operation: Operation,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Reply, NoAnswer> {
        self.send(Call {
            operation,
            method: Method::GET,
            path,
            query,
            body: None,
            idempotency_key: None,
        })
        .await
    }

    /// Signs with a fresh nonce and timestamp and sends; a retry of the same call does both anew.
    pub(crate) async fn send(&self, call: Call<'_>) -> Result<Reply, NoAnswer> {
        let mut url = self.address.join(call.path);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(call.query);
        }
        let headers = self
            .signed_headers(&call, &url)
            .ok_or(NoAnswer::NotSent("unsendable_header"))?;
        self.caller
            .send(Request {
                operation: call.operation,
                method: call.method,
                url,
                headers,
                body: call.body,
                works: below_500,
            })
            .await
    }

    fn signed_headers(&self, call: &Call<'_>, url: &Url) -> Option<HeaderMap> {
        let timestamp = self.clock.now().unix_seconds().to_string();
        let nonce = self.fresh();
        let key = call.idempotency_key.unwrap_or_default();
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let body = call.body.as_deref().unwrap_or_default();
        let digest = hex::encode(Sha256::digest(body.as_bytes()));
        let lines = [
            call.method.as_str(),
            &target,
            &digest,
            &timestamp,
            &nonce,
            key,
        ];
        let signature = hex::encode(keyed(&self.keys.secret, &lines.join("\n"))?);
        let mut headers = HeaderMap::new();
        let mut put = |name: &'static str, value: &str| {
            let value = HeaderValue::from_str(value).ok()?;
            headers.insert(HeaderName::from_static(name), value);
            Some(())
        };
        put("x-channel-id", &self.keys.channel_id)?;
        put("x-request-id", &self.fresh())?;
        put("x-timestamp", &timestamp)?;
        put("x-nonce", &nonce)?;
        put("x-signature", &signature)?;
        if !key.is_empty() {
            put("idempotency-key", key)?;
        }
        if call.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        Some(headers)
    }

    /// `base64(nonce || ciphertext || tag)` of a personal field.
    ///
    /// The nonce is derived from field, `context` and value (as in SIV modes): a retry under the same
    /// idempotency key repeats the same bytes, as the contract asks, and two values never share a nonce.
    pub(crate) fn seal(
        &self,
        field: &'static str,
        context: &str,
        clear: &str,
    ) -> Result<String, NoAnswer> {
        let fault = || NoAnswer::NotSent("encryption_failed");
        let seed = Zeroizing::new(format!("{field}\0{context}\0{clear}"));
        let derived = keyed(&self.keys.field_key, &seed).ok_or_else(fault)?;
        let nonce: [u8; NONCE_LEN] = derived
            .get(..NONCE_LEN)
            .and_then(|n| n.try_into().ok())
            .ok_or_else(fault)?;
        let mut sealed = clear.as_bytes().to_vec();
        self.cipher()
            .ok_or_else(fault)?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(field.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| fault())?;
        let mut envelope = nonce.to_vec();
        envelope.append(&mut sealed);
        Ok(STANDARD.encode(envelope))
    }

    /// The clear text of a field the other side encrypted; `None` when it is not ours or was changed.
    pub(crate) fn open(&self, field: &'static str, envelope: &str) -> Option<Zeroizing<String>> {
        let mut bytes = Zeroizing::new(STANDARD.decode(envelope).ok()?);
        if bytes.len() < NONCE_LEN {
            return None;
        }
        let (nonce, sealed) = bytes.split_at_mut(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let clear = self
            .cipher()?
            .open_in_place(nonce, Aad::from(field.as_bytes()), sealed)
            .ok()?;
        String::from_utf8(clear.to_vec()).ok().map(Zeroizing::new)
    }

    fn cipher(&self) -> Option<LessSafeKey> {
        UnboundKey::new(&AES_256_GCM, &self.keys.field_key)
            .ok()
            .map(LessSafeKey::new)
    }
}

/// HMAC-SHA-256; it takes keys of any length, so `None` never happens with parsed keys.
fn keyed(key: &[u8], text: &str) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(text.as_bytes());
    Some(mac.finalize().into_bytes().to_vec())
}
