//! Signing in with Alipay (LN-18, money.md 3.5, 3.6).

use super::account::{Account, Conflict, Meeting, ProviderIds, meet};
use super::conflict::note_conflict;
use super::phone::take_phone;
use super::ports::{IdentityError, SharedProfile};
use super::record::{Actor, Pen, Visitor};
use super::rotation::end_family;
use super::secret::Secret;
use super::session::{Client, Ending, REFRESH_LIFE_S, RefreshToken, Session};
use super::terminal::Terminal;
use super::{AccountError, Accounts, news};
use crate::shared::ids::{AccountId, Maker, SessionId};
use crate::shared::outside::NoAnswer;
use crate::shared::time::Time;
use crate::store::{StoreError, Tx, atomically};

/// A browser's sign-in must come back within this.
const START_LIFE_S: i64 = 5 * 60;

/// Where a browser goes, and the cookie that ties it to its return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserStart {
    pub authorize_url: String,
    pub cookie: Secret,
    pub expires_in_s: i64,
}

/// How somebody comes in.
#[derive(Debug, Clone)]
pub enum Door {
    MiniProgram,
    Browser {
        /// What Alipay handed back; absent means the sign-in did not begin here.
        state: Option<Secret>,
        /// What this browser kept since [`Accounts::start_browser`].
        cookie: Option<Secret>,
        /// The refresh cookie of a sign-in before this one: that session ends now.
        earlier: Option<Secret>,
    },
}

/// A fresh or refreshed sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    pub account_id: AccountId,
    pub session_id: SessionId,
    pub family_id: SessionId,
    pub client: Client,
    pub refresh_token: Secret,
    pub refresh_expires_at: Time,
    /// Lets an H5 browser open pay tickets; only a fresh browser sign-in makes one.
    pub browser_secret: Option<Secret>,
    pub session_expires_at: Time,
    /// Sessions this one ended, whose access tokens must stop working everywhere.
    pub ended: Vec<SessionId>,
}

/// Everything a sign-in writes, made before the unit of work.
struct Arrival {
    ids: ProviderIds,
    profile: Option<SharedProfile>,
    app_id: String,
    account_id: AccountId,
    session: NewSession,
    earlier: Option<Secret>,
    visitor: Visitor,
    pen: Pen,
    phone_pen: Pen,
}

enum Entry {
    In(SignedIn),
    Refused,
}

/// Whose door the ids opened, and the account behind it.
struct Opened {
    entered_as: AccountId,
    before: Option<Account>,
    account: Account,
}

type Clash = (Conflict, Vec<AccountId>);

impl Accounts {
    /// Begins a browser's sign-in: state for Alipay, cookie for the browser, both good once.
    pub async fn start_browser(&self) -> Result<BrowserStart, AccountError> {
        let maker = self.maker();
        let (state, cookie) = (Secret::new(maker.token()), Secret::new(maker.token()));
        let expires_at = maker.now().plus_seconds(START_LIFE_S);
        atomically(&*self.store, async |tx: &mut Tx| {
            tx.accounts()
                .add_oauth_start(&state, &cookie, expires_at)
                .await?;
            Ok::<_, AccountError>(())
        })
        .await?;
        let authorize_url = self
            .identity
            .authorize_url(&self.redirect_uri, state.expose());
        Ok(BrowserStart {
            authorize_url,
            cookie,
            expires_in_s: START_LIFE_S,
        })
    }

    /// Exchanges an authorisation code for a session. Ids and phone come from Alipay's signed
    /// replies only.
    pub async fn sign_in(
        &self,
        auth_code: &str,
        door: Door,
        visitor: Visitor,
    ) -> Result<SignedIn, AccountError> {
        let (client, earlier) = self.pass(door).await?;
        let grant = self.identity.exchange(auth_code).await.map_err(refused)?;
        let profile = match self.identity.profile(&grant.access_token).await {
            Ok(profile) => Some(profile),
            // The person agreed to less than a profile: signed in without a real name.
            Err(IdentityError::CodeRefused | IdentityError::Refused) => None,
            Err(IdentityError::NoAnswer(why)) => {
                return Err(AccountError::IdentityUnavailable(why));
            }
        };
        let ids = ProviderIds::of(&grant, profile.as_ref()).map_err(|_| {
            AccountError::IdentityUnavailable(NoAnswer::Alarm("replies_name_no_one_person"))
        })?;
        let maker = self.maker();
        let arrival = Arrival {
            ids,
            profile,
            app_id: self.identity.app_id().to_owned(),
            account_id: maker.id(),
            session: NewSession::ready(&maker, client, &visitor.agent),
            earlier,
            visitor,
            pen: Pen::ready(&maker),
            phone_pen: Pen::ready(&maker),
        };
        match atomically(&*self.store, async |tx: &mut Tx| arrival.enter(tx).await).await? {
            Entry::In(signed_in) => Ok(signed_in),
            Entry::Refused => Err(AccountError::IdentityConflict),
        }
    }

