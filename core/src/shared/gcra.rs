//! How often something may happen: the generic cell rate algorithm, exact in integers.
//!
//! A quota of `burst` per `window` is a bucket of that size which refills evenly. Instead of a level
//! it keeps one moment, the theoretical arrival time (TAT) at which the bucket is full again. The
//! time between two units, `window / burst`, is seldom a whole number of nanoseconds, so moments are
//! kept in `1 / burst` of a nanosecond: nothing is ever rounded.

use std::num::NonZeroU32;
use std::time::Duration;

/// At most `burst` at once, and `burst` per `window` in the long run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quota {
    burst: NonZeroU32,
    window_ns: u64,
}

/// When a bucket is full again, in `1 / burst` of a nanosecond of its quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Arrival(u128);

/// What passes, and where that leaves the asker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    pub arrival: Arrival,
    /// Whole units that would still pass now.
    pub remaining: u32,
}

/// How long until what was refused would pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("over the limit for another {} ms", .0.as_millis())]
pub struct Wait(pub Duration);

impl Quota {
    #[must_use]
    pub fn per(burst: NonZeroU32, window: Duration) -> Self {
        let window_ns = u64::try_from(window.as_nanos()).unwrap_or(u64::MAX);
        Self {
            burst,
            window_ns: window_ns.max(1),
        }
    }

    #[must_use]
    pub fn per_minute(burst: NonZeroU32) -> Self {
        Self::per(burst, Duration::from_secs(60))
    }

    #[must_use]
    pub const fn burst(self) -> u32 {
        self.burst.get()
    }

    #[must_use]
    pub const fn window(self) -> Duration {
        Duration::from_nanos(self.window_ns)
    }

    /// What one of `nodes` may pass when it cannot ask the others: together not more than all of it,
    /// but never nothing.
    #[must_use]
    pub fn share(self, nodes: NonZeroU32) -> Self {
        let part = self.burst.get().checked_div(nodes.get()).unwrap_or(1);
        Self {
            burst: NonZeroU32::new(part).unwrap_or(NonZeroU32::MIN),
            ..self
        }
    }

    /// One unit, in the unit of [`Arrival`].
    fn unit(self) -> u128 {
        u128::from(self.window_ns)
    }

    // A product of 64 bits by 32 stays below 2^96, and no sum of a few of them comes near 2^128: nothing wraps, and
    // nothing has to be looked at to know it.

    fn full(self) -> u128 {
        self.unit().wrapping_mul(u128::from(self.burst.get()))
    }

    fn moment(self, now_ns: u64) -> u128 {
        u128::from(now_ns).wrapping_mul(u128::from(self.burst.get()))
    }

    /// A moment further away than a whole window can only come from a clock that went back: it counts as
    /// a whole window from now. Whoever keeps it as that lets the bucket fill again from here on.
    #[must_use]
    pub fn within_reach(self, last: Arrival, now_ns: u64) -> Arrival {
        let end = self.moment(now_ns).saturating_add(self.full());
        last.min(Arrival(end))
    }

    /// Judges `cost` units at `now_ns`; changes nothing. A cost above the burst counts as the burst:
    /// it would otherwise never pass.
    ///
    /// # Errors
    /// [`Wait`] when they do not pass now.
    pub fn judge(self, last: Option<Arrival>, cost: u32, now_ns: u64) -> Result<Pass, Wait> {
        let now = self.moment(now_ns);
        let end = now.saturating_add(self.full());
        let begins = last.map_or(now, |last| self.within_reach(last, now_ns).0.max(now));
        let cost = u128::from(cost.min(self.burst.get())).wrapping_mul(self.unit());
        let arrival = begins.saturating_add(cost);
        let room = end.checked_sub(arrival);
        let Some(room) = room else {
            return Err(Wait(self.time(arrival.saturating_sub(end))));
        };
        Ok(Pass {
            arrival: Arrival(arrival),
            remaining: self.units_in(room),
        })
    }

