//! Registration and activation: what is typed is matched with the grid-connection reserve, and only an
//! agreement makes an account or wakes one (PV-03, PV-13).

use super::account::{GenerationAccount, GenerationState};
use super::ending::end_in;
use super::keys::{KEY_DUE_S, KeyWanted};
use super::passwords::Chosen;
use super::ports::GenerationCredential;
use super::reserve::{Registration, Reserve};
use super::{Generation, GenerationError};
use crate::accounts::attempts::{Guard, seconds_to_next_day, within};
use crate::accounts::credential::Login;
use crate::accounts::passwords::PasswordHash;
use crate::accounts::{AccountError, Caller, Pen, certified_in};
use crate::evidence::Act;
use crate::settlement::ids::GenerationAccountId;
use crate::shared::ids::{EventId, Maker};
use crate::shared::time::Time;
use crate::store::{Tx, atomically, snapshot};

/// Ids and words of one unit, drawn before it.
struct Draft {
    pen: Pen,
    id: GenerationAccountId,
    wanted: KeyWanted,
    event_id: EventId,
}

impl Draft {
    fn ready(maker: &Maker<'_>) -> Self {
        let id: GenerationAccountId = maker.id();
        Self {
            pen: Pen::ready(maker),
            wanted: KeyWanted {
                generation_account_id: id.clone(),
                key_id: maker.id(),
            },
            id,
            event_id: maker.id(),
        }
    }
}

fn about(account: &GenerationAccount) -> Act {
    Act::new()
        .say("account_id", account.account_id.as_str())
        .say(
            "generation_account_id",
            account.generation_account_id.as_str(),
        )
        .say("contract_version", account.contract_version)
        .say("feed_in", account.feed_in.as_str())
}

/// The account as it stands when a reserve has agreed: its keys are wanted.
fn keyless(account: GenerationAccount, reserve: &Reserve, now: Time) -> GenerationAccount {
    GenerationAccount {
        generation_no: Some(reserve.generation_no.clone()),
        feed_in: reserve.feed_in,
        settlement_day: reserve.settlement_day,
        contract_version: reserve.contract_version,
        state: GenerationState::Keyless,
        termination_asked_at: None,
        next_at: Some(now.plus_seconds(KEY_DUE_S)),
        ended_at: None,
        ..account
    }
}

/// Whether a certified person is, as far as they are certified, the one of the reserve.
async fn may_be(tx: &mut Tx, caller: &Caller, reserve: &Reserve) -> Result<bool, GenerationError> {
    let certified = certified_in(tx, &caller.account_id).await?;
    Ok(certified.is_none_or(|person| person.id_no == reserve.identity.id_no))
}

fn too_often(now: Time) -> GenerationError {
    let retry_after_s = seconds_to_next_day(now);
    GenerationError::TooOften { retry_after_s }
}

/// Counts one more try against the number, over all accounts. Whoever is certified as the one whom its reserve
/// names is not held to it: others who type the number keep no owner out.
async fn count_number(
    tx: &mut Tx,
    caller: &Caller,
    typed: &Registration,
    reserve: Option<&Reserve>,
    now: Time,
) -> Result<(), GenerationError> {
    let certified = certified_in(tx, &caller.account_id).await?;
    let theirs = certified
        .zip(reserve)
        .is_some_and(|(person, reserve)| person.id_no == reserve.identity.id_no);
    let number = typed.generation_no.expose();
    if theirs || within(tx, Guard::RegistrationsOfGenerator, number, now).await? {
        Ok(())
    } else {
        Err(too_often(now))
    }
}

/// What agreed, unless the cooperation was ended under that contract: marketing may go on showing it for a while.
async fn not_ended<'r>(
    tx: &mut Tx,
    typed: &Registration,
    agreed: Option<&'r Reserve>,
) -> Result<Option<&'r Reserve>, GenerationError> {
    let ended = tx.generation().ended_under(&typed.generation_no).await?;
    let renewed = |reserve: &&Reserve| ended.is_none_or(|under| reserve.contract_version > under);
    Ok(agreed.filter(renewed))
}

