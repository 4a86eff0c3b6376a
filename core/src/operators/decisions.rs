//! Four eyes: one person proposes how a case ends, another lets it happen or refuses it.

use super::error::OperatorError;
use super::sign_in::{Acting, Operators};
use crate::cases::Case;
use crate::cases::decision::{Part, Proposal, ProposalState, REASON_CHARS, Resolution, Taking};
use crate::shared::ids::CaseId;
use crate::store::{Tx, atomically, snapshot};

/// What somebody proposes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan<'a> {
    pub resolution: Resolution,
    /// How much of which line, where the resolution is about a part.
    pub parts: &'a [Part],
    pub reason: &'a str,
}

/// A case with what was proposed about it, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Docket {
    pub case: Case,
    pub proposals: Vec<Proposal>,
}

impl Docket {
    /// The proposal that waits for another person.
    #[must_use]
    pub fn waiting(&self) -> Option<&Proposal> {
        let open = |one: &&Proposal| one.state == ProposalState::Open;
        self.proposals.iter().find(open)
    }

    /// The proposal that was agreed to while the case is still open: it has to be carried out.
    #[must_use]
    pub fn agreed(&self) -> Option<&Proposal> {
        let agreed = |one: &&Proposal| one.state == ProposalState::Approved;
        self.proposals.iter().find(agreed)
    }
}

impl Operators {
    /// Open cases, oldest first; `after` is the last one seen.
    ///
    /// # Errors
    /// The store's.
    pub async fn open_cases(
        &self,
        after: Option<&CaseId>,
        limit: i64,
    ) -> Result<Vec<Case>, OperatorError> {
        let mut view = snapshot(&*self.store).await?;
        Ok(view.cases().list_open(after, limit).await?)
    }

    /// A case with its proposals.
    ///
    /// # Errors
    /// [`OperatorError::NoSuch`], or the store's.
    pub async fn docket(&self, id: &CaseId) -> Result<Docket, OperatorError> {
        let mut view = snapshot(&*self.store).await?;
        let case = view.cases().find(id).await?;
        Ok(Docket {
            case: case.ok_or(OperatorError::NoSuch)?,
            proposals: view.cases().proposals(id).await?,
        })
    }

    /// Who has taken up which open cases.
    ///
    /// # Errors
    /// The store's.
    pub async fn takings(&self) -> Result<Vec<Taking>, OperatorError> {
        let mut view = snapshot(&*self.store).await?;
        Ok(view.cases().takings().await?)
    }

    /// Takes a case up, or gives it back. Taking decides nothing: whoever may still proposes.
    ///
    /// # Errors
    /// [`OperatorError::NotAsThingsStand`] when somebody else has it, or the store's.
    pub async fn take(&self, acting: &Acting, id: &CaseId, up: bool) -> Result<(), OperatorError> {
        let maker = self.maker();
        let taking = Taking {
            case_id: id.clone(),
            taken_by: acting.actor(),
            taken_at: maker.now(),
        };
        let act = if up { "cases.take" } else { "cases.give_back" };
        let line = acting.line(maker.uuid(), maker.now(), act, id.as_str(), "ok");
        let (taking, line) = (&taking, &line);
        atomically(&*self.store, async |tx: &mut Tx| {
            let moved = if up {
                tx.cases().take(taking).await?
            } else {
                tx.cases().give_back(id, &taking.taken_by).await?
            };
            if !moved {
                return Err(OperatorError::NotAsThingsStand);
            }
            tx.audit().append(line).await?;
            Ok(())
        })
        .await
    }

    /// Proposes how a case ends. One proposal waits at a time.
    ///
    /// # Errors
    /// [`OperatorError::NotAsThingsStand`], [`OperatorError::NoSuch`], or the store's.
    pub async fn propose(
        &self,
        acting: &Acting,
        id: &CaseId,
        plan: Plan<'_>,
    ) -> Result<(), OperatorError> {
        let Plan {
            resolution,
            parts,
            reason,
        } = plan;
        if !REASON_CHARS.contains(&reason.chars().count()) {
            return Err(OperatorError::Reason);
        }
        let maker = self.maker();
        let proposal = Proposal {
            proposal_id: maker.uuid(),
            case_id: id.clone(),
            resolution,
            parts: parts.to_vec(),
            reason: reason.to_owned(),
            proposed_by: acting.actor(),
            proposed_at: maker.now(),
            state: ProposalState::Open,
            decided_by: None,
            decided_at: None,
        };
        let line = acting.line(
            maker.uuid(),
            maker.now(),
            "cases.propose",
            id.as_str(),
            resolution.as_str(),
        );
        let (proposal, line) = (&proposal, &line);
        atomically(&*self.store, async |tx: &mut Tx| {
            let case = tx.cases().find(id).await?;
            let case = case.ok_or(OperatorError::NoSuch)?;
            let permitted =
                case.kind.resolutions().contains(&resolution) && resolution.goes_with(parts);
            if case.closed_at.is_some() || !permitted || !tx.cases().propose(proposal).await? {
                return Err(OperatorError::NotAsThingsStand);
            }
            tx.audit().append(line).await?;
            Ok(())
        })
        .await
    }

    /// Another person lets a proposal happen, or refuses it. What is agreed to is carried out by
    /// whoever holds the room it belongs to; [`Operators::carried_out`] closes the case then.
    ///
    /// # Errors
    /// [`OperatorError::SamePerson`] (in the audit too), [`OperatorError::NotAsThingsStand`], or the store's.
    pub async fn judge(
        &self,
        acting: &Acting,
        id: &CaseId,
        agree: bool,
    ) -> Result<Proposal, OperatorError> {
        let docket = self.docket(id).await?;
        let waiting = docket.waiting().ok_or(OperatorError::NotAsThingsStand)?;
        if waiting.proposed_by == acting.actor() {
            self.note(acting, "cases.approve", id.as_str(), "same_person")
                .await?;
            return Err(OperatorError::SamePerson);
        }
        let (state, act) = if agree {
            (ProposalState::Approved, "cases.approve")
        } else {
            (ProposalState::Refused, "cases.refuse")
        };
        let maker = self.maker();
        let decided = Proposal {
            state,
            decided_by: Some(acting.actor()),
            decided_at: Some(maker.now()),
            ..waiting.clone()
        };
        let word = waiting.resolution.as_str();
        let line = acting.line(maker.uuid(), maker.now(), act, id.as_str(), word);
        let (decided, line) = (&decided, &line);
        atomically(&*self.store, async |tx: &mut Tx| {
            if !tx.cases().judge(decided).await? {
                return Err(OperatorError::NotAsThingsStand);
            }
            tx.audit().append(line).await?;
            Ok(())
        })
        .await?;
        Ok(decided.clone())
    }

    /// What was agreed to has been done: the case is closed.
    ///
    /// # Errors
    /// The store's.
    pub async fn carried_out(&self, acting: &Acting, id: &CaseId) -> Result<(), OperatorError> {
        let maker = self.maker();
        let now = maker.now();
        let line = acting.line(maker.uuid(), now, "cases.close", id.as_str(), "ok");
        let line = &line;
        atomically(&*self.store, async |tx: &mut Tx| {
            if tx.cases().close(id, now).await? {
                tx.audit().append(line).await?;
            }
            Ok(())
        })
        .await
    }
}
