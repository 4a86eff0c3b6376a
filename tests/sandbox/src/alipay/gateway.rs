//! `/gateway.do`: checks, planned faults, the work, and an answer signed over the bytes sent.

use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::failure::{self, Failure};
use super::methods::Answer;
use super::request::Request;
use super::{Alipay, Method, cashier};
use crate::faults::{Kind, Target, hold_then_drop, leaked_statement};

/// `GET|POST /gateway.do`.
pub(super) async fn handle(
    alipay: web::Data<Alipay>,
    http: HttpRequest,
    form: web::Bytes,
) -> HttpResponse {
    let request = match Request::read(http.query_string(), &form) {
        Ok(request) => request,
        Err(failure) => return alipay.answer(None, Err(failure)),
    };
    if let Err(failure) = request.check(&alipay.keys.app_public, alipay.clock.now()) {
        return alipay.answer(request.method(), Err(failure));
    }
    let Some(method) = request.method().and_then(Method::named) else {
        return alipay.answer(request.method(), Err(failure::INVALID_METHOD));
    };
    if let Some(misfortune) = alipay.before(method, &request).await {
        return misfortune;
    }
    if method == Method::WapPay {
        return cashier::open(&alipay, &http, &request);
    }
    alipay.work(method, &request).await
}

impl Alipay {
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
        self.answer(Some(method.name()), outcome)
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
    fn answer(&self, method: Option<&str>, outcome: Result<Answer, Failure>) -> HttpResponse {
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
        let sign = self.seal.sign(&node);
        let body = format!("{{\"{name}\":{node},\"sign\":\"{sign}\"}}");
        HttpResponse::Ok()
            .insert_header(ContentType::json())
            .body(body)
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
