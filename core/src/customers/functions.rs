//! Opening and suspending the functions by which a person's money moves (EC-21): one person proposes,
//! another decides, the household is told.

use serde::Serialize;

use super::error::CustomerError;
use super::{Customers, in_scope};
use crate::audit;
use crate::cases::decision::{ProposalState, REASON_CHARS};
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

/// One person's proposal how a function is to stand for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionProposal {
    pub proposal_id: String,
    pub account_id: AccountId,
    pub function: BankFunction,
    pub wanted: Wanted,
    pub reason: String,
    /// `staff:{id}`.
    pub proposed_by: String,
    pub proposed_at: Time,
    pub state: ProposalState,
    pub decided_by: Option<String>,
    pub decided_at: Option<Time>,
}

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
        if !REASON_CHARS.contains(&reason.chars().count()) {
            return Err(CustomerError::Reason);
        }
        let maker = self.maker();
        let proposal = FunctionProposal {
            proposal_id: maker.uuid(),
            account_id: account.clone(),
            function,
            wanted,
            reason: reason.to_owned(),
            proposed_by: acting.actor(),
            proposed_at: maker.now(),
            state: ProposalState::Open,
            decided_by: None,
            decided_at: None,
        };
        let outcome = format!("{}_{}", function.as_str(), wanted.as_str());
        let line = acting.line(
            maker.uuid(),
            maker.now(),
            "customers.propose_function",
            account.as_str(),
            &outcome,
        );
        let (proposal, line) = (&proposal, &line);
        atomically(&*self.store, async |tx: &mut Tx| {
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

    /// Another person lets a proposal happen, or refuses it.
    ///
    /// # Errors
    /// [`CustomerError::SamePerson`], [`CustomerError::NotAsThingsStand`],
    /// [`CustomerError::OutOfScope`], [`CustomerError::NoSuch`], or the store's.
    pub async fn judge_function(
        &self,
        acting: &Acting,
        account: &AccountId,
        function: BankFunction,
        agree: bool,
    ) -> Result<(), CustomerError> {
        let maker = self.maker();
        let judging = Judging {
            acting,
            now: maker.now(),
            audit_id: maker.uuid(),
            event_id: maker.id(),
            agree,
        };
        let judging = &judging;
        let same = atomically(&*self.store, async |tx: &mut Tx| {
            judging.decide(tx, account, function).await
        })
        .await?;
        if same {
            Err(CustomerError::SamePerson)
        } else {
            Ok(())
        }
    }
}

struct Judging<'a> {
    acting: &'a Acting,
    now: Time,
    audit_id: String,
    event_id: EventId,
    agree: bool,
}

impl Judging<'_> {
    fn line(&self, account: &AccountId, outcome: &str) -> audit::Line {
        let act = if self.agree {
            "customers.approve_function"
        } else {
            "customers.refuse_function"
        };
        let id = self.audit_id.clone();
        self.acting
            .line(id, self.now, act, account.as_str(), outcome)
    }

    /// True when it was their own proposal: nothing but the line of the audit is written then.
    async fn decide(
        &self,
        tx: &mut Tx,
        account: &AccountId,
        function: BankFunction,
    ) -> Result<bool, CustomerError> {
        in_scope(tx, self.acting, account, self.now).await?;
        let found = tx.customers().function_proposals(account, PROPOSALS_SHOWN);
        let waits =
            |one: &FunctionProposal| one.function == function && one.state == ProposalState::Open;
        let waiting = found.await?.into_iter().find(waits);
        let waiting = waiting.ok_or(CustomerError::NotAsThingsStand)?;
        if waiting.proposed_by == self.acting.actor() {
            tx.audit()
                .append(&self.line(account, "same_person"))
                .await?;
            return Ok(true);
        }
        let decided = FunctionProposal {
            state: if self.agree {
                ProposalState::Approved
            } else {
                ProposalState::Refused
            },
            decided_by: Some(self.acting.actor()),
            decided_at: Some(self.now),
            ..waiting
        };
        if !tx.customers().judge_function(&decided).await? {
            return Err(CustomerError::NotAsThingsStand);
        }
        if self.agree {
            match decided.wanted {
                Wanted::Suspended => tx.customers().suspend(&decided, self.now).await?,
                Wanted::Open => tx.customers().lift(account, function).await?,
            }
            tx.outbox().add(&self.news(&decided)?).await?;
        }
        let outcome = format!("{}_{}", function.as_str(), decided.wanted.as_str());
        tx.audit().append(&self.line(account, &outcome)).await?;
        Ok(false)
    }

    fn news(&self, decided: &FunctionProposal) -> Result<Event, StoreError> {
        let body = Moved {
            account_id: &decided.account_id,
            function: decided.function.as_str(),
            state: decided.wanted.as_str(),
            happened_at: self.now.rfc3339(),
        };
        let body = serde_json::to_string(&body).map_err(|_| StoreError::Corrupt {
            table: "outbox",
            column: "body",
        })?;
        Ok(Event {
            event_id: self.event_id.clone(),
            kind: FUNCTION_MOVED.to_owned(),
            ordering_key: format!("person:{}", decided.account_id),
            body,
            trace_id: self.acting.trace_id.clone(),
            created_at: self.now,
            available_at: self.now,
            money: false,
        })
    }
}
