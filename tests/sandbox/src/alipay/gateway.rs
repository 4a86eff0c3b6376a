//! `/gateway.do`: checks, planned faults, the work, and an answer signed over the bytes sent.

use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::failure::{self, Failure};
use super::methods::Answer;
use super::request::Request;
use super::{Alipay, Method, agreement_calls, cashier, certify};
use crate::faults::{Kind, Target, hold_then_drop, leaked_statement};

/// `GET|POST /gateway.do`.
pub(super) async fn handle(
    alipay: web::Data<Alipay>,
    http: HttpRequest,
    form: web::Bytes,
) -> HttpResponse {
    let mut request = match Request::read(http.query_string(), &form) {
        Ok(request) => request,
        Err(failure) => return alipay.answer(None, Form::default(), Err(failure)),
    };
    let plain = Form {
        by_certificate: request.by_certificate(),
        sealed: false,
    };
    if let Err(failure) = alipay.admit(&mut request) {
        return alipay.answer(request.method(), plain, Err(failure));
    }
    let Some(method) = request.method().and_then(Method::named) else {
        return alipay.answer(request.method(), plain, Err(failure::INVALID_METHOD));
    };
    if let Some(misfortune) = alipay.before(method, &request).await {
        return misfortune;
    }
    match method {
        Method::WapPay => return cashier::open(&alipay, &http, &request),
        Method::FacePage => return certify::open(&alipay, &http, &request),
        _ => {}
    }
    if method == Method::AgreementPage {
        return agreement_calls::open(&alipay, &request);
    }
    alipay.work(method, &request).await
}

/// How an answer is signed and whether its content is encrypted: as the call was.
#[derive(Debug, Clone, Copy, Default)]
struct Form {
    by_certificate: bool,
    sealed: bool,
}

impl Alipay {
    /// The checks every call must pass; opens encrypted content.
    fn admit(&self, request: &mut Request) -> Result<(), Failure> {
        request.check(&self.keys.app_public, self.clock.now())?;
        if request.by_certificate() {
            let known = self.certificates().ok_or(failure::INVALID_CERTIFICATE)?;
            request.check_certificates(known)?;
        }
        if request.is_sealed() {
            request.open(&self.keys.content)?;
        }
        Ok(())
    }

    /// Faults that act before anything is done; `Some` takes the place of the answer.
    async fn before(&self, method: Method, request: &Request) -> Option<HttpResponse> {
        if let Some(late) = self.strike(method, Kind::Latency, request) {
            tokio::time::sleep(late.latency()).await;
        }
        if self.strike(method, Kind::TimeoutBefore, request).is_some() {
            return Some(hold_then_drop().await);
        }
        if self.strike(method, Kind::Http500, request).is_some() {
            return Some(HttpResponse::InternalServerError().body("Internal Server Error"));
        }
        if self.strike(method, Kind::LeakSql, request).is_some() {
            return Some(leaked_statement(&request.call()));
        }
        None
    }

    async fn work(&self, method: Method, request: &Request) -> HttpResponse {
        let mut outcome = self.call(method, request);
        if self.strike(method, Kind::DuplicateReply, request).is_some() {
            outcome = self.call(method, request);
        }
        if self
            .strike(method, Kind::TimeoutAfterCommit, request)
            .is_some()
        {
            return hold_then_drop().await;
        }
        let form = Form {
            by_certificate: request.by_certificate(),
            sealed: request.is_sealed(),
        };
        self.answer(Some(method.name()), form, outcome)
    }

    fn strike(
        &self,
        method: Method,
        kind: Kind,
        request: &Request,
    ) -> Option<crate::faults::Strike> {
        let now = self.clock.now();
        self.faults
            .strike(now, Target::Alipay, method.name(), kind, &request.call())
    }

    /// The signed envelope. Every answer is HTTP 200; errors stand under the method's own node,
    /// and under `error_response` only when no method is known.
    fn answer(
        &self,
        method: Option<&str>,
        form: Form,
        outcome: Result<Answer, Failure>,
    ) -> HttpResponse {
        let node = match outcome {
            Ok(Answer::Bare(fields)) => fields,
            Ok(Answer::Coded(mut fields)) => {
                fields.insert("code".into(), json!("10000"));
                fields.insert("msg".into(), json!("Success"));
                fields
            }
            Err(failure) => refused(failure),
        };
        let node = Value::Object(node).to_string();
        let name = match method {
            Some(method) => format!("{}_response", method.replace('.', "_")),
            None => "error_response".to_owned(),
        };
        let sealed = form.sealed.then(|| self.keys.content.close(&node));
        let node = sealed.flatten().map_or(node, |text| format!("\"{text}\""));
        let body = self.signed(&name, &node, form.by_certificate);
        HttpResponse::Ok()
            .insert_header(ContentType::json())
            .body(body)
    }
}

impl Alipay {
    /// In certificate mode the serial number stands between the node and its signature.
    fn signed(&self, name: &str, node: &str, by_certificate: bool) -> String {
        let current = by_certificate.then(|| self.certificates()?.current());
        match current.flatten() {
            Some(platform) => {
                let (sn, sign) = (&platform.sn, platform.seal.sign(node));
                format!(r#"{{"{name}":{node},"alipay_cert_sn":"{sn}","sign":"{sign}"}}"#)
            }
            None => {
                let sign = self.seal.sign(node);
                format!(r#"{{"{name}":{node},"sign":"{sign}"}}"#)
            }
        }
    }
}

fn refused(failure: Failure) -> Map<String, Value> {
    let mut node = Map::new();
    node.insert("code".into(), json!(failure.code));
    node.insert("msg".into(), json!(failure.msg));
    node.insert("sub_code".into(), json!(failure.sub_code));
    node.insert("sub_msg".into(), json!(failure.sub_msg));
    node
}
