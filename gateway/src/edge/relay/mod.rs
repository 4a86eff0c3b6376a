//! The gate of the dedicated line: only what the channel relay sent, signed for this node, gets in
//! (LN-42, LN-52; RFC 9421 and RFC 9530).
//!
//! | file | what it is |
//! |---|---|
//! | `message` | what a signature covers, read strictly |
//! | `proof` | HMAC, RSA and Ed25519 behind one trait |
//! | `window` | each request once, also across a restart |
//! | `networks` | who may connect at all |
//! | `gated` | the layer around the listener |

pub mod gated;
pub mod message;
pub mod networks;
pub mod proof;
pub mod window;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use self::message::{Arrived, Input, digest_fits, only};
use self::networks::Network;
use self::proof::Proof;
use self::window::Window;

/// The label under which a relay signs.
pub const LABEL: &str = "relay";
/// What every signature covers.
const ALWAYS: [&str; 4] = [
    "@method",
    "@target-uri",
    "content-digest",
    "x-forwarded-for",
];
/// What it covers when it is there: headers that decide who asks, for what, and how it is read.
const WHEN_THERE: [&str; 8] = [
    "authorization",
    "content-type",
    "cookie",
    "idempotency-key",
    "origin",
    "sec-fetch-site",
    "user-agent",
    "x-http-method-override",
];

/// Why a request did not come by the relay. Counted, never told: whoever is refused learns nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("comes from outside the networks of the line")]
    OtherNetwork,
    #[error("the connection's certificate or its address is no relay's of ours")]
    OtherPeer,
    #[error("carries no signature")]
    Unsigned,
    #[error("a signature or digest that cannot be read")]
    Malformed,
    #[error("a header that may be there once is there twice")]
    HeaderTwice,
    #[error("the signature does not cover what it must")]
    NotCovered,
    #[error("signed with a key nobody knows")]
    UnknownKey,
    #[error("the signature is not of this request")]
    Forged,
    #[error("the digest is not of this body")]
    OtherBody,
    #[error("signed too long ago, or before a restart")]
    Late,
    #[error("signed in the future")]
    Ahead,
    #[error("taken before")]
    Replayed,
    #[error("more requests than can be told apart")]
    TooMany,
    #[error("the floor could not be written")]
    NotKept,
}

impl Unfit {
    /// As a metric names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OtherNetwork => "other_network",
            Self::OtherPeer => "other_peer",
            Self::Unsigned => "unsigned",
            Self::Malformed => "malformed",
            Self::HeaderTwice => "header_twice",
            Self::NotCovered => "not_covered",
            Self::UnknownKey => "unknown_key",
            Self::Forged => "forged",
            Self::OtherBody => "other_body",
            Self::Late => "late",
            Self::Ahead => "ahead",
            Self::Replayed => "replayed",
            Self::TooMany => "too_many",
            Self::NotKept => "not_kept",
        }
    }
}

/// One key of a relay.
#[derive(Debug, Clone)]
pub struct RelayKey {
    /// The certificate name of the relay that may use it.
    pub relay: String,
    pub proof: Arc<dyn Proof>,
}

/// What the gate asks of a request.
#[derive(Debug, Clone)]
pub struct Rules {
    /// `https://10.20.0.5:8443`: how the relay addresses this node.
    pub origin: String,
    pub networks: Vec<Network>,
    /// By key id. Old and new ones at once while a relay changes its key.
    pub keys: HashMap<String, RelayKey>,
}

/// The gate.
#[derive(Debug)]
pub struct Gate {
    rules: Rules,
    window: Window,
}

impl Gate {
    #[must_use]
    pub const fn new(rules: Rules, window: Window) -> Self {
        Self { rules, window }
    }

    #[must_use]
    pub fn origin(&self) -> &str {
        &self.rules.origin
    }

    /// See [`Window::opens_after_s`].
    #[must_use]
    pub const fn opens_after_s(&self) -> i64 {
        self.window.opens_after_s()
    }

    /// Whether a connection from there is heard at all.
    pub fn hears(&self, peer: IpAddr) -> Result<(), Unfit> {
        let within = self
            .rules
            .networks
            .iter()
            .any(|network| network.contains(peer));
        if within {
            Ok(())
        } else {
            Err(Unfit::OtherNetwork)
        }
    }

    /// The names of relays whose certificates are let in.
    pub fn relays(&self) -> impl Iterator<Item = &str> {
        self.rules.keys.values().map(|key| key.relay.as_str())
    }

    /// Takes a request of the relay `peer` (its certificate's name), once.
    pub async fn admit(
        &self,
        arrived: &Arrived<'_>,
        peer: Option<&str>,
        now_s: i64,
    ) -> Result<(), Unfit> {
        let input = Input::read(arrived.headers, LABEL)?;
        let created_s = input.created_s.ok_or(Unfit::Malformed)?;
        let nonce = input.nonce.as_deref().ok_or(Unfit::Malformed)?;
        self.window.is_timely(created_s, now_s)?;
        if input.expires_s.is_some_and(|expires| expires <= now_s) {
            return Err(Unfit::Late);
        }
        covers_what_it_must(&input, arrived)?;
        let key = input.key_id.as_ref().and_then(|id| self.rules.keys.get(id));
        let key = key.ok_or(Unfit::UnknownKey)?;
        if peer.is_some_and(|peer| peer != key.relay) {
            return Err(Unfit::OtherPeer);
        }
        let named = input.algorithm.as_deref();
        if named.is_some_and(|named| named != key.proof.algorithm()) {
            return Err(Unfit::Forged);
        }
        let base = input.base(arrived)?;
        if !key.proof.proves(base.as_bytes(), &input.signature) {
            return Err(Unfit::Forged);
        }
        let digest = only(arrived.headers, "content-digest")?.ok_or(Unfit::NotCovered)?;
        digest_fits(digest, arrived.body)?;
        self.window.take(created_s, nonce, now_s).await
    }
}

fn covers_what_it_must(input: &Input, arrived: &Arrived<'_>) -> Result<(), Unfit> {
    let always = ALWAYS.iter().all(|name| input.covers(name));
    let there = WHEN_THERE
        .iter()
        .filter(|name| arrived.headers.contains_key(**name))
        .all(|name| input.covers(name));
    if always && there {
        Ok(())
    } else {
        Err(Unfit::NotCovered)
    }
}

#[cfg(test)]
mod rfc9421_tests;
#[cfg(test)]
mod signer_tests;
#[cfg(test)]
mod tests;
