//! Ended sessions, known on this node: told by this node's own requests, by Redis where there is
//! one, and by a poll of the store. An access token of an ended session stops working in under 1 s.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use lifeline_core::shared::cluster::Revocations;
use lifeline_core::shared::ids::SessionId;
use lifeline_core::shared::time::Time;

use super::tokens::ACCESS_LIFE_S;

/// Sessions whose access tokens are refused until the last of them has expired.
#[derive(Debug, Default)]
pub struct Ended {
    here: RwLock<HashMap<SessionId, Time>>,
    sharing: Option<Arc<dyn Revocations>>,
}

impl Ended {
    /// With a place that tells the other nodes at once; without one they learn by their poll.
    #[must_use]
    pub fn shared_by(sharing: Option<Arc<dyn Revocations>>) -> Self {
        Self {
            here: RwLock::default(),
            sharing,
        }
    }

    /// A request of this node ended `session`: refuse it here now and tell the others. Telling is
    /// not waited for: the store's poll is the guarantee.
    pub fn announce(&self, session: SessionId, until: Time) {
        if let Some(sharing) = self.sharing.clone() {
            let (id, life) = (
                session.clone(),
                Duration::from_secs(ACCESS_LIFE_S.unsigned_abs()),
            );
            tokio::spawn(async move {
                if sharing.tell(id.as_str(), life).await.is_err() {
                    tracing::info!("ended session not told: the shared place is away");
                }
            });
        }
        self.add(session, until);
    }

    /// Refuses `session`'s tokens until `until`, when none of them can be alive any more. Of two such
    /// moments the later counts: one request knows its own token only, and a session has several.
    pub fn add(&self, session: SessionId, until: Time) {
        let mut ended = self
            .here
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = ended.entry(session).or_insert(until);
        *known = until.max(*known);
    }

    #[must_use]
    pub fn contains(&self, session: &SessionId) -> bool {
        let ended = self
            .here
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        ended.contains_key(session)
    }

    /// Forgets sessions whose tokens have all expired.
    pub fn forget(&self, now: Time) {
        let mut ended = self
            .here
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        ended.retain(|_, until| *until > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lifeline_core::shared::ids::TypedId;

    #[test]
    fn an_ended_session_is_remembered_as_long_as_a_token_could_live() {
        let ended = Ended::default();
        let session = SessionId::made("019aa2f0-0000-7000-8000-000000000002".into());
        ended.add(session.clone(), Time::from_micros(10));
        ended.forget(Time::from_micros(9));
        assert!(ended.contains(&session));
        ended.forget(Time::from_micros(10));
        assert!(!ended.contains(&session));
    }

    #[test]
    fn a_request_with_an_older_token_does_not_shorten_what_is_remembered() {
        let ended = Ended::default();
        let session = SessionId::made("019aa2f0-0000-7000-8000-000000000003".into());
        ended.add(session.clone(), Time::from_micros(10));
        ended.add(session.clone(), Time::from_micros(5));
        ended.forget(Time::from_micros(6));
        assert!(ended.contains(&session));
        ended.add(session.clone(), Time::from_micros(20));
        ended.forget(Time::from_micros(15));
        assert!(ended.contains(&session));
    }
}
