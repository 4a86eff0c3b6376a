//! The channel relay: ends public TLS for the mini-program, H5 and PC, and forwards over the dedicated
//! line with its client certificate and a signature over every request (docs/contracts/relay.md). Alipay's notices,
//! which prove themselves, go beside it to the callback listener.
//!
//! It keeps nothing, knows no household and decides nothing: what it forwards is judged by the gateway.

mod answers;
pub mod body;
mod certificates;
pub mod config;
pub mod forward;
pub mod head;
mod nodes;
pub mod notices;
pub mod places;
mod seats;
pub mod sign;
pub mod start;
mod target;
