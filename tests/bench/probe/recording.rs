//! What counting a request for the figures costs it: the same request with the recorder and without.

use std::sync::Arc;
use std::time::Instant;

use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, HttpResponse, web};
use lifeline_core::shared::time::{Clock, Time};
use lifeline_gateway::edge::{Policy, Routes};
use lifeline_gateway::insight::{Recorder, counted};
use serde_json::{Value, json};

use crate::{ROUNDS, median};

const REQUESTS: u32 = 200_000;
/// A second of a busy node, after which a worker takes what was noted.
const TAKEN_AFTER: u32 = 10_000;
const ROUTE: &str = "/v1/bindings/{binding_id}/bills/{period}";
const PATH: &str = "/v1/bindings/019aa2f0-0000-7000-8000-000000000001/bills/2026-10";

struct Running(Instant);

impl Clock for Running {
    fn now(&self) -> Time {
        Time::from_micros(i64::try_from(self.0.elapsed().as_micros()).unwrap_or(i64::MAX))
    }
}

async fn round(recorder: Option<&Arc<Recorder>>) -> f64 {
    let mut app = App::new().wrap(from_fn(counted)).configure(|cfg| {
        // As in the product: whoever asks for the route after the first finds it with the request.
        let mut routes = Routes::new(cfg);
        routes.get(ROUTE, Policy::Public, || async {
            HttpResponse::Ok().finish()
        });
        let _ = routes.into_table();
    });
    if let Some(recorder) = recorder {
        app = app.app_data(web::Data::from(Arc::clone(recorder)));
    }
    let app = init_service(app).await;
    let began = Instant::now();
    for n in 0..REQUESTS {
        let request = TestRequest::with_uri(PATH).to_request();
        drop(call_service(&app, request).await);
        if let (Some(recorder), 0) = (recorder, n % TAKEN_AFTER) {
            drop(recorder.take());
        }
    }
    began.elapsed().as_secs_f64() * 1e9 / f64::from(REQUESTS)
}

pub(crate) fn measure() -> Result<Value, String> {
    let recorder = Arc::new(Recorder::new(Arc::new(Running(Instant::now()))));
    let (mut on, mut off) = (Vec::new(), Vec::new());
    actix_web::rt::System::new().block_on(async {
        for _ in 0..=ROUNDS {
            off.push(round(None).await);
            on.push(round(Some(&recorder)).await);
        }
    });
    // The first of each only warmed up.
    let told = |rounds: Vec<f64>| median(rounds.into_iter().skip(1).collect());
    Ok(json!({ "on_ns": told(on), "off_ns": told(off) }))
}
