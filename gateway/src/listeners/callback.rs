//! The listener for messages from channels: three POST paths that prove themselves by their own
//! signatures (money.md 3.9). Not bannable, own budget, 64 KiB.

use actix_web::{HttpRequest, HttpResponse, web};

use super::methods::Methods;
use crate::edge::Routes;
use crate::edge::codes::Code;
use crate::edge::policy::Entry;
use crate::edge::problem::Problem;
use crate::payments;

/// The largest callback body.
pub const CALLBACK_BODY_BYTES_MAX: usize = 64 * 1024;

/// Registers the callback paths.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.app_data(web::PayloadConfig::new(CALLBACK_BODY_BYTES_MAX));
    register(cfg);
    cfg.default_service(web::to(nothing));
}

fn register(cfg: &mut web::ServiceConfig) -> Vec<Entry> {
    let mut routes = Routes::new(cfg);
    payments::callback_routes(&mut routes);
    routes.into_table()
}

/// Every route of this listener with its policy.
#[must_use]
pub fn table() -> Vec<Entry> {
    let mut found = Vec::new();
    let _ = actix_web::App::new().configure(|cfg| found = register(cfg));
    found
}

async fn nothing(req: HttpRequest) -> Result<HttpResponse, Problem> {
    thread_local! {
        static METHODS: Methods = Methods::of(table());
    }
    if let Some(refusal) = METHODS.with(|methods| methods.refusal(req.path())) {
        return Ok(refusal);
    }
    Err(Problem::new(Code::NotFound))
}
