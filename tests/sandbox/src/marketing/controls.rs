//! `/sim/marketing/…`: what a tester may see and do at the utility's side.
//!
//! | control | what |
//! |---|---|
//! | `GET consumers` · `GET consumers/{no}` | everybody in one line · one account whole: archive (masked), receivables, postings, fences |
//! | `GET audit` | whether every account holds what its postings brought |
//! | `GET tariffs` | the dated rows and where they come from |
//! | `POST transfer-of-holder` `{consumer_no, person}` | the contract passes to a demo person |
//! | `POST close-account` · `POST reopen-account` `{consumer_no}` | the contract ends · goes on after all |
//! | `POST misprint-bill` `{consumer_no}` | the newest bill states another reading than it was made of |
//! | `POST counter-payment` `{consumer_no, amount_fen}` | somebody pays at the hall |
//! | `GET generators` · `POST end-cooperation` · `POST renew-contract` `{generation_no}` · `POST change-payee` `{generation_no, trading_account}` | who sells power · the contract ends · a new one runs · they are paid elsewhere |
//! | `POST outage` `{on}` | every contract call answers 503 |
//! | `POST posting-delay` `{delay_s}` | payments stay PROCESSING so long |
//! | `POST refund-policy` `{policy: approved, pending or refused}` | how vouchers are answered; also decides the pending ones |

use actix_web::{HttpResponse, web};
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::rfc3339;
use crate::people::People;
use crate::refusal::Refusal;

use super::account::{Account, Receivable, View};
use super::archive::{Holder, Status};
use super::calendar::{Period, day, exact};
use super::desk::{Books, Marketing};
use super::ledger::RefundPolicy;
use super::payment_calls::share_view;
use super::posting::{Order, Posting, Purpose};

/// The longest a posting can be told to take: two days.
const DELAY_S_MAX: i64 = 2 * 24 * 3600;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/consumers", web::get().to(list_consumers))
        .route("/consumers/{no}", web::get().to(show_consumer))
        .configure(super::generators::controls)
        .route("/audit", web::get().to(audit))
        .route("/tariffs", web::get().to(list_tariffs))
        .route("/transfer-of-holder", web::post().to(transfer_of_holder))
        .route("/close-account", web::post().to(close_account))
        .route("/reopen-account", web::post().to(reopen_account))
        .route("/misprint-bill", web::post().to(misprint_bill))
        .route("/counter-payment", web::post().to(counter_payment))
        .route("/outage", web::post().to(set_outage))
        .route("/refund-policy", web::post().to(set_refund_policy))
        .route("/posting-delay", web::post().to(set_posting_delay));
}

fn unknown_consumer() -> Refusal {
    Refusal::not_found("NO_SUCH_CONSUMER", "no consumer has this number")
}

async fn list_consumers(marketing: web::Data<Marketing>) -> HttpResponse {
    let now = marketing.clock.now();
    let books = marketing.books(now);
    let items: Value = books
        .ledger
        .accounts()
        .map(|account| summary(account, now))
        .collect();
    HttpResponse::Ok().json(json!({ "items": items }))
}

fn summary(account: &Account, now: Timestamp) -> Value {
    let view = View::at(now);
    json!({
        "consumer_no": account.archive.consumer_no,
        "status": account.archive.status.as_str(),
        "pay_mode": account.archive.pay_mode.as_str(),
        "category": account.archive.category.as_str(),
        "tariff_code": account.archive.tariff_code,
        "bills_due": account.due(view).len(),
        "due_fen": account.due_total_fen(view),
        "prepaid_fen": account.prepaid_fen(now),
    })
}

async fn show_consumer(
    marketing: web::Data<Marketing>,
    no: web::Path<String>,
) -> Result<HttpResponse, Refusal> {
    let now = marketing.clock.now();
    let books = marketing.books(now);
    let account = books.ledger.account(&no).map_err(|_| unknown_consumer())?;
    Ok(HttpResponse::Ok().json(full_view(&books, account, now)))
}

fn full_view(books: &Books, account: &Account, now: Timestamp) -> Value {
    let view = View::at(now);
    let no = &account.archive.consumer_no;
    let receivables = account.receivables.iter().map(|r| receivable_view(r, view));
    let postings = books.ledger.postings_of(no).into_iter().map(posting_view);
    let fences = books.ledger.fences_of(no).into_iter().map(|(number, fence)| {
        json!({ "channel_txn_no": number, "fenced_at": rfc3339(fence.fenced_at) })
    });
    json!({
        "consumer_no": no,
        "archive": archive_view(books, account, view),
        "receivables": receivables.collect::<Value>(),
        "postings": postings.collect::<Value>(),
        "due_fen": account.due_total_fen(view),
        "prepaid_fen": account.prepaid_fen(now),
        "fences": fences.collect::<Value>(),
        "as_of": rfc3339(now),
    })
}

