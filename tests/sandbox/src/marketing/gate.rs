//! The way every call of `/mkt/v1` takes: maintenance, signature, planned faults, idempotency, and
//! only then its work.

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::faults::{Faults, Kind, Strike, Target, hold_then_drop, leaked_statement};
use crate::hmac_auth::{AuthFailure, verify};
use crate::keys::{ChannelKeys, Keys};

use super::account::{Account, View};
use super::desk::{Books, Marketing, Reply};
use super::posting::Fingerprint;
use super::refused::Refused;

const KEY_LEN_MAX: usize = 64;

/// What kind of call a route is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    /// Reads figures; STALE_READ can act.
    Query,
    /// A POST that books nothing; it may carry an `Idempotency-Key`.
    Lookup,
    /// A lookup that uses up what it is asked with, so that a lost answer leaves something behind.
    Opening,
    /// Changes the books; must carry an `Idempotency-Key`.
    Write,
    /// A write whose repeats are answered from the books, not from the stored reply, once they know it.
    Payment,
}

/// One call of the contract: `route` is the template that faults name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Route {
    pub(super) template: &'static str,
    pub(super) nature: Nature,
}

/// An accepted call, as its work sees it.
pub(super) struct Call<'a> {
    pub(super) now: Timestamp,
    pub(super) fingerprint: Fingerprint,
    /// What was answered to the same key before.
    pub(super) stored: Option<Reply>,
    keys: &'a ChannelKeys,
    body: &'a [u8],
    query: &'a str,
    stale: bool,
}

impl Call<'_> {
    /// The body as `T`; unknown fields are `T`'s to refuse.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        serde_json::from_slice(self.body).map_err(|_| Refused::Invalid("body"))
    }

    /// The query string as `T`.
    pub(super) fn query<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        let query = web::Query::<T>::from_query(self.query);
        query
            .map(web::Query::into_inner)
            .map_err(|_| Refused::Invalid("query"))
    }

    /// Opens an encrypted field.
    pub(super) fn open(&self, field: &'static str, sealed: &str) -> Result<String, Refused> {
        self.keys.open(field, sealed).ok_or(Refused::Invalid(field))
    }

    /// Encrypts a field for the caller.
    pub(super) fn seal(&self, field: &str, plain: &str) -> Result<String, Refused> {
        self.keys
            .seal(field, plain)
            .map_err(|_| Refused::UpstreamUnknown)
    }

    /// From where this call looks at an account.
    pub(super) fn view(&self, account: &Account) -> View {
        View::at(if self.stale {
            account.stale_moment(self.now)
        } else {
            self.now
        })
    }

    /// Whether this call is answered from an outdated copy.
    pub(super) fn is_stale(&self) -> bool {
        self.stale
    }
}

/// One call on its way.
struct Passage<'a> {
    marketing: &'a Marketing,
    keys: &'a ChannelKeys,
    faults: &'a Faults,
    request: &'a HttpRequest,
    body: &'a [u8],
    route: Route,
    trace_id: String,
}

