//! Who stands behind a request of the console, and what they posted.

use std::sync::OnceLock;

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT_LANGUAGE, HOST, HeaderMap, HeaderName, LOCATION, REFERER};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, web};
use futures_util::future::{Ready, ready};
use lifeline_core::accounts::Secret;
use lifeline_core::operators::kept::BEGAN_S;
use lifeline_core::operators::{Acting, Operators};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::fault::Fault;
use super::kept;
use super::words::Lang;
use crate::edge::client::ClientAddress;
use crate::edge::trace;

const SESSION_COOKIE: &str = "lifeline_staff";
/// Over TLS: a browser takes it from this very host only, whatever runs beside it below the same domain (money.md 3.11).
const HOST_SESSION_COOKIE: &str = "__Host-lifeline_staff";
const LANG_COOKIE: &str = "lifeline_lang";
const YEAR_S: i64 = 31_536_000;

/// How the console's cookies leave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsoleCookies {
    /// Only over TLS: true wherever the console's address is `https`.
    pub secure: bool,
}

impl ConsoleCookies {
    fn cookie(self, name: &'static str, value: &str, life_s: i64) -> Cookie<'static> {
        Cookie::build(name, value.to_owned())
            .path("/console")
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Strict)
            .max_age(Duration::seconds(life_s))
            .finish()
    }

    const fn session_name(self) -> &'static str {
        if self.secure {
            HOST_SESSION_COOKIE
        } else {
            SESSION_COOKIE
        }
    }

    fn of_session(self, value: &str, life_s: i64) -> Cookie<'static> {
        let mut cookie = self.cookie(self.session_name(), value, life_s);
        if self.secure {
            // What the prefix demands.
            cookie.set_path("/");
        }
        cookie
    }

    /// It outlives the session, whose end the server judges: by it what was typed at that end is kept.
    pub(super) fn session(self, token: &Secret) -> Cookie<'static> {
        self.of_session(token.expose(), BEGAN_S)
    }

    pub(super) fn no_session(self) -> Cookie<'static> {
        self.of_session("", 0)
    }

    pub(super) fn lang(self, lang: Lang) -> Cookie<'static> {
        self.cookie(LANG_COOKIE, lang.as_str(), YEAR_S)
    }
}

/// A code of one's own phone: what weighs more than a click takes one (money.md 3.11).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shown {
    pub(super) code: String,
}

/// Somebody signed in, as a handler is given them.
#[derive(Clone)]
pub struct Visitor {
    pub acting: Acting,
    pub operators: Operators,
    pub lang: Lang,
    /// The path asked for, to mark where one is.
    pub path: String,
    /// What is asked of it, as it stands behind the path.
    pub query: String,
    /// The mark that forms of this session carry.
    pub mark: String,
    /// What a finished act says on the next page: a key of `words`.
    pub said: Option<String>,
}

impl std::fmt::Debug for Visitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Visitor")
            .field("staff", &self.acting.staff)
            .finish_non_exhaustive()
    }
}

impl FromRequest for Visitor {
    type Error = Fault;
    type Future = Ready<Result<Self, Fault>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        // A page that is open to anyone has no visitor: asking for one there is our mistake.
        ready(
            req.extensions()
                .get::<Self>()
                .cloned()
                .ok_or(Fault::Internal),
        )
    }
}

/// The mark of a session: made from its secret, which no page can read.
pub(super) fn mark_of(token: &Secret) -> String {
    hex::encode(Sha256::digest(format!(
        "lifeline console form {}",
        token.expose()
    )))
}

/// The secret that a browser shows, of a session that runs or ran.
pub(super) fn session_token(req: &HttpRequest) -> Option<Secret> {
    let cookies = req.app_data::<web::Data<ConsoleCookies>>()?;
    let cookie = req.cookie(cookies.session_name())?;
    Some(Secret::new(cookie.value().to_owned()))
}

