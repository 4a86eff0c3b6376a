//! The channel relay: ends the public side and forwards to the line, the only hop the line trusts.
//!
//! Every forwarded request tells the caller's address in `X-Forwarded-For`, carries `Content-Digest`
//! (RFC 9530, sha-256) and an RFC 9421 signature (Ed25519) over `@method`, `@target-uri` (as sent to
//! the line), `content-digest`, `x-forwarded-for` and what else decides about a request, with
//! `created`, `keyid` and a fresh `nonce` (docs/contracts/relay.md). Whatever the caller claims in those
//! headers is dropped: only the relay speaks for the relay.

use std::path::Path;
use std::time::Duration;

use actix_web::http::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderName};
use actix_web::{HttpRequest, HttpResponse, web};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rsa::pkcs8::{Document, LineEnding, SecretDocument};
use sha2::{Digest as _, Sha256};

use crate::clock::SimClock;
use crate::keys::{KeyError, read, write_new};

/// The name under which the line knows the relay's key.
pub const KEY_ID: &str = "channel-relay-1";
/// The largest body the relay passes on, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
const PRIVATE_FILE: &str = "relay_private.pem";
const PUBLIC_FILE: &str = "relay_public.pem";
const TIMEOUT: Duration = Duration::from_secs(60);
/// SubjectPublicKeyInfo of an Ed25519 key, up to the 32 key bytes (RFC 8410).
const ED25519_SPKI: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// Meaningful between two hops only, never passed on (RFC 9110 section 7.6.1).
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// What a signature covers when it is there: headers that decide who asks, for what, and how it is read.
const SIGNED_WHEN_THERE: [&str; 8] = [
    "authorization",
    "content-type",
    "cookie",
    "idempotency-key",
    "origin",
    "sec-fetch-site",
    "user-agent",
    "x-http-method-override",
];
/// What only the relay itself may say.
const RELAY_SAYS: [&str; 8] = [
    "content-digest",
    "forwarded",
    "signature",
    "signature-input",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
];

/// A relay in front of one line.
pub struct Relay {
    line: String,
    key: Ed25519KeyPair,
    clock: SimClock,
    client: reqwest::Client,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay")
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

/// Why the relay did not start.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The relay's key could not be read or made.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The HTTP client could not be built.
    #[error("cannot build the relay's HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

impl Relay {
    /// A relay to `line` (a base URL) whose key lies in `keys_dir`, made there when missing.
    ///
    /// # Errors
    /// See [`RelayError`].
    pub fn new(line: &str, keys_dir: &Path, clock: SimClock) -> Result<Self, RelayError> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .pool_idle_timeout(crate::RESTING_TIME_MAX)
            .timeout(TIMEOUT)
            .build()?;
        let line = line.trim_end_matches('/').to_owned();
        Ok(Self {
            line,
            key: key_pair(keys_dir)?,
            clock,
            client,
        })
    }

    /// The three headers that bind a request to this relay.
    fn signed_headers(
        &self,
        method: &str,
        target_uri: &str,
        caller: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<[(&str, String); 3], Refused> {
        let digest = format!("sha-256=:{}:", BASE64.encode(Sha256::digest(body)));
        let mut nonce = [0_u8; 16];
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_| Refused::Target)?;
        let mut fields = vec![
            ("@method", method.to_owned()),
            ("@target-uri", target_uri.to_owned()),
            ("content-digest", digest.clone()),
            ("x-forwarded-for", caller.to_owned()),
        ];
        for name in SIGNED_WHEN_THERE {
            let mut values = headers.get_all(name);
            if let Some(value) = values.next() {
                let value = value.to_str().map_err(|_| Refused::Target)?;
                fields.push((name, value.trim().to_owned()));
            }
            // Two of what may be there once: nobody could say which of them was meant.
            if values.next().is_some() {
                return Err(Refused::Target);
            }
        }
        let covered: Vec<String> = fields
            .iter()
            .map(|(name, _)| format!("\"{name}\""))
            .collect();
        let params = format!(
            "({});created={};keyid=\"{KEY_ID}\";nonce=\"{}\"",
            covered.join(" "),
            self.clock.unix_s(),
            hex::encode(nonce)
        );
        let lines: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("\"{name}\": {value}\n"))
            .collect();
        let base = format!("{}\"@signature-params\": {params}", lines.concat());
        let signature = BASE64.encode(self.key.sign(base.as_bytes()));
        Ok([
            ("content-digest", digest),
            ("signature-input", format!("relay={params}")),
            ("signature", format!("relay=:{signature}:")),
        ])
    }

    async fn forward(
        &self,
        incoming: &HttpRequest,
        body: web::Bytes,
    ) -> Result<HttpResponse, Refused> {
        let path = incoming.uri().path_and_query().map_or("/", |p| p.as_str());
        let url =
            reqwest::Url::parse(&format!("{}{path}", self.line)).map_err(|_| Refused::Target)?;
        let method = reqwest::Method::from_bytes(incoming.method().as_str().as_bytes())
            .map_err(|_| Refused::Target)?;
        let mut outgoing = self.client.request(method.clone(), url.clone());
        for (name, value) in incoming.headers() {
            if passes(incoming.headers(), name) && *name != HOST {
                outgoing = outgoing.header(name.as_str(), value.as_bytes());
            }
        }
        if let Some(host) = incoming.headers().get(HOST) {
            outgoing = outgoing.header("x-forwarded-host", host.as_bytes());
        }
        let caller = incoming
            .peer_addr()
            .map_or_else(String::new, |a| a.ip().to_string());
        outgoing = outgoing
            .header("x-forwarded-for", caller.as_str())
            .header("x-forwarded-proto", "http");
        let signed = self.signed_headers(
            method.as_str(),
            url.as_str(),
            &caller,
            incoming.headers(),
            &body,
        )?;
        for (name, value) in signed {
            outgoing = outgoing.header(name, value);
        }
        let answer = outgoing
            .body(body)
            .send()
            .await
            .map_err(|_| Refused::Line)?;
        returned(answer).await
    }
}

