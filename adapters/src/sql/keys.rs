//! Which keys a store is written with. The table `key_generation` is the word for all processes; each
//! looks at it at most [`LOOK_EVERY`] before a unit begins, and does not work when its keyring lacks
//! a key that the table names (money.md 5: keyring missing or older on one of two nodes).

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::sealing::no_key;
use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, Vault, WriteConn, overrides};
use crate::keyring::{Generation, KeyState, Keyring, MissingKey, Purpose};

statements! { "keys":
    GENERATIONS("key_generation") = "SELECT purpose, kid, state, announced_at, moved_at FROM key_generation \
        ORDER BY purpose, announced_at, kid";
    ADOPT("key_generation") = "INSERT INTO key_generation (purpose, kid, state, announced_at, moved_at) \
        VALUES ($1, $2, $3, $4, $4) ON CONFLICT DO NOTHING";
    ACTIVE("key_generation") = "SELECT kid FROM key_generation WHERE purpose = $1 AND state = 'active'";
    ANY_ACCOUNT_KEY("account_key") = "SELECT account_id, wrapped FROM account_key ORDER BY account_id LIMIT 1";
    // SQLite has one writer, who is alone anyway.
    SHARE("key_generation") = "SELECT 1 AS n", postgres = overrides::INDEX_SHARED;
}

/// How old a process's knowledge of the generations may be when a unit begins.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a process knows of the store's keys.
pub(super) struct Seen {
    keyring: Arc<Keyring>,
    generations: Arc<[Generation]>,
    /// When the look that brought it began; absent before the first.
    at: Option<Instant>,
}

impl Seen {
    pub(super) fn unseen(keyring: &Arc<Keyring>) -> Self {
        Self {
            keyring: Arc::clone(keyring),
            generations: Arc::default(),
            at: None,
        }
    }
}

/// The keyring as the store rules it, and what the store said.
#[derive(Debug, Clone)]
pub struct RuledKeys {
    pub keyring: Arc<Keyring>,
    pub generations: Arc<[Generation]>,
}

impl Vault {
    /// The vault a unit begins with, or `None` when it has to look first.
    pub(super) fn fresh(&self) -> Option<Self> {
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        let fresh = seen.at.is_some_and(|at| at.elapsed() < LOOK_EVERY);
        fresh.then(|| self.with(&seen.keyring))
    }

    fn with(&self, keyring: &Arc<Keyring>) -> Self {
        let mut vault = self.clone();
        vault.keyring = Arc::clone(keyring);
        vault
    }

    /// Looks at the store through an open transaction.
    pub(super) async fn look(&self, conn: &mut impl Conn) -> Result<Self, StoreError> {
        let began = Instant::now();
        let rows = conn.query(&GENERATIONS, args![]).await?;
        let generations = rows
            .iter()
            .filter_map(|row| generation(row).transpose())
            .collect::<Result<Vec<_>, _>>()?;
        self.learn(&generations, began)
            .map_err(|missing| StoreError::Unavailable(Box::new(missing)))
    }

    /// Takes over what the store says; a key this process does not have may be in its file by now.
    pub(super) fn learn(
        &self,
        generations: &[Generation],
        began: Instant,
    ) -> Result<Self, MissingKey> {
        let held = {
            let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(&seen.keyring)
        };
        let ruled = held.ruled_by(generations).or_else(|missing| {
            let reread = held.reread().and_then(Result::ok).ok_or(missing)?;
            reread.ruled_by(generations)
        });
        let keyring = match ruled {
            Ok(ruled) => Arc::new(ruled),
            Err(missing) => {
                tracing::error!(error = %missing, "store.keyring.behind");
                self.doubt();
                return Err(missing);
            }
        };
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        if seen.at.is_none_or(|at| at < began) {
            *seen = Seen {
                keyring: Arc::clone(&keyring),
                generations: generations.into(),
                at: Some(began),
            };
        }
        Ok(self.with(&keyring))
    }

    /// The next unit looks again.
    fn doubt(&self) {
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        seen.at = None;
    }

    pub(super) fn ruled(&self) -> RuledKeys {
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        RuledKeys {
            keyring: Arc::clone(&seen.keyring),
            generations: Arc::clone(&seen.generations),
        }
    }
}

/// A row; a purpose only a newer program knows is that program's business.
fn generation(row: &Row) -> Result<Option<Generation>, StoreError> {
    let Some(purpose) = Purpose::parse(&row.text("purpose")?) else {
        return Ok(None);
    };
    Ok(Some(Generation {
        purpose,
        kid: row.text("kid")?,
        state: row.parsed("state", KeyState::parse)?,
        announced_at: row.time("announced_at")?,
        moved_at: row.time("moved_at")?,
    }))
}

impl<C: WriteConn> Sql<C> {
    /// Gives a store that has none its generations: the active keys of this process's file, provided
    /// that they open what lies in the store already.
    pub(super) async fn adopt_keys(&mut self, now: Time) -> Result<(), StoreError> {
        let vault = self.vault.look(&mut self.conn).await?;
        let known = vault.ruled().generations;
        for purpose in Purpose::ALL {
            if known.iter().any(|generation| generation.purpose == purpose) {
                continue;
            }
            if purpose == Purpose::DataWrapping {
                self.prove_wrapping().await?;
            }
            if let Some(key) = vault.keyring.active(purpose) {
                let row = args![purpose.as_str(), key.kid(), KeyState::Active.as_str(), now];
                self.touched(&ADOPT, row).await?;
            }
        }
        self.vault = vault.look(&mut self.conn).await?;
        Ok(())
    }

    async fn prove_wrapping(&mut self) -> Result<(), StoreError> {
        let Some(row) = self.one(&ANY_ACCOUNT_KEY, args![]).await? else {
            return Ok(());
        };
        let account = row.id("account_id")?;
        self.unwrap_key(&account, &row.text("wrapped")?)
            .map(drop)
            .map_err(no_key)
    }

    /// The blind index to write where it must be unique. Until this unit ends no rotation moves an
    /// index, and the key it is made with is the store's own choice, not this process's memory.
    pub(crate) async fn index(&mut self, field: Field, clear: &str) -> Result<String, StoreError> {
        self.hold_indexes().await?;
        self.blind(field, clear)
    }

    /// Makes this unit and the batches of a rotation follow one another.
    pub(super) async fn hold_indexes(&mut self) -> Result<(), StoreError> {
        if self.holds_indexes {
            return Ok(());
        }
        self.count(&SHARE, args![]).await?;
        let purpose = Purpose::BlindIndex;
        let row = self.one(&ACTIVE, args![purpose.as_str()]).await?;
        let stored = row.map(|row| row.text("kid")).transpose()?;
        let ours = self.vault.keyring.active(purpose).map(|key| key.kid());
        if stored.as_deref().is_some_and(|kid| ours != Some(kid)) {
            // A rotation passed while this unit began: it runs again and looks first.
            self.vault.doubt();
            return Err(StoreError::Conflict);
        }
        self.holds_indexes = true;
        Ok(())
    }
}
