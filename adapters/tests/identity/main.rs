//! People and their homes, told as stories: the use cases of `accounts` and `bindings` on a real
//! store, with doubles for Alipay, the archive and the SMS platform. Names begin with the
//! requirement (`ln_43_…`) or the rule of the money page (`m3_1_…`) they show.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a broken story panics"
)]

mod archive;
mod by_number;
mod codes;
mod consents;
mod homes;
mod matching;
mod sign_in;
mod staying;
mod world;
