//! `/mkt/v1/payments/…`, `/mkt/v1/capabilities` and `/mkt/v1/reconciliations/…`: posting, looking, fencing,
//! reversing, refunding, and what a day's file says.

use std::cmp::Reverse;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::calendar::{CUTOFF_TEXT, business_date, day, exact};
use super::desk::{Books, Reply};
use super::gate::{Call, Nature, Route, answer};
use super::posting::{Allocation, Booking, Order, Posting, PostingState, Purpose, Share};
use super::refused::Refused;

/// The largest single payment, in fen: one million yuan.
const AMOUNT_FEN_MAX: i64 = 100_000_000;
/// How far ahead of this clock a payment may claim to lie.
const PAID_AT_AHEAD_MAX: SignedDuration = SignedDuration::from_mins(5);
const NUMBER_LEN_MAX: usize = 64;
/// The most payments of a home one call returns.
const PAID_MAX: usize = 200;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/capabilities", web::get().to(capabilities))
        .route("/consumers/{no}/payments", web::get().to(paid))
        .route("/payments", web::post().to(post_payment))
        .route("/payments/{channel_txn_no}", web::get().to(get_payment))
        .route("/payments/{channel_txn_no}/fence", web::post().to(fence))
        .route(
            "/payments/{channel_txn_no}/reversal",
            web::post().to(reverse),
        )
        .route("/payments/{channel_txn_no}/refunds", web::post().to(refund))
        .route(
            "/reconciliations/{date}/postings/{channel_txn_no}",
            web::get().to(filed),
        );
}

