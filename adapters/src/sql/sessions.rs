//! Sessions, refresh tokens and begun browser sign-ins. Tokens are stored as keyed digests only.

use async_trait::async_trait;
use lifeline_core::accounts::Terminal;
use lifeline_core::accounts::ports::SessionStore;
use lifeline_core::accounts::secret::Secret;
use lifeline_core::accounts::session::{
    Client, Device, EndedSession, Ending, REPEAT_WINDOW_S, RefreshToken, Session, Spent,
};
use lifeline_core::shared::ids::{AccountId, SessionId};
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, Value, WriteConn};

statements! { "sessions":
    FIND("session") = "SELECT session_id, account_id, family_id, entered_as, client, created_at, last_seen_at, \
        expires_at, left_at, ended_at, ending, version FROM session WHERE session_id = $1";
    FIND_BY_BROWSER("session") = "SELECT session_id, account_id, family_id, entered_as, client, created_at, \
        last_seen_at, expires_at, left_at, ended_at, ending, version FROM session WHERE browser_digest = $1";
    LIVE("session") = "SELECT session_id, account_id, family_id, entered_as, client, created_at, last_seen_at, \
        expires_at, left_at, ended_at, ending, version FROM session \
        WHERE account_id = $1 AND ended_at IS NULL ORDER BY created_at DESC, session_id DESC";
    ENDED_SINCE("session") = "SELECT session_id, ended_at FROM session WHERE ended_at >= $1 \
        ORDER BY ended_at, session_id LIMIT $2";
    FAMILY("session") = "SELECT session_id, account_id, family_id, entered_as, client, created_at, last_seen_at, \
        expires_at, left_at, ended_at, ending, version FROM session \
        WHERE account_id = $1 AND family_id = $2 ORDER BY session_id";
    ADD("session") = "INSERT INTO session (session_id, account_id, client, browser_digest, created_at, last_seen_at, \
        expires_at, left_at, ended_at, ending, version, family_id, entered_as) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    SET_TERMINAL("session") = "UPDATE session SET terminal = $2 WHERE session_id = $1";
    TERMINAL("session") = "SELECT terminal FROM session WHERE session_id = $1";
    SAVE("session") = "UPDATE session SET last_seen_at = $2, ended_at = $3, ending = $4, version = version + 1 \
        WHERE session_id = $1 AND version = $5";
    BROWSER_OF("session") = "SELECT browser_digest FROM session WHERE session_id = $1";
    LEAVE("session") = "UPDATE session SET left_at = $2, browser_digest = NULL, version = version + 1 \
        WHERE session_id = $1 AND version = $3 AND left_at IS NULL AND ended_at IS NULL";
    REFRESH_MOVE("refresh_token") = "UPDATE refresh_token SET session_id = $2 WHERE session_id = $1";
    REFRESH_ADD("refresh_token") = "INSERT INTO refresh_token (token_digest, session_id, account_id, expires_at) \
        VALUES ($1, $2, $3, $4)";
    REFRESH_FIND("refresh_token") = "SELECT session_id, account_id, expires_at, spent_at, spent_device, successor \
        FROM refresh_token WHERE token_digest = $1";
    REFRESH_OWNER("refresh_token") = "SELECT account_id FROM refresh_token WHERE token_digest = $1";
    REFRESH_SPEND("refresh_token") = "UPDATE refresh_token SET spent_at = $2, spent_device = $3, successor = $4 \
        WHERE token_digest = $1 AND spent_at IS NULL";
    START_ADD("oauth_start") = "INSERT INTO oauth_start (state_digest, cookie_digest, expires_at) VALUES ($1, $2, $3)";
    START_SPEND("oauth_start") = "DELETE FROM oauth_start \
        WHERE state_digest = $1 AND cookie_digest = $2 AND expires_at > $3";
    WIPE_SUCCESSORS("refresh_token") = "UPDATE refresh_token SET successor = NULL \
        WHERE successor IS NOT NULL AND spent_at <= $1";
    PURGE_REFRESH("refresh_token") = "DELETE FROM refresh_token WHERE session_id IN \
        (SELECT session_id FROM session WHERE expires_at <= $1)";
    PURGE_SESSIONS("session") = "DELETE FROM session WHERE expires_at <= $1";
    PURGE_STARTS("oauth_start") = "DELETE FROM oauth_start WHERE expires_at <= $1";
}

