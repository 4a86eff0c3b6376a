//! Handlers of `privacy`.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpResponse, web};
use lifeline_core::accounts::step_up::STEP_UP_LIFE_S;
use lifeline_core::accounts::{Accounts, Secret};
use lifeline_core::privacy::Privacy;

use super::dto::{ErasureView, LinkView, StepUpBody, StepUpView, TicketQuery};
use crate::accounts::{Asker, token};
use crate::edge::principal::Door;
use crate::edge::{Checked, Problem, Query};

/// Shows by a code that the person at this device is the account's owner (`POST /v1/otps` with
/// `purpose` `export`, `erase`, `pay`, `unlink`, `change_phone`, `merge` or `certify`; asked for by 403 `STEP_UP_REQUIRED`).
///
/// The answer's access token may do the one act, once, within ten minutes.
#[utoipa::path(post, path = "/v1/sessions/current/step-up", tag = "privacy", security(("bearer" = [])),
    request_body = StepUpBody,
    responses((status = 200, description = "Stepped up", body = StepUpView)))]
pub(super) async fn step_up(
    Asker(caller): Asker,
    accounts: web::Data<Accounts>,
    door: web::Data<Door>,
    body: Checked<StepUpBody>,
) -> Result<web::Json<StepUpView>, Problem> {
    token("otp", &body.value.otp, 16)?;
    let typed = Secret::new(body.value.otp);
    let stepped = accounts.step_up(&caller, &typed).await?;
    let session = &stepped.session;
    let issued = door.tokens.issue(
        &session.account_id,
        &session.session_id,
        &session.family_id,
        session.expires_at,
    )?;
    Ok(web::Json(StepUpView {
        access_token: issued.token,
        token_type: "Bearer",
        expires_in: issued.life_s,
        purpose: stepped.deed.as_str(),
        good_for: STEP_UP_LIFE_S,
    }))
}

/// Makes the link to everything known of this person: once a day, after a step-up for `export`.
///
/// Every contact of the person is told.
#[utoipa::path(post, path = "/v1/me/export/document-links", tag = "privacy", security(("bearer" = [])),
    responses((status = 201, description = "The link", body = LinkView)))]
pub(super) async fn export_link(
    Asker(caller): Asker,
    privacy: web::Data<Privacy>,
) -> Result<HttpResponse, Problem> {
    let ticket = privacy.export_link(&caller).await?;
    Ok(HttpResponse::Created().json(LinkView {
        url: format!("/v1/me/export?ticket={}", ticket.secret.expose()),
        expires_in: ticket.expires_in_s,
    }))
}

/// Everything known of a person, as a JSON file. The ticket is the proof; it works once, for a minute.
#[utoipa::path(get, path = "/v1/me/export", tag = "privacy", params(TicketQuery),
    responses((status = 200, description = "The document", content_type = "application/json")))]
pub(super) async fn export(
    privacy: web::Data<Privacy>,
    Query(query): Query<TicketQuery>,
) -> Result<HttpResponse, Problem> {
    token("ticket", &query.ticket, 128)?;
    let dossier = privacy.exported(&Secret::new(query.ticket)).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"my-data.json\""))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(dossier.expose().to_owned()))
}

/// Whether this person has asked to be erased, and when it is due.
#[utoipa::path(get, path = "/v1/me/erasure", tag = "privacy", security(("bearer" = [])),
    responses((status = 200, description = "The wish", body = ErasureView)))]
pub(super) async fn erasure(
    Asker(caller): Asker,
    privacy: web::Data<Privacy>,
) -> Result<web::Json<ErasureView>, Problem> {
    let wish = privacy.erasure(&caller).await?;
    Ok(web::Json(ErasureView::of(wish.as_ref())))
}

/// Asks for this person to be erased, after a step-up for `erase`. It is done after 15 days unless it is
/// taken back; refused while money is on its way or the person still sells power.
///
/// Every contact of the person is told.
#[utoipa::path(delete, path = "/v1/me", tag = "privacy", security(("bearer" = [])),
    responses((status = 202, description = "The wish", body = ErasureView)))]
pub(super) async fn ask_erasure(
    Asker(caller): Asker,
    privacy: web::Data<Privacy>,
) -> Result<HttpResponse, Problem> {
    let wish = privacy.ask_erasure(&caller).await?;
    Ok(HttpResponse::Accepted().json(ErasureView::of(Some(&wish))))
}

/// Takes the wish to be erased back.
#[utoipa::path(delete, path = "/v1/me/erasure", tag = "privacy", security(("bearer" = [])),
    responses((status = 204, description = "Taken back")))]
pub(super) async fn take_erasure_back(
    Asker(caller): Asker,
    privacy: web::Data<Privacy>,
) -> Result<HttpResponse, Problem> {
    privacy.take_erasure_back(&caller).await?;
    Ok(HttpResponse::NoContent().finish())
}
