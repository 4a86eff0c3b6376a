//! `/sms/v1/messages`, and the tester's look into an inbox at `/sim/sms`.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::faults::{Faults, Kind, Strike, Target, hold_then_drop, leaked_statement};
use crate::hmac_auth::{AuthFailure, verify};
use crate::keys::{ChannelKeys, Keys};
use crate::marketing::archive::is_mobile;
use crate::marketing::gate::trace_id;

use super::inbox::{Handed, Message, Sms};
use super::template::{Unrenderable, render};

/// The route as faults name it.
const ROUTE: &str = "POST /messages";
const MESSAGE_ID_LEN_MAX: usize = 64;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/sms/v1/messages", web::post().to(post_message))
        .route("/sim/sms", web::get().to(list_messages));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageRequest {
    message_id: String,
    phone_enc: String,
    template_id: String,
    params: BTreeMap<String, String>,
    sign_name: String,
}

/// A refused message, in the contract's words.
#[derive(Debug, Clone, Copy)]
enum Refused {
    Auth(AuthFailure),
    Conflict,
    Invalid(&'static str),
}

impl Refused {
    fn respond(self, trace_id: &str) -> HttpResponse {
        let (status, code, text) = match self {
            Self::Auth(failure) => (
                StatusCode::UNAUTHORIZED,
                failure.code(),
                "渠道验签失败".into(),
            ),
            Self::Conflict => (
                StatusCode::CONFLICT,
                "IDEMPOTENCY_CONFLICT",
                "相同短信编号的内容不一致".into(),
            ),
            Self::Invalid(part) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "INVALID",
                format!("请求内容有误：{part}"),
            ),
        };
        HttpResponse::build(status).json(json!({
            "code": code,
            "message_for_user": text,
            "retryable": false,
            "trace_id": trace_id,
        }))
    }
}

async fn post_message(
    request: HttpRequest,
    body: web::Bytes,
    sms: web::Data<Sms>,
    keys: web::Data<Keys>,
    faults: web::Data<Faults>,
) -> HttpResponse {
    let trace = trace_id(&request);
    let now_s = sms.clock.unix_s();
    if let Err(failure) = verify(&request, &body, &keys.sms, &sms.nonces, now_s) {
        return Refused::Auth(failure).respond(&trace);
    }
    let key = request
        .headers()
        .get("Idempotency-Key")
        .and_then(|key| key.to_str().ok());
    let message = match read(&sms, &keys.sms, key, &body) {
        Ok(message) => message,
        Err(refused) => return refused.respond(&trace),
    };
    let strike = |kind| strike(&sms, &faults, kind, &message.message_id);
    if let Some(held) = strike(Kind::Latency) {
        tokio::time::sleep(held.latency()).await;
    }
    if strike(Kind::TimeoutBefore).is_some() {
        return hold_then_drop().await;
    }
    if strike(Kind::Http500).is_some() {
        return HttpResponse::InternalServerError().finish();
    }
    if strike(Kind::LeakSql).is_some() {
        return leaked_statement(&message.phone);
    }
    let mut handed = sms.hand_in(message.clone());
    if strike(Kind::DuplicateReply).is_some() {
        handed = sms.hand_in(message.clone());
    }
    if handed == Handed::Conflict {
        return Refused::Conflict.respond(&trace);
    }
    if strike(Kind::TimeoutAfterCommit).is_some() {
        return hold_then_drop().await;
    }
    HttpResponse::Accepted().json(json!({ "message_id": message.message_id, "state": "ACCEPTED" }))
}

fn strike(sms: &Sms, faults: &Faults, kind: Kind, message_id: &str) -> Option<Strike> {
    faults.strike(sms.clock.now(), Target::Sms, ROUTE, kind, message_id)
}

/// The message a request stands for.
fn read(
    sms: &Sms,
    keys: &ChannelKeys,
    idempotency_key: Option<&str>,
    body: &[u8],
) -> Result<Message, Refused> {
    let wanted: MessageRequest =
        serde_json::from_slice(body).map_err(|_| Refused::Invalid("body"))?;
    let id = wanted.message_id.as_str();
    let plain = id
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if !plain || !(1..=MESSAGE_ID_LEN_MAX).contains(&id.len()) {
        return Err(Refused::Invalid("message_id"));
    }
    if idempotency_key != Some(id) {
        return Err(Refused::Invalid("Idempotency-Key"));
    }
    let phone = keys
        .open("phone_enc", &wanted.phone_enc)
        .filter(|phone| is_mobile(phone));
    let text = render(&wanted.template_id, &wanted.sign_name, &wanted.params)
        .map_err(|Unrenderable(part)| Refused::Invalid(part))?;
    Ok(Message {
        phone: phone.ok_or(Refused::Invalid("phone_enc"))?,
        message_id: wanted.message_id,
        template_id: wanted.template_id,
        text,
        at: sms.clock.now(),
        fingerprint: Sha256::digest(body).into(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InboxQuery {
    phone: String,
}

/// Oldest first.
async fn list_messages(sms: web::Data<Sms>, query: web::Query<InboxQuery>) -> HttpResponse {
    let items: Value = sms.inbox(&query.phone).iter().map(Message::view).collect();
    HttpResponse::Ok().json(items)
}
