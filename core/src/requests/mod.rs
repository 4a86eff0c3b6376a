//! Power service: what a person asks of the utility beside paying (LN-19, LN-20), as work orders of the
//! marketing system.
//!
//! | file | what it is |
//! |---|---|
//! | `request` | a request: what it is about, how far it has come |
//! | `filing` | put on record, list one's own |
//! | `listed` | what was filed, as staff see it in a list |
//! | `following` | carried to marketing, again and again if need be, and what came of it brought back |
//! | `openings` | applications for a new user: checked here by two persons, opened in marketing (EC-20) |
//! | `points` | points: rules, gifts, balances, exchanges (LN-21) |
//! | `handing` | what was exchanged, handed out at an outlet |
//! | `earning` | what a credited line earns, when it vests, what goes back with the money |
//! | `merging` | points follow their account when it becomes part of another |
//! | `events` | what goes into the outbox |
//! | `ports` | rows, and marketing's work orders |
//!
//! What marketing writes beside a state never reaches the person: the words are ours.

pub mod earning;
pub mod filing;
pub mod handing;
pub mod listed;
pub mod openings;
pub mod points;
pub mod ports;
pub mod request;

mod error;
mod events;
mod following;
mod merging;

use std::sync::Arc;

pub use error::{PointsError, RequestError};
pub use following::Follow;

use self::ports::WorkOrders;
use crate::shared::ids::{Entropy, Maker};
use crate::shared::time::Clock;
use crate::store::Store;

/// The use cases of requests, and the carrier of those on their way.
#[derive(Clone)]
pub struct Requests {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    orders: Arc<dyn WorkOrders>,
}

impl std::fmt::Debug for Requests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Requests")
    }
}

impl Requests {
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        orders: Arc<dyn WorkOrders>,
    ) -> Self {
        Self {
            store,
            clock,
            entropy,
            orders,
        }
    }

    fn maker(&self) -> Maker<'_> {
        Maker {
            clock: &*self.clock,
            entropy: &*self.entropy,
        }
    }
}
