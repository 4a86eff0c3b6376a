//! How calls leave the program: one HTTP client with deadlines and limits ([`http`]), and the signed,
//! field-encrypted line that the marketing system and the SMS platform share ([`line`]).
//!
//! Nothing an upstream writes in an error goes further in than this: adapters turn statuses and
//! codes into stable words of their own (domain.md C13).

pub mod http;
pub(crate) mod line;
pub(crate) mod read;

pub use http::{Address, AddressError};
pub use line::{LineKeys, LineKeysError};
