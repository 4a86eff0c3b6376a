//! The household listener: `/v1`, the H5 pages, the API document and its offline reader.

use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::methods::Methods;
use crate::edge::Routes;
use crate::edge::codes::Code;
use crate::edge::policy::Entry;
use crate::edge::principal::Door;
use crate::edge::problem::Problem;
use crate::settlement;
use crate::{
    accounts, billing, bindings, notices, openapi, pages, payments, privacy, publications, requests,
};

/// Registers everything a household may reach.
pub fn routes(cfg: &mut web::ServiceConfig) {
    register(cfg);
    cfg.route("/.well-known/jwks.json", web::get().to(jwks))
        .route("/openapi.json", web::get().to(document))
        .service(SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json")))
        .route("/docs", web::get().to(docs))
        .default_service(web::to(otherwise));
}

fn register(cfg: &mut web::ServiceConfig) -> Vec<Entry> {
    let mut routes = Routes::new(cfg);
    accounts::routes(&mut routes);
    bindings::routes(&mut routes);
    billing::routes(&mut routes);
    payments::routes(&mut routes);
    notices::routes(&mut routes);
    privacy::routes(&mut routes);
    publications::routes(&mut routes);
    requests::routes(&mut routes);
    settlement::accounts::routes(&mut routes);
    settlement::checks::routes(&mut routes);
    routes.into_table()
}

/// Every `/v1` route of this listener with its policy.
#[must_use]
pub fn table() -> Vec<Entry> {
    let mut found = Vec::new();
    // Registration only records here: the application is thrown away.
    let _ = actix_web::App::new().configure(|cfg| found = register(cfg));
    found
}

async fn jwks(door: web::Data<Door>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .json(door.tokens.jwks())
}

async fn document() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(openapi::text())
}

async fn docs() -> HttpResponse {
    HttpResponse::PermanentRedirect()
        .insert_header(("location", "/docs/"))
        .finish()
}

/// Anything unregistered: another method of a known path, a page, or nothing.
async fn otherwise(req: HttpRequest) -> Result<HttpResponse, Problem> {
    thread_local! {
        static METHODS: Methods = Methods::of(table());
    }
    if let Some(refusal) = METHODS.with(|methods| methods.refusal(req.path())) {
        return Ok(refusal);
    }
    if req.method() != Method::GET && req.method() != Method::HEAD {
        return Err(Problem::new(Code::NotFound));
    }
    if req.path().starts_with("/v1/") {
        return Err(Problem::new(Code::NotFound));
    }
    pages::serve(req).await
}
