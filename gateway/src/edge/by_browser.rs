//! A link of ours that a browser opens by itself: whoever follows it reads a page, so what refuses it is told in words
//! there, in both languages. A program asks without `text/html` and reads the problem as everywhere.

use actix_web::HttpRequest;
use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};

use super::codes::Code;

/// The routes that are followed as links: to the cashier, and to one's own data as a file.
const LINKS: [&str; 2] = ["/v1/pay/{ticket}", "/v1/me/export"];

/// Nothing is loaded from anywhere, and the page stands in nobody's frame.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; object-src 'none'; frame-ancestors 'none'; \
     base-uri 'none'; form-action 'none'";

const STYLE: &str = "body{margin:0;background:#fff;color:#1a1a1a;font:1.125rem/1.6 system-ui,sans-serif}\
     main{max-width:32rem;margin:0 auto;padding:3rem 1.25rem}\
     a{display:inline-block;padding:.75rem 0;color:#0b57d0}";

/// What is said of a refusal, in Chinese and in English.
const fn words(code: Code) -> [&'static str; 2] {
    match code {
        Code::TicketGone => [
            "付款链接已失效。如已付款会自动入账；没有付款请回到订单重新打开。",
            "This payment link is over. If you paid, it will be credited; if not, open it again from the order.",
        ],
        Code::DocumentGone => [
            "链接已用过或已过期，请回到“个人信息与注销”重新获取。",
            "This link is used or over. Get another under My data.",
        ],
        _ => [
            "暂时无法打开，请稍后再试。",
            "It cannot be opened for now. Please try again soon.",
        ],
    }
}

/// The answer as a page, when it `refused` a link that a browser followed; else the answer as it is.
pub(crate) fn told(answer: ServiceResponse, path: &str, refused: Option<Code>) -> ServiceResponse {
    match refused {
        Some(code) if LINKS.contains(&path) && reads_pages(answer.request()) => paged(answer, code),
        _ => answer,
    }
}

/// Says `text/html` itself: `*/*` is what programs send.
fn reads_pages(req: &HttpRequest) -> bool {
    let said = req.headers().get_all(ACCEPT);
    said.filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        .filter_map(|range| range.split(';').next())
        .any(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
}

/// The same status and headers, with a page for a body.
fn paged(answer: ServiceResponse, code: Code) -> ServiceResponse {
    let [zh, en] = words(code);
    let text = format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{zh}</title>\
         <style>{STYLE}</style></head><body><main><h1 style=\"font-size:1.375rem\">{zh}</h1><p lang=\"en\">{en}</p>\
         <a href=\"/\">回到首页 · <span lang=\"en\">Home</span></a></main></body></html>"
    );
    let mut answer = answer.map_body(|_, _| BoxBody::new(text));
    let headers = answer.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::http::header::HeaderName;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use actix_web::{App, HttpResponse};

    use super::*;
    use crate::edge::{Policy, Problem, Routes};

    async fn ticket() -> Result<HttpResponse, Problem> {
        Err(Problem::new(Code::TicketGone))
    }

    async fn document() -> Result<HttpResponse, Problem> {
        Err(Problem::new(Code::DocumentGone))
    }

    async fn away() -> Result<HttpResponse, Problem> {
        Err(Problem::new(Code::StoreUnavailable))
    }

    /// Status, kind, policy and text of the answer to somebody who reads `accept`.
    async fn asked(path: &str, accept: &str) -> (StatusCode, String, Option<String>, String) {
        let app = App::new().configure(|cfg| {
            let mut routes = Routes::new(cfg);
            routes.get("/v1/pay/{ticket}", Policy::Public, ticket);
            routes.get("/v1/me/export", Policy::Public, document);
            routes.get("/v1/notices", Policy::Public, away);
            drop(routes.into_table());
        });
        let app = init_service(app).await;
        let request = TestRequest::get().uri(path);
        let request = request.insert_header((ACCEPT, accept)).to_request();
        let answer = call_service(&app, request).await;
        let said = |name: HeaderName| {
            let value = answer.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        let (kind, policy) = (said(CONTENT_TYPE), said(CONTENT_SECURITY_POLICY));
        assert_eq!(said(CACHE_CONTROL).as_deref(), Some("no-store"), "{path}");
        let status = answer.status();
        let body = read_body(answer).await;
        let text = String::from_utf8_lossy(&body).into_owned();
        (status, kind.unwrap_or_default(), policy, text)
    }

    const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

    #[actix_web::test]
    async fn a_gone_link_is_told_to_a_browser_in_words() {
        for (path, zh, en) in [
            ("/v1/pay/t-1", "付款链接已失效", "This payment link is over"),
            (
                "/v1/me/export",
                "个人信息与注销",
                "Get another under My data",
            ),
        ] {
            let (status, kind, policy, text) = asked(path, BROWSER).await;
            assert_eq!(status, StatusCode::GONE, "{path}");
            assert_eq!(kind, "text/html; charset=utf-8", "{path}");
            assert!(policy.is_some_and(|policy| policy.contains("default-src 'none'")));
            for wanted in [zh, en, "<a href=\"/\">"] {
                assert!(text.contains(wanted), "{path}: {wanted} is not in {text}");
            }
            assert!(!text.contains("urn:lifeline"), "{text}");
        }
    }

    #[actix_web::test]
    async fn a_program_reads_the_problem_as_everywhere() {
        for (path, accept, code) in [
            ("/v1/pay/t-1", "*/*", "TICKET_GONE"),
            ("/v1/pay/t-1", "application/json", "TICKET_GONE"),
            ("/v1/me/export", "*/*", "DOCUMENT_GONE"),
            ("/v1/notices", BROWSER, "STORE_UNAVAILABLE"),
        ] {
            let (_, kind, _, text) = asked(path, accept).await;
            assert_eq!(kind, "application/problem+json", "{path} {accept}");
            assert!(text.contains(code), "{path} {accept}: {text}");
        }
    }
}
