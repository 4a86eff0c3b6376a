//! Check tasks: the owner looks before the money moves.

mod dto;
mod error;
mod routes;

use utoipa::OpenApi;

use crate::edge::{Policy, Routes};

/// What this part adds to the OpenAPI.
#[derive(Debug, OpenApi)]
#[openapi(
    paths(routes::list, routes::detail, routes::feed_back, routes::undo, routes::confirm_payee),
    tags((name = "check-tasks", description = "Checking a month's settlement before it is paid"))
)]
pub struct Api;

/// Registers the part's routes.
pub fn routes(routes: &mut Routes<'_>) {
    let fresh = Policy::FreshSession;
    routes.get("/v1/check-tasks", fresh, routes::list);
    routes.get("/v1/check-tasks/{check_task_id}", fresh, routes::detail);
    routes.post(
        "/v1/check-tasks/{check_task_id}/feedback",
        fresh,
        routes::feed_back,
    );
    routes.post("/v1/check-tasks/{check_task_id}/undo", fresh, routes::undo);
    routes.post(
        "/v1/check-tasks/{check_task_id}/payee-confirmation",
        fresh,
        routes::confirm_payee,
    );
}