/// The line's answer, without what belongs to the hop.
async fn returned(answer: reqwest::Response) -> Result<HttpResponse, Refused> {
    let status = actix_web::http::StatusCode::from_u16(answer.status().as_u16())
        .map_err(|_| Refused::Line)?;
    let mut returned = HttpResponse::build(status);
    for (name, value) in answer.headers() {
        let hop = HOP_BY_HOP.contains(&name.as_str()) || name.as_str() == CONTENT_LENGTH.as_str();
        if !hop {
            returned.append_header((name.as_str(), value.as_bytes()));
        }
    }
    let body = answer.bytes().await.map_err(|_| Refused::Line)?;
    Ok(returned.body(body))
}

/// Whether a caller's header goes on to the line.
fn passes(headers: &HeaderMap, name: &HeaderName) -> bool {
    let named_by_connection = || {
        headers
            .get_all("connection")
            .filter_map(|value| value.to_str().ok())
            .any(|value| {
                value
                    .split(',')
                    .any(|token| token.trim().eq_ignore_ascii_case(name.as_str()))
            })
    };
    !HOP_BY_HOP.contains(&name.as_str())
        && !RELAY_SAYS.contains(&name.as_str())
        && *name != CONTENT_LENGTH
        && !named_by_connection()
}

/// Why the relay itself answers.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("the request target is not one the relay can forward")]
    Target,
    #[error("the line does not answer")]
    Line,
}

impl actix_web::ResponseError for Refused {
    fn status_code(&self) -> actix_web::http::StatusCode {
        match self {
            Self::Target => actix_web::http::StatusCode::BAD_REQUEST,
            Self::Line => actix_web::http::StatusCode::BAD_GATEWAY,
        }
    }
}

/// Everything goes to the line.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.app_data(web::PayloadConfig::new(BODY_BYTES_MAX))
        .default_service(web::to(pass_on));
}

async fn pass_on(
    relay: web::Data<Relay>,
    incoming: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, Refused> {
    relay.forward(&incoming, body).await
}

fn key_pair(dir: &Path) -> Result<Ed25519KeyPair, KeyError> {
    let malformed = |reason: &str| KeyError::Malformed {
        name: PRIVATE_FILE.into(),
        reason: reason.to_owned(),
    };
    let key = match read(dir, PRIVATE_FILE)? {
        Some(pem) => {
            let (_, der) = SecretDocument::from_pem(&pem).map_err(|_| malformed("not PEM"))?;
            Ed25519KeyPair::from_pkcs8(der.as_bytes())
                .map_err(|_| malformed("not an Ed25519 key in PKCS#8"))?
        }
        None => new_key_pair(dir)?,
    };
    if read(dir, PUBLIC_FILE)?.is_none() {
        let der = [ED25519_SPKI.as_slice(), key.public_key().as_ref()].concat();
        let pem = Document::try_from(der.as_slice())
            .and_then(|der| der.to_pem("PUBLIC KEY", LineEnding::LF))
            .map_err(|_| malformed("its public half cannot be written"))?;
        write_new(dir, PUBLIC_FILE, pem.as_bytes())?;
    }
    Ok(key)
}

fn new_key_pair(dir: &Path) -> Result<Ed25519KeyPair, KeyError> {
    let key = Ed25519KeyPair::generate().map_err(|_| KeyError::Random)?;
    let der = key.to_pkcs8v1().map_err(|_| KeyError::Random)?;
    let pem = SecretDocument::try_from(der.as_ref())
        .and_then(|der| der.to_pem("PRIVATE KEY", LineEnding::LF))
        .map_err(|_| KeyError::Random)?;
    write_new(dir, PRIVATE_FILE, pem.as_bytes())?;
    Ok(key)
}
