//! The judge of a typed name and ID number: compared with the wallet's own (certdoc.certverify), or
//! with the face somebody shows (certify.open).

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::PoisonError;

use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::failure::{self, Failure};
use super::oauth::{object, random_hex};
use super::oauth_page::remembered;
use super::request::{Biz, Request};
use super::{Alipay, SELLER_NAME};
use crate::pages::{escape, page};
use crate::people::{Person, with_check_digit};

const VERIFY_LIFE: SignedDuration = SignedDuration::from_hours(1);
const CERTIFY_LIFE: SignedDuration = SignedDuration::from_hours(23);
const BIZ_CODES: [&str; 4] = ["FACE", "SMART_FACE", "CERT_PHOTO", "CERT_PHOTO_FACE"];
const URL_MAX: usize = 512;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/certify", web::post().to(tapped));
}

/// A name and a number somebody typed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Typed {
    name: String,
    id_no: String,
}

impl Typed {
    fn read(biz: &Biz, name: &str, number: &str) -> Result<Self, Failure> {
        if biz.text("cert_type", 32)? != "IDENTITY_CARD" {
            return Err(failure::ACQ_INVALID_PARAMETER);
        }
        let typed = Self {
            name: biz.text(name, 64)?.to_owned(),
            id_no: biz.text(number, 18)?.to_owned(),
        };
        let first17 = typed.id_no.get(..17);
        let first17 = first17.filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        if first17.is_some_and(|digits| with_check_digit(digits) == typed.id_no) {
            Ok(typed)
        } else {
            Err(failure::CERT_NO_INVALID)
        }
    }

    fn is_of(&self, person: &Person) -> bool {
        self.name == person.name && self.id_no == person.id_no
    }
}

/// How a face page ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Shown {
    /// A living face looked into the camera.
    Passed,
    /// The person gave up or the camera saw no face.
    Failed,
}

#[derive(Debug, Clone)]
struct Face {
    order_no: String,
    typed: Typed,
    /// Whose wallet the merchant asked it of.
    wallet: Option<String>,
    return_url: Option<String>,
    until: Timestamp,
    /// Why it failed, or nothing when the face was the typed person's.
    ended: Option<Result<(), &'static str>>,
}

/// Every check that was begun.
#[derive(Debug, Default)]
pub(super) struct Checks {
    compared: HashMap<String, (Typed, Timestamp)>,
    faces: HashMap<String, Face>,
}

