//! Generation accounts: registration, keys, permission, the personal data table, end and activation.

mod dto;
mod error;
mod place;
mod routes;

use utoipa::OpenApi;

use crate::edge::{Policy, Routes};

/// What this part adds to the OpenAPI.
#[derive(Debug, OpenApi)]
#[openapi(
    paths(
        routes::register,
        routes::list,
        routes::detail,
        routes::set_password,
        routes::public_key,
        routes::access,
        routes::table,
        routes::ask_termination,
        routes::activate
    ),
    tags((name = "generation-accounts", description = "Selling power: registration, keys, the personal data table"))
)]
pub struct Api;

/// Registers the part's routes.
pub fn routes(routes: &mut Routes<'_>) {
    const ALL: &str = "/v1/generation-accounts";
    const ONE: &str = "/v1/generation-accounts/{generation_account_id}";
    let fresh = Policy::FreshSession;
    routes.post(ALL, fresh, routes::register);
    routes.get(ALL, Policy::SignedIn, routes::list);
    routes.get(ONE, Policy::SignedIn, routes::detail);
    routes.put(
        "/v1/generation-accounts/{generation_account_id}/password",
        fresh,
        routes::set_password,
    );
    routes.get(
        "/v1/generation-accounts/{generation_account_id}/public-key",
        fresh,
        routes::public_key,
    );
    routes.post(
        "/v1/generation-accounts/{generation_account_id}/access",
        fresh,
        routes::access,
    );
    routes.get(
        "/v1/generation-accounts/{generation_account_id}/table",
        fresh,
        routes::table,
    );
    routes.post(
        "/v1/generation-accounts/{generation_account_id}/termination",
        fresh,
        routes::ask_termination,
    );
    routes.post(
        "/v1/generation-accounts/{generation_account_id}/activation",
        fresh,
        routes::activate,
    );
}
