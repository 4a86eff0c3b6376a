//! The page on which a person signs a withholding agreement, the calls about it, and the taps in their place.

use std::sync::PoisonError;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::agreement::{Agreement, Change, Terms};
use super::draft::Draft;
use super::failure::{self, Failure};
use super::methods::notify_url;
use super::oauth_page::remembered;
use super::request::{Biz, Request};
use super::{Alipay, SELLER_NAME};
use crate::pages::{escape, page};
use crate::refusal::Refusal;

const PRODUCT: &str = "GENERAL_WITHHOLDING";
const PERSONAL_PRODUCT: &str = "GENERAL_WITHHOLDING_P";
const NUMBER_MAX: usize = 32;
/// What notices say they are when an agreement begins and ends.
pub(super) const SIGNED: &str = "dut_user_sign";
pub(super) const ENDED: &str = "dut_user_unsign";

/// Who ended an agreement: it decides where that is told.
enum By<'u> {
    /// A call, with the address it names.
    Merchant(Option<&'u str>),
    /// In the wallet: only the application gateway is told.
    Person,
}

impl Alipay {
    /// Puts the notice of a change in line.
    fn tell(&self, agreement: &Agreement, change: &Change) {
        let Some(holder) = self.people.find(agreement.person) else {
            return;
        };
        let now = self.clock.now();
        let draft = Draft::of_agreement(agreement, holder, change);
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.outbox.add(draft, now, None);
        self.post_wake.notify_one();
    }

    fn sign(&self, number: &str, person: &'static str) -> Result<Agreement, Failure> {
        let (agreement, gateway) = {
            let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
            let signed = book.agreements.sign(number, person, self.clock.now())?;
            (signed, book.agreements.gateway_url.clone())
        };
        let named = agreement.terms.notify_url.clone();
        let signs_type = named.is_none();
        if let Some(url) = named.or(gateway) {
            let change = Change {
                notify_type: SIGNED,
                status: "NORMAL",
                url,
                signs_type,
            };
            self.tell(&agreement, &change);
        }
        Ok(agreement)
    }

    fn end(&self, number: &str, by: &By<'_>) -> Result<Agreement, Failure> {
        let (agreement, gateway) = {
            let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
            let ended = book.agreements.end(number, self.clock.now())?;
            (ended, book.agreements.gateway_url.clone())
        };
        let (url, signs_type) = match by {
            By::Merchant(url) => (url.map(str::to_owned), false),
            By::Person => (gateway, true),
        };
        if let Some(url) = url {
            let change = Change {
                notify_type: ENDED,
                status: "UNSIGN",
                url,
                signs_type,
            };
            self.tell(&agreement, &change);
        }
        Ok(agreement)
    }

    pub(super) fn agreement_query(&self, biz: &Biz) -> Result<Map<String, Value>, Failure> {
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let found = book.agreements.find(
            biz.text_opt("agreement_no", 64)?,
            biz.text_opt("external_agreement_no", NUMBER_MAX)?,
        );
        let agreement = found.ok_or(failure::AGREEMENT_NOT_EXIST)?;
        Ok(agreement.answer(self.wallet(agreement.person)?))
    }

    pub(super) fn agreement_unsign(
        &self,
        request: &Request,
    ) -> Result<Map<String, Value>, Failure> {
        let biz = request.biz()?;
        let url = notify_url(request)?;
        let number = {
            let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
            let found = book.agreements.find(
                biz.text_opt("agreement_no", 64)?,
                biz.text_opt("external_agreement_no", NUMBER_MAX)?,
            );
            let agreement = found.ok_or(failure::AGREEMENT_NOT_EXIST)?;
            agreement.terms.external_agreement_no.clone()
        };
        self.end(&number, &By::Merchant(url.as_deref()))?;
        Ok(Map::new())
    }
}

/// `GET /gateway.do?method=alipay.user.agreement.page.sign`: the page, or why not.
pub(super) fn open(alipay: &Alipay, request: &Request) -> HttpResponse {
    let asked = terms(request).and_then(|terms| {
        let mut book = alipay.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.agreements.ask(terms.clone()).map(|()| terms)
    });
    match asked {
        Ok(terms) => page("代扣签约 · Withholding agreement", &form(&terms)),
        Err(failure) => refused(failure),
    }
}

fn terms(request: &Request) -> Result<Terms, Failure> {
    let biz = request.biz()?;
    let product = biz.text("personal_product_code", 64)?;
    let scene = biz.text("sign_scene", 64)?;
    let fits = biz.text("product_code", 64)? == PRODUCT
        && product == PERSONAL_PRODUCT
        && scene != "DEFAULT|DEFAULT";
    if !fits {
        return Err(failure::ACQ_INVALID_PARAMETER);
    }
    Ok(Terms {
        external_agreement_no: biz.text("external_agreement_no", NUMBER_MAX)?.to_owned(),
        external_logon_id: biz.text_opt("external_logon_id", 100)?.map(str::to_owned),
        personal_product_code: product.to_owned(),
        sign_scene: scene.to_owned(),
        notify_url: notify_url(request)?,
        by_certificate: request.by_certificate(),
    })
}

