//! The brake of automatic refunds (money.md G7): what goes back by itself is counted per hour; over
//! the count or the sum the brake trips, and nothing goes back by itself until two persons agree. A
//! refund that is above the sum by itself goes back after that: one per release.

use std::sync::Arc;

use super::draw::Draw;
use super::ports::{Brake, Trip};
use super::{PaymentError, Policy};
use crate::audit;
use crate::evidence::Act;
use crate::shared::ids::{Entropy, EvidenceId, Maker};
use crate::shared::time::{Clock, Time};
use crate::store::{Store, StoreError, Tx, atomically};

/// As the audit and the evidence name it when a person stops refunds.
const STOP: &str = "payments.stop_refunds";

/// What a person's consent to release the brake led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// The brake is not on.
    NotTripped,
    /// Noted; another person must agree too.
    First,
    /// The same person agreed before: one person is not two.
    SamePerson,
    /// Released: refunds go out again, counted from zero.
    Released,
}

impl Consent {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotTripped => "not_tripped",
            Self::First => "first",
            Self::SamePerson => "same_person",
            Self::Released => "released",
        }
    }
}

/// The bounds that hold at a moment.
pub(super) fn bounds(policy: &Policy, now: Time) -> Brake {
    let second = now.unix_seconds().rem_euclid(3600);
    Brake {
        hour: Time::from_micros(now.unix_seconds().saturating_mul(1_000_000))
            .plus_seconds(second.saturating_neg()),
        count_max: policy.brake_count,
        sum_max: policy.brake_sum,
        now,
    }
}

/// The brake as those who release it hold it: it needs the store only, so that an operator can reach
/// it while nothing else runs.
#[derive(Clone)]
pub struct BrakeRoom {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub policy: Arc<Policy>,
}

impl std::fmt::Debug for BrakeRoom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BrakeRoom")
    }
}

impl BrakeRoom {
    /// The trip that waits for two persons, if any.
    ///
    /// # Errors
    /// [`PaymentError::Store`].
    pub async fn trip(&self) -> Result<Option<Trip>, PaymentError> {
        atomically(&*self.store, async |tx: &mut Tx| {
            Ok::<_, PaymentError>(tx.payments().brake_trip().await?)
        })
        .await
    }

    /// A person stops automatic refunds now: the brake is on as after a trip, and two persons release it. What is on
    /// its way at that moment arrives. False when it is on already: that too is noted, and whoever agreed before is
    /// asked again.
    ///
    /// # Errors
    /// [`PaymentError::Store`].
    pub async fn stop(&self, person: &str, trace_id: &str) -> Result<bool, PaymentError> {
        let maker = Maker {
            clock: &*self.clock,
            entropy: &*self.entropy,
        };
        let draw = Draw::new(maker, trace_id, &format!("staff:{person}"));
        let line = audit::Line {
            audit_id: draw.uuid("audit", STOP),
            at: draw.now,
            actor: draw.actor.clone(),
            act: STOP.to_owned(),
            subject: "refund_brake".to_owned(),
            outcome: "ok".to_owned(),
            source: String::new(),
            trace_id: trace_id.to_owned(),
        };
        let act = Act::new().say("audit_id", line.audit_id.as_str());
        let id = draw.id::<EvidenceId>("evidence", STOP);
        let entry = act
            .into_entry(id, STOP, draw.now, draw.now, draw.salt(STOP))
            .map_err(|error| StoreError::Refused(error.to_string()))?;
        atomically(&*self.store, async |tx: &mut Tx| {
            let new = tx.payments().stop_refunds(draw.now, person).await?;
            tx.audit().append(&line).await?;
            tx.evidence().append(&entry).await?;
            Ok::<_, PaymentError>(new)
        })
        .await
    }

    /// One person agrees that automatic refunds may go on. Each consent leaves a line in the audit.
    ///
    /// # Errors
    /// [`PaymentError::Store`].
    pub async fn consent(&self, person: &str, trace_id: &str) -> Result<Consent, PaymentError> {
        let maker = Maker {
            clock: &*self.clock,
            entropy: &*self.entropy,
        };
        let draw = Draw::new(maker, trace_id, &format!("staff:{person}"));
        let bounds = bounds(&self.policy, draw.now);
        atomically(&*self.store, async |tx: &mut Tx| {
            let consent = tx.payments().consent_to_release(person, bounds).await?;
            let line = audit::Line {
                audit_id: draw.uuid("audit", consent.as_str()),
                at: draw.now,
                actor: draw.actor.clone(),
                act: "payments.release_brake".to_owned(),
                subject: "refund_brake".to_owned(),
                outcome: consent.as_str().to_owned(),
                source: String::new(),
                trace_id: trace_id.to_owned(),
            };
            tx.audit().append(&line).await?;
            Ok(consent)
        })
        .await
    }
}