impl Alipay {
    fn checks<T>(&self, look: impl FnOnce(&mut Checks) -> T) -> T {
        look(&mut self.checks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn preconsult(&self, biz: &Biz) -> Result<Map<String, Value>, Failure> {
        let typed = Typed::read(biz, "user_name", "cert_no")?;
        let until = self.clock.now().checked_add(VERIFY_LIFE);
        let until = until.map_err(|_| failure::ACQ_INVALID_PARAMETER)?;
        let verify_id = random_hex().map_err(|_| failure::SYSTEM_ERROR)?;
        self.checks(|checks| checks.compared.insert(verify_id.clone(), (typed, until)));
        Ok(object(json!({ "verify_id": verify_id })))
    }

    /// Compares with the wallet whose owner allowed `id_verify`; a wallet Alipay has not certified
    /// has nothing to compare with.
    pub(super) fn consult(&self, request: &Request) -> Result<Map<String, Value>, Failure> {
        let biz = request.biz()?;
        let token = request
            .get("auth_token")
            .ok_or(failure::AUTH_TOKEN_INVALID)?;
        let now = self.clock.now();
        let person = {
            let desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
            desk.verifier(token, now)?
        };
        let wallet = self.wallet(person)?;
        let verify_id = biz.text("verify_id", 64)?;
        let found = self.checks(|checks| checks.compared.get(verify_id).cloned());
        let (typed, _) = found
            .filter(|(_, until)| now < *until)
            .ok_or(failure::VERIFY_ID_INVALID)?;
        if wallet.certified && typed.is_of(wallet) {
            return Ok(object(json!({ "passed": "T" })));
        }
        let wrong = match (wallet.certified, typed.name == wallet.name) {
            (false, _) => "[\"user_name\",\"cert_no\"]",
            (true, true) => "[\"cert_no\"]",
            (true, false) => "[\"user_name\"]",
        };
        Ok(object(json!({
            "passed": "F",
            "fail_reason": "信息不一致",
            "fail_params": wrong,
        })))
    }

    pub(super) fn begin_face(&self, biz: &Biz) -> Result<Map<String, Value>, Failure> {
        let order_no = biz.number("outer_order_no")?;
        if order_no.len() > 32 || !BIZ_CODES.contains(&biz.text("biz_code", 32)?) {
            return Err(failure::ACQ_INVALID_PARAMETER);
        }
        let identity = biz.part("identity_param")?;
        if identity.text("identity_type", 32)? != "CERT_INFO" {
            return Err(failure::ACQ_INVALID_PARAMETER);
        }
        let typed = Typed::read(&identity, "cert_name", "cert_no")?;
        let wallet = identity.text_opt("open_id", 128)?;
        let wallet = wallet.or(identity.text_opt("user_id", 28)?);
        let wallet = match wallet.map(|id| self.people.find_wallet(id)) {
            Some(Some(found)) => Some(found.person.to_owned()),
            Some(None) => return Err(failure::BUYER_NOT_EXIST),
            None => None,
        };
        let merchant = biz.part("merchant_config")?;
        let return_url = merchant.text_opt("return_url", URL_MAX)?;
        if return_url.is_some_and(|url| !self.may_return_to(url)) {
            return Err(failure::INVALID_PARAMETER);
        }
        let until = self.clock.now().checked_add(CERTIFY_LIFE);
        let face = Face {
            order_no: order_no.to_owned(),
            typed,
            wallet,
            return_url: return_url.map(str::to_owned),
            until: until.map_err(|_| failure::ACQ_INVALID_PARAMETER)?,
            ended: None,
        };
        let certify_id = random_hex().map_err(|_| failure::SYSTEM_ERROR)?;
        let certify_id = self.checks(|checks| {
            let mut known = checks.faces.iter();
            // One order, one check: a repeat is answered with the first.
            if let Some((known, first)) = known.find(|(_, face)| face.order_no == order_no) {
                let same = first.typed == face.typed && first.wallet == face.wallet;
                return same.then(|| known.clone());
            }
            checks.faces.insert(certify_id.clone(), face);
            Some(certify_id)
        });
        let certify_id = certify_id.ok_or(failure::CONTEXT_INCONSISTENT)?;
        Ok(object(json!({ "certify_id": certify_id })))
    }

    /// `F` without a reason while nobody has shown a face.
    pub(super) fn face_result(&self, biz: &Biz) -> Result<Map<String, Value>, Failure> {
        let certify_id = biz.text("certify_id", 64)?;
        let found = self.checks(|checks| checks.faces.get(certify_id).cloned());
        let face = found.ok_or(failure::CERTIFY_ID_INVALID)?;
        Ok(object(match face.ended {
            Some(Ok(())) => json!({ "passed": "T" }),
            Some(Err(reason)) => json!({ "passed": "F", "fail_reason": reason }),
            None => json!({ "passed": "F" }),
        }))
    }

    /// Somebody shows their face, in a wallet where one is known; where the browser goes afterwards.
    ///
    /// # Errors
    /// Unknown, over, or used.
    pub(super) fn show_face(
        &self,
        certify_id: &str,
        person: &Person,
        wallet: Option<&str>,
        shown: Shown,
    ) -> Result<Option<String>, Failure> {
        let now = self.clock.now();
        self.checks(|checks| {
            let face = checks
                .faces
                .get_mut(certify_id)
                .filter(|face| face.ended.is_none() && now < face.until)
                .ok_or(failure::CERTIFY_ID_INVALID)?;
            let foreign = face.wallet.as_deref().zip(wallet);
            let foreign = foreign.is_some_and(|(asked, used)| asked != used);
            face.ended = Some(match shown {
                Shown::Passed if foreign => Err("非本次申请的支付宝账户"),
                Shown::Passed if face.typed.is_of(person) => Ok(()),
                Shown::Passed => Err("人脸比对不一致"),
                Shown::Failed => Err("未完成人脸识别"),
            });
            Ok(face.return_url.clone())
        })
    }
}

/// `GET /gateway.do?method=alipay.user.certify.open.certify`: the face page.
pub(super) fn open(alipay: &Alipay, http: &HttpRequest, request: &Request) -> HttpResponse {
    let certify_id = request
        .biz()
        .and_then(|biz| biz.text("certify_id", 64).map(str::to_owned));
    let certify_id = match certify_id {
        Ok(certify_id) => certify_id,
        Err(failure) => return refusal(failure),
    };
    let now = alipay.clock.now();
    let found = alipay.checks(|checks| checks.faces.get(&certify_id).cloned());
    match found.filter(|face| face.ended.is_none() && now < face.until) {
        Some(_) => {
            let last = remembered(http).unwrap_or_default();
            let people = faces(alipay.people.all(), &last);
            page("身份认证 · Certify", &ask(&certify_id, &last, &people))
        }
        None => refusal(failure::CERTIFY_ID_INVALID),
    }
}

/// `wallet`: whose this browser is, if anybody's.
fn ask(certify_id: &str, wallet: &str, people: &str) -> String {
    format!(
        "<p><span class=\"tag\">沙箱 · Sandbox</span></p>\
         <h1>{seller}<br>申请核验您的身份 <span class=\"en\">asks to see your face</span></h1>\
         <form method=\"post\" action=\"/certify\">\
         <input type=\"hidden\" name=\"certify_id\" value=\"{id}\">\
         <input type=\"hidden\" name=\"wallet\" value=\"{wallet}\">\
         <label for=\"face\">谁在镜头前 <span class=\"en\">Who is before the camera</span></label>{people}\
         <button id=\"show\" class=\"primary\" name=\"shown\" value=\"passed\">刷脸 · Show the face</button>\
         <button id=\"give_up\" name=\"shown\" value=\"failed\">放弃 · Give up</button></form>",
        seller = escape(SELLER_NAME),
        id = escape(certify_id),
        wallet = escape(wallet),
    )
}

fn faces(people: &[Person], last: &str) -> String {
    let mut html = String::from("<select id=\"face\" name=\"person\">");
    for person in people {
        let selected = if person.person == last {
            " selected"
        } else {
            ""
        };
        let _ = write!(
            html,
            "<option value=\"{}\"{selected}>{} {}</option>",
            escape(person.person),
            escape(person.name),
            escape(person.name_en),
        );
    }
    html.push_str("</select>");
    html
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaceForm {
    certify_id: String,
    person: String,
    #[serde(default)]
    wallet: String,
    shown: Shown,
}

async fn tapped(alipay: web::Data<Alipay>, form: web::Form<FaceForm>) -> HttpResponse {
    let Some(person) = alipay.people.find(&form.person) else {
        return refusal(failure::BUYER_NOT_EXIST);
    };
    let wallet = Some(form.wallet.as_str()).filter(|wallet| !wallet.is_empty());
    match alipay.show_face(&form.certify_id, person, wallet, form.shown) {
        Ok(Some(url)) => HttpResponse::SeeOther()
            .insert_header((LOCATION, url))
            .insert_header((CACHE_CONTROL, "no-store"))
            .finish(),
        Ok(None) => page("完成 · Done", "<h1 id=\"done\">完成 · Done</h1>"),
        Err(failure) => refusal(failure),
    }
}

fn refusal(failure: Failure) -> HttpResponse {
    let body = format!(
        "<h1 id=\"refused\">{} <span class=\"en\">Cannot certify</span></h1>\
         <div class=\"card\"><code>{}</code></div>",
        escape(failure.sub_msg),
        escape(failure.sub_code),
    );
    page("无法认证 · Cannot certify", &body)
}
