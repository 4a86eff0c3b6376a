//! Personal fields at rest: one data key per account, wrapped by the keyring. Deleting the row of
//! the wrapped key erases everything sealed with it, at once on disk and within [`KEPT_MAX`] in
//! the memory of every process.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use lifeline_core::shared::ids::AccountId;
use lifeline_core::store::StoreError;
use zeroize::Zeroizing;

use super::keys::Seen;
use super::statement::statements;
use super::value::args;
use super::{Conn, Row, Sql, WriteConn};
use crate::keyring::Keyring;
use crate::keyring::cipher::{Cipher, Place, Unsealable, kid_of};

statements! { "sealing":
    KEY_FIND("account_key") = "SELECT key_id, wrapped FROM account_key WHERE account_id = $1";
    KEY_ADD("account_key") = "INSERT INTO account_key (account_id, key_id, wrapped) \
        SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT) WHERE NOT EXISTS \
        (SELECT 1 FROM account WHERE account_id = $1 AND erased_at IS NOT NULL) ON CONFLICT (account_id) DO NOTHING";
}

/// How long an unwrapped key may stay in memory (architecture.md, Personal data).
const KEPT_MAX: Duration = Duration::from_secs(60);
const KEPT_COUNT_MAX: usize = 4096;
/// What the keyring's wrapping key is derived for.
pub(super) const FOR_ACCOUNT_KEYS: &str = "account keys";
pub(crate) const FOR_SERVICE_ROWS: &str = "service rows";

/// A column that holds a sealed value or a blind index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    pub table: &'static str,
    pub column: &'static str,
}

impl Field {
    #[must_use]
    pub const fn new(table: &'static str, column: &'static str) -> Self {
        Self { table, column }
    }

    const fn corrupt(self) -> StoreError {
        StoreError::Corrupt {
            table: self.table,
            column: self.column,
        }
    }

    pub(crate) const fn place(self, row: &str) -> Place<'_> {
        Place {
            table: self.table,
            column: self.column,
            row,
        }
    }
}

struct AccountKey {
    key_id: String,
    bytes: Zeroizing<[u8; 32]>,
}

struct Kept {
    key: Arc<AccountKey>,
    since: Instant,
}

#[derive(Default)]
struct KeptKeys {
    by_account: HashMap<AccountId, Kept>,
    /// Insertion order; its front is the oldest.
    order: VecDeque<(AccountId, Instant)>,
}

/// The keyring as the store rules it, and the account keys lately unwrapped with it; one per engine,
/// cheap to clone. A unit keeps the clone it began with.
#[derive(Clone)]
pub struct Vault {
    pub(super) keyring: Arc<Keyring>,
    kept: Arc<Mutex<KeptKeys>>,
    pub(super) seen: Arc<RwLock<Seen>>,
    /// Keys of this unit alone: those it made exist for others only once it is committed, and those it read by
    /// the hundred would only push out what others use.
    own: HashMap<AccountId, Arc<AccountKey>>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[Vault]")
    }
}

impl Vault {
    #[must_use]
    pub fn new(keyring: Arc<Keyring>) -> Self {
        Self {
            seen: Arc::new(RwLock::new(Seen::unseen(&keyring))),
            keyring,
            kept: Arc::default(),
            own: HashMap::new(),
        }
    }

    fn known(&self, account: &AccountId) -> Option<Arc<AccountKey>> {
        if let Some(key) = self.own.get(account) {
            return Some(Arc::clone(key));
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.drop_old();
        kept.by_account
            .get(account)
            .map(|found| Arc::clone(&found.key))
    }

    /// An erased account's key is no longer in this process's memory either.
    pub(super) fn forget(&mut self, account: &AccountId) {
        self.own.remove(account);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.by_account.remove(account);
    }

    fn keep(&self, account: &AccountId, key: &Arc<AccountKey>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let since = Instant::now();
        kept.by_account.insert(
            account.clone(),
            Kept {
                key: Arc::clone(key),
                since,
            },
        );
        kept.order.push_back((account.clone(), since));
        kept.drop_old();
    }
}

impl KeptKeys {
    fn drop_old(&mut self) {
        while let Some((account, since)) = self.order.front() {
            if since.elapsed() < KEPT_MAX && self.order.len() <= KEPT_COUNT_MAX {
                return;
            }
            // An entry kept again since then has a later moment and a later place in the order.
            if self
                .by_account
                .get(account)
                .is_some_and(|k| k.since == *since)
            {
                self.by_account.remove(account);
            }
            self.order.pop_front();
        }
    }
}

pub(super) fn no_key(error: Unsealable) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}

fn text(bytes: &[u8], field: Field) -> Result<String, StoreError> {
    std::str::from_utf8(bytes)
        .map(str::to_owned)
        .map_err(|_| field.corrupt())
}

impl<C: Conn> Sql<C> {
    /// The blind indexes a personal value may be found by in `field`: under the active key, then
    /// under the other one that a rotation leaves rows under. Every look-up asks for both.
    pub(crate) fn indexes(&self, field: Field, clear: &str) -> Result<[String; 2], StoreError> {
        self.vault
            .keyring
            .indexes(field.table, field.column, clear)
            .map_err(no_key)
    }

    /// The blind index to write where nothing has to be unique by it; [`Sql::index`] where it has.
    pub(crate) fn blind(&self, field: Field, clear: &str) -> Result<String, StoreError> {
        self.vault
            .keyring
            .blind(field.table, field.column, clear)
            .map_err(no_key)
    }

