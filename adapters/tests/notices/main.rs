//! What people are told, as stories: the use cases of `notices` on a real store behind the real
//! relay, with a double for the SMS platform. The events are written by `payments`' own types, so a
//! drift between what is said and what is read shows here.

#![expect(clippy::unwrap_used, reason = "a broken story panics")]

mod inbox;
mod telling;
mod texting;
mod world;
