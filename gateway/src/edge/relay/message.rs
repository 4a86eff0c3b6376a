//! What a signature of RFC 9421 covers, read strictly: one signature, its parts in the one spelling
//! that the standard serialises to. Everything else is refused, not understood.

use actix_web::http::header::HeaderMap;
use aws_lc_rs::{constant_time, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Unfit;

/// A request as it arrived.
#[derive(Debug, Clone, Copy)]
pub struct Arrived<'a> {
    pub method: &'a str,
    /// `https://host:port`, as the relay addresses this node.
    pub origin: &'a str,
    /// Path and query, byte for byte.
    pub target: &'a str,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

/// The `Signature-Input` and `Signature` of one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The covered components, in their order.
    pub covered: Vec<String>,
    /// Components and parameters as they were sent: the last line of what was signed.
    pub params: String,
    pub created_s: Option<i64>,
    pub expires_s: Option<i64>,
    pub key_id: Option<String>,
    pub nonce: Option<String>,
    pub algorithm: Option<String>,
    pub signature: Vec<u8>,
}

/// Components of one signature, at most.
const COVERED_MAX: usize = 24;
const HEADER_BYTES_MAX: usize = 2_048;

/// The one value of a header that may be there once only.
pub fn only<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Unfit> {
    let mut values = headers.get_all(name);
    let Some(first) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Unfit::HeaderTwice);
    }
    first.to_str().map(Some).map_err(|_| Unfit::Malformed)
}

impl Input {
    /// Reads the one signature that `label` names; any other label is refused.
    pub fn read(headers: &HeaderMap, label: &str) -> Result<Self, Unfit> {
        let input = only(headers, "signature-input")?.ok_or(Unfit::Unsigned)?;
        let signature = only(headers, "signature")?.ok_or(Unfit::Unsigned)?;
        if input.len() > HEADER_BYTES_MAX || signature.len() > HEADER_BYTES_MAX {
            return Err(Unfit::Malformed);
        }
        let member = |text: &'_ str| -> Option<String> {
            let rest = text.strip_prefix(label)?.strip_prefix('=')?;
            Some(rest.to_owned())
        };
        let params = member(input).ok_or(Unfit::Malformed)?;
        let bytes = member(signature).ok_or(Unfit::Malformed)?;
        let bytes = bytes
            .strip_prefix(':')
            .and_then(|rest| rest.strip_suffix(':'));
        let bytes = bytes.ok_or(Unfit::Malformed)?;
        let mut read = Self {
            covered: Vec::new(),
            params: params.clone(),
            created_s: None,
            expires_s: None,
            key_id: None,
            nonce: None,
            algorithm: None,
            signature: STANDARD.decode(bytes).map_err(|_| Unfit::Malformed)?,
        };
        let inner = params.strip_prefix('(').ok_or(Unfit::Malformed)?;
        let (list, after) = inner.split_once(')').ok_or(Unfit::Malformed)?;
        read.take_components(list)?;
        read.take_params(after)?;
        Ok(read)
    }

    fn take_components(&mut self, list: &str) -> Result<(), Unfit> {
        if list.is_empty() {
            return Ok(());
        }
        for item in list.split(' ') {
            let name = item
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'));
            let name = name.ok_or(Unfit::Malformed)?;
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"@-_".contains(&b);
            let known = !name.is_empty() && name.bytes().all(plain);
            let again = self.covered.iter().any(|covered| covered == name);
            if !known || again || self.covered.len() >= COVERED_MAX {
                return Err(Unfit::Malformed);
            }
            self.covered.push(name.to_owned());
        }
        Ok(())
    }

    fn take_params(&mut self, text: &str) -> Result<(), Unfit> {
        for param in text.split(';').skip(1) {
            let (name, value) = param.split_once('=').ok_or(Unfit::Malformed)?;
            match name {
                "created" => set(&mut self.created_s, integer(value)?)?,
                "expires" => set(&mut self.expires_s, integer(value)?)?,
                "keyid" => set(&mut self.key_id, string(value)?)?,
                "nonce" => set(&mut self.nonce, string(value)?)?,
                "alg" => set(&mut self.algorithm, string(value)?)?,
                _ => return Err(Unfit::Malformed),
            }
        }
        if text.is_empty() || text.starts_with(';') {
            Ok(())
        } else {
            Err(Unfit::Malformed)
        }
    }

    /// What was signed: a line per component, and the parameters.
    pub fn base(&self, arrived: &Arrived<'_>) -> Result<String, Unfit> {
        let mut base = String::with_capacity(512);
        for name in &self.covered {
            base.push('"');
            base.push_str(name);
            base.push_str("\": ");
            component(&mut base, name, arrived)?;
            base.push('\n');
        }
        base.push_str("\"@signature-params\": ");
        base.push_str(&self.params);
        Ok(base)
    }

    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        self.covered.iter().any(|covered| covered == name)
    }
}

fn set<T>(place: &mut Option<T>, value: T) -> Result<(), Unfit> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Unfit::Malformed),
    }
}

/// A structured-field integer: no sign here, no leading zero, fifteen digits at most.
fn integer(text: &str) -> Result<i64, Unfit> {
    let digits = (1..=15).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let leading = text.len() > 1 && text.starts_with('0');
    if !digits || leading {
        return Err(Unfit::Malformed);
    }
    text.parse().map_err(|_| Unfit::Malformed)
}

/// A structured-field string of plain characters; what would need escaping is refused.
fn string(text: &str) -> Result<String, Unfit> {
    let inner = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let inner = inner.ok_or(Unfit::Malformed)?;
    let plain = |b: u8| b.is_ascii_graphic() && !b"\"\\;,()".contains(&b);
    if (1..=128).contains(&inner.len()) && inner.bytes().all(plain) {
        Ok(inner.to_owned())
    } else {
        Err(Unfit::Malformed)
    }
}

fn component(base: &mut String, name: &str, arrived: &Arrived<'_>) -> Result<(), Unfit> {
    let (path, query) = arrived
        .target
        .split_once('?')
        .unwrap_or((arrived.target, ""));
    let authority = arrived
        .origin
        .split_once("://")
        .map_or("", |(_, host)| host);
    match name {
        "@method" => base.push_str(arrived.method),
        "@target-uri" => {
            base.push_str(arrived.origin);
            base.push_str(arrived.target);
        }
        "@authority" => base.push_str(authority),
        "@path" => base.push_str(path),
        "@query" => {
            base.push('?');
            base.push_str(query);
        }
        _ if name.starts_with('@') => return Err(Unfit::Malformed),
        _ => {
            let value = only(arrived.headers, name)?.ok_or(Unfit::NotCovered)?;
            base.push_str(value.trim());
        }
    }
    Ok(())
}

/// Whether `Content-Digest` (RFC 9530) is that of the body: one digest, `sha-256` or `sha-512`.
pub fn digest_fits(header: &str, body: &[u8]) -> Result<(), Unfit> {
    let (name, value) = header.split_once('=').ok_or(Unfit::Malformed)?;
    let algorithm = match name {
        "sha-256" => &digest::SHA256,
        "sha-512" => &digest::SHA512,
        _ => return Err(Unfit::Malformed),
    };
    let value = value
        .strip_prefix(':')
        .and_then(|rest| rest.strip_suffix(':'));
    let said = STANDARD
        .decode(value.ok_or(Unfit::Malformed)?)
        .map_err(|_| Unfit::Malformed)?;
    let ours = digest::digest(algorithm, body);
    constant_time::verify_slices_are_equal(ours.as_ref(), &said).map_err(|_| Unfit::OtherBody)
}
