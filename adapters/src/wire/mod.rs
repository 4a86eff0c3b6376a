//! How calls leave the program: one HTTP client with deadlines and limits ([`http`]) to checked addresses
//! ([`address`]), by a proxy where one is named (`via`), a circuit breaker per operation ([`breaker`]), and the
//! signed, field-encrypted line that the systems of the utility share ([`line`]), with what they say when they refuse
//! ([`refusal`]); and the other way round, what they sign for us ([`signed`]).
//!
//! Nothing an upstream writes in an error goes further in than this: adapters turn statuses and
//! codes into stable words of their own (domain.md C13).

pub mod address;
pub(crate) mod breaker;
mod heard;
pub mod http;
mod lately;
pub(crate) mod line;
mod operation;
mod reach;
pub(crate) mod read;
pub(crate) mod refusal;
pub mod signed;
#[cfg(test)]
mod stopping_tests;
mod via;

pub use address::{Address, AddressError};
pub use breaker::{BreakerRules, LeftAlone, Why};
pub use heard::{Asked, Stands};
pub use http::CallRules;
pub use line::{LineKeys, LineKeysError};
pub use operation::Operation;
pub(crate) use operation::operation;
pub use reach::reached;
pub use signed::ChannelSignatures;
pub use via::{Via, ViaError};
