//! User name and password of a generation account (PV-04), a way in beside Alipay.
//!
//! They are chosen with the registration, and set, changed or reset later by a code to the owner's own
//! phone. Signing in by them is [`PasswordDoor`]'s work: the same locks, the same equal answers, and a
//! code after the password, so that the password alone reaches nothing (money.md 3.14). They outlive the
//! cooperation: its end leaves signing in (PV-12).

use async_trait::async_trait;

use super::ports::GenerationCredential;
use super::{Generation, GenerationError};
use crate::accounts::codes::{CodeDraft, CodePromise, PROMISE, ask_own, try_code};
use crate::accounts::credential::{Credential, Login};
use crate::accounts::otp::{Act as OtpAct, OtpPurpose, Verdict};
use crate::accounts::passwords::{Password, PasswordHash};
use crate::accounts::rotation::end_others;
use crate::accounts::{AccountError, Caller, Came, Names, PasswordDoor, Pen, Secret, Shown};
use crate::evidence::Act;
use crate::settlement::ids::GenerationAccountId;
use crate::shared::ids::SessionId;
use crate::store::{StoreError, Tx, atomically};

/// What an owner wants to sign in with.
#[derive(Debug, Clone)]
pub struct Chosen {
    pub login: Login,
    pub password: Password,
}

/// The user names of generation accounts.
#[derive(Debug)]
pub struct GenerationNames;

#[async_trait]
impl Names for GenerationNames {
    fn realm(&self) -> &'static str {
        "generation:"
    }

    async fn find(&self, tx: &mut Tx, login: &Login) -> Result<Option<Credential>, StoreError> {
        let found = tx.generation().credential_by_login(login).await?;
        Ok(found.map(|found| Credential {
            account_id: found.account_id,
            login: found.login,
            password: found.password,
            changed_at: found.changed_at,
            version: found.version,
        }))
    }
}

/// Signing in as the owner of a generation account.
#[derive(Debug, Clone)]
pub struct GenerationDoor(PasswordDoor);

impl GenerationDoor {
    /// Takes a door over [`GenerationNames`].
    #[must_use]
    pub const fn new(door: PasswordDoor) -> Self {
        Self(door)
    }

    /// First without a code, then with the one that was sent to the owner's phone.
    pub async fn enter(&self, shown: Shown) -> Result<Came, AccountError> {
        self.0.enter(shown).await
    }
}

enum Set {
    Done(Vec<SessionId>),
    Taken,
    WrongCode,
}

fn act_of_setting(id: &GenerationAccountId) -> OtpAct {
    OtpAct::on("set_generation_password", id.as_str())
}

/// Whether another generation account signs in by this name.
async fn is_anothers(
    tx: &mut Tx,
    login: &Login,
    id: &GenerationAccountId,
) -> Result<bool, StoreError> {
    let holder = tx.generation().credential_by_login(login).await?;
    Ok(holder.is_some_and(|holder| holder.generation_account_id != *id))
}

impl Generation {
    /// The hash of what a registration brings along.
    pub(super) async fn hashed(
        &self,
        chosen: Option<&Chosen>,
    ) -> Result<Option<(Login, PasswordHash)>, GenerationError> {
        let Some(chosen) = chosen else {
            return Ok(None);
        };
        let hash = self.ports.passwords.hash(&chosen.password).await;
        let hash = hash.map_err(AccountError::from)?;
        Ok(Some((chosen.login.clone(), hash)))
    }

    /// Sends the code that a change of user name or password wants, to the owner's own phone.
    pub async fn ask_password_code(
        &self,
        caller: &Caller,
        id: &GenerationAccountId,
    ) -> Result<CodePromise, GenerationError> {
        let maker = self.maker();
        let draft = CodeDraft::ready(&maker, self.ports.code_budget);
        let (pen, act) = (Pen::ready(&maker), act_of_setting(id));
        atomically(self.store(), async |tx: &mut Tx| {
            let owned = super::owned::own_in(tx, &caller.account_id, id).await?;
            owned.ok_or(GenerationError::NotFound)?;
            ask_own(tx, caller, OtpPurpose::SetPassword, &act, &draft, &pen).await?;
            Ok::<_, GenerationError>(())
        })
        .await?;
        Ok(PROMISE)
    }

    /// Sets user name and password by the code sent to the owner's own phone, and ends the owner's
    /// other sessions; their ids.
    pub async fn set_password(
        &self,
        caller: &Caller,
        id: &GenerationAccountId,
        chosen: &Chosen,
        typed: &Secret,
    ) -> Result<Vec<SessionId>, GenerationError> {
        let hash = self.ports.passwords.hash(&chosen.password).await;
        let hash = hash.map_err(AccountError::from)?;
        let (pen, act) = (Pen::ready(&self.maker()), act_of_setting(id));
        let set = atomically(self.store(), async |tx: &mut Tx| {
            let owned = super::owned::own_in(tx, &caller.account_id, id).await?;
            let account = owned.ok_or(GenerationError::NotFound)?.into_account();
            let (actor, subject) = (caller.actor(), id.as_str());
            let kind = "generation.set_password";
            let purpose = OtpPurpose::SetPassword;
            if try_code(tx, caller, purpose, &act, typed, pen.now).await? == Verdict::Refused {
                pen.audit(tx, &actor, kind, subject, "WRONG_CODE").await?;
                return Ok(Set::WrongCode);
            }
            if is_anothers(tx, &chosen.login, id).await? {
                // The code stays spent: one code, one answer about a name.
                pen.audit(tx, &actor, kind, subject, "LOGIN_TAKEN").await?;
                return Ok(Set::Taken);
            }
            let before = tx.generation().credential(id).await?;
            let credential = GenerationCredential {
                generation_account_id: id.clone(),
                account_id: account.account_id,
                login: chosen.login.clone(),
                password: hash.clone(),
                changed_at: pen.now,
                version: before.as_ref().map_or(1, |before| before.version),
            };
            match before {
                None => tx.generation().add_credential(&credential).await?,
                Some(_) => tx.generation().save_credential(&credential).await?,
            }
            let ended = end_others(tx, caller, pen.now).await?;
            let proof = Act::new()
                .say("account_id", caller.account_id.as_str())
                .say("generation_account_id", subject)
                .seal("login", chosen.login.expose());
            pen.prove(tx, &actor, kind, subject, proof).await?;
            Ok::<_, GenerationError>(Set::Done(ended))
        })
        .await?;
        match set {
            Set::Done(ended) => Ok(ended),
            Set::Taken => Err(AccountError::LoginTaken.into()),
            Set::WrongCode => Err(AccountError::WrongCode.into()),
        }
    }
}
