//! The demo's time machine: the sandbox pushes an advance to the ops listener, the gateway takes
//! the time, works off what fell due, and only then answers.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use lifeline_core::shared::time::Clock as _;
use lifeline_gateway::edge::{Checked, Code, Problem};
use lifeline_gateway::runner::Runner;
use serde::Deserialize;

use crate::system::SystemClock;

/// The furthest one step may go: as far as the sandbox's own, or the two would stand apart.
const ADVANCE_MAX_S: i64 = 400 * 24 * 3600;

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
    if !is_step(seconds) {
        return Err(Problem::new(Code::InvalidField).field(
            "advance_s",
            "invalid",
            "0 to 34560000 seconds; time only goes forward",
        ));
    }
    if body.value.stop {
        clock.stop();
    }
    clock.advance(seconds);
    runner.drain().await;
    Ok(HttpResponse::Ok().json(serde_json::json!({"now": clock.now().rfc3339()})))
}

fn is_step(seconds: i64) -> bool {
    (0..=ADVANCE_MAX_S).contains(&seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_goes_as_far_as_the_sandboxs_and_no_further() {
        assert!(is_step(ADVANCE_MAX_S) && !is_step(ADVANCE_MAX_S + 1));
        assert!(is_step(0) && !is_step(-1));
        assert_eq!(ADVANCE_MAX_S, 34_560_000, "as the refusal says");
        let sandbox = include_str!("../../tests/sandbox/src/clock.rs");
        assert!(sandbox.contains("ADVANCE_S_MAX: i64 = 400 * 24 * 3600;"));
    }
}
