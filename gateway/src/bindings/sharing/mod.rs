//! Sharing a home: the holder's side under the home, the invited side by the invitation.

mod dto;
pub(super) mod routes;

use crate::edge::{Policy, Routes};

pub(super) fn register(routes: &mut Routes<'_>) {
    routes.get(
        "/v1/bindings/{binding_id}/grants",
        Policy::FreshSession,
        routes::list,
    );
    routes.post(
        "/v1/bindings/{binding_id}/grants",
        Policy::FreshSession,
        routes::invite,
    );
    routes.delete(
        "/v1/bindings/{binding_id}/grants/{grant_id}",
        Policy::FreshSession,
        routes::revoke,
    );
    routes.post("/v1/invitation-views", Policy::FreshSession, routes::look);
    routes.post(
        "/v1/invitation-acceptances",
        Policy::FreshSession,
        routes::accept,
    );
}
