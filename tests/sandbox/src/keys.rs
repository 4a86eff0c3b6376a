//! Key material of the demo: what is missing in the folder is made here, mode 0600.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rsa::pkcs8::{
    DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding,
};
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde::{Deserialize, Serialize};

use crate::content_key::ContentKey;

const RSA_BITS: usize = 2048;
const NONCE_LEN: usize = 12;

/// Why the key folder could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file could not be read or written.
    #[error("key file {name}: {source}")]
    File {
        /// File name inside the key folder.
        name: String,
        /// What the file system said.
        source: std::io::Error,
    },
    /// A file is there but does not hold what its name promises.
    #[error("key file {name} is not valid: {reason}")]
    Malformed {
        /// File name inside the key folder.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The random source failed.
    #[error("no randomness for a new key")]
    Random,
}

/// Every key the sandbox holds.
pub struct Keys {
    /// The merchant's public key: verifies what Lifeline signed.
    pub app_public: RsaPublicKey,
    /// Alipay's own key: signs answers and notices.
    pub platform_private: RsaPrivateKey,
    /// The public half of `platform_private`.
    pub platform_public: RsaPublicKey,
    /// Alipay and the merchant encrypt content for each other with it.
    pub content: ContentKey,
    /// Shared with the marketing system's callers.
    pub marketing: ChannelKeys,
    /// Shared with the SMS platform's callers.
    pub sms: ChannelKeys,
    /// Shared with the user system's callers.
    pub user_system: ChannelKeys,
    /// Shared with the callers of the systems around settlement.
    pub generation: ChannelKeys,
    /// Shared with the callers of the company's data exchange.
    pub exchange: ChannelKeys,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

#[derive(Serialize, Deserialize)]
struct ChannelFile {
    channel_id: String,
    secret_hex: String,
    field_key_hex: String,
}

/// One channel's identity, HMAC secret and field key (docs/contracts/marketing.md).
pub struct ChannelKeys {
    /// What `X-Channel-Id` must say.
    pub channel_id: String,
    secret: Vec<u8>,
    field_key: LessSafeKey,
}

impl std::fmt::Debug for ChannelKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChannelKeys")
            .field("channel_id", &self.channel_id)
            .finish()
    }
}

impl ChannelKeys {
    /// The HMAC secret.
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// Opens a `*_enc` value; `field` is the JSON field's name. `None` when it was not sealed for it.
    pub fn open(&self, field: &str, sealed: &str) -> Option<String> {
        let raw = BASE64.decode(sealed).ok()?;
        let (nonce, ciphertext) = raw.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut buffer = ciphertext.to_vec();
        let plain = self
            .field_key
            .open_in_place(nonce, Aad::from(field.as_bytes()), &mut buffer)
            .ok()?;
        String::from_utf8(plain.to_vec()).ok()
    }

    /// Seals `plain` as the value of the JSON field `field`.
    ///
    /// # Errors
    /// [`KeyError::Random`] when no nonce could be drawn.
    pub fn seal(&self, field: &str, plain: &str) -> Result<String, KeyError> {
        let mut nonce = [0_u8; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|_| KeyError::Random)?;
        let mut body = plain.as_bytes().to_vec();
        self.field_key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(field.as_bytes()),
                &mut body,
            )
            .map_err(|_| KeyError::Random)?;
        let mut sealed = nonce.to_vec();
        sealed.extend_from_slice(&body);
        Ok(BASE64.encode(sealed))
    }
}

impl Keys {
    /// Reads the folder, making and storing whatever is missing.
    ///
    /// # Errors
    /// A file that cannot be read, written or understood; nothing present is ever overwritten.
    pub fn load_or_create(dir: &Path) -> Result<Self, KeyError> {
        fs::create_dir_all(dir).map_err(|source| KeyError::File {
            name: dir.display().to_string(),
            source,
        })?;
        let app_public = app_public(dir)?;
        let platform_private = rsa_private(dir, "platform_private.pem")?;
        let platform_public = RsaPublicKey::from(&platform_private);
        store_public(dir, "platform_public.pem", &platform_public)?;
        Ok(Self {
            app_public,
            platform_private,
            platform_public,
            content: content_key(dir)?,
            marketing: channel(dir, "marketing.json", "lifeline-demo")?,
            sms: channel(dir, "sms.json", "lifeline-demo-sms")?,
            user_system: channel(dir, "user_system.json", "lifeline-demo-users")?,
            generation: channel(dir, "generation.json", "lifeline-demo-generation")?,
            exchange: channel(dir, "exchange.json", "lifeline-demo-exchange")?,
        })
    }
}

/// The merchant's public half; without it, it is derived from (a possibly new) private half.
fn app_public(dir: &Path) -> Result<RsaPublicKey, KeyError> {
    const NAME: &str = "app_public.pem";
    if let Some(pem) = read(dir, NAME)? {
        return RsaPublicKey::from_public_key_pem(&pem).map_err(|e| malformed(NAME, &e));
    }
    let public = RsaPublicKey::from(&rsa_private(dir, "app_private.pem")?);
    store_public(dir, NAME, &public)?;
    Ok(public)
}

