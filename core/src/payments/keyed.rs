//! A money request under its idempotency key (money.md 2.10): begun once, resumed after a crash,
//! answered with the same bytes ever after.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::order::Order;
use super::{PaymentError, Payments};
use crate::idempotency::{Answer, Key, Progress, Record};
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
    },
}

impl Payments {
    /// Begins, resumes or answers a keyed request.
    pub(super) async fn enter(&self, keyed: &Keyed, begun: &str) -> Result<Entry, PaymentError> {
        let now = self.now();
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
                    Ok(Entry::Work { lease_epoch, step })
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
