//! RSA pairs by aws-lc: made, and read back for one operation.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeySize, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use lifeline_core::settlement::accounts::vault::VaultFailure;
use x509_cert::der::asn1::UintRef;
use x509_cert::der::{Decode as _, Reader as _, SliceReader};
use x509_cert::spki::SubjectPublicKeyInfoRef;
use zeroize::Zeroizing;

/// Long enough for what it guards: identities that are used within ten minutes and live years.
const SIZE: KeySize = KeySize::Rsa3072;

const NO_PAIR: VaultFailure = VaultFailure("no_pair");

pub(super) struct Made {
    /// base64url without padding.
    pub(super) modulus: String,
    /// PKCS#8.
    pub(super) private: Zeroizing<Vec<u8>>,
}

pub(super) fn make() -> Result<Made, VaultFailure> {
    let key = PrivateDecryptingKey::generate(SIZE).map_err(|_| NO_PAIR)?;
    let spki: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(|_| NO_PAIR)?;
    let modulus = modulus_of(spki.as_ref()).ok_or(NO_PAIR)?;
    let private = key.as_der().map_err(|_| NO_PAIR)?;
    Ok(Made {
        modulus,
        private: Zeroizing::new(private.as_ref().to_vec()),
    })
}

/// The modulus of a SubjectPublicKeyInfo whose exponent is 65537.
fn modulus_of(spki: &[u8]) -> Option<String> {
    let info = SubjectPublicKeyInfoRef::from_der(spki).ok()?;
    let key = info.subject_public_key.as_bytes()?;
    let mut reader = SliceReader::new(key).ok()?;
    let (modulus, exponent) = reader
        .sequence(|inner| Ok((UintRef::decode(inner)?, UintRef::decode(inner)?)))
        .ok()?;
    (exponent.as_bytes() == [1, 0, 1]).then(|| B64.encode(modulus.as_bytes()))
}

/// A private half out of its wrapping.
pub(super) struct Private(OaepPrivateDecryptingKey);

impl Private {
    pub(super) fn read(pkcs8: &[u8]) -> Result<Self, VaultFailure> {
        let unread = VaultFailure("unreadable_pair");
        let key = PrivateDecryptingKey::from_pkcs8(pkcs8).map_err(|_| unread)?;
        OaepPrivateDecryptingKey::new(key)
            .map(Self)
            .map_err(|_| unread)
    }

    pub(super) const fn key(&self) -> &OaepPrivateDecryptingKey {
        &self.0
    }
}