    /// Uses a browser's state up. The mini-program has none: its code comes from Alipay's own app.
    async fn pass(&self, door: Door) -> Result<(Client, Option<Secret>), AccountError> {
        let (state, cookie, earlier) = match door {
            Door::MiniProgram => return Ok((Client::Mini, None)),
            Door::Browser {
                state: Some(state),
                cookie: Some(cookie),
                earlier,
            } => (state, cookie, earlier),
            Door::Browser { .. } => return Err(AccountError::StateMismatch),
        };
        let now = self.clock.now();
        let spent = atomically(&*self.store, async |tx: &mut Tx| {
            Ok::<_, AccountError>(
                tx.accounts()
                    .spend_oauth_start(&state, &cookie, now)
                    .await?,
            )
        })
        .await?;
        if spent {
            Ok((Client::H5, earlier))
        } else {
            Err(AccountError::StateMismatch)
        }
    }
}

fn refused(error: IdentityError) -> AccountError {
    match error {
        IdentityError::CodeRefused | IdentityError::Refused => AccountError::CodeRefused,
        IdentityError::NoAnswer(why) => AccountError::IdentityUnavailable(why),
    }
}

impl Arrival {
    async fn enter(&self, tx: &mut Tx) -> Result<Entry, AccountError> {
        let opened = match self.opened(tx).await? {
            Ok(opened) => opened,
            Err((conflict, accounts)) => return self.refuse(tx, conflict, &accounts).await,
        };
        let Opened {
            entered_as,
            before,
            mut account,
        } = opened;
        let profile = self.profile.clone().map(|mut profile| {
            // A wallet that was merged into an account does not decide about its phone.
            if entered_as != account.account_id && account.phone.is_some() {
                profile.phone = None;
            }
            profile
        });
        if let Some(profile) = &profile
            && let Err(conflict) = account.learn(profile, self.pen.now)
        {
            return self.refuse(tx, conflict, &[account.account_id]).await;
        }
        let actor = self.actor(&account.account_id);
        let mut ended = take_phone(tx, &account, &self.phone_pen, &actor).await?;
        match &before {
            None => tx.accounts().add(&account).await?,
            Some(before) if *before != account => {
                tx.accounts().save(&account).await?;
                let trace = &self.visitor.trace_id;
                news::tell_changed(tx, &account.account_id, &self.pen, trace).await?;
            }
            Some(_) => {}
        }
        ended.extend(end_earlier(tx, self.earlier.as_ref(), self.pen.now).await?);
        let now = self.pen.now;
        let session = open_session(tx, &account.account_id, entered_as, &self.session, now).await?;
        let subject = session.session_id.as_str();
        self.pen
            .audit(tx, &actor, "accounts.sign_in", subject, "ok")
            .await?;
        let signed_in = self
            .session
            .signed_in(account.account_id, session, ended, now);
        Ok(Entry::In(signed_in))
    }

    /// The account that the reply's ids open; a merged one opens the one that took it over.
    async fn opened(&self, tx: &mut Tx) -> Result<Result<Opened, Clash>, AccountError> {
        let by_open = match &self.ids.open_id {
            Some(id) => tx.accounts().find_by_open_id(&self.app_id, id).await?,
            None => None,
        };
        let by_user = match &self.ids.user_id {
            Some(id) => tx.accounts().find_by_user_id(&self.app_id, id).await?,
            None => None,
        };
        let before = by_open.clone().or_else(|| by_user.clone());
        let wallet = match meet(&self.ids, by_open, by_user) {
            Meeting::New => self.newcomer(),
            Meeting::Known(wallet) => *wallet,
            Meeting::Refused(conflict, accounts) => return Ok(Err((conflict, accounts))),
        };
        let entered_as = wallet.account_id.clone();
        let Some((into, _)) = &wallet.merged else {
            return Ok(Ok(Opened {
                entered_as,
                before,
                account: wallet,
            }));
        };
        if before.as_ref() != Some(&wallet) {
            tx.accounts().save(&wallet).await?;
        }
        let account = tx.accounts().find(into).await?;
        let account = account.ok_or(StoreError::Corrupt {
            table: "account",
            column: "merged_into",
        })?;
        Ok(Ok(Opened {
            entered_as,
            before: Some(account.clone()),
            account,
        }))
    }

