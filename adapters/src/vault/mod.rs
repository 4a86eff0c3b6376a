//! The key vault: makes RSA pairs for generation accounts, keeps the private halves wrapped, unwraps one
//! for one operation, in this module's memory only (PV-05, PV-07).
//!
//! | file | what it is |
//! |---|---|
//! | `pair` | making a pair, its public modulus |
//! | `jwe` | opening what was encrypted for a pair, by aws-lc, with equal work whatever is wrong |
//! | `software` | the wrapping key is the keyring's |
//! | `pkcs11` | the wrapping key is an HSM's |
//!
//! The vaults differ in who holds the wrapping key; everything else is the same code.

mod jwe;
mod pair;
mod pkcs11;
mod software;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use lifeline_core::settlement::accounts::vault::{KeyPair, KeyVault, MadePair, VaultFailure};
use lifeline_core::settlement::ids::KeyPairId;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

pub use self::pkcs11::{Pkcs11Wrapping, Token, TokenError};
pub use self::software::SoftwareWrapping;
use crate::sql::Field;

/// Where a wrapped private half lies.
pub(crate) const WRAPPED: Field = Field::new("generation_key", "wrapped");

/// Operations under way at once: each holds a core.
const AT_ONCE: usize = 2;

/// Wraps and unwraps private halves. Blocks; runs on a thread of its own.
pub trait Wrap: Send + Sync {
    fn wrap(&self, key_id: &KeyPairId, private: &[u8]) -> Result<String, VaultFailure>;
    fn unwrap(&self, key_id: &KeyPairId, wrapped: &str)
    -> Result<Zeroizing<Vec<u8>>, VaultFailure>;
}

/// Who holds the wrapping key.
#[async_trait]
pub trait Wrapping: Send + Sync {
    /// The name pairs are kept under.
    fn name(&self) -> &'static str;
    /// What wraps now.
    async fn session(&self) -> Result<Arc<dyn Wrap>, VaultFailure>;
}

/// A vault over one wrapping key.
#[derive(Clone)]
pub struct WrappedVault {
    wrapping: Arc<dyn Wrapping>,
    threads: Arc<Semaphore>,
}

impl std::fmt::Debug for WrappedVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WrappedVault({})", self.wrapping.name())
    }
}

impl WrappedVault {
    #[must_use]
    pub fn new(wrapping: Arc<dyn Wrapping>) -> Self {
        Self {
            wrapping,
            threads: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Runs `work` on a thread of its own, with what wraps now.
    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Wrap) -> Result<T, VaultFailure> + Send + 'static,
    ) -> Result<T, VaultFailure> {
        let wrap = self.wrapping.session().await?;
        let thread = Arc::clone(&self.threads).acquire_owned().await;
        let thread = thread.map_err(|_| VaultFailure("closed"))?;
        let done = tokio::task::spawn_blocking(move || {
            // Held by the work itself: a caller that goes away leaves it running.
            let _thread = thread;
            work(&*wrap)
        });
        done.await.map_err(|_| VaultFailure("ended"))?
    }
}

#[async_trait]
impl KeyVault for WrappedVault {
    fn name(&self) -> &'static str {
        self.wrapping.name()
    }

    async fn make(&self, key_id: &KeyPairId) -> Result<MadePair, VaultFailure> {
        let key_id = key_id.clone();
        self.apart(move |wrap| {
            let made = pair::make()?;
            Ok(MadePair {
                modulus: made.modulus,
                wrapped: wrap.wrap(&key_id, &made.private)?,
            })
        })
        .await
    }

    async fn open(
        &self,
        pair: &KeyPair,
        jwe: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, VaultFailure> {
        if pair.vault != self.name() {
            return Err(VaultFailure("another_vaults_key"));
        }
        let (pair, jwe) = (pair.clone(), jwe.to_owned());
        self.apart(move |wrap| {
            let private = wrap.unwrap(&pair.key_id, &pair.wrapped)?;
            let key = pair::Private::read(&private)?;
            jwe::open(&key, pair.key_id.as_str(), &jwe)
        })
        .await
    }
}

/// Several vaults as one: the first makes pairs, each opens those it wrapped. So an installation can move
/// to another vault while the pairs of the one before live on.
#[derive(Debug, Clone)]
pub struct Vaults {
    making: WrappedVault,
    others: Vec<WrappedVault>,
}

impl Vaults {
    #[must_use]
    pub const fn new(making: WrappedVault, others: Vec<WrappedVault>) -> Self {
        Self { making, others }
    }
}

#[async_trait]
impl KeyVault for Vaults {
    fn name(&self) -> &'static str {
        self.making.name()
    }

    async fn make(&self, key_id: &KeyPairId) -> Result<MadePair, VaultFailure> {
        self.making.make(key_id).await
    }

    async fn open(
        &self,
        pair: &KeyPair,
        jwe: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, VaultFailure> {
        let other = self.others.iter().find(|vault| vault.name() == pair.vault);
        other.unwrap_or(&self.making).open(pair, jwe).await
    }
}
