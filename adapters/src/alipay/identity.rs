//! Alipay as the place where people prove who they are (LN-18, LN-43).

use async_trait::async_trait;
use lifeline_core::accounts::ports::{Grant, IdentityError, IdentityProvider, SharedProfile};
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::{IdNo, PersonName, Phone};
use serde::Deserialize;
use zeroize::ZeroizeOnDrop;

use super::Alipay;
use super::client::Payload;
use super::envelope::{Answer, Failure};
use crate::wire::operation;

#[derive(Deserialize, ZeroizeOnDrop)]
struct TokenReply {
    access_token: String,
    open_id: Option<String>,
    user_id: Option<String>,
}

#[derive(Deserialize, ZeroizeOnDrop)]
struct ProfileReply {
    open_id: Option<String>,
    user_id: Option<String>,
    is_certified: Option<String>,
    user_name: Option<String>,
    cert_type: Option<String>,
    cert_no: Option<String>,
    mobile: Option<String>,
}

impl ProfileReply {
    /// Fields the contract does not open are absent; a field that does not parse counts as absent.
    fn shared(&self) -> SharedProfile {
        // cert_type 0 is the resident ID card; a passport's number would be no ID number.
        let id_card = self.cert_type.as_deref().is_none_or(|kind| kind == "0");
        SharedProfile {
            open_id: present(self.open_id.as_deref()),
            user_id: present(self.user_id.as_deref()),
            certified: self.is_certified.as_deref() == Some("T"),
            name: self
                .user_name
                .as_deref()
                .and_then(|t| PersonName::parse(t).ok()),
            id_no: self
                .cert_no
                .as_deref()
                .filter(|_| id_card)
                .and_then(|t| IdNo::parse(t).ok()),
            phone: self.mobile.as_deref().and_then(|t| Phone::parse(t).ok()),
        }
    }
}

fn present(text: Option<&str>) -> Option<String> {
    text.filter(|t| !t.is_empty()).map(str::to_owned)
}

/// A spent, expired or foreign code or token. Unsigned replies count too: refusing a sign-in changes nothing.
pub(super) fn is_spent(failure: &Failure) -> bool {
    matches!(
        (failure.code.as_str(), failure.sub_code.as_str()),
        ("40002", "isv.code-invalid")
            | (
                "20001",
                "aop.invalid-auth-token" | "aop.auth-token-time-out"
            )
    )
}

#[async_trait]
impl IdentityProvider for Alipay {
    fn app_id(&self) -> &str {
        &self.gateway.app_id
    }

    fn authorize_url(&self, redirect_uri: &str, state: &str) -> String {
        let mut url = self.gateway.authorize_page.url();
        url.query_pairs_mut()
            .append_pair("app_id", &self.gateway.app_id)
            .append_pair("scope", "auth_user")
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("state", state);
        url.into()
    }

    async fn exchange(&self, auth_code: &str) -> Result<Grant, IdentityError> {
        let params = [("grant_type", "authorization_code"), ("code", auth_code)];
        let answer = self
            .gateway
            .call::<TokenReply>(
                operation!("alipay.system.oauth.token"),
                Payload::Top(&params),
                true,
            )
            .await?;
        let reply = match answer {
            Answer::Ok(reply) => reply,
            Answer::Failed(failure) if is_spent(&failure) => {
                return Err(IdentityError::CodeRefused);
            }
            Answer::Failed(failure) => return Err(failure.no_answer().into()),
        };
        let grant = Grant {
            open_id: present(reply.open_id.as_deref()),
            user_id: present(reply.user_id.as_deref()),
            access_token: reply.access_token.clone(),
        };
        if grant.access_token.is_empty() || (grant.open_id.is_none() && grant.user_id.is_none()) {
            return Err(NoAnswer::Unknown("unreadable_reply").into());
        }
        Ok(grant)
    }

    async fn profile(&self, access_token: &str) -> Result<SharedProfile, IdentityError> {
        let params = [("auth_token", access_token)];
        let answer = self
            .gateway
            .call::<ProfileReply>(
                operation!("alipay.user.info.share"),
                Payload::Top(&params),
                false,
            )
            .await?;
        match answer {
            Answer::Ok(reply) => Ok(reply.shared()),
            Answer::Failed(failure) if is_spent(&failure) => Err(IdentityError::CodeRefused),
            Answer::Failed(failure) => Err(failure.no_answer().into()),
        }
    }
}
