//! Alipay as the judge of a typed name and ID number (alipay.md 1d): compared with the wallet's own
//! (certdoc.certverify), or with the person's face (certify.open).

use async_trait::async_trait;
use lifeline_core::accounts::Secret;
use lifeline_core::accounts::account::{ProviderId, ProviderIds};
use lifeline_core::accounts::certification::{Finding, TypedIdentity};
use lifeline_core::accounts::ports::{Certifier, IdentityError};
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::Time;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

use super::Alipay;
use super::client::Payload;
use super::envelope::{Answer, Failure};
use super::identity::is_spent;
use crate::wire::{Operation, operation};

const PRECONSULT: Operation = operation!("alipay.user.certdoc.certverify.preconsult");
const CONSULT: Operation = operation!("alipay.user.certdoc.certverify.consult");
const INITIALIZE: Operation = operation!("alipay.user.certify.open.initialize");
const FACE_PAGE: &str = "alipay.user.certify.open.certify";
const QUERY: Operation = operation!("alipay.user.certify.open.query");

#[derive(Deserialize)]
struct VerifyId {
    verify_id: String,
}

#[derive(Deserialize)]
struct CertifyId {
    certify_id: String,
}

/// The reasons beside the word are dropped unread: they may repeat what was typed.
#[derive(Deserialize)]
struct Passed {
    passed: Option<String>,
    fail_reason: Option<String>,
}

/// Whose face is asked for, and in whose wallet: one id of it, the app's own where there is one.
#[derive(Serialize)]
struct Identity<'a> {
    identity_type: &'static str,
    cert_type: &'static str,
    cert_name: &'a str,
    cert_no: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    open_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
}

impl<'a> Identity<'a> {
    fn of(typed: &'a TypedIdentity, wallet: &'a ProviderIds) -> Self {
        let open_id = wallet.open_id.as_ref().map(ProviderId::expose);
        let user_id = wallet.user_id.as_ref().map(ProviderId::expose);
        Self {
            identity_type: "CERT_INFO",
            cert_type: "IDENTITY_CARD",
            cert_name: typed.name.expose(),
            cert_no: typed.id_no.expose(),
            open_id,
            user_id: user_id.filter(|_| open_id.is_none()),
        }
    }
}

impl Alipay {
    async fn ask<T: DeserializeOwned>(
        &self,
        method: Operation,
        payload: Payload<'_>,
    ) -> Result<T, IdentityError> {
        match self.gateway.call::<T>(method, payload, false).await? {
            Answer::Ok(reply) => Ok(reply),
            Answer::Failed(failure) => Err(refusal(&failure)),
        }
    }
}

/// A signed business failure is Alipay's refusal to check; nothing else is.
fn refusal(failure: &Failure) -> IdentityError {
    if failure.signed && failure.code == "40004" {
        IdentityError::Refused
    } else if is_spent(failure) {
        IdentityError::CodeRefused
    } else {
        failure.no_answer().into()
    }
}

fn number(text: String) -> Result<Secret, IdentityError> {
    if (1..=128).contains(&text.len()) {
        Ok(Secret::new(text))
    } else {
        Err(NoAnswer::Unknown("unreadable_reply").into())
    }
}

#[async_trait]
impl Certifier for Alipay {
    async fn propose(&self, typed: &TypedIdentity) -> Result<Secret, IdentityError> {
        let biz = json!({
            "user_name": typed.name.expose(),
            "cert_type": "IDENTITY_CARD",
            "cert_no": typed.id_no.expose(),
        });
        let biz = Zeroizing::new(biz.to_string());
        let reply: VerifyId = self.ask(PRECONSULT, Payload::Biz(&biz)).await?;
        number(reply.verify_id)
    }

    async fn compare(
        &self,
        access_token: &str,
        outside_no: &str,
    ) -> Result<Finding, IdentityError> {
        let biz = json!({ "verify_id": outside_no }).to_string();
        let payload = Payload::BizAs {
            biz: &biz,
            auth_token: access_token,
        };
        let reply: Passed = self.ask(CONSULT, payload).await?;
        match reply.passed.as_deref() {
            Some("T") => Ok(Finding::Passed),
            Some("F") => Ok(Finding::Failed),
            Some(_) | None => Err(NoAnswer::Unknown("unreadable_reply").into()),
        }
    }

    async fn begin_face(
        &self,
        order_no: &str,
        typed: &TypedIdentity,
        wallet: &ProviderIds,
        return_url: &str,
    ) -> Result<Secret, IdentityError> {
        let biz = json!({
            "outer_order_no": order_no,
            "biz_code": "FACE",
            "identity_param": Identity::of(typed, wallet),
            "merchant_config": { "return_url": return_url },
        });
        let biz = Zeroizing::new(biz.to_string());
        let reply: CertifyId = self.ask(INITIALIZE, Payload::Biz(&biz)).await?;
        number(reply.certify_id)
    }

    fn face_url(&self, outside_no: &str, now: Time) -> String {
        let biz = json!({ "certify_id": outside_no }).to_string();
        self.gateway
            .signed_url(FACE_PAGE, [("biz_content", biz)], now)
    }

    /// `F` without a reason is also what Alipay says before the person has come to the page.
    async fn face_finding(&self, outside_no: &str) -> Result<Finding, IdentityError> {
        let biz = json!({ "certify_id": outside_no }).to_string();
        let reply: Passed = self.ask(QUERY, Payload::Biz(&biz)).await?;
        let reason = reply.fail_reason.is_some_and(|reason| !reason.is_empty());
        match reply.passed.as_deref() {
            Some("T") => Ok(Finding::Passed),
            Some("F") if reason => Ok(Finding::Failed),
            Some("F") | None => Ok(Finding::Open),
            Some(_) => Err(NoAnswer::Unknown("unreadable_reply").into()),
        }
    }
}
