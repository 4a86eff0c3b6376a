//! The demo's time machine: the sandbox pushes an advance to the ops listener, the gateway takes
//! the time, works off what fell due, and only then answers.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use lifeline_core::shared::time::Clock as _;
use lifeline_gateway::edge::{Checked, Code, Problem};
use lifeline_gateway::runner::Runner;
use serde::Deserialize;

use crate::system::SystemClock;

/// A jump of more than a year is a mistake.
const ADVANCE_MAX_S: i64 = 366 * 86_400;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_s: i64,
    /// Stops the clock first: from then on only advances move it.
    #[serde(default)]
    stop: bool,
}

/// Registers `POST /demo/clock`.
pub(crate) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/demo/clock", web::post().to(advance));
}

async fn advance(
    clock: web::Data<SystemClock>,
    runner: web::Data<Arc<Runner>>,
    body: Checked<Advance>,
) -> Result<HttpResponse, Problem> {
    let seconds = body.value.advance_s;
    if !(0..=ADVANCE_MAX_S).contains(&seconds) {
        return Err(Problem::new(Code::InvalidField).field(
            "advance_s",
            "invalid",
            "0 to 31622400 seconds; time only goes forward",
        ));
    }
    if body.value.stop {
        clock.stop();
    }
    clock.advance(seconds);
    runner.drain().await;
    Ok(HttpResponse::Ok().json(serde_json::json!({"now": clock.now().rfc3339()})))
}
