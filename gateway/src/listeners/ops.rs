//! The operator's listener: is it alive, can it work, what does it count. Loopback only.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpResponse, web};
use async_trait::async_trait;
use lifeline_core::shared::time::Time;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;

use super::resources::Resources;
use super::service_register::Health;

/// One dependency's answer to "can you work".
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    pub name: &'static str,
    pub ok: bool,
    /// False when the product works without it (Redis).
    pub required: bool,
    /// What to do, in words; no addresses, no upstream text.
    pub advice: &'static str,
}

/// An operation of a system outside that this process leaves alone for now, or probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circuit {
    pub system: &'static str,
    pub operation: &'static str,
    /// A stable word: `failed`, `slow` or `probe`.
    pub why: &'static str,
    /// Absent while it is probed.
    pub until: Option<Time>,
}

/// One operation of a system outside that was asked since the process began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    pub system: &'static str,
    pub operation: &'static str,
    pub health: Health,
    pub since: Time,
    pub last_well: Option<Time>,
    pub last_badly: Option<Time>,
}

/// Asks every dependency.
#[async_trait]
pub trait Readiness: Send + Sync {
    async fn checks(&self) -> Vec<Check>;
    /// What the process lives on.
    async fn resources(&self) -> Resources;
    /// What was asked of the systems outside; asks nobody.
    fn operations(&self) -> Vec<Operation>;
    /// What is left alone now.
    fn circuits(&self) -> Vec<Circuit>;
    /// Lets an operation be asked again at once; false when it is not left alone.
    fn ask_again(&self, system: &str, operation: &str) -> bool;
}

/// What the ops listener shows.
#[derive(Clone)]
pub struct Ops {
    pub readiness: Arc<dyn Readiness>,
    pub metrics: PrometheusHandle,
}

impl std::fmt::Debug for Ops {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ops")
    }
}

const READY_TIME_MAX: Duration = Duration::from_secs(3);
/// When to ask again what was not ready, in seconds.
const AGAIN_S: &str = "2";

/// Registers `/healthz`, `/readyz`, `/metrics`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/healthz", web::get().to(healthz))
        .route("/readyz", web::get().to(readyz))
        .route("/metrics", web::get().to(metrics_text));
}

async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({"status": "ok"}))
}

async fn readyz(ops: web::Data<Ops>) -> HttpResponse {
    let Ok(checks) = tokio::time::timeout(READY_TIME_MAX, ops.readiness.checks()).await else {
        return HttpResponse::ServiceUnavailable()
            .insert_header((RETRY_AFTER, AGAIN_S))
            .json(serde_json::json!({"status": "timeout", "checks": []}));
    };
    let ready = checks.iter().all(|check| check.ok || !check.required);
    let body =
        serde_json::json!({"status": if ready { "ready" } else { "not_ready" }, "checks": checks});
    if ready {
        HttpResponse::Ok().json(body)
    } else {
        HttpResponse::ServiceUnavailable()
            .insert_header((RETRY_AFTER, AGAIN_S))
            .json(body)
    }
}

async fn metrics_text(ops: web::Data<Ops>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4")
        .body(ops.metrics.render())
}
