//! Handlers of `bindings`.

use actix_web::{HttpResponse, web};
use lifeline_core::accounts::{Accounts, Caller, Errand, PasswordDoor};
use lifeline_core::bindings::{Bindings, Label, Right};
use lifeline_core::settlement::accounts::Generation;
use lifeline_core::shared::ids::BindingId;

use super::code_dto::{CodeBody, CodeTo, CodeView, Own};
use super::dto::{
    BindingView, BindingsView, DetailView, LinkBody, LinkedView, MatchBody, MatchView, RenameBody,
    Wanted,
};
use crate::accounts::Asker;
use crate::edge::cursor::{Cursors, PageQuery};
use crate::edge::{Checked, Code, Problem, Query};

/// Finds the homes of this certified person in the utility's archive.
///
/// Needs the `identity_match` consent. Nothing has to be linked afterwards: the same call prefills
/// any form that asks for a consumer number. A match by mobile alone is answered as `none`.
#[utoipa::path(post, path = "/v1/binding-matches", tag = "bindings", security(("bearer" = [])),
    request_body = MatchBody,
    responses((status = 200, description = "What may be confirmed", body = MatchView)))]
pub(super) async fn match_homes(
    Asker(caller): Asker,
    bindings: web::Data<Bindings>,
) -> Result<web::Json<MatchView>, Problem> {
    Ok(web::Json(MatchView::of(bindings.offer(&caller).await?)))
}

/// Sends a one-time code: to a phone, to the phone on file for a home, or to the account's own for an act.
///
/// The answer is the same whether the phone or home exists or not.
#[utoipa::path(post, path = "/v1/otps", tag = "bindings", security(("bearer" = [])),
    request_body = CodeBody,
    responses((status = 202, description = "If there is such a phone, a code is on its way", body = CodeView)))]
pub(super) async fn ask_code(
    Asker(caller): Asker,
    accounts: web::Data<Accounts>,
    bindings: web::Data<Bindings>,
    by_password: web::Data<PasswordDoor>,
    generation: web::Data<Generation>,
    body: Checked<CodeBody>,
) -> Result<HttpResponse, Problem> {
    let promise = match body.value.parse()? {
        CodeTo::Phone(phone) => accounts.ask_phone_code(&caller, &phone).await?,
        CodeTo::Home(home) => bindings.ask_home_code(&caller, &home).await?,
        CodeTo::Own(own) => {
            let errand = errand(&caller, &bindings, own).await?;
            accounts.ask_step_up(&caller, &errand).await?
        }
        CodeTo::Password => by_password.ask_code(&caller).await?,
        CodeTo::GenerationPassword(id) => generation.ask_password_code(&caller, &id).await?,
        CodeTo::Payee(id) => generation.ask_payee_code(&caller, &id).await?,
    };
    Ok(HttpResponse::Accepted().json(CodeView {
        expires_in: promise.expires_in_s,
        resend_after: promise.resend_after_s,
    }))
}

/// What the caller will do, with homes that are theirs to do it with.
async fn errand(caller: &Caller, bindings: &Bindings, own: Own) -> Result<Errand, Problem> {
    Ok(match own {
        Own::Export => Errand::export(caller),
        Own::Erase => Errand::erase(caller),
        Own::Unlink(home) => {
            let owned = bindings.own(caller, &home, Right::Manage).await?;
            Errand::unlink(owned.binding_id())
        }
        Own::ChangePhone(to) => Errand::change_phone(&to),
        Own::TakeWalletsPhone => Errand::take_wallets_phone(caller),
        Own::Merge => Errand::merge(caller),
        Own::Certify => Errand::certify(caller),
        Own::Pay(parts) => {
            for (home, _) in &parts {
                bindings.own(caller, home, Right::Pay).await?;
            }
            Errand::pay(parts.iter().map(|(home, sum)| (home, *sum)))
        }
    })
}

/// Links homes: those a match offered, all in one call, or one by its number and a proof.
///
/// Unknown number, foreign number, wrong proof, spent token: one answer, `CANNOT_CONFIRM`.
#[utoipa::path(post, path = "/v1/bindings", tag = "bindings", security(("bearer" = [])),
    request_body = LinkBody,
    responses((status = 201, description = "Linked", body = LinkedView)))]
