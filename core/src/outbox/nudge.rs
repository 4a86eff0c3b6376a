//! Nudges: whoever relays one wakes the workers of its own process (money.md G4).
//!
//! The row carries no work: what is due stands in its room's own rows. Losing it loses a tick of time.

use std::sync::Arc;

use async_trait::async_trait;

use super::Claimed;
use super::relay::{Deliver, Delivery};

/// Carries nudges to the workers.
pub struct Nudged {
    kinds: &'static [&'static str],
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl std::fmt::Debug for Nudged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Nudged").field(&self.kinds).finish()
    }
}

impl Nudged {
    /// `wake` lets the workers of this process look at once; it must not block.
    #[must_use]
    pub fn new(kinds: &'static [&'static str], wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self { kinds, wake }
    }
}

#[async_trait]
impl Deliver for Nudged {
    fn kinds(&self) -> &'static [&'static str] {
        self.kinds
    }

    async fn deliver(&self, _claimed: &Claimed) -> Delivery {
        (self.wake)();
        Delivery::Done
    }
}
