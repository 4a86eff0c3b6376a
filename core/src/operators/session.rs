//! One signed-in browser.

use crate::shared::ids::{StaffId, StaffSessionId};
use crate::shared::time::Time;

/// Without a request for so long a session is over.
pub const IDLE_S: i64 = 1_800;
/// However busy, nobody stays signed in longer: one working day.
pub const ABSOLUTE_S: i64 = 36_000;
/// A use is written down at most this often: a page with ten requests is one write.
pub const SEEN_EVERY_S: i64 = 60;

/// A session of the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub session_id: StaffSessionId,
    pub staff_id: StaffId,
    pub opened_at: Time,
    pub seen_at: Time,
    pub ended_at: Option<Time>,
}

impl Session {
    #[must_use]
    pub fn is_alive(&self, now: Time) -> bool {
        self.ended_at.is_none()
            && now.seconds_since(self.seen_at) < IDLE_S
            && now.seconds_since(self.opened_at) < ABSOLUTE_S
    }

    #[must_use]
    pub fn is_to_be_noted(&self, now: Time) -> bool {
        now.seconds_since(self.seen_at) >= SEEN_EVERY_S
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ln_55_a_session_ends_by_idleness_and_in_the_end() {
        let at = |s| Time::from_micros(0).plus_seconds(s);
        let session = Session {
            session_id: StaffSessionId::parse("019aa2f0-0000-7000-8000-000000000000").unwrap(),
            staff_id: StaffId::parse("019aa2f0-0000-7000-8000-000000000001").unwrap(),
            opened_at: at(0),
            seen_at: at(35_000),
            ended_at: None,
        };
        assert!(session.is_alive(at(35_999)));
        assert!(!session.is_alive(at(36_000)), "absolute");
        let early = Session {
            seen_at: at(100),
            ..session.clone()
        };
        assert!(
            early.is_alive(at(1_899)) && !early.is_alive(at(1_900)),
            "idle"
        );
        let ended = Session {
            ended_at: Some(at(35_001)),
            ..session
        };
        assert!(!ended.is_alive(at(35_002)));
    }
}
