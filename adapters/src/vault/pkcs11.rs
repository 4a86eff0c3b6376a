//! The wrapping key is an HSM's, behind PKCS#11: AES-256, made in the token, sensitive and never
//! extractable. A private half leaves the vault only encrypted by it (AES-GCM, bound to the pair's id),
//! and is decrypted by the HSM for the one operation.
//!
//! The OAEP operation itself stays with aws-lc: many tokens (SoftHSM 2.6 among them) know OAEP with SHA-1
//! alone, and one constant-time implementation serves both vaults. What the token lacks is told at start.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use lifeline_core::settlement::accounts::vault::VaultFailure;
use lifeline_core::settlement::ids::KeyPairId;
use lifeline_core::shared::ids::TypedId as _;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::{Wrap, Wrapping};

const NAME: &str = "pkcs11";
const NONCE_BYTES: usize = 12;
const TAG_BITS: u64 = 128;

/// Which token, and which key in it.
#[derive(Debug, Clone)]
pub struct Token {
    /// The PKCS#11 module, a shared library.
    pub module: PathBuf,
    /// The token's label.
    pub token: String,
    /// The user's PIN.
    pub pin: SecretString,
    /// The wrapping key's label.
    pub key: String,
}

/// Why the HSM cannot be the vault. Says nothing of PIN or key.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("the PKCS#11 module cannot be used")]
    Module(#[source] Error),
    #[error("no token of that label is in the module")]
    NoToken,
    /// The mechanisms by name.
    #[error("the token lacks {}", .0.join(", "))]
    Lacks(Vec<&'static str>),
    #[error("the token holds no key of that label")]
    NoKey,
    #[error("the token holds {0} keys of that label, exactly one must be there")]
    Ambiguous(usize),
    #[error(
        "the wrapping key could leave the token; make one that is sensitive and not extractable"
    )]
    Extractable,
    #[error("the token refused")]
    Refused(#[from] Error),
}

/// Wraps with a key that never leaves the token.
#[derive(Clone)]
pub struct Pkcs11Wrapping(Arc<Held>);

impl std::fmt::Debug for Pkcs11Wrapping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pkcs11Wrapping")
    }
}

/// One session; a session does one operation at a time.
struct Held {
    pkcs11: Pkcs11,
    config: Token,
    open: Mutex<Option<Open>>,
}

struct Open {
    session: Session,
    key: ObjectHandle,
}

impl Pkcs11Wrapping {
    /// Opens the token and finds its wrapping key. Blocks; once per process.
    ///
    /// # Errors
    /// [`TokenError`]; what the token lacks is named.
    pub fn open(config: &Token) -> Result<Self, TokenError> {
        let pkcs11 = module(config)?;
        let (session, found) = logged_in(&pkcs11, config)?;
        let key = match found.as_slice() {
            [] => return Err(TokenError::NoKey),
            [key] => *key,
            several => return Err(TokenError::Ambiguous(several.len())),
        };
        stays_inside(&session, key)?;
        Ok(Self(Arc::new(Held {
            pkcs11,
            config: config.clone(),
            open: Mutex::new(Some(Open { session, key })),
        })))
    }

    /// Makes the wrapping key in the token when it is not there; true when it was made. For one operator at
    /// a time: two that ran at once would leave two keys, which [`Self::open`] refuses.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn prepare(config: &Token) -> Result<bool, TokenError> {
        let pkcs11 = module(config)?;
        let (session, found) = logged_in(&pkcs11, config)?;
        if !found.is_empty() {
            return Ok(false);
        }
        session.generate_key(&Mechanism::AesKeyGen, &template(&config.key))?;
        Ok(true)
    }

    /// Wraps and unwraps something once: the token works and its key is usable.
    ///
    /// # Errors
    /// [`VaultFailure`].
    pub fn try_out(&self) -> Result<(), VaultFailure> {
        let id = KeyPairId::made("try-out".to_owned());
        let wrapped = self.0.wrap(&id, b"a private half")?;
        let opened = self.0.unwrap(&id, &wrapped)?;
        if opened.as_slice() == b"a private half" {
            Ok(())
        } else {
            Err(VaultFailure("not_unwrapped"))
        }
    }
}

/// The module, initialised: it may be already, once per process.
fn module(config: &Token) -> Result<Pkcs11, TokenError> {
    let pkcs11 = Pkcs11::new(&config.module).map_err(TokenError::Module)?;
    let args = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
    match pkcs11.initialize(args) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(pkcs11),
        Err(error) => Err(TokenError::Module(error)),
    }
}

/// A session of the token's user, and the wrapping keys it sees.
fn logged_in(pkcs11: &Pkcs11, config: &Token) -> Result<(Session, Vec<ObjectHandle>), TokenError> {
    let slot = slot_of(pkcs11, &config.token)?;
    let lacks = lacking(&pkcs11.get_mechanism_list(slot)?);
    if !lacks.is_empty() {
        return Err(TokenError::Lacks(lacks));
    }
    let session = pkcs11.open_rw_session(slot)?;
    let pin = AuthPin::from(config.pin.expose_secret().to_owned());
    match session.login(UserType::User, Some(&pin)) {
        // Another session of this process logged in before.
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
        Err(error) => return Err(error.into()),
    }
    let named = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::Label(config.key.as_bytes().to_vec()),
    ];
    let found = session.find_objects(&named)?;
    Ok((session, found))
}

