//! The outside world, over real HTTP: Alipay, the marketing system, the SMS platform, the user system and the channel
//! relay that ends the dedicated line.
//!
//! It is the other side of every contract Lifeline speaks, so it shares no code with Lifeline. It is
//! seeded and deterministic, keeps its state in memory, listens on loopback only, and is never linked
//! into the production binary. Start it as a process (`lifeline-sandbox`) or inside a test with
//! [`start`].

pub mod alipay;
pub mod clock;
pub mod content_key;
pub mod exchange;
pub mod faults;
pub mod generation;
pub mod hmac_auth;
mod index;
pub mod keys;
pub mod marketing;
pub mod pages;
mod passage;
pub mod people;
pub mod refusal;
pub mod relay;
pub mod server;
pub mod sms;
mod targets;
pub mod user_system;

/// Some of Lifeline's listeners end a connection that rests for five seconds. One of ours rests less: what is on its
/// way over one that ends is lost.
const RESTING_TIME_MAX: std::time::Duration = std::time::Duration::from_secs(2);

pub use server::{Options, Running, StartError, start};
