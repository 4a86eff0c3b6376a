//! Controls under `/sim/alipay`: taps without a browser, and a look at what Alipay holds.

use std::sync::PoisonError;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::book::{Book, TradeKey};
use super::cashier::{Outcome, TapEnd};
use super::certify::Shown;
use super::failure::{self, Failure};
use super::oauth::Scope;
use super::outbox::Notice;
use super::trade::{Refund, Trade};
use super::yuan::yuan;
use super::{Alipay, SELLER_ID};
use crate::clock::rfc3339;
use crate::people::Person;
use crate::refusal::Refusal;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/sim/alipay/authorize", web::post().to(authorize))
        .route("/sim/alipay/pay", web::post().to(pay))
        .route("/sim/alipay/face", web::post().to(face))
        .route("/sim/alipay/phone", web::post().to(phone))
        .route("/sim/alipay/trades", web::get().to(list_trades))
        .route("/sim/alipay/wallets", web::get().to(list_wallets))
        .route("/sim/alipay/seller", web::post().to(set_seller))
        .route("/sim/alipay/certificates", web::get().to(certificates))
        .route("/sim/alipay/certificates/renew", web::post().to(renew))
        .route("/sim/messages", web::get().to(list_messages));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Authorize {
    person: String,
    scopes: Option<Vec<String>>,
}

