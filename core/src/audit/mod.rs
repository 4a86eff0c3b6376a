//! Who did what, when, with what result (domain.md C7). Append-only, and linked in one chain (`chain`).

pub mod chain;
pub mod ports;

use crate::shared::time::Time;

/// One line of the audit. Holds ids and codes only, never personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub audit_id: String,
    pub at: Time,
    /// `account:{id}`, `staff:{id}`, `job:{name}`, `callback:{source}`.
    pub actor: String,
    /// `capability.act`.
    pub act: String,
    /// The id of what was acted on.
    pub subject: String,
    /// `ok` or a problem code.
    pub outcome: String,
    /// The client's network address as the edge saw it, or empty.
    pub source: String,
    pub trace_id: String,
}

/// Which lines are looked for, newest first. What is empty leaves nothing out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub from: Time,
    /// The end, itself not within.
    pub to: Time,
    /// The time and the id of a line that was seen: what stands behind it is wanted.
    pub behind: Option<(Time, String)>,
    pub actor: String,
    /// How the act begins: `cases.` for all of a room.
    pub act: String,
    pub subject: String,
    pub outcome: String,
}
