//! The one unit of work of payments: load, book, save, with everything that belongs to it.

use super::booking::{Booking, Changes, Shown};
use super::draw::Draw;
use super::observation::{Ask, LineFact, Observation, Observed, RefundFact};
use super::order::{ClaimKey, ClosedText, Order};
use super::policy::Policy;
use super::{PaymentError, Payments, brake, table_l as l, table_r as r, window};
use crate::billing;
use crate::cases::rounds;
use crate::shared::ids::{LineId, PaymentId, RefundId};
use crate::shared::time::Time;
use crate::store::{Tx, atomically};

/// Who works an order, and until when nobody else does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) id: PaymentId,
    pub(super) lease_epoch: i64,
}

/// What a unit did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// Committed; the order as saved, and what must be asked outside because of it.
    Done {
        order: Box<Order>,
        asks: Vec<Ask>,
        close_refused: bool,
    },
    /// The lease was lost: nothing was written, nothing may be sent.
    LeaseLost,
    /// The inbox message was applied before: nothing was written.
    Repeat,
}

/// One unit of work on one order.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub(super) id: PaymentId,
    pub(super) held: Option<i64>,
    pub(super) steps: Vec<Step>,
    /// The inbox message that is applied by this unit, once.
    pub(super) message: Option<(&'static str, String)>,
}

/// What a unit does to the order, in order.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Observe(Observation),
    /// A create is about to be sent.
    BeginCreate,
    /// A turn of the sweeper was taken on the channel's side.
    PassTurn,
    /// A restored line goes on from the number marketing knows last.
    TakeUp {
        line: LineId,
        attempt: i64,
        shown: Shown,
        body: ClosedText,
    },
    /// A refund that the copy has as planned had left.
    TakeUpRefund(RefundId),
    /// A turn met what is stopped: it is looked at, and not before tomorrow again.
    Rest,
}

impl Payments {
    /// Runs a unit; `draw` was made before, so a second run writes the same.
    pub(super) async fn run(&self, unit: &Unit, draw: &Draw) -> Result<Applied, PaymentError> {
        let policy = &*self.policy;
        let applied: Applied = atomically(self.store(), async |tx: &mut Tx| {
            let Some(order) = tx.payments().find(&unit.id).await? else {
                return Err(PaymentError::NotFound);
            };
            if unit
                .held
                .is_some_and(|epoch| order.payment.lease_epoch != epoch)
            {
                return Ok(Applied::LeaseLost);
            }
            if let Some((source, message_id)) = &unit.message
                && !tx
                    .inbox()
                    .mark_applied(source, message_id, draw.now)
                    .await?
            {
                return Ok(Applied::Repeat);
            }
            let relocked = relock(tx, &order, &unit.steps, draw.now).await?;
            let mut booking = Booking::open(order, draw, policy, relocked);
            for step in &unit.steps {
                match step {
                    Step::Observe(seen)
                        if !is_paced(tx, booking.order(), seen, policy, draw.now).await? =>
                    {
                        booking.wait_for_pace(seen);
                    }
                    Step::Observe(seen) => {
                        let seen = with_brake(tx, booking.order(), seen, policy, draw.now).await?;
                        booking.observe(seen)?;
                    }
                    Step::BeginCreate => booking.begin_create(),
                    Step::PassTurn => booking.pass_turn(),
                    Step::Rest => booking.rest()?,
                    Step::TakeUp {
                        line,
                        attempt,
                        shown,
                        body,
                    } => booking.take_up(line, *attempt, *shown, body)?,
                    Step::TakeUpRefund(refund) => booking.take_up_refund(refund)?,
                }
            }
            let (order, changes) = booking.close(unit.held.is_none())?;
            // Every call of this room carries the unit's future along: the longest part stands by itself.
            Box::pin(write(tx, &order, &changes, unit.held, draw.now)).await?;
            Ok(Applied::Done {
                order: Box::new(order),
                asks: changes.asks,
                close_refused: changes.close_refused,
            })
        })
        .await?;
        Ok(applied)
    }

    /// Applies observations without holding the order: notices, taps, decisions.
    pub(super) async fn apply(
        &self,
        id: &PaymentId,
        seen: Vec<Observation>,
        draw: &Draw,
    ) -> Result<Applied, PaymentError> {
        let unit = Unit {
            id: id.clone(),
            held: None,
            steps: seen.into_iter().map(Step::Observe).collect(),
            message: None,
        };
        self.run(&unit, draw).await
    }

    /// Applies what a decision of persons or another room says about an order: every cell of the
    /// tables can be reached through here.
    pub async fn observe(
        &self,
        id: &PaymentId,
        seen: Vec<Observation>,
        actor: &str,
        trace_id: &str,
    ) -> Result<Applied, PaymentError> {
        self.apply(id, seen, &self.draw(trace_id, actor)).await
    }
}