/// Answers one call of the contract.
pub(super) async fn answer<W>(
    request: HttpRequest,
    body: web::Bytes,
    route: Route,
    work: W,
) -> HttpResponse
where
    W: Fn(&mut Books, &Call<'_>) -> Result<Reply, Refused>,
{
    let marketing = request.app_data::<web::Data<Marketing>>();
    let keys = request.app_data::<web::Data<Keys>>();
    let faults = request.app_data::<web::Data<Faults>>();
    let (Some(marketing), Some(keys), Some(faults)) = (marketing, keys, faults) else {
        return Reply::refused(Refused::UpstreamUnknown, "-").respond();
    };
    let passage = Passage {
        marketing,
        keys: &keys.marketing,
        faults,
        request: &request,
        body: &body,
        route,
        trace_id: trace_id(&request),
    };
    match passage.admit() {
        Ok(()) => passage.through_faults(work).await,
        Err(refused) => Reply::refused(refused, &passage.trace_id).respond(),
    }
}

impl Passage<'_> {
    fn admit(&self) -> Result<(), Refused> {
        let now = self.marketing.clock.now();
        if self.marketing.books(now).outage {
            return Err(Refused::MaintenanceWindow);
        }
        let nonces = &self.marketing.nonces;
        verify(self.request, self.body, self.keys, nonces, now.as_second()).map_err(|failure| {
            match failure {
                AuthFailure::BadSignature => Refused::BadSignature,
                AuthFailure::Replayed => Refused::Replayed,
            }
        })?;
        match (self.route.nature, self.idempotency_key()) {
            (_, Some(key)) if key.len() > KEY_LEN_MAX => Err(Refused::Invalid("Idempotency-Key")),
            (Nature::Write | Nature::Payment, None) => Err(Refused::Invalid("Idempotency-Key")),
            _ => Ok(()),
        }
    }

    fn idempotency_key(&self) -> Option<&str> {
        let key = self
            .request
            .headers()
            .get("Idempotency-Key")?
            .to_str()
            .ok()?;
        (!key.is_empty()).then_some(key)
    }

    async fn through_faults<W>(&self, work: W) -> HttpResponse
    where
        W: Fn(&mut Books, &Call<'_>) -> Result<Reply, Refused>,
    {
        if let Some(strike) = self.strike(Kind::Latency) {
            tokio::time::sleep(strike.latency()).await;
        }
        if self.strike(Kind::TimeoutBefore).is_some() {
            return hold_then_drop().await;
        }
        if self.strike(Kind::Http500).is_some() {
            return HttpResponse::InternalServerError().finish();
        }
        if self.strike(Kind::LeakSql).is_some() {
            return leaked_statement(&self.consumer_no());
        }
        let mut reply = self.run(&work, false);
        if self.route.nature == Nature::Query {
            let outdated = self.run(&work, true);
            if outdated != reply && self.strike(Kind::StaleRead).is_some() {
                reply = outdated;
            }
        }
        // Delivering a query twice changes nothing, so there the fault could not act.
        if self.route.nature != Nature::Query && self.strike(Kind::DuplicateReply).is_some() {
            reply = self.run(&work, false);
        }
        let commits = matches!(
            self.route.nature,
            Nature::Opening | Nature::Write | Nature::Payment
        );
        let committed = commits && reply.status.is_success();
        if committed && self.strike(Kind::TimeoutAfterCommit).is_some() {
            return hold_then_drop().await;
        }
        reply.respond()
    }

    /// The work itself, once per idempotency key.
    fn run<W>(&self, work: &W, stale: bool) -> Reply
    where
        W: Fn(&mut Books, &Call<'_>) -> Result<Reply, Refused>,
    {
        let now = self.marketing.clock.now();
        let fingerprint = self.fingerprint();
        let mut books = self.marketing.books(now);
        let key = self.idempotency_key();
        let stored = match key.map_or(Ok(None), |key| books.replies.find(key, &fingerprint)) {
            Ok(Some(reply)) if self.route.nature != Nature::Payment => return reply,
            Ok(stored) => stored,
            Err(refused) => return Reply::refused(refused, &self.trace_id),
        };
        let call = Call {
            now,
            fingerprint,
            stored,
            keys: self.keys,
            body: self.body,
            query: self.request.query_string(),
            stale,
        };
        let outcome = work(&mut books, &call);
        let reply = outcome.unwrap_or_else(|refused| Reply::refused(refused, &self.trace_id));
        if let Some(key) = key {
            books.replies.keep(key, fingerprint, &reply);
        }
        reply
    }

    fn fingerprint(&self) -> Fingerprint {
        let head = format!("{} {}\n", self.request.method(), self.request.path());
        let hash = Sha256::new()
            .chain_update(head.as_bytes())
            .chain_update(self.body);
        hash.finalize().into()
    }

    fn strike(&self, kind: Kind) -> Option<Strike> {
        let now = self.marketing.clock.now();
        self.faults.strike(
            now,
            Target::Marketing,
            self.route.template,
            kind,
            &self.named(),
        )
    }

    /// How the fault log names this call: its payment, else its request.
    fn named(&self) -> String {
        let in_path = self
            .request
            .match_info()
            .get("channel_txn_no")
            .map(str::to_owned);
        in_path
            .or_else(|| self.in_body("channel_txn_no"))
            .unwrap_or_else(|| self.trace_id.clone())
    }

    fn consumer_no(&self) -> String {
        let in_path = self.request.match_info().get("no").map(str::to_owned);
        in_path
            .or_else(|| self.in_body("consumer_no"))
            .unwrap_or_default()
    }

    fn in_body(&self, field: &str) -> Option<String> {
        let body: Value = serde_json::from_slice(self.body).ok()?;
        body.get(field)?.as_str().map(str::to_owned)
    }
}

/// The caller's request id, if it is printable enough to be echoed.
pub(crate) fn trace_id(request: &HttpRequest) -> String {
    let sent = request
        .headers()
        .get("X-Request-Id")
        .and_then(|value| value.to_str().ok());
    let sane = |id: &&str| {
        (1..=64).contains(&id.len())
            && id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    sent.filter(sane).unwrap_or("-").to_owned()
}
