//! The way in and out: sign-in by login, password and code; sign-out; the language.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use lifeline_core::accounts::passwords::Password;
use lifeline_core::operators::{OperatorError, Operators, Shown};
use serde::Deserialize;

use super::access::{Access, Pages};
use super::fault::Fault;
use super::frame::{Frame, html, page};
use super::kept;
use super::visitor::{ConsoleCookies, Fields, Visitor, came_from, go, lang, led_to, source};
use super::words::Lang;
use crate::edge::trace;

pub(super) fn pages(pages: &mut Pages<'_>) {
    pages.get("/console/sign-in", Access::Anyone, ask);
    pages.post("/console/sign-in", Access::Anyone, "operators.enter", enter);
    pages.post(
        "/console/sign-out",
        Access::SignedIn,
        "operators.leave",
        leave,
    );
    pages.post(
        "/console/language",
        Access::SignedIn,
        "operators.language",
        choose,
    );
}

#[derive(Template)]
#[template(path = "console/sign_in.html")]
struct SignInPage {
    frame: Frame,
    refused: bool,
    login: String,
    /// Where it leads then; empty for the first page.
    to: String,
    /// What was typed when the session ended is there still.
    kept: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    to: String,
    kept: String,
}

async fn ask(req: HttpRequest, asked: web::Query<Asked>) -> HttpResponse {
    let Asked { to, kept } = asked.into_inner();
    page(&SignInPage {
        frame: Frame::outside(lang(&req), "enter.title"),
        refused: false,
        login: String::new(),
        to,
        kept: !kept.is_empty(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proofs {
    login: String,
    password: String,
    code: String,
    #[serde(default)]
    to: String,
}

async fn enter(
    req: HttpRequest,
    operators: web::Data<Operators>,
    cookies: web::Data<ConsoleCookies>,
    fields: Fields<Proofs>,
) -> Result<HttpResponse, Fault> {
    let Proofs {
        login,
        password,
        code,
        to,
    } = fields.0;
    let refused = |login: String| {
        let page = SignInPage {
            frame: Frame::outside(lang(&req), "enter.title"),
            refused: true,
            login,
            to: to.clone(),
            kept: false,
        };
        html(StatusCode::UNAUTHORIZED, &page)
    };
    let Ok(password) = Password::typed(password) else {
        return Ok(refused(login));
    };
    let shown = Shown {
        login: &login,
        password,
        code: &code,
    };
    match operators
        .enter(shown, &source(&req), &trace::current())
        .await
    {
        Ok(entered) => {
            let mut answer = kept::led(&operators, &entered.staff.staff_id, led_to(&to)).await;
            let added = answer.add_cookie(&cookies.session(&entered.token));
            added.map_err(|_| Fault::Internal)?;
            Ok(answer)
        }
        Err(OperatorError::Refused) => Ok(refused(login)),
        Err(error) => Err(error.into()),
    }
}

async fn leave(
    visitor: Visitor,
    cookies: web::Data<ConsoleCookies>,
) -> Result<HttpResponse, Fault> {
    visitor.operators.leave(&visitor.acting).await?;
    let mut answer = go("/console/sign-in");
    let added = answer.add_cookie(&cookies.no_session());
    added.map_err(|_| Fault::Internal)?;
    Ok(answer)
}

async fn choose(
    req: HttpRequest,
    visitor: Visitor,
    cookies: web::Data<ConsoleCookies>,
) -> Result<HttpResponse, Fault> {
    let other = match visitor.lang {
        Lang::Zh => Lang::En,
        Lang::En => Lang::Zh,
    };
    // The same page in the other language; one that only an act leads to is not asked for again.
    let mut answer = go(&came_from(&req).unwrap_or_else(|| "/console".to_owned()));
    let added = answer.add_cookie(&cookies.lang(other));
    added.map_err(|_| Fault::Internal)?;
    Ok(answer)
}
