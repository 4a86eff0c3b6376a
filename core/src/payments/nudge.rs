//! Nudges of the outbox: whoever relays one wakes the sweeper of its own process (money.md G4).
//!
//! The row carries no work: what is due stands in the orders. Losing it loses a tick of time.

use std::sync::Arc;

use async_trait::async_trait;

use super::events;
use crate::outbox::Claimed;
use crate::outbox::relay::{Deliver, Delivery};

/// Carries [`events::NUDGE`] to the sweeper.
pub struct Nudged(Arc<dyn Fn() + Send + Sync>);

impl std::fmt::Debug for Nudged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Nudged")
    }
}

impl Nudged {
    /// `wake` lets the sweeper of this process look at once; it must not block.
    #[must_use]
    pub fn new(wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self(wake)
    }
}

#[async_trait]
impl Deliver for Nudged {
    fn kinds(&self) -> &'static [&'static str] {
        &[events::NUDGE]
    }

    async fn deliver(&self, _claimed: &Claimed) -> Delivery {
        (self.0)();
        Delivery::Done
    }
}
