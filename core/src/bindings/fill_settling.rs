//! Carrying an offer to the utility's archive, and what follows from its answer (LN-45).

use std::collections::BTreeMap;

use serde_json::json;

use super::error::BindingError;
use super::filling::{
    ArchiveField, FILL_ARCHIVE, Filled, Filling, FillingState, OnTheWay, after_tries,
};
use super::ports::ArchiveError;
use super::role::Role;
use super::{Bindings, events};
use crate::accounts::{self, Actor, Pen, Purpose};
use crate::cases::CaseKind;
use crate::outbox::Event;
use crate::outbox::relay::Delivery;
use crate::shared::personal::{ConsumerNo, Phone};
use crate::store::{Tx, atomically};

impl Bindings {
    /// Carries one offer to the archive and writes down what it said.
    pub(super) async fn carry_filling(
        &self,
        event: &Event,
        tries: i64,
    ) -> Result<Delivery, BindingError> {
        let Ok(body) = serde_json::from_str::<OnTheWay>(&event.body) else {
            return Ok(Delivery::Never {
                reason: "unreadable_body",
            });
        };
        let pen = Pen::ready(&self.maker());
        let begun = atomically(&*self.store, async |tx: &mut Tx| {
            self.still_wanted(tx, &body, event, &pen).await
        })
        .await?;
        let Some((filling, consumer_no)) = begun else {
            return Ok(Delivery::Done);
        };
        let before = match self.archive.archived_mobile(&consumer_no).await {
            Ok(phone) => Some(phone),
            Err(ArchiveError::CannotConfirm) => None,
            Err(ArchiveError::NoAnswer(why)) => return Err(BindingError::ArchiveUnavailable(why)),
        };
        let values = body.values();
        let key = event.event_id.as_str();
        let said = self
            .archive
            .fill(
                &consumer_no,
                &values,
                &filling.consent_id,
                filling.holder_version,
                key,
            )
            .await;
        let results = match said {
            Ok(results) => Some(after_tries(results, tries)),
            Err(ArchiveError::CannotConfirm) => None,
            Err(ArchiveError::NoAnswer(why)) => return Err(BindingError::ArchiveUnavailable(why)),
        };
        let pen = Pen::ready(&self.maker());
        let old = before.filter(|phone| body.mobile.as_deref() != Some(phone.expose()));
        atomically(&*self.store, async |tx: &mut Tx| {
            let settled = Settled {
                filling: &filling,
                consumer_no: &consumer_no,
                results: results.as_ref(),
                old_contact: old.as_ref(),
                trace_id: &event.trace_id,
            };
            settled.write(tx, &pen).await
        })
        .await?;
        Ok(Delivery::Done)
    }

    /// The offer, if it still rests on consent, on being the holder and on the phone being the person's.
    /// Otherwise it ends here.
    async fn still_wanted(
        &self,
        tx: &mut Tx,
        body: &OnTheWay,
        event: &Event,
        pen: &Pen,
    ) -> Result<Option<(Filling, ConsumerNo)>, BindingError> {
        let found = tx.bindings().filling_by_id(&body.filling_id).await?;
        let Some(filling) = found.filter(|one| one.state == FillingState::Asked) else {
            return Ok(None);
        };
        let linked = tx
            .bindings()
            .find(&body.account_id, &body.binding_id)
            .await?;
        let holder = linked.filter(|linked| {
            let same = linked.home.holder_version == filling.holder_version;
            same && linked.role(pen.now) == Some(Role::Holder)
        });
        let consent =
            accounts::good_consent_in(tx, &body.account_id, Purpose::ArchiveUpdate).await?;
        let phone = accounts::verified_phone_in(tx, &body.account_id).await?;
        let offered = body.mobile.as_deref();
        let still_theirs =
            offered.is_none_or(|offered| phone.is_some_and(|own| own.expose() == offered));
        match holder.filter(|_| consent.is_some() && still_theirs) {
            Some(linked) => Ok(Some((filling, linked.binding.consumer_no))),
            None => {
                drop_filling(tx, filling, &event.trace_id, pen).await?;
                Ok(None)
            }
        }
    }
}

/// Nobody's tap: the delivery of what a person asked for.
fn delivery(trace_id: &str) -> Actor {
    Actor {
        name: format!("job:{FILL_ARCHIVE}"),
        source: String::new(),
        trace_id: trace_id.to_owned(),
    }
}

async fn drop_filling(
    tx: &mut Tx,
    filling: Filling,
    trace_id: &str,
    pen: &Pen,
) -> Result<(), BindingError> {
    let dropped = Filling {
        state: FillingState::Dropped,
        settled_at: Some(pen.now),
        ..filling
    };
    tx.bindings().save_filling(&dropped).await?;
    let (actor, subject) = (delivery(trace_id), dropped.binding_id.as_str());
    let act = dropped.act();
    pen.prove(tx, &actor, "bindings.archive_dropped", subject, act)
        .await?;
    Ok(())
}

/// What the archive said of an offer, and whom that concerns.
struct Settled<'a> {
    filling: &'a Filling,
    consumer_no: &'a ConsumerNo,
    /// None when the archive knows no such consumer.
    results: Option<&'a BTreeMap<ArchiveField, Filled>>,
    /// Whom the archive reached before, when it is another phone than the one offered.
    old_contact: Option<&'a Phone>,
    trace_id: &'a str,
}

impl Settled<'_> {
    async fn write(&self, tx: &mut Tx, pen: &Pen) -> Result<(), BindingError> {
        let Some(results) = self.results else {
            return drop_filling(tx, self.filling.clone(), self.trace_id, pen).await;
        };
        let settled = Filling {
            state: FillingState::Settled,
            results: results.clone(),
            settled_at: Some(pen.now),
            ..self.filling.clone()
        };
        tx.bindings().save_filling(&settled).await?;
        let (actor, subject) = (delivery(self.trace_id), settled.binding_id.as_str());
        let said: BTreeMap<&str, &str> = results
            .iter()
            .map(|(field, result)| (field.as_str(), result.as_str()))
            .collect();
        let act = settled.act().say("results", json!(said));
        pen.prove(tx, &actor, "bindings.archive_filled", subject, act)
            .await?;
        let changed = results.values().any(|result| *result != Filled::Same);
        if let Some(phone) = self.old_contact.filter(|_| changed) {
            let tail = self.consumer_no.tail();
            events::tell_phone(tx, pen, phone, tail, &settled, self.trace_id).await?;
        }
        self.open_case(tx, &settled, pen).await
    }

    /// Where the archive holds something else, a clerk decides.
    async fn open_case(
        &self,
        tx: &mut Tx,
        settled: &Filling,
        pen: &Pen,
    ) -> Result<(), BindingError> {
        let differing: Vec<&str> = settled
            .results
            .iter()
            .filter(|(_, result)| **result == Filled::ConflictReview)
            .map(|(field, _)| field.as_str())
            .collect();
        if differing.is_empty() {
            return Ok(());
        }
        let cause = format!("archive:{}", settled.filling_id);
        let facts = json!({"fields": differing, "holder_version": settled.holder_version});
        let (kind, subject) = (CaseKind::ArchiveConflict, settled.binding_id.as_str());
        pen.open_case(tx, kind, &cause, subject, &facts, self.trace_id)
            .await?;
        Ok(())
    }
}