    /// Whole units in a span. Half as wide a division does for all but enormous quotas, and is many
    /// times as quick.
    fn units_in(self, span: u128) -> u32 {
        let whole = match u64::try_from(span) {
            Ok(span) => u128::from(span.checked_div(self.window_ns).unwrap_or(0)),
            Err(_) => span.checked_div(self.unit()).unwrap_or(0),
        };
        u32::try_from(whole).unwrap_or(u32::MAX)
    }

    /// Whether a bucket with this arrival is full at `now_ns`: nothing is lost by forgetting it.
    #[must_use]
    pub fn is_full(self, arrival: Arrival, now_ns: u64) -> bool {
        arrival.0 <= self.moment(now_ns)
    }

    /// A span of arrivals as time, rounded up: whoever waits that long passes.
    fn time(self, span: u128) -> Duration {
        let ns = span.div_ceil(u128::from(self.burst.get()));
        Duration::from_nanos(u64::try_from(ns).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn quota(burst: u32, window_ns: u64) -> Quota {
        Quota::per(
            NonZeroU32::new(burst).unwrap(),
            Duration::from_nanos(window_ns),
        )
    }

    #[test]
    fn a_burst_passes_and_the_next_waits_exactly_as_long_as_it_says() {
        // 7 a minute: the interval is no whole number of nanoseconds.
        let seven = quota(7, 60 * SECOND);
        let mut last = None;
        for left in (0..7).rev() {
            let pass = seven.judge(last, 1, 5).unwrap();
            assert_eq!(pass.remaining, left);
            last = Some(pass.arrival);
        }
        let Wait(wait) = seven.judge(last, 1, 5).unwrap_err();
        assert_eq!(wait, Duration::from_nanos(8_571_428_572));
        let wait_ns = u64::try_from(wait.as_nanos()).unwrap();
        assert!(seven.judge(last, 1, 5 + wait_ns - 1).is_err());
        assert!(seven.judge(last, 1, 5 + wait_ns).is_ok());
    }

    #[test]
    fn nothing_is_rounded_away_over_ten_thousand_units() {
        let quota = quota(3, 10);
        let mut last = None;
        let mut passed = 0_u64;
        for now in 0..100_000_u64 {
            while let Ok(pass) = quota.judge(last, 1, now) {
                last = Some(pass.arrival);
                passed += 1;
            }
        }
        // 3 at once, and then 3 in every 10 ns of the 99,999 that follow.
        assert_eq!(passed, 3 + 99_999 * 3 / 10);
    }

    #[test]
    fn a_cost_is_taken_as_a_whole_and_never_above_the_burst() {
        let ten = quota(10, 10 * SECOND);
        let pass = ten.judge(None, 8, 0).unwrap();
        assert_eq!(pass.remaining, 2);
        let Wait(wait) = ten.judge(Some(pass.arrival), 5, 0).unwrap_err();
        assert_eq!(wait, Duration::from_secs(3));
        assert_eq!(ten.judge(None, 11, 0).unwrap().remaining, 0);
    }

    #[test]
    fn a_clock_that_went_back_makes_nobody_wait_longer_than_a_window() {
        let two = quota(2, 2 * SECOND);
        let late = 4_000 * SECOND;
        let pass = two.judge(None, 2, late).unwrap();
        let Wait(wait) = two
            .judge(Some(pass.arrival), 1, late - 3_600 * SECOND)
            .unwrap_err();
        assert_eq!(wait, Duration::from_secs(1));
        // Kept as within reach, the bucket fills again as if the clock had always said so.
        let back = late - 3_600 * SECOND;
        let kept = two.within_reach(pass.arrival, back);
        assert!(two.judge(Some(kept), 1, back + SECOND - 1).is_err());
        assert!(two.judge(Some(kept), 1, back + SECOND).is_ok());
        assert_eq!(two.within_reach(pass.arrival, late), pass.arrival);
    }

    #[test]
    fn shares_of_all_nodes_are_not_more_than_the_whole() {
        let nodes = |n| NonZeroU32::new(n).unwrap();
        assert_eq!(quota(10, 1).share(nodes(3)).burst(), 3);
        assert_eq!(quota(2, 1).share(nodes(3)).burst(), 1);
        assert!(quota(7, 70).is_full(Arrival::default(), 0));
    }
}
