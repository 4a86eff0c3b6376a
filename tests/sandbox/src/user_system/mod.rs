//! The stand-in of the on-line State Grid user system (docs/contracts/user_system.md): gathers the people
//! of every channel by mobile number, and shows a tester what it holds.

mod book;
mod calls;
mod control;

pub use book::UserSystem;

use actix_web::web;

/// `/sgapp/v1` and `/sim/user-system`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.configure(calls::routes).configure(control::routes);
}
