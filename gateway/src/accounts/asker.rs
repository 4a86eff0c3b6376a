//! Who is behind a request, in the words of the domain.

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, ORIGIN, USER_AGENT};
use actix_web::{FromRequest, HttpRequest};
use async_trait::async_trait;
use futures_util::future::{Ready, ready};
use lifeline_core::accounts::{Accounts, Caller, Terminal, Visitor};
use lifeline_core::shared::ids::{AccountId, SessionId};
use lifeline_core::store::StoreError;

use crate::edge::principal::SessionRows;
use crate::edge::{ClientAddress, Problem, SignedIn, trace};

/// A signed-in person. Only routes whose policy asks for one have one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker(pub Caller);

impl FromRequest for Asker {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let source = source(req, payload);
        let who = SignedIn::from_request(req, payload).into_inner();
        ready(who.map(|who| {
            Self(Caller {
                account_id: who.account_id().clone(),
                session_id: who.session_id().clone(),
                family_id: who.family_id().clone(),
                source,
                trace_id: trace::current(),
            })
        }))
    }
}

/// Somebody at the door, and whether they came in a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    pub visitor: Visitor,
    /// A browser says where a request comes from; the mini-program does not.
    pub by_browser: bool,
}

impl FromRequest for Visit {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let headers = req.headers();
        let agent = text(headers, USER_AGENT.as_str())
            .unwrap_or_default()
            .to_owned();
        let by_browser = headers.contains_key(ORIGIN) || headers.contains_key("sec-fetch-site");
        let visitor = Visitor {
            agent,
            source: source(req, payload),
            trace_id: trace::current(),
        };
        ready(Ok(Self {
            visitor,
            by_browser,
        }))
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn source(req: &HttpRequest, payload: &mut Payload) -> String {
    let address = ClientAddress::from_request(req, payload).into_inner();
    address
        .map(|address| address.0.to_string())
        .unwrap_or_default()
}

#[async_trait]
impl SessionRows for Accounts {
    async fn alive(&self, account: &AccountId, session: &SessionId) -> Result<bool, StoreError> {
        self.session_alive(account, session).await
    }

    async fn terminal(&self, family: &SessionId) -> Result<Option<Terminal>, StoreError> {
        self.terminal_of(family).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    async fn visit(headers: &[(&'static str, &'static str)]) -> Visit {
        let mut req = TestRequest::default();
        for header in headers {
            req = req.insert_header(*header);
        }
        Visit::extract(&req.to_http_request()).await.unwrap()
    }

    #[actix_web::test]
    async fn m3_5_a_browser_is_known_by_what_it_cannot_leave_out() {
        assert!(
            !visit(&[("user-agent", "AlipayClient/10.6")])
                .await
                .by_browser
        );
        assert!(
            visit(&[("origin", "https://line.example")])
                .await
                .by_browser
        );
        assert!(visit(&[("sec-fetch-site", "none")]).await.by_browser);
        let agent = visit(&[("user-agent", "AlipayClient/10.6")])
            .await
            .visitor
            .agent;
        assert_eq!(agent, "AlipayClient/10.6");
    }
}