fn form(terms: &Terms) -> String {
    format!(
        "<p><span class=\"tag\">沙箱 · Sandbox</span></p>\
         <h1>代扣签约 <span class=\"en\">Withholding agreement</span></h1>\
         <div class=\"card\"><dl><dt>商户 <span class=\"en\">Merchant</span></dt><dd>{seller}</dd>\
         <dt>场景 <span class=\"en\">For</span></dt><dd>{scene}</dd>\
         <dt>协议号 <span class=\"en\">Number</span></dt><dd><code>{number}</code></dd></dl></div>\
         <form method=\"post\" action=\"/agreement\">\
         <input type=\"hidden\" name=\"external_agreement_no\" value=\"{number}\">\
         <button id=\"agree\" class=\"primary\" name=\"outcome\" value=\"signed\">同意并签约 · Agree</button>\
         <button id=\"refuse\" name=\"outcome\" value=\"refused\">不同意 · Refuse</button></form>",
        seller = escape(SELLER_NAME),
        scene = escape(&terms.sign_scene),
        number = escape(&terms.external_agreement_no),
    )
}

fn refused(failure: Failure) -> HttpResponse {
    let body = format!(
        "<h1 id=\"refused\">{}</h1><div class=\"card\"><code>{}</code></div>",
        escape(failure.sub_msg),
        escape(failure.sub_code)
    );
    page("无法签约 · Cannot sign", &body)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Signed,
    Refused,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tap {
    external_agreement_no: String,
    outcome: Outcome,
    person: Option<String>,
}

impl Alipay {
    fn agreement_tap(&self, tap: &Tap, remembered: Option<&str>) -> Result<(), Failure> {
        let person = tap.person.as_deref().or(remembered);
        let person = match person {
            Some(handle) => self.wallet(handle)?.person,
            None => self.signed_in(),
        };
        match tap.outcome {
            Outcome::Signed => self.sign(&tap.external_agreement_no, person).map(drop),
            Outcome::Refused => {
                let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
                book.agreements.refuse(&tap.external_agreement_no)
            }
        }
    }
}

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/agreement", web::post().to(tapped))
        .route("/sim/alipay/agree", web::post().to(agree))
        .route("/sim/alipay/unsign", web::post().to(unsign))
        .route("/sim/alipay/agreements", web::get().to(list))
        .route("/sim/alipay/app-gateway", web::post().to(set_gateway));
}

async fn tapped(alipay: web::Data<Alipay>, http: HttpRequest, tap: web::Form<Tap>) -> HttpResponse {
    match alipay.agreement_tap(&tap, remembered(&http).as_deref()) {
        Ok(()) => page(
            "代扣签约 · Withholding agreement",
            "<h1 id=\"done\">已处理，可以关闭此页 <span class=\"en\">Done, you may close this page</span></h1>",
        ),
        Err(failure) => refused(failure),
    }
}

async fn agree(alipay: web::Data<Alipay>, tap: web::Json<Tap>) -> Result<HttpResponse, Refusal> {
    alipay.agreement_tap(&tap, None).map_err(unknown)?;
    Ok(
        HttpResponse::Ok().json(json!({ "outcome": match tap.outcome {
        Outcome::Signed => "signed",
        Outcome::Refused => "refused",
    } })),
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unsign {
    external_agreement_no: String,
}

async fn unsign(
    alipay: web::Data<Alipay>,
    wanted: web::Json<Unsign>,
) -> Result<HttpResponse, Refusal> {
    let ended = alipay.end(&wanted.external_agreement_no, &By::Person);
    let ended = ended.map_err(unknown)?;
    Ok(HttpResponse::Ok().json(json!({ "status": ended.standing.name() })))
}

fn unknown(failure: Failure) -> Refusal {
    Refusal::conflict("AGREEMENT_NOT_THERE", failure.sub_code)
}

#[derive(Deserialize)]
struct Wanted {
    external_agreement_no: String,
}

/// One agreement with every notice about it.
async fn list(
    alipay: web::Data<Alipay>,
    wanted: web::Query<Wanted>,
) -> Result<HttpResponse, Refusal> {
    let book = alipay.book.lock().unwrap_or_else(PoisonError::into_inner);
    let number = wanted.external_agreement_no.as_str();
    let asked = book.agreements.asked(number).is_some();
    let found = book.agreements.find(None, Some(number));
    let agreement = found.ok_or_else(|| {
        let said = if asked {
            "asked for, not signed"
        } else {
            "never asked for"
        };
        Refusal::not_found("AGREEMENT_NOT_THERE", said)
    })?;
    let holder = alipay.wallet(agreement.person).map_err(unknown)?;
    let mut view = agreement.answer(holder);
    let notices = book.outbox.of_thread(&agreement.agreement_no);
    view.insert(
        "notices".into(),
        notices.map(super::outbox::Notice::view).collect(),
    );
    Ok(HttpResponse::Ok().json(view))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AppGateway {
    url: Option<String>,
}

/// What the merchant's console calls the application gateway: where Alipay tells what no call asked for.
async fn set_gateway(
    alipay: web::Data<Alipay>,
    wanted: web::Json<AppGateway>,
) -> Result<HttpResponse, Refusal> {
    let url = wanted.into_inner().url;
    if url.as_deref().is_some_and(|url| !super::is_loopback(url)) {
        return Err(Refusal::invalid(
            "URL_NOT_LOOPBACK",
            "the sandbox tells only this machine",
        ));
    }
    let mut book = alipay.book.lock().unwrap_or_else(PoisonError::into_inner);
    book.agreements.gateway_url.clone_from(&url);
    Ok(HttpResponse::Ok().json(json!({ "url": url })))
}
