//! The time of limits: nanoseconds that only ever grow, whatever the clock behind them does.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Readings this far behind the latest are a clock that went back; nearer ones are threads that read
/// at nearly the same moment.
const GONE_BACK_NS: u64 = 1_000_000_000;

/// Nanoseconds since some moment, by a clock of any kind.
pub trait Ticks: Send + Sync {
    fn read_ns(&self) -> u64;
}

/// The machine's monotonic clock: setting the time of day does not move it.
#[derive(Debug)]
pub struct Monotonic(Instant);

impl Default for Monotonic {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Ticks for Monotonic {
    fn read_ns(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A clock made steady: a step back counts as no time, and what follows it counts again.
pub struct Steady {
    ticks: Box<dyn Ticks>,
    /// What was lost to steps back so far.
    lost_ns: AtomicU64,
    latest_ns: AtomicU64,
}

impl std::fmt::Debug for Steady {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Steady")
            .field("latest_ns", &self.latest_ns)
            .finish_non_exhaustive()
    }
}

impl Steady {
    #[must_use]
    pub fn over(ticks: Box<dyn Ticks>) -> Self {
        Self {
            ticks,
            lost_ns: AtomicU64::new(0),
            latest_ns: AtomicU64::new(0),
        }
    }

    /// The present.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        let lost = self.lost_ns.load(Ordering::SeqCst);
        let read = self.ticks.read_ns();
        let now = read.saturating_add(lost);
        let latest = self.latest_ns.fetch_max(now, Ordering::SeqCst);
        if now.saturating_add(GONE_BACK_NS) < latest {
            // One of the threads that see the step makes it good; the others find it made good.
            let made_good = latest.saturating_sub(read);
            let _ =
                self.lost_ns
                    .compare_exchange(lost, made_good, Ordering::SeqCst, Ordering::SeqCst);
        }
        now.max(latest)
    }
}
