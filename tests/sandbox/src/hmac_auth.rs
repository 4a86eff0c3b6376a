//! Checks the signed calls of docs/contracts/marketing.md, section Authentication, for both the
//! marketing system and the SMS platform.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use actix_web::HttpRequest;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::keys::ChannelKeys;

/// How far a caller's clock may be off.
const SKEW_S: i64 = 300;
/// How long a nonce stays used.
const NONCE_WINDOW_S: i64 = 600;
const NONCE_LEN_MAX: usize = 64;

/// Why a call was not accepted. Both are 401; the codes are the contract's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthFailure {
    /// A header is missing or malformed, the clock is off, the channel or the signature is wrong.
    BadSignature,
    /// The signature is right, but this nonce was used within ten minutes.
    Replayed,
}

impl AuthFailure {
    /// The contract's error code.
    pub fn code(self) -> &'static str {
        match self {
            Self::BadSignature => "BAD_SIGNATURE",
            Self::Replayed => "REPLAYED",
        }
    }
}

/// Remembers the nonces of one channel.
#[derive(Debug, Default)]
pub struct Nonces {
    seen: Mutex<HashMap<String, i64>>,
}

impl Nonces {
    fn first_use(&self, nonce: &str, now_s: i64) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|_, used_at| now_s - *used_at <= NONCE_WINDOW_S);
        seen.insert(nonce.to_owned(), now_s).is_none()
    }
}

/// Accepts or refuses one call. `now_s` is the sandbox's clock; `body` the exact bytes received.
///
/// # Errors
/// See [`AuthFailure`]. A nonce is spent only by a call whose signature was right.
pub fn verify(
    request: &HttpRequest,
    body: &[u8],
    keys: &ChannelKeys,
    nonces: &Nonces,
    now_s: i64,
) -> Result<(), AuthFailure> {
    let header = |name| single_header(request, name);
    let channel = header("X-Channel-Id").ok_or(AuthFailure::BadSignature)?;
    let timestamp = header("X-Timestamp").ok_or(AuthFailure::BadSignature)?;
    let nonce = header("X-Nonce").ok_or(AuthFailure::BadSignature)?;
    let signature = header("X-Signature").ok_or(AuthFailure::BadSignature)?;
    header("X-Request-Id").ok_or(AuthFailure::BadSignature)?;
    let idempotency_key = header("Idempotency-Key").unwrap_or("");
    let sent_at_s: i64 = timestamp.parse().map_err(|_| AuthFailure::BadSignature)?;
    let in_time = now_s.abs_diff(sent_at_s) <= SKEW_S.unsigned_abs();
    let sane_nonce = (1..=NONCE_LEN_MAX).contains(&nonce.len());
    if channel != keys.channel_id || !in_time || !sane_nonce {
        return Err(AuthFailure::BadSignature);
    }
    let target = request.uri().path_and_query().map_or("/", |p| p.as_str());
    let expected = signature_hex(
        keys.secret(),
        &[
            request.method().as_str(),
            target,
            &hex::encode(Sha256::digest(body)),
            timestamp,
            nonce,
            idempotency_key,
        ],
    );
    if !bool::from(expected.as_bytes().ct_eq(signature.as_bytes())) {
        return Err(AuthFailure::BadSignature);
    }
    if nonces.first_use(nonce, now_s) {
        Ok(())
    } else {
        Err(AuthFailure::Replayed)
    }
}

/// Lower-case hex HMAC-SHA-256 over the signed lines.
pub fn signature_hex(secret: &[u8], lines: &[&str]) -> String {
    // HMAC takes a key of any length, so the error arm cannot be reached; an empty string verifies nothing.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        return String::new();
    };
    mac.update(lines.join("\n").as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// A header's value when it is there exactly once and readable.
fn single_header<'r>(request: &'r HttpRequest, name: &'static str) -> Option<&'r str> {
    let mut values = request.headers().get_all(name);
    let first = values.next()?;
    if values.next().is_some() {
        return None;
    }
    first.to_str().ok()
}
