//! The outside world, one folder per thing: SQL engines, Redis, the keyring, Alipay, marketing, SMS.
//!
//! Each folder implements ports that `lifeline-core` declares. Nothing here decides about business.

pub mod keyring;
pub mod sql;
