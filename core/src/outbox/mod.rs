//! What must follow a committed change: post to marketing, send an SMS, show a notice.
//!
//! A row is written in the unit that made it necessary and delivered by a leased relay: at least
//! once, in order per `ordering_key` (money rows: one key per payment, money.md 2.12). Receivers
//! deduplicate by [`Event::event_id`]. A row that keeps failing is buried; one about money opens a case.

mod nudge;
pub mod ports;
pub mod relay;

use serde::Serialize;

use crate::shared::ids::EventId;
use crate::shared::time::Time;
use crate::store::StoreError;

pub use nudge::Nudged;

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
    pub lane: Lane,
}

impl Event {
    /// A row about no money, to be delivered at once in the usual lane.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the body is no JSON: nothing is written then.
    pub fn new(
        event_id: EventId,
        kind: &str,
        ordering_key: String,
        body: &impl Serialize,
        now: Time,
        trace_id: &str,
    ) -> Result<Self, StoreError> {
        let body = serde_json::to_string(body);
        Ok(Self {
            event_id,
            kind: kind.to_owned(),
            ordering_key,
            body: body.map_err(|_| StoreError::Refused("outbox.body".to_owned()))?,
            trace_id: trace_id.to_owned(),
            created_at: now,
            available_at: now,
            money: false,
            lane: Lane::Usual,
        })
    }

    /// The same in another lane.
    #[must_use]
    pub fn in_lane(self, lane: Lane) -> Self {
        Self { lane, ..self }
    }
}

/// What a row stands behind. News for each of a million sellers wait hours for their turn; a code is worth nothing after
/// five minutes, and whoever paid is told at once. What is urgent or about money is bounded by what people do, so that it
/// leaves room for the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Somebody waits for it at a screen.
    Urgent,
    /// What follows a payment.
    Money,
    Usual,
}

impl Lane {
    pub const ALL: [Self; 3] = [Self::Urgent, Self::Money, Self::Usual];

    /// As a metric names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::Money => "money",
            Self::Usual => "usual",
        }
    }

    /// Its place in the order, as it is stored.
    #[must_use]
    pub const fn place(self) -> i64 {
        match self {
            Self::Urgent => 0,
            Self::Money => 1,
            Self::Usual => 2,
        }
    }

    #[must_use]
    pub fn at(place: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.place() == place)
    }
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