fn archive_view(books: &Books, account: &Account, view: View) -> Value {
    let archive = &account.archive;
    let row = books.tariffs.at(archive.tariff_code, Period::of(view.on));
    json!({
        "holder_masked": archive.holder_masked(),
        "address_masked": archive.address_masked(),
        "holder_version": archive.holder_version,
        "holder_since": archive.holder_since,
        "real_name": archive.real_name(),
        "has_mobile": archive.holder.mobile.is_some(),
        "status": archive.status.as_str(),
        "pay_mode": archive.pay_mode.as_str(),
        "category": archive.category.as_str(),
        "tariff": { "code": archive.tariff_code, "source": row.map(|row| row.source) },
    })
}

fn receivable_view(receivable: &Receivable, view: View) -> Value {
    let standing = receivable.standing(view);
    json!({
        "receivable_id": receivable.receivable_id,
        "bill_period": receivable.period,
        "principal_fen": receivable.principal_fen,
        "late_fee_fen": standing.late_fee_fen,
        "paid_fen": standing.paid_fen,
        "due_fen": standing.due_fen(),
        "due_date": receivable.period.due_date(),
    })
}

fn posting_view(posting: &Posting) -> Value {
    let booking = posting.booking.as_ref();
    let allocations = booking
        .into_iter()
        .flat_map(|b| &b.spread.allocations)
        .map(share_view);
    json!({
        "channel_txn_no": posting.order.channel_txn_no,
        "mkt_txn_no": posting.mkt_txn_no,
        "amount_fen": posting.order.amount_fen,
        "purpose": posting.order.purpose,
        "state": posting.state(),
        "paid_at": exact(posting.order.paid_at),
        "posted_at": booking.map(|b| exact(b.posted_at)),
        "business_date": booking.map(|b| b.business_date),
        "allocations": allocations.collect::<Value>(),
        "prepaid_fen": booking.map(|b| b.spread.prepaid_fen),
        "refunds": posting.refunds,
        "reversal_no": posting.reversal_no,
    })
}

/// Whether each account holds exactly what its postings brought, besides what it opened with.
async fn audit(marketing: web::Data<Marketing>) -> HttpResponse {
    let now = marketing.clock.now();
    let books = marketing.books(now);
    let ledger = &books.ledger;
    let net_fen: i64 = ledger.postings().map(Posting::net_fen).sum();
    let wrong = ledger.accounts().filter(|account| {
        account.settled_since_opening_fen() != ledger.posted_net_fen(&account.archive.consumer_no)
    });
    let wrong: Vec<_> = wrong
        .map(|account| account.archive.consumer_no.as_str())
        .collect();
    HttpResponse::Ok().json(json!({
        "postings": ledger.postings().count(),
        "posted_net_fen": net_fen,
        "balanced": wrong.is_empty(),
        "unbalanced_consumer_nos": wrong,
    }))
}

