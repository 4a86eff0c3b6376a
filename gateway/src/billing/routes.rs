//! Handlers of `billing`.

use actix_web::http::header::IfNoneMatch;
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, web};
use lifeline_core::billing::{Billing, Period};
use lifeline_core::bindings::{Bindings, Reach};
use lifeline_core::payments::Payments;
use lifeline_core::shared::ids::BindingId;

use super::dto::{ArrearsView, BalanceView, BillView, BillsView};
use super::receipts::ReceiptsView;
use super::repeated::{Again, Asked};
use super::usage::{UsageQuery, UsageView};
use crate::accounts::Asker;
use crate::edge::cursor::{Cursors, PageQuery};
use crate::edge::{Code, Problem, Query, SignedIn, etag};

/// What is due, less what was paid through Lifeline and is still on its way.
///
/// A payer sees the sum and by when it is due, not the bills it is made of nor what others paid.
#[utoipa::path(get, path = "/v1/bindings/{binding_id}/arrears", tag = "billing", security(("bearer" = [])),
    params(("binding_id" = String, Path, description = "From `GET /v1/bindings`")),
    responses((status = 200, description = "At most a minute old, or `stale`", body = ArrearsView)))]
pub(super) async fn arrears(
    Asker(caller): Asker,
    bindings: web::Data<Bindings>,
    billing: web::Data<Billing>,
    payments: web::Data<Payments>,
    path: web::Path<String>,
) -> Result<web::Json<ArrearsView>, Problem> {
    let reach = bindings.reach(&caller, &id(&path)?).await?;
    // First what is on its way: a payment credited in between is subtracted twice, never asked for twice.
    let in_flight = payments.in_flight(reach.owned().consumer_no()).await?;
    // Last whether it is held: a flag set while marketing was asked is seen.
    Ok(web::Json(match reach {
        Reach::Due(owned) => {
            let own = payments.own_in_flight(&owned).await?;
            let due = billing.due(&owned).await?;
            let held = billing.held(owned.consumer_no()).await?;
            ArrearsView::of_payer(due, in_flight, own, held)?
        }
        Reach::Figures(home) => {
            let due = billing.arrears(&home).await?;
            let held = billing.held(home.owned().consumer_no()).await?;
            ArrearsView::of(due, in_flight, held)?
        }
    }))
}

/// Prepaid money, and what of it the energy since the last bill will take.
#[utoipa::path(get, path = "/v1/bindings/{binding_id}/balance", tag = "billing", security(("bearer" = [])),
    params(("binding_id" = String, Path, description = "From `GET /v1/bindings`")),
    responses((status = 200, description = "At most ten minutes old, or `stale`", body = BalanceView)))]
pub(super) async fn balance(
    Asker(caller): Asker,
    bindings: web::Data<Bindings>,
    billing: web::Data<Billing>,
    path: web::Path<String>,
) -> Result<web::Json<BalanceView>, Problem> {
    let home = bindings.own_authorised(&caller, &id(&path)?).await?;
    Ok(web::Json(BalanceView::of(billing.balance(&home).await?)))
}

/// The bills of the last 24 months, newest first.
///
/// `If-None-Match` with the `ETag` of an earlier answer is answered 304 while nothing changed.
#[utoipa::path(get, path = "/v1/bindings/{binding_id}/bills", tag = "billing", security(("bearer" = [])),
    params(("binding_id" = String, Path, description = "From `GET /v1/bindings`"), PageQuery,
        ("if-none-match" = Option<String>, Header, description = "An `ETag` of this page")),
    responses((status = 200, description = "A page of bills", body = BillsView),
        (status = 304, description = "The page is as it was")))]
pub(super) async fn bills(
    Asker(caller): Asker,
    bindings: web::Data<Bindings>,
    billing: web::Data<Billing>,
    cursors: web::Data<Cursors>,
    path: web::Path<String>,
    Query(query): Query<PageQuery>,
    known: Option<web::Header<IfNoneMatch>>,
) -> Result<HttpResponse, Problem> {
    let home = bindings.own_authorised(&caller, &id(&path)?).await?;
    let scope = format!("bills:{}:{}", caller.account_id, home.owned().binding_id());
    let shown = billing.bills(&home, &cursors.open(&scope, query)?).await?;
    let page = BillsView::of(shown, |key| cursors.close(&scope, key));
    let answered = etag::write(&page)?;
    Ok(etag::answer(answered, known.map(web::Header::into_inner)))
}

