//! Two accounts of one person become one (money.md 3.6).

use actix_web::{HttpResponse, web};
use lifeline_core::accounts::merge::{BegunMerge, MergeRequest};
use lifeline_core::accounts::{Accounts, Merged, Secret};
use lifeline_core::shared::ids::MergeId;
use lifeline_core::shared::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asker::Asker;
use super::cookies::CookieRules;
use super::dto::{Nothing, token};
use super::routes::announce;
use crate::edge::principal::Door;
use crate::edge::{Checked, Code, Problem};

#[derive(Serialize, ToSchema)]
pub(super) struct MergeView {
    pub merge_id: String,
    /// `open`, `merged` or `over`.
    #[schema(example = "open")]
    pub state: &'static str,
    /// To be typed on the other account's device. Only when begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "123456")]
    pub code: Option<String>,
    pub expires_at: String,
}

impl MergeView {
    fn of(request: &MergeRequest, now: Time) -> Self {
        let state = match request.from {
            Some(_) => "merged",
            None if request.is_open(now) => "open",
            None => "over",
        };
        Self {
            merge_id: request.merge_id.to_string(),
            state,
            code: None,
            expires_at: request.expires_at.rfc3339(),
        }
    }

    fn begun(begun: &BegunMerge, now: Time) -> Self {
        Self {
            code: Some(begun.code.expose().to_owned()),
            ..Self::of(&begun.request, now)
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfirmMergeBody {
    /// What the other account's device shows.
    #[schema(example = "123456")]
    pub code: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MergedView {
    /// Homes that are the other account's now.
    pub homes: usize,
}

impl From<Merged> for MergedView {
    fn from(merged: Merged) -> Self {
        Self {
            homes: merged.homes,
        }
    }
}

/// Asks to take another account of this person over into this one.
///
/// Both must have signed in within ten minutes and be certified with the same ID number. The code is
/// typed on the other account's device; a new request takes the place of the one before. An account that has a
/// phone takes a step-up for `merge` first (403 `STEP_UP_REQUIRED`).
#[utoipa::path(post, path = "/v1/me/merges", tag = "accounts", security(("bearer" = [])), request_body = Nothing,
    responses((status = 201, description = "Asked", body = MergeView)))]
pub(super) async fn begin(
    Asker(caller): Asker,
    accounts: web::Data<Accounts>,
) -> Result<HttpResponse, Problem> {
    let begun = accounts.begin_merge(&caller).await?;
    Ok(HttpResponse::Created().json(MergeView::begun(&begun, accounts.now())))
}

/// One's own request to merge, as it stands.
#[utoipa::path(get, path = "/v1/me/merges/{merge_id}", tag = "accounts", security(("bearer" = [])),
    params(("merge_id" = String, Path, description = "From `POST /v1/me/merges`")),
    responses((status = 200, description = "The request", body = MergeView)))]
pub(super) async fn get(
    Asker(caller): Asker,
    accounts: web::Data<Accounts>,
    path: web::Path<String>,
) -> Result<web::Json<MergeView>, Problem> {
    let id = MergeId::parse(&path).map_err(|_| Problem::new(Code::NotFound))?;
    let found = accounts.merge_request(&caller, &id).await?;
    Ok(web::Json(MergeView::of(&found, accounts.now())))
}

/// Gives this account to the one whose device shows the code: homes and consents move, this account is
/// signed out everywhere, and its sign-in opens the other one from now on.
///
/// An account that has a phone takes a step-up for `merge` first (403 `STEP_UP_REQUIRED`; the code stays good). The
/// phones of both accounts are told.
#[utoipa::path(post, path = "/v1/me/merge-confirmations", tag = "accounts", security(("bearer" = [])),
    request_body = ConfirmMergeBody,
    responses((status = 200, description = "One account", body = MergedView)))]
pub(super) async fn confirm(
    Asker(caller): Asker,
    accounts: web::Data<Accounts>,
    door: web::Data<Door>,
    cookies: web::Data<CookieRules>,
    body: Checked<ConfirmMergeBody>,
) -> Result<HttpResponse, Problem> {
    token("code", &body.value.code, 16)?;
    let code = Secret::new(body.value.code);
    let merged = accounts.confirm_merge(&caller, &code).await?;
    announce(&door, &accounts, merged.ended.clone());
    let mut reply = HttpResponse::Ok();
    for cookie in cookies.forget_session() {
        reply.cookie(cookie);
    }
    Ok(reply.json(MergedView::from(merged)))
}
