//! placeholder: billing

pub mod ports;