const BROWSER: Field = Field::new("session", "browser_digest");
const TOKEN: Field = Field::new("refresh_token", "token_digest");
const SUCCESSOR: Field = Field::new("refresh_token", "successor");
const STATE: Field = Field::new("oauth_start", "state_digest");
const COOKIE: Field = Field::new("oauth_start", "cookie_digest");

impl<C: Conn> Sql<C> {
    pub(super) async fn session_by_id(
        &mut self,
        id: &SessionId,
    ) -> Result<Option<Session>, StoreError> {
        let row = self.one(&FIND, args![id]).await?;
        row.as_ref().map(session).transpose()
    }

    pub(super) async fn terminal_of(
        &mut self,
        family: &SessionId,
    ) -> Result<Option<Terminal>, StoreError> {
        let row = self.one(&TERMINAL, args![family]).await?;
        let kind = |row: &Row| row.maybe_parsed("terminal", Terminal::parse);
        row.as_ref().map_or(Ok(None), kind)
    }

    pub(super) async fn session_by_browser(
        &mut self,
        secret: &Secret,
    ) -> Result<Option<Session>, StoreError> {
        let digest = self.digest(BROWSER, secret.expose())?;
        let row = self.one(&FIND_BY_BROWSER, args![digest]).await?;
        row.as_ref().map(session).transpose()
    }

    pub(super) async fn live_sessions(
        &mut self,
        account: &AccountId,
    ) -> Result<Vec<Session>, StoreError> {
        let rows = self.rows(&LIVE, args![account]).await?;
        rows.iter().map(session).collect()
    }

    pub(super) async fn sessions_ended_since(
        &mut self,
        since: Time,
        limit: i64,
    ) -> Result<Vec<EndedSession>, StoreError> {
        let rows = self.rows(&ENDED_SINCE, args![since, limit]).await?;
        let ended = |row: &Row| {
            Ok(EndedSession {
                session_id: row.id("session_id")?,
                ended_at: row.time("ended_at")?,
            })
        };
        rows.iter().map(ended).collect()
    }
}

#[async_trait]
impl<C: WriteConn> SessionStore for Sql<C> {
    async fn add_session(
        &mut self,
        session: &Session,
        browser: Option<&Secret>,
    ) -> Result<(), StoreError> {
        let browser = browser
            .map(|secret| self.digest(BROWSER, secret.expose()))
            .transpose()?;
        self.touched(&ADD, row_of(session, browser)).await.map(drop)
    }

    async fn set_terminal(
        &mut self,
        session: &SessionId,
        terminal: Terminal,
    ) -> Result<(), StoreError> {
        self.touched(&SET_TERMINAL, args![session, terminal.as_str()])
            .await
            .map(drop)
    }

