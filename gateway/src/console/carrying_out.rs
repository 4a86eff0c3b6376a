//! What two persons agreed to about a case, done where it belongs.

use actix_web::{HttpResponse, web};
use lifeline_core::billing::Billing;
use lifeline_core::bindings::{BindingError, Bindings};
use lifeline_core::cases::Case;
use lifeline_core::cases::decision::{Proposal, Resolution};
use lifeline_core::customers::Customers;
use lifeline_core::customers::bills;
use lifeline_core::payments::rulings::{Misfit, Ruled};
use lifeline_core::payments::{PaymentError, Payments};
use lifeline_core::settlement::accounts::Generation;
use lifeline_core::settlement::flagged::{Flagged, Released};
use lifeline_core::settlement::ids::{GenerationAccountId, TradeTaskId};
use lifeline_core::settlement::{CAUSES, Settlement, SettlementError};
use lifeline_core::shared::ids::{CaseId, PaymentId};

use super::cases::here;
use super::cooperations::actor;
use super::fault::Fault;
use super::visitor::{Visitor, go_saying};
use crate::edge::detached::detached;
use crate::edge::trace;

/// Where what was agreed to is carried out.
pub(super) type Places = (
    web::Data<Payments>,
    web::Data<Customers>,
    web::Data<Billing>,
    web::Data<Settlement>,
    web::Data<Bindings>,
    web::Data<Generation>,
);

/// Carries it out and closes the case; one that cannot be done yet stays open, and says why. What two persons agreed to
/// does not end with the request: done and not closed, it would wait for a second time that moves nothing.
pub(super) async fn carry_out(
    visitor: Visitor,
    places: Places,
    id: CaseId,
    decided: Proposal,
) -> Result<HttpResponse, Fault> {
    let at = here(&id);
    let work = async move {
        let came_of_it = ended(&visitor, &places, &id, &decided).await;
        // Whoever asked may be gone: the log says it all the same.
        match &came_of_it {
            Ok(said) => tracing::info!(%id, said, "console.ruling.ended"),
            Err(fault) => tracing::warn!(%id, ?fault, "console.ruling.left"),
        }
        came_of_it
    };
    Ok(go_saying(&at, detached("ruling", Box::pin(work)).await??))
}

/// What came of it: a key of `words`.
async fn ended(
    visitor: &Visitor,
    places: &Places,
    id: &CaseId,
    decided: &Proposal,
) -> Result<&'static str, Fault> {
    let case = visitor.operators.docket(&visitor.acting, id).await?.case;
    if let Some(said) = done(visitor, places, &case, decided).await? {
        return Ok(said);
    }
    visitor.operators.carried_out(&visitor.acting, id).await?;
    Ok("said.carried_out")
}

