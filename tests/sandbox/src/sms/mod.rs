//! The SMS platform's stand-in: accepts signed messages (docs/contracts/sms.md), renders its registered
//! templates, and shows what a phone would show. It never dials out; every message stays here.

mod calls;
mod inbox;
mod page;
mod template;

pub use inbox::Sms;

use actix_web::web;

/// `/sms/v1`, `/sim/sms` and `/phone`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.configure(calls::routes).configure(page::routes);
}
