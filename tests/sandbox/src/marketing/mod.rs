//! The marketing system's stand-in.

use actix_web::web;

use crate::clock::SimClock;

/// The marketing system's world.
#[derive(Debug)]
pub struct Marketing {}

impl Marketing {
    /// The seeded world as of the clock's present day.
    pub fn new(_seed: u64, _clock: SimClock) -> Self {
        Self {}
    }
}

/// `/mkt/v1` and `/sim/marketing`.
pub fn routes(_cfg: &mut web::ServiceConfig) {}
