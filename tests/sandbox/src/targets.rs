//! What was asked for by URL: method, path and query of every contract call, so that a tester can see
//! that no personal data travels in one. `GET /sim/targets`.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};

/// Request lines remembered, newest kept.
const KEPT: usize = 20_000;

/// The request lines so far. Not printable: what it looks for may be in them.
#[derive(Default)]
pub(crate) struct Targets(Mutex<VecDeque<String>>);

impl std::fmt::Debug for Targets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Targets")
    }
}

impl Targets {
    fn note(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// Remembers the request line of whatever is not a control of the sandbox's own.
pub(crate) async fn note(
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if let Some(targets) = req.app_data::<web::Data<Targets>>()
        && !req.path().starts_with("/sim/")
    {
        targets.note(format!("{} {}", req.method(), req.uri()));
    }
    next.call(req).await
}

/// `/sim/targets`.
pub(crate) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/sim/targets", web::get().to(list));
}

async fn list(targets: web::Data<Targets>) -> HttpResponse {
    let lines = targets.0.lock().unwrap_or_else(PoisonError::into_inner);
    HttpResponse::Ok().json(lines.iter().collect::<Vec<_>>())
}
