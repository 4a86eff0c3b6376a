//! The outside world, one folder per thing: SQL engines, Redis, the keyring, Alipay, marketing, SMS,
//! the user system; the hashing of passwords; the vault of sellers' keys; the machine itself.
//!
//! Each folder implements ports that `lifeline-core` declares. Nothing here decides about business.

pub mod alipay;
pub mod exchange;
#[cfg(feature = "fault-points")]
pub mod fault_points;
pub mod generation;
pub mod keyring;
pub mod machine;
pub mod marketing;
pub mod passwords;
pub mod pictures;
pub mod redis;
mod seams;
pub mod sms;
pub mod sql;
pub mod user_system;
pub mod vault;
pub mod wire;
