//! The only entrance (LN-52): listeners, edge, routes and the runner of timed and queued work.
//!
//! A request meets the listener of its trust zone, then the edge (trace, limits, authentication,
//! route policy), then one short handler that calls one use case of `core`. No SQL, no decision
//! about business state and no retry lives here.

pub mod accounts;
pub mod billing;
pub mod bindings;
pub mod console;
pub mod edge;
pub mod insight;
pub mod listeners;
pub mod notices;
pub mod openapi;
pub mod pages;
pub mod payments;
pub mod privacy;
pub mod publications;
pub mod requests;
pub mod runner;
pub mod settlement;
