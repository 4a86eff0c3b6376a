//! Routes of `bindings`: finding one's homes, linking, seeing, sharing and leaving them.

mod code_dto;
mod dto;
mod error;
mod filling;
mod routes;
mod sharing;

use utoipa::OpenApi;

use crate::edge::{Policy, Routes};

/// What this room adds to the OpenAPI.
#[derive(Debug, OpenApi)]
#[openapi(
    paths(
        routes::match_homes,
        routes::ask_code,
        routes::link,
        routes::list,
        routes::detail,
        routes::rename,
        routes::unlink,
        sharing::routes::list,
        sharing::routes::invite,
        sharing::routes::revoke,
        sharing::routes::look,
        sharing::routes::accept,
        filling::show,
        filling::ask
    ),
    tags((name = "bindings", description = "Homes: direct match, linking, roles, sharing"))
)]
pub struct Api;

/// Registers the room's routes.
pub fn routes(routes: &mut Routes<'_>) {
    routes.post(
        "/v1/binding-matches",
        Policy::FreshSession,
        routes::match_homes,
    );
    routes.post("/v1/otps", Policy::FreshSession, routes::ask_code);
    routes.post("/v1/bindings", Policy::FreshSession, routes::link);
    routes.get("/v1/bindings", Policy::SignedIn, routes::list);
    routes.get(
        "/v1/bindings/{binding_id}",
        Policy::SignedIn,
        routes::detail,
    );
    routes.patch(
        "/v1/bindings/{binding_id}",
        Policy::FreshSession,
        routes::rename,
    );
    routes.delete(
        "/v1/bindings/{binding_id}",
        Policy::FreshSession,
        routes::unlink,
    );
    sharing::register(routes);
    filling::register(routes);
}
