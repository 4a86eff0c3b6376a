//! Routes of `billing`: what a home owes, has, was charged and paid, each figure with its age.

mod dto;
mod error;
mod receipts;
mod repeated;
mod routes;
mod usage;

pub use repeated::Repeated;
use utoipa::OpenApi;

use crate::edge::{Policy, Routes};

/// What this room adds to the OpenAPI.
#[derive(Debug, OpenApi)]
#[openapi(
    paths(
        routes::arrears,
        routes::balance,
        routes::bills,
        routes::bill,
        routes::usage,
        routes::receipts
    ),
    tags((name = "billing", description = "Arrears, balance, bills and their working, energy by the day, what was paid"))
)]
pub struct Api;

/// Registers the room's routes.
pub fn routes(routes: &mut Routes<'_>) {
    routes.get(
        "/v1/bindings/{binding_id}/arrears",
        Policy::SignedIn,
        routes::arrears,
    );
    routes.get(
        "/v1/bindings/{binding_id}/balance",
        Policy::SignedIn,
        routes::balance,
    );
    routes.get(
        "/v1/bindings/{binding_id}/bills",
        Policy::SignedIn,
        routes::bills,
    );
    routes.get(
        "/v1/bindings/{binding_id}/bills/{period}",
        Policy::SignedIn,
        routes::bill,
    );
    routes.get(
        "/v1/bindings/{binding_id}/usage",
        Policy::SignedIn,
        routes::usage,
    );
    routes.get(
        "/v1/bindings/{binding_id}/receipts",
        Policy::SignedIn,
        routes::receipts,
    );
}
