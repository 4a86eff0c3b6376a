//! What was filed, as staff see it in a list: what it is about and how far it has come, never what was written.

use super::request::{Check, Kind, State};
use crate::shared::ids::{AccountId, RequestId};
use crate::shared::time::Time;
use crate::store::{StoreError, View};

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
