//! What this room tells others through the outbox: who may use which home, and who no longer may.

use serde::Serialize;

use super::binding::Binding;
use super::filling::Filling;
use crate::accounts::{Actor, Pen};
use crate::outbox::Event;
use crate::shared::ids::{AccountId, BindingId, EventId};
use crate::shared::personal::Phone;
use crate::store::{StoreError, Tx};

/// To the holder: somebody accepted an invitation.
pub const SHARING_ACCEPTED: &str = "bindings.sharing_accepted";
/// To the holder: what was shared ended on its day.
pub const SHARING_OVER: &str = "bindings.sharing_over";
/// To the one it was shared with: it ended on its day.
pub const ACCESS_OVER: &str = "bindings.access_over";
/// To the one it was taken from: the holder took the access away, or left the home.
pub const ACCESS_TAKEN: &str = "bindings.access_taken";
/// To everybody linked, payers too: the home has another holder. Whatever a person had running for
/// the home under the former one ends (money.md 3.4).
pub const HOLDER_CHANGED: &str = "bindings.holder_changed";
/// To those who claim a home that somebody else claims too.
pub const HOLDER_DISPUTED: &str = "bindings.holder_disputed";

/// To the phone the archive held before: the certified holder offered values to the archive. Its owner
/// need not be anybody's account.
pub const ARCHIVE_OFFERED: &str = "bindings.archive_contact";

/// Body of [`ARCHIVE_OFFERED`]; sealed at rest and wiped at delivery. Not printable.
#[derive(Serialize)]
struct ToldByPhone<'a> {
    phone: &'a str,
    consumer_tail: String,
    happened_at: String,
}

/// Body of all others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told<'a> {
    /// Who is told.
    pub account_id: &'a AccountId,
    /// Their link.
    pub binding_id: &'a BindingId,
    /// The last four digits of the consumer number, as people name their home.
    pub consumer_tail: String,
    /// The other person, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person_masked: Option<String>,
    pub happened_at: String,
}

/// Puts one fact on its way to the person behind a link, once per kind and link in a unit.
pub(super) async fn tell(
    tx: &mut Tx,
    actor: &Actor,
    pen: &Pen,
    kind: &str,
    to: &Binding,
    person_masked: Option<String>,
) -> Result<(), StoreError> {
    let body = Told {
        account_id: &to.account_id,
        binding_id: &to.binding_id,
        consumer_tail: to.consumer_no.tail(),
        person_masked,
        happened_at: pen.now.rfc3339(),
    };
    let event_id: EventId = pen.id(kind, to.binding_id.as_str());
    let key = format!("binding:{}", to.binding_id);
    let event = Event::new(event_id, kind, key, &body, pen.now, &actor.trace_id)?;
    tx.outbox().add(&event).await
}

/// Puts the fact of an offer on its way to the phone the archive held before.
pub(super) async fn tell_phone(
    tx: &mut Tx,
    pen: &Pen,
    phone: &Phone,
    consumer_tail: String,
    filling: &Filling,
    trace_id: &str,
) -> Result<(), StoreError> {
    let body = ToldByPhone {
        phone: phone.expose(),
        consumer_tail,
        happened_at: pen.now.rfc3339(),
    };
    let event_id: EventId = pen.id(ARCHIVE_OFFERED, filling.filling_id.as_str());
    let key = format!("archive:{}", filling.binding_id);
    let event = Event::new(event_id, ARCHIVE_OFFERED, key, &body, pen.now, trace_id)?;
    tx.outbox().add(&event).await
}
