//! Who works here: add, renew the proofs of, confirm, change, end.

use super::error::OperatorError;
use super::right::{Right, Role};
use super::same_person::same_person;
use super::sign_in::{Acting, Operators};
use super::staff::{Login, PersonId, Proofs, Scope, Staff};
use super::step_up::{StepUp, step_up};
use super::totp::TotpSecret;
use crate::accounts::passwords::{Password, PasswordHash};
use crate::audit;
use crate::shared::ids::{Maker, StaffId};
use crate::shared::time::Time;
use crate::store::{StoreError, Tx, atomically, snapshot};

/// Characters of a password that we make: 20 of 62 are 119 bits.
const PASSWORD_CHARS: usize = 20;

/// What a new or renewed entry is given, to be shown once.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub login: Login,
    pub role: Role,
    pub password: Password,
    /// By the command line only: at the console another person hands it over ([`Operators::confirm`]).
    pub totp: Option<TotpSecret>,
}

/// The secret of somebody's codes, to be shown once.
#[derive(Debug, Clone)]
pub struct Codes {
    pub login: Login,
    pub totp: TotpSecret,
}

/// Who does it: somebody at the console, or whoever holds the machine.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// With a code of their phone: nobody else gives rights or takes them, or whoever finds a browser open could
    /// make themselves a second person, or send one away (money.md 3.11).
    Shown(&'a Acting, &'a str),
    CommandLine,
}

impl By<'_> {
    fn line(self, maker: Maker<'_>, act: &str, subject: &str, outcome: &str) -> audit::Line {
        let (id, now) = (maker.uuid(), maker.now());
        match self {
            Self::Shown(acting, _) => acting.line(id, now, act, subject, outcome),
            Self::CommandLine => audit::Line {
                audit_id: id,
                at: now,
                actor: "command_line".to_owned(),
                act: act.to_owned(),
                subject: subject.to_owned(),
                outcome: outcome.to_owned(),
                source: String::new(),
                trace_id: String::new(),
            },
        }
    }

    /// Whoever holds the machine vouches alone; at the console the codes are another person's to hand over.
    fn proofs(self) -> Proofs {
        let made_by = match self {
            Self::Shown(acting, _) => acting.actor(),
            Self::CommandLine => "command_line".to_owned(),
        };
        Proofs {
            confirmed_by: self.vouches().then(|| made_by.clone()),
            made_by,
        }
    }

    const fn vouches(self) -> bool {
        matches!(self, Self::CommandLine)
    }

    /// Nobody lifts or ends themselves: another administrator does.
    fn is(self, staff: &StaffId) -> bool {
        match self {
            Self::Shown(acting, _) => acting.staff.staff_id == *staff,
            Self::CommandLine => false,
        }
    }

    /// Whether who does it may still: somebody else may have ended them a moment ago.
    async fn administers(self, tx: &mut Tx) -> Result<bool, StoreError> {
        match self {
            Self::CommandLine => Ok(true),
            Self::Shown(acting, _) => {
                let found = tx.operators().find(&acting.staff.staff_id).await?;
                Ok(found.is_some_and(|staff| administers(&staff)))
            }
        }
    }

    /// At the console somebody stays who can hand over the other half of this person's proofs: neither they nor whoever
    /// makes the first half.
    fn leaves_a_second(self, whose: &Staff, all: &[Staff]) -> Result<(), OperatorError> {
        let Self::Shown(acting, _) = self else {
            return Ok(());
        };
        let stays = |one: &&Staff| administers(one) && one.staff_id != whose.staff_id;
        if !all.iter().any(|one| stays(&one)) {
            return Err(OperatorError::LastAdministrator);
        }
        let another = |one: &Staff| one.person != acting.staff.person && one.person != whose.person;
        if all.iter().filter(stays).any(another) {
            Ok(())
        } else {
            Err(OperatorError::NoOtherAdministrator)
        }
    }

    /// Whether it is really they who do it. A wrong code is counted, so the unit has to commit.
    async fn is_shown(self, tx: &mut Tx, now: Time) -> Result<bool, StoreError> {
        match self {
            Self::CommandLine => Ok(true),
            Self::Shown(acting, code) => Ok(step_up(tx, acting, code, now).await? == StepUp::Shown),
        }
    }
}

/// New proofs, before they are kept.
struct Fresh {
    given: Credentials,
    hash: PasswordHash,
    /// What the entry holds, whether it is given now or not.
    totp: TotpSecret,
}

fn administers(staff: &Staff) -> bool {
    staff.may(Right::ManageStaff)
}

impl Operators {
    /// Everybody, by login.
    ///
    /// # Errors
    /// The store's.
    pub async fn everybody(&self) -> Result<Vec<Staff>, OperatorError> {
        Ok(snapshot(&*self.store).await?.operators().list().await?)
    }

