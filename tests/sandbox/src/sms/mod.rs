//! The SMS platform's stand-in.

use actix_web::web;

use crate::clock::SimClock;

/// Every message accepted so far.
#[derive(Debug)]
pub struct Sms {}

impl Sms {
    /// An empty platform.
    pub fn new(_clock: SimClock) -> Self {
        Self {}
    }
}

/// `/sms/v1`, `/sim/sms` and `/phone`.
pub fn routes(_cfg: &mut web::ServiceConfig) {}
