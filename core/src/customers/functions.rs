//! Opening and suspending the functions by which a person's money moves (EC-21): one person proposes,
//! another decides, the household is told.

use serde::Serialize;

use super::error::CustomerError;
use super::judging::Judging;
use super::{Customers, in_scope};
use crate::cases::four_eyes::{Judgement, Proposed};
use crate::operators::Acting;
use crate::outbox::Event;
use crate::shared::ids::{AccountId, EventId};
use crate::shared::time::Time;
use crate::store::{StoreError, Tx, atomically, snapshot};

/// To the person: a function was suspended for them, or opened again.
pub const FUNCTION_MOVED: &str = "customers.function_moved";

/// A function by which money moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BankFunction {
    Pay,
    AutoDebit,
}

impl BankFunction {
    pub const ALL: [Self; 2] = [Self::Pay, Self::AutoDebit];

    /// Its name among the functions of the figures.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pay => "pay",
            Self::AutoDebit => "auto_debit",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }
}

/// How somebody wants a function to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Open,
    Suspended,
}

impl Wanted {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Suspended => "suspended",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Suspended]
            .into_iter()
            .find(|one| one.as_str() == text)
    }
}

/// How somebody wants a function to stand for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    pub account_id: AccountId,
    pub function: BankFunction,
    pub wanted: Wanted,
}

impl Move {
    pub(super) fn outcome(&self) -> String {
        format!("{}_{}", self.function.as_str(), self.wanted.as_str())
    }
}

/// One person's proposal how a function is to stand for somebody.
pub type FunctionProposal = Proposed<Move>;

/// How a person's functions stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Functions {
    /// Those suspended, and since when.
    pub suspended: Vec<(BankFunction, Time)>,
    /// Newest first.
    pub proposals: Vec<FunctionProposal>,
}

/// Body of [`FUNCTION_MOVED`].
#[derive(Serialize)]
struct Moved<'a> {
    account_id: &'a AccountId,
    function: &'static str,
    state: &'static str,
    happened_at: String,
}

const PROPOSALS_SHOWN: i64 = 20;

impl Customers {
    /// How somebody's functions stand.
    ///
    /// # Errors
    /// The store's.
    pub async fn functions(&self, account: &AccountId) -> Result<Functions, CustomerError> {
        let mut view = snapshot(&*self.store).await?;
        Ok(Functions {
            suspended: view.customers().suspended_for(account).await?,
            proposals: view
                .customers()
                .function_proposals(account, PROPOSALS_SHOWN)
                .await?,
        })
    }

    /// Everybody's suspended functions: what the line turns away.
    ///
    /// # Errors
    /// The store's.
    pub async fn suspended(&self) -> Result<Vec<(AccountId, BankFunction)>, CustomerError> {
        let mut view = snapshot(&*self.store).await?;
        Ok(view.customers().suspended().await?)
    }

    /// Proposes how a function is to stand; one proposal of a function waits at a time.
    ///
    /// # Errors
    /// [`CustomerError::Reason`], [`CustomerError::NotAsThingsStand`] when it stands so already or a
    /// proposal waits, [`CustomerError::OutOfScope`], [`CustomerError::NoSuch`], or the store's.
    pub async fn propose_function(
        &self,
        acting: &Acting,
        account: &AccountId,
        function: BankFunction,
        wanted: Wanted,
        reason: &str,
    ) -> Result<(), CustomerError> {
        let maker = self.maker();
        let what = Move {
            account_id: account.clone(),
            function,
            wanted,
        };
        let outcome = what.outcome();
        let proposal = Proposed::new(&maker, acting.actor(), what, reason);
        let proposal = proposal.ok_or(CustomerError::Reason)?;
        let line = acting.line(
            maker.uuid(),
            maker.now(),
            "customers.propose_function",
            account.as_str(),
            &outcome,
        );
        let (proposal, line) = (&proposal, &line);
        atomically(&*self.store, async |tx: &mut Tx| {
            tx.customers().turn(account).await?;
            in_scope(tx, acting, account, proposal.proposed_at).await?;
            let suspended = tx.customers().suspended_for(account).await?;
            let is = suspended.iter().any(|(one, _)| *one == function);
            let moves = is == (wanted == Wanted::Open);
            if !moves || !tx.customers().propose_function(proposal).await? {
                return Err(CustomerError::NotAsThingsStand);
            }
            tx.audit().append(line).await?;
            Ok(())
        })
        .await
    }

    /// Another person lets a proposal happen, or refuses it; `shown` is the id of the one their page showed.
    ///
    /// # Errors
    /// [`CustomerError::SamePerson`], [`CustomerError::NotAsThingsStand`],
    /// [`CustomerError::OutOfScope`], [`CustomerError::NoSuch`], or the store's.
    pub async fn judge_function(
        &self,
        acting: &Acting,
        account: &AccountId,
        function: BankFunction,
        (shown, judgement): (Option<&str>, Judgement),
    ) -> Result<(), CustomerError> {
        let maker = self.maker();
        let acts = ["customers.approve_function", "customers.refuse_function"];
        let word = Word {
            judging: Judging::new(&maker, acting, (shown, judgement), acts, account.as_str()),
            event_id: maker.id(),
        };
        let word = &word;
        let given = atomically(&*self.store, async |tx: &mut Tx| {
            word.give(tx, account, function).await
        })
        .await?;
        if given {
            Ok(())
        } else {
            Err(CustomerError::SamePerson)
        }
    }
}

/// What judging a function takes, made before the unit.
struct Word<'a> {
    judging: Judging<'a>,
    event_id: EventId,
}

impl Word<'_> {
    /// False when it was their own proposal: nothing but the line of the audit is written then.
    async fn give(
        &self,
        tx: &mut Tx,
        account: &AccountId,
        function: BankFunction,
    ) -> Result<bool, CustomerError> {
        let judging = &self.judging;
        tx.customers().turn(account).await?;
        in_scope(tx, judging.acting, account, judging.now).await?;
        let found = tx.customers().function_proposals(account, PROPOSALS_SHOWN);
        let waits = |one: &FunctionProposal| one.what.function == function && one.waits();
        let waiting = found.await?.into_iter().find(waits);
        let Some(decided) = judging.judge(tx, waiting).await? else {
            return Ok(false);
        };
        if !tx.customers().judge_function(&decided).await? {
            return Err(CustomerError::NotAsThingsStand);
        }
        if judging.judgement == Judgement::Agree {
            match decided.what.wanted {
                Wanted::Suspended => tx.customers().suspend(&decided, judging.now).await?,
                Wanted::Open => tx.customers().lift(account, function).await?,
            }
            let (id, acting) = (self.event_id.clone(), judging.acting);
            let told = news(&decided.what, id, (judging.now, acting.trace_id.as_str()))?;
            tx.outbox().add(&told).await?;
        }
        judging.note(tx, &decided.what.outcome()).await?;
        Ok(true)
    }
}

/// What the person is told about a function of theirs.
pub(super) fn news(
    what: &Move,
    event_id: EventId,
    (at, trace_id): (Time, &str),
) -> Result<Event, StoreError> {
    let body = Moved {
        account_id: &what.account_id,
        function: what.function.as_str(),
        state: what.wanted.as_str(),
        happened_at: at.rfc3339(),
    };
    let key = format!("person:{}", what.account_id);
    Event::new(event_id, FUNCTION_MOVED, key, &body, at, trace_id)
}
