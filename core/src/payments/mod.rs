//! placeholder: payments

pub mod ports;
