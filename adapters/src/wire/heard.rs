//! What is remembered of an operation beside its circuit: since when it stands as it does, and when the
//! other side last answered or failed to.

use lifeline_core::shared::time::Time;

use super::breaker::Ended;

/// An operation that was asked since this process began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    pub system: &'static str,
    pub operation: &'static str,
    pub stands: Stands,
    /// Since when it stands so.
    pub since: Time,
    pub last_well: Option<Time>,
    pub last_badly: Option<Time>,
}

/// How an operation's circuit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// It is asked like any other.
    Closed,
    LeftAlone,
    Probed,
}

/// Kept with each circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) since: Time,
    pub(crate) last_well: Option<Time>,
    pub(crate) last_badly: Option<Time>,
}

impl Heard {
    pub(crate) const fn from(now: Time) -> Self {
        Self {
            since: now,
            last_well: None,
            last_badly: None,
        }
    }

    pub(crate) const fn note(&mut self, now: Time, ended: Ended) {
        match ended {
            Ended::Well | Ended::Slowly => self.last_well = Some(now),
            Ended::Badly => self.last_badly = Some(now),
            Ended::Abandoned => {}
        }
    }
}
