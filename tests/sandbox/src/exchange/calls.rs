//! `/exchange/v1/…`.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::book::{Exchange, Taken};
use crate::clock::SimClock;
use crate::faults::Target;
use crate::hmac_auth::{AuthFailure, Nonces};
use crate::keys::{ChannelKeys, Keys};
use crate::passage::{self, Refusal, StandIn};

/// Offices of one page: few, so that going on is tried.
const PAGE: usize = 2;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/exchange/v1/company/reports", web::post().to(company))
        .route(
            "/exchange/v1/data-centre/reports",
            web::post().to(data_centre),
        )
        .route(
            "/exchange/v1/basic-data/reports",
            web::post().to(basic_data),
        )
        .route("/exchange/v1/data-centre/energy", web::get().to(energy))
        .route("/exchange/v1/offices", web::get().to(offices));
}

/// A refused call, in the contract's words.
pub(crate) enum No {
    Auth(AuthFailure),
    Invalid,
    Conflict,
}

impl Refusal for No {
    fn said(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Auth(failure) => (StatusCode::UNAUTHORIZED, failure.code()),
            Self::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "INVALID"),
            Self::Conflict => (StatusCode::CONFLICT, "IDEMPOTENCY_CONFLICT"),
        }
    }
}

impl From<AuthFailure> for No {
    fn from(failure: AuthFailure) -> Self {
        Self::Auth(failure)
    }
}

impl StandIn for Exchange {
    const TARGET: Target = Target::Exchange;
    type No = No;

    fn clock(&self) -> &SimClock {
        &self.clock
    }

    fn nonces(&self) -> &Nonces {
        &self.nonces
    }

    fn keys(all: &Keys) -> &ChannelKeys {
        &all.exchange
    }
}

type Asked = passage::Asked<Exchange>;
type Passage = passage::Passage<Exchange>;

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
    let of_day = words.get("day").and_then(Value::as_str) == Some(sent.day.as_str());
    if digest != sent.digest || !of_day {
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
    let passage = Passage::of(asked, "POST /company/reports");
    passage
        .answer(true, |exchange, _| take(exchange, "company", &passage.body))
        .await
}

async fn data_centre(asked: Asked) -> HttpResponse {
    let passage = Passage::of(asked, "POST /data-centre/reports");
    passage
        .answer(true, |exchange, _| {
            take(exchange, "data-centre", &passage.body)
        })
        .await
}

async fn basic_data(asked: Asked) -> HttpResponse {
    let passage = Passage::of(asked, "POST /basic-data/reports");
    passage
        .answer(true, |exchange, _| {
            take(exchange, "basic-data", &passage.body)
        })
        .await
}

#[derive(Deserialize)]
struct OfDay {
    day: Date,
}

/// What an office had of a day: another figure each day, and a little more supplied than used.
fn energy_of(org_no: &str, day: Date) -> Value {
    let number: i64 = org_no.parse().unwrap_or(0);
    let used = number * 1_000 + i64::from(day.day()) * 100;
    let supplied = used + used / 20;
    json!({"org_no": org_no, "supplied_kwh": format!("{supplied}.5"), "used_kwh": used.to_string()})
}

/// A day is added up when it is over.
async fn energy(asked: Asked) -> HttpResponse {
    let passage = Passage::of(asked, "GET /data-centre/energy");
    passage
        .answer(false, |exchange, _| {
            let asked = web::Query::<OfDay>::from_query(passage.request.query_string());
            let day = asked.map_err(|_| No::Invalid)?.into_inner().day;
            let over = day < exchange.clock.today();
            let book = exchange.book();
            let numbers = book.offices.keys().filter(|_| over);
            let offices: Value = numbers.map(|no| energy_of(no, day)).collect();
            Ok(json!({"day": day.to_string(), "offices": offices}))
        })
        .await
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: String,
}

async fn offices(asked: Asked) -> HttpResponse {
    let passage = Passage::of(asked, "GET /offices");
    passage
        .answer(false, |exchange, _| {
            let from = web::Query::<After>::from_query(passage.request.query_string());
            let after = from.map_err(|_| No::Invalid)?.into_inner().after;
            let book = exchange.book();
            let rest: Vec<(&String, &String)> =
                book.offices.iter().filter(|(no, _)| **no > after).collect();
            let page = rest.get(..PAGE.min(rest.len())).unwrap_or_default();
            let items: Value = page
                .iter()
                .map(|(no, name)| json!({"org_no": no, "name": name}))
                .collect();
            let more = rest.len() > page.len();
            let next = page.last().filter(|_| more).map(|(no, _)| *no);
            Ok(json!({"offices": items, "next": next}))
        })
        .await
}
