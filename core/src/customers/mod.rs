//! The people the utility serves, as its staff see them (EC-19): found by keyed index, shown masked,
//! within the scope of regions of whoever looks, and never without a line of the audit.
//!
//! | file | what |
//! |---|---|
//! | `looking` | finding people, one person's page |
//! | `bills` | a bill made again, held while it is doubted |
//! | `exchanges` | gifts that points were exchanged for, handed out |
//! | `filed` | what people asked of the utility, and how far it has come |
//! | `following` | how functions stand when two accounts become one |
//! | `functions` | opening and suspending what moves a person's money, by four eyes |
//! | `judging` | what a second person says about a proposal |
//! | `offers` | values offered to the archive that it has not answered |
//! | `openings` | opening a user on application, by four eyes |
//! | `unmasking` | one thing in clear, for a reason |
//! | `ports` | the rows |

pub mod bills;
pub mod error;
pub mod exchanges;
pub mod filed;
mod following;
pub mod functions;
mod judging;
mod looking;
mod offers;
pub mod openings;
pub mod ports;
pub mod unmasking;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use error::CustomerError;
pub use looking::{Asked, Card, Glimpse, HomeShown, Listed};
pub use offers::WaitingOffers;

use crate::accounts::known::known_in;
use crate::bindings::binding::Linked;
use crate::bindings::known::links_of_in;
use crate::operators::{Acting, Scope};
use crate::shared::ids::{AccountId, Entropy, Maker};
use crate::shared::time::{Clock, Time};
use crate::store::{Store, Tx};

/// The use cases of customers.
#[derive(Clone)]
pub struct Customers {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl std::fmt::Debug for Customers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Customers")
    }
}

impl Customers {
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            store,
            clock,
            entropy,
        }
    }

    fn maker(&self) -> Maker<'_> {
        Maker {
            clock: &*self.clock,
            entropy: &*self.entropy,
        }
    }
}

/// The regions of somebody's homes.
fn regions(links: &[Linked]) -> BTreeSet<String> {
    let of = |linked: &Linked| linked.binding.consumer_no.region();
    links.iter().map(of).collect()
}

/// Whether somebody with homes in these regions is within a scope. Who has none is everybody's who
/// sees everything, and nobody else's.
fn within(scope: &Scope, regions: &BTreeSet<String>) -> bool {
    *scope == Scope::Everywhere || regions.iter().any(|region| scope.covers(region))
}

/// Refuses whoever is unknown, or without a home within the scope of whoever acts.
async fn in_scope(
    tx: &mut Tx,
    acting: &Acting,
    account: &AccountId,
    now: Time,
) -> Result<(), CustomerError> {
    if known_in(tx, account).await?.is_none() {
        return Err(CustomerError::NoSuch);
    }
    let links = links_of_in(tx, account, now).await?;
    if within(&acting.staff.scope, &regions(&links)) {
        Ok(())
    } else {
        Err(CustomerError::OutOfScope)
    }
}