/// Keeps the user name and password that a registration brought along. That a name is taken is told only
/// to somebody whose registration agreed, and nothing of it stays.
async fn first_password(
    tx: &mut Tx,
    caller: &Caller,
    account: &GenerationAccount,
    login: &Login,
    hash: &PasswordHash,
    pen: &Pen,
) -> Result<(), GenerationError> {
    if tx.generation().credential_by_login(login).await?.is_some() {
        return Err(AccountError::LoginTaken.into());
    }
    let id = &account.generation_account_id;
    let credential = GenerationCredential {
        generation_account_id: id.clone(),
        account_id: account.account_id.clone(),
        login: login.clone(),
        password: hash.clone(),
        changed_at: pen.now,
        version: 1,
    };
    tx.generation().add_credential(&credential).await?;
    let pen = pen.also_for("password");
    let proof = about(account).seal("login", login.expose());
    pen.prove(
        tx,
        &caller.actor(),
        "generation.set_password",
        id.as_str(),
        proof,
    )
    .await?;
    Ok(())
}

impl Generation {
    /// Counts one more try against the person. What their own limit refuses takes nothing from the number's.
    async fn count_try(&self, caller: &Caller) -> Result<(), GenerationError> {
        let now = self.maker().now();
        let counted = atomically(self.store(), async |tx: &mut Tx| {
            let account = caller.account_id.as_str();
            let guard = Guard::RegistrationsByAccount;
            Ok::<_, GenerationError>(within(tx, guard, account, now).await?)
        })
        .await?;
        if counted { Ok(()) } else { Err(too_often(now)) }
    }

    /// Registers a generator, with the user name and password chosen for it if they are (PV-04). A repeat
    /// by its owner answers the account that is there, as it is.
    pub async fn register(
        &self,
        caller: &Caller,
        typed: &Registration,
        chosen: Option<&Chosen>,
    ) -> Result<GenerationAccount, GenerationError> {
        self.count_try(caller).await?;
        let credential = self.hashed(chosen).await?;
        let reserve = self.ports.grid.reserved(&typed.generation_no).await?;
        let agreed = typed.agreed(reserve.as_ref(), 0);
        let draft = Draft::ready(&self.maker());
        let done = atomically(self.store(), async |tx: &mut Tx| {
            count_number(tx, caller, typed, reserve.as_ref(), draft.pen.now).await?;
            let there = tx.generation().by_no(&typed.generation_no).await?;
            let Some(reserve) = not_ended(tx, typed, agreed).await? else {
                return self.refused(tx, caller, &draft).await;
            };
            if !may_be(tx, caller, reserve).await? {
                return self.refused(tx, caller, &draft).await;
            }
            if let Some(there) = there {
                let id = &there.generation_account_id;
                let own = tx.generation().find(&caller.account_id, id).await?;
                if own.is_some() {
                    return Ok(Some(there));
                }
                if !self.give_way(tx, caller, there, &draft.pen).await? {
                    return self.refused(tx, caller, &draft).await;
                }
            }
            let account = self.add_in(tx, caller, reserve, &draft).await?;
            if let Some((login, hash)) = &credential {
                first_password(tx, caller, &account, login, hash, &draft.pen).await?;
            }
            Ok(Some(account))
        })
        .await?;
        done.ok_or(GenerationError::NotConfirmed)
    }

    async fn refused(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        draft: &Draft,
    ) -> Result<Option<GenerationAccount>, GenerationError> {
        let (actor, act) = (caller.actor(), "generation.register");
        let outcome = "GENERATOR_NOT_CONFIRMED";
        draft.pen.audit(tx, &actor, act, "", outcome).await?;
        Ok(None)
    }

