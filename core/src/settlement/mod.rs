//! Power that households generate, from registration to payout (PV-01..30).

pub mod accounts;
pub mod calculation;
pub mod countdown;
pub mod ids;
pub mod readings;
pub mod table_k;
pub mod table_t;
pub mod trade_queue;
pub mod watch;
