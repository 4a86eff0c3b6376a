//! The signed call: common parameters in the query, the payload in the form body (alipay.md 1a).

use std::sync::Arc;

use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::{Clock, Time};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;

use super::envelope::{self, Answer};
use super::sign::{AppKey, PlatformKey, sign_content};
use crate::wire::http::{Address, Caller, Reply, Request};

/// Everything a call to `gateway.do` needs.
pub(crate) struct Gateway {
    pub(crate) caller: Caller,
    pub(crate) address: Address,
    pub(crate) authorize_page: Address,
    pub(crate) app_id: String,
    pub(crate) notify_url: String,
    pub(crate) key: AppKey,
    pub(crate) platform: Arc<PlatformKey>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What a call carries besides the common parameters.
pub(crate) enum Payload<'a> {
    /// The exact `biz_content` text: it is signed and sent as it stands.
    Biz(&'a str),
    /// As [`Payload::Biz`], for a trade whose fate is told by notices to our `notify_url`.
    BizNotified(&'a str),
    /// Calls without `biz_content` put their parameters at the top level.
    Top(&'a [(&'static str, &'a str)]),
}

type Pairs = Vec<(&'static str, String)>;

impl Gateway {
    /// One call. `codeless`: see [`envelope::read`].
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        method: &'static str,
        payload: Payload<'_>,
        codeless: bool,
    ) -> Result<Answer<T>, NoAnswer> {
        let mut query = self.common(method, self.clock.now());
        let mut form: Pairs = Vec::new();
        match payload {
            Payload::Biz(text) => form.push(("biz_content", text.to_owned())),
            Payload::BizNotified(text) => {
                query.push(("notify_url", self.notify_url.clone()));
                form.push(("biz_content", text.to_owned()));
            }
            Payload::Top(params) => {
                form.extend(
                    params
                        .iter()
                        .map(|(name, value)| (*name, (*value).to_owned())),
                );
            }
        }
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
        envelope::read(&reply.body, method, codeless, &self.platform)
    }

    /// The address a browser is sent to for a page that Alipay shows (wap pay). Signed here, sent by the browser.
    pub(crate) fn page_url(
        &self,
        method: &'static str,
        biz_content: &str,
        return_url: &str,
        now: Time,
    ) -> String {
        let mut params = self.common(method, now);
        params.push(("notify_url", self.notify_url.clone()));
        params.push(("return_url", return_url.to_owned()));
        params.push(("biz_content", biz_content.to_owned()));
        // The key signed a probe at start; if the library failed now, the page would refuse the unsigned address.
        let sign = self.key.sign(&sign_content(&params)).unwrap_or_default();
        params.push(("sign", sign));
        let mut url = self.address.url();
        url.query_pairs_mut().extend_pairs(&params);
        url.into()
    }

    fn common(&self, method: &'static str, now: Time) -> Pairs {
        vec![
            ("app_id", self.app_id.clone()),
            ("method", method.to_owned()),
            ("format", "JSON".to_owned()),
            ("charset", "utf-8".to_owned()),
            ("sign_type", "RSA2".to_owned()),
            ("timestamp", now.alipay_text()),
            ("version", "1.0".to_owned()),
        ]
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
