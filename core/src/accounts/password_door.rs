//! Signing in with login name, password and a code (EC-16, money.md 3.7; domain.md C9).
//!
//! The code is sent only after the password fits, but whoever asks is told the same either way, and
//! the same work is done for a name nobody has. Five wrong passwords close this door for one login
//! from one place for a quarter of an hour; from elsewhere, at a device that is still signed in or was
//! until its time was over, and through Alipay, its owner still gets in.

use std::sync::Arc;

use async_trait::async_trait;

use super::attempts::{self, Guard};
use super::codes::{CodeDraft, CodePromise, PROMISE, arm, ask, ask_own, try_code};
use super::credential::{Credential, Login};
use super::otp::{Act, OtpPurpose, Verdict};
use super::passwords::{NotHashed, Password, PasswordHash, Passwords};
use super::record::{Actor, Caller, Pen, Visitor};
use super::rotation::end_others;
use super::secret::Secret;
use super::session::{Client, Device, Session};
use super::sign_in::{NewSession, SignedIn, end_earlier, open_session};
use super::{AccountError, Accounts, current_in, verified_phone_in, watch};
use crate::shared::ids::{AccountId, Maker, SessionId, TypedId};
use crate::store::{StoreError, Tx, atomically};
use crate::{bans, evidence};

/// Where login names are looked up: here, or in a room above whose accounts have names of their own.
#[async_trait]
pub trait Names: Send + Sync {
    /// Keeps equal names of two rooms apart wherever tries and codes are counted.
    fn realm(&self) -> &'static str;
    /// Whom a name signs in, and by which password.
    async fn find(&self, tx: &mut Tx, login: &Login) -> Result<Option<Credential>, StoreError>;
}

/// The names of people's own accounts.
struct OwnNames;

#[async_trait]
impl Names for OwnNames {
    fn realm(&self) -> &'static str {
        ""
    }

    async fn find(&self, tx: &mut Tx, login: &Login) -> Result<Option<Credential>, StoreError> {
        tx.accounts().find_credential(login).await
    }
}

/// The use cases of passwords.
#[derive(Clone)]
pub struct PasswordDoor {
    accounts: Accounts,
    passwords: Arc<dyn Passwords>,
    names: Arc<dyn Names>,
}

impl std::fmt::Debug for PasswordDoor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordDoor")
    }
}

/// What somebody shows at the door.
#[derive(Debug, Clone)]
pub struct Shown {
    pub login: Login,
    pub password: Password,
    /// Absent at first: a code is asked for then.
    pub otp: Option<Secret>,
    pub client: Client,
    /// The refresh cookie of a sign-in before this one: that session ends now.
    pub earlier: Option<Secret>,
    /// One subscriber's addresses count as one place.
    pub place: String,
    pub visitor: Visitor,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    In(Box<SignedIn>),
    /// If login and password fit, a code is on its way.
    CodePromised(CodePromise),
}

impl From<SignedIn> for Came {
    fn from(signed_in: SignedIn) -> Self {
        Self::In(Box::new(signed_in))
    }
}

enum Set {
    Done(Vec<SessionId>),
    Taken,
    WrongCode,
}

enum Entry {
    In(Box<SignedIn>),
    Promised,
    Refused,
}

/// Everything a sign-in writes, made before the unit of work.
struct Arrival {
    names: Arc<dyn Names>,
    shown: Shown,
    /// The hash that the password fits; none when it fits nothing.
    fits: Option<PasswordHash>,
    session: NewSession,
    draft: CodeDraft,
    watching: bans::Draft,
    pen: Pen,
}

impl PasswordDoor {
    #[must_use]
    pub fn new(accounts: Accounts, passwords: Arc<dyn Passwords>) -> Self {
        Self::over(accounts, passwords, Arc::new(OwnNames))
    }

    /// A door for the names of another room: the same steps and the same locks.
    #[must_use]
    pub fn over(accounts: Accounts, passwords: Arc<dyn Passwords>, names: Arc<dyn Names>) -> Self {
        Self {
            accounts,
            passwords,
            names,
        }
    }

