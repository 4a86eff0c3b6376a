//! One node that asks marketing for all nodes that miss the same figure, where they share a Redis.
//!
//! The leader keeps its answer in the common store and leaves it, sealed, in the shared cache for
//! those who wait; who finds it in neither looks a few times more. Nothing here decides what is true:
//! an answer is judged by the same rules wherever it was found, a node that finds nothing in time, or
//! no Redis, asks by itself, and two that ask cost a question.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Billing;
use super::flights::Fetched;
use super::freshness::is_fresh;
use super::ports::Kept;
use super::reading::{Figure, Wanted, shown};
use crate::shared::cluster::{Away, SharedCache};
use crate::shared::time::Time;

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

/// An answer on its way from the node that asked to those who wait for it.
#[derive(Serialize, Deserialize)]
struct Delivered {
    body: String,
    asked_at: i64,
}

impl Lead {
    /// Leaves the answer where those who wait look first.
    pub(super) async fn deliver(&self, fetched: &Fetched) {
        let delivered = Delivered {
            body: fetched.body.to_string(),
            asked_at: fetched.asked_at.micros(),
        };
        let Ok(value) = serde_json::to_vec(&delivered) else {
            return;
        };
        if let Err(Away) = self.shared.put(&self.name, &value, LEAD_LIFE).await {
            tracing::debug!("an answer could not be left in the shared cache");
        }
    }

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
            let left = delivered::<T>(&**shared, &name, wanted, self.clock.now()).await;
            let found = match left {
                Some(fetched) => Some(fetched),
                None => self.fresh_copy::<T>(wanted).await,
            };
            if let Some(fetched) = found {
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

/// What a leader left for those who wait, judged as a kept copy is: an answer of the lead before may
/// still lie there.
async fn delivered<T: Figure>(
    shared: &dyn SharedCache,
    name: &str,
    wanted: &Wanted,
    now: Time,
) -> Option<Fetched> {
    let value = shared.get(name).await.ok()??;
    let left: Delivered = serde_json::from_slice(&value).ok()?;
    let asked_at = Time::from_micros(left.asked_at);
    let left = Kept {
        body: left.body,
        asked_at,
        outdated_at: wanted.moved,
    };
    let usable = is_fresh(&left, wanted.age_max_s, now) && shown::<T>(&left.body, asked_at).is_ok();
    usable.then(|| Fetched {
        body: left.body.into(),
        asked_at,
    })
}