/// What this vault needs of a token.
fn lacking(offered: &[MechanismType]) -> Vec<&'static str> {
    let needed = [
        (MechanismType::AES_KEY_GEN, "CKM_AES_KEY_GEN"),
        (MechanismType::AES_GCM, "CKM_AES_GCM"),
    ];
    let missing = needed.iter().filter(|(kind, _)| !offered.contains(kind));
    missing.map(|(_, name)| *name).collect()
}

fn slot_of(pkcs11: &Pkcs11, label: &str) -> Result<Slot, TokenError> {
    for slot in pkcs11.get_slots_with_initialized_token()? {
        if pkcs11.get_token_info(slot)?.label() == label {
            return Ok(slot);
        }
    }
    Err(TokenError::NoToken)
}

fn stays_inside(session: &Session, key: ObjectHandle) -> Result<(), TokenError> {
    let wanted = [AttributeType::Sensitive, AttributeType::Extractable];
    let kept = session.get_attributes(key, &wanted)?;
    if kept.contains(&Attribute::Sensitive(true)) && kept.contains(&Attribute::Extractable(false)) {
        Ok(())
    } else {
        Err(TokenError::Extractable)
    }
}

fn template(label: &str) -> [Attribute; 10] {
    [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::ValueLen(32_u64.into()),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
    ]
}

/// The token went away meanwhile, and its sessions with it.
const fn is_lost(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::SessionHandleInvalid
                | RvError::SessionClosed
                | RvError::UserNotLoggedIn
                | RvError::DeviceRemoved
                | RvError::KeyHandleInvalid
                | RvError::ObjectHandleInvalid,
            _
        )
    )
}

#[async_trait]
impl Wrapping for Pkcs11Wrapping {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn session(&self) -> Result<Arc<dyn Wrap>, VaultFailure> {
        let held: Arc<dyn Wrap> = Arc::<Held>::clone(&self.0);
        Ok(held)
    }
}

impl Held {
    /// Does one operation with the wrapping key; once more in a new session when the token was away.
    fn with_key<T>(
        &self,
        work: impl Fn(&Session, ObjectHandle) -> Result<T, Error>,
    ) -> Result<T, TokenError> {
        let mut held = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = held.as_ref() {
            match work(&open.session, open.key) {
                Err(error) if is_lost(&error) => {}
                done => return done.map_err(TokenError::Refused),
            }
        }
        // Closed before another is opened: some tokens have few.
        *held = None;
        let (session, found) = logged_in(&self.pkcs11, &self.config)?;
        let [key] = found.as_slice() else {
            return Err(TokenError::NoKey);
        };
        let open = Open { key: *key, session };
        let done = work(&open.session, open.key);
        *held = Some(open);
        done.map_err(TokenError::Refused)
    }
}

impl Wrap for Held {
    fn wrap(&self, key_id: &KeyPairId, private: &[u8]) -> Result<String, VaultFailure> {
        let mut nonce = [0_u8; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_| VaultFailure("no_random"))?;
        let sealed = self.with_key(|session, key| {
            let mut iv = nonce;
            let params = GcmParams::new(&mut iv, key_id.as_str().as_bytes(), TAG_BITS.into())?;
            session.encrypt(&Mechanism::AesGcm(params), key, private)
        });
        let sealed = sealed.map_err(|_| VaultFailure("not_wrapped"))?;
        let (nonce, sealed) = (B64.encode(nonce), B64.encode(sealed));
        Ok(format!("{NAME}:{nonce}:{sealed}"))
    }

    fn unwrap(
        &self,
        key_id: &KeyPairId,
        wrapped: &str,
    ) -> Result<Zeroizing<Vec<u8>>, VaultFailure> {
        let not = VaultFailure("not_unwrapped");
        let mut parts = wrapped.split(':');
        let (Some(NAME), Some(nonce), Some(sealed), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(not);
        };
        let nonce = B64.decode(nonce).map_err(|_| not)?;
        let nonce = <[u8; NONCE_BYTES]>::try_from(nonce).map_err(|_| not)?;
        let sealed = B64.decode(sealed).map_err(|_| not)?;
        let private = self.with_key(|session, key| {
            let mut iv = nonce;
            let params = GcmParams::new(&mut iv, key_id.as_str().as_bytes(), TAG_BITS.into())?;
            let private = session.decrypt(&Mechanism::AesGcm(params), key, &sealed)?;
            Ok(Zeroizing::new(private))
        });
        private.map_err(|_| not)
    }
}

#[cfg(test)]
#[path = "pkcs11_tests.rs"]
mod tests;
