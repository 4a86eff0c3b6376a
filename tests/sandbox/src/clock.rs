//! The sandbox's time: real time plus an offset that only ever grows. Stopped, it moves by steps alone.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// The furthest one step of the time machine may go: four hundred days.
pub const ADVANCE_S_MAX: i64 = 400 * 24 * 3600;

/// Alipay, marketing and the utility all keep Beijing time, which has no daylight saving.
const BEIJING: Offset = jiff::tz::offset(8);

/// Real time plus a forward-only offset, shared by everything in one sandbox.
#[derive(Debug, Clone, Default)]
pub struct SimClock {
    offset_s: Arc<AtomicI64>,
    /// Where it stood when it was stopped.
    stood_at: Arc<OnceLock<Timestamp>>,
}

/// Why the clock did not move.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ClockError {
    /// The step was zero, negative, or longer than [`ADVANCE_S_MAX`].
    #[error("advance_s must be 1..={ADVANCE_S_MAX}, time only moves forward")]
    OutOfRange,
}

impl SimClock {
    /// A clock that is already `offset_s` seconds ahead of (or behind) real time.
    pub fn new(offset_s: i64) -> Self {
        Self {
            offset_s: Arc::new(AtomicI64::new(offset_s)),
            stood_at: Arc::default(),
        }
    }

    /// The present moment of the simulation.
    #[expect(clippy::disallowed_methods, reason = "this is the sandbox's own clock")]
    pub fn now(&self) -> Timestamp {
        let offset = SignedDuration::from_secs(self.offset_s.load(Ordering::SeqCst));
        let real = self.stood_at.get().copied();
        let real = real.unwrap_or_else(Timestamp::now);
        real.checked_add(offset).unwrap_or(real)
    }

    /// From now on only steps move it: what must happen at one very moment can be met.
    #[expect(clippy::disallowed_methods, reason = "this is the sandbox's own clock")]
    pub fn stop(&self) {
        self.stood_at.get_or_init(Timestamp::now);
    }

    /// Unix seconds of the simulation.
    pub fn unix_s(&self) -> i64 {
        self.now().as_second()
    }

    /// Wall clock in Beijing, whole seconds.
    pub fn beijing(&self) -> DateTime {
        to_beijing(self.now())
    }

    /// The calendar day in Beijing.
    pub fn today(&self) -> Date {
        self.beijing().date()
    }

    /// Moves time forward by `advance_s` seconds and returns the new now.
    ///
    /// # Errors
    /// [`ClockError::OutOfRange`] for a step of zero, backwards, or beyond [`ADVANCE_S_MAX`].
    pub fn advance(&self, advance_s: i64) -> Result<Timestamp, ClockError> {
        if !(1..=ADVANCE_S_MAX).contains(&advance_s) {
            return Err(ClockError::OutOfRange);
        }
        self.offset_s.fetch_add(advance_s, Ordering::SeqCst);
        Ok(self.now())
    }
}

/// The wall clock in Beijing at `at`, cut to whole seconds.
pub fn to_beijing(at: Timestamp) -> DateTime {
    let whole = Timestamp::from_second(at.as_second()).unwrap_or(at);
    BEIJING.to_datetime(whole)
}

/// The moment at which Beijing's wall clock shows `wall`; `None` outside the representable range.
pub fn from_beijing(wall: DateTime) -> Option<Timestamp> {
    BEIJING.to_timestamp(wall).ok()
}

/// `2026-11-20T16:37:05+08:00`, whole seconds.
pub fn rfc3339(at: Timestamp) -> String {
    let zoned = at.to_zoned(TimeZone::fixed(BEIJING));
    zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// `2026-11-20 16:37:05` in Beijing: the way Alipay writes times.
pub fn alipay_time(at: Timestamp) -> String {
    to_beijing(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_only_moves_forward() {
        let clock = SimClock::new(0);
        let before = clock.now();
        assert_eq!(clock.advance(0), Err(ClockError::OutOfRange));
        assert_eq!(clock.advance(-5), Err(ClockError::OutOfRange));
        assert_eq!(
            clock.advance(ADVANCE_S_MAX + 1),
            Err(ClockError::OutOfRange)
        );
        let after = clock.advance(86_400).unwrap();
        assert!(after.duration_since(before) >= SignedDuration::from_secs(86_400));
    }

    #[test]
    fn a_stopped_clock_moves_by_steps_alone() {
        let clock = SimClock::new(7);
        clock.clone().stop();
        let stood = clock.now();
        let mut moved = clock.now();
        for _ in 0..1_000 {
            moved = clock.now();
        }
        assert_eq!(moved, stood);
        clock.stop();
        assert_eq!(
            clock.advance(60).unwrap().duration_since(stood),
            SignedDuration::from_secs(60)
        );
    }

    #[test]
    fn clones_share_one_time() {
        let clock = SimClock::new(0);
        let other = clock.clone();
        clock.advance(3600).unwrap();
        assert!((other.unix_s() - clock.unix_s()).abs() <= 1);
    }

    #[test]
    fn writes_times_in_beijing() {
        let at: Timestamp = "2026-11-20T08:37:05Z".parse().unwrap();
        assert_eq!(rfc3339(at), "2026-11-20T16:37:05+08:00");
        assert_eq!(alipay_time(at), "2026-11-20 16:37:05");
        assert_eq!(from_beijing(to_beijing(at)), Some(at));
    }
}
