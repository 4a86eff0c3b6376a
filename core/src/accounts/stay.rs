//! Staying signed in, and ending it (money.md 3.8).

use async_trait::async_trait;

use super::record::{Actor, Caller, Pen, Visitor};
use super::rotation::{end_family, end_left};
use super::secret::Secret;
use super::session::{
    Client, Device, EndedSession, Ending, REFRESH_LIFE_S, RefreshToken, Rotation, Session, Spent,
    rotate,
};
use super::sign_in::SignedIn;
use super::terminal::Terminal;
use super::{AccountError, Accounts};
use crate::jobs::runner::{Task, TaskFailure};
use crate::shared::ids::{AccountId, SessionId};
use crate::shared::time::Time;
use crate::store::{StoreError, Tx, atomically, snapshot};

/// A refresh, made before the unit of work.
struct Renewal {
    shown: Secret,
    client: Client,
    device: Device,
    successor: Secret,
    visitor: Visitor,
    pen: Pen,
}

enum Renewed {
    In(Box<SignedIn>),
    /// A spent token came back: the family is over.
    Reused,
    Over,
}

impl Accounts {
    /// Answers a new refresh token for one that is good. `client` says how it was shown: a
    /// browser's token is good only from its cookie.
    pub async fn refresh(
        &self,
        shown: Secret,
        client: Client,
        visitor: Visitor,
    ) -> Result<SignedIn, AccountError> {
        let maker = self.maker();
        let renewal = Renewal {
            shown,
            client,
            device: Device::of(&visitor.agent),
            successor: Secret::new(maker.token()),
            visitor,
            pen: Pen::ready(&maker),
        };
        match atomically(&*self.store, async |tx: &mut Tx| renewal.run(tx).await).await? {
            Renewed::In(signed_in) => Ok(*signed_in),
            Renewed::Reused | Renewed::Over => Err(AccountError::SessionEnded),
        }
    }

    /// Ends the caller's own session; every id it had.
    pub async fn sign_out(&self, caller: &Caller) -> Result<Vec<SessionId>, AccountError> {
        self.end(caller, &caller.session_id, Ending::SignedOut)
            .await
    }

    /// Ends one of the caller's sessions, every id it had; another account's is not found.
    pub async fn end_session(
        &self,
        caller: &Caller,
        session_id: &SessionId,
    ) -> Result<Vec<SessionId>, AccountError> {
        self.end(caller, session_id, Ending::EndedElsewhere).await
    }

    async fn end(
        &self,
        caller: &Caller,
        session_id: &SessionId,
        ending: Ending,
    ) -> Result<Vec<SessionId>, AccountError> {
        let pen = Pen::ready(&self.maker());
        atomically(&*self.store, async |tx: &mut Tx| {
            let found = tx.accounts().find_session(session_id).await?;
            let Some(session) = found.filter(|s| s.account_id == caller.account_id) else {
                return Err(AccountError::NotFound);
            };
            let ended = end_family(tx, &session, pen.now, ending).await?;
            let subject = session_id.as_str();
            pen.audit(tx, &caller.actor(), "accounts.end_session", subject, "ok")
                .await?;
            Ok(ended)
        })
        .await
    }

    /// The caller's live sessions, newest first.
    pub async fn sessions(&self, caller: &Caller) -> Result<Vec<Session>, AccountError> {
        let now = self.clock.now();
        let mut view = snapshot(&*self.store).await?;
        let mut sessions = view.accounts().sessions(&caller.account_id).await?;
        sessions.retain(|session| session.is_alive(now) && session.left_at.is_none());
        Ok(sessions)
    }

    /// Whether a session still stands in the store: asked by routes about money and homes, which
    /// do not rely on a token's own life.
    pub async fn session_alive(
        &self,
        account_id: &AccountId,
        session_id: &SessionId,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut view = snapshot(&*self.store).await?;
        let found = view.accounts().find_session(session_id).await?;
        Ok(found.is_some_and(|session| session.account_id == *account_id && session.is_alive(now)))
    }

    /// At what kind of terminal a device signed in.
    pub async fn terminal_of(&self, family: &SessionId) -> Result<Option<Terminal>, StoreError> {
        let mut view = snapshot(&*self.store).await?;
        view.accounts().terminal(family).await
    }

    /// The live H5 session whose browser holds this pay cookie.
    pub async fn session_of_browser(
        &self,
        secret: &Secret,
    ) -> Result<Option<Session>, AccountError> {
        let now = self.clock.now();
        let mut view = snapshot(&*self.store).await?;
        let found = view.accounts().session_of_browser(secret).await?;
        Ok(found.filter(|session| session.is_alive(now)))
    }

