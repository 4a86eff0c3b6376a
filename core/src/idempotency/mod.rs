//! The same money request twice is one effect and the same bytes (money.md 2.10, api.md).
//!
//! Scope is principal + route. STARTED{lease, step} -> DONE{answer}: after the lease a repeat
//! resumes at the step; the answer is stored (sealed) in the unit of the effect's last step.

pub mod ports;

use crate::shared::time::Time;

/// What a client's key refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// `{principal}:{route}`; a key of one account can never name another's answer.
    pub scope: String,
    pub key: String,
}

/// A finished answer, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// Where a keyed request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Work began under a lease; `step` names how far it came and carries what a resumption needs.
    Started {
        step: String,
        lease_until: Time,
    },
    Done(Answer),
}

/// One keyed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub key: Key,
    /// Hex SHA-256 over the canonical request body.
    pub fingerprint: String,
    /// Digest per top-level field, JSON, so that a reused key can name the field that differs.
    pub field_digests: String,
    pub progress: Progress,
    pub lease_epoch: i64,
    pub created_at: Time,
}