async fn list_tariffs(marketing: web::Data<Marketing>) -> HttpResponse {
    let books = marketing.books(marketing.clock.now());
    let rows = books.tariffs.rows().iter().map(|row| {
        json!({
            "code": row.code,
            "name": row.name,
            "valid_from": row.valid_from,
            "valid_to": row.valid_to,
            "source": row.source,
            "tiers": row.tiers,
        })
    });
    HttpResponse::Ok().json(json!({ "items": rows.collect::<Value>() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TransferOfHolder {
    consumer_no: String,
    person: String,
}

async fn transfer_of_holder(
    marketing: web::Data<Marketing>,
    people: web::Data<People>,
    wanted: web::Json<TransferOfHolder>,
) -> Result<HttpResponse, Refusal> {
    let person = people.find(&wanted.person).ok_or_else(|| {
        Refusal::not_found("NO_SUCH_PERSON", "see GET /sim/people for the handles")
    })?;
    let now = marketing.clock.now();
    let mut books = marketing.books(now);
    let account = books
        .ledger
        .account_mut(&wanted.consumer_no)
        .map_err(|_| unknown_consumer())?;
    let archive = &mut account.archive;
    archive.holder_since = day(now);
    archive.holder = Holder {
        name: person.name.to_owned(),
        id_no: Some(person.id_no.clone()),
        mobile: Some(person.phone.to_owned()),
    };
    archive.holder_version += 1;
    Ok(HttpResponse::Ok().json(json!({
        "consumer_no": archive.consumer_no,
        "holder_version": archive.holder_version,
        "holder_since": archive.holder_since,
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneAccount {
    consumer_no: String,
}

async fn close_account(
    marketing: web::Data<Marketing>,
    wanted: web::Json<OneAccount>,
) -> Result<HttpResponse, Refusal> {
    set_status(&marketing, &wanted, Status::Closed)
}

async fn reopen_account(
    marketing: web::Data<Marketing>,
    wanted: web::Json<OneAccount>,
) -> Result<HttpResponse, Refusal> {
    set_status(&marketing, &wanted, Status::Active)
}

fn set_status(
    marketing: &Marketing,
    wanted: &OneAccount,
    status: Status,
) -> Result<HttpResponse, Refusal> {
    let mut books = marketing.books(marketing.clock.now());
    let account = books
        .ledger
        .account_mut(&wanted.consumer_no)
        .map_err(|_| unknown_consumer())?;
    account.archive.status = status;
    Ok(HttpResponse::Ok().json(json!({
        "consumer_no": wanted.consumer_no,
        "status": account.archive.status.as_str(),
    })))
}

/// The newest bill shows its first meter as read a hundred too far; what it charges stays.
async fn misprint_bill(
    marketing: web::Data<Marketing>,
    wanted: web::Json<OneAccount>,
) -> Result<HttpResponse, Refusal> {
    let mut books = marketing.books(marketing.clock.now());
    let account = books
        .ledger
        .account_mut(&wanted.consumer_no)
        .map_err(|_| unknown_consumer())?;
    let misprinted = account.bills.last_mut().and_then(|bill| {
        bill.readings.first_mut()?.current += Decimal::ONE_HUNDRED;
        Some(bill.period)
    });
    let period =
        misprinted.ok_or_else(|| Refusal::not_found("NO_BILL", "this consumer has no bill"))?;
    Ok(HttpResponse::Ok().json(json!({ "consumer_no": wanted.consumer_no, "period": period })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CounterPayment {
    consumer_no: String,
    amount_fen: i64,
}

/// Somebody pays at the hall: figures move without Lifeline having a hand in it.
async fn counter_payment(
    marketing: web::Data<Marketing>,
    wanted: web::Json<CounterPayment>,
) -> Result<HttpResponse, Refusal> {
    let wanted = wanted.into_inner();
    if !(1..=100_000_000).contains(&wanted.amount_fen) {
        return Err(Refusal::invalid(
            "AMOUNT_OUT_OF_RANGE",
            "amount_fen must be 1..=100000000",
        ));
    }
    let now = marketing.clock.now();
    let mut books = marketing.books(now);
    let order = Order {
        channel_txn_no: books.ledger.counter_txn_no(),
        consumer_no: wanted.consumer_no,
        amount_fen: wanted.amount_fen,
        paid_at: now,
        purpose: Purpose::Prepayment,
        arrears_version: None,
        allocations: None,
        fingerprint: [0; 32],
    };
    match books.ledger.post(order, now) {
        Ok(presented) => Ok(HttpResponse::Created().json(posting_view(presented.posting))),
        Err(refused) => Err(Refusal::conflict(
            refused.code(),
            "the hall could not take the money",
        )),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outage {
    on: bool,
}

async fn set_outage(marketing: web::Data<Marketing>, wanted: web::Json<Outage>) -> HttpResponse {
    marketing.books(marketing.clock.now()).outage = wanted.on;
    HttpResponse::Ok().json(json!({ "on": wanted.on }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetRefundPolicy {
    policy: RefundPolicy,
}

async fn set_refund_policy(
    marketing: web::Data<Marketing>,
    wanted: web::Json<SetRefundPolicy>,
) -> HttpResponse {
    let now = marketing.clock.now();
    marketing
        .books(now)
        .ledger
        .set_refund_policy(wanted.policy, now);
    HttpResponse::Ok().json(json!({ "policy": wanted.policy }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetPostingDelay {
    delay_s: i64,
}

/// From now on a payment is PROCESSING for so many seconds of the sandbox's clock.
async fn set_posting_delay(
    marketing: web::Data<Marketing>,
    wanted: web::Json<SetPostingDelay>,
) -> Result<HttpResponse, Refusal> {
    if !(0..=DELAY_S_MAX).contains(&wanted.delay_s) {
        return Err(Refusal::invalid(
            "DELAY_OUT_OF_RANGE",
            "delay_s must be 0..=172800",
        ));
    }
    let delay = SignedDuration::from_secs(wanted.delay_s);
    marketing
        .books(marketing.clock.now())
        .ledger
        .set_posting_delay(delay);
    Ok(HttpResponse::Ok().json(json!({ "delay_s": wanted.delay_s })))
}
