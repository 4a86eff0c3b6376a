//! Routes of `notices`: a person's inbox.

mod callback;
mod dto;
mod error;
mod routes;

use utoipa::OpenApi;

use crate::edge::{Policy, Routes};

/// What this room adds to the OpenAPI.
#[derive(Debug, OpenApi)]
#[openapi(
    paths(routes::list, routes::mark_read, callback::sms),
    tags((name = "notices", description = "What a person is told: money credited or returned, who may use a home"))
)]
pub struct Api;

/// Registers the SMS platform's callback path.
pub fn callback_routes(routes: &mut Routes<'_>) {
    routes.post("/v1/callbacks/sms", Policy::SelfProving, callback::sms);
}

/// Registers the room's routes.
pub fn routes(routes: &mut Routes<'_>) {
    routes.get("/v1/notices", Policy::SignedIn, routes::list);
    routes.patch(
        "/v1/notices/{notice_id}",
        Policy::SignedIn,
        routes::mark_read,
    );
}