    /// The ids of everybody the person who acts is or was, under this login and others.
    ///
    /// # Errors
    /// The store's.
    pub async fn ids_of(&self, acting: &Acting) -> Result<Vec<String>, OperatorError> {
        let all = self.everybody().await?.into_iter();
        let theirs = all.filter(|one| one.person == acting.staff.person);
        Ok(theirs.map(|one| one.staff_id.as_str().to_owned()).collect())
    }

    /// A new person, with a password that is made here, and by the command line a secret for codes too.
    ///
    /// # Errors
    /// [`OperatorError::Code`], [`OperatorError::Taken`], [`OperatorError::PersonTaken`],
    /// [`OperatorError::NotAsThingsStand`] when who does it may no longer, or the store's or the hash's.
    pub async fn add(
        &self,
        login: &Login,
        person: PersonId,
        role: Role,
        scope: Scope,
        by: By<'_>,
    ) -> Result<Credentials, OperatorError> {
        let Fresh { given, hash, totp } = self.fresh(login, role, by).await?;
        let maker = self.maker();
        let staff = Staff {
            staff_id: maker.id(),
            login: login.clone(),
            person,
            role,
            scope,
            password: hash,
            proofs: by.proofs(),
            totp,
            totp_step: 0,
            failures: 0,
            locked_until: None,
            created_at: maker.now(),
            ended_at: None,
            version: 0,
        };
        let line = by.line(
            maker,
            "operators.add",
            staff.staff_id.as_str(),
            role.as_str(),
        );
        let (staff, line) = (&staff, &line);
        let added = atomically(&*self.store, async |tx: &mut Tx| {
            // Two entries of one person that are made at once would not see each other.
            tx.operators().take_turn().await?;
            if !by.administers(tx).await? {
                return Err(OperatorError::NotAsThingsStand);
            }
            if !by.is_shown(tx, staff.created_at).await? {
                return Ok::<_, OperatorError>(Err(OperatorError::Code));
            }
            let all = tx.operators().list().await?;
            if all.iter().any(|one| one.login == staff.login) {
                return Ok(Err(OperatorError::Taken));
            }
            let theirs = |one: &Staff| one.ended_at.is_none() && one.person == staff.person;
            if all.iter().any(theirs) {
                return Ok(Err(OperatorError::PersonTaken));
            }
            if !tx.operators().add(staff).await? {
                return Ok(Err(OperatorError::Taken));
            }
            tx.audit().append(line).await?;
            Ok(Ok(()))
        })
        .await?;
        added.map(|()| given)
    }

    /// New proofs for somebody who lost theirs. All their sessions end; a closed login opens. At the console an
    /// administrator stays who can hand over the other half, or nothing changes.
    ///
    /// # Errors
    /// [`OperatorError::Code`], [`OperatorError::NoSuch`], [`OperatorError::LastAdministrator`],
    /// [`OperatorError::NoOtherAdministrator`], [`OperatorError::NotAsThingsStand`] when who does it may no longer, or the store's or the hash's.
    pub async fn reset(&self, login: &Login, by: By<'_>) -> Result<Credentials, OperatorError> {
        let found = self.named(login).await?;
        let Fresh { given, hash, totp } = self.fresh(login, found.role, by).await?;
        let maker = self.maker();
        let line = by.line(maker, "operators.reset", found.staff_id.as_str(), "ok");
        let (now, id, line, totp) = (maker.now(), &found.staff_id, &line, &totp);
        let renewed = atomically(&*self.store, async |tx: &mut Tx| {
            tx.operators().take_turn().await?;
            if !by.administers(tx).await? {
                return Err(OperatorError::NotAsThingsStand);
            }
            if !by.is_shown(tx, now).await? {
                return Ok(false);
            }
            let staff = tx.operators().find(id).await?;
            let mut staff = staff.ok_or(OperatorError::NoSuch)?;
            if staff.ended_at.is_some() {
                return Err(OperatorError::NoSuch);
            }
            let all = tx.operators().list().await?;
            by.leaves_a_second(&staff, &all)?;
            staff.password = hash;
            staff.totp = totp.clone();
            staff.proofs = by.proofs();
            staff.succeed(0);
            tx.operators().save(&staff).await?;
            tx.operators().end_sessions_of(id, now).await?;
            tx.audit().append(line).await?;
            Ok(true)
        })
        .await?;
        renewed.then_some(given).ok_or(OperatorError::Code)
    }

