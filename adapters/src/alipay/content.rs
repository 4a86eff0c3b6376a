//! Content encryption (`encrypt_type=AES`): AES-128-CBC with PKCS#7 padding under a zero IV, base64 (alipay.md 1a).
//!
//! The protocol fixes the IV, so equal texts give equal cipher texts. It hides a text from whoever ends TLS on the
//! way; whether the text is Alipay's own is said by the signature, which is checked before anything is opened.

use aws_lc_rs::cipher::{
    AES_128, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::sign::KeyError;

const KEY_BYTES: usize = 16;
const ZERO_IV: [u8; 16] = [0; 16];

/// The key that the console calls "interface content encryption".
pub(crate) struct ContentKey {
    sealing: PaddedBlockEncryptingKey,
    opening: PaddedBlockDecryptingKey,
}

impl ContentKey {
    /// Base64 of 16 bytes, as the console hands it out.
    pub(crate) fn parse(text: &str) -> Result<Self, KeyError> {
        let bytes = STANDARD.decode(text.trim()).map(Zeroizing::new);
        let bytes = bytes.ok().filter(|bytes| bytes.len() == KEY_BYTES);
        let bytes = bytes.ok_or(KeyError::Content)?;
        let key = || UnboundCipherKey::new(&AES_128, &bytes).map_err(|_| KeyError::Content);
        Ok(Self {
            sealing: PaddedBlockEncryptingKey::cbc_pkcs7(key()?).map_err(|_| KeyError::Content)?,
            opening: PaddedBlockDecryptingKey::cbc_pkcs7(key()?).map_err(|_| KeyError::Content)?,
        })
    }

    /// `None` only if the cryptographic library itself fails.
    pub(crate) fn seal(&self, text: &str) -> Option<String> {
        let mut bytes = Zeroizing::new(text.as_bytes().to_vec());
        let iv = EncryptionContext::Iv128(FixedLength::from(ZERO_IV));
        self.sealing.less_safe_encrypt(&mut *bytes, iv).ok()?;
        Some(STANDARD.encode(&*bytes))
    }

    /// `None` when the text is no base64, was sealed under another key, or holds no UTF-8.
    pub(crate) fn open(&self, sealed: &str) -> Option<Zeroizing<String>> {
        let mut bytes = Zeroizing::new(STANDARD.decode(sealed).ok()?);
        let iv = DecryptionContext::Iv128(FixedLength::from(ZERO_IV));
        let opened = self.opening.decrypt(&mut bytes, iv).ok()?;
        let text = std::str::from_utf8(opened).ok()?;
        Some(Zeroizing::new(text.to_owned()))
    }
}
