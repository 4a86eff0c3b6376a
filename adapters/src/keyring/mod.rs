//! The keys of one installation: one file, mode 0600, a key per purpose, several generations.
//!
//! Purposes never share a key: stealing the cursor key signs no session, and so on. A key has an
//! id (`kid`) that every envelope and index names, so that a rotation keeps old data readable: the
//! active key seals, others still open. Which key is the active one, a store knows better than the
//! file ([`Keyring::ruled_by`]): several processes share the store, each has its own copy of the file.
//!
//! Nothing in this module prints a key; no type here has a telling `Debug`.

pub mod cipher;
mod file;
mod generation;
mod settings;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::{hkdf, hmac};
use zeroize::Zeroizing;

use self::cipher::{Cipher, Place, Unsealable};
pub use self::generation::{Generation, KeyState, MissingKey};
pub use self::settings::SEALED;

/// What an installation is for; stores and keyrings are stamped with it and never mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstanceKind {
    Demo,
    Live,
}

impl InstanceKind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::Live => "live",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Demo, Self::Live]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// What a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Wraps the data keys of accounts and seals rows that belong to no single account.
    DataWrapping,
    /// Finds equal personal values without reading them.
    BlindIndex,
    /// Digests of secrets we hand out (refresh tokens, one-time codes, match tokens) and of what counters guard.
    TokenHmac,
    /// Signs access tokens (Ed25519).
    Jwt,
    /// Signs list cursors.
    Cursor,
}

impl Purpose {
    pub const ALL: [Self; 5] = [
        Self::DataWrapping,
        Self::BlindIndex,
        Self::TokenHmac,
        Self::Jwt,
        Self::Cursor,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DataWrapping => "data_wrapping",
            Self::BlindIndex => "blind_index",
            Self::TokenHmac => "token_hmac",
            Self::Jwt => "jwt",
            Self::Cursor => "cursor",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|purpose| purpose.as_str() == text)
    }
}

/// Why a keyring cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error("the keyring file cannot be read or written")]
    Io(#[from] std::io::Error),
    #[error("the keyring file is open to others (mode {0:o}); it must be a file of mode 0600")]
    Mode(u32),
    #[error("the keyring file is not one this program wrote ({0})")]
    Malformed(&'static str),
    #[error("the keyring belongs to a {found} installation, this is a {wanted} one")]
    WrongKind {
        found: &'static str,
        wanted: &'static str,
    },
    #[error("the system has no random numbers")]
    NoRandom,
    #[error("the keyring has no such key")]
    NoSuchKey,
}

/// One key: 32 random bytes, or an Ed25519 private key in PKCS#8.
#[derive(Clone)]
pub struct Key {
    kid: String,
    purpose: Purpose,
    state: KeyState,
    material: Arc<Zeroizing<Vec<u8>>>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[Key]")
    }
}

impl Key {
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    #[must_use]
    pub const fn state(&self) -> KeyState {
        self.state
    }

    /// Whether new things are made with it; another key only opens and verifies.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.state == KeyState::Active
    }

    /// The bytes themselves, for the signer or cipher that needs them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.material
    }
}

/// All keys of one installation.
pub struct Keyring {
    kind: InstanceKind,
    keys: Vec<Key>,
    /// The file it was read from; absent for a ring that is kept nowhere.
    path: Option<PathBuf>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[Keyring]")
    }
}

impl Keyring {
    /// Reads a keyring; refuses a file others may read and one of another kind of installation.
    pub fn load(path: &Path, kind: InstanceKind) -> Result<Self, KeyringError> {
        let ring = file::read(path)?;
        if ring.kind != kind {
            return Err(KeyringError::WrongKind {
                found: ring.kind.as_str(),
                wanted: kind.as_str(),
            });
        }
        Ok(ring)
    }

    /// Reads the file again, for what another process added to it; `None` for a ring without one.
    #[must_use]
    pub fn reread(&self) -> Option<Result<Self, KeyringError>> {
        self.path.as_deref().map(|path| Self::load(path, self.kind))
    }

    /// Makes a keyring with one active key per purpose; refuses to overwrite a file.
    pub fn create(path: &Path, kind: InstanceKind) -> Result<Self, KeyringError> {
        let mut ring = Self::generate(kind)?;
        file::write_new(path, &ring)?;
        ring.path = Some(path.to_owned());
        Ok(ring)
    }