    /// The other half of proofs that were made at the console: a secret for codes, handed over by another person than
    /// who made the password. Neither of the two can sign in as whoever it is for.
    ///
    /// # Errors
    /// [`OperatorError::Code`], [`OperatorError::SamePerson`] for who made them, [`OperatorError::NoSuch`],
    /// [`OperatorError::NotAsThingsStand`] when they were handed over or who does it may no longer, or the store's.
    pub async fn confirm(
        &self,
        login: &Login,
        acting: &Acting,
        code: &str,
    ) -> Result<Codes, OperatorError> {
        let by = By::Shown(acting, code);
        let found = self.named(login).await?;
        let given = Codes {
            login: login.clone(),
            totp: TotpSecret::made(&*self.entropy),
        };
        let maker = self.maker();
        let line = by.line(maker, "operators.confirm", found.staff_id.as_str(), "ok");
        let (now, id, line, totp) = (maker.now(), &found.staff_id, &line, &given.totp);
        let confirmed = atomically(&*self.store, async |tx: &mut Tx| {
            tx.operators().take_turn().await?;
            if !by.administers(tx).await? {
                return Err(OperatorError::NotAsThingsStand);
            }
            if !by.is_shown(tx, now).await? {
                return Ok::<_, OperatorError>(Err(OperatorError::Code));
            }
            let staff = tx.operators().find(id).await?;
            let mut staff = staff
                .filter(|staff| staff.ended_at.is_none())
                .ok_or(OperatorError::NoSuch)?;
            if staff.is_confirmed() {
                return Err(OperatorError::NotAsThingsStand);
            }
            let actor = acting.actor();
            if same_person(tx, &staff.proofs.made_by, &actor).await? {
                return Ok(Err(OperatorError::SamePerson));
            }
            staff.totp = totp.clone();
            staff.proofs.confirmed_by = Some(actor);
            staff.succeed(0);
            tx.operators().save(&staff).await?;
            tx.audit().append(line).await?;
            Ok(Ok(()))
        })
        .await?;
        confirmed.map(|()| given)
    }

    /// Another role or scope. Sessions end, so that what was allowed a moment ago is not any more.
    ///
    /// # Errors
    /// [`OperatorError::Code`], [`OperatorError::Oneself`], [`OperatorError::LastAdministrator`],
    /// [`OperatorError::NoSuch`], [`OperatorError::NotAsThingsStand`] when who does it was ended meanwhile, or the store's.
    pub async fn change(
        &self,
        login: &Login,
        role: Role,
        scope: &Scope,
        by: By<'_>,
    ) -> Result<(), OperatorError> {
        let outcome = format!("{} {}", role.as_str(), scope.text());
        self.alter(login, by, "operators.change", &outcome, |staff, _| {
            staff.role = role;
            staff.scope = scope.clone();
        })
        .await
    }

    /// Somebody stops working here.
    ///
    /// # Errors
    /// As [`Operators::change`].
    pub async fn end(&self, login: &Login, by: By<'_>) -> Result<(), OperatorError> {
        self.alter(login, by, "operators.end", "ok", |staff, now| {
            staff.ended_at = Some(now);
        })
        .await
    }

    async fn alter(
        &self,
        login: &Login,
        by: By<'_>,
        act: &str,
        outcome: &str,
        alter: impl Fn(&mut Staff, Time) + Send + Sync,
    ) -> Result<(), OperatorError> {
        let found = self.named(login).await?;
        let maker = self.maker();
        if by.is(&found.staff_id) {
            let line = by.line(maker, act, found.staff_id.as_str(), "oneself");
            let line = &line;
            atomically(&*self.store, async |tx: &mut Tx| {
                tx.audit().append(line).await?;
                Ok::<_, OperatorError>(())
            })
            .await?;
            return Err(OperatorError::Oneself);
        }
        let line = by.line(maker, act, found.staff_id.as_str(), outcome);
        let (now, id, line, alter) = (maker.now(), &found.staff_id, &line, &alter);
        let altered = atomically(&*self.store, async |tx: &mut Tx| {
            // Two administrators who end each other at once would each see the other stay.
            tx.operators().take_turn().await?;
            if !by.administers(tx).await? {
                return Err(OperatorError::NotAsThingsStand);
            }
            if !by.is_shown(tx, now).await? {
                return Ok(false);
            }
            let staff = tx.operators().find(id).await?;
            let mut staff = staff
                .filter(|staff| staff.ended_at.is_none())
                .ok_or(OperatorError::NoSuch)?;
            alter(&mut staff, now);
            tx.operators().save(&staff).await?;
            let all = tx.operators().list().await?;
            if !all.iter().any(administers) {
                return Err(OperatorError::LastAdministrator);
            }
            tx.operators().end_sessions_of(id, now).await?;
            tx.audit().append(line).await?;
            Ok(true)
        })
        .await?;
        altered.then_some(()).ok_or(OperatorError::Code)
    }

    async fn named(&self, login: &Login) -> Result<Staff, OperatorError> {
        let found = snapshot(&*self.store)
            .await?
            .operators()
            .by_login(login)
            .await?;
        found.ok_or(OperatorError::NoSuch)
    }

    async fn fresh(&self, login: &Login, role: Role, by: By<'_>) -> Result<Fresh, OperatorError> {
        let maker = self.maker();
        let password = Password::typed(maker.base62(PASSWORD_CHARS));
        let password = password.map_err(|_| crate::accounts::passwords::NotHashed::Failed)?;
        let hash = self.passwords.hash(&password).await?;
        let totp = TotpSecret::made(&*self.entropy);
        let given = Credentials {
            login: login.clone(),
            role,
            password,
            totp: by.vouches().then(|| totp.clone()),
        };
        Ok(Fresh { given, hash, totp })
    }
}
