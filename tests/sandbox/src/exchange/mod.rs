//! The stand-in of the company's data exchange (docs/contracts/exchange.md): the superior company, the data centre and
//! the basic data platform, which take daily reports; the data centre tells the energy of each supply office, the platform
//! names them.

mod book;
mod calls;
mod control;

pub use book::Exchange;

use actix_web::web;

/// `/exchange/v1` and `/sim/exchange`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.configure(calls::routes).configure(control::routes);
}
