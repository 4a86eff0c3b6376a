//! Routes of `settlement`: power that households generate and sell.

pub mod accounts;
pub mod checks;
