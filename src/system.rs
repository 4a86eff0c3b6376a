//! The machine's clock and random source: the only place that reads either.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::time::{Clock, Time};

/// The machine's time, plus an offset that only a demo ever moves (forward). Only a demo's is ever stopped.
#[derive(Debug, Clone, Default)]
pub(crate) struct SystemClock {
    offset_micros: Arc<AtomicI64>,
    stood_at: Arc<OnceLock<i64>>,
}

fn machine_micros() -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX))
}

impl SystemClock {
    /// Moves the demo's time forward.
    #[cfg(feature = "demo")]
    pub(crate) fn advance(&self, seconds: i64) {
        let micros = seconds.max(0).saturating_mul(1_000_000);
        self.offset_micros.fetch_add(micros, Ordering::SeqCst);
    }

    /// From now on only steps move it.
    #[cfg(feature = "demo")]
    pub(crate) fn stop(&self) {
        self.stood_at.get_or_init(machine_micros);
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Time {
        let micros = self.stood_at.get().copied().unwrap_or_else(machine_micros);
        Time::from_micros(micros.saturating_add(self.offset_micros.load(Ordering::SeqCst)))
    }
}

/// The operating system's random source.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness no id, token or key is safe: stopping is the only right answer.
        if aws_lc_rs::rand::fill(bytes).is_err() {
            std::process::abort();
        }
    }
}
