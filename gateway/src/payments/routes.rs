//! Handlers of `payments`.

use actix_web::http::header::{LOCATION, REFERRER_POLICY};
use actix_web::{HttpRequest, HttpResponse, web};
use lifeline_core::accounts::Accounts;
use lifeline_core::bindings::{Bindings, Right};
use lifeline_core::payments::{Homes, Order, Payments, Wanted};
use lifeline_core::shared::ids::{BindingId, PaymentId};

use super::desk::{Desk, Wished};
use super::dto::{CreateBody, PaymentView, PaymentsView};
use crate::accounts::{Asker, CookieRules};
use crate::edge::cursor::{Cursors, PageQuery};
use crate::edge::detached::detached;
use crate::edge::{Checked, Code, Fingerprint, IdempotencyKey, Problem, Query};
use crate::listeners::outermost::Sources;
use crate::runner::Waker;

/// Orders a payment. Sending the same key and body again gives the same bytes, also after a crash.
///
/// More than is usual in a day, or much of it from a device or for a home that is new, needs a step-up for `pay`
/// (403 `STEP_UP_REQUIRED`); the same key may be used again after it.
#[utoipa::path(post, path = "/v1/payments", tag = "payments", security(("bearer" = [])),
    params(("idempotency-key" = String, Header, min_length = 8, max_length = 64, pattern = "^[0-9A-Za-z_-]+$", description = "8 to 64 of `0-9 A-Z a-z _ -`, a letter among fewer than 16, one per wish to pay")),
    request_body = CreateBody,
    responses((status = 201, description = "The order", body = PaymentView)))]
pub(super) async fn create(
    Asker(caller): Asker,
    key: IdempotencyKey,
    desk: Desk,
    bindings: web::Data<Bindings>,
    body: Checked<CreateBody>,
) -> Result<HttpResponse, Problem> {
    let print = Fingerprint::of(&body.fields)?;
    let wish = body.value.parse()?;
    let owned = bindings.own(&caller, &wish.binding_id, Right::Pay).await?;
    let wished = Wished {
        homes: Homes::one(Wanted {
            owned,
            amount: wish.amount,
            arrears_version: wish.arrears_version,
        }),
        purpose: wish.purpose,
        keep_as_prepayment: wish.keep_as_prepayment,
        via: wish.via,
        key: key.of(&caller.account_id, "POST /v1/payments"),
        print,
    };
    desk.order(caller, wished).await
}

/// One's own payment, as it stands.
#[utoipa::path(get, path = "/v1/payments/{payment_id}", tag = "payments", security(("bearer" = [])),
    params(("payment_id" = String, Path, description = "From `POST /v1/payments`")),
    responses((status = 200, description = "The payment", body = PaymentView)))]
pub(super) async fn get(
    Asker(caller): Asker,
    payments: web::Data<Payments>,
    sources: web::Data<Sources>,
    path: web::Path<String>,
) -> Result<web::Json<PaymentView>, Problem> {
    let order = payments.get(&caller.account_id, &id(&path)?).await?;
    Ok(web::Json(PaymentView::of(
        &order,
        &caller.family_id,
        sources.clock.now(),
    )))
}

/// Gives an unpaid order up. It stays `PAYING` until the channel has proven it unpaid.
#[utoipa::path(post, path = "/v1/payments/{payment_id}/close", tag = "payments", security(("bearer" = [])),
    params(("payment_id" = String, Path, description = "From `POST /v1/payments`")),
    responses((status = 200, description = "The payment", body = PaymentView)))]
pub(super) async fn close(
    Asker(caller): Asker,
    payments: web::Data<Payments>,
    sources: web::Data<Sources>,
    waker: web::Data<Waker>,
    path: web::Path<String>,
) -> Result<web::Json<PaymentView>, Problem> {
    let payment_id = id(&path)?;
    let (session, payments) = (caller.family_id.clone(), payments.into_inner());
    // It sends, so it must not end with the request.
    let order = detached("order_close", async move {
        payments
            .close(&caller.account_id, &payment_id, &caller.trace_id)
            .await
    });
    let order = order.await??;
    waker.wake();
    Ok(web::Json(PaymentView::of(
        &order,
        &session,
        sources.clock.now(),
    )))
}

/// One's own payments for a home, newest first.
#[utoipa::path(get, path = "/v1/bindings/{binding_id}/payments", tag = "payments", security(("bearer" = [])),
    params(("binding_id" = String, Path, description = "From `GET /v1/bindings`"), PageQuery),
    responses((status = 200, description = "A page of payments", body = PaymentsView)))]
pub(super) async fn list(
    Asker(caller): Asker,
    bindings: web::Data<Bindings>,
    payments: web::Data<Payments>,
    cursors: web::Data<Cursors>,
    sources: web::Data<Sources>,
    path: web::Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<web::Json<PaymentsView>, Problem> {
    let home = BindingId::parse(&path).map_err(|_| Problem::new(Code::NotFound))?;
    let owned = bindings.own(&caller, &home, Right::SeeOwnPayments).await?;
    let scope = format!("payments:{}:{}", caller.account_id, owned.binding_id());
    let found = payments.list(&owned, &cursors.open(&scope, query)?).await?;
    let now = sources.clock.now();
    let view = |order: &Order| PaymentView::of(order, &caller.family_id, now);
    Ok(web::Json(PaymentsView {
        items: found.items.iter().map(view).collect(),
        next_cursor: found.next.map(|key| cursors.close(&scope, &key)),
    }))
}

/// Leads the payer's own browser to the channel's cashier.
#[utoipa::path(get, path = "/v1/pay/{ticket}", tag = "payments",
    params(("ticket" = String, Path, description = "From `pay_url`")),
    responses((status = 303, description = "To the cashier")))]
pub(super) async fn open_cashier(
    req: HttpRequest,
    accounts: web::Data<Accounts>,
    payments: web::Data<Payments>,
    cookies: web::Data<CookieRules>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let gone = || Problem::new(Code::TicketGone);
    let secret = cookies.pay_of(&req).ok_or_else(gone)?;
    let session = accounts
        .session_of_browser(&secret)
        .await?
        .ok_or_else(gone)?;
    let url = payments.open_ticket(&path, &session.family_id).await?;
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, url))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .finish())
}

/// A text that is no id names nothing, like an id of somebody else.
fn id(path: &str) -> Result<PaymentId, Problem> {
    PaymentId::parse(path).map_err(|_| Problem::new(Code::NotFound))
}
