//! Alipay's stand-in.

use actix_web::web;

use crate::clock::SimClock;

/// Alipay's world: wallets, authorisations, trades, notices.
#[derive(Debug)]
pub struct Alipay {}

impl Alipay {
    /// An Alipay in which nothing has happened yet.
    pub fn new(_clock: SimClock) -> Self {
        Self {}
    }

    /// Carries out what fell due: expiries and notice sends.
    pub async fn run_due(&self) {}
}

/// `/gateway.do`, the OAuth and cashier pages, and `/sim/alipay`.
pub fn routes(_cfg: &mut web::ServiceConfig) {}