pub(super) async fn link(
    Asker(caller): Asker,
    bindings: web::Data<Bindings>,
    body: Checked<LinkBody>,
) -> Result<HttpResponse, Problem> {
    let linked = match body.value.parse()? {
        Wanted::Offered(tokens, proof) => bindings.confirm(&caller, tokens, proof).await?,
        Wanted::Number(number, proof) => {
            vec![bindings.bind_by_number(&caller, &number, &proof).await?]
        }
    };
    Ok(HttpResponse::Created().json(LinkedView {
        items: linked.into_iter().map(BindingView::of).collect(),
    }))
}

/// This person's homes, in the order they were linked.
#[utoipa::path(get, path = "/v1/bindings", tag = "bindings", security(("bearer" = [])),
    params(PageQuery),
    responses((status = 200, description = "A page of homes", body = BindingsView)))]
pub(super) async fn list(
    Asker(caller): Asker,
    bindings: web::Data<Bindings>,
    cursors: web::Data<Cursors>,
    Query(query): Query<PageQuery>,
) -> Result<web::Json<BindingsView>, Problem> {
    let scope = format!("bindings:{}", caller.account_id);
    let slice = bindings
        .list(&caller, &cursors.open(&scope, query)?)
        .await?;
    Ok(web::Json(BindingsView {
        items: slice.items.into_iter().map(BindingView::of).collect(),
        next_cursor: slice.next.map(|key| cursors.close(&scope, &key)),
    }))
}

/// One home: for its holder and the authorised also category, tariff, meters and real-name state.
#[utoipa::path(get, path = "/v1/bindings/{binding_id}", tag = "bindings", security(("bearer" = [])),
    params(("binding_id" = String, Path, description = "From `GET /v1/bindings`")),
    responses((status = 200, description = "The home", body = DetailView)))]
pub(super) async fn detail(
    Asker(caller): Asker,
    bindings: web::Data<Bindings>,
    path: web::Path<String>,
) -> Result<web::Json<DetailView>, Problem> {
    Ok(web::Json(DetailView::of(
        bindings.detail(&caller, &id(&path)?).await?,
    )))
}

/// Names a home.
#[utoipa::path(patch, path = "/v1/bindings/{binding_id}", tag = "bindings", security(("bearer" = [])),
    params(("binding_id" = String, Path, description = "From `GET /v1/bindings`")),
    request_body = RenameBody,
    responses((status = 200, description = "The home", body = BindingView)))]
pub(super) async fn rename(
    Asker(caller): Asker,
    bindings: web::Data<Bindings>,
    path: web::Path<String>,
    body: Checked<RenameBody>,
) -> Result<web::Json<BindingView>, Problem> {
    let typed = body.value.label.filter(|text| !text.trim().is_empty());
    let label = typed
        .as_deref()
        .map(Label::parse)
        .transpose()
        .map_err(|_| {
            Problem::new(Code::InvalidField).field("label", "invalid", "1 to 20 characters")
        })?;
    let seen = bindings.rename(&caller, &id(&path)?, label).await?;
    Ok(web::Json(BindingView::of(seen)))
}

/// Ends a link. What its person granted to others ends with it. A device that signed in less than a day ago to
/// an account that was there before needs a step-up for `unlink` (403 `STEP_UP_REQUIRED`).
#[utoipa::path(delete, path = "/v1/bindings/{binding_id}", tag = "bindings", security(("bearer" = [])),
    params(("binding_id" = String, Path, description = "From `GET /v1/bindings`")),
    responses((status = 204, description = "Ended")))]
pub(super) async fn unlink(
    Asker(caller): Asker,
    bindings: web::Data<Bindings>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    bindings.unbind(&caller, &id(&path)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A text that is no id names nothing, like an id of somebody else.
pub(super) fn id(path: &str) -> Result<BindingId, Problem> {
    BindingId::parse(path).map_err(|_| Problem::new(Code::NotFound))
}
