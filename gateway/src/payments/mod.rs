//! Routes of `payments`.

use utoipa::OpenApi;

use crate::edge::Routes;

/// What this room adds to the OpenAPI.
#[derive(Debug, OpenApi)]
#[openapi()]
pub struct Api;

/// Registers the room's routes.
pub fn routes(_routes: &mut Routes<'_>) {}

/// Registers the channel's callback path.
pub fn callback_routes(_routes: &mut Routes<'_>) {}
