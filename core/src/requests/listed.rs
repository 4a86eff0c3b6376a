//! What was filed, as staff see it: in a list what it is about and how far it has come, never what was written; one by
//! itself with its letter.

use super::request::{Check, Kind, Request, State};
use crate::cases::CaseKind;
use crate::shared::ids::{AccountId, RequestId};
use crate::shared::time::Time;
use crate::store::{StoreError, View};

/// So long, in seconds, until staff look into it that something has not come to its end: as a case of it would wait.
const DUE_S: i64 = CaseKind::ServiceRequest.hours().saturating_mul(3_600);

/// By when something filed at this moment is to have come to its end; nothing once it has.
#[must_use]
pub fn due(state: State, filed_at: Time) -> Option<Time> {
    (!state.is_final()).then(|| filed_at.plus_seconds(DUE_S))
}

/// One request, without its letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub request_id: RequestId,
    pub account_id: AccountId,
    pub kind: Kind,
    pub state: State,
    /// Nobody is told whose it is.
    pub anonymous: bool,
    /// The work order's number in marketing.
    pub order_no: Option<String>,
    pub check: Option<Check>,
    pub filed_at: Time,
    pub moved_at: Time,
}

/// Which are looked for. What is absent leaves nothing out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sought {
    pub kind: Option<Kind>,
    pub state: Option<State>,
}

/// Those of everybody, newest first, behind one that was seen.
///
/// # Errors
/// The store's.
pub async fn entries(
    view: &mut View,
    sought: Sought,
    behind: Option<&RequestId>,
    limit: i64,
) -> Result<Vec<Entry>, StoreError> {
    view.requests().entries(sought, behind, limit).await
}

/// One, with what was written, whoever's it is: who may see it is the caller's to judge.
///
/// # Errors
/// The store's.
pub async fn opened(view: &mut View, id: &RequestId) -> Result<Option<Request>, StoreError> {
    view.requests().by_id(id).await
}
