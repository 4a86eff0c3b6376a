//! Handlers of `accounts`.

use actix_web::{HttpRequest, HttpResponse, web};
use lifeline_core::accounts::{Accounts, Came, Client, Door as Entrance, PasswordDoor, Secret};
use lifeline_core::settlement::accounts::GenerationDoor;
use lifeline_core::shared::ids::SessionId;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::personal::Phone;

use super::asker::{Asker, Visit};
use super::cookies::CookieRules;
use super::dto::{
    BrowserStartView, ChangeMeBody, CodePromisedView, ConsentView, ConsentsView, DeviceView,
    DevicesView, GiveConsentBody, GivenView, MeView, Nothing, SessionView, SignInBody,
    ToldPhoneBody, WithdrawConsentBody, token,
};
use super::passwords;
use crate::edge::cursor::{Cursors, PageQuery};
use crate::edge::principal::Door;
use crate::edge::tokens::ACCESS_LIFE_S;
use crate::edge::{Checked, Code, Problem, Query};

/// Begins a sign-in in a browser.
#[utoipa::path(post, path = "/v1/oauth-starts", tag = "accounts", request_body = Nothing,
    responses((status = 201, description = "Where to go; the cookie ties the way back to this browser", body = BrowserStartView)))]
pub(super) async fn begin_browser(
    accounts: web::Data<Accounts>,
    cookies: web::Data<CookieRules>,
) -> Result<HttpResponse, Problem> {
    let start = accounts.start_browser().await?;
    Ok(HttpResponse::Created()
        .cookie(cookies.oauth(&start.cookie, start.expires_in_s))
        .json(BrowserStartView {
            authorize_url: start.authorize_url,
        }))
}

/// Signs in with Alipay, or answers a new access token for a refresh token.
///
/// In a browser the refresh token never reaches the page: it is set as a cookie. By password it takes
/// two calls: without `otp` the answer is 202, the same for any login and password.
#[utoipa::path(post, path = "/v1/sessions", tag = "accounts", request_body = SignInBody,
    responses((status = 201, description = "Signed in", body = SessionView),
        (status = 202, description = "If login and password fit, a code is on its way", body = CodePromisedView)))]
pub(super) async fn sign_in(
    req: HttpRequest,
    visit: Visit,
    accounts: web::Data<Accounts>,
    door: web::Data<Door>,
    cookies: web::Data<CookieRules>,
    by_password: web::Data<PasswordDoor>,
    by_generation: web::Data<GenerationDoor>,
    body: Checked<SignInBody>,
) -> Result<HttpResponse, Problem> {
    let came = match body.value {
        SignInBody::Password {
            login,
            password,
            otp,
        } => {
            let shown = passwords::shown(&req, visit, &login, password, otp, **cookies)?;
            by_password.enter(shown).await?
        }
        SignInBody::GenerationPassword {
            login,
            password,
            otp,
        } => {
            let shown = passwords::shown(&req, visit, &login, password, otp, **cookies)?;
            by_generation.enter(shown).await?
        }
        SignInBody::Alipay { auth_code, state } => {
            token("auth_code", &auth_code, 256)?;
            let entrance = entrance(&req, &visit, state, **cookies)?;
            let signed_in = accounts.sign_in(&auth_code, entrance, visit.visitor);
            Came::from(signed_in.await?)
        }
        SignInBody::Refresh { refresh_token } => {
            let (shown, client) = shown(&req, refresh_token, **cookies)?;
            Came::from(accounts.refresh(shown, client, visit.visitor).await?)
        }
    };
    answer(came, &accounts, &door, **cookies)
}

/// A browser must show the state it began with; only the mini-program has none.
fn entrance(
    req: &HttpRequest,
    visit: &Visit,
    state: Option<String>,
    cookies: CookieRules,
) -> Result<Entrance, Problem> {
    if state.is_none() && !visit.by_browser {
        return Ok(Entrance::MiniProgram);
    }
    if let Some(state) = &state {
        token("state", state, 128)?;
    }
    Ok(Entrance::Browser {
        state: state.map(Secret::new),
        cookie: cookies.oauth_of(req),
        earlier: cookies.refresh_of(req),
    })
}

/// The refresh token and how it was shown.
fn shown(
    req: &HttpRequest,
    sent: Option<String>,
    cookies: CookieRules,
) -> Result<(Secret, Client), Problem> {
    match sent {
        Some(sent) => {
            token("refresh_token", &sent, 128)?;
            Ok((Secret::new(sent), Client::Mini))
        }
        None => cookies
            .refresh_of(req)
            .map(|secret| (secret, Client::H5))
            .ok_or_else(|| Problem::new(Code::SessionRevoked)),
    }
}

