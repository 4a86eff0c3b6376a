//! Routes of `payments`: order, pay, track, give up; and the channel's notices.

mod callback;
mod checkout;
mod desk;
mod dto;
mod error;
mod routes;

use utoipa::OpenApi;

use crate::edge::{Policy, Routes};

/// What this room adds to the OpenAPI.
#[derive(Debug, OpenApi)]
#[openapi(
    paths(
        routes::create,
        checkout::checkout,
        routes::get,
        routes::close,
        routes::list,
        routes::open_cashier,
        callback::alipay,
        callback::marketing
    ),
    tags((name = "payments", description = "Paying, and following a payment until it is credited"))
)]
pub struct Api;

/// Registers the room's routes.
pub fn routes(routes: &mut Routes<'_>) {
    routes.post("/v1/payments", Policy::FreshSession, routes::create);
    routes.post("/v1/checkouts", Policy::FreshSession, checkout::checkout);
    routes.get("/v1/payments/{payment_id}", Policy::SignedIn, routes::get);
    routes.post(
        "/v1/payments/{payment_id}/close",
        Policy::FreshSession,
        routes::close,
    );
    routes.get(
        "/v1/bindings/{binding_id}/payments",
        Policy::SignedIn,
        routes::list,
    );
    // The ticket and the browser's cookie prove themselves; a navigation carries no bearer token.
    routes.get("/v1/pay/{ticket}", Policy::Public, routes::open_cashier);
}

/// Registers the channel's callback path.
pub fn callback_routes(routes: &mut Routes<'_>) {
    routes.post(
        "/v1/callbacks/alipay",
        Policy::SelfProving,
        callback::alipay,
    );
    routes.post(
        "/v1/callbacks/marketing",
        Policy::SelfProving,
        callback::marketing,
    );
}
