//! Where a process can be made to fail on purpose: before and after every COMMIT, before and after
//! every call that leaves the program. Only a build with the feature `fault-points` has them.
//!
//! A point is named by what it stands at: a commit by its unit
//! ([`UnitName`](lifeline_core::store::UnitName)), a send by its
//! [`Operation`](crate::wire::Operation); then `before` or `after`, and the how-manieth passing.

mod list;
mod plan;
mod watched;

pub use self::list::all;
pub(crate) use self::plan::synchronous;
pub(crate) use self::watched::{send, watch};
