//! The page on which a person lets the utility read who they are.

use std::fmt::Write as _;
use std::sync::PoisonError;

use actix_web::http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::oauth::Scope;
use super::{APP_ID, Alipay, SELLER_NAME};
use crate::pages::{escape, page};
use crate::people::Person;

const PATH: &str = "/oauth2/publicAppAuthorize.htm";
/// Remembers, for the cashier, whose wallet this browser is.
pub(super) const WALLET_COOKIE: &str = "sandbox_person";
const STATE_MAX: usize = 256;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource(PATH)
            .route(web::get().to(show))
            .route(web::post().to(decide)),
    );
}

#[derive(Deserialize)]
struct Wish {
    app_id: String,
    scope: String,
    redirect_uri: String,
    #[serde(default)]
    state: String,
}

impl Wish {
    /// The scope asked for, or what is wrong with the link.
    fn check(&self, alipay: &Alipay) -> Result<Scope, &'static str> {
        if self.app_id != APP_ID {
            return Err("app_id 未知 · unknown app_id");
        }
        if !alipay.may_return_to(&self.redirect_uri) {
            return Err("redirect_uri 不允许 · this redirect_uri is not allowed");
        }
        if self.state.len() > STATE_MAX {
            return Err("state 过长 · state is too long");
        }
        Scope::widest(self.scope.split(',')).ok_or("scope 未知 · unknown scope")
    }

    /// Back to the merchant with more query parameters.
    fn back(&self, scope: Scope, more: (&str, &str)) -> Option<String> {
        let mut url = reqwest::Url::parse(&self.redirect_uri).ok()?;
        url.query_pairs_mut()
            .append_pair("app_id", APP_ID)
            .append_pair("source", "alipay_wallet")
            .append_pair("scope", scope.name())
            .append_pair(more.0, more.1);
        if !self.state.is_empty() {
            url.query_pairs_mut().append_pair("state", &self.state);
        }
        Some(url.into())
    }
}

