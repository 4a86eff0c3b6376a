//! The brake of payouts (money.md G7): what leaves within an hour is counted; over the count or the sum it
//! trips, and nothing leaves until two persons have agreed to the case about it. Then counting begins anew.

pub mod ports;

use std::sync::Arc;

use serde_json::{Value, json};

use super::records::audit_line;
use super::rules::SettlementRules;
use super::trade_task::TradeTask;
use super::{CAUSES, Settlement, SettlementError};
use crate::cases::decision::Proposal;
use crate::cases::{Case, CaseKind};
use crate::evidence::Act;
use crate::shared::draw::Draw;
use crate::shared::ids::{CaseId, Entropy, EvidenceId, Maker};
use crate::shared::money::Fen;
use crate::shared::time::{Clock, Time};
use crate::store::{Store, StoreError, Tx, atomically};

const HOUR_S: i64 = 3600;
/// What a case of a trip is about.
const SUBJECT: &str = "payouts";
/// What it says of a trip, and when a person stopped them.
const WHAT: &str = "payout_brake";
const STOPPED: &str = "payouts_stopped";
/// As the audit and the evidence name it.
const STOP: &str = "settlement.stop_payouts";

/// Whether nothing leaves until two persons let payouts go on.
pub(super) async fn is_on(tx: &mut Tx) -> Result<bool, StoreError> {
    let on_since = tx.payout_brake().brake_tripped_at().await?;
    Ok(on_since.is_some())
}

/// Whether two persons let payouts go on within the last hour having looked at this one, which has not left since.
pub(super) async fn was_looked_at(
    tx: &mut Tx,
    payout: &TradeTask,
    now: Time,
) -> Result<bool, StoreError> {
    let hour = now.plus_seconds(HOUR_S.saturating_neg());
    let released = tx.payout_brake().brake_released_since(hour).await?;
    Ok(released.is_some_and(|last| last.is_about(payout)))
}

/// Whether this payout may leave with this sum; asked in the unit that would send it, which trips the brake when it
/// may not.
pub(super) async fn lets_pass(
    tx: &mut Tx,
    rules: &SettlementRules,
    draw: &Draw,
    payout: &TradeTask,
    sum: Fen,
) -> Result<bool, SettlementError> {
    if is_on(tx).await? {
        return Ok(false);
    }
    // Of two that are about to leave at the same time, the second counts the first.
    tx.settlement().queue_alone().await?;
    let hour = draw.now.plus_seconds(HOUR_S.saturating_neg());
    let released = tx.payout_brake().brake_released_since(hour).await?;
    let since = released.as_ref().map_or(hour, |last| last.at);
    let (count, sent) = tx.settlement().sent_since(since).await?;
    // What two persons looked at leaves however large it is by itself; whatever else comes first is held to the bounds.
    let looked_at = released.is_some_and(|last| last.is_about(payout));
    if looked_at || (count < rules.brake_count && sent.plus(sum)? <= rules.brake_sum) {
        return Ok(true);
    }
    let tripping = &payout.trade_task_id;
    if tx.payout_brake().trip_brake(draw.now, tripping).await? {
        tracing::error!("settlement.payouts_braked");
        // What the two who let payouts go on look at.
        let facts = json!({
            "amount_fen": sum.get(),
            "trade_task_id": tripping.as_str(),
            "what": WHAT,
        });
        tx.cases().open(&tripped(draw, &facts)).await?;
    }
    Ok(false)
}

/// One per trip.
fn cause_of(tripped_at: Time) -> String {
    format!("{CAUSES}{WHAT}:{}", tripped_at.micros())
}

fn tripped(draw: &Draw, facts: &Value) -> Case {
    let cause = cause_of(draw.now);
    Case {
        case_id: draw.id::<CaseId>("case", &cause),
        kind: CaseKind::PayoutsBraked,
        cause,
        subject: SUBJECT.to_owned(),
        facts: facts.to_string(),
        opened_at: draw.now,
        trace_id: draw.trace_id.clone(),
        closed_at: None,
    }
}

impl Settlement {
    /// Lets payouts go on after the trip that a case is about, as two persons agreed; false when that trip
    /// is over already.
    ///
    /// # Errors
    /// The store's.
    pub async fn release_brake(
        &self,
        case: &Case,
        decided: &Proposal,
        trace_id: &str,
    ) -> Result<bool, SettlementError> {
        let Some(second) = decided.decided_by.as_deref() else {
            return Ok(false);
        };
        let draw = self.draw(second, trace_id);
        let by = [decided.proposed_by.as_str(), second];
        atomically(self.store(), async |tx: &mut Tx| {
            let tripped_at = tx.payout_brake().brake_tripped_at().await?;
            let Some(tripped_at) = tripped_at.filter(|at| cause_of(*at) == case.cause) else {
                return Ok(false);
            };
            let brake = tx.payout_brake();
            if !brake.release_brake(tripped_at, by, draw.now).await? {
                return Ok(false);
            }
            let line = audit_line(&draw, case.case_id.as_str(), "settlement.release_brake");
            tx.audit().append(&line).await?;
            Ok::<_, SettlementError>(true)
        })
        .await
    }
}

/// The brake of payouts as whoever stops them holds it: it needs the store only, so that an operator can reach it while
/// nothing else runs.
#[derive(Clone)]
pub struct PayoutStop {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

impl std::fmt::Debug for PayoutStop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PayoutStop")
    }
}

impl PayoutStop {
    /// A person stops all payouts now: the brake is on as after a trip, with its case, and two persons let them go on.
    /// What is on its way at that moment arrives. False when the brake is on already: this is a new case then, and what
    /// was proposed or agreed to about the one before counts no more.
    ///
    /// # Errors
    /// The store's.
    pub async fn stop(&self, person: &str, trace_id: &str) -> Result<bool, SettlementError> {
        let maker = Maker {
            clock: &*self.clock,
            entropy: &*self.entropy,
        };
        let draw = Draw::new(maker, trace_id, &format!("staff:{person}"));
        let case = tripped(&draw, &json!({ "what": STOPPED }));
        let line = audit_line(&draw, case.case_id.as_str(), STOP);
        let act = Act::new()
            .say("audit_id", line.audit_id.as_str())
            .say("case_id", case.case_id.as_str());
        let id = draw.id::<EvidenceId>("evidence", &case.cause);
        let entry = act.into_entry(id, STOP, draw.now, draw.now, draw.salt(&case.cause))?;
        atomically(&*self.store, async |tx: &mut Tx| {
            let new = tx.payout_brake().stop_brake(draw.now, &draw.actor).await?;
            let known = tx.cases().about(SUBJECT).await?;
            for before in known {
                if before.closed_at.is_none() && before.cause != case.cause {
                    tx.cases().close(&before.case_id, draw.now).await?;
                }
            }
            tx.cases().open(&case).await?;
            tx.audit().append(&line).await?;
            tx.evidence().append(&entry).await?;
            Ok::<_, SettlementError>(new)
        })
        .await
    }
}
