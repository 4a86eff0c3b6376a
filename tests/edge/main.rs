//! The only entrance, as seen from outside and from the wiring: limits over a Redis that is killed,
//! the dedicated line, who may read what.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the helpers of these tests panic like the tests"
)]

mod matrix;
mod redis_killed;
