//! What this process signs and verifies with. Another process may rotate the keys: once a second the
//! store is asked which are in force, and access tokens and cursors follow.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use lifeline_adapters::keyring::{Key, KeyState, Keyring, Purpose};
use lifeline_adapters::redis::Redis;
use lifeline_adapters::sql::rotation::SIGNED_LIFE_S;
use lifeline_adapters::sql::{Engine, RuledKeys};
use lifeline_core::shared::time::{Clock, Time};
use lifeline_gateway::edge::cursor::Cursors;
use lifeline_gateway::edge::tokens::{TokenKey, Tokens};
use lifeline_gateway::runner::Worker;

use crate::failure::Failure;

/// The signing keys in force, and the loop that keeps them so.
pub(crate) struct KeysInForce {
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) cursors: Arc<Cursors>,
    engine: Arc<Engine>,
    redis: Option<Arc<Redis>>,
    /// What was last put in force.
    known: Mutex<InForce>,
}

/// The ids of the keys in force, in order, and the ring they are in.
struct InForce {
    named: Vec<String>,
    keyring: Arc<Keyring>,
}

/// The keys of one moment.
struct Signing {
    tokens: Vec<TokenKey>,
    cursors: Vec<Key>,
    named: Vec<String>,
}

impl KeysInForce {
    pub(crate) async fn of(engine: &Arc<Engine>, clock: &Arc<dyn Clock>) -> Result<Self, Failure> {
        let odd = || Failure::failed("the keyring's signing keys are unusable");
        let ruled = engine
            .keys()
            .await
            .map_err(|error| Failure::failed(crate::store::chain(&error)))?;
        let signing = Signing::of(&ruled, clock.now()).ok_or_else(odd)?;
        let tokens = Tokens::new(Arc::clone(clock), &signing.tokens).map_err(|_| odd())?;
        let first = signing.cursors.first().ok_or_else(odd)?;
        let cursors = Cursors::new(first.expose());
        cursors.replace(&secrets(&signing.cursors));
        Ok(Self {
            tokens: Arc::new(tokens),
            cursors: Arc::new(cursors),
            engine: Arc::clone(engine),
            redis: None,
            known: Mutex::new(InForce {
                named: signing.named,
                keyring: ruled.keyring,
            }),
        })
    }

    /// The ring as it was last seen.
    pub(crate) fn keyring(&self) -> Arc<Keyring> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&known.keyring)
    }

    /// Lets what the nodes share follow too.
    pub(crate) fn sharing(mut self, redis: Option<Arc<Redis>>) -> Self {
        self.redis = redis;
        self
    }

    fn follow(&self, ruled: RuledKeys, now: Time) {
        let Some(signing) = Signing::of(&ruled, now) else {
            tracing::error!("keys.signing.unusable");
            return;
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&known.keyring, &ruled.keyring) {
            known.keyring = Arc::clone(&ruled.keyring);
            if let Some(redis) = &self.redis {
                redis.take_keys(ruled.keyring);
            }
        }
        if known.named == signing.named {
            return;
        }
        if self.tokens.replace(&signing.tokens).is_ok() {
            self.cursors.replace(&secrets(&signing.cursors));
            tracing::info!(keys = signing.named.join(" "), "keys.signing.in_force");
            known.named = signing.named;
        }
    }
}

fn secrets(keys: &[Key]) -> Vec<&[u8]> {
    keys.iter().map(Key::expose).collect()
}

impl Signing {
    fn of(ruled: &RuledKeys, now: Time) -> Option<Self> {
        let tokens = in_force(ruled, Purpose::Jwt, now);
        let cursors = in_force(ruled, Purpose::Cursor, now);
        let named = tokens.iter().chain(&cursors);
        let named = named.map(|key| key.kid().to_owned()).collect();
        let token_key = |key: &Key| {
            let pair = Ed25519KeyPair::from_pkcs8(key.expose()).ok()?;
            Some(TokenKey {
                kid: key.kid().to_owned(),
                private: key.expose().to_vec(),
                public: pair.public_key().as_ref().to_vec(),
            })
        };
        Some(Self {
            tokens: tokens.iter().map(token_key).collect::<Option<_>>()?,
            cursors,
            named,
        })
    }
}

/// The keys of a purpose that sign or verify now; the one that signs first.
fn in_force(ruled: &RuledKeys, purpose: Purpose, now: Time) -> Vec<Key> {
    let left_at = |key: &Key| {
        let mut known = ruled.generations.iter();
        let found = known.find(|known| known.purpose == purpose && known.kid == key.kid());
        found.map(|generation| generation.moved_at)
    };
    let verifies = |key: &&Key| match key.state() {
        KeyState::Active | KeyState::Next => true,
        KeyState::Retiring => {
            left_at(key).is_some_and(|left| now < left.plus_seconds(SIGNED_LIFE_S))
        }
        KeyState::Retired => false,
    };
    let mut keys: Vec<Key> = ruled
        .keyring
        .of(purpose)
        .filter(verifies)
        .cloned()
        .collect();
    keys.sort_by_key(|key| !key.is_active());
    keys
}

#[async_trait]
impl Worker for KeysInForce {
    fn name(&self) -> &'static str {
        "keys.in_force"
    }

    fn tick(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn run_once(&self, now: Time) -> bool {
        // Without an answer the keys of before stay in force; the units themselves refuse.
        match self.engine.keys().await {
            Ok(ruled) => self.follow(ruled, now),
            Err(error) => tracing::warn!(%error, "keys.in_force.unread"),
        }
        false
    }
}
