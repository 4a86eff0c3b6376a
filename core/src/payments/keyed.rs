//! A money request under its idempotency key (money.md 2.10): begun once, resumed after a crash,
//! answered with the same bytes ever after.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::order::Order;
use super::{PaymentError, Payments};
use crate::idempotency::{Answer, Key, Progress, Record};
use crate::shared::ids::PaymentId;
use crate::shared::time::Time;
use crate::store::{StoreError, atomically, snapshot};

/// How the edge words an answer: made once, stored, repeated byte for byte.
pub type Render = Arc<dyn Fn(Result<&Order, &PaymentError>) -> Answer + Send + Sync>;

/// A worker of a keyed request is gone after this; a repeat may then resume.
const LEASE_SECONDS: i64 = 40;

/// A keyed request as it came.
#[derive(Debug, Clone)]
pub(super) struct Keyed {
    pub(super) key: Key,
    pub(super) fingerprint: String,
    /// JSON object: field name -> digest.
    pub(super) field_digests: String,
}

/// Where a keyed request stands when it arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Done(Answer),
    /// Ours to work, from this step on.
    Work {
        lease_epoch: i64,
        step: String,
        /// When the key was stored first.
        since: Time,
    },
}

/// A keyed request whose worker could not let go of it: the store was away. Until somebody does, a repeat is told that
/// the request is being worked on, for as long as the lease lasts.
#[derive(Debug, Clone)]
pub struct LeftBehind {
    pub(super) key: Key,
    pub(super) lease_epoch: i64,
    /// With the epoch it says that the record is ours: one that was forgotten and begun anew has another.
    pub(super) since: Time,
    /// The lease is over by then, and a repeat needs nobody to let go.
    pub(super) until: Time,
    /// An order whose commit got no answer, and the step that says that it is stored.
    pub(super) order: Option<(PaymentId, String)>,
    /// Nothing was done under the key: it may be used for anything.
    pub(super) forget: bool,
}

impl LeftBehind {
    fn is(&self, known: &Record) -> bool {
        known.lease_epoch == self.lease_epoch && known.created_at == self.since
    }
}

/// What came of a request to pay.
#[derive(Debug)]
pub struct Begun {
    pub outcome: Result<Answer, PaymentError>,
    pub left: Option<LeftBehind>,
}

impl Payments {
    /// Begins, resumes or answers a keyed request.
    pub(super) async fn enter(
        &self,
        keyed: &Keyed,
        begun: &str,
        now: Time,
    ) -> Result<Entry, PaymentError> {
        let lease_until = now.plus_seconds(LEASE_SECONDS);
        let fresh = Record {
            key: keyed.key.clone(),
            fingerprint: keyed.fingerprint.clone(),
            field_digests: keyed.field_digests.clone(),
            progress: Progress::Started {
                step: begun.to_owned(),
                lease_until,
            },
            lease_epoch: 1,
            created_at: now,
        };
        let outcome = atomically(self.store(), async |tx| {
            let Some(known) = tx.idempotency().find(&keyed.key).await? else {
                tx.idempotency().start(&fresh).await?;
                return Ok(Entry::Work {
                    lease_epoch: 1,
                    step: begun.to_owned(),
                    since: now,
                });
            };
            if known.fingerprint != keyed.fingerprint {
                let field = differing_field(&known.field_digests, &keyed.field_digests);
                return Err(PaymentError::KeyReused { field });
            }
            match known.progress {
                Progress::Done(answer) => Ok(Entry::Done(answer)),
                // Looked at without a write: many repeats may be waiting for the first.
                Progress::Started { lease_until, .. } if lease_until > now => {
                    Err(PaymentError::InFlight)
                }
                Progress::Started { step, .. } => {
                    let taken = tx
                        .idempotency()
                        .take_over(&keyed.key, now, lease_until)
                        .await?;
                    let lease_epoch = taken.ok_or(PaymentError::InFlight)?;
                    Ok(Entry::Work {
                        lease_epoch,
                        step,
                        since: known.created_at,
                    })
                }
            }
        })
        .await;
        match outcome {
            // Another request with the key was stored between our look and our write.
            Err(PaymentError::Store(StoreError::Duplicate(_))) => Err(PaymentError::InFlight),
            other => other,
        }
    }