    fn maker(&self) -> Maker<'_> {
        self.accounts.maker()
    }

    /// First without a code, then with the one that was sent.
    pub async fn enter(&self, shown: Shown) -> Result<Came, AccountError> {
        let kept = self.kept(&shown.login).await?;
        // Hashed whatever was found, and before anything is locked: it takes its time.
        let hash = kept.map(|kept| kept.password);
        let fits = self
            .passwords
            .verify(&shown.password, hash.as_ref())
            .await?;
        let maker = self.maker();
        let client = shown.client;
        let arrival = Arrival {
            names: Arc::clone(&self.names),
            fits: hash.filter(|_| fits),
            session: NewSession::ready(&maker, client, &shown.visitor.agent),
            draft: CodeDraft::ready(&maker, self.accounts.budget),
            watching: bans::Draft::ready(&maker),
            pen: Pen::ready(&maker),
            shown,
        };
        let store = &*self.accounts.store;
        match atomically(store, async |tx: &mut Tx| arrival.enter(tx).await).await? {
            Entry::In(signed_in) => Ok(Came::In(signed_in)),
            Entry::Promised => Ok(Came::CodePromised(PROMISE)),
            Entry::Refused => Err(AccountError::SignInRefused),
        }
    }

    async fn kept(&self, login: &Login) -> Result<Option<Credential>, AccountError> {
        atomically(&*self.accounts.store, async |tx: &mut Tx| {
            Ok::<_, AccountError>(self.names.find(tx, login).await?)
        })
        .await
    }

    /// Sends the code that a change of login or password wants, to the account's own phone.
    pub async fn ask_code(&self, caller: &Caller) -> Result<CodePromise, AccountError> {
        let maker = self.maker();
        let (draft, pen) = (
            CodeDraft::ready(&maker, self.accounts.budget),
            Pen::ready(&maker),
        );
        let (purpose, act) = (OtpPurpose::SetPassword, act_of_setting(caller));
        atomically(&*self.accounts.store, async |tx: &mut Tx| {
            ask_own(tx, caller, purpose, &act, &draft, &pen).await
        })
        .await?;
        Ok(PROMISE)
    }

    /// Sets login and password by the code sent to the account's own phone, and ends the account's
    /// other sessions; their ids.
    pub async fn set(
        &self,
        caller: &Caller,
        login: &Login,
        password: &Password,
        typed: &Secret,
    ) -> Result<Vec<SessionId>, AccountError> {
        let hash = self.passwords.hash(password).await?;
        let pen = Pen::ready(&self.maker());
        let act = act_of_setting(caller);
        let set = atomically(&*self.accounts.store, async |tx: &mut Tx| {
            let (actor, subject) = (caller.actor(), caller.account_id.as_str());
            let purpose = OtpPurpose::SetPassword;
            if try_code(tx, caller, purpose, &act, typed, pen.now).await? == Verdict::Refused {
                pen.audit(tx, &actor, "accounts.set_password", subject, "WRONG_CODE")
                    .await?;
                return Ok(Set::WrongCode);
            }
            let before = tx.accounts().credential_of(&caller.account_id).await?;
            let holder = tx.accounts().find_credential(login).await?;
            if holder.is_some_and(|holder| holder.account_id != caller.account_id) {
                // The code stays spent: one code, one answer about a name.
                pen.audit(tx, &actor, "accounts.set_password", subject, "LOGIN_TAKEN")
                    .await?;
                return Ok(Set::Taken);
            }
            let credential = Credential {
                account_id: caller.account_id.clone(),
                login: login.clone(),
                password: hash.clone(),
                changed_at: pen.now,
                version: before.as_ref().map_or(1, |before| before.version),
            };
            match before {
                None => tx.accounts().add_credential(&credential).await?,
                Some(_) => tx.accounts().save_credential(&credential).await?,
            }
            let ended = end_others(tx, caller, pen.now).await?;
            let proof = evidence::Act::new()
                .say("account_id", subject)
                .seal("login", login.expose());
            pen.prove(tx, &actor, "accounts.set_password", subject, proof)
                .await?;
            Ok::<_, AccountError>(Set::Done(ended))
        })
        .await?;
        match set {
            Set::Done(ended) => Ok(ended),
            Set::Taken => Err(AccountError::LoginTaken),
            Set::WrongCode => Err(AccountError::WrongCode),
        }
    }
}

fn act_of_setting(caller: &Caller) -> Act {
    Act::on("set_password", caller.account_id.as_str())
}

impl Arrival {
    /// The login, told apart from the same one in another room.
    fn name(&self) -> String {
        format!("{}{}", self.names.realm(), self.shown.login.expose())
    }

    async fn enter(&self, tx: &mut Tx) -> Result<Entry, AccountError> {
        let (now, shown) = (self.pen.now, &self.shown);
        let found = self.names.find(tx, &shown.login).await?;
        let key = self.counter(tx, found.as_ref()).await?;
        let wrong = attempts::lately(tx, Guard::PasswordsFromPlace, &key, now).await?;
        let open = wrong < Guard::PasswordsFromPlace.most();
        // Compared outside the unit: it counts only while it is still the account's password.
        let fits = |found: &Credential| self.fits.as_ref() == Some(&found.password);
        let Some(credential) = found.filter(|found| fits(found) && open) else {
            // What comes to a closed door keeps it closed no longer.
            self.count_wrong(tx, open.then_some(&*key)).await?;
            self.audit(tx, "visitor", "WRONG_PASSWORD").await?;
            return Ok(match shown.otp {
                None => Entry::Promised,
                Some(_) => Entry::Refused,
            });
        };
        let asker = self.asker(&credential.account_id);
        let device = Device::of(&shown.visitor.agent);
        let act = Act::on(
            "sign_in",
            &format!("{}{}", self.names.realm(), device.as_str()),
        );
        let Some(typed) = &shown.otp else {
            self.promise(tx, &asker, &act).await?;
            return Ok(Entry::Promised);
        };
        let name = format!("account:{}", credential.account_id);
        if try_code(tx, &asker, OtpPurpose::SignIn, &act, typed, now).await? == Verdict::Refused {
            self.count_wrong(tx, Some(&key)).await?;
            self.audit(tx, &name, "WRONG_CODE").await?;
            return Ok(Entry::Refused);
        }
        let entered_as = credential.account_id;
        let account = tx.accounts().find(&entered_as).await?;
        let account = account.ok_or(StoreError::Corrupt {
            table: "credential",
            column: "account_id",
        })?;
        let account_id = match account.merged {
            Some((into, _)) => into,
            None => account.account_id,
        };
        let ended = end_earlier(tx, shown.earlier.as_ref(), now).await?;
        let session = open_session(tx, &account_id, entered_as, &self.session, now).await?;
        self.audit(tx, &name, "ok").await?;
        Ok(Entry::In(Box::new(
            self.session.signed_in(account_id, session, ended, now),
        )))
    }

