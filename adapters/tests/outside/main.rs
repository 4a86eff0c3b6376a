//! The outside adapters against a responder that says exactly what a test tells it to: every code,
//! time-outs, cut and oversized replies, bad signatures, leaking upstream texts.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a broken promise panics"
)]

mod alipay;
mod alipay_certificates;
mod alipay_certify;
mod alipay_follow;
mod alipay_identity;
mod alipay_notice;
mod alipay_ways;
mod authority;
mod exchange;
mod generation;
mod marketing;
mod marketing_archive;
mod marketing_conformance;
mod marketing_figures;
mod reach;
mod responder;
mod sms;
mod user_system;
mod world;
