//! Routes of `accounts`.

use utoipa::OpenApi;

use crate::edge::Routes;

/// What this room adds to the OpenAPI.
#[derive(Debug, OpenApi)]
#[openapi()]
pub struct Api;

/// Registers the room's routes.
pub fn routes(_routes: &mut Routes<'_>) {}
