//! One listener per trust zone: `line` (households), `callback` (channels), `ops` (loopback).

pub mod callback;
pub mod line;
mod methods;
pub mod ops;
pub mod outermost;
pub mod start;
