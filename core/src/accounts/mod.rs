//! placeholder: accounts

pub mod ports;
