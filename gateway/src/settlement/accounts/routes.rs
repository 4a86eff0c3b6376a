//! Handlers of generation accounts.

use actix_web::{HttpResponse, web};
use lifeline_core::accounts::Accounts;
use lifeline_core::bindings::Bindings;
use lifeline_core::settlement::accounts::Generation;
use lifeline_core::settlement::ids::GenerationAccountId;

use super::dto::{
    EncryptedIdentityBody, GenerationAccountView, GenerationAccountsView, NewGenerationAccountBody,
    PermissionView, PersonalTableView, PublicKeyView, RegistrationBody, SetGenerationPasswordBody,
    TableQuery, TerminationBody,
};
use crate::accounts::{Asker, announce};
use crate::edge::cursor::{Cursors, PageQuery};
use crate::edge::principal::Door;
use crate::edge::{Checked, Code, Problem, Query};

/// A text that is no id names nothing, like an id of somebody else.
fn id_of(path: &str) -> Result<GenerationAccountId, Problem> {
    GenerationAccountId::parse(path).map_err(|_| Problem::new(Code::NotFound))
}

/// Registers a generator: what is typed must agree with the grid-connection reserve.
///
/// Unknown number, wrong details, taken: one answer, `GENERATOR_NOT_CONFIRMED`. The key pair is made next; ask for
/// the public key until it is there. User name and password are kept with a new account only: a repeat answers the
/// account as it is, and `LOGIN_TAKEN` registers nothing.
#[utoipa::path(post, path = "/v1/generation-accounts", tag = "generation-accounts", security(("bearer" = [])),
    request_body = NewGenerationAccountBody,
    responses((status = 201, description = "Registered", body = GenerationAccountView)))]
pub(super) async fn register(
    Asker(caller): Asker,
    generation: web::Data<Generation>,
    bindings: web::Data<Bindings>,
    body: Checked<NewGenerationAccountBody>,
) -> Result<HttpResponse, Problem> {
    let (given, chosen) = body.value.parse()?;
    let typed = given.whole(&bindings, &caller).await?;
    let account = generation
        .register(&caller, &typed, chosen.as_ref())
        .await?;
    Ok(HttpResponse::Created().json(GenerationAccountView::of(&account, None)))
}

/// This person's generation accounts.
#[utoipa::path(get, path = "/v1/generation-accounts", tag = "generation-accounts", security(("bearer" = [])),
    params(PageQuery),
    responses((status = 200, description = "A page of accounts", body = GenerationAccountsView)))]
pub(super) async fn list(
    Asker(caller): Asker,
    generation: web::Data<Generation>,
    cursors: web::Data<Cursors>,
    Query(query): Query<PageQuery>,
) -> Result<web::Json<GenerationAccountsView>, Problem> {
    let scope = format!("generation-accounts:{}", caller.account_id);
    let page = cursors.open(&scope, query)?;
    let slice = generation.list(&caller, &page).await?;
    let items = slice.items.iter();
    Ok(web::Json(GenerationAccountsView {
        items: items
            .map(|account| GenerationAccountView::of(account, None))
            .collect(),
        next_cursor: slice.next.map(|key| cursors.close(&scope, &key)),
    }))
}

/// One generation account.
#[utoipa::path(get, path = "/v1/generation-accounts/{generation_account_id}", tag = "generation-accounts",
    security(("bearer" = [])),
    params(("generation_account_id" = String, Path, description = "From `GET /v1/generation-accounts`")),
    responses((status = 200, description = "The account", body = GenerationAccountView)))]
pub(super) async fn detail(
    Asker(caller): Asker,
    generation: web::Data<Generation>,
    path: web::Path<String>,
) -> Result<web::Json<GenerationAccountView>, Problem> {
    let standing = generation.detail(&caller, &id_of(&path)?).await?;
    Ok(web::Json(GenerationAccountView::standing(&standing)))
}

/// Sets the account's user name and password by the code sent to the owner's own phone (`POST /v1/otps`,
/// `set_generation_password`). Every other device is signed out.
#[utoipa::path(put, path = "/v1/generation-accounts/{generation_account_id}/password", tag = "generation-accounts",
    security(("bearer" = [])), request_body = SetGenerationPasswordBody,
    params(("generation_account_id" = String, Path, description = "From `GET /v1/generation-accounts`")),
    responses((status = 204, description = "Set")))]
pub(super) async fn set_password(
    Asker(caller): Asker,
    generation: web::Data<Generation>,
    accounts: web::Data<Accounts>,
    door: web::Data<Door>,
    path: web::Path<String>,
    body: Checked<SetGenerationPasswordBody>,
) -> Result<HttpResponse, Problem> {
    let id = id_of(&path)?;
    let (chosen, otp) = body.value.parse()?;
    let ended = generation.set_password(&caller, &id, &chosen, &otp).await?;
    announce(&door, &accounts, ended);
    Ok(HttpResponse::NoContent().finish())
}

