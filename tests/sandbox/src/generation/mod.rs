//! The stand-ins around settlement (docs/contracts/generation.md): meter head-end, publishing platform,
//! review terminal and trade-execution platform, and what a tester may do with them.

mod book;
mod calls;
mod control;
mod prices;

pub use book::Generation;

use actix_web::web;

/// `/pv/v1`, `/sim/generation`, `/sim/reviews` and `/sim/payouts`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.configure(calls::routes).configure(control::routes);
}
