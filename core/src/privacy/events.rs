//! What this room tells others through the outbox.

use serde::Serialize;

use crate::outbox::Event;
use crate::shared::ids::{AccountId, EventId};
use crate::shared::time::Time;
use crate::store::StoreError;

/// Everything known of a person was handed out.
pub(super) const EXPORTED: &str = "privacy.exported";
/// A person asked to be erased.
pub(super) const ERASURE_ASKED: &str = "privacy.erasure_asked";
/// A person took their wish to be erased back.
pub(super) const ERASURE_WITHDRAWN: &str = "privacy.erasure_withdrawn";
/// A person could not be erased in time.
pub(super) const ERASURE_LATE: &str = "privacy.erasure_late";

#[derive(Serialize)]
struct Told<'a> {
    account_id: &'a AccountId,
    happened_at: String,
    /// When the erasure is due, when one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<String>,
}

/// A row that tells a person of an act with all that is theirs; every contact hears of it.
pub(super) fn event(
    event_id: EventId,
    kind: &str,
    account: &AccountId,
    (now, due_at): (Time, Option<Time>),
    trace_id: &str,
) -> Result<Event, StoreError> {
    let body = Told {
        account_id: account,
        happened_at: now.rfc3339(),
        due_at: due_at.map(Time::rfc3339),
    };
    let key = format!("privacy:{account}");
    Event::new(event_id, kind, key, &body, now, trace_id)
}