    /// Whoever was never permitted gives way to another whose registration agrees too: knowing where a
    /// generator stands keeps nobody out of their own.
    async fn give_way(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        there: GenerationAccount,
        pen: &Pen,
    ) -> Result<bool, GenerationError> {
        let waiting = matches!(
            there.state,
            GenerationState::Keyless | GenerationState::Keyed
        );
        if waiting {
            let pen = pen.also_for("gives way");
            end_in(tx, &self.ports.rows, there, &caller.actor(), &pen).await?;
        }
        Ok(waiting)
    }

    async fn add_in(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        reserve: &Reserve,
        draft: &Draft,
    ) -> Result<GenerationAccount, GenerationError> {
        let now = draft.pen.now;
        let blank = GenerationAccount {
            generation_account_id: draft.id.clone(),
            account_id: caller.account_id.clone(),
            generation_no: None,
            feed_in: reserve.feed_in,
            settlement_day: reserve.settlement_day,
            contract_version: reserve.contract_version,
            state: GenerationState::Keyless,
            termination_asked_at: None,
            created_at: now,
            next_at: None,
            ended_at: None,
            version: 1,
        };
        let account = keyless(blank, reserve, now);
        tx.generation().add(&account).await?;
        tx.generation().forget_end(&reserve.generation_no).await?;
        self.want_key(tx, caller, &account, draft, "generation.registered")
            .await?;
        Ok(account)
    }

    async fn want_key(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        account: &GenerationAccount,
        draft: &Draft,
        kind: &str,
    ) -> Result<(), GenerationError> {
        let id = &account.generation_account_id;
        let wanted = KeyWanted {
            generation_account_id: id.clone(),
            ..draft.wanted.clone()
        };
        let event_id = draft.event_id.clone();
        let told = wanted.event(event_id, &caller.trace_id, draft.pen.now)?;
        tx.outbox().add(&told).await?;
        let (actor, act) = (caller.actor(), about(account));
        draft.pen.prove(tx, &actor, kind, id.as_str(), act).await?;
        Ok(())
    }

    /// Wakes an account whose cooperation is over: a renewed contract's reserve must agree with what is
    /// typed. New keys are made; a new table is opened by the next permission.
    pub async fn activate(
        &self,
        caller: &Caller,
        id: &GenerationAccountId,
        typed: &Registration,
    ) -> Result<GenerationAccount, GenerationError> {
        let mut view = snapshot(self.store()).await?;
        let owned = super::owned::own(&mut view, &caller.account_id, id).await?;
        drop(view);
        let owned = owned.ok_or(GenerationError::NotFound)?;
        if owned.account().state != GenerationState::Terminated {
            return Err(GenerationError::NotOver);
        }
        self.count_try(caller).await?;
        let reserve = self.ports.grid.reserved(&typed.generation_no).await?;
        let agreed = typed.agreed(reserve.as_ref(), owned.account().contract_version);
        let draft = Draft::ready(&self.maker());
        let done = atomically(self.store(), async |tx: &mut Tx| {
            count_number(tx, caller, typed, reserve.as_ref(), draft.pen.now).await?;
            let owned = super::owned::own_in(tx, &caller.account_id, id).await?;
            let account = owned.ok_or(GenerationError::NotFound)?.into_account();
            if account.state != GenerationState::Terminated {
                return Err(GenerationError::NotOver);
            }
            let there = tx.generation().by_no(&typed.generation_no).await?;
            let Some(reserve) = not_ended(tx, typed, agreed).await? else {
                return self.refused(tx, caller, &draft).await;
            };
            if !may_be(tx, caller, reserve).await? {
                return self.refused(tx, caller, &draft).await;
            }
            if let Some(there) = there
                && !self.give_way(tx, caller, there, &draft.pen).await?
            {
                return self.refused(tx, caller, &draft).await;
            }
            let account = keyless(account, reserve, draft.pen.now);
            tx.generation().save(&account).await?;
            tx.generation().forget_end(&typed.generation_no).await?;
            self.want_key(tx, caller, &account, &draft, "generation.activated")
                .await?;
            let version = account.version.saturating_add(1);
            Ok(Some(GenerationAccount { version, ..account }))
        })
        .await?;
        done.ok_or(GenerationError::NotConfirmed)
    }
}