    /// For the first start of a demo: what is there is loaded, what is missing is made.
    pub fn load_or_create_demo(path: &Path) -> Result<Self, KeyringError> {
        match Self::create(path, InstanceKind::Demo) {
            Err(KeyringError::Io(error)) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                Self::load(path, InstanceKind::Demo)
            }
            made => made,
        }
    }

    /// A fresh ring that is kept nowhere.
    pub fn generate(kind: InstanceKind) -> Result<Self, KeyringError> {
        let keys = Purpose::ALL
            .into_iter()
            .map(|purpose| file::fresh_key(purpose, KeyState::Active))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            kind,
            keys,
            path: None,
        })
    }

    /// The file it was read from.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    #[must_use]
    pub const fn kind(&self) -> InstanceKind {
        self.kind
    }

    /// The key that makes new things; `file` guarantees one per purpose.
    pub fn active(&self, purpose: Purpose) -> Option<&Key> {
        self.of(purpose).find(|key| key.is_active())
    }

    /// A key by its id, active or retired.
    #[must_use]
    pub fn by_kid(&self, purpose: Purpose, kid: &str) -> Option<&Key> {
        self.of(purpose).find(|key| key.kid == kid)
    }

    /// Every generation of one purpose.
    pub fn of(&self, purpose: Purpose) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(move |key| key.purpose == purpose)
    }

    /// Seals a text for one place of the store under a key derived for `use_`.
    pub(crate) fn seal(
        &self,
        use_: &'static str,
        place: &Place<'_>,
        clear: &[u8],
    ) -> Result<String, Unsealable> {
        let key = self.active(Purpose::DataWrapping).ok_or(Unsealable)?;
        Cipher::new(&key.kid, &*derived(key.expose(), use_)?).seal(place, clear)
    }

    /// Opens what [`Keyring::seal`] closed, with the generation the envelope names.
    pub(crate) fn open(
        &self,
        use_: &'static str,
        place: &Place<'_>,
        envelope: &str,
    ) -> Result<Zeroizing<Vec<u8>>, Unsealable> {
        let kid = cipher::kid_of(envelope).ok_or(Unsealable)?;
        let key = self.by_kid(Purpose::DataWrapping, kid).ok_or(Unsealable)?;
        Cipher::new(kid, &*derived(key.expose(), use_)?).open(place, envelope)
    }

    /// The blind index of a value under the active key: `{kid}:{hex HMAC-SHA-256}`, with a key of
    /// its own per column.
    pub fn blind(&self, table: &str, column: &str, clear: &str) -> Result<String, Unsealable> {
        let key = self.active(Purpose::BlindIndex).ok_or(Unsealable)?;
        blind_with(key, table, column, clear)
    }

    /// Every index a value may be found by: under the active key first, then, while a rotation is
    /// under way, under the other one. Without a rotation both are the same.
    pub fn indexes(
        &self,
        table: &str,
        column: &str,
        clear: &str,
    ) -> Result<[String; 2], Unsealable> {
        let active = self.blind(table, column, clear)?;
        let other = match self.of(Purpose::BlindIndex).find(|key| key.state.finds()) {
            Some(key) => blind_with(key, table, column, clear)?,
            None => active.clone(),
        };
        Ok([active, other])
    }

    /// Hex digest of a secret we handed out; `use_` keeps digests of different things apart.
    pub fn token_digest(&self, use_: &str, secret: &str) -> Result<String, Unsealable> {
        let key = self.active(Purpose::TokenHmac).ok_or(Unsealable)?;
        let mac = hmac::Key::new(hmac::HMAC_SHA256, &*derived(key.expose(), use_)?);
        Ok(hex::encode(hmac::sign(&mac, secret.as_bytes())))
    }
}

fn blind_with(key: &Key, table: &str, column: &str, clear: &str) -> Result<String, Unsealable> {
    let column_key = derived(key.expose(), &format!("{table}.{column}"))?;
    let mac = hmac::Key::new(hmac::HMAC_SHA256, &*column_key);
    let tag = hex::encode(hmac::sign(&mac, clear.as_bytes()));
    Ok(format!("{}:{tag}", key.kid))
}

struct Bytes32;

impl hkdf::KeyType for Bytes32 {
    fn len(&self) -> usize {
        32
    }
}

/// HKDF-SHA-256: a key of its own for each use of a root key.
fn derived(root: &[u8], use_: &str) -> Result<Zeroizing<[u8; 32]>, Unsealable> {
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"lifeline keyring 1").extract(root);
    let mut out = Zeroizing::new([0_u8; 32]);
    let info = [use_.as_bytes()];
    prk.expand(&info, Bytes32)
        .and_then(|okm| okm.fill(&mut *out))
        .map_err(|_| Unsealable)?;
    Ok(out)
}

#[cfg(test)]
mod tests;
