//! The relay: leases due rows, hands each to the one that carries its kind, writes the outcome.
//!
//! A lease is taken and committed before the delivery and the outcome written after it, so no row
//! lock is ever held across a call to the outside. A relay that died is replaced when its lease
//! ends; the row is then delivered again, which receivers bear because they know its event id.
//!
//! Nothing here goes on for ever: a row that keeps failing, or that takes its relays down, is buried
//! (money.md G4). A kind nobody here carries is left for a newer node, never buried.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::Claimed;
use crate::cases::{Case, CaseKind};
use crate::shared::guard::guarded;
use crate::shared::ids::{CaseId, Entropy, Maker};
use crate::shared::time::Clock;
use crate::store::{Store, StoreError, atomically};

/// How one delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    Done,
    /// Not now; `reason` is a stable word of ours.
    Again {
        reason: &'static str,
    },
    /// Never; trying again cannot help.
    Never {
        reason: &'static str,
    },
    /// It says what only a newer program knows: left to that, with all its tries.
    Unknown,
}

/// Carries rows of some kinds.
#[async_trait]
pub trait Deliver: Send + Sync {
    /// The kinds this one carries.
    fn kinds(&self) -> &'static [&'static str];
    async fn deliver(&self, claimed: &Claimed) -> Delivery;
}

/// Half a lease outlives the slowest delivery (deadlines of calls are below 10 s).
const LEASE_S: i64 = 60;
/// Rows leased at once.
const BATCH_MAX: i64 = 32;
/// How long a row rests that nobody here carries.
const UNKNOWN_REST_S: i64 = 60;
/// Tries before a row is buried: about a day with the pauses below.
pub const ATTEMPTS_MAX: i64 = 40;
/// Seconds before the next try; the last one repeats.
const PAUSES_S: [i64; 8] = [1, 2, 5, 15, 60, 300, 900, 3600];

/// Seconds to wait after `attempts` failed tries (1 = after the first).
#[must_use]
pub fn pause_s(attempts: i64) -> i64 {
    let at = usize::try_from(attempts.saturating_sub(1).max(0)).unwrap_or(usize::MAX);
    let last = PAUSES_S.last().copied().unwrap_or(3600);
    PAUSES_S.get(at).copied().unwrap_or(last)
}

/// Moves rows of the outbox to where they belong.
pub struct Relay {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// One kind may be news to several: each of them is told.
    carriers: HashMap<&'static str, Vec<Arc<dyn Deliver>>>,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.carriers.keys()).finish()
    }
}

