//! The outside adapters against a responder that says exactly what a test tells it to: every code,
//! time-outs, cut and oversized replies, bad signatures, leaking upstream texts.

mod alipay;
mod marketing;
mod responder;
mod sms;
mod world;