async fn show(
    alipay: web::Data<Alipay>,
    http: HttpRequest,
    wish: web::Query<Wish>,
) -> HttpResponse {
    match wish.check(&alipay) {
        Ok(scope) => ask(&alipay, &wish, scope, remembered(&http).as_deref()),
        Err(reason) => broken(reason),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    app_id: String,
    scope: String,
    redirect_uri: String,
    state: String,
    person: String,
    decision: Choice,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Choice {
    Allow,
    Refuse,
}

async fn decide(alipay: web::Data<Alipay>, form: web::Form<Decision>) -> HttpResponse {
    let Decision {
        app_id,
        scope,
        redirect_uri,
        state,
        person,
        decision,
    } = form.into_inner();
    let wish = Wish {
        app_id,
        scope,
        redirect_uri,
        state,
    };
    let scope = match wish.check(&alipay) {
        Ok(scope) => scope,
        Err(reason) => return broken(reason),
    };
    if decision == Choice::Refuse {
        return send_back(wish.back(scope, ("error", "access_denied")), None);
    }
    let Some(person) = alipay.people.find(&person) else {
        return broken("没有这个人 · no such person");
    };
    match alipay.allow(person, scope) {
        Some(code) => send_back(wish.back(scope, ("auth_code", &code)), Some(person)),
        None => broken("无法生成授权码 · no code could be made"),
    }
}

impl Alipay {
    /// The person taps "allow"; `None` only without randomness.
    pub(super) fn allow(&self, person: &Person, scope: Scope) -> Option<String> {
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        desk.authorize(person.person, scope, self.clock.now()).ok()
    }
}

/// The person this browser used last.
pub(super) fn remembered(http: &HttpRequest) -> Option<String> {
    http.cookie(WALLET_COOKIE)
        .map(|cookie| cookie.value().to_owned())
}

fn send_back(url: Option<String>, person: Option<&Person>) -> HttpResponse {
    let Some(url) = url else {
        return broken("redirect_uri 无法解析 · redirect_uri cannot be read");
    };
    let mut answer = HttpResponse::SeeOther();
    answer
        .insert_header((LOCATION, url))
        .insert_header((CACHE_CONTROL, "no-store"));
    if let Some(person) = person {
        for path in [PATH, "/gateway.do", "/cashier"] {
            let cookie = format!(
                "{WALLET_COOKIE}={}; Path={path}; HttpOnly; SameSite=Lax",
                person.person
            );
            answer.append_header((SET_COOKIE, cookie));
        }
    }
    answer.finish()
}

fn broken(reason: &str) -> HttpResponse {
    let body = format!(
        "<h1>无法授权 <span class=\"en\">Cannot authorise</span></h1><div class=\"card\">{}</div>",
        escape(reason)
    );
    page("无法授权 · Cannot authorise", &body)
}

fn ask(alipay: &Alipay, wish: &Wish, scope: Scope, last: Option<&str>) -> HttpResponse {
    let mut body = format!(
        "<p><span class=\"tag\">沙箱 · Sandbox</span></p>\
         <h1>{seller}<br>申请获取以下信息 <span class=\"en\">asks to read</span></h1>\
         <div class=\"card\">{shared}</div>\
         <form method=\"post\" action=\"{PATH}\">{hidden}\
         <h2>以谁的支付宝授权 <span class=\"en\">Whose wallet</span></h2><div class=\"card\">",
        seller = escape(SELLER_NAME),
        shared = shared(scope),
        hidden = hidden(wish),
    );
    let chosen = last.filter(|person| alipay.people.find(person).is_some());
    for (index, person) in alipay.people.all().iter().enumerate() {
        let checked = chosen.map_or(index == 0, |last| last == person.person);
        choice(&mut body, person, checked);
    }
    body.push_str(
        "</div><button id=\"allow\" class=\"primary\" name=\"decision\" value=\"allow\">\
         同意 · Allow</button><button id=\"refuse\" name=\"decision\" value=\"refuse\">\
         拒绝 · Refuse</button></form>",
    );
    page("授权 · Authorise", &body)
}

fn shared(scope: Scope) -> &'static str {
    match (scope.profile, scope.compare) {
        (false, false) => "<ul><li>支付宝用户标识 <span class=\"en\">wallet id</span></li></ul>",
        (false, true) => {
            "<ul><li>支付宝用户标识 <span class=\"en\">wallet id</span></li>\
             <li>核对您填写的姓名和证件号码是否一致 \
             <span class=\"en\">whether the name and ID number you typed are yours</span></li></ul>"
        }
        (true, _) => {
            "<ul><li>支付宝用户标识、昵称、城市 <span class=\"en\">wallet id, nickname, city</span></li>\
             <li>实名信息：姓名、证件号码、手机号 \
             <span class=\"en\">real name, ID number, mobile</span></li></ul>"
        }
    }
}

fn hidden(wish: &Wish) -> String {
    let fields = [
        ("app_id", &wish.app_id),
        ("scope", &wish.scope),
        ("redirect_uri", &wish.redirect_uri),
        ("state", &wish.state),
    ];
    fields
        .iter()
        .fold(String::new(), |mut html, (name, value)| {
            let _ = write!(
                html,
                "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
                escape(value)
            );
            html
        })
}

fn choice(html: &mut String, person: &Person, checked: bool) {
    let checked = if checked { " checked" } else { "" };
    let _ = write!(
        html,
        "<label class=\"person\" data-person=\"{id}\">\
         <input type=\"radio\" name=\"person\" value=\"{id}\"{checked}>\
         <span><b>{name}</b> <span class=\"en\">{name_en}</span><br>{story} \
         <span class=\"en\">{story_en}</span></span></label>",
        id = escape(person.person),
        name = escape(person.name),
        name_en = escape(person.name_en),
        story = escape(person.story.0),
        story_en = escape(person.story.1),
    );
}
