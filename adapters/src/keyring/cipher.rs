//! One field at rest: AES-256-GCM-SIV in a tagged text envelope.
//!
//! `a1:{kid}:{nonce}:{ciphertext}`, base64url without padding. `a1` names the algorithm, so that
//! another one can come beside it. The place (table, column, row) and the key id are
//! authenticated: an envelope moved to another row or column does not open.

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use zeroize::Zeroizing;

const ALGORITHM: &str = "a1";
const NONCE_BYTES: usize = 12;

/// The field that an envelope belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub table: &'a str,
    pub column: &'a str,
    pub row: &'a str,
}

/// The envelope does not open here: wrong key, wrong place, or altered bytes. Says no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed value cannot be opened or made")]
pub struct Unsealable;

/// A key and its id, ready to seal and open.
pub(crate) struct Cipher<'k> {
    kid: &'k str,
    key: &'k [u8; 32],
}

impl<'k> Cipher<'k> {
    pub(crate) const fn new(kid: &'k str, key: &'k [u8; 32]) -> Self {
        Self { kid, key }
    }

    pub(crate) fn seal(&self, place: &Place<'_>, clear: &[u8]) -> Result<String, Unsealable> {
        let mut nonce = [0_u8; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_| Unsealable)?;
        let aad = self.associated(place);
        let sealed = self
            .engine()?
            .encrypt(
                &Nonce::from(nonce),
                Payload {
                    msg: clear,
                    aad: &aad,
                },
            )
            .map_err(|_| Unsealable)?;
        Ok(format!(
            "{ALGORITHM}:{}:{}:{}",
            self.kid,
            B64.encode(nonce),
            B64.encode(sealed)
        ))
    }

    pub(crate) fn open(
        &self,
        place: &Place<'_>,
        envelope: &str,
    ) -> Result<Zeroizing<Vec<u8>>, Unsealable> {
        let (kid, nonce, sealed) = parts(envelope).ok_or(Unsealable)?;
        if kid != self.kid {
            return Err(Unsealable);
        }
        let nonce = B64.decode(nonce).map_err(|_| Unsealable)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| Unsealable)?;
        let sealed = B64.decode(sealed).map_err(|_| Unsealable)?;
        let aad = self.associated(place);
        self.engine()?
            .decrypt(
                &Nonce::from(nonce),
                Payload {
                    msg: &sealed,
                    aad: &aad,
                },
            )
            .map(Zeroizing::new)
            .map_err(|_| Unsealable)
    }

    fn engine(&self) -> Result<Aes256GcmSiv, Unsealable> {
        Aes256GcmSiv::new_from_slice(self.key).map_err(|_| Unsealable)
    }

    /// Every part with its length in front, so that no two places read the same.
    fn associated(&self, place: &Place<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in [ALGORITHM, place.table, place.column, place.row, self.kid] {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

/// The key id an envelope names.
pub(crate) fn kid_of(envelope: &str) -> Option<&str> {
    parts(envelope).map(|(kid, _, _)| kid)
}

fn parts(envelope: &str) -> Option<(&str, &str, &str)> {
    let mut parts = envelope.split(':');
    let (algorithm, kid, nonce, sealed) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    (algorithm == ALGORITHM && parts.next().is_none()).then_some((kid, nonce, sealed))
}
