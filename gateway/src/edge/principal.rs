//! Who is asking, as a type: a handler gets a [`SignedIn`] only on a route whose policy made sure.

use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use async_trait::async_trait;
use futures_util::future::{Ready, ready};
use lifeline_core::accounts::Terminal;
use lifeline_core::shared::ids::{AccountId, SessionId};
use lifeline_core::store::StoreError;

use super::codes::Code;
use super::problem::Problem;
use super::revocation::Ended;
use super::tokens::{Bearer, Tokens};

/// The signed-in app user behind a request. Made by the route's policy only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn(Arc<Bearer>);

impl SignedIn {
    #[must_use]
    pub fn account_id(&self) -> &AccountId {
        &self.0.account_id
    }

    #[must_use]
    pub fn session_id(&self) -> &SessionId {
        &self.0.session_id
    }

    /// The device, whatever id its session has now.
    #[must_use]
    pub fn family_id(&self) -> &SessionId {
        &self.0.family_id
    }
}

impl FromRequest for SignedIn {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        // Absent on a public route: asking for a person there is a programming fault, not a 401.
        let found = req.extensions().get::<Self>().cloned();
        ready(found.ok_or_else(|| Problem::new(Code::Internal)))
    }
}

/// Reads the session row: money, binding, export and erase routes do not trust a token alone
/// (money.md 3.8).
#[async_trait]
pub trait SessionRows: Send + Sync {
    async fn alive(&self, account: &AccountId, session: &SessionId) -> Result<bool, StoreError>;
    /// At what kind of terminal a device signed in; unknown of sessions from before this was noted.
    async fn terminal(&self, family: &SessionId) -> Result<Option<Terminal>, StoreError>;
}

/// Everything needed to know who is asking.
#[derive(Clone)]
pub struct Door {
    pub tokens: Arc<Tokens>,
    pub ended: Arc<Ended>,
    pub sessions: Arc<dyn SessionRows>,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Door")
    }
}

impl Door {
    /// The person behind a bearer token; `fresh` also reads the session row.
    pub async fn admit(&self, req: &HttpRequest, fresh: bool) -> Result<SignedIn, Problem> {
        let token = req
            .headers()
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or_else(|| Problem::new(Code::Unauthenticated))?;
        let bearer = self.tokens.verify(token)?;
        if self.ended.contains(&bearer.session_id) {
            return Err(Problem::new(Code::SessionRevoked));
        }
        if fresh
            && !self
                .sessions
                .alive(&bearer.account_id, &bearer.session_id)
                .await?
        {
            let session = bearer.session_id.clone();
            self.ended.add(session, bearer.expires_at);
            return Err(Problem::new(Code::SessionRevoked));
        }
        Ok(SignedIn(bearer))
    }
}

/// The door of the running listener.
pub(crate) fn door(req: &HttpRequest) -> Result<web::Data<Door>, Problem> {
    req.app_data::<web::Data<Door>>()
        .cloned()
        .ok_or_else(|| Problem::new(Code::Internal))
}