    /// What wrong ones of a login are counted by: the place, or a device that is known to be its owner's. Who
    /// guesses behind the same address closes no door that the owner stands at.
    async fn counter(&self, tx: &mut Tx, found: Option<&Credential>) -> Result<String, StoreError> {
        let known = match &self.shown.earlier {
            Some(token) => known_device(tx, token, found).await?,
            None => None,
        };
        let from = known.map_or_else(|| self.shown.place.clone(), |family| family.to_string());
        Ok(format!("{}|{from}", self.name()))
    }

    /// One more wrong one for this login from this place, while its door is open, and for this place over all logins; who is
    /// shut out for it hears so at the next request, never by another answer to this one.
    async fn count_wrong(&self, tx: &mut Tx, open: Option<&str>) -> Result<(), StoreError> {
        if let Some(key) = open {
            let name = self.session.session_id().as_str();
            attempts::note(tx, Guard::PasswordsFromPlace, key, name, self.pen.now).await?;
        }
        let visitor = &self.shown.visitor;
        let from = watch::Origin {
            account: None,
            source: &visitor.source,
            trace_id: &visitor.trace_id,
        };
        watch::login(tx, from, &self.name(), &self.watching)
            .await
            .map(drop)
    }

    /// Sends a code, unless one was sent a moment ago or the day's are used up: the answer tells
    /// nothing of it, for only a fitting password leads here.
    async fn promise(&self, tx: &mut Tx, asker: &Caller, act: &Act) -> Result<(), AccountError> {
        let account = current_in(tx, &asker.account_id).await?;
        let Some(phone) = verified_phone_in(tx, &account).await? else {
            return self.audit(tx, "visitor", "NO_PHONE").await;
        };
        let purpose = OtpPurpose::SignIn;
        let otp = match ask(tx, asker, purpose, act, &self.draft).await {
            Ok(otp) => otp,
            Err(AccountError::CodeTooSoon { .. } | AccountError::TooManyCodes { .. }) => {
                return self.audit(tx, "visitor", "NO_CODE").await;
            }
            Err(error) => return Err(error),
        };
        let (id, ends, trace) = (&otp.otp_id, otp.expires_at, &asker.trace_id);
        arm(tx, id, purpose, ends, &phone, &self.draft, trace).await?;
        self.audit(tx, "visitor", "CODE_SENT").await
    }

    /// Somebody not signed in yet, as the codes know them: bound to the account until a session is.
    fn asker(&self, account_id: &AccountId) -> Caller {
        let door = SessionId::made(account_id.as_str().to_owned());
        Caller {
            account_id: account_id.clone(),
            session_id: door.clone(),
            family_id: door,
            source: self.shown.visitor.source.clone(),
            trace_id: self.shown.visitor.trace_id.clone(),
        }
    }

    async fn audit(&self, tx: &mut Tx, name: &str, outcome: &str) -> Result<(), AccountError> {
        let actor = Actor {
            name: name.to_owned(),
            source: self.shown.visitor.source.clone(),
            trace_id: self.shown.visitor.trace_id.clone(),
        };
        let subject = self.session.session_id().as_str();
        self.pen
            .audit(tx, &actor, "accounts.sign_in", subject, outcome)
            .await?;
        Ok(())
    }
}

/// The device whose session a browser's cookie still belongs to, when it is one of the login's owner.
async fn known_device(
    tx: &mut Tx,
    token: &Secret,
    found: Option<&Credential>,
) -> Result<Option<SessionId>, StoreError> {
    let refresh = tx.accounts().find_refresh(token).await?;
    let Some(refresh) = refresh.filter(|refresh| refresh.spent.is_none()) else {
        return Ok(None);
    };
    let session = tx.accounts().find_session(&refresh.session_id).await?;
    let owner = found.map(|found| &found.account_id);
    let is_theirs = |session: &Session| {
        let whose = [Some(&session.account_id), Some(&session.entered_as)];
        session.ended.is_none() && owner.is_some() && whose.contains(&owner)
    };
    Ok(session.filter(is_theirs).map(|session| session.family_id))
}

impl From<NotHashed> for AccountError {
    fn from(error: NotHashed) -> Self {
        match error {
            NotHashed::Busy => Self::Busy,
            NotHashed::Failed => Self::PasswordsBroken,
        }
    }
}
