//! Filling gaps of the utility's archive: asking for it, and what became of it.

use actix_web::{HttpResponse, web};
use lifeline_core::accounts::Secret;
use lifeline_core::bindings::{ArchiveField, Bindings, Filling};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::dto::six_digits;
use super::routes::id;
use crate::accounts::Asker;
use crate::edge::{Checked, Policy, Problem, Routes};

pub(super) fn register(routes: &mut Routes<'_>) {
    routes.get(
        "/v1/bindings/{binding_id}/archive-filling",
        Policy::FreshSession,
        show,
    );
    routes.post(
        "/v1/bindings/{binding_id}/archive-filling",
        Policy::FreshSession,
        ask,
    );
}

/// The certified name and ID number are offered always, the phone only with a code.
#[derive(Deserialize, ToSchema)]
#[schema(as = FillingBody)]
#[serde(deny_unknown_fields)]
pub(super) struct FillingBody {
    /// The code sent to this person's verified phone (`POST /v1/otps`, `verify_phone`).
    #[schema(example = "123456")]
    pub otp: Option<String>,
}

impl FillingBody {
    fn parse(self) -> Result<Option<Secret>, Problem> {
        self.otp.map(|otp| six_digits("otp", otp)).transpose()
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct FilledFieldView {
    /// `id_no`, `mobile` or `name`.
    #[schema(example = "mobile")]
    pub name: &'static str,
    /// `filled`: it was empty. `same`: it was there. `conflict_review`: something else is there, a clerk looks into it.
    /// Absent while the utility has not answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "filled")]
    pub result: Option<&'static str>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct FillingView {
    /// `none`, `asked`, `settled` or `dropped`.
    #[schema(example = "settled")]
    pub state: &'static str,
    pub fields: Vec<FilledFieldView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<String>,
}

impl FillingView {
    fn of(filling: Option<&Filling>) -> Self {
        let Some(one) = filling else {
            return Self {
                state: "none",
                fields: Vec::new(),
                asked_at: None,
                settled_at: None,
            };
        };
        let offered = |field: &ArchiveField| one.with_mobile || *field != ArchiveField::Mobile;
        let fields = ArchiveField::ALL.into_iter().filter(offered);
        Self {
            state: one.state.as_str(),
            fields: fields
                .map(|field| FilledFieldView {
                    name: field.as_str(),
                    result: one.results.get(&field).map(|result| result.as_str()),
                })
                .collect(),
            asked_at: Some(one.asked_at.rfc3339()),
            settled_at: one.settled_at.map(|at| at.rfc3339()),
        }
    }
}

/// What became of the newest offer to the utility's archive. The holder's alone.
#[utoipa::path(get, path = "/v1/bindings/{binding_id}/archive-filling", tag = "bindings", security(("bearer" = [])),
    params(("binding_id" = String, Path, description = "From `GET /v1/bindings`")),
    responses((status = 200, description = "The newest offer, or `none`", body = FillingView)))]
pub(super) async fn show(
    Asker(caller): Asker,
    bindings: web::Data<Bindings>,
    path: web::Path<String>,
) -> Result<web::Json<FillingView>, Problem> {
    let newest = bindings.filling(&caller, &id(&path)?).await?;
    Ok(web::Json(FillingView::of(newest.as_ref())))
}

/// Offers certified values for empty fields of the utility's archive. What is there is never overwritten.
///
/// The holder's alone; needs the `archive_update` consent. One that is on its way is answered as it is.
#[utoipa::path(post, path = "/v1/bindings/{binding_id}/archive-filling", tag = "bindings", security(("bearer" = [])),
    params(("binding_id" = String, Path, description = "From `GET /v1/bindings`")),
    request_body = FillingBody,
    responses((status = 202, description = "On its way to the utility", body = FillingView)))]
pub(super) async fn ask(
    Asker(caller): Asker,
    bindings: web::Data<Bindings>,
    path: web::Path<String>,
    body: Checked<FillingBody>,
) -> Result<HttpResponse, Problem> {
    let code = body.value.parse()?;
    let filling = bindings
        .ask_filling(&caller, &id(&path)?, code.as_ref())
        .await?;
    Ok(HttpResponse::Accepted().json(FillingView::of(Some(&filling))))
}
