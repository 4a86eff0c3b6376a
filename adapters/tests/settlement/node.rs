//! The process a random history runs in: it may be killed while a call to the bank is out, after the COMMIT that demanded the
//! call, and before its answer is heard. Another goes on with what is stored.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use futures_util::FutureExt as _;
use lifeline_adapters::sql::Engine;
use lifeline_core::settlement::{Ports, Settlement, SettlementError};

use crate::keys::Everybody;
use crate::model::Model;
use crate::world::rules;

/// Settlement as a process that has just started has it.
pub(crate) fn started(engine: &Arc<Engine>, model: &Model) -> Settlement {
    let ports = Ports {
        store: engine.clone(),
        clock: Arc::new(model.clone()),
        entropy: Arc::new(model.clone()),
        head_end: Arc::new(model.clone()),
        publishing: Arc::new(model.clone()),
        reviewer: Arc::new(model.clone()),
        payer: Arc::new(model.clone()),
        grid: Arc::new(Everybody(AtomicI64::new(1))),
    };
    Settlement::new(ports, rules())
}

/// What a job came to, unless it was killed: nothing but a call that is never answered keeps it waiting, and what waits then
/// is dropped where it stands.
pub(crate) fn unless_killed<T>(model: &Model, job: impl Future<Output = T>) -> Option<T> {
    model.lets_kill(true);
    let done = job.now_or_never();
    model.lets_kill(false);
    done
}

/// Jobs may lack an answer, and nothing else.
pub(crate) fn job<T>(what: &str, done: Result<T, SettlementError>) -> Result<(), String> {
    match done {
        Ok(_) | Err(SettlementError::NoAnswer(_)) => Ok(()),
        Err(error) => Err(format!("{what}: {error}")),
    }
}

/// An owner may be refused, by a rule and not by a fault.
pub(crate) fn owners<T>(what: &str, done: Result<T, SettlementError>) -> Result<(), String> {
    match done {
        Ok(_)
        | Err(
            SettlementError::NotFound
            | SettlementError::UndoFirst
            | SettlementError::InReview
            | SettlementError::Dispatched
            | SettlementError::NothingToUndo
            | SettlementError::NothingReturned
            | SettlementError::Closed { .. }
            | SettlementError::NoAnswer(_),
        ) => Ok(()),
        Err(error) => Err(format!("{what}: {error}")),
    }
}
