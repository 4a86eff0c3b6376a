//! What every answer says of how often one may ask, whoever gives it: a handler, the policy before it, the
//! address limit before that, or the deadline.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HeaderMap, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::{Next, from_fn};
use actix_web::test::{TestRequest, call_service, init_service, try_call_service};
use actix_web::{App, Error, HttpResponse, web};
use async_trait::async_trait;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use lifeline_core::accounts::Terminal;
use lifeline_core::shared::ids::{AccountId, SessionId, TypedId as _};
use lifeline_core::shared::time::{Clock, Time};
use lifeline_core::store::StoreError;

use super::outermost::{addressed, traced, traced_within};
use crate::edge::limits::{Limits, Quotas};
use crate::edge::principal::{Door, SessionRows};
use crate::edge::revocation::Ended;
use crate::edge::tokens::{TokenKey, Tokens};
use crate::edge::{Policy, Routes};

fn n(value: u32) -> NonZeroU32 {
    NonZeroU32::new(value).unwrap()
}

/// So much that nothing is refused.
fn plenty() -> Quotas {
    Quotas {
        per_address_minute: n(1_000_000),
        per_network_minute: n(1_000_000),
        per_account_minute: n(1_000_000),
        functions_percent: n(1_000_000),
        nodes: n(1),
    }
}

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Time {
        Time::from_micros(1_000_000_000)
    }
}

struct Alive;

#[async_trait]
impl SessionRows for Alive {
    async fn alive(&self, _: &AccountId, _: &SessionId) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn terminal(&self, _: &SessionId) -> Result<Option<Terminal>, StoreError> {
        Ok(None)
    }
}

/// A door, and the token of somebody who passes it.
fn door() -> (Door, String) {
    let pair = Ed25519KeyPair::generate().unwrap();
    let key = TokenKey {
        kid: "a".to_owned(),
        private: pair.to_pkcs8().unwrap().as_ref().to_vec(),
        public: pair.public_key().as_ref().to_vec(),
    };
    let tokens = Tokens::new(Arc::new(Noon), &[key]).unwrap();
    let account = AccountId::made("019aa2f0-0000-7000-8000-000000000001".into());
    let session = SessionId::made("019aa2f0-0000-7000-8000-000000000002".into());
    let until = Time::from_micros(2_000_000_000);
    let issued = tokens.issue(&account, &session, &session, until).unwrap();
    let door = Door {
        tokens: Arc::new(tokens),
        ended: Arc::new(Ended::default()),
        sessions: Arc::new(Alive),
    };
    (door, issued.token)
}

async fn well() -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn register(cfg: &mut web::ServiceConfig) {
    let mut routes = Routes::new(cfg);
    routes.get("/v1/outlets", Policy::Public, well);
    routes.get("/v1/notices", Policy::SignedIn, well);
    routes.get("/v1/bindings/{binding_id}/usage", Policy::SignedIn, well);
    routes.post("/v1/otps", Policy::Public, well);
    routes.post("/v1/payments", Policy::FreshSession, well);
    drop(routes.into_table());
}

fn said(headers: &HeaderMap, name: &str) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

/// Asks until it is refused, each time from another network when `roams`; the refusal's headers.
async fn refused(quotas: Quotas, method: &str, path: &str, roams: bool) -> HeaderMap {
    let (door, token) = door();
    let app = App::new()
        .app_data(web::Data::new(Limits::new(quotas, None)))
        .app_data(web::Data::new(door))
        .wrap(from_fn(addressed))
        .wrap(from_fn(traced))
        .configure(register);
    let app = init_service(app).await;
    for at in 1..=20_u8 {
        let third = if roams { at } else { 1 };
        let peer = SocketAddr::from(([192, 0, third, 9], 40_000));
        let request = TestRequest::with_uri(path)
            .method(method.parse().unwrap())
            .peer_addr(peer)
            .insert_header((AUTHORIZATION, format!("Bearer {token}")));
        let answer = call_service(&app, request.to_request()).await;
        let headers = answer.headers().clone();
        assert!(said(&headers, "ratelimit-policy").contains("\"address\";q="));
        let kept = said(&headers, "cache-control");
        let by_address = quotas.per_address_minute == n(1);
        assert!(by_address || kept == "no-store", "{kept}");
        if answer.status() == 429 {
            return headers;
        }
        assert_eq!(answer.status(), 200, "{path}");
    }
    panic!("{method} {path} was never refused");
}

#[actix_web::test]
async fn a_refusal_before_the_handler_names_the_limit_that_refused() {
    let one = Quotas {
        functions_percent: n(1),
        ..plenty()
    };
    let address = Quotas {
        per_address_minute: n(1),
        ..plenty()
    };
    let network = Quotas {
        per_network_minute: n(1),
        ..plenty()
    };
    let account = Quotas {
        per_account_minute: n(1),
        ..plenty()
    };
    let figure = "/v1/bindings/019aa2f0-0000-7000-8000-000000000003/usage";
    for (name, quotas, method, path, roams) in [
        ("address", address, "GET", "/v1/outlets", false),
        ("network", network, "GET", "/v1/outlets", false),
        ("account", account, "GET", "/v1/notices", true),
        ("address_function", one, "POST", "/v1/otps", false),
        ("account_function", one, "POST", "/v1/payments", true),
        ("channel", one, "POST", "/v1/otps", true),
        ("home", one, "GET", figure, true),
    ] {
        let headers = refused(quotas, method, path, roams).await;
        let limit = said(&headers, "ratelimit");
        let policy = said(&headers, "ratelimit-policy");
        let wait = said(&headers, "retry-after");
        assert_eq!(limit, format!("\"{name}\";r=0;t={wait}"), "{policy}");
        assert!(policy.contains(&format!("\"{name}\";q=")), "{policy}");
        assert!(wait.parse::<u64>().is_ok_and(|wait| wait > 0), "{wait}");
    }
}

/// As [`traced`], with less time than a handler of these tests takes.
async fn hasty(
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    traced_within(Duration::from_millis(300), req, next).await
}

async fn never() -> HttpResponse {
    std::future::pending().await
}

#[actix_web::test]
async fn an_answer_that_took_too_long_says_what_each_answer_says() {
    let app = App::new()
        .app_data(web::Data::new(Limits::new(plenty(), None)))
        .wrap(from_fn(addressed))
        .wrap(from_fn(hasty))
        .configure(|cfg| {
            let mut routes = Routes::new(cfg);
            routes.get("/v1/outlets", Policy::Public, never);
            drop(routes.into_table());
        });
    let app = init_service(app).await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = TestRequest::get()
        .uri("/v1/outlets")
        .peer_addr(SocketAddr::from(([192, 0, 2, 9], 40_000)))
        .insert_header(("traceparent", trace));
    let late = try_call_service(&app, request.to_request()).await;
    let Err(late) = late else {
        panic!("it was answered");
    };
    let late = late.error_response();
    assert_eq!(late.status(), 503);
    let headers = late.headers();
    let policy = said(headers, "ratelimit-policy");
    for name in ["network", "address"] {
        assert!(policy.contains(&format!("\"{name}\";q=")), "{policy}");
    }
    assert!(said(headers, "ratelimit").contains(";r="));
    assert_eq!(said(headers, X_CONTENT_TYPE_OPTIONS.as_str()), "nosniff");
    assert_eq!(said(headers, "retry-after"), "2");
    let traced = said(headers, "traceparent");
    assert!(
        traced.contains("0af7651916cd43dd8448eb211c80319c"),
        "{traced}"
    );
}
