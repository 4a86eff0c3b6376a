//! Messages from outside, stored raw before any work (money.md G1).
//!
//! RECEIVED is durable before the sender is answered `success`; APPLIED is written in the same
//! unit as the effect. A repeat of a RECEIVED message works it again; only APPLIED is skipped.

pub mod ports;
pub mod signed;

use crate::shared::time::Time;

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InboxState {
    Received,
    Applied,
}

/// One message as it came, body sealed at rest and purged by schedule.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// `alipay`, `sms`, `marketing`.
    pub source: String,
    /// The sender's own id of the message (Alipay: `notify_id`).
    pub message_id: String,
    pub raw: String,
    pub trace_id: String,
    pub received_at: Time,
    pub state: InboxState,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("source", &self.source)
            .field("message_id", &self.message_id)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// A message that waits to be worked, by its sender's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub received_at: Time,
    pub message_id: String,
}

/// A message whose signature did not verify when it came. It says nothing yet: perhaps our copy of
/// the sender's key was wrong.
#[derive(Clone, PartialEq, Eq)]
pub struct Unverified {
    /// SHA-256 of the raw bytes, hex: what it says of its own id cannot be believed.
    pub digest: String,
    pub raw: String,
    pub trace_id: String,
    pub received_at: Time,
}

impl std::fmt::Debug for Unverified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unverified")
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}
