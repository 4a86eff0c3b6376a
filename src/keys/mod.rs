//! The keys of a running instance, and `lifeline keys`.
//!
//! | file | what it is |
//! |---|---|
//! | `in_force` | what this process signs, verifies and shares with, as the store rules it now |
//! | `command` | rotating keys and listing them |

mod command;
mod in_force;

pub(crate) use command::{place, run};
pub(crate) use in_force::KeysInForce;
