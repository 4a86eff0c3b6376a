//! The listener for messages from channels: three POST paths that prove themselves by their own
//! signatures (money.md 3.9). Not bannable, own budget, 64 KiB.

use actix_web::{HttpRequest, HttpResponse, web};

use super::methods::Methods;
use crate::edge::Routes;
use crate::edge::codes::Code;
use crate::edge::policy::Entry;
use crate::edge::problem::Problem;
use crate::{notices, payments};

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
    notices::callback_routes(&mut routes);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::policy::Policy;

    /// Nothing of the households' or the staff's is reached from where channels call, and a path comes here
    /// only by being written down here.
    #[actix_web::test]
    async fn m3_9_the_callback_zone_has_its_paths_and_nothing_else() {
        let all = table();
        let known: Vec<String> = all
            .iter()
            .map(|entry| format!("{} {}", entry.method, entry.path))
            .collect();
        assert_eq!(
            known,
            [
                "POST /v1/callbacks/alipay",
                "POST /v1/callbacks/marketing",
                "POST /v1/callbacks/sms",
            ]
        );
        assert!(all.iter().all(|entry| entry.policy == Policy::SelfProving));
        let app = actix_web::test::init_service(actix_web::App::new().configure(routes)).await;
        let line = super::super::line::table();
        let others = line
            .iter()
            .filter(|entry| !known.iter().any(|one| one.ends_with(entry.path)));
        let console = [
            "/console",
            "/console/api/v1",
            "/metrics",
            "/healthz",
            "/docs",
            "/",
        ];
        let mut asked = 0;
        for path in others.map(|entry| entry.path).chain(console) {
            let path = path.replace(['{', '}'], "");
            let request = actix_web::test::TestRequest::post().uri(&path).to_request();
            let answer = actix_web::test::call_service(&app, request).await;
            assert_eq!(answer.status(), 404, "{path}");
            asked += 1;
        }
        assert!(asked > 60, "only {asked} paths");
    }
}
