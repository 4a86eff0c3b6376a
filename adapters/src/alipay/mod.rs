//! Alipay over OpenAPI v2 (`gateway.do`, RSA2): identity, the payment channel, and notices.
//!
//! Replies are verified over the exact bytes that came. Codes are classified in the words of
//! money.md's tables and nothing is decided here: only a code that a table names, in a signed reply,
//! is a refusal; everything else is "no answer" (G6).

mod channel;
mod client;
mod envelope;
mod identity;
mod notice;
mod sign;
#[cfg(test)]
mod vectors;

use std::sync::Arc;
use std::time::Duration;

use lifeline_core::shared::time::Clock;
use zeroize::Zeroizing;

use crate::wire::http::{Address, AddressError, CallRules, Caller, DEADLINE_DEFAULT};
use client::Gateway;
use notice::Notices;
use sign::{AppKey, PlatformKey};

pub use sign::KeyError;

/// What the contract with Alipay fixes.
pub struct AlipayConfig {
    /// `https://openapi.alipay.com/gateway.do`
    pub gateway: Address,
    /// `https://openauth.alipay.com/oauth2/publicAppAuthorize.htm`
    pub authorize_page: Address,
    pub app_id: String,
    /// Our merchant number; a notice for another is a security event.
    pub seller_id: String,
    /// Where Alipay sends notices about our trades.
    pub notify_url: String,
    /// Our private key: PKCS#8 or PKCS#1, PEM or bare base64.
    pub app_private_key: Zeroizing<String>,
    /// Alipay's public key (not our own).
    pub alipay_public_key: String,
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
        let platform = Arc::new(PlatformKey::parse(&config.alipay_public_key)?);
        let probe = key.sign("probe").unwrap_or_default();
        if platform.verifies("probe", &probe) {
            return Err(AlipayConfigError::OwnPublicKey);
        }
        let notices = Notices {
            platform: Arc::clone(&platform),
            app_id: config.app_id.clone(),
            seller_id: config.seller_id,
        };
        let gateway = Gateway {
            caller: Caller::new("alipay", &config.gateway, config.rules, Arc::clone(&clock))?,
            address: config.gateway,
            authorize_page: config.authorize_page,
            app_id: config.app_id,
            notify_url: config.notify_url,
            key,
            platform,
            clock,
        };
        Ok(Self {
            gateway: Arc::new(gateway),
            notices: Arc::new(notices),
        })
    }
}