/// a6: late money runs only where the lock can be taken again, so that is tried first.
async fn relock(
    tx: &mut Tx,
    order: &Order,
    steps: &[Step],
    now: Time,
) -> Result<Vec<i64>, PaymentError> {
    let late = steps.iter().any(|step| match step {
        Step::Observe(seen) => Booking::is_late_money(order, &seen.what),
        Step::BeginCreate
        | Step::PassTurn
        | Step::Rest
        | Step::TakeUp { .. }
        | Step::TakeUpRefund(_) => false,
    });
    let mut relocked = Vec::new();
    if late {
        for share in &order.payment.shares {
            let claim = share.claim(&order.payment.account_id);
            let id = &order.payment.payment_id;
            if tx.payments().take_claim(&claim, id, now).await? {
                relocked.push(share.line_no);
            }
        }
    }
    Ok(relocked)
}

/// A line about to be posted asks whether marketing's minute has room.
async fn is_paced(
    tx: &mut Tx,
    order: &Order,
    seen: &Observation,
    policy: &Policy,
    now: Time,
) -> Result<bool, PaymentError> {
    let Observed::Line(id, l::Input::Turn, _) = &seen.what else {
        return Ok(true);
    };
    // Its first send under a number, or a resend after marketing knew nothing of it twice.
    let leaves = order.line(id).is_some_and(|line| match line.state {
        l::State::Ready => true,
        l::State::PostUnknown => line.not_found >= 2,
        _ => false,
    });
    if !leaves {
        return Ok(true);
    }
    let paid_at = order.payment.paid_at.unwrap_or(order.payment.created_at);
    let max = policy.pace(paid_at, now);
    Ok(tx.payments().take_pace(window::minute_of(now), max).await?)
}

/// A planned refund asks the brake in the unit that would send it, and so does a line that is given up.
async fn with_brake(
    tx: &mut Tx,
    order: &Order,
    seen: &Observation,
    policy: &Policy,
    now: Time,
) -> Result<Observation, PaymentError> {
    let id = match &seen.what {
        Observed::Refund(id, r::Input::Turn, _) => id,
        Observed::Line(id, l::Input::GiveUp, fact) if fact.absent_from_files => {
            return unless_braked(tx, seen, id, fact).await;
        }
        Observed::Channel(..) | Observed::Line(..) | Observed::Refund(..) => {
            return Ok(seen.clone());
        }
    };
    let planned = order.refund(id).filter(|refund| {
        refund.state == r::State::Planned && Booking::trade_is_quiet(order, id, now)
    });
    let asked = planned.is_some();
    let brake_open = match planned {
        None => false,
        Some(refund) => {
            let bounds = brake::bounds(policy, now);
            tx.payments().take_brake(bounds, refund.amount).await?
        }
    };
    let fact = RefundFact {
        brake_open,
        braked: asked && !brake_open,
        ..RefundFact::default()
    };
    Ok(Observation::refund(
        seen.asked_at,
        id.clone(),
        r::Input::Turn,
        fact,
    ))
}

/// A line is given up only while the brake is open (b5): what is fenced meanwhile would be given back all at
/// once when it is released.
async fn unless_braked(
    tx: &mut Tx,
    seen: &Observation,
    id: &LineId,
    fact: &LineFact,
) -> Result<Observation, PaymentError> {
    let fact = LineFact {
        absent_from_files: tx.payments().brake_trip().await?.is_none(),
        ..fact.clone()
    };
    let (at, input) = (seen.asked_at, l::Input::GiveUp);
    Ok(Observation::line(at, id.clone(), input, fact))
}

/// Everything of one unit, the order last: its version guards the rest.
async fn write(
    tx: &mut Tx,
    order: &Order,
    changes: &Changes,
    held: Option<i64>,
    now: Time,
) -> Result<(), PaymentError> {
    let id = &order.payment.payment_id;
    for entry in &changes.entries {
        tx.ledger().post(entry).await?;
    }
    if !changes.entries.is_empty() {
        // Money moved, so a figure read before now is no longer what marketing would say.
        for line in &order.lines {
            billing::outdate(tx, &line.consumer_no, now).await?;
        }
    }
    for case in &changes.cases {
        rounds::open(tx.cases(), case).await?;
    }
    for event in &changes.events {
        tx.outbox().add(event).await?;
    }
    for entry in &changes.evidence {
        tx.evidence().append(entry).await?;
    }
    for line in &changes.audit {
        tx.audit().append(line).await?;
    }
    free(tx, &changes.freed, id).await?;
    tx.payments().sight(id, &changes.sighted, now).await?;
    tx.payments().save(order, held).await?;
    Ok(())
}

async fn free(tx: &mut Tx, claims: &[ClaimKey], id: &PaymentId) -> Result<(), PaymentError> {
    for claim in claims {
        tx.payments().free_claim(claim, id).await?;
    }
    Ok(())
}
