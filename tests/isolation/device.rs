//! What a person is signed in by. A device stays signed in while it may; another one is new for a day.

use lifeline_core::accounts::session::REFRESH_LIFE_S;
use lifeline_core::accounts::step_up::NEW_FOR_S;

/// An access token is used this long; it lives a little longer.
const TOKEN_S: i64 = 600;

#[derive(Clone)]
pub(crate) struct Device {
    token: String,
    refresh: String,
    given: i64,
    since: i64,
    /// When its person signed in for the first time, by whatever device.
    first: i64,
}

impl Device {
    /// What it is after it signed in or renewed its token.
    pub(crate) fn after(before: Option<&Self>, now: i64, token: &str, refresh: String) -> Self {
        let kept = before.filter(|one| one.renewal(now).is_some());
        Self {
            token: token.to_owned(),
            refresh,
            given: now,
            since: kept.map_or(now, |one| one.since),
            first: before.map_or(now, |one| one.first),
        }
    }

    /// The token it shows.
    pub(crate) fn shown(&self, now: i64) -> Option<&str> {
        (now - self.given < TOKEN_S).then_some(&*self.token)
    }

    /// What it gets another one by.
    pub(crate) fn renewal(&self, now: i64) -> Option<&str> {
        (now - self.given < REFRESH_LIFE_S).then_some(&*self.refresh)
    }

    /// Whether it signed in lately to an account that was there a day before.
    pub(crate) fn is_new(&self, now: i64) -> bool {
        now - self.since < NEW_FOR_S && self.since - self.first >= NEW_FOR_S
    }
}
