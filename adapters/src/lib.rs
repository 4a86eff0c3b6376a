//! The outside world, one folder per thing: SQL engines, Redis, the keyring, Alipay, marketing, SMS.
//!
//! Each folder implements ports that `lifeline-core` declares. Nothing here decides about business.

pub mod alipay;
pub mod keyring;
pub mod marketing;
pub mod redis;
pub mod sms;
pub mod sql;
pub mod wire;
