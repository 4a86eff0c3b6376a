//! What other rooms hear of a person through the outbox: that something changed which is passed on
//! elsewhere with the person's consent. The event names the person and nothing more; whoever carries it
//! reads what is true when it arrives, so that events may be lost in one another.

use serde::{Deserialize, Serialize};

use super::consent::Purpose;
use super::good_consent_in;
use super::record::Pen;
use crate::outbox::{Event, Lane};
use crate::shared::ids::{AccountId, EventId};
use crate::shared::personal::Phone;
use crate::shared::time::Time;
use crate::store::{StoreError, Tx};

/// Registration, real name, phone, homes or roles of a person changed.
pub const CHANGED: &str = "accounts.changed";

/// What the phone of an account is told by SMS, whether its owner agreed to messages or not: whoever holds it
/// may be the owner, and somebody else at the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PhoneNews {
    /// To the phone that an account has no longer, because another one came in its place: every code goes
    /// elsewhere from now on.
    GivenUp,
    /// The account became one with another; the phone of the one that was taken over may be no account's now.
    Merged,
    /// Somebody was certified here by their face.
    FaceCertified,
}

impl PhoneNews {
    const fn kind(self) -> &'static str {
        match self {
            Self::GivenUp => "accounts.phone_changed",
            Self::Merged => "accounts.merged_phone",
            Self::FaceCertified => "accounts.certified_phone",
        }
    }
}

/// Body of [`CHANGED`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    pub account_id: AccountId,
    /// Nothing is known to have changed: the person's turn to be compared has come.
    #[serde(default)]
    pub by_turn: bool,
}

impl Changed {
    /// The outbox row that carries it; a person's rows follow one another.
    pub fn event(&self, event_id: EventId, trace_id: &str, now: Time) -> Result<Event, StoreError> {
        let body = serde_json::to_string(self).map_err(|_| StoreError::Corrupt {
            table: "outbox",
            column: "body",
        })?;
        Ok(Event {
            event_id,
            kind: CHANGED.to_owned(),
            ordering_key: format!("person:{}", self.account_id),
            body,
            trace_id: trace_id.to_owned(),
            created_at: now,
            available_at: now,
            money: false,
            lane: Lane::Usual,
        })
    }
}

/// Tells that a person changed, if the person agreed to having it passed on. Once per person and pen.
pub async fn tell_changed(
    tx: &mut Tx,
    account: &AccountId,
    pen: &Pen,
    trace_id: &str,
) -> Result<(), StoreError> {
    match good_consent_in(tx, account, Purpose::UserSystem).await? {
        Some(_) => tell(tx, account, pen, trace_id).await,
        None => Ok(()),
    }
}

/// Sealed at rest and wiped at delivery. Not printable.
#[derive(Serialize)]
struct ToldByPhone<'a> {
    phone: &'a str,
    happened_at: String,
}

/// Tells a phone that is or was an account's what became of the account. Once per account, kind and pen.
pub(super) async fn tell_phone(
    tx: &mut Tx,
    news: PhoneNews,
    phone: &Phone,
    account: &AccountId,
    pen: &Pen,
    trace_id: &str,
) -> Result<(), StoreError> {
    let body = ToldByPhone {
        phone: phone.expose(),
        happened_at: pen.now.rfc3339(),
    };
    let body = serde_json::to_string(&body).map_err(|_| StoreError::Corrupt {
        table: "outbox",
        column: "body",
    })?;
    let kind = news.kind();
    let event_id: EventId = pen.id(kind, account.as_str());
    let event = Event {
        // A row of its own key: a phone that cannot be reached holds up nothing else.
        ordering_key: format!("{kind}:{event_id}"),
        event_id,
        kind: kind.to_owned(),
        body,
        trace_id: trace_id.to_owned(),
        created_at: pen.now,
        available_at: pen.now,
        money: false,
        lane: Lane::Usual,
    };
    tx.outbox().add(&event).await
}

/// Tells it whatever the person agreed to: the consent itself changed.
pub(super) async fn tell(
    tx: &mut Tx,
    account: &AccountId,
    pen: &Pen,
    trace_id: &str,
) -> Result<(), StoreError> {
    let changed = Changed {
        account_id: account.clone(),
        by_turn: false,
    };
    let event_id = pen.id(CHANGED, account.as_str());
    tx.outbox()
        .add(&changed.event(event_id, trace_id, pen.now)?)
        .await
}