    fn newcomer(&self) -> Account {
        Account {
            account_id: self.account_id.clone(),
            app_id: self.app_id.clone(),
            open_id: self.ids.open_id.clone(),
            user_id: self.ids.user_id.clone(),
            real_name: None,
            phone: None,
            merged: None,
            created_at: self.pen.now,
            version: 1,
        }
    }

    fn actor(&self, account: &AccountId) -> Actor {
        Actor::account(account, &self.visitor.source, &self.visitor.trace_id)
    }

    async fn refuse(
        &self,
        tx: &mut Tx,
        conflict: Conflict,
        accounts: &[AccountId],
    ) -> Result<Entry, AccountError> {
        let actor = Actor {
            name: "callback:alipay".into(),
            source: self.visitor.source.clone(),
            trace_id: self.visitor.trace_id.clone(),
        };
        note_conflict(
            tx,
            &self.pen,
            &actor,
            "accounts.sign_in",
            conflict,
            accounts,
        )
        .await?;
        Ok(Entry::Refused)
    }
}

/// A session to be opened: its secrets and ids, made before the unit of work.
pub(super) struct NewSession {
    session_id: SessionId,
    client: Client,
    terminal: Terminal,
    refresh_token: Secret,
    browser_secret: Option<Secret>,
}

impl NewSession {
    pub(super) fn ready(maker: &Maker<'_>, client: Client, agent: &str) -> Self {
        Self {
            session_id: maker.id(),
            client,
            terminal: Terminal::of(client, agent),
            refresh_token: Secret::new(maker.token()),
            browser_secret: (client == Client::H5).then(|| Secret::new(maker.token())),
        }
    }

    pub(super) const fn session_id(&self) -> &SessionId {
        &self.session_id
    }

    pub(super) fn signed_in(
        &self,
        account_id: AccountId,
        session: Session,
        ended: Vec<SessionId>,
        now: Time,
    ) -> SignedIn {
        SignedIn {
            account_id,
            refresh_token: self.refresh_token.clone(),
            refresh_expires_at: now.plus_seconds(REFRESH_LIFE_S).min(session.expires_at),
            browser_secret: self.browser_secret.clone(),
            session_id: session.session_id,
            family_id: session.family_id,
            client: session.client,
            session_expires_at: session.expires_at,
            ended,
        }
    }
}

/// The same browser signing in anew ends the session it had: no fixed session lives on.
pub(super) async fn end_earlier(
    tx: &mut Tx,
    earlier: Option<&Secret>,
    now: Time,
) -> Result<Vec<SessionId>, AccountError> {
    let Some(token) = earlier else {
        return Ok(Vec::new());
    };
    let Some(refresh) = tx.accounts().find_refresh(token).await? else {
        return Ok(Vec::new());
    };
    match tx.accounts().find_session(&refresh.session_id).await? {
        Some(session) => Ok(end_family(tx, &session, now, Ending::Replaced).await?),
        None => Ok(Vec::new()),
    }
}

pub(super) async fn open_session(
    tx: &mut Tx,
    account_id: &AccountId,
    entered_as: AccountId,
    new: &NewSession,
    now: Time,
) -> Result<Session, AccountError> {
    let session = Session {
        session_id: new.session_id.clone(),
        account_id: account_id.clone(),
        family_id: new.session_id.clone(),
        entered_as,
        client: new.client,
        created_at: now,
        last_seen_at: now,
        expires_at: now.plus_seconds(new.terminal.session_life_s()),
        left_at: None,
        ended: None,
        version: 1,
    };
    let browser = new.browser_secret.as_ref();
    tx.accounts().add_session(&session, browser).await?;
    tx.accounts()
        .set_terminal(&session.session_id, new.terminal)
        .await?;
    let refresh = RefreshToken {
        session_id: session.session_id.clone(),
        account_id: account_id.clone(),
        expires_at: now.plus_seconds(REFRESH_LIFE_S),
        spent: None,
    };
    tx.accounts()
        .add_refresh(&new.refresh_token, &refresh)
        .await?;
    Ok(session)
}
