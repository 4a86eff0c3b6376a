//! One node that asks marketing for all nodes that miss the same figure, where they share a Redis.
//!
//! The leader keeps its answer in the common store; the others look there a few times and judge
//! what they find by the same rules as any kept copy. Nothing here decides what is true: a node
//! that finds nothing in time, or no Redis, asks by itself, and two that ask cost a question.

use std::sync::Arc;
use std::time::Duration;

use super::Billing;
use super::flights::Fetched;
use super::reading::{Figure, Wanted};
use crate::shared::cluster::{Away, SharedCache};

/// A leader that died is followed by another after this long.
const LEAD_LIFE: Duration = Duration::from_secs(2);
/// Milliseconds between looks at the store. Together a little longer than [`LEAD_LIFE`], so that one
/// of those who wait follows a leader that died, and short beside the time a request may take.
const PAUSES_MS: [u64; 12] = [20, 40, 80, 160, 250, 250, 250, 250, 250, 250, 250, 250];

/// What a node does about a figure it misses.
pub(super) enum Turn {
    /// It asks for all nodes.
    Lead(Lead),
    /// It asks for itself.
    Ask,
    /// Another node asked; this is its answer.
    Delivered(Fetched),
}

/// The lead for one figure, held by this node.
pub(super) struct Lead {
    shared: Arc<dyn SharedCache>,
    name: String,
}

impl Lead {
    /// Lets another lead. Resigning late may end another node's lead, and not at all leaves it to
    /// its life: the first costs a question, the second a wait.
    pub(super) async fn resign(self) {
        if let Err(Away) = self.shared.resign(&self.name).await {
            tracing::debug!("a lead could not be given back");
        }
    }
}

impl Billing {
    /// Finds out whether to ask marketing now, waiting for the node that leads at most for the sum
    /// of [`PAUSES_MS`].
    pub(super) async fn turn<T: Figure>(&self, wanted: &Wanted) -> Turn {
        let (Some(shared), Some(flight_key)) = (&self.shared, &wanted.flight_key) else {
            return Turn::Ask;
        };
        let name = format!("figure:{flight_key}");
        for pause_ms in PAUSES_MS {
            match shared.lead(&name, LEAD_LIFE).await {
                Err(Away) => return Turn::Ask,
                Ok(true) => {
                    let lead = Lead {
                        shared: Arc::clone(shared),
                        name,
                    };
                    return self.first_look::<T>(lead, wanted).await;
                }
                Ok(false) => shared.pause(Duration::from_millis(pause_ms)).await,
            }
            if let Some(fetched) = self.fresh_copy::<T>(wanted).await {
                return Turn::Delivered(fetched);
            }
        }
        let kind = wanted.key.kind.as_str();
        tracing::debug!(kind, "the node that leads did not deliver");
        Turn::Ask
    }

    /// The leader before may have delivered between our look and our lead.
    async fn first_look<T: Figure>(&self, lead: Lead, wanted: &Wanted) -> Turn {
        match self.fresh_copy::<T>(wanted).await {
            Some(fetched) => {
                lead.resign().await;
                Turn::Delivered(fetched)
            }
            None => Turn::Lead(lead),
        }
    }
}
