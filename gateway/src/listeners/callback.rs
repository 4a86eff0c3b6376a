//! The listener for messages from channels: three POST paths that prove themselves by their own
//! signatures (money.md 3.9). Not bannable, own budget, 64 KiB.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, HttpResponse, ResponseError as _, web};

use super::methods::Methods;
use crate::edge::Routes;
use crate::edge::codes::Code;
use crate::edge::policy::Entry;
use crate::edge::problem::Problem;
use crate::edge::relay::networks::Network;
use crate::{notices, payments};

/// The largest callback body.
pub const CALLBACK_BODY_BYTES_MAX: usize = 64 * 1024;

/// The networks that are heard here; where none is named, everybody is, who then proves themselves like all.
#[derive(Debug, Clone, Default)]
pub struct Zone(Arc<[Network]>);

impl Zone {
    #[must_use]
    pub fn new(networks: Vec<Network>) -> Self {
        Self(networks.into())
    }

    /// Whether whoever connects is heard. It goes by the connection: what is forwarded comes by the relay, whose
    /// network is one of them.
    #[must_use]
    pub fn hears(&self, peer: Option<IpAddr>) -> bool {
        let within = |peer: IpAddr| self.0.iter().any(|network| network.contains(peer));
        self.0.is_empty() || peer.is_some_and(within)
    }
}

/// Nothing inside runs for what comes from outside the zone.
pub(super) async fn zoned(
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
    let peer = req.peer_addr().map(|peer| peer.ip());
    let zone = req.app_data::<web::Data<Zone>>();
    if zone.is_none_or(|zone| zone.hears(peer)) {
        return Ok(next.call(req).await?.map_into_left_body());
    }
    let refusal = Problem::new(Code::OtherNetwork).error_response();
    Ok(req.into_response(refusal).map_into_right_body())
}

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

    #[actix_web::test]
    async fn m3_9_the_callback_zone_hears_its_own_networks_only() {
        let own = || -> Vec<Network> {
            let named = ["10.20.0.0/29", "2001:db8::/32"];
            named.map(|text| text.parse().unwrap()).to_vec()
        };
        for (networks, peer, status) in [
            (Vec::new(), "203.0.113.9:40000", 404_u16),
            (own(), "10.20.0.7:40000", 404),
            (own(), "[::ffff:10.20.0.7]:40000", 404),
            (own(), "[2001:db8::1]:40000", 404),
            (own(), "10.20.0.8:40000", 403),
            (own(), "203.0.113.9:40000", 403),
        ] {
            let app = actix_web::App::new()
                .app_data(web::Data::new(Zone::new(networks)))
                .wrap(actix_web::middleware::from_fn(zoned))
                .configure(routes);
            let app = actix_web::test::init_service(app).await;
            let request = actix_web::test::TestRequest::post()
                .uri("/v1/nothing")
                .peer_addr(peer.parse().unwrap())
                // Nobody is let in for what they say of themselves.
                .insert_header(("x-forwarded-for", "10.20.0.1"));
            let answer = actix_web::test::call_service(&app, request.to_request()).await;
            assert_eq!(answer.status(), status, "{peer}");
            let body = actix_web::test::read_body(answer).await;
            let text = String::from_utf8_lossy(&body);
            assert_eq!(text.contains("OTHER_NETWORK"), status == 403, "{text}");
        }
    }

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