pub(super) async fn visitor(req: &HttpRequest) -> Result<Visitor, Fault> {
    let operators = req.app_data::<web::Data<Operators>>();
    let operators = operators.ok_or(Fault::Internal)?.get_ref().clone();
    let token = session_token(req).ok_or(Fault::SignedOut)?;
    let found = operators.behind(&token).await.map_err(Fault::from)?;
    let (staff, session) = found.ok_or(Fault::SignedOut)?;
    let (mut said, asked) = (None, req.query_string());
    for (key, value) in form_urlencoded::parse(asked.as_bytes()) {
        // No text has it, and one of the engines refuses it in any.
        if value.contains('\0') {
            return Err(Fault::NotFound);
        }
        if key == "said" && said.is_none() {
            said = Some(value.into_owned());
        }
    }
    Ok(Visitor {
        acting: Acting {
            staff,
            session_id: session.session_id,
            source: source(req),
            trace_id: trace::current(),
        },
        operators,
        lang: lang(req),
        path: req.path().to_owned(),
        query: asked.to_owned(),
        mark: mark_of(&token),
        said,
    })
}

/// The client's address, as the audit writes it.
pub(super) fn source(req: &HttpRequest) -> String {
    let found = req.extensions().get::<ClientAddress>().copied();
    found
        .map(|address| address.0.to_string())
        .unwrap_or_default()
}

/// The language somebody chose, else their browser's, else Chinese.
pub(super) fn lang(req: &HttpRequest) -> Lang {
    let chosen = req.cookie(LANG_COOKIE);
    let chosen = chosen.and_then(|cookie| Lang::parse(cookie.value()));
    let asked = req.headers().get(ACCEPT_LANGUAGE);
    let asked = asked.and_then(|value| value.to_str().ok()).unwrap_or("");
    chosen.unwrap_or(if asked.trim_start().starts_with("en") {
        Lang::En
    } else {
        Lang::Zh
    })
}

/// The page of ours that led to a request, as its address here; what an act said there is not said again.
pub(super) fn came_from(req: &HttpRequest) -> Option<String> {
    let text = |name: HeaderName| {
        let value = req.headers().get(name);
        value.and_then(|value| value.to_str().ok())
    };
    let (_, place) = text(REFERER)?.split_once("://")?;
    let (host, path) = place.split_once('/')?;
    let path = path.split("said=").next().unwrap_or_default();
    let path = format!("/{}", path.trim_end_matches(['?', '&']));
    (text(HOST) == Some(host) && is_page(&path)).then_some(path)
}

/// The way in, which leads on to the page that was asked for, or from which an act was asked for; it says when what
/// was typed is kept.
pub(super) fn way_in(req: &HttpRequest, kept: bool) -> String {
    let asked = if req.method() == Method::GET {
        Some(req.uri().to_string())
    } else {
        came_from(req)
    };
    let mut said = form_urlencoded::Serializer::new(String::new());
    match asked.as_deref().map_or("/console", led_to) {
        "/console" => {}
        to => {
            said.append_pair("to", to);
        }
    }
    if kept {
        said.append_pair("kept", "1");
    }
    match said.finish().as_str() {
        "" => "/console/sign-in".to_owned(),
        said => format!("/console/sign-in?{said}"),
    }
}

/// Where somebody who signed in is led: to a page of ours, else to the first one.
pub(super) fn led_to(to: &str) -> &str {
    let plain = to.bytes().all(|byte| byte.is_ascii_graphic());
    if plain && is_page(to) { to } else { "/console" }
}

/// Whether there is a page at an address: at some there are acts alone.
fn is_page(address: &str) -> bool {
    static PAGES: OnceLock<Vec<&'static str>> = OnceLock::new();
    let pages = PAGES.get_or_init(|| {
        let shown = super::table().into_iter();
        let shown = shown.filter(|page| page.method == Method::GET);
        shown.map(|page| page.path).collect()
    });
    let path = address.split('?').next().unwrap_or_default();
    pages.iter().any(|known| fits(known, path))
}

/// Whether a path is one of a registered address.
pub(super) fn fits(known: &str, path: &str) -> bool {
    let part =
        |(known, part): (&str, &str)| known == part || (known.starts_with('{') && !part.is_empty());
    known.split('/').count() == path.split('/').count()
        && known.split('/').zip(path.split('/')).all(part)
}

/// See there: what follows every finished act, so that a reload does not act again.
#[must_use]
pub fn go(path: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, path))
        .finish()
}

/// As [`go`], with a word of `words` for the next page to say.
#[must_use]
pub fn go_saying(path: &str, said: &str) -> HttpResponse {
    go(&format!("{path}?said={said}"))
}