fn answer(
    came: Came,
    accounts: &Accounts,
    door: &Door,
    cookies: CookieRules,
) -> Result<HttpResponse, Problem> {
    let signed_in = match came {
        Came::In(signed_in) => signed_in,
        Came::CodePromised(promise) => return Ok(passwords::promised(promise)),
    };
    let now = accounts.now();
    announce(door, accounts, signed_in.ended.clone());
    let mini = signed_in.client == Client::Mini;
    let issued = door.tokens.issue(
        &signed_in.account_id,
        &signed_in.session_id,
        &signed_in.family_id,
        signed_in.session_expires_at,
    )?;
    let view = SessionView {
        access_token: issued.token,
        token_type: "Bearer",
        expires_in: issued.life_s,
        refresh_token: mini.then(|| signed_in.refresh_token.expose().to_owned()),
        account_id: signed_in.account_id.to_string(),
    };
    let mut reply = HttpResponse::Created();
    if !mini {
        let life_s = signed_in.refresh_expires_at.seconds_since(now);
        reply.cookie(cookies.refresh(&signed_in.refresh_token, life_s));
        reply.cookie(cookies.forget_oauth());
    }
    if let Some(secret) = &signed_in.browser_secret {
        let life_s = signed_in.session_expires_at.seconds_since(now);
        reply.cookie(cookies.pay(secret, life_s));
    }
    Ok(reply.json(view))
}

/// Access tokens of these sessions stop working here now, on other nodes in under a second.
pub(crate) fn announce(door: &Door, accounts: &Accounts, ended: Vec<SessionId>) {
    let until = accounts.now().plus_seconds(ACCESS_LIFE_S);
    for session in ended {
        door.ended.announce(session, until);
    }
}

/// Ends this session.
#[utoipa::path(delete, path = "/v1/sessions/current", tag = "accounts", security(("bearer" = [])),
    responses((status = 204, description = "Ended")))]
pub(super) async fn sign_out(
    Asker(caller): Asker,
    accounts: web::Data<Accounts>,
    door: web::Data<Door>,
    cookies: web::Data<CookieRules>,
) -> Result<HttpResponse, Problem> {
    let ended = accounts.sign_out(&caller).await?;
    announce(&door, &accounts, ended);
    let mut reply = HttpResponse::NoContent();
    for cookie in cookies.forget_session() {
        reply.cookie(cookie);
    }
    Ok(reply.finish())
}

/// The devices this person is signed in on, newest first; without `limit` up to 100.
#[utoipa::path(get, path = "/v1/sessions", tag = "accounts", security(("bearer" = [])), params(PageQuery),
    responses((status = 200, description = "The live sessions", body = DevicesView)))]
pub(super) async fn list_sessions(
    Asker(caller): Asker,
    accounts: web::Data<Accounts>,
    cursors: web::Data<Cursors>,
    Query(mut query): Query<PageQuery>,
) -> Result<web::Json<DevicesView>, Problem> {
    // Whoever asks for no page wants to see every device that could be signed out.
    query.limit.get_or_insert(Page::LIMIT_MAX);
    let scope = format!("sessions:{}", caller.account_id);
    let page = cursors.open(&scope, query)?;
    let sessions = accounts.sessions(&caller).await?;
    let view = |session| DeviceView::of(session, &caller.family_id);
    let devices: Vec<DeviceView> = sessions.iter().map(view).collect();
    let key = |device: &DeviceView| device.session_id.clone();
    let (items, next_cursor) = cursors.page_of(&scope, devices, &page, key);
    Ok(web::Json(DevicesView { items, next_cursor }))
}

/// Ends one of this person's sessions.
#[utoipa::path(delete, path = "/v1/sessions/{session_id}", tag = "accounts", security(("bearer" = [])),
    params(("session_id" = String, Path, description = "From `GET /v1/sessions`")),
    responses((status = 204, description = "Ended")))]
pub(super) async fn end_session(
    Asker(caller): Asker,
    accounts: web::Data<Accounts>,
    door: web::Data<Door>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let session = SessionId::parse(&path).map_err(|_| Problem::new(Code::NotFound))?;
    let ended = accounts.end_session(&caller, &session).await?;
    announce(&door, &accounts, ended);
    Ok(HttpResponse::NoContent().finish())
}

/// This person, masked.
#[utoipa::path(get, path = "/v1/me", tag = "accounts", security(("bearer" = [])),
    responses((status = 200, description = "The profile", body = MeView)))]
