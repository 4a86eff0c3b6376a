//! Routes of `privacy`: stepping up, seeing everything, being erased.

mod dto;
mod error;
mod routes;

use lifeline_core::accounts::Deed;
use utoipa::OpenApi;

use crate::edge::{Policy, Routes};

/// What this room adds to the OpenAPI.
#[derive(Debug, OpenApi)]
#[openapi(
    paths(
        routes::step_up,
        routes::export_link,
        routes::export,
        routes::erasure,
        routes::ask_erasure,
        routes::take_erasure_back
    ),
    tags((name = "privacy", description = "What is known of a person: seeing it, having it erased"))
)]
pub struct Api;

/// Registers the room's routes.
pub fn routes(routes: &mut Routes<'_>) {
    routes.post(
        "/v1/sessions/current/step-up",
        Policy::FreshSession,
        routes::step_up,
    );
    routes.post(
        "/v1/me/export/document-links",
        Policy::SteppedUp(Deed::Export),
        routes::export_link,
    );
    routes.get("/v1/me/export", Policy::Public, routes::export);
    routes.get("/v1/me/erasure", Policy::SignedIn, routes::erasure);
    routes.delete(
        "/v1/me",
        Policy::SteppedUp(Deed::Erase),
        routes::ask_erasure,
    );
    routes.delete(
        "/v1/me/erasure",
        Policy::FreshSession,
        routes::take_erasure_back,
    );
}
