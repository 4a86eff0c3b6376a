//! Figures, told as stories: the use cases of `billing` on a real store, with a double for the
//! marketing system.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a broken story panics"
)]

mod bills;
mod commons;
mod figures;
mod nodes;
mod receipts;
mod upstream;
mod usage;
mod world;