/// What to say when it could not be done.
async fn done(
    visitor: &Visitor,
    (payments, customers, billing, settlement, bindings, generation): &Places,
    case: &Case,
    decided: &Proposal,
) -> Result<Option<&'static str>, Fault> {
    let resolution = decided.what.resolution;
    match resolution {
        Resolution::Settled => {
            let still = payments.stands_still(case).await? || settlement.stands_still(case).await?;
            Ok(still.then_some("said.stands_still"))
        }
        Resolution::BillStands | Resolution::BillCorrected => {
            let released = customers
                .release_bill(&visitor.acting, billing, case, resolution)
                .await?;
            let wrong = released == bills::Released::StillWrong;
            Ok(wrong.then_some("said.still_wrong"))
        }
        Resolution::ReadingCorrected => {
            let flagged = Flagged::read(case);
            let flagged = flagged.ok_or(Fault::Refused("fault.not_as_things_stand"))?;
            let released = settlement.release(&flagged).await?;
            Ok((released == Released::StillWrong).then_some("said.reading_still_wrong"))
        }
        Resolution::ProveAgain => {
            let thawed = bindings.prove_again(case, &actor(visitor)).await?;
            Ok((!thawed).then_some("said.unmoved"))
        }
        Resolution::PayRest => {
            let id = TradeTaskId::parse(&case.subject);
            let id = id.map_err(|_| Fault::Refused("fault.not_as_things_stand"))?;
            let who = visitor.acting.actor();
            let moved = settlement.pay_rest(&id, &who, &trace::current()).await?;
            Ok((!moved).then_some("said.unmoved"))
        }
        Resolution::SettleMonth => {
            let who = visitor.acting.actor();
            let trace_id = trace::current();
            let moved = settlement.settle_missed(case, &who, &trace_id).await?;
            Ok((!moved).then_some("said.unmoved"))
        }
        Resolution::EndCooperation => {
            let id = GenerationAccountId::parse(&case.subject);
            let id = id.map_err(|_| Fault::Refused("fault.not_as_things_stand"))?;
            // Where payouts are still on their way it waits for them by itself.
            generation.end(&id, &actor(visitor)).await?;
            Ok(None)
        }
        Resolution::ReleaseBrake => {
            // A trip that is over already leaves nothing to be done.
            let trace_id = trace::current();
            settlement.release_brake(case, decided, &trace_id).await?;
            Ok(None)
        }
        Resolution::GoOn if is_of_payout(case) => {
            let id = TradeTaskId::parse(&case.subject);
            let id = id.map_err(|_| Fault::Refused("fault.not_as_things_stand"))?;
            let (actor, trace_id) = (visitor.acting.actor(), trace::current());
            settlement.go_on(&id, &actor, &trace_id).await?;
            // One that cannot be read, or contradicts again at once, stays somebody's.
            let still = settlement.stands_still(case).await?;
            Ok(still.then_some("said.unmoved"))
        }
        _ => {
            let payment = PaymentId::parse(&case.subject);
            let payment = payment.map_err(|_| Fault::Refused("fault.not_as_things_stand"))?;
            let (actor, trace_id) = (visitor.acting.actor(), trace::current());
            let ruled = payments.rule(&payment, decided, &actor, &trace_id).await?;
            // Moved, and what the case is about is stopped all the same: nothing leaves before two persons let it go on.
            if ruled == Ruled::Moved && payments.stands_still(case).await? {
                return Ok(Some("said.stands_still"));
            }
            Ok(unmoved(ruled))
        }
    }
}

/// Why a ruling about money moved nothing.
const fn unmoved(ruled: Ruled) -> Option<&'static str> {
    match ruled {
        Ruled::Moved => None,
        Ruled::Unmoved => Some("said.unmoved"),
        Ruled::Misfit(Misfit::NotShown) => Some("said.not_shown"),
        Ruled::Misfit(Misfit::ShownInstead) => Some("said.shown_instead"),
        Ruled::Misfit(Misfit::Sum) => Some("said.bank_sum"),
    }
}

/// Opened by the room of payouts.
fn is_of_payout(case: &Case) -> bool {
    case.cause.starts_with(CAUSES)
}

impl From<PaymentError> for Fault {
    fn from(error: PaymentError) -> Self {
        match error {
            PaymentError::NotFound => Self::NotFound,
            PaymentError::Store(error) => error.into(),
            error => {
                tracing::error!(%error, "console.payments");
                Self::Refused("fault.not_as_things_stand")
            }
        }
    }
}

impl From<SettlementError> for Fault {
    fn from(error: SettlementError) -> Self {
        match error {
            SettlementError::NotFound => Self::NotFound,
            SettlementError::Store(error) => error.into(),
            SettlementError::NoAnswer(why) => {
                tracing::warn!(%why, "console.settlement.no_answer");
                Self::Unavailable
            }
            error => {
                tracing::error!(%error, "console.settlement");
                Self::Refused("fault.not_as_things_stand")
            }
        }
    }
}

impl From<BindingError> for Fault {
    fn from(error: BindingError) -> Self {
        tracing::error!(%error, "console.bindings");
        Self::Unavailable
    }
}