impl Relay {
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        carriers: Vec<Arc<dyn Deliver>>,
    ) -> Self {
        let by_kind = |carrier: Arc<dyn Deliver>| {
            carrier
                .kinds()
                .iter()
                .map(move |kind| (*kind, Arc::clone(&carrier)))
                .collect::<Vec<_>>()
        };
        let mut of_kind: HashMap<&'static str, Vec<Arc<dyn Deliver>>> = HashMap::new();
        for (kind, carrier) in carriers.into_iter().flat_map(by_kind) {
            of_kind.entry(kind).or_default().push(carrier);
        }
        Self {
            store,
            clock,
            entropy,
            carriers: of_kind,
        }
    }

    /// Delivers one batch; how many rows it took.
    pub async fn run_once(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let lease_until = now.plus_seconds(LEASE_S);
        let claimed = atomically(&*self.store, async |tx| {
            tx.outbox().claim(now, lease_until, BATCH_MAX).await
        })
        .await?;
        for row in &claimed {
            // A delivery begins only while half the lease is left to it; the rest of the batch is
            // leased again, here or elsewhere, when the lease ends.
            if lease_until
                .seconds_since(self.clock.now())
                .saturating_mul(2)
                < LEASE_S
            {
                tracing::info!("outbox.batch.cut_short");
                break;
            }
            self.carry(row).await?;
        }
        Ok(claimed.len())
    }

    async fn carry(&self, row: &Claimed) -> Result<(), StoreError> {
        let Some(carriers) = self.carriers.get(row.event.kind.as_str()) else {
            return self.rest(row, "nobody_carries_this_kind").await;
        };
        if row.attempts >= ATTEMPTS_MAX {
            // Begun often enough and never ended: the row takes its relays down.
            return self.bury(row, "never_ended").await;
        }
        // What does not open is nobody's to carry; it keeps only what comes after it under its key.
        let mut delivery = if row.event.body.is_empty() {
            Delivery::Again {
                reason: "unreadable",
            }
        } else {
            Delivery::Done
        };
        for carrier in carriers {
            if delivery != Delivery::Done {
                break;
            }
            // Who was told already is told again with the rest, and knows the event by its id.
            delivery = guarded(carrier.deliver(row))
                .await
                .unwrap_or(Delivery::Again {
                    reason: "carrier_panicked",
                });
        }
        let tries = row.attempts.saturating_add(1);
        match delivery {
            Delivery::Done => self.done(row).await,
            Delivery::Again { reason } if tries < ATTEMPTS_MAX => {
                self.again(row, pause_s(tries), reason).await
            }
            Delivery::Again { reason } | Delivery::Never { reason } => self.bury(row, reason).await,
            Delivery::Unknown => self.rest(row, "says_what_nobody_knows").await,
        }
    }

    async fn done(&self, row: &Claimed) -> Result<(), StoreError> {
        let (id, epoch, now) = (&row.event.event_id, row.lease_epoch, self.clock.now());
        let ours = atomically(&*self.store, async |tx| {
            tx.outbox().done(id, epoch, now).await
        })
        .await?;
        if !ours {
            tracing::warn!(event.id = %id, event.kind = row.event.kind, "outbox.row.lease_lost");
        }
        Ok(())
    }

    /// Leaves a row to a newer node, with all its tries: that one must not bury what it never tried.
    async fn rest(&self, row: &Claimed, reason: &str) -> Result<(), StoreError> {
        let (id, epoch) = (&row.event.event_id, row.lease_epoch);
        tracing::info!(
            event.id = %id,
            event.kind = row.event.kind,
            trace_id = row.event.trace_id,
            reason,
            "outbox.row.rests"
        );
        let next = self.clock.now().plus_seconds(UNKNOWN_REST_S);
        atomically(&*self.store, async |tx| {
            tx.outbox().rest(id, epoch, next, reason).await
        })
        .await?;
        Ok(())
    }

    async fn again(&self, row: &Claimed, after_s: i64, reason: &str) -> Result<(), StoreError> {
        let (id, epoch) = (&row.event.event_id, row.lease_epoch);
        tracing::info!(
            event.id = %id,
            event.kind = row.event.kind,
            trace_id = row.event.trace_id,
            tries = row.attempts.saturating_add(1),
            reason,
            "outbox.row.again"
        );
        let next = self.clock.now().plus_seconds(after_s);
        atomically(&*self.store, async |tx| {
            tx.outbox().retry(id, epoch, next, reason).await
        })
        .await?;
        Ok(())
    }

    /// Gives a row up; about money that is a person's decision, so a case opens in the same unit.
    async fn bury(&self, row: &Claimed, reason: &str) -> Result<(), StoreError> {
        tracing::error!(
            event.id = %row.event.event_id,
            event.kind = row.event.kind,
            trace_id = row.event.trace_id,
            reason,
            "outbox.row.buried"
        );
        let now = self.clock.now();
        let facts = serde_json::json!({
            "attempts": row.attempts.saturating_add(1),
            "event_id": row.event.event_id.as_str(),
            "kind": row.event.kind,
            "reason": reason,
        });
        let maker = Maker {
            clock: &*self.clock,
            entropy: &*self.entropy,
        };
        let case = Case {
            case_id: maker.id::<CaseId>(),
            kind: CaseKind::DeadLetter,
            // The purge of the outbox finds an open case by it.
            cause: format!("outbox:{}", row.event.event_id),
            // Money rows are ordered per payment: the case is found from the payment.
            subject: row.event.ordering_key.clone(),
            facts: facts.to_string(),
            opened_at: now,
            trace_id: row.event.trace_id.clone(),
            closed_at: None,
        };
        atomically(&*self.store, async |tx| {
            let ours = tx
                .outbox()
                .bury(&row.event.event_id, row.lease_epoch, now, reason)
                .await?;
            if ours && row.event.money {
                tx.cases().open(&case).await?;
            }
            Ok::<_, StoreError>(())
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_then_stay() {
        assert_eq!(
            [pause_s(0), pause_s(1), pause_s(2), pause_s(8), pause_s(99)],
            [1, 1, 2, 3600, 3600]
        );
    }
}
