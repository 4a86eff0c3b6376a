//! The sandbox's Alipay half, its clock and its relay, over HTTP as a merchant meets them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed step fails the test"
)]

mod agreements;
mod certificates;
mod certify;
mod clock;
mod faults;
mod gateway;
mod merchant;
mod notices;
mod oauth;
mod pages;
mod refunds;
mod relay;
