//! After a failure nobody asks for a moment.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long nobody asks after a failure.
const REST: Duration = Duration::from_millis(500);

/// The same reason is told at most this often: a replica that answers every reading and no writing rests and ends its
/// rest all the time.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// When asking makes sense again, and why it did not.
#[derive(Debug, Default)]
pub(super) struct Rest(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    until: Option<Instant>,
    /// Of each reason, which are kinds and words of a server and few, when it was told last.
    told: BTreeMap<String, Instant>,
}

impl Rest {
    /// Whether a call failed a moment ago. The first to ask after the rest is let through alone:
    /// the others wait for what it finds out.
    pub(super) fn is_on(&self) -> bool {
        let mut state = self.state();
        match state.until {
            None => false,
            Some(moment) if Instant::now() < moment => true,
            Some(_) => {
                state.until = Instant::now().checked_add(REST);
                false
            }
        }
    }

    /// A call failed. Whether somebody should be told why.
    pub(super) fn begin(&self, why: &str) -> bool {
        let (mut state, now) = (self.state(), Instant::now());
        state.until = now.checked_add(REST);
        let before = state.told.get(why);
        let news = before.is_none_or(|before| now.duration_since(*before) >= TELL_EVERY);
        if news {
            state.told.insert(why.to_owned(), now);
        }
        news
    }

    /// A call was answered.
    pub(super) fn end(&self) {
        self.state().until = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_told_once_for_a_while_also_when_some_calls_are_answered() {
        let rest = Rest::default();
        assert!(rest.begin("read-only"));
        assert!(rest.is_on());
        rest.end();
        assert!(!rest.is_on());
        assert!(!rest.begin("read-only"), "told again");
        assert!(rest.begin("authentication failed"));
        assert!(rest.is_on());
    }
}
