//! Handlers of sharing.

use actix_web::{HttpResponse, web};
use lifeline_core::bindings::Bindings;
use lifeline_core::shared::ids::GrantId;

use super::super::dto::BindingView;
use super::super::routes::id;
use super::dto::{
    AccessView, AccessesView, InvitationBody, InvitationView, InviteBody, InvitedView,
};
use crate::accounts::Asker;
use crate::edge::cursor::{Cursors, PageQuery};
use crate::edge::{Checked, Code, Problem, Query};

/// Everybody who may use a home, those who linked it themselves included. The holder's alone.
#[utoipa::path(get, path = "/v1/bindings/{binding_id}/grants", tag = "bindings", security(("bearer" = [])),
    params(("binding_id" = String, Path, description = "From `GET /v1/bindings`"), PageQuery),
    responses((status = 200, description = "A page of people and invitations", body = AccessesView)))]
pub(in crate::bindings) async fn list(
    Asker(caller): Asker,
    bindings: web::Data<Bindings>,
    cursors: web::Data<Cursors>,
    path: web::Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<web::Json<AccessesView>, Problem> {
    let home = id(&path)?;
    let scope = format!("grants:{}:{home}", caller.account_id);
    let page = cursors.open(&scope, query)?;
    let slice = bindings.access(&caller, &home, &page).await?;
    Ok(web::Json(AccessesView {
        items: slice.items.into_iter().map(AccessView::of).collect(),
        next_cursor: slice.next.map(|key| cursors.close(&scope, &key)),
    }))
}

/// Invites somebody to a home until a last day. The holder's alone; what is granted cannot be granted on.
#[utoipa::path(post, path = "/v1/bindings/{binding_id}/grants", tag = "bindings", security(("bearer" = [])),
    params(("binding_id" = String, Path, description = "From `GET /v1/bindings`")),
    request_body = InviteBody,
    responses((status = 201, description = "Whoever accepts `invitation` first is let in", body = InvitedView)))]
pub(in crate::bindings) async fn invite(
    Asker(caller): Asker,
    bindings: web::Data<Bindings>,
    path: web::Path<String>,
    body: Checked<InviteBody>,
) -> Result<HttpResponse, Problem> {
    let (scope, ends_on) = body.value.parse()?;
    let invited = bindings
        .invite(&caller, &id(&path)?, scope, ends_on)
        .await?;
    Ok(HttpResponse::Created().json(InvitedView::of(&invited)))
}

/// Takes an access away: an invitation, what came of one, or a link that a person made themselves.
#[utoipa::path(delete, path = "/v1/bindings/{binding_id}/grants/{grant_id}", tag = "bindings",
    security(("bearer" = [])),
    params(("binding_id" = String, Path, description = "From `GET /v1/bindings`"),
        ("grant_id" = String, Path, description = "From `GET /v1/bindings/{binding_id}/grants`")),
    responses((status = 204, description = "Taken away; the person is told")))]
pub(in crate::bindings) async fn revoke(
    Asker(caller): Asker,
    bindings: web::Data<Bindings>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (home, grant) = path.into_inner();
    let grant = GrantId::parse(&grant).map_err(|_| Problem::new(Code::NotFound))?;
    bindings.revoke(&caller, &id(&home)?, &grant).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What accepting an invitation would give.
///
/// Unknown, used, taken back, too late, one's own: one answer, `CANNOT_CONFIRM`.
#[utoipa::path(post, path = "/v1/invitation-views", tag = "bindings", security(("bearer" = [])),
    request_body = InvitationBody,
    responses((status = 200, description = "The invitation", body = InvitationView)))]
pub(in crate::bindings) async fn look(
    Asker(caller): Asker,
    bindings: web::Data<Bindings>,
    body: Checked<InvitationBody>,
) -> Result<web::Json<InvitationView>, Problem> {
    let token = body.value.parse()?;
    let invitation = bindings.invitation(&caller, &token).await?;
    Ok(web::Json(InvitationView::of(invitation)))
}

/// Accepts an invitation: links the home to the caller. A repeat by the same person finds the link.
#[utoipa::path(post, path = "/v1/invitation-acceptances", tag = "bindings", security(("bearer" = [])),
    request_body = InvitationBody,
    responses((status = 201, description = "Linked; the holder is told", body = BindingView)))]
pub(in crate::bindings) async fn accept(
    Asker(caller): Asker,
    bindings: web::Data<Bindings>,
    body: Checked<InvitationBody>,
) -> Result<HttpResponse, Problem> {
    let token = body.value.parse()?;
    let seen = bindings.accept(&caller, &token).await?;
    Ok(HttpResponse::Created().json(BindingView::of(seen)))
}
