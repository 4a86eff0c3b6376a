//! The sandbox's marketing system and SMS platform over HTTP, as a channel meets them
//! (docs/contracts/marketing.md, docs/contracts/sms.md).

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed step fails the test"
)]

mod admission;
mod channel;
mod faults;
mod figures;
mod identity;
mod payments;
mod sms;
mod undoing;
