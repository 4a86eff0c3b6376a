//! `/exchange/v1/…`.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::book::{Exchange, Taken};
use crate::faults::{Faults, Kind, Target, hold_then_drop, leaked_statement};
use crate::hmac_auth::{AuthFailure, verify};
use crate::keys::Keys;
use crate::marketing::gate::trace_id;

/// Offices of one page: few, so that going on is tried.
const PAGE: usize = 2;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/exchange/v1/company/reports", web::post().to(company))
        .route(
            "/exchange/v1/data-centre/reports",
            web::post().to(data_centre),
        )
        .route("/exchange/v1/offices", web::get().to(offices));
}

/// A refused call, in the contract's words.
enum No {
    Auth(AuthFailure),
    Invalid,
    Conflict,
}

impl No {
    fn respond(&self, trace_id: &str) -> HttpResponse {
        let (status, code) = match self {
            Self::Auth(failure) => (StatusCode::UNAUTHORIZED, failure.code()),
            Self::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "INVALID"),
            Self::Conflict => (StatusCode::CONFLICT, "IDEMPOTENCY_CONFLICT"),
        };
        HttpResponse::build(status).json(json!({
            "code": code,
            "message_for_user": "请求未被接受",
            "retryable": false,
            "trace_id": trace_id,
        }))
    }
}

type Asked = (
    HttpRequest,
    web::Bytes,
    web::Data<Exchange>,
    web::Data<Keys>,
    web::Data<Faults>,
);

/// One call on its way: signature, planned faults, and only then its work.
async fn answer(
    (request, body, exchange, keys, faults): Asked,
    route: &'static str,
    commits: bool,
    work: impl Fn(&Exchange, &HttpRequest, &[u8]) -> Result<Value, No>,
) -> HttpResponse {
    let trace = trace_id(&request);
    let (now, now_s) = (exchange.clock.now(), exchange.clock.unix_s());
    if let Err(failure) = verify(&request, &body, &keys.exchange, &exchange.nonces, now_s) {
        return No::Auth(failure).respond(&trace);
    }
    let strike = |kind| faults.strike(now, Target::Exchange, route, kind, &trace);
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
        return leaked_statement(&trace);
    }
    let mut answered = work(&exchange, &request, &body);
    if commits && strike(Kind::DuplicateReply).is_some() {
        answered = work(&exchange, &request, &body);
    }
    if commits && answered.is_ok() && strike(Kind::TimeoutAfterCommit).is_some() {
        return hold_then_drop().await;
    }
    match answered {
        Ok(body) => HttpResponse::Ok().json(body),
        Err(no) => no.respond(&trace),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    day: String,
    digest: String,
    report: String,
}

/// Takes a report once; its words must be what its digest says, and the same at every repeat.
fn take(exchange: &Exchange, to: &str, body: &[u8]) -> Result<Value, No> {
    let sent: Report = serde_json::from_slice(body).map_err(|_| No::Invalid)?;
    let words: Value = serde_json::from_str(&sent.report).map_err(|_| No::Invalid)?;
    let digest = hex::encode(Sha256::digest(sent.report.as_bytes()));
    if digest != sent.digest || words["day"] != sent.day.as_str() {
        return Err(No::Invalid);
    }
    let mut book = exchange.book();
    let number = format!(
        "{to}-{}-{}",
        sent.day.replace('-', ""),
        book.reports.len() + 1
    );
    let taken = book
        .reports
        .entry((to.to_owned(), sent.day))
        .or_insert(Taken {
            digest: digest.clone(),
            report: sent.report,
            receipt_no: number,
            sends: 0,
        });
    if taken.digest != digest {
        return Err(No::Conflict);
    }
    taken.sends += 1;
    Ok(json!({"receipt_no": taken.receipt_no, "digest": taken.digest}))
}

async fn company(asked: Asked) -> HttpResponse {
    answer(asked, "POST /company/reports", true, |exchange, _, body| {
        take(exchange, "company", body)
    })
    .await
}

async fn data_centre(asked: Asked) -> HttpResponse {
    answer(
        asked,
        "POST /data-centre/reports",
        true,
        |exchange, _, body| take(exchange, "data-centre", body),
    )
    .await
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: String,
}

async fn offices(asked: Asked) -> HttpResponse {
    answer(asked, "GET /offices", false, |exchange, request, _| {
        let from = web::Query::<After>::from_query(request.query_string());
        let after = from.map_err(|_| No::Invalid)?.into_inner().after;
        let book = exchange.book();
        let rest: Vec<(&String, &String)> =
            book.offices.iter().filter(|(no, _)| **no > after).collect();
        let page = rest.iter().take(PAGE);
        let items: Value = page
            .clone()
            .map(|(no, name)| json!({"org_no": no, "name": name}))
            .collect();
        let next = (rest.len() > PAGE).then(|| page.last().map(|(no, _)| *no));
        Ok(json!({"offices": items, "next": next.flatten()}))
    })
    .await
}