/// What a form sent.
#[derive(Debug, Clone)]
pub struct Body {
    /// Its media type, without parameters.
    pub kind: String,
    pub bytes: web::Bytes,
}

impl FromRequest for Body {
    type Error = Fault;
    type Future = Ready<Result<Self, Fault>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            req.extensions()
                .get::<Self>()
                .cloned()
                .ok_or(Fault::Internal),
        )
    }
}

/// The fields of a posted form; one that the form does not know is refused. The mark is taken out.
#[derive(Debug)]
pub struct Fields<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Fields<T> {
    type Error = Fault;
    type Future = Ready<Result<Self, Fault>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let body = req.extensions().get::<Body>().cloned();
        ready(body.ok_or(Fault::Internal).and_then(|body| parse(&body)))
    }
}

fn parse<T: DeserializeOwned>(body: &Body) -> Result<Fields<T>, Fault> {
    if body.kind != "application/x-www-form-urlencoded" {
        return Err(Fault::Unreadable);
    }
    let mut rest = form_urlencoded::Serializer::new(String::new());
    for (key, value) in form_urlencoded::parse(&body.bytes) {
        if value.contains('\0') {
            return Err(Fault::Unreadable);
        }
        if key != "mark" && key != kept::FIELD {
            rest.append_pair(&key, value.trim());
        }
    }
    web::Query::<T>::from_query(&rest.finish())
        .map(|query| Fields(query.into_inner()))
        .map_err(|_| Fault::Unreadable)
}

/// A form without fields of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A form by which somebody judges a proposal: the one that their page showed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    proposal: Option<String>,
}

impl Judged {
    #[must_use]
    pub fn shown(&self) -> Option<&str> {
        self.proposal.as_deref()
    }
}

/// What a multipart form says before and after the mark.
const MARK_PART: &[u8] = b"name=\"mark\"\r\n\r\n";

/// Whether a form lacks the mark of this session: it was not made by a page of ours.
pub(super) fn forged(mark: &str, headers: &HeaderMap, body: &Body) -> bool {
    let of_header = headers
        .get("x-lifeline-mark")
        .map(|value| value.as_bytes().to_vec());
    let shown = of_header.or_else(|| match body.kind.as_str() {
        "application/x-www-form-urlencoded" => form_urlencoded::parse(&body.bytes)
            .find(|(key, _)| key == "mark")
            .map(|(_, value)| value.as_bytes().to_vec()),
        "multipart/form-data" => body
            .bytes
            .windows(MARK_PART.len())
            .position(|at| at == MARK_PART)
            .and_then(|at| {
                let from = at.checked_add(MARK_PART.len())?;
                let to = from.checked_add(mark.len())?;
                body.bytes.get(from..to).map(<[u8]>::to_vec)
            }),
        _ => None,
    });
    let fits = shown.is_some_and(|shown| bool::from(shown.ct_eq(mark.as_bytes())));
    !fits
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn what_led_here_is_a_page_of_ours_or_nothing() {
        let from = |referer: &str| {
            let request = TestRequest::get()
                .insert_header((HOST, "console.example:8443"))
                .insert_header((REFERER, referer));
            came_from(&request.to_http_request())
        };
        let own = |path: &str| from(&format!("https://console.example:8443{path}"));
        for path in [
            "/console",
            "/console/cases?queue=money&after=019a",
            "/console/cases/019aa2f0-0000-7000-8000-000000000000",
        ] {
            assert_eq!(own(path).as_deref(), Some(path));
        }
        assert_eq!(
            own("/console/points?said=said.points_kept").as_deref(),
            Some("/console/points"),
            "what was said once"
        );
        for act in [
            "/console/cases/019a/proposals",
            "/console/sign-out",
            "/",
            "/console/nothing",
        ] {
            assert_eq!(own(act), None, "{act}");
        }
        for bad in [
            "//evil.example/console",
            "https://evil.example/console",
            "/console/points\r\nx",
        ] {
            assert_eq!(led_to(bad), "/console", "{bad}");
        }
        assert_eq!(led_to("/console/points?x=1"), "/console/points?x=1");
        for other in [
            "https://evil.example/console",
            "https://console.example/console",
            "/console",
            "https://console.example:8443@evil.example/console",
            "",
        ] {
            assert_eq!(from(other), None, "{other}");
        }
    }
}
