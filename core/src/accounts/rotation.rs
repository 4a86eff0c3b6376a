//! A session's id changes when what it may do grows (money.md 3.5): at sign-in, at step-up, when a
//! home is linked.
//!
//! The successor takes over the refresh tokens and the browser's pay cookie; codes, offers and pay
//! tickets are bound to the family, which stays. The id that is left lives on in access tokens
//! already handed out, until the client shows its refresh token, at the latest until they expire:
//! a client that lost the answer, or has other requests on their way, is not signed out by its own
//! success.

use super::AccountError;
use super::record::Caller;
use super::session::{Ending, Session};
use crate::shared::ids::{AccountId, Maker, SessionId};
use crate::shared::time::Time;
use crate::store::{StoreError, Tx};

/// The id that follows, made before the unit of work.
#[derive(Debug, Clone)]
pub struct Successor {
    session_id: SessionId,
    now: Time,
}

impl Successor {
    #[must_use]
    pub fn ready(maker: &Maker<'_>) -> Self {
        Self {
            session_id: maker.id(),
            now: maker.now(),
        }
    }

    /// When it was made.
    pub(super) const fn now(&self) -> Time {
        self.now
    }
}

/// Gives the caller's session its next id, inside the unit that lets it do more; the session that
/// counts from here on. A session that ended meanwhile gets nothing, and nothing is done for it.
pub async fn rotate(
    tx: &mut Tx,
    caller: &Caller,
    next: &Successor,
) -> Result<Session, AccountError> {
    let family = family(tx, &caller.account_id, &caller.family_id).await?;
    let current = family
        .into_iter()
        .find(|session| session.left_at.is_none() && session.is_alive(next.now))
        .ok_or(AccountError::SessionEnded)?;
    let successor = Session {
        session_id: next.session_id.clone(),
        left_at: None,
        version: 1,
        ..current.clone()
    };
    let left = Session {
        left_at: Some(next.now),
        ..current
    };
    tx.accounts().succeed_session(&left, &successor).await?;
    Ok(successor)
}

/// Every session of a family that has not ended: the one that counts, and those it left behind.
async fn family(
    tx: &mut Tx,
    account: &AccountId,
    family_id: &SessionId,
) -> Result<Vec<Session>, StoreError> {
    let mut sessions = tx.accounts().sessions(account).await?;
    sessions.retain(|session| session.family_id == *family_id);
    Ok(sessions)
}

/// Ends what a family has left behind; called when its client has shown that it holds the new id.
pub(super) async fn end_left(
    tx: &mut Tx,
    current: &Session,
    now: Time,
) -> Result<Vec<SessionId>, StoreError> {
    let mut left = family(tx, &current.account_id, &current.family_id).await?;
    left.retain(|session| session.left_at.is_some());
    end_all(tx, left, now, Ending::Rotated).await
}

/// Ends a whole family, whichever of its ids is known.
pub(super) async fn end_family(
    tx: &mut Tx,
    member: &Session,
    now: Time,
    ending: Ending,
) -> Result<Vec<SessionId>, StoreError> {
    let members = family(tx, &member.account_id, &member.family_id).await?;
    end_all(tx, members, now, ending).await
}

/// Ends every session of the caller's account but the one they ask in; their ids.
pub async fn end_others(
    tx: &mut Tx,
    caller: &Caller,
    now: Time,
) -> Result<Vec<SessionId>, StoreError> {
    let sessions = tx.accounts().sessions(&caller.account_id).await?;
    let others = sessions
        .into_iter()
        .filter(|session| session.family_id != caller.family_id)
        .collect();
    end_all(tx, others, now, Ending::EndedElsewhere).await
}

pub(super) async fn end_all(
    tx: &mut Tx,
    sessions: Vec<Session>,
    now: Time,
    ending: Ending,
) -> Result<Vec<SessionId>, StoreError> {
    let mut ended = Vec::new();
    for mut session in sessions {
        session.ended = Some((now, ending));
        tx.accounts().save_session(&session).await?;
        ended.push(session.session_id);
    }
    Ok(ended)
}
