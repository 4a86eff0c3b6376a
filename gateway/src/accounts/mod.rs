//! Routes of `accounts`: signing in, staying in, agreeing, being oneself.

mod asker;
mod certifications;
mod cookies;
mod dto;
mod ended;
mod error;
mod merges;
mod passwords;
mod routes;

use utoipa::OpenApi;

use crate::edge::{Policy, Routes};

pub use asker::{Asker, Visit};
pub use cookies::CookieRules;
pub(crate) use dto::token;
pub use ended::EndedPoll;
pub(crate) use passwords::{chosen, login_of};
pub(crate) use routes::announce;

/// What this room adds to the OpenAPI.
#[derive(Debug, OpenApi)]
#[openapi(
    paths(
        routes::begin_browser,
        routes::sign_in,
        routes::sign_out,
        routes::list_sessions,
        routes::end_session,
        routes::me,
        routes::change_me,
        passwords::set,
        routes::take_phone,
        routes::consents,
        routes::give_consent,
        routes::withdraw_consent,
        certifications::terms,
        certifications::begin,
        certifications::get,
        certifications::conclude,
        merges::begin,
        merges::get,
        merges::confirm
    ),
    tags((name = "accounts", description = "Signing in with Alipay, sessions, consents, profile"))
)]
pub struct Api;

/// Registers the room's routes.
pub fn routes(routes: &mut Routes<'_>) {
    routes.post("/v1/oauth-starts", Policy::Public, routes::begin_browser);
    routes.post("/v1/sessions", Policy::Public, routes::sign_in);
    routes.get("/v1/sessions", Policy::SignedIn, routes::list_sessions);
    routes.delete("/v1/sessions/current", Policy::SignedIn, routes::sign_out);
    routes.delete(
        "/v1/sessions/{session_id}",
        Policy::FreshSession,
        routes::end_session,
    );
    routes.get("/v1/me", Policy::SignedIn, routes::me);
    routes.patch("/v1/me", Policy::FreshSession, routes::change_me);
    routes.put("/v1/me/password", Policy::FreshSession, passwords::set);
    routes.post("/v1/me/phone", Policy::FreshSession, routes::take_phone);
    routes.get("/v1/me/consents", Policy::SignedIn, routes::consents);
    routes.post(
        "/v1/me/consents",
        Policy::FreshSession,
        routes::give_consent,
    );
    routes.delete(
        "/v1/me/consents",
        Policy::FreshSession,
        routes::withdraw_consent,
    );
    certification_routes(routes);
    merge_routes(routes);
}

fn certification_routes(routes: &mut Routes<'_>) {
    const ALL: &str = "/v1/me/certifications";
    routes.get(ALL, Policy::SignedIn, certifications::terms);
    routes.post(ALL, Policy::FreshSession, certifications::begin);
    routes.get(
        "/v1/me/certifications/{certification_id}",
        Policy::SignedIn,
        certifications::get,
    );
    routes.post(
        "/v1/me/certifications/{certification_id}/outcome",
        Policy::FreshSession,
        certifications::conclude,
    );
}

fn merge_routes(routes: &mut Routes<'_>) {
    routes.post("/v1/me/merges", Policy::FreshSession, merges::begin);
    routes.post(
        "/v1/me/merge-confirmations",
        Policy::FreshSession,
        merges::confirm,
    );
    routes.get("/v1/me/merges/{merge_id}", Policy::SignedIn, merges::get);
}
