//! What must follow a committed change: post to marketing, send an SMS, show a notice.
//!
//! A row is written in the unit that made it necessary and delivered by a leased relay: at least
//! once, in order per `ordering_key` (money rows: one key per payment, money.md 2.12). Receivers
//! deduplicate by [`Event::event_id`]. A row that keeps failing goes dead and opens a case.

pub mod ports;
pub mod relay;

use crate::shared::ids::EventId;
use crate::shared::time::Time;

/// One thing to carry out after the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub event_id: EventId,
    /// `capability.what`, for example `payments.post_line`.
    pub kind: String,
    /// Rows of one key leave one after the other.
    pub ordering_key: String,
    /// JSON of the capability's own event type; sealed at rest.
    pub body: String,
    /// The trace that caused it, so that one id leads from tap to ledger line.
    pub trace_id: String,
    pub created_at: Time,
    /// Not delivered before this moment.
    pub available_at: Time,
    /// Money rows that die open a case in the same unit (money.md G4).
    pub money: bool,
}

/// A row taken by a relay until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Its body, which is never empty, is so when it could not be opened.
    pub event: Event,
    /// Deliveries begun before this one.
    pub attempts: i64,
    /// Rises with every claim; a worker whose epoch is old may not write (money.md 2.15).
    pub lease_epoch: i64,
}