fn rsa_private(dir: &Path, name: &str) -> Result<RsaPrivateKey, KeyError> {
    if let Some(pem) = read(dir, name)? {
        return RsaPrivateKey::from_pkcs8_pem(&pem).map_err(|e| malformed(name, &e));
    }
    let key = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, RSA_BITS)
        .map_err(|e| malformed(name, &e))?;
    let pem = key
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(|e| malformed(name, &e))?;
    write_new(dir, name, pem.as_bytes())?;
    Ok(key)
}

fn store_public(dir: &Path, name: &str, key: &RsaPublicKey) -> Result<(), KeyError> {
    if read(dir, name)?.is_some() {
        return Ok(());
    }
    let pem = key
        .to_public_key_pem(LineEnding::LF)
        .map_err(|e| malformed(name, &e))?;
    write_new(dir, name, pem.as_bytes())
}

/// As the console hands it out: base64 of 16 bytes.
fn content_key(dir: &Path) -> Result<ContentKey, KeyError> {
    const NAME: &str = "content_key.txt";
    if let Some(text) = read(dir, NAME)? {
        let key = ContentKey::parse(&text);
        return key.ok_or_else(|| malformed(NAME, &"must be base64 of 16 bytes"));
    }
    let key = ContentKey::fresh().ok_or(KeyError::Random)?;
    write_new(dir, NAME, key.text().as_bytes())?;
    Ok(key)
}

fn channel(dir: &Path, name: &str, default_id: &str) -> Result<ChannelKeys, KeyError> {
    let file = match read(dir, name)? {
        Some(text) => {
            serde_json::from_str::<ChannelFile>(&text).map_err(|e| malformed(name, &e))?
        }
        None => new_channel(dir, name, default_id)?,
    };
    let secret = hex::decode(&file.secret_hex).map_err(|e| malformed(name, &e))?;
    let key = hex::decode(&file.field_key_hex).map_err(|e| malformed(name, &e))?;
    let field_key = UnboundKey::new(&AES_256_GCM, &key)
        .map_err(|_| malformed(name, &"field_key_hex must be 32 bytes"))?;
    Ok(ChannelKeys {
        channel_id: file.channel_id,
        secret,
        field_key: LessSafeKey::new(field_key),
    })
}

fn new_channel(dir: &Path, name: &str, id: &str) -> Result<ChannelFile, KeyError> {
    let file = ChannelFile {
        channel_id: id.into(),
        secret_hex: random_hex()?,
        field_key_hex: random_hex()?,
    };
    let text = serde_json::to_string_pretty(&file).map_err(|e| malformed(name, &e))?;
    write_new(dir, name, text.as_bytes())?;
    Ok(file)
}

fn random_hex() -> Result<String, KeyError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| KeyError::Random)?;
    Ok(hex::encode(bytes))
}

pub(crate) fn read(dir: &Path, name: &str) -> Result<Option<String>, KeyError> {
    match fs::read_to_string(dir.join(name)) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(KeyError::File {
            name: name.into(),
            source,
        }),
    }
}

pub(crate) fn write_new(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), KeyError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(dir.join(name))
        .and_then(|mut file| file.write_all(bytes))
        .map_err(|source| KeyError::File {
            name: name.into(),
            source,
        })
}

fn malformed(name: &str, reason: &dyn std::fmt::Display) -> KeyError {
    KeyError::Malformed {
        name: name.into(),
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_missing_keys_once_and_reads_them_back() {
        let dir = tempfile::tempdir().unwrap();
        let first = Keys::load_or_create(dir.path()).unwrap();
        let again = Keys::load_or_create(dir.path()).unwrap();
        assert_eq!(first.app_public, again.app_public);
        assert_eq!(first.platform_private, again.platform_private);
        assert_eq!(first.content.text(), again.content.text());
        assert_eq!(first.marketing.secret(), again.marketing.secret());
        #[cfg(unix)]
        for entry in fs::read_dir(dir.path()).unwrap() {
            let mode = std::os::unix::fs::PermissionsExt::mode(
                &entry.unwrap().metadata().unwrap().permissions(),
            );
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_sealed_field_opens_only_under_its_own_name_and_key() {
        let dir = tempfile::tempdir().unwrap();
        let keys = Keys::load_or_create(dir.path()).unwrap();
        let sealed = keys
            .marketing
            .seal("id_no_enc", "150499199001010014")
            .unwrap();
        assert_eq!(
            keys.marketing.open("id_no_enc", &sealed).as_deref(),
            Some("150499199001010014")
        );
        assert_eq!(keys.marketing.open("mobile_enc", &sealed), None);
        assert_eq!(keys.sms.open("id_no_enc", &sealed), None);
        assert_eq!(keys.marketing.open("id_no_enc", "AAAA"), None);
    }
}
