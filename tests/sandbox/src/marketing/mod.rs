//! The marketing system's stand-in (CIS, 营销系统): two hundred consumers with archives, meters, two
//! years of bills and debts, and the books that take payments for them. It speaks
//! docs/contracts/marketing.md and knows nothing of Lifeline's code.
//!
//! - `population` and `strangers` make the consumers from the seed; `metering`, `tariff`, `billing` and `late_fee`
//!   are the arithmetic behind their figures; `archive` and `account` hold one consumer.
//! - `ledger`, `posting` and `booking` are the money: postings, fences, reversals, refunds.
//! - `identity` matches people with archives; `opening` opens who asked to be supplied.
//! - `gate` is the way every contract call takes; `*_calls` are the calls; `controls` is `/sim/marketing`.

mod account;
pub(crate) mod archive;
mod billing;
mod booking;
mod calendar;
mod consumer_calls;
mod controls;
mod desk;
mod dice;
pub(crate) mod gate;
mod generators;
mod identity;
mod identity_calls;
mod late_fee;
mod ledger;
mod metering;
mod opening;
mod payment_calls;
mod population;
mod posting;
mod refused;
mod strangers;
mod tariff;
mod work_orders;

pub use desk::Marketing;

use actix_web::web;

/// `/mkt/v1` and `/sim/marketing`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::scope("/mkt/v1")
            .configure(consumer_calls::routes)
            .configure(generators::routes)
            .configure(identity_calls::routes)
            .configure(payment_calls::routes)
            .configure(work_orders::routes),
    )
    .service(
        web::scope("/sim/marketing")
            .configure(controls::routes)
            .configure(work_orders::controls),
    );
}
