//! One listener per trust zone: `line` (households), `callback` (channels), `console` (staff), `ops` (loopback).

pub mod callback;
pub mod line;
mod methods;
pub mod ops;
pub mod outermost;
pub mod resources;
pub mod service_register;
pub mod start;
mod unread;

#[cfg(test)]
mod told_tests;
#[cfg(test)]
mod unread_tests;
