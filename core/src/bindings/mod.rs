//! placeholder: bindings

pub mod ports;
