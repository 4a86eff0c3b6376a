//! Generations of a key: the next, the active, those before. The file says what a new store begins
//! with; from then on the store says which one is which, for all processes alike.

use std::path::Path;

use lifeline_core::shared::time::Time;

use super::file::{change, fresh_key};
use super::{InstanceKind, Key, Keyring, KeyringError, Purpose};

/// What a key is good for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Announced, so that every process has it before the first thing is made with it.
    Next,
    /// Makes new things.
    Active,
    /// Made things that are still about: it opens, finds and verifies them.
    Retiring,
    /// Nothing it made is expected any more; it still opens an envelope that names it.
    Retired,
}

impl KeyState {
    /// The store's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "announced",
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Retired => "retired",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Next, Self::Active, Self::Retiring, Self::Retired]
            .into_iter()
            .find(|state| state.as_str() == text)
    }

    pub(super) const fn in_file(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retiring | Self::Retired => "retired",
        }
    }

    pub(super) fn of_file(text: &str) -> Option<Self> {
        [Self::Next, Self::Active, Self::Retired]
            .into_iter()
            .find(|state| state.in_file() == text)
    }

    /// Whether something may lie under it beside what lies under the active key.
    #[must_use]
    pub const fn finds(self) -> bool {
        matches!(self, Self::Next | Self::Retiring)
    }
}

/// What a store knows of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    pub purpose: Purpose,
    pub kid: String,
    pub state: KeyState,
    pub announced_at: Time,
    /// When it came into its state.
    pub moved_at: Time,
}

/// The store is written with a key that this keyring does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the keyring lacks the key {kid} ({}), which the store is written with: copy the keyring of the node \
     that rotated it, or restore it from its backup", .purpose.as_str()
)]
pub struct MissingKey {
    pub purpose: Purpose,
    pub kid: String,
}

impl Keyring {
    /// This ring with the states a store gives its keys. A purpose the store knows nothing of keeps
    /// the states of the file.
    pub fn ruled_by(&self, generations: &[Generation]) -> Result<Self, MissingKey> {
        let needed = generations.iter().filter(|g| g.state != KeyState::Retired);
        for generation in needed {
            if self.by_kid(generation.purpose, &generation.kid).is_none() {
                return Err(MissingKey {
                    purpose: generation.purpose,
                    kid: generation.kid.clone(),
                });
            }
        }
        let ruled = |key: &Key| {
            let mut known = generations.iter().filter(|g| g.purpose == key.purpose);
            let states = known.clone().count() > 0;
            let named = known.find(|g| g.kid == key.kid).map(|g| g.state);
            Key {
                state: match (states, named) {
                    (false, _) => key.state,
                    (true, named) => named.unwrap_or(KeyState::Retired),
                },
                ..key.clone()
            }
        };
        Ok(Self {
            kind: self.kind,
            keys: self.keys.iter().map(ruled).collect(),
            path: self.path.clone(),
        })
    }

    /// The key a rotation goes to: the next one in the file, made when there is none yet. A rotation
    /// that died after this finds the same one again.
    pub fn add_next(
        path: &Path,
        kind: InstanceKind,
        purpose: Purpose,
    ) -> Result<(Self, String), KeyringError> {
        change(path, kind, |ring| {
            let there = ring.of(purpose).find(|key| key.state == KeyState::Next);
            if let Some(key) = there {
                return Ok(key.kid.clone());
            }
            let key = fresh_key(purpose, KeyState::Next)?;
            let kid = key.kid.clone();
            ring.keys.push(key);
            Ok(kid)
        })
    }

    /// Writes into the file that a key is the active one now, so that the file alone says so too.
    pub fn make_active(
        path: &Path,
        kind: InstanceKind,
        purpose: Purpose,
        kid: &str,
    ) -> Result<Self, KeyringError> {
        change(path, kind, |ring| {
            if ring.by_kid(purpose, kid).is_none() {
                return Err(KeyringError::NoSuchKey);
            }
            for key in ring.keys.iter_mut().filter(|key| key.purpose == purpose) {
                key.state = if key.kid == kid {
                    KeyState::Active
                } else {
                    KeyState::Retired
                };
            }
            Ok(())
        })
        .map(|(ring, ())| ring)
    }
}