    /// The digest of a secret we handed out, or of what a counter guards: it only ever compares equal
    /// to itself, and nothing is found by it once its time is over. Its key is not the index's, so
    /// that the index can be made anew under another key.
    pub(crate) fn digest(&self, field: Field, secret: &str) -> Result<String, StoreError> {
        self.vault
            .keyring
            .token_digest(&format!("{}.{}", field.table, field.column), secret)
            .map_err(no_key)
    }

    /// Seals a field of a row that belongs to no single account.
    pub(crate) fn seal_service(
        &self,
        field: Field,
        row: &str,
        clear: &str,
    ) -> Result<String, StoreError> {
        self.vault
            .keyring
            .seal(FOR_SERVICE_ROWS, &field.place(row), clear.as_bytes())
            .map_err(no_key)
    }

    /// Opens what [`Sql::seal_service`] closed.
    pub(crate) fn open_service(
        &self,
        field: Field,
        row: &str,
        sealed: &str,
    ) -> Result<String, StoreError> {
        let clear = self
            .vault
            .keyring
            .open(FOR_SERVICE_ROWS, &field.place(row), sealed)
            .map_err(|_| field.corrupt())?;
        text(&clear, field)
    }

    /// Opens a field sealed for one account; `Corrupt` when the account's key is destroyed.
    pub(crate) async fn open_for(
        &mut self,
        account: &AccountId,
        field: Field,
        row: &str,
        sealed: &str,
    ) -> Result<String, StoreError> {
        let kid = kid_of(sealed).ok_or(field.corrupt())?;
        let key = match self.account_key(account).await? {
            Some(key) if key.key_id == kid => key,
            _ => return Err(field.corrupt()),
        };
        let clear = Cipher::new(&key.key_id, &key.bytes)
            .open(&field.place(row), sealed)
            .map_err(|_| field.corrupt())?;
        text(&clear, field)
    }

    async fn account_key(
        &mut self,
        account: &AccountId,
    ) -> Result<Option<Arc<AccountKey>>, StoreError> {
        if let Some(key) = self.vault.known(account) {
            return Ok(Some(key));
        }
        let Some(row) = self.one(&KEY_FIND, args![account]).await? else {
            return Ok(None);
        };
        let key_id = row.text("key_id")?;
        let bytes = self
            .unwrap_key(account, &row.text("wrapped")?)
            .map_err(|_| row.corrupt("wrapped"))?;
        let key = Arc::new(AccountKey { key_id, bytes });
        self.vault.keep(account, &key);
        Ok(Some(key))
    }

    /// Takes an account's key from a row that brings `key_id` and `wrapped` along, for this unit alone.
    pub(super) fn bring_key(&mut self, account: &AccountId, row: &Row) -> Result<(), StoreError> {
        let bytes = self
            .unwrap_key(account, &row.text("wrapped")?)
            .map_err(|_| row.corrupt("wrapped"))?;
        let key_id = row.text("key_id")?;
        let key = Arc::new(AccountKey { key_id, bytes });
        self.vault.own.insert(account.clone(), key);
        Ok(())
    }

    /// An account's data key out of its wrapping.
    pub(super) fn unwrap_key(
        &self,
        account: &AccountId,
        wrapped: &str,
    ) -> Result<Zeroizing<[u8; 32]>, Unsealable> {
        let clear = self
            .vault
            .keyring
            .open(FOR_ACCOUNT_KEYS, &wrapped_at(account), wrapped)?;
        <[u8; 32]>::try_from(clear.as_slice())
            .map(Zeroizing::new)
            .map_err(|_| Unsealable)
    }
}

pub(super) fn wrapped_at(account: &AccountId) -> Place<'_> {
    Place {
        table: "account_key",
        column: "wrapped",
        row: account.as_str(),
    }
}

impl<C: WriteConn> Sql<C> {
    /// Seals a field with the account's own key, which is made at first use.
    pub(crate) async fn seal_for(
        &mut self,
        account: &AccountId,
        field: Field,
        row: &str,
        clear: &str,
    ) -> Result<String, StoreError> {
        let key = match self.account_key(account).await? {
            Some(key) => key,
            None => self.make_account_key(account).await?,
        };
        Cipher::new(&key.key_id, &key.bytes)
            .seal(&field.place(row), clear.as_bytes())
            .map_err(no_key)
    }

    async fn make_account_key(
        &mut self,
        account: &AccountId,
    ) -> Result<Arc<AccountKey>, StoreError> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        let mut id = [0_u8; 8];
        getrandom::fill(&mut *bytes)
            .and_then(|()| getrandom::fill(&mut id))
            .map_err(|_| no_key(Unsealable))?;
        let key_id = hex::encode(id);
        let wrapped = self
            .vault
            .keyring
            .seal(FOR_ACCOUNT_KEYS, &wrapped_at(account), &*bytes)
            .map_err(no_key)?;
        let added = self
            .changed(&KEY_ADD, args![account, &key_id, wrapped])
            .await?;
        if !added {
            // Another unit made it between our look and our write: use that one.
            return self.account_key(account).await?.ok_or(StoreError::Conflict);
        }
        let key = Arc::new(AccountKey { key_id, bytes });
        self.vault.own.insert(account.clone(), Arc::clone(&key));
        Ok(key)
    }
}

#[cfg(test)]
#[path = "sealing_tests.rs"]
mod tests;
