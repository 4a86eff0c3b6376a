//! The domain of Lifeline: rules, state machines, use cases and ports.
//!
//! Nothing here does I/O, reads a clock, draws a random number or knows a framework: time and
//! chance come in through [`shared::time::Clock`] and [`shared::ids::Entropy`], the outside world
//! through the ports each capability declares.
//!
//! | floor | rooms |
//! |---|---|
//! | 7 | [`customers`] (operators, billing, bindings), [`channels`] (operators, insight) |
//! | 6 | [`privacy`] (bindings), [`operators`] (accounts), [`publications`], [`insight`], [`requests`] (bindings) |
//! | 4 | [`payments`] (uses bindings, billing), [`settlement`] (accounts, metering, tariffs) |
//! | 3 | [`billing`] (bindings, tariffs) |
//! | 2 | [`bindings`] (accounts), [`notices`] (accounts) |
//! | 1 | [`accounts`], [`tariffs`]; foundation: [`outbox`] [`inbox`] [`idempotency`] [`jobs`] [`ledger`] [`evidence`] [`audit`] [`bans`] [`cases`] |
//! | 0 | [`shared`], [`store`] |
//!
//! A room may use what is below it, never beside or above; reactions upward travel as events
//! through the outbox. `tests/house/floors.rs` holds this picture against the source.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::as_conversions
)]

pub mod accounts;
pub mod audit;
pub mod bans;
pub mod billing;
pub mod bindings;
pub mod cases;
pub mod channels;
pub mod customers;
pub mod evidence;
pub mod idempotency;
pub mod inbox;
pub mod insight;
pub mod jobs;
pub mod ledger;
pub mod notices;
pub mod operators;
pub mod outbox;
pub mod payments;
pub mod privacy;
pub mod publications;
pub mod requests;
pub mod settlement;
pub mod shared;
pub mod store;
pub mod tariffs;