/// One bill with the working of every line, compared with the month before.
///
/// `If-None-Match` with the `ETag` of an earlier answer is answered 304 while nothing changed.
#[utoipa::path(get, path = "/v1/bindings/{binding_id}/bills/{period}", tag = "billing", security(("bearer" = [])),
    params(("binding_id" = String, Path, description = "From `GET /v1/bindings`"),
        ("period" = String, Path, description = "`YYYY-MM`", example = "2026-10"),
        ("if-none-match" = Option<String>, Header, description = "An `ETag` of this bill")),
    responses((status = 200, description = "The bill", body = BillView),
        (status = 304, description = "The bill is as it was")))]
pub(super) async fn bill(
    who: SignedIn,
    bindings: web::Data<Bindings>,
    billing: web::Data<Billing>,
    known: Option<web::Header<IfNoneMatch>>,
    again: Again,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let known = known.map(web::Header::into_inner);
    let turn = match again.asked(who.account_id()).await {
        Asked::Again(answered) => return Ok(etag::answer(answered, known)),
        Asked::First(turn) => turn,
    };
    // The rest of the request is read only for an answer that has to be made.
    let Asker(caller) = Asker::extract(&req).await?;
    let path = web::Path::<(String, String)>::extract(&req).await;
    let (binding, period) = path.map_err(|_| Problem::new(Code::NotFound))?.into_inner();
    let period = Period::parse(&period).map_err(|_| Problem::new(Code::NotFound))?;
    let home = bindings.own_authorised(&caller, &id(&binding)?).await?;
    let shown = billing.bill(&home, &period).await?;
    let trace_id = &caller.trace_id;
    billing.report(&home, &shown.figure.0, trace_id).await;
    let answered = etag::write(&BillView::of(shown))?;
    turn.keep(&answered);
    Ok(etag::answer(answered, known))
}

/// What was used day by day: at most 31 days, as far as they are over; without days asked for, the last 31.
#[utoipa::path(get, path = "/v1/bindings/{binding_id}/usage", tag = "billing", security(("bearer" = [])),
    params(("binding_id" = String, Path, description = "From `GET /v1/bindings`"), UsageQuery),
    responses((status = 200, description = "The days, as the utility states them now", body = UsageView)))]
pub(super) async fn usage(
    Asker(caller): Asker,
    bindings: web::Data<Bindings>,
    billing: web::Data<Billing>,
    path: web::Path<String>,
    Query(query): Query<UsageQuery>,
) -> Result<web::Json<UsageView>, Problem> {
    let home = bindings.own_authorised(&caller, &id(&path)?).await?;
    let (from, to) = query.parse()?;
    Ok(web::Json(billing.usage(&home, from, to).await?.into()))
}

/// What was paid for the home in the last 24 months, wherever and by whomever, as the utility booked it.
#[utoipa::path(get, path = "/v1/bindings/{binding_id}/receipts", tag = "billing", security(("bearer" = [])),
    params(("binding_id" = String, Path, description = "From `GET /v1/bindings`")),
    responses((status = 200, description = "The payments, as the utility states them now", body = ReceiptsView)))]
pub(super) async fn receipts(
    Asker(caller): Asker,
    bindings: web::Data<Bindings>,
    billing: web::Data<Billing>,
    path: web::Path<String>,
) -> Result<web::Json<ReceiptsView>, Problem> {
    let home = bindings.own_authorised(&caller, &id(&path)?).await?;
    Ok(web::Json(billing.receipts(&home).await?.into()))
}

/// A text that is no id names nothing, like an id of somebody else.
fn id(path: &str) -> Result<BindingId, Problem> {
    BindingId::parse(path).map_err(|_| Problem::new(Code::NotFound))
}
