//! What the tests of this package share: a running demo of their own, a household's phone, a hand
//! on the sandbox's controls, the two engines, an outside that is silent, and patience.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on says so and stops"
)]

pub mod demo;
pub mod engine;
pub mod http;
pub mod patience;
pub mod phone;
pub mod ports;
pub mod proxy;
pub mod silence;

pub use demo::Demo;
pub use engine::{Engine, Server};
pub use patience::Looks;
pub use phone::{Answer, Phone};
pub use proxy::Proxy;
pub use silence::Silence;