async fn capabilities(request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let route = Route {
        template: "GET /capabilities",
        nature: Nature::Query,
    };
    answer(request, body, route, |_, call| {
        Ok(Reply::ok(json!({
            "fence": true,
            "refund_vouchers": true,
            "business_date": business_date(call.now),
            "cutoff_time": CUTOFF_TEXT,
        })))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PaidRange {
    from: Date,
    to: Date,
}

/// What was paid for a home, wherever and by whomever, as it is booked.
async fn paid(request: HttpRequest, body: web::Bytes, no: web::Path<String>) -> HttpResponse {
    let route = Route {
        template: "GET /consumers/{no}/payments",
        nature: Nature::Query,
    };
    answer(request, body, route, |books, call| {
        let PaidRange { from, to } = call.query()?;
        if from > to {
            return Err(Refused::Invalid("from"));
        }
        let ledger = &books.ledger;
        let as_of = call.view(ledger.account(&no)?).as_of;
        let before = ledger.paid_before(&no).iter().map(|paid| {
            let number = format!("MB{}", paid.receivable_id);
            (paid.paid_at, number, paid.amount_fen, "BANK")
        });
        let postings = ledger.postings_of(&no).into_iter().map(|posting| {
            let number = posting.mkt_txn_no.clone();
            let at = posting.order.paid_at;
            (at, number, posting.net_fen(), posting.channel())
        });
        let mut all: Vec<_> = before.chain(postings).collect();
        all.retain(|(at, _, fen, _)| *fen > 0 && *at <= as_of && (from..=to).contains(&day(*at)));
        all.sort_by_key(|(at, number, ..)| Reverse((*at, number.clone())));
        let items = all.into_iter().take(PAID_MAX);
        let items = items.map(|(at, number, fen, channel)| {
            json!({ "mkt_txn_no": number, "paid_at": exact(at), "amount_fen": fen, "channel": channel })
        });
        let items: Value = items.collect();
        Ok(Reply::ok(json!({ "items": items, "as_of": exact(as_of) })))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PaymentRequest {
    channel_txn_no: String,
    consumer_no: String,
    amount_fen: i64,
    paid_at: Timestamp,
    purpose: Purpose,
    arrears_version: Option<String>,
    allocations: Option<Vec<Share>>,
}

impl PaymentRequest {
    fn order(self, call: &Call<'_>) -> Result<Order, Refused> {
        check_number(&self.channel_txn_no, "channel_txn_no")?;
        check_amount(self.amount_fen)?;
        if self.paid_at.duration_since(call.now) > PAID_AT_AHEAD_MAX {
            return Err(Refused::Invalid("paid_at"));
        }
        Ok(Order {
            channel_txn_no: self.channel_txn_no,
            consumer_no: self.consumer_no,
            amount_fen: self.amount_fen,
            paid_at: self.paid_at,
            purpose: self.purpose,
            arrears_version: self.arrears_version,
            allocations: self.allocations,
            fingerprint: call.fingerprint,
        })
    }
}

/// Numbers of the channel: letters, digits, underscore.
fn check_number(number: &str, field: &'static str) -> Result<(), Refused> {
    let plain = number
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if plain && (1..=NUMBER_LEN_MAX).contains(&number.len()) {
        Ok(())
    } else {
        Err(Refused::Invalid(field))
    }
}

fn check_amount(amount_fen: i64) -> Result<(), Refused> {
    if (1..=AMOUNT_FEN_MAX).contains(&amount_fen) {
        Ok(())
    } else {
        Err(Refused::Invalid("amount_fen"))
    }
}

async fn post_payment(request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let route = Route {
        template: "POST /payments",
        nature: Nature::Payment,
    };
    answer(request, body, route, |books, call| {
        let order = call.json::<PaymentRequest>()?.order(call)?;
        let number = order.channel_txn_no.as_str();
        let known =
            books.ledger.posting(number).is_some() || books.ledger.fence_of(number).is_some();
        // A refusal already given stays the answer of its key until the number itself has a fate.
        if let Some(stored) = call.stored.as_ref().filter(|_| !known) {
            return Ok(stored.clone());
        }
        let presented = books.ledger.post(order, call.now)?;
        Ok(posted_reply(presented.posting, presented.repeated))
    })
    .await
}

fn posted_reply(posting: &Posting, repeated: bool) -> Reply {
    let Some(booking) = &posting.booking else {
        return Reply {
            status: StatusCode::ACCEPTED,
            body: json!({ "state": posting.state() }),
        };
    };
    let status = if repeated {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    let shares = booking.spread.allocations.iter().map(share_view);
    let mut body = posting_view(posting, Some(booking));
    if let Some(fields) = body.as_object_mut() {
        fields.insert("allocations".into(), shares.collect());
        fields.insert("prepaid_fen".into(), booking.spread.prepaid_fen.into());
    }
    Reply { status, body }
}

pub(super) fn share_view(allocation: &Allocation) -> Value {
    json!({ "receivable_id": allocation.receivable_id, "amount_fen": allocation.amount_fen() })
}

fn posting_view(posting: &Posting, booking: Option<&Booking>) -> Value {
    let mut view = json!({
        "state": posting.state(),
        "mkt_txn_no": posting.mkt_txn_no,
        "consumer_no": posting.order.consumer_no,
        "amount_fen": posting.order.amount_fen,
        "paid_at": exact(posting.order.paid_at),
    });
    if let (Some(fields), Some(booking)) = (view.as_object_mut(), booking) {
        fields.insert("business_date".into(), json!(booking.business_date));
        fields.insert("posted_at".into(), json!(exact(booking.posted_at)));
    }
    view
}

async fn get_payment(
    request: HttpRequest,
    body: web::Bytes,
    number: web::Path<String>,
) -> HttpResponse {
    let route = Route {
        template: "GET /payments/{channel_txn_no}",
        nature: Nature::Query,
    };
    answer(request, body, route, |books, call| {
        // An outdated copy is one from before this number was known.
        let posting = books.ledger.posting(&number).filter(|_| !call.is_stale());
        let fenced = books.ledger.fence_of(&number).is_some() && !call.is_stale();
        let mut view = match posting {
            Some(posting) => posting_view(posting, posting.booking.as_ref()),
            None => json!({ "state": "NOT_FOUND" }),
        };
        if let Some(fields) = view.as_object_mut() {
            fields.insert("fenced".into(), fenced.into());
        }
        Ok(Reply::ok(view))
    })
    .await
}

/// What the daily file of a business date says of one number: the file is made when the date is over, and
/// names what was booked on it, also when it was taken back since.
async fn filed(
    request: HttpRequest,
    body: web::Bytes,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    let route = Route {
        template: "GET /reconciliations/{date}/postings/{channel_txn_no}",
        nature: Nature::Query,
    };
    answer(request, body, route, |books, call| {
        let (date, number) = &*path;
        let date: Date = date.parse().map_err(|_| Refused::Invalid("date"))?;
        let booking = books
            .ledger
            .posting(number)
            .and_then(|posting| posting.booking.as_ref());
        let named = booking.is_some_and(|booking| booking.business_date == date);
        Ok(Reply::ok(json!({
            "business_date": date,
            "channel_txn_no": number,
            "closed": date < business_date(call.now),
            "named": named,
        })))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

async fn fence(request: HttpRequest, body: web::Bytes, number: web::Path<String>) -> HttpResponse {
    let route = Route {
        template: "POST /payments/{channel_txn_no}/fence",
        nature: Nature::Write,
    };
    answer(request, body, route, |books, call| {
        let Nothing {} = call.json()?;
        check_number(&number, "channel_txn_no")?;
        let fenced = books.ledger.fence(&number, call.now);
        let state = books.ledger.posting(&number).map(Posting::state);
        let state = state.map_or(json!("NOT_FOUND"), |state| json!(state));
        Ok(Reply::ok(json!({ "state": state, "fenced": fenced })))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReversalRequest {
    reversal_no: String,
    reason: String,
}

async fn reverse(
    request: HttpRequest,
    body: web::Bytes,
    number: web::Path<String>,
) -> HttpResponse {
    let route = Route {
        template: "POST /payments/{channel_txn_no}/reversal",
        nature: Nature::Write,
    };
    answer(request, body, route, |books, call| {
        let wanted: ReversalRequest = call.json()?;
        check_number(&wanted.reversal_no, "reversal_no")?;
        if !(1..=200).contains(&wanted.reason.chars().count()) {
            return Err(Refused::Invalid("reason"));
        }
        books
            .ledger
            .reverse(&number, &wanted.reversal_no, call.now)?;
        Ok(Reply::ok(json!({
            "state": PostingState::Reversed,
            "reversal_no": wanted.reversal_no,
        })))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundRequest {
    refund_no: String,
    amount_fen: i64,
}

async fn refund(request: HttpRequest, body: web::Bytes, number: web::Path<String>) -> HttpResponse {
    // Its repeats are answered from the books: a pending voucher gets decided between two asks.
    let route = Route {
        template: "POST /payments/{channel_txn_no}/refunds",
        nature: Nature::Payment,
    };
    answer(request, body, route, |books, call| {
        let wanted: RefundRequest = call.json()?;
        check_number(&wanted.refund_no, "refund_no")?;
        check_amount(wanted.amount_fen)?;
        voucher(books, &number, &wanted, call.now)
    })
    .await
}

fn voucher(
    books: &mut Books,
    number: &str,
    wanted: &RefundRequest,
    now: Timestamp,
) -> Result<Reply, Refused> {
    let refund = books
        .ledger
        .refund(number, &wanted.refund_no, wanted.amount_fen, now)?;
    Ok(Reply::ok(json!(refund)))
}
