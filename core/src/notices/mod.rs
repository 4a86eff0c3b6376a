//! placeholder: notices

pub mod ports;
