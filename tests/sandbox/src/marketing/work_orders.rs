//! `/mkt/v1/work-orders`: what households ask beside paying, and a clerk's desk for testers.
//!
//! | control | what |
//! |---|---|
//! | `GET /sim/marketing/work-orders` | every order as the clerk reads it |
//! | `POST /sim/marketing/work-orders/{no}` `{state, note?}` | the clerk moves an order on; an application that is resolved opens its user |

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clock::rfc3339;
use crate::refusal::Refusal;

use super::account::Account;
use super::archive::{Holder, is_mobile, is_resident_id};
use super::desk::{Books, Marketing, Reply};
use super::gate::{Call, Nature, Route, answer};
use super::opening::opened;
use super::refused::Refused;

/// Somebody is to be opened as a user: the only kind that says who.
const OPEN_USER: &str = "OPEN_USER";

const KINDS: [&str; 5] = [
    "REPORT_ILLEGAL_USE",
    "FEEDBACK",
    "BILL_DISPUTE",
    "WRONG_PAYMENT",
    OPEN_USER,
];

/// How far the clerk has come with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum State {
    Accepted,
    UnderWay,
    Resolved,
    Declined,
}

#[derive(Debug, Clone)]
struct Order {
    request_no: String,
    kind: String,
    text: String,
    place: Option<String>,
    /// The account it is about; of an application, the one that was opened.
    consumer_no: Option<String>,
    payment_id: Option<String>,
    anonymous: bool,
    /// Name and ID number, and the phone, of who is to be opened.
    applicant: Option<((String, String), String)>,
    taken_at: Timestamp,
    state: State,
    /// The clerk's own words; no business of the household's.
    note: String,
}

impl Order {
    /// The account that an application comes to, the `n`th the utility has; `None` for any other order.
    fn opens(&self, n: usize, now: Timestamp) -> Option<Account> {
        let ((name, id_no), mobile) = self.applicant.clone()?;
        let holder = Holder {
            name,
            id_no: Some(id_no),
            mobile: Some(mobile),
        };
        Some(opened(
            n,
            holder,
            self.place.as_deref().unwrap_or_default(),
            now,
        ))
    }
}

/// The orders by their numbers.
#[derive(Debug, Default)]
pub(super) struct WorkOrders(BTreeMap<String, Order>);

impl WorkOrders {
    fn take(&mut self, order: Order) -> (String, State) {
        let known = self
            .0
            .iter()
            .find(|(_, there)| there.request_no == order.request_no);
        if let Some((no, there)) = known {
            return (no.clone(), there.state);
        }
        let no = format!("WO{:08}", self.0.len().saturating_add(1));
        let state = order.state;
        self.0.insert(no.clone(), order);
        (no, state)
    }
}

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/work-orders", web::post().to(file))
        .route("/work-orders/{no}", web::get().to(look));
}

