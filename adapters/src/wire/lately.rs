//! The calls of the last while, as far as they say whether the other side fails: what a circuit opens by.

use std::time::Duration;

use lifeline_core::shared::time::Time;

use super::breaker::{BreakerRules, Ended, Why};

const SLICES: usize = 6;
/// Fewer failures than this prove nothing, however long they took.
const FAILED_MIN: u32 = 3;

/// The calls of one slice of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Slice {
    begins_s: i64,
    calls: u32,
    failed: u32,
    slow: u32,
    failed_ms: u64,
}

/// The calls of the window, slice by slice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Lately([Slice; SLICES]);

fn slice_s(rules: &BreakerRules) -> i64 {
    let slices = i64::try_from(SLICES).unwrap_or(1);
    rules.window_s.checked_div(slices).unwrap_or(1).max(1)
}

impl Lately {
    /// Adds one call, how it ended and how long it took, to the slice of `now`, which takes the place of
    /// the oldest when it is new.
    pub(super) fn count(
        &mut self,
        rules: &BreakerRules,
        now: Time,
        (ended, taken): (Ended, Duration),
    ) {
        if ended == Ended::Abandoned {
            return;
        }
        let length = slice_s(rules);
        let now_s = now.unix_seconds();
        let begins_s = now_s.saturating_sub(now_s.rem_euclid(length));
        let slot = usize::try_from(now_s.div_euclid(length)).unwrap_or(0) % SLICES;
        let Some(slice) = self.0.get_mut(slot) else {
            return;
        };
        if slice.begins_s != begins_s {
            *slice = Slice {
                begins_s,
                ..Slice::default()
            };
        }
        slice.calls = slice.calls.saturating_add(1);
        slice.slow = slice.slow.saturating_add(u32::from(ended == Ended::Slowly));
        if ended == Ended::Badly {
            slice.failed = slice.failed.saturating_add(1);
            let taken_ms = u64::try_from(taken.as_millis()).unwrap_or(u64::MAX);
            slice.failed_ms = slice.failed_ms.saturating_add(taken_ms);
        }
    }

    /// Whether the other side is to be left alone now, and why.
    pub(super) fn too_bad(&self, rules: &BreakerRules, now: Time) -> Option<Why> {
        let oldest_s = now.unix_seconds().saturating_sub(rules.window_s);
        let live = self.0.iter().filter(|slice| slice.begins_s > oldest_s);
        let (mut calls, mut failed, mut slow) = (0_u32, 0_u32, 0_u32);
        let mut failed_ms = 0_u64;
        for slice in live {
            calls = calls.saturating_add(slice.calls);
            failed = failed.saturating_add(slice.failed);
            slow = slow.saturating_add(slice.slow);
            failed_ms = failed_ms.saturating_add(slice.failed_ms);
        }
        let share = |part: u32| part.saturating_mul(100).checked_div(calls).unwrap_or(0);
        let half_ms = u64::try_from(rules.window_s)
            .unwrap_or(0)
            .saturating_mul(500);
        let in_vain = failed >= FAILED_MIN && failed_ms >= half_ms;
        if calls < rules.calls_min && !in_vain {
            return None;
        }
        if share(failed) >= rules.failed_percent {
            return Some(Why::Failed);
        }
        (share(slow.saturating_add(failed)) >= rules.slow_percent).then_some(Why::Slow)
    }
}
