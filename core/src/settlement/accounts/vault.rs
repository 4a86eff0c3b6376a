//! The key vault (PV-05, PV-07): where the private half of an account's key pair is made and used. It
//! leaves the vault only wrapped, and is unwrapped inside it for one operation.

use async_trait::async_trait;
use zeroize::Zeroizing;

use crate::settlement::ids::KeyPairId;
use crate::shared::time::Time;

/// The public exponent of every pair, as a JWK writes it: 65537.
pub const EXPONENT: &str = "AQAB";

/// One account's pair as the store keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyPair {
    pub key_id: KeyPairId,
    /// Which vault wrapped it.
    pub vault: String,
    /// The public modulus, base64url without padding.
    pub modulus: String,
    /// The private half, wrapped by the vault under `key_id`.
    pub wrapped: String,
    pub made_at: Time,
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPair")
            .field("key_id", &self.key_id)
            .field("vault", &self.vault)
            .finish_non_exhaustive()
    }
}

/// A pair the vault has just made.
#[derive(Clone, PartialEq, Eq)]
pub struct MadePair {
    pub modulus: String,
    pub wrapped: String,
}

impl std::fmt::Debug for MadePair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[MadePair]")
    }
}

/// The vault did not do its work: away, or it cannot unwrap what is said to be its own. Never an
/// answer about a ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key vault failed: {0}")]
pub struct VaultFailure(pub &'static str);

/// Makes pairs and opens what was encrypted for them.
#[async_trait]
pub trait KeyVault: Send + Sync + std::fmt::Debug {
    /// The name its pairs are kept under.
    fn name(&self) -> &'static str;

    /// Makes a pair, away from the threads that serve.
    async fn make(&self, key_id: &KeyPairId) -> Result<MadePair, VaultFailure>;

    /// Opens a JWE (compact, RSA-OAEP-256 with A256GCM). Whatever is wrong with it, the answer is
    /// `None` after the same work (PV-09).
    async fn open(
        &self,
        pair: &KeyPair,
        jwe: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, VaultFailure>;
}