pub(super) fn controls(cfg: &mut web::ServiceConfig) {
    cfg.route("/work-orders", web::get().to(list))
        .route("/work-orders/{no}", web::post().to(move_on));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderRequest {
    request_no: String,
    kind: String,
    text_enc: String,
    place_enc: Option<String>,
    consumer_no: Option<String>,
    payment_id: Option<String>,
    anonymous: bool,
    name_enc: Option<String>,
    id_no_enc: Option<String>,
    mobile_enc: Option<String>,
    #[serde(rename = "filed_at")]
    _filed_at: String,
}

impl OrderRequest {
    fn order(self, call: &Call<'_>) -> Result<Order, Refused> {
        if !KINDS.contains(&self.kind.as_str()) {
            return Err(Refused::Invalid("kind"));
        }
        let named = [&self.name_enc, &self.id_no_enc, &self.mobile_enc];
        let opens = self.kind == OPEN_USER;
        if named.iter().any(|part| part.is_some() != opens) || (opens && self.anonymous) {
            return Err(Refused::Invalid("applicant"));
        }
        let part = |field: &'static str, sealed: &Option<String>| {
            sealed.as_ref().map(|one| call.open(field, one)).transpose()
        };
        let name = part("name_enc", &self.name_enc)?;
        let id_no = part("id_no_enc", &self.id_no_enc)?;
        let mobile = part("mobile_enc", &self.mobile_enc)?;
        if id_no.as_deref().is_some_and(|no| !is_resident_id(no))
            || mobile.as_deref().is_some_and(|no| !is_mobile(no))
        {
            return Err(Refused::Invalid("applicant"));
        }
        let place = self.place_enc.map(|place| call.open("place_enc", &place));
        Ok(Order {
            text: call.open("text_enc", &self.text_enc)?,
            place: place.transpose()?,
            request_no: self.request_no,
            kind: self.kind,
            consumer_no: self.consumer_no,
            payment_id: self.payment_id,
            anonymous: self.anonymous,
            applicant: name.zip(id_no).zip(mobile),
            taken_at: call.now,
            state: State::Accepted,
            note: String::new(),
        })
    }
}

async fn file(request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let route = Route {
        template: "POST /work-orders",
        nature: Nature::Write,
    };
    answer(request, body, route, |books, call| {
        let order = call.json::<OrderRequest>()?.order(call)?;
        if let Some(no) = &order.consumer_no {
            books.ledger.account(no)?;
        }
        let (order_no, state) = books.work_orders.take(order);
        Ok(Reply::ok(json!({ "order_no": order_no, "state": state })))
    })
    .await
}

async fn look(request: HttpRequest, body: web::Bytes, no: web::Path<String>) -> HttpResponse {
    let route = Route {
        template: "GET /work-orders/{no}",
        nature: Nature::Query,
    };
    answer(request, body, route, |books, _| {
        let order = books.work_orders.0.get(no.as_str());
        let order = order.ok_or(Refused::Invalid("order_no"))?;
        Ok(Reply::ok(json!({
            "order_no": *no,
            "state": order.state,
            "clerk_note": order.note,
        })))
    })
    .await
}

async fn list(marketing: web::Data<Marketing>) -> HttpResponse {
    let books = marketing.books(marketing.clock.now());
    let orders: Vec<_> = books
        .work_orders
        .0
        .iter()
        .map(|(no, order)| {
            json!({
                "order_no": no,
                "request_no": order.request_no,
                "kind": order.kind,
                "text": order.text,
                "place": order.place,
                "consumer_no": order.consumer_no,
                "payment_id": order.payment_id,
                "anonymous": order.anonymous,
                "applicant": order.applicant.as_ref().map(|((name, id_no), mobile)| {
                    json!({ "name": name, "id_no": id_no, "mobile": mobile })
                }),
                "taken_at": rfc3339(order.taken_at),
                "state": order.state,
            })
        })
        .collect();
    HttpResponse::Ok().json(json!({ "items": orders }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveRequest {
    state: State,
    #[serde(default)]
    note: String,
}

async fn move_on(
    marketing: web::Data<Marketing>,
    no: web::Path<String>,
    wanted: web::Json<MoveRequest>,
) -> Result<HttpResponse, Refusal> {
    let now = marketing.clock.now();
    let mut books = marketing.books(now);
    let Books {
        work_orders,
        ledger,
        ..
    } = &mut *books;
    let order = work_orders.0.get_mut(no.as_str());
    let order = order
        .ok_or_else(|| Refusal::not_found("NO_SUCH_ORDER", "no work order has this number"))?;
    order.state = wanted.state;
    order.note.clone_from(&wanted.note);
    if order.state == State::Resolved && order.consumer_no.is_none() {
        let account = order.opens(ledger.accounts().count(), now);
        order.consumer_no = account.map(|account| ledger.open_account(account));
    }
    Ok(HttpResponse::Ok().json(json!({ "order_no": *no, "state": order.state })))
}
