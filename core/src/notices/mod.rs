//! What people are told: the in-app inbox and SMS (LN-27). Being written by the notices engineer;
//! the billing engineer leaves this room and gateway/src/notices alone.

pub mod ports;
