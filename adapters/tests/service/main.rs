//! Public information and power service, as stories: the use cases of `publications` and `requests` on a
//! real store behind the real relay, with a double for marketing's clerks.

#![expect(clippy::unwrap_used, reason = "a broken story panics")]

mod asking;
mod points;
mod reading;
mod world;