async fn authorize(
    alipay: web::Data<Alipay>,
    wanted: web::Json<Authorize>,
) -> Result<HttpResponse, Refusal> {
    let person = alipay.person(&wanted.person)?;
    let scope = match &wanted.scopes {
        None => Scope::USER,
        Some(names) => Scope::widest(names.iter().map(String::as_str)).ok_or_else(|| {
            Refusal::invalid(
                "SCOPE_UNKNOWN",
                "scopes are auth_base, auth_user and id_verify",
            )
        })?,
    };
    let auth_code = alipay
        .allow(person, scope)
        .ok_or_else(|| Refusal::unreachable("NO_RANDOMNESS", "no code could be drawn"))?;
    Ok(HttpResponse::Ok().json(json!({ "auth_code": auth_code })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShowFace {
    certify_id: String,
    person: String,
    /// Whose wallet the page is open in; without it that of whom the merchant asked.
    wallet: Option<String>,
    outcome: Shown,
}

/// What showing a face does; the answer carries what `my.startAPVerify` would report.
async fn face(
    alipay: web::Data<Alipay>,
    wanted: web::Json<ShowFace>,
) -> Result<HttpResponse, Refusal> {
    let person = alipay.person(&wanted.person)?;
    let wallet = match &wanted.wallet {
        Some(handle) => Some(alipay.person(handle)?.person),
        None => None,
    };
    alipay
        .show_face(&wanted.certify_id, person, wallet, wanted.outcome)
        .map_err(|failure| Refusal::conflict(failure.sub_code, failure.sub_msg))?;
    Ok(HttpResponse::Ok().json(json!({ "result_status": "9000" })))
}

/// What `my.getPhoneNumber` would give, once the person allowed it.
async fn phone(
    alipay: web::Data<Alipay>,
    whose: web::Json<Whose>,
) -> Result<HttpResponse, Refusal> {
    let person = alipay.person(&whose.person)?;
    let response = alipay
        .phone_number(person)
        .ok_or_else(|| Refusal::unreachable("NO_CIPHER", "the mobile could not be encrypted"))?;
    Ok(HttpResponse::Ok().json(json!({ "response": response })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pay {
    trade_no: Option<String>,
    out_trade_no: Option<String>,
    outcome: Outcome,
    person: Option<String>,
}

/// What tapping in the cashier does; the answer carries what `my.tradePay` would report.
async fn pay(alipay: web::Data<Alipay>, wanted: web::Json<Pay>) -> Result<HttpResponse, Refusal> {
    let Pay {
        trade_no,
        out_trade_no,
        outcome,
        person,
    } = wanted.into_inner();
    let key = match (trade_no, out_trade_no) {
        (Some(no), None) => TradeKey::TradeNo(no),
        (None, Some(no)) => TradeKey::OutTradeNo(no),
        _ => {
            return Err(Refusal::invalid(
                "TRADE_UNNAMED",
                "give trade_no or out_trade_no",
            ));
        }
    };
    let person = match person {
        Some(handle) => Some(alipay.person(&handle)?.person),
        None => None,
    };
    let tap = alipay.tap(&key, person, outcome).map_err(refused)?;
    let result_code = match tap.end {
        TapEnd::Paid => "9000",
        TapEnd::Insufficient => "4000",
        TapEnd::Cancelled => "6001",
    };
    Ok(HttpResponse::Ok().json(json!({
        "result_code": result_code,
        "out_trade_no": tap.trade.as_ref().map(|t| &t.order.out_trade_no),
        "trade_no": tap.trade.as_ref().map(|t| &t.trade_no),
        "trade_status": tap.trade.as_ref().map(|t| t.status.name()),
    })))
}

fn refused(failure: Failure) -> Refusal {
    if failure == failure::TRADE_NOT_EXIST {
        return Refusal::not_found(
            "TRADE_NOT_EXIST",
            "no such trade, and no payment link with this number was ever opened",
        );
    }
    Refusal::conflict(failure.sub_code, failure.sub_msg)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    out_trade_no: Option<String>,
}

/// Every trade (or the one named), newest first, with its refunds and notices.
async fn list_trades(alipay: web::Data<Alipay>, wanted: web::Query<Wanted>) -> HttpResponse {
    let mut book = alipay.book.lock().unwrap_or_else(PoisonError::into_inner);
    alipay.pass_time(&mut book, alipay.clock.now());
    let named = |t: &&Trade| {
        wanted
            .out_trade_no
            .as_ref()
            .is_none_or(|no| *no == t.order.out_trade_no)
    };
    let items: Vec<Value> = book
        .all()
        .rev()
        .filter(named)
        .map(|t| view(&book, t))
        .collect();
    HttpResponse::Ok().json(items)
}

fn view(book: &Book, trade: &Trade) -> Value {
    let refunds: Vec<Value> = trade.refunds.iter().map(refund_view).collect();
    let notices: Vec<Value> = book
        .outbox
        .of_thread(&trade.trade_no)
        .map(Notice::view)
        .collect();
    json!({
        "trade_no": trade.trade_no,
        "out_trade_no": trade.order.out_trade_no,
        "product_code": trade.order.product.code(),
        "trade_status": trade.status.name(),
        "subject": trade.order.subject,
        "total_amount": yuan(trade.order.total_fen),
        "total_fen": trade.order.total_fen,
        "refunded_fen": trade.refunded_fen(),
        "buyer": trade.buyer,
        "created_at": rfc3339(trade.created_at),
        "expires_at": rfc3339(trade.expires_at),
        "paid_at": trade.paid_at.map(rfc3339),
        "closed_at": trade.closed_at.map(rfc3339),
        "notify_url": trade.order.notify_url,
        "refunds": refunds,
        "notices": notices,
    })
}

fn refund_view(refund: &Refund) -> Value {
    json!({
        "out_request_no": refund.out_request_no,
        "amount_fen": refund.amount_fen,
        "at": rfc3339(refund.at),
    })
}

/// What every wallet paid and the merchant received: the two sides always agree.
async fn list_wallets(alipay: web::Data<Alipay>) -> HttpResponse {
    let book = alipay.book.lock().unwrap_or_else(PoisonError::into_inner);
    let wallets: Vec<Value> = alipay
        .people
        .all()
        .iter()
        .map(|person| {
            let spent = book.spent_fen(person.person);
            let left = person.balance_fen.map(|balance| balance - spent);
            json!({
                "person": person.person,
                "open_id": person.open_id,
                "user_id": person.user_id,
                "id_no": person.id_no,
                "spent_fen": spent,
                "balance_fen": left,
            })
        })
        .collect();
    HttpResponse::Ok().json(json!({
        "wallets": wallets,
        "seller": { "seller_id": SELLER_ID, "received_fen": book.received_fen(), "empty": book.seller_empty },
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seller {
    empty: bool,
}

/// Empties the merchant's account (refunds answer SELLER_BALANCE_NOT_ENOUGH) or fills it again.
async fn set_seller(alipay: web::Data<Alipay>, wanted: web::Json<Seller>) -> HttpResponse {
    let mut book = alipay.book.lock().unwrap_or_else(PoisonError::into_inner);
    book.seller_empty = wanted.empty;
    HttpResponse::Ok().json(json!({ "empty": wanted.empty }))
}

/// The files of certificate mode and the content key, as Alipay's console hands them out.
async fn certificates(alipay: web::Data<Alipay>) -> Result<HttpResponse, Refusal> {
    let known = alipay.certificates().ok_or_else(not_made)?;
    Ok(HttpResponse::Ok().json(known.view(&alipay.keys.content)))
}

/// From now on Alipay signs under a new certificate.
async fn renew(alipay: web::Data<Alipay>) -> Result<HttpResponse, Refusal> {
    let renewed = alipay.certificates().and_then(|known| known.renew());
    let renewed = renewed.ok_or_else(not_made)?;
    Ok(HttpResponse::Ok().json(json!({ "alipay_cert_sn": renewed.sn })))
}

fn not_made() -> Refusal {
    Refusal::unreachable("NO_CERTIFICATES", "the machine could not make keys")
}

#[derive(Deserialize)]
struct Whose {
    person: String,
}

/// Wallet messages. Lifeline sends none through Alipay yet, so every list is empty.
async fn list_messages(
    alipay: web::Data<Alipay>,
    whose: web::Query<Whose>,
) -> Result<HttpResponse, Refusal> {
    alipay.person(&whose.person)?;
    Ok(HttpResponse::Ok().json(Value::Array(Vec::new())))
}

impl Alipay {
    pub(super) fn person(&self, handle: &str) -> Result<&Person, Refusal> {
        let unknown = || Refusal::not_found("PERSON_UNKNOWN", "see GET /sim/people");
        self.people.find(handle).ok_or_else(unknown)
    }
}
