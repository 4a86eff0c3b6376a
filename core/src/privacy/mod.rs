//! The rights of a person over what is known of them: to see it all, to take it away (PIPL 45, 47;
//! money.md 3.15; domain.md C4, C5, C6).
//!
//! | file | what it is |
//! |---|---|
//! | `export` | everything that is known of a person, by a one-use link |
//! | `erasure` | a person's wish to be erased: it cools off, may be taken back, and is done by a timed task |
//! | `again` | who was erased goes again from a copy that was put back |
//! | `purge` | what has had its time goes |
//! | `events` | what this room tells others through the outbox |
//! | `ports` | rows |
//!
//! What the store holds of people, and what an erasure and a purge do with each table, is declared in
//! one place beside the repository (`adapters/src/sql/personal.rs`).

pub mod erasure;
pub mod export;
pub mod ports;

mod again;
mod error;
mod events;
mod purge;

use std::sync::Arc;

pub use erasure::{Erase, Erasure, ErasureState};
pub use error::PrivacyError;
pub use export::{Dossier, Link, Ticket};
pub use purge::PurgeEnded;

use crate::accounts::{Caller, Errand, step_up};
use crate::shared::ids::{Entropy, Maker};
use crate::shared::time::{Clock, Time};
use crate::store::{Store, Tx};

/// The use cases of a person's rights.
#[derive(Clone)]
pub struct Privacy {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl std::fmt::Debug for Privacy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Privacy")
    }
}

impl Privacy {
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            store,
            clock,
            entropy,
        }
    }

    /// The present, as everything here reckons with it.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    fn maker(&self) -> Maker<'_> {
        Maker {
            clock: &*self.clock,
            entropy: &*self.entropy,
        }
    }
}

/// Uses the step-up for an act up, inside its unit.
async fn spend(
    tx: &mut Tx,
    caller: &Caller,
    errand: &Errand,
    now: Time,
) -> Result<(), PrivacyError> {
    if step_up::spend(tx, &caller.session_id, errand, now).await? {
        Ok(())
    } else {
        Err(PrivacyError::StepUpRequired)
    }
}
