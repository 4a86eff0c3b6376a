//! Routes of `requests`: what a person asks of the utility beside paying.

mod dto;
mod error;
mod points;
mod routes;

use utoipa::OpenApi;

use crate::edge::{Policy, Routes};

/// What this room adds to the OpenAPI.
#[derive(Debug, OpenApi)]
#[openapi(
    paths(routes::list, routes::file, points::purse, points::exchange),
    tags((name = "requests", description = "Reports of illegal use, feedback, disputes of bills and payments"))
)]
pub struct Api;

/// Registers the room's routes.
pub fn routes(routes: &mut Routes<'_>) {
    routes.get("/v1/requests", Policy::SignedIn, routes::list);
    routes.post("/v1/requests", Policy::FreshSession, routes::file);
    routes.get("/v1/points", Policy::SignedIn, points::purse);
    routes.post(
        "/v1/points/exchanges",
        Policy::FreshSession,
        points::exchange,
    );
}
