//! Waiting for what comes by itself. How soon it comes is nothing a journey judges: a busy machine takes longer and
//! is as right.

use std::time::{Duration, Instant};

/// How long something is looked for before it is said that it never came, in real time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Looks at something until it is as it should be, or until patience is at its end. Half of the time at least is
/// pauses: where every look takes long, there are no fewer of them.
pub(crate) struct Looks {
    pause: Duration,
    began: Instant,
    /// Looks there had been then.
    before: u32,
    count: u32,
}

impl Looks {
    pub(crate) fn every(pause: Duration) -> Self {
        Self {
            pause,
            began: Instant::now(),
            before: 0,
            count: 0,
        }
    }

    /// Whether to look once more: the first time at once, then after the pause.
    pub(crate) async fn again(&mut self) -> bool {
        let pauses = self.count.saturating_sub(self.before).saturating_sub(1);
        let paused = self.pause.saturating_mul(pauses);
        if paused >= PATIENCE / 2 && self.began.elapsed() >= PATIENCE {
            return false;
        }
        if self.count > 0 {
            tokio::time::sleep(self.pause).await;
        }
        self.count = self.count.saturating_add(1);
        true
    }

    /// How many looks there were, this one too.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Whether time is to be moved on after this look: once after every so many, and only so often. Each step begins
    /// with new patience: what takes longer than all of them only has a slow machine.
    pub(crate) fn is_step(&mut self, looks: u32, most: u32) -> bool {
        let is_step = self.count.is_multiple_of(looks) && self.count <= looks.saturating_mul(most);
        if is_step {
            (self.began, self.before) = (Instant::now(), self.count);
        }
        is_step
    }
}
