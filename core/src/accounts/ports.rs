//! The ports of `accounts`: its rows, the identity provider, and the carrier of one-time codes.

use async_trait::async_trait;

use crate::shared::outside::NoAnswer;
use crate::shared::personal::{IdNo, PersonName, Phone};

#[async_trait]
pub trait AccountReads: Send {}

#[async_trait]
pub trait AccountStore: AccountReads {}

/// What a one-use authorisation code was exchanged for (alipay.system.oauth.token).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The person's id within our app; new apps get only this one.
    pub open_id: Option<String>,
    /// The person's platform-wide id (2088...), absent for new apps.
    pub user_id: Option<String>,
    /// Lets us read what the person agreed to share. Never stored.
    pub access_token: String,
}

/// What the person agreed to share (alipay.user.info.share). Contract scope decides what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedProfile {
    pub open_id: Option<String>,
    pub user_id: Option<String>,
    /// Alipay has certified the real name.
    pub certified: bool,
    pub name: Option<PersonName>,
    pub id_no: Option<IdNo>,
    pub phone: Option<Phone>,
}

/// Why the identity provider gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The code is spent, expired or foreign: the person must tap "allow" again.
    #[error("the authorisation code was refused")]
    CodeRefused,
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
}

/// Alipay as the place where people prove who they are (LN-18, LN-43).
#[async_trait]
pub trait IdentityProvider: Send + Sync + std::fmt::Debug {
    /// Identifies our app at the provider; part of the identity key (money.md 3.6).
    fn app_id(&self) -> &str;
    /// Where a browser goes to ask for the person's consent.
    fn authorize_url(&self, redirect_uri: &str, state: &str) -> String;
    async fn exchange(&self, auth_code: &str) -> Result<Grant, IdentityError>;
    async fn profile(&self, access_token: &str) -> Result<SharedProfile, IdentityError>;
}

/// Carries a one-time code to a phone. `message_id` makes a repeat harmless.
#[async_trait]
pub trait Messenger: Send + Sync + std::fmt::Debug {
    async fn send_code(
        &self,
        message_id: &str,
        phone: &Phone,
        code: &str,
        purpose: &str,
    ) -> Result<(), NoAnswer>;
}
