//! What this room puts into the outbox.

use serde::{Deserialize, Serialize};

use super::request::{Request, State};
use crate::outbox::{Event, Lane};
use crate::shared::ids::{AccountId, EventId, RequestId};
use crate::shared::time::Time;
use crate::store::StoreError;

/// A request on its way to marketing.
pub(super) const FILE: &str = "requests.file";
/// Marketing said something new of a request: the person is told.
pub(super) const MOVED: &str = "requests.moved";

#[derive(Serialize, Deserialize)]
pub(super) struct ToFile {
    pub(super) account_id: AccountId,
    pub(super) request_id: RequestId,
}

#[derive(Serialize)]
struct Moved<'a> {
    account_id: &'a AccountId,
    request: &'static str,
    state: &'static str,
    happened_at: String,
}

fn event<T: Serialize>(
    event_id: EventId,
    kind: &str,
    request: &Request,
    body: &T,
    (now, trace_id): (Time, &str),
) -> Result<Event, StoreError> {
    Ok(Event {
        event_id,
        kind: kind.to_owned(),
        ordering_key: format!("request:{}", request.request_id),
        body: serde_json::to_string(body).map_err(|_| StoreError::Corrupt {
            table: "outbox",
            column: "body",
        })?,
        trace_id: trace_id.to_owned(),
        created_at: now,
        available_at: now,
        money: false,
        lane: Lane::Usual,
    })
}

pub(super) fn to_file(
    event_id: EventId,
    request: &Request,
    when: (Time, &str),
) -> Result<Event, StoreError> {
    let body = ToFile {
        account_id: request.account_id.clone(),
        request_id: request.request_id.clone(),
    };
    event(event_id, FILE, request, &body, when)
}

pub(super) fn moved(
    event_id: EventId,
    request: &Request,
    state: State,
    when: (Time, &str),
) -> Result<Event, StoreError> {
    let body = Moved {
        account_id: &request.account_id,
        request: request.kind.as_str(),
        state: state.as_str(),
        happened_at: when.0.rfc3339(),
    };
    event(event_id, MOVED, request, &body, when)
}
