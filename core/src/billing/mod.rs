//! placeholder: billing

pub mod figures;
pub mod ports;