pub(super) async fn me(
    Asker(caller): Asker,
    accounts: web::Data<Accounts>,
) -> Result<web::Json<MeView>, Problem> {
    let account = accounts.me(&caller).await?;
    Ok(web::Json(MeView {
        other_account: Some(accounts.has_other_account(&account).await?),
        ..MeView::of(&account)
    }))
}

/// Makes a phone this person's own by the code sent to it (`POST /v1/otps`, `verify_phone`).
///
/// One account per phone: whoever held it before loses it and is signed out. The phone that this account
/// has is given up for it only after a step-up for `change_phone` (403 `STEP_UP_REQUIRED`; `otp` stays
/// good), or in the ten minutes after its certified owner showed their face on this device, and is told.
#[utoipa::path(patch, path = "/v1/me", tag = "accounts", security(("bearer" = [])),
    request_body = ChangeMeBody,
    responses((status = 200, description = "The profile", body = MeView)))]
pub(super) async fn change_me(
    Asker(caller): Asker,
    accounts: web::Data<Accounts>,
    door: web::Data<Door>,
    body: Checked<ChangeMeBody>,
) -> Result<web::Json<MeView>, Problem> {
    let phone = Phone::parse(&body.value.phone).map_err(|_| {
        Problem::new(Code::InvalidField).field("phone", "invalid", "a mainland mobile number")
    })?;
    token("otp", &body.value.otp, 16)?;
    let typed = Secret::new(body.value.otp);
    let taken = accounts.verify_phone(&caller, &phone, &typed).await?;
    announce(&door, &accounts, taken.ended);
    Ok(web::Json(MeView::of(&taken.account)))
}

/// Makes the wallet's phone this person's own, by what `my.getPhoneNumber` gave the mini-program.
///
/// It moves no phone from another account (409 `PHONE_HELD`): a code to the phone does. Another phone that
/// this account has is given up for it only after a step-up for `change_phone` (403 `STEP_UP_REQUIRED`) or
/// a face, as at `PATCH /v1/me`, and is told.
#[utoipa::path(post, path = "/v1/me/phone", tag = "accounts", security(("bearer" = [])),
    request_body = ToldPhoneBody,
    responses((status = 200, description = "The profile", body = MeView)))]
pub(super) async fn take_phone(
    Asker(caller): Asker,
    accounts: web::Data<Accounts>,
    body: Checked<ToldPhoneBody>,
) -> Result<web::Json<MeView>, Problem> {
    body.value.check()?;
    let ToldPhoneBody { response, sign, .. } = &body.value;
    let account = accounts.take_told_phone(&caller, response, sign).await?;
    Ok(web::Json(MeView::of(&account)))
}

/// Every purpose with its words, agreed to or not.
#[utoipa::path(get, path = "/v1/me/consents", tag = "accounts", security(("bearer" = [])),
    responses((status = 200, description = "The purposes", body = ConsentsView)))]
pub(super) async fn consents(
    Asker(caller): Asker,
    accounts: web::Data<Accounts>,
) -> Result<web::Json<ConsentsView>, Problem> {
    let states = accounts.consents(&caller).await?;
    let history = accounts.consent_history(&caller).await?;
    Ok(web::Json(ConsentsView {
        items: states.iter().map(ConsentView::of).collect(),
        history: history.iter().map(GivenView::of).collect(),
    }))
}

/// Agrees to one purpose, by itself, to the words of the given version.
#[utoipa::path(post, path = "/v1/me/consents", tag = "accounts", security(("bearer" = [])),
    request_body = GiveConsentBody,
    responses((status = 201, description = "Agreed; a repeat changes nothing", body = ConsentView)))]
pub(super) async fn give_consent(
    Asker(caller): Asker,
    accounts: web::Data<Accounts>,
    body: Checked<GiveConsentBody>,
) -> Result<HttpResponse, Problem> {
    let purpose = body.value.purpose;
    let given = accounts
        .give_consent(&caller, purpose.into(), &body.value.version)
        .await?;
    let text = given.purpose.text();
    Ok(HttpResponse::Created().json(ConsentView {
        purpose,
        version: text.version,
        text: text.zh,
        given_at: Some(given.given_at.rfc3339()),
    }))
}

/// Takes a consent back; nothing rests on it from now on.
#[utoipa::path(delete, path = "/v1/me/consents", tag = "accounts", security(("bearer" = [])),
    request_body = WithdrawConsentBody,
    responses((status = 204, description = "Taken back, or never given")))]
pub(super) async fn withdraw_consent(
    Asker(caller): Asker,
    accounts: web::Data<Accounts>,
    body: Checked<WithdrawConsentBody>,
) -> Result<HttpResponse, Problem> {
    accounts
        .withdraw_consent(&caller, body.value.purpose.into())
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
