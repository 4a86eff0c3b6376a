//! Sessions ended on other nodes: a poll of the store, so that their access tokens stop working
//! here in under a second also without Redis.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lifeline_core::accounts::Accounts;
use lifeline_core::shared::time::Time;

use crate::edge::revocation::Ended;
use crate::edge::tokens::ACCESS_LIFE_S;
use crate::runner::Worker;

/// A unit commits later than the moment it carries, by at most the time that its request has.
const OVERLAP_S: i64 = 15;
/// Sessions of one read.
const PAGE: i64 = 10_000;
const TICK: Duration = Duration::from_millis(500);

/// Reads what ended since the last look.
#[derive(Debug)]
pub struct EndedPoll {
    accounts: Accounts,
    ended: Arc<Ended>,
    /// The moment of the last successful look; absent before the first.
    seen: Mutex<Option<Time>>,
}

impl EndedPoll {
    #[must_use]
    pub fn new(accounts: Accounts, ended: Arc<Ended>) -> Self {
        Self {
            accounts,
            ended,
            seen: Mutex::new(None),
        }
    }

    /// The first look reaches back as far as an access token can be alive.
    fn since(&self, now: Time) -> Time {
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match seen {
            Some(seen) => seen.plus_seconds(-OVERLAP_S),
            None => now.plus_seconds(-ACCESS_LIFE_S),
        }
    }
}

#[async_trait]
impl Worker for EndedPoll {
    fn name(&self) -> &'static str {
        "accounts.ended"
    }

    fn tick(&self) -> Duration {
        TICK
    }

    async fn run_once(&self, now: Time) -> bool {
        match self.accounts.ended_since(self.since(now), PAGE).await {
            Ok(ended) => {
                for session in ended {
                    let until = session.ended_at.plus_seconds(ACCESS_LIFE_S);
                    self.ended.add(session.session_id, until);
                }
                *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
                self.ended.forget(now);
            }
            Err(error) => tracing::warn!(error = %error, "accounts.ended.unread"),
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listeners::outermost::REQUEST_TIME_MAX;

    #[test]
    fn m3_8_a_look_reaches_back_further_than_the_slowest_request() {
        let reach = Duration::from_secs(OVERLAP_S.unsigned_abs());
        assert!(reach > REQUEST_TIME_MAX, "{reach:?}");
    }
}