    async fn save_session(&mut self, session: &Session) -> Result<(), StoreError> {
        let [ended_at, ending] = ended_args(session);
        let args = args![
            &session.session_id,
            session.last_seen_at,
            ended_at,
            ending,
            session.version
        ];
        if self.changed(&SAVE, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn family(
        &mut self,
        account: &AccountId,
        family_id: &SessionId,
    ) -> Result<Vec<Session>, StoreError> {
        let rows = self.rows(&FAMILY, args![account, family_id]).await?;
        rows.iter().map(session).collect()
    }

    async fn succeed_session(
        &mut self,
        left: &Session,
        successor: &Session,
    ) -> Result<(), StoreError> {
        let browser = self.one(&BROWSER_OF, args![&left.session_id]).await?;
        let browser = match browser {
            Some(row) => row.maybe_text("browser_digest")?,
            None => None,
        };
        let args = args![&left.session_id, left.left_at, left.version];
        if !self.changed(&LEAVE, args).await? {
            return Err(StoreError::Conflict);
        }
        self.touched(&ADD, row_of(successor, browser)).await?;
        let args = args![&left.session_id, &successor.session_id];
        self.touched(&REFRESH_MOVE, args).await.map(drop)
    }

    async fn add_refresh(
        &mut self,
        token: &Secret,
        refresh: &RefreshToken,
    ) -> Result<(), StoreError> {
        let digest = self.digest(TOKEN, token.expose())?;
        let args = args![
            digest,
            &refresh.session_id,
            &refresh.account_id,
            refresh.expires_at
        ];
        self.touched(&REFRESH_ADD, args).await.map(drop)
    }

    async fn find_refresh(&mut self, token: &Secret) -> Result<Option<RefreshToken>, StoreError> {
        let digest = self.digest(TOKEN, token.expose())?;
        let Some(row) = self.one(&REFRESH_FIND, args![&digest]).await? else {
            return Ok(None);
        };
        let account_id: AccountId = row.id("account_id")?;
        let successor = match row.maybe_text("successor")? {
            Some(sealed) => Some(Secret::new(
                self.open_for(&account_id, SUCCESSOR, &digest, &sealed)
                    .await?,
            )),
            None => None,
        };
        let spent = row
            .maybe_time("spent_at")?
            .zip(row.maybe_text("spent_device")?);
        Ok(Some(RefreshToken {
            session_id: row.id("session_id")?,
            account_id,
            expires_at: row.time("expires_at")?,
            spent: spent.map(|(at, device)| Spent {
                at,
                device: Device::from_store(device),
                successor,
            }),
        }))
    }

    async fn spend_refresh(&mut self, token: &Secret, spent: &Spent) -> Result<bool, StoreError> {
        let digest = self.digest(TOKEN, token.expose())?;
        let Some(owner) = self.one(&REFRESH_OWNER, args![&digest]).await? else {
            return Ok(false);
        };
        let account_id: AccountId = owner.id("account_id")?;
        let successor = match &spent.successor {
            Some(next) => Some(
                self.seal_for(&account_id, SUCCESSOR, &digest, next.expose())
                    .await?,
            ),
            None => None,
        };
        let args = args![digest, spent.at, spent.device.as_str(), successor];
        self.changed(&REFRESH_SPEND, args).await
    }

    async fn add_oauth_start(
        &mut self,
        state: &Secret,
        cookie: &Secret,
        expires_at: Time,
    ) -> Result<(), StoreError> {
        let state = self.digest(STATE, state.expose())?;
        let cookie = self.digest(COOKIE, cookie.expose())?;
        self.touched(&START_ADD, args![state, cookie, expires_at])
            .await
            .map(drop)
    }

    async fn spend_oauth_start(
        &mut self,
        state: &Secret,
        cookie: &Secret,
        now: Time,
    ) -> Result<bool, StoreError> {
        let state = self.digest(STATE, state.expose())?;
        let cookie = self.digest(COOKIE, cookie.expose())?;
        self.changed(&START_SPEND, args![state, cookie, now]).await
    }

    async fn purge_sessions(&mut self, now: Time) -> Result<u64, StoreError> {
        let answered_until = now.plus_seconds(-REPEAT_WINDOW_S);
        let mut rows = self
            .touched(&WIPE_SUCCESSORS, args![answered_until])
            .await?;
        for stmt in [&PURGE_REFRESH, &PURGE_SESSIONS, &PURGE_STARTS] {
            rows = rows.saturating_add(self.touched(stmt, args![now]).await?);
        }
        Ok(rows)
    }
}

fn row_of(session: &Session, browser: Option<String>) -> Vec<Value> {
    let [ended_at, ending] = ended_args(session);
    args![
        &session.session_id,
        &session.account_id,
        session.client.as_str(),
        browser,
        session.created_at,
        session.last_seen_at,
        session.expires_at,
        session.left_at,
        ended_at,
        ending,
        session.version,
        &session.family_id,
        &session.entered_as,
    ]
}

fn ended_args(session: &Session) -> [Value; 2] {
    let (at, ending) = session.ended.unzip();
    [Value::from(at), Value::from(ending.map(Ending::as_str))]
}

fn session(row: &Row) -> Result<Session, StoreError> {
    let ended_at = row.maybe_time("ended_at")?;
    Ok(Session {
        session_id: row.id("session_id")?,
        account_id: row.id("account_id")?,
        family_id: row.id("family_id")?,
        entered_as: row.id("entered_as")?,
        client: row.parsed("client", Client::parse)?,
        created_at: row.time("created_at")?,
        last_seen_at: row.time("last_seen_at")?,
        expires_at: row.time("expires_at")?,
        left_at: row.maybe_time("left_at")?,
        ended: ended_at.zip(row.maybe_parsed("ending", Ending::parse)?),
        version: row.int("version")?,
    })
}
