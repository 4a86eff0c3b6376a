//! Payments: orders, the channel, posting to marketing, refunds (LN-04, LN-06, LN-09; EC-05, EC-17).

pub mod booking;
mod decision;
pub mod draw;
pub mod events;
pub mod numbers;
pub mod observation;
pub mod order;
pub mod policy;
pub mod ports;
pub mod table_l;
pub mod table_p;
pub mod table_r;
pub mod window;

pub use decision::Decision;
