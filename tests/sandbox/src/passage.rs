//! One call of a stand-in that is spoken to by signed JSON: signature, planned faults, and only then
//! its work.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use crate::clock::SimClock;
use crate::faults::{Faults, Kind, Strike, Target, hold_then_drop, leaked_statement};
use crate::hmac_auth::{AuthFailure, Nonces, verify};
use crate::keys::{ChannelKeys, Keys};
use crate::marketing::gate::trace_id;

/// A system outside, and what its calls are held against.
pub(crate) trait StandIn: 'static {
    const TARGET: Target;
    type No: Refusal;

    fn clock(&self) -> &SimClock;
    fn nonces(&self) -> &Nonces;
    fn keys(all: &Keys) -> &ChannelKeys;
}

/// A refused call, in the contract's words.
pub(crate) trait Refusal: From<AuthFailure> {
    fn said(&self) -> (StatusCode, &'static str);

    fn text(&self) -> Cow<'static, str> {
        "请求未被接受".into()
    }

    fn respond(&self, trace_id: &str) -> HttpResponse {
        let (status, code) = self.said();
        HttpResponse::build(status).json(json!({
            "code": code,
            "message_for_user": self.text(),
            "retryable": false,
            "trace_id": trace_id,
        }))
    }
}

/// What every call comes with.
pub(crate) type Asked<S> = (
    HttpRequest,
    web::Bytes,
    web::Data<S>,
    web::Data<Keys>,
    web::Data<Faults>,
);

/// One call on its way.
pub(crate) struct Passage<S> {
    pub(crate) request: HttpRequest,
    pub(crate) body: web::Bytes,
    route: &'static str,
    outside: web::Data<S>,
    keys: web::Data<Keys>,
    faults: web::Data<Faults>,
}

impl<S: StandIn> Passage<S> {
    pub(crate) fn of(
        (request, body, outside, keys, faults): Asked<S>,
        route: &'static str,
    ) -> Self {
        Self {
            request,
            body,
            route,
            outside,
            keys,
            faults,
        }
    }

    fn strike(&self, kind: Kind) -> Option<Strike> {
        let (now, named) = (self.outside.clock().now(), trace_id(&self.request));
        self.faults.strike(now, S::TARGET, self.route, kind, &named)
    }

    pub(crate) async fn answer(
        &self,
        commits: bool,
        work: impl Fn(&S, &ChannelKeys) -> Result<Value, S::No>,
    ) -> HttpResponse {
        let trace = trace_id(&self.request);
        let (keys, now_s) = (S::keys(&self.keys), self.outside.clock().unix_s());
        let nonces = self.outside.nonces();
        if let Err(failure) = verify(&self.request, &self.body, keys, nonces, now_s) {
            return S::No::from(failure).respond(&trace);
        }
        if let Some(held) = self.strike(Kind::Latency) {
            tokio::time::sleep(held.latency()).await;
        }
        if self.strike(Kind::TimeoutBefore).is_some() {
            return hold_then_drop().await;
        }
        if self.strike(Kind::Http500).is_some() {
            return HttpResponse::InternalServerError().finish();
        }
        if self.strike(Kind::LeakSql).is_some() {
            return leaked_statement(&trace);
        }
        let mut answer = work(&self.outside, keys);
        if commits && self.strike(Kind::DuplicateReply).is_some() {
            answer = work(&self.outside, keys);
        }
        if commits && answer.is_ok() && self.strike(Kind::TimeoutAfterCommit).is_some() {
            return hold_then_drop().await;
        }
        match answer {
            Ok(body) => HttpResponse::Ok().json(body),
            Err(no) => no.respond(&trace),
        }
    }
}
