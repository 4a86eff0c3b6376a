//! This machine's clock beside that of the store's server: what is due, what a token is good for and up to when the line
//! may be answered are compared with times that other nodes wrote.

use lifeline_adapters::sql::Engine;
use lifeline_core::shared::time::{Clock as _, Time};

use super::{ASK_TIME_MAX, Finding, finding};
use crate::system::SystemClock;

/// Further apart, in microseconds, and one of the two is wrong.
const APART_MAX: i64 = 2_000_000;

/// An embedded store has no clock of its own; a server that does not answer is a finding already.
pub(super) async fn compared(engine: &Engine) -> Option<Finding> {
    let here = SystemClock::default();
    let before = here.now();
    let asked = tokio::time::timeout(ASK_TIME_MAX, engine.server_time()).await;
    let after = here.now();
    let there = asked.ok()?.ok()??;
    Some(clock(apart(there, [before, after])))
}

/// How many microseconds the server is ahead of what this clock said around the question; below zero behind it.
fn apart(there: Time, [before, after]: [Time; 2]) -> i64 {
    // A clock that was set back while it was asked is no reason to panic.
    let latest = after.micros().max(before.micros());
    let nearest = there.micros().clamp(before.micros(), latest);
    there.micros().saturating_sub(nearest)
}

fn clock(apart: i64) -> Finding {
    let ok = apart.unsigned_abs() <= APART_MAX.unsigned_abs();
    finding("clock", ok, || {
        let millis = apart.unsigned_abs().div_euclid(1_000);
        let state = if apart > 0 {
            format!("{millis} ms behind the store's server")
        } else {
            format!("{millis} ms ahead of the store's server")
        };
        let what = "let both machines take their time from the same servers (chronyc tracking)";
        (state, what.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Time {
        Time::from_micros(1_795_000_000_000_000 + micros)
    }

    #[test]
    fn clocks_two_seconds_apart_are_told_and_a_slow_answer_is_not() {
        let asked = [at(0), at(4_000_000)];
        for (there, ok) in [
            (-2_000_001, false),
            (-2_000_000, true),
            (0, true),
            (4_000_000, true),
            (6_000_000, true),
            (6_000_001, false),
        ] {
            let found = clock(apart(at(there), asked));
            assert_eq!(found.ok, ok, "{there}");
            assert_eq!(found.what_to_do.is_empty(), ok, "{there}");
        }
        let said = |there| clock(apart(at(there), asked)).state;
        assert_eq!(said(-3_000_000), "3000 ms ahead of the store's server");
        assert_eq!(said(7_500_000), "3500 ms behind the store's server");
    }
}
