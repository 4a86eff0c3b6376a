//! Timed tasks (LN-56): leased, one runner at a time over all processes.
//!
//! Missed-run rule: a job that slept through several turns runs once, then continues from now.
//! Every run leaves its outcome on the row and one evidence line. `nodes` says which processes there are, `daily` at which
//! time of the day those that run once a day do.

pub mod daily;
pub mod nodes;
pub mod ports;
pub mod retention;
pub mod runner;

use crate::shared::ids::EvidenceId;
use crate::shared::time::Time;

/// A job's standing entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub name: String,
    /// Seconds between turns.
    pub every_s: i64,
    pub next_at: Time,
    pub last_at: Option<Time>,
    /// `ok` or a stable error code.
    pub last_outcome: Option<String>,
    /// The line of the evidence that tells of the last turn.
    pub last_evidence: Option<EvidenceId>,
    /// Rises with every claim; an old epoch may not write.
    pub lease_epoch: i64,
}
