//! Alipay over OpenAPI v2 (`gateway.do`, RSA2): identity, the payment channel, and notices.
//!
//! Replies are verified over the exact bytes that came. Codes are classified in the words of
//! money.md's tables and nothing is decided here: only a code that a table names, in a signed reply,
//! is a refusal; everything else is "no answer" (G6).

mod bill;
mod certificate;
mod certify;
mod channel;
mod client;
mod content;
mod envelope;
mod follow;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod identity;
mod notice;
mod phone_number;
mod sign;
mod trust;
#[cfg(test)]
mod vectors;

use std::sync::Arc;
use std::time::Duration;

use lifeline_core::shared::time::{Clock, Time};
use zeroize::Zeroizing;

use crate::wire::address::{Address, AddressError};
use crate::wire::http::{CallRules, Caller, DEADLINE_DEFAULT};
use crate::wire::{Asked, LeftAlone, Via};
use client::Gateway;
use content::ContentKey;
use notice::Notices;
use sign::{AppKey, PlatformKey};
use trust::{Certificates, Trust};

pub use bill::{Bill, BillError, BillKind, BillRow, read_bill};
pub use certificate::CertificateError;
pub use sign::KeyError;
pub use trust::{CertificateFiles, FileError};

/// How Alipay and we know each other.
#[derive(Debug, Clone)]
pub enum AlipayMode {
    /// By bare keys: Alipay's public key (not our own).
    Key(String),
    /// By certificates.
    Certificates(CertificateFiles),
}

impl AlipayMode {
    /// Everything that is wrong with certificates beside their private key; nothing in the other mode.
    ///
    /// # Errors
    /// When the private key itself cannot be read.
    pub fn faults(&self, app_private_key: &str, now: Time) -> Result<Vec<FileError>, KeyError> {
        let Self::Certificates(files) = self else {
            return Ok(Vec::new());
        };
        let key = AppKey::parse(app_private_key)?;
        Ok(trust::faults(files, &key, now))
    }
}

/// Whether this is a content key as Alipay's console hands it out.
#[must_use]
pub fn is_content_key(text: &str) -> bool {
    ContentKey::parse(text).is_ok()
}

/// What the contract with Alipay fixes.
pub struct AlipayConfig {
    /// `https://openapi.alipay.com/gateway.do`
    pub gateway: Address,
    /// Where browsers find the pages that Alipay shows, when our calls go to another address of the gateway.
    pub pages: Option<Address>,
    /// The proxy that calls go through; browsers know nothing of it.
    pub via: Option<Via>,
    /// `https://openauth.alipay.com/oauth2/publicAppAuthorize.htm`
    pub authorize_page: Address,
    pub app_id: String,
    /// Our merchant number; a notice for another is a security event.
    pub seller_id: String,
    /// Where Alipay sends notices about our trades.
    pub notify_url: String,
    /// Our private key: PKCS#8 or PKCS#1, PEM or bare base64.
    pub app_private_key: Zeroizing<String>,
    pub mode: AlipayMode,
    /// Content encryption: base64 of 16 bytes, as the console hands it out.
    pub content_key: Option<Zeroizing<String>>,
    /// Whether calls are encrypted with it; what Alipay encrypts for us is opened in any case.
    pub encrypts_calls: bool,
    pub rules: CallRules,
}

impl std::fmt::Debug for AlipayConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AlipayConfig")
            .field("gateway", &self.gateway)
            .field("app_id", &self.app_id)
            .field("seller_id", &self.seller_id)
            .finish_non_exhaustive()
    }
}

impl AlipayConfig {
    pub const DEADLINE_DEFAULT: Duration = DEADLINE_DEFAULT;
}

/// Why Alipay cannot be used as configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AlipayConfigError {
    #[error("alipay gateway: {0}")]
    Address(#[from] AddressError),
    #[error("alipay keys: {0}")]
    Key(#[from] KeyError),
    #[error("alipay {0}")]
    Certificate(#[from] FileError),
    /// The classic mix-up: the console shows both, and our own verifies nothing Alipay sends.
    #[error("the configured Alipay public key is our own application key")]
    OwnPublicKey,
    #[error("app_id and seller_id must be 1 to 32 digits")]
    Number,
}

/// The identity provider and payment channel in one: they share key, address and app.
#[derive(Clone)]
pub struct Alipay {
    gateway: Arc<Gateway>,
    notices: Arc<Notices>,
}

impl std::fmt::Debug for Alipay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Alipay")
            .field("app_id", &self.gateway.app_id)
            .finish_non_exhaustive()
    }
}

impl Alipay {
    /// Checks keys and numbers; touches no network.
    ///
    /// # Errors
    /// See [`AlipayConfigError`].
    pub fn new(config: AlipayConfig, clock: Arc<dyn Clock>) -> Result<Self, AlipayConfigError> {
        let number =
            |text: &str| (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if !number(&config.app_id) || !number(&config.seller_id) {
            return Err(AlipayConfigError::Number);
        }
        let key = AppKey::parse(&config.app_private_key)?;
        let trust = Arc::new(trust(&config.mode, &key)?);
        let probe = key.sign("probe").unwrap_or_default();
        if trust.verifies("probe", &probe) {
            return Err(AlipayConfigError::OwnPublicKey);
        }
        let content = config.content_key.as_deref();
        let content = content.map(|text| ContentKey::parse(text)).transpose()?;
        let notices = Notices {
            trust: Arc::clone(&trust),
            app_id: config.app_id.clone(),
            seller_id: config.seller_id,
        };
        let gateway = Gateway {
            caller: Caller::through(
                config.via.as_ref(),
                "alipay",
                &config.gateway,
                config.rules,
                Arc::clone(&clock),
            )?,
            pages: config.pages.unwrap_or_else(|| config.gateway.clone()),
            address: config.gateway,
            authorize_page: config.authorize_page,
            app_id: config.app_id,
            notify_url: config.notify_url,
            key,
            trust,
            content,
            encrypts_calls: config.encrypts_calls,
            clock,
        };
        Ok(Self {
            gateway: Arc::new(gateway),
            notices: Arc::new(notices),
        })
    }

    /// Whether some operation is left alone now because it kept failing.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.gateway.caller.is_any_open()
    }

    /// The operations that are left alone or probed now, and why.
    #[must_use]
    pub fn left_alone(&self) -> Vec<LeftAlone> {
        self.gateway.caller.left_alone()
    }

    /// Every operation that was asked since this process began.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.gateway.caller.asked()
    }

    /// Lets an operation be asked again at once; false when it is not left alone.
    #[must_use]
    pub fn ask_again(&self, operation: &str) -> bool {
        self.gateway.caller.ask_again(operation)
    }
}

fn trust(mode: &AlipayMode, key: &AppKey) -> Result<Trust, AlipayConfigError> {
    Ok(match mode {
        AlipayMode::Key(text) => Trust::Key(Arc::new(PlatformKey::parse(text)?)),
        AlipayMode::Certificates(files) => Trust::Certificates(Certificates::read(files, key)?),
    })
}
