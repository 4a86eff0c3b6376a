//! One person's word about what another proposed of a customer, with its line of the audit.

use super::error::CustomerError;
use crate::cases::four_eyes::{Judgement, Proposed};
use crate::operators::{Acting, same_person};
use crate::shared::ids::Maker;
use crate::shared::time::Time;
use crate::store::{StoreError, Tx};

/// Made before the unit, which may run twice.
pub(super) struct Judging<'a> {
    pub(super) acting: &'a Acting,
    pub(super) now: Time,
    pub(super) judgement: Judgement,
    /// The proposal that the judge's page showed.
    shown: Option<&'a str>,
    /// What the line of the audit says was done, and to what.
    act: &'static str,
    subject: &'a str,
    audit_id: String,
}

impl<'a> Judging<'a> {
    /// `acts` are the words for an agreement and for a refusal.
    pub(super) fn new(
        maker: &Maker<'_>,
        acting: &'a Acting,
        (shown, judgement): (Option<&'a str>, Judgement),
        acts: [&'static str; 2],
        subject: &'a str,
    ) -> Self {
        let [approve, refuse] = acts;
        Self {
            acting,
            now: maker.now(),
            judgement,
            shown,
            act: match judgement {
                Judgement::Agree => approve,
                Judgement::Refuse => refuse,
            },
            subject,
            audit_id: maker.uuid(),
        }
    }

    pub(super) async fn note(&self, tx: &mut Tx, outcome: &str) -> Result<(), StoreError> {
        let id = self.audit_id.clone();
        let line = self
            .acting
            .line(id, self.now, self.act, self.subject, outcome);
        tx.audit().append(&line).await
    }

    /// What was decided about the proposal that waits, to be written. `None` when it was their own:
    /// nothing but the line of the audit is written then, and the unit commits.
    ///
    /// # Errors
    /// [`CustomerError::NotAsThingsStand`] when none waits or another one than was shown, or the store's.
    pub(super) async fn judge<W: Send>(
        &self,
        tx: &mut Tx,
        waiting: Option<Proposed<W>>,
    ) -> Result<Option<Proposed<W>>, CustomerError> {
        let waiting = waiting.filter(|one| one.is_shown(self.shown));
        let waiting = waiting.ok_or(CustomerError::NotAsThingsStand)?;
        let actor = self.acting.actor();
        let own = same_person(tx, &waiting.proposed_by, &actor).await?;
        let judged = waiting.judged(actor, self.now, self.judgement).ok();
        let judged = judged.filter(|_| !own);
        if judged.is_none() {
            self.note(tx, "same_person").await?;
        }
        Ok(judged)
    }
}