    /// Sessions that ended at or after a moment, for nodes that remember their access tokens. Ask
    /// with some overlap: a unit may commit later than the moment it carries. All of them, read `page` at a
    /// time: one that is left out would be let in again. Those at the edge of a page may be told twice.
    pub async fn ended_since(
        &self,
        mut since: Time,
        page: i64,
    ) -> Result<Vec<EndedSession>, AccountError> {
        let mut view = snapshot(&*self.store).await?;
        let mut all = Vec::new();
        loop {
            let ended = view.accounts().ended_since(since, page).await?;
            let full = i64::try_from(ended.len()).is_ok_and(|found| found >= page);
            let last = ended.last().map(|one| one.ended_at);
            all.extend(ended);
            match last {
                Some(last) if full && last > since => since = last,
                Some(_) | None => return Ok(all),
            }
        }
    }

    /// Drops what can never be used again: successors after their 30 s, begun sign-ins, old tokens,
    /// codes and counters. How many rows; run every few minutes.
    pub async fn purge(&self) -> Result<u64, AccountError> {
        const OTPS_KEPT_S: i64 = 86_400;
        const COUNTERS_KEPT_S: i64 = 400 * 86_400;
        const CERTIFICATIONS_KEPT_S: i64 = 366 * 86_400;
        let now = self.clock.now();
        atomically(&*self.store, async |tx: &mut Tx| {
            let sessions = tx.accounts().purge_sessions(now).await?;
            let otps = tx
                .accounts()
                .purge_otps(now.plus_seconds(-OTPS_KEPT_S))
                .await?;
            let counters = tx
                .accounts()
                .purge_attempts(now.plus_seconds(-COUNTERS_KEPT_S))
                .await?;
            let certifications = tx
                .accounts()
                .purge_certifications(now.plus_seconds(-CERTIFICATIONS_KEPT_S))
                .await?;
            let purged = [sessions, otps, counters, certifications];
            Ok(purged.into_iter().fold(0, u64::saturating_add))
        })
        .await
    }
}

#[async_trait]
impl Task for Accounts {
    fn name(&self) -> &'static str {
        "accounts.purge"
    }

    fn every_s(&self) -> i64 {
        300
    }

    async fn run(&self, _now: Time) -> Result<(), TaskFailure> {
        self.purge().await.map(drop).map_err(TaskFailure::store)
    }
}

impl Renewal {
    async fn run(&self, tx: &mut Tx) -> Result<Renewed, AccountError> {
        let Some(token) = tx.accounts().find_refresh(&self.shown).await? else {
            return Ok(Renewed::Over);
        };
        let Some(session) = tx.accounts().find_session(&token.session_id).await? else {
            return Ok(Renewed::Over);
        };
        match rotate(&token, &session, self.client, &self.device, self.pen.now) {
            Rotation::Issue => self.issue(tx, session).await,
            Rotation::Repeat(successor) => {
                Ok(Renewed::In(self.answer(&session, successor, Vec::new())))
            }
            Rotation::Reused => self.reused(tx, session).await,
            Rotation::Over => Ok(Renewed::Over),
        }
    }

    async fn issue(&self, tx: &mut Tx, mut session: Session) -> Result<Renewed, AccountError> {
        let now = self.pen.now;
        let spent = Spent {
            at: now,
            device: self.device.clone(),
            successor: Some(self.successor.clone()),
        };
        if !tx.accounts().spend_refresh(&self.shown, &spent).await? {
            return Err(StoreError::Conflict.into());
        }
        let next = RefreshToken {
            session_id: session.session_id.clone(),
            account_id: session.account_id.clone(),
            expires_at: self.refresh_end(&session),
            spent: None,
        };
        tx.accounts().add_refresh(&self.successor, &next).await?;
        session.last_seen_at = now;
        tx.accounts().save_session(&session).await?;
        let ended = end_left(tx, &session, now).await?;
        let answer = self.answer(&session, self.successor.clone(), ended);
        Ok(Renewed::In(answer))
    }

    async fn reused(&self, tx: &mut Tx, session: Session) -> Result<Renewed, AccountError> {
        end_family(tx, &session, self.pen.now, Ending::TokenReused).await?;
        let actor = Actor::account(
            &session.account_id,
            &self.visitor.source,
            &self.visitor.trace_id,
        );
        let subject = session.session_id.as_str();
        self.pen
            .audit(tx, &actor, "accounts.refresh", subject, "TOKEN_REUSED")
            .await?;
        Ok(Renewed::Reused)
    }

    fn refresh_end(&self, session: &Session) -> Time {
        self.pen
            .now
            .plus_seconds(REFRESH_LIFE_S)
            .min(session.expires_at)
    }

    fn answer(
        &self,
        session: &Session,
        refresh_token: Secret,
        ended: Vec<SessionId>,
    ) -> Box<SignedIn> {
        Box::new(SignedIn {
            account_id: session.account_id.clone(),
            session_id: session.session_id.clone(),
            family_id: session.family_id.clone(),
            client: session.client,
            refresh_token,
            refresh_expires_at: self.refresh_end(session),
            browser_secret: None,
            session_expires_at: session.expires_at,
            ended,
        })
    }
}