/// The account's public key, and a nonce for one encrypted identity within ten minutes.
#[utoipa::path(get, path = "/v1/generation-accounts/{generation_account_id}/public-key", tag = "generation-accounts",
    security(("bearer" = [])),
    params(("generation_account_id" = String, Path, description = "From `GET /v1/generation-accounts`")),
    responses((status = 200, description = "Key and nonce", body = PublicKeyView)))]
pub(super) async fn public_key(
    Asker(caller): Asker,
    generation: web::Data<Generation>,
    path: web::Path<String>,
) -> Result<web::Json<PublicKeyView>, Problem> {
    let key = generation.public_key(&caller, &id_of(&path)?).await?;
    Ok(web::Json(PublicKeyView::of(key)))
}

/// Shows who the owner is, encrypted for the account's key; opens the personal data table.
///
/// Whatever is wrong with it: `PERMISSION_NOT_GRANTED`, and the nonce is used up. Once the reserve says another payee than
/// the table, the same shows the new one: with a code (`STEP_UP_REQUIRED` without), and nothing is paid for 72 hours.
#[utoipa::path(post, path = "/v1/generation-accounts/{generation_account_id}/access", tag = "generation-accounts",
    security(("bearer" = [])), request_body = EncryptedIdentityBody,
    params(("generation_account_id" = String, Path, description = "From `GET /v1/generation-accounts`")),
    responses((status = 200, description = "Permitted", body = PermissionView)))]
pub(super) async fn access(
    Asker(caller): Asker,
    generation: web::Data<Generation>,
    path: web::Path<String>,
    body: Checked<EncryptedIdentityBody>,
) -> Result<web::Json<PermissionView>, Problem> {
    let (id, (jwe, code)) = (id_of(&path)?, body.value.parse()?);
    let permitted = generation.permit(&caller, &id, &jwe, code.as_ref()).await?;
    Ok(web::Json(PermissionView {
        permission_id: permitted.permission_id.to_string(),
    }))
}

/// The personal data table: whose it is, energy and the amounts beside it.
#[utoipa::path(get, path = "/v1/generation-accounts/{generation_account_id}/table", tag = "generation-accounts",
    security(("bearer" = [])),
    params(("generation_account_id" = String, Path, description = "From `GET /v1/generation-accounts`"), TableQuery),
    responses((status = 200, description = "A page of the table", body = PersonalTableView)))]
pub(super) async fn table(
    Asker(caller): Asker,
    generation: web::Data<Generation>,
    cursors: web::Data<Cursors>,
    path: web::Path<String>,
    Query(query): Query<TableQuery>,
) -> Result<web::Json<PersonalTableView>, Problem> {
    let id = id_of(&path)?;
    let (search, page) = query.parse()?;
    let scope = format!("generation-table:{id}:{}", caller.account_id);
    let page = cursors.open(&scope, page)?;
    let page = generation.table(&caller, &id, &search, &page).await?;
    Ok(web::Json(PersonalTableView::of(&page, |key| {
        cursors.close(&scope, key)
    })))
}

/// Asks the utility to end the cooperation; only the utility ends it.
#[utoipa::path(post, path = "/v1/generation-accounts/{generation_account_id}/termination", tag = "generation-accounts",
    security(("bearer" = [])), request_body = TerminationBody,
    params(("generation_account_id" = String, Path, description = "From `GET /v1/generation-accounts`")),
    responses((status = 202, description = "Asked", body = GenerationAccountView)))]
pub(super) async fn ask_termination(
    Asker(caller): Asker,
    generation: web::Data<Generation>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let account = generation.ask_termination(&caller, &id_of(&path)?).await?;
    Ok(HttpResponse::Accepted().json(GenerationAccountView::of(&account, None)))
}

/// Wakes an account whose cooperation is over, by the renewed contract's reserve: new keys, a new table.
#[utoipa::path(post, path = "/v1/generation-accounts/{generation_account_id}/activation", tag = "generation-accounts",
    security(("bearer" = [])), request_body = RegistrationBody,
    params(("generation_account_id" = String, Path, description = "From `GET /v1/generation-accounts`")),
    responses((status = 200, description = "Awake", body = GenerationAccountView)))]
pub(super) async fn activate(
    Asker(caller): Asker,
    generation: web::Data<Generation>,
    bindings: web::Data<Bindings>,
    path: web::Path<String>,
    body: Checked<RegistrationBody>,
) -> Result<web::Json<GenerationAccountView>, Problem> {
    let (id, given) = (id_of(&path)?, body.value.parse()?);
    let typed = given.whole(&bindings, &caller).await?;
    let account = generation.activate(&caller, &id, &typed).await?;
    Ok(web::Json(GenerationAccountView::of(&account, None)))
}
