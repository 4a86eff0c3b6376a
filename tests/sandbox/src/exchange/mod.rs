//! The stand-in of the company's data exchange (docs/contracts/exchange.md): the superior company and the data centre,
//! which take daily reports, and the basic data platform, which names supply offices.

mod book;
mod calls;
mod control;

pub use book::Exchange;

use actix_web::web;

/// `/exchange/v1` and `/sim/exchange`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.configure(calls::routes).configure(control::routes);
}
