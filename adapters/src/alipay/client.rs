//! The signed call: common parameters in the query, the payload in the form body (alipay.md 1a).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::{Clock, Time};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::content::ContentKey;
use super::envelope::{Answer, Envelope};
use super::sign::{AppKey, PlatformKey, sign_content};
use super::trust::{Certificates, Trust};
use crate::wire::address::Address;
use crate::wire::http::{Caller, Reply, Request};
use crate::wire::{Operation, operation};

/// Everything a call to `gateway.do` needs.
pub(crate) struct Gateway {
    pub(crate) caller: Caller,
    pub(crate) address: Address,
    /// What browsers are sent to.
    pub(crate) pages: Address,
    pub(crate) authorize_page: Address,
    pub(crate) app_id: String,
    pub(crate) notify_url: String,
    pub(crate) key: AppKey,
    pub(crate) trust: Arc<Trust>,
    /// Content encryption, where the contract has it.
    pub(crate) content: Option<ContentKey>,
    pub(crate) encrypts_calls: bool,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What a call carries besides the common parameters.
pub(crate) enum Payload<'a> {
    /// The exact `biz_content` text: it is signed and sent as it stands.
    Biz(&'a str),
    /// As [`Payload::Biz`], for a trade whose fate is told by notices to our `notify_url`.
    BizNotified(&'a str),
    /// As [`Payload::Biz`], in the name of a person who gave us their token.
    BizAs { biz: &'a str, auth_token: &'a str },
    /// As [`Payload::Biz`], never encrypted.
    Plain(&'a str),
    /// Calls without `biz_content` put their parameters at the top level.
    Top(&'a [(&'static str, &'a str)]),
}

type Pairs = Vec<(&'static str, String)>;

/// Where a certificate that signs replies is had from.
const CERTIFICATE_DOWNLOAD: Operation = operation!("alipay.open.app.alipaycert.download");

const UNKNOWN_CERTIFICATE: NoAnswer = NoAnswer::Unknown("unknown_certificate");

#[derive(Deserialize)]
struct Downloaded {
    /// Base64 of a PEM file.
    alipay_cert_content: String,
}

impl Gateway {
    /// One call. `codeless`: see [`Envelope::answer`].
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        method: Operation,
        payload: Payload<'_>,
        codeless: bool,
    ) -> Result<Answer<T>, NoAnswer> {
        let reply = self.send(method, payload).await?;
        let envelope = Envelope::open(&reply.body, method.name())?;
        let key = match self.trust.key(envelope.certificate()) {
            Some(key) => key,
            None => self.fetch(envelope.certificate()).await?,
        };
        envelope.answer(codeless, &key, self.content.as_ref())
    }

    /// Fetches the certificate a reply names. One caller fetches, the others wait and find it known.
    async fn fetch(&self, sn: Option<&str>) -> Result<Arc<PlatformKey>, NoAnswer> {
        let (Some(sn), Trust::Certificates(certificates)) = (sn, &*self.trust) else {
            return Err(UNKNOWN_CERTIFICATE);
        };
        // The number is not signed: anything else than a serial number stays out of our requests.
        if sn.len() != 32 || !sn.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(UNKNOWN_CERTIFICATE);
        }
        let mut failed = certificates.fetching.lock().await;
        if let Some(key) = self.trust.key(Some(sn)) {
            return Ok(key);
        }
        let now = self.clock.now();
        if Certificates::is_paused(failed.as_ref(), sn, now) {
            return Err(UNKNOWN_CERTIFICATE);
        }
        *failed = Some((sn.to_owned(), now));
        let pem = self.download(sn).await?;
        match certificates.learn(sn, &pem, now) {
            Ok(key) => {
                *failed = None;
                tracing::info!(sn, "alipay_certificate_learnt");
                Ok(key)
            }
            Err(refused) => {
                tracing::error!(sn, reason = %refused, "alipay_certificate_refused");
                Err(NoAnswer::Alarm("foreign_certificate"))
            }
        }
    }

    /// The file for a serial number. Its reply may be signed by the very certificate that is missing, so
    /// it is not verified here: the file is, against the roots.
    async fn download(&self, sn: &str) -> Result<Vec<u8>, NoAnswer> {
        let body = json!({ "alipay_cert_sn": sn }).to_string();
        let reply = self
            .send(CERTIFICATE_DOWNLOAD, Payload::Plain(&body))
            .await?;
        let found: Downloaded =
            Envelope::open(&reply.body, CERTIFICATE_DOWNLOAD.name())?.unverified()?;
        STANDARD
            .decode(found.alipay_cert_content)
            .map_err(|_| NoAnswer::Unknown("unreadable_reply"))
    }

    async fn send(&self, method: Operation, payload: Payload<'_>) -> Result<Reply, NoAnswer> {
        let mut query = self.common(method.name(), self.clock.now());
        let form = self.form(payload, &mut query)?;
        let all: Pairs = query.iter().chain(&form).cloned().collect();
        let sign = self
            .key
            .sign(&sign_content(&all))
            .ok_or(NoAnswer::NotSent("signing_failed"))?;
        query.push(("sign", sign));
        let mut url = self.address.url();
        url.query_pairs_mut().extend_pairs(&query);
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded;charset=utf-8"),
        );
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&form)
            .finish();
        let reply = self
            .caller
            .send(Request {
                operation: method,
                method: reqwest::Method::POST,
                url,
                headers,
                body: Some(body),
                works: is_available,
            })
            .await?;
        // Alipay answers 200 for failures too: anything else comes from something in between.
        if reply.status != 200 {
            return Err(NoAnswer::Unknown("http_status"));
        }
        Ok(reply)
    }

    /// The form body; what a payload adds to the common parameters goes into `query`.
    fn form(&self, payload: Payload<'_>, query: &mut Pairs) -> Result<Pairs, NoAnswer> {
        let biz = |text: String| vec![("biz_content", text)];
        Ok(match payload {
            Payload::Biz(text) => biz(self.sealed(text, query)?),
            Payload::BizNotified(text) => {
                query.push(("notify_url", self.notify_url.clone()));
                biz(self.sealed(text, query)?)
            }
            Payload::BizAs {
                biz: text,
                auth_token,
            } => {
                let mut form = biz(self.sealed(text, query)?);
                form.push(("auth_token", auth_token.to_owned()));
                form
            }
            Payload::Plain(text) => biz(text.to_owned()),
            Payload::Top(params) => {
                let own = |(name, value): &(&'static str, &str)| (*name, (*value).to_owned());
                params.iter().map(own).collect()
            }
        })
    }

    /// `biz_content` as it is sent: encrypted first, signed after.
    fn sealed(&self, text: &str, query: &mut Pairs) -> Result<String, NoAnswer> {
        let Some(key) = self.content.as_ref().filter(|_| self.encrypts_calls) else {
            return Ok(text.to_owned());
        };
        query.push(("encrypt_type", "AES".to_owned()));
        key.seal(text).ok_or(NoAnswer::NotSent("sealing_failed"))
    }

    /// The address a browser is sent to for a page that Alipay shows (wap pay). Signed here, sent by the browser.
    pub(crate) fn page_url(
        &self,
        method: &'static str,
        biz_content: &str,
        return_url: &str,
        now: Time,
    ) -> String {
        let more = [
            ("notify_url", self.notify_url.clone()),
            ("return_url", return_url.to_owned()),
            ("biz_content", biz_content.to_owned()),
        ];
        self.signed_url(method, more, now)
    }

    /// The address of a page that Alipay shows, with nothing in it but what is given.
    pub(crate) fn signed_url(
        &self,
        method: &'static str,
        more: impl IntoIterator<Item = (&'static str, String)>,
        now: Time,
    ) -> String {
        let mut params = self.common(method, now);
        params.extend(more);
        // The key signed a probe at start; if the library failed now, the page would refuse the unsigned address.
        let sign = self.key.sign(&sign_content(&params)).unwrap_or_default();
        params.push(("sign", sign));
        let mut url = self.pages.url();
        url.query_pairs_mut().extend_pairs(&params);
        url.into()
    }

    fn common(&self, method: &'static str, now: Time) -> Pairs {
        let mut common = vec![
            ("app_id", self.app_id.clone()),
            ("method", method.to_owned()),
            ("format", "JSON".to_owned()),
            ("charset", "utf-8".to_owned()),
            ("sign_type", "RSA2".to_owned()),
            ("timestamp", now.alipay_text()),
            ("version", "1.0".to_owned()),
        ];
        if let Trust::Certificates(certificates) = &*self.trust {
            common.push(("app_cert_sn", certificates.app_sn.clone()));
            common.push(("alipay_root_cert_sn", certificates.root_sn().to_owned()));
        }
        common
    }
}

/// Alipay answers 200 with code 20000 while it is unavailable. Judged before the signature is, by a
/// look at the bytes: it only decides whether to ask again soon, never what happened.
fn is_available(reply: &Reply) -> bool {
    const UNAVAILABLE: &[u8] = br#""code":"20000""#;
    let unavailable = reply
        .body
        .windows(UNAVAILABLE.len())
        .any(|window| window == UNAVAILABLE);
    reply.status == 200 && !unavailable
}
