//! Alipay's content encryption: AES-128-CBC under sixteen zero bytes, base64. The protocol's choice, not ours.

use aws_lc_rs::cipher::{
    AES_128, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

const ZERO_IV: [u8; 16] = [0; 16];

/// The key the merchant and Alipay share, as the console hands it out.
pub struct ContentKey {
    text: String,
    sealing: PaddedBlockEncryptingKey,
    opening: PaddedBlockDecryptingKey,
}

impl std::fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ContentKey")
    }
}

impl ContentKey {
    /// Base64 of 16 bytes, or `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = BASE64.decode(text).ok()?;
        let key = || UnboundCipherKey::new(&AES_128, &bytes).ok();
        Some(Self {
            text: text.to_owned(),
            sealing: PaddedBlockEncryptingKey::cbc_pkcs7(key()?).ok()?,
            opening: PaddedBlockDecryptingKey::cbc_pkcs7(key()?).ok()?,
        })
    }

    /// A new one; `None` only without randomness.
    pub fn fresh() -> Option<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).ok()?;
        Self::parse(&BASE64.encode(bytes))
    }

    /// As the console shows it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Encrypts; `None` only if the cipher fails.
    pub fn close(&self, text: &str) -> Option<String> {
        let mut bytes = text.as_bytes().to_vec();
        let iv = EncryptionContext::Iv128(FixedLength::from(ZERO_IV));
        self.sealing.less_safe_encrypt(&mut bytes, iv).ok()?;
        Some(BASE64.encode(bytes))
    }

    /// Decrypts; `None` if it was closed with another key.
    pub fn open(&self, sealed: &str) -> Option<String> {
        let mut bytes = BASE64.decode(sealed).ok()?;
        let iv = DecryptionContext::Iv128(FixedLength::from(ZERO_IV));
        let opened = self.opening.decrypt(&mut bytes, iv).ok()?;
        String::from_utf8(opened.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_that_closed_opens() {
        let key = ContentKey::fresh().unwrap();
        let sealed = key.close("电费").unwrap();
        assert_eq!(key.open(&sealed).as_deref(), Some("电费"));
        assert_eq!(key.open("AAAA"), None);
        let same = ContentKey::parse(key.text()).unwrap();
        assert_eq!(same.open(&sealed).as_deref(), Some("电费"));
        let other = ContentKey::fresh().unwrap();
        assert_ne!(other.open(&sealed).as_deref(), Some("电费"));
        assert!(ContentKey::parse("AAAA").is_none(), "three bytes");
    }
}
