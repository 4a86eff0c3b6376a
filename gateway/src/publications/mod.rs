//! Routes of `publications`: what everybody may read, and the outages of one's own home.

mod dto;
mod error;
mod routes;

use utoipa::OpenApi;

use crate::edge::{Policy, Routes};

/// What this room adds to the OpenAPI.
#[derive(Debug, OpenApi)]
#[openapi(
    paths(
        routes::articles,
        routes::article,
        routes::outlets,
        routes::outages,
        routes::home_outages,
        routes::apps,
        routes::picture
    ),
    tags((name = "publications", description = "Outlets, outages, programs of the utility, and articles of nine kinds"))
)]
pub struct Api;

/// Registers the room's routes.
pub fn routes(routes: &mut Routes<'_>) {
    routes.get("/v1/articles", Policy::Public, routes::articles);
    routes.get(
        "/v1/articles/{publication_id}",
        Policy::Public,
        routes::article,
    );
    routes.get("/v1/outlets", Policy::Public, routes::outlets);
    routes.get("/v1/outages", Policy::Public, routes::outages);
    routes.get("/v1/apps", Policy::Public, routes::apps);
    routes.get("/v1/pictures/{picture_id}", Policy::Public, routes::picture);
    routes.get(
        "/v1/bindings/{binding_id}/outages",
        Policy::SignedIn,
        routes::home_outages,
    );
}
