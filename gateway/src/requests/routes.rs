//! Handlers of `requests`.

use actix_web::{HttpResponse, web};
use lifeline_core::bindings::{Bindings, Right};
use lifeline_core::payments::Payments;
use lifeline_core::requests::Requests;
use lifeline_core::requests::filing::Keyed;
use lifeline_core::requests::request::Wish;

use super::dto::{FileBody, RequestView, RequestsView};
use crate::accounts::Asker;
use crate::edge::cursor::{Cursors, PageQuery};
use crate::edge::{Checked, Fingerprint, IdempotencyKey, Problem, Query};

const ROUTE: &str = "POST /v1/requests";

/// This person's requests, newest first.
#[utoipa::path(get, path = "/v1/requests", tag = "requests", security(("bearer" = [])),
    params(PageQuery),
    responses((status = 200, description = "A page", body = RequestsView)))]
pub(super) async fn list(
    Asker(caller): Asker,
    requests: web::Data<Requests>,
    cursors: web::Data<Cursors>,
    Query(query): Query<PageQuery>,
) -> Result<web::Json<RequestsView>, Problem> {
    let scope = format!("requests:{}", caller.account_id);
    let page = cursors.open(&scope, query)?;
    let slice = requests.list(&caller, &page).await?;
    Ok(web::Json(RequestsView {
        items: slice.items.into_iter().map(RequestView::of).collect(),
        next_cursor: slice.next.map(|key| cursors.close(&scope, &key)),
    }))
}

/// Asks something of the utility; it becomes a work order there, and its state comes back.
///
/// At most ten a day. The same key and body again answers the request that is there.
#[utoipa::path(post, path = "/v1/requests", tag = "requests", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header, description = "8 to 64 characters of 0-9 A-Z a-z _ -, a letter among fewer than 16")),
    request_body = FileBody,
    responses((status = 201, description = "On record", body = RequestView)))]
pub(super) async fn file(
    Asker(caller): Asker,
    requests: web::Data<Requests>,
    bindings: web::Data<Bindings>,
    payments: web::Data<Payments>,
    key: IdempotencyKey,
    body: Checked<FileBody>,
) -> Result<HttpResponse, Problem> {
    let print = Fingerprint::of(&body.fields)?;
    let asked = body.value;
    let (kind, home, payment_id) = (asked.kind()?, asked.home()?, asked.payment()?);
    let home = match home {
        Some(id) => Some(bindings.own(&caller, &id, Right::SeeDue).await?),
        None => None,
    };
    if let Some(id) = &payment_id {
        payments.get(&caller.account_id, id).await?;
    }
    let wish = Wish {
        kind,
        text: asked.text,
        place: asked.place,
        anonymous: asked.anonymous,
        home,
        payment_id,
    };
    let keyed = Keyed {
        key: key.of(&caller.account_id, ROUTE).key,
        fingerprint: print.whole,
    };
    let request = requests.file(&caller, &keyed, &wish).await?;
    Ok(HttpResponse::Created().json(RequestView::of(request)))
}