    /// The answer a finished request with this key and body got, if there is one. It writes nothing and waits
    /// for nobody; nothing is answered by what is kept while a restored store is compared with the world.
    pub async fn answered(
        &self,
        key: &Key,
        fingerprint: &str,
    ) -> Result<Option<Answer>, PaymentError> {
        if self.is_recovering().await? {
            return Ok(None);
        }
        let known = snapshot(self.store())
            .await?
            .idempotency()
            .find(key)
            .await?;
        Ok(known.and_then(|known| match known.progress {
            Progress::Done(answer) if known.fingerprint == fingerprint => Some(answer),
            Progress::Done(_) | Progress::Started { .. } => None,
        }))
    }

    /// Stores the answer; false when another worker took the request over.
    pub(super) async fn answer(
        &self,
        keyed: &Keyed,
        lease_epoch: i64,
        answer: &Answer,
    ) -> Result<bool, PaymentError> {
        let now = self.now();
        atomically(self.store(), async |tx| {
            let stored = tx
                .idempotency()
                .finish(&keyed.key, lease_epoch, answer, now)
                .await?;
            Ok(stored)
        })
        .await
    }

    /// Ends our lease early: a repeat may resume at this step at once.
    pub(super) async fn leave(
        &self,
        keyed: &Keyed,
        lease_epoch: i64,
        step: &str,
    ) -> Result<(), PaymentError> {
        let now = self.now();
        atomically(self.store(), async |tx| {
            tx.idempotency()
                .advance(&keyed.key, lease_epoch, step, now)
                .await?;
            Ok(())
        })
        .await
    }

    /// Forgets a request that left no trace, so that the client may send it again.
    pub(super) async fn forget(&self, keyed: &Keyed, lease_epoch: i64) -> Result<(), PaymentError> {
        atomically(self.store(), async |tx| {
            tx.idempotency().abandon(&keyed.key, lease_epoch).await?;
            Ok(())
        })
        .await
    }

    /// Its lease was begun no later than now.
    pub(super) fn leased(&self, mut left: LeftBehind) -> LeftBehind {
        left.until = lease_until(self.now());
        left
    }

    /// Lets go of a request that was left behind; nothing happens when it went on meanwhile, or when its lease is over.
    /// To be called again and again until it succeeds.
    ///
    /// # Errors
    /// The store is still away.
    pub async fn let_go_of(&self, left: &LeftBehind) -> Result<(), PaymentError> {
        let now = self.now();
        if left.until <= now {
            return Ok(());
        }
        let outcome = atomically(self.store(), async |tx| {
            let (key, epoch) = (&left.key, left.lease_epoch);
            let Some(known) = tx.idempotency().find(key).await? else {
                return Ok(());
            };
            let Progress::Started { step, .. } = &known.progress else {
                return Ok(());
            };
            if !left.is(&known) || !tx.idempotency().advance(key, epoch, step, now).await? {
                return Ok(());
            }
            // The record is locked by this write: of a commit that got no answer it is decided now what it did.
            let ours = tx.idempotency().find(key).await?;
            if ours.is_none_or(|known| !left.is(&known)) {
                return Err(PaymentError::InFlight);
            }
            if left.forget {
                tx.idempotency().abandon(key, epoch).await?;
            } else if let Some((id, stored)) = &left.order
                && tx.payments().find(id).await?.is_some()
            {
                tx.idempotency().advance(key, epoch, stored, now).await?;
            }
            Ok(())
        })
        .await;
        match outcome {
            // Another's by now: what was written of it is undone.
            Err(PaymentError::InFlight) => Ok(()),
            other => other,
        }
    }
}

/// The moment until which a keyed worker is believed to live.
pub(super) const fn lease_until(now: Time) -> Time {
    now.plus_seconds(LEASE_SECONDS)
}

/// The first field whose digest differs, by name; the whole body when none can be named.
fn differing_field(known: &str, given: &str) -> String {
    let read =
        |text: &str| -> BTreeMap<String, String> { serde_json::from_str(text).unwrap_or_default() };
    let (known, given) = (read(known), read(given));
    known
        .keys()
        .chain(given.keys())
        .find(|name| known.get(*name) != given.get(*name))
        .cloned()
        .unwrap_or_else(|| "body".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_that_differs_is_named() {
        let a = r#"{"amount_fen":"1","purpose":"2"}"#;
        assert_eq!(
            differing_field(a, r#"{"amount_fen":"9","purpose":"2"}"#),
            "amount_fen"
        );
        assert_eq!(differing_field(a, r#"{"amount_fen":"1"}"#), "purpose");
        assert_eq!(
            differing_field(a, r#"{"amount_fen":"1","purpose":"2","via":"3"}"#),
            "via"
        );
        assert_eq!(differing_field(a, a), "body");
    }
}
