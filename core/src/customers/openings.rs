//! Opening a user on application (EC-20): applied for by the household or at the counter, checked by one
//! person, opened or refused by another; the household is told.

use super::error::CustomerError;
use super::{Customers, Glimpse, in_scope, regions, within};
use crate::accounts::known::known;
use crate::accounts::{Actor, Pen};
use crate::bindings::known::links_of;
use crate::cases::decision::{ProposalState, REASON_CHARS};
use crate::operators::Acting;
use crate::requests::RequestError;
use crate::requests::openings::{self, Clerk, Verdict};
use crate::requests::request::{Check, Request};
use crate::shared::ids::{AccountId, RequestId};
use crate::shared::time::Time;
use crate::store::{Tx, View, atomically, snapshot};

/// Applications on one page, and those looked at for it: a small region's page may be short.
const PAGE: usize = 50;
const LOOKED_AT_MAX: i64 = 500;
const PROPOSALS_SHOWN: i64 = 20;

/// One person's proposal what becomes of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpeningProposal {
    pub proposal_id: String,
    pub request_id: RequestId,
    pub account_id: AccountId,
    pub verdict: Verdict,
    /// The proposer's words; the household is told the verdict's own.
    pub reason: String,
    /// `staff:{id}`.
    pub proposed_by: String,
    pub proposed_at: Time,
    pub state: ProposalState,
    pub decided_by: Option<String>,
    pub decided_at: Option<Time>,
}

/// An application with whose it is.
#[derive(Debug, Clone)]
pub struct Application {
    pub request: Request,
    pub person: Glimpse,
    /// Newest first.
    pub proposals: Vec<OpeningProposal>,
}

impl Application {
    /// It waits for staff, and nobody has proposed anything that waits.
    #[must_use]
    pub fn awaits_a_proposal(&self) -> bool {
        self.request.check == Some(Check::Waiting) && self.waiting().is_none()
    }

    #[must_use]
    pub fn waiting(&self) -> Option<&OpeningProposal> {
        let open = |one: &&OpeningProposal| one.state == ProposalState::Open;
        self.proposals.iter().find(open)
    }
}

/// A page of applications, and behind which it goes on.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub applications: Vec<Application>,
    pub next: Option<RequestId>,
}

impl Customers {
    /// Applications that wait for staff within the scope, the longest waiting first.
    ///
    /// # Errors
    /// The store's.
    pub async fn applications(
        &self,
        acting: &Acting,
        behind: Option<&RequestId>,
    ) -> Result<Waiting, CustomerError> {
        let mut view = snapshot(&*self.store).await?;
        let found = openings::waiting(&mut view, behind, LOOKED_AT_MAX).await?;
        let all = i64::try_from(found.len()).is_ok_and(|n| n < LOOKED_AT_MAX);
        let mut applications = Vec::new();
        let mut next = None;
        let last = found.last().map(|one| one.request_id.clone());
        for request in found {
            let id = request.request_id.clone();
            match self.whole(&mut view, acting, request).await {
                Ok(application) => applications.push(application),
                Err(CustomerError::OutOfScope | CustomerError::NoSuch) => {}
                Err(error) => return Err(error),
            }
            let more = Some(&id) != last.as_ref();
            if applications.len() >= PAGE || !more {
                next = (more || !all).then_some(id);
                break;
            }
        }
        Ok(Waiting { applications, next })
    }

    /// One application. That it was opened is in the audit.
    ///
    /// # Errors
    /// [`CustomerError::NoSuch`], [`CustomerError::OutOfScope`], or the store's.
    pub async fn application(
        &self,
        acting: &Acting,
        account: &AccountId,
        id: &RequestId,
    ) -> Result<Application, CustomerError> {
        let application = {
            let mut view = snapshot(&*self.store).await?;
            let request = openings::application(&mut view, account, id).await?;
            let request = request.ok_or(CustomerError::NoSuch)?;
            self.whole(&mut view, acting, request).await?
        };
        self.note(acting, "customers.open_application", id.as_str(), "ok")
            .await?;
        Ok(application)
    }

    async fn whole(
        &self,
        view: &mut View,
        acting: &Acting,
        request: Request,
    ) -> Result<Application, CustomerError> {
        let account = known(view, &request.account_id).await?;
        let account = account.ok_or(CustomerError::NoSuch)?;
        let links = links_of(view, &request.account_id, self.clock.now()).await?;
        if !within(&acting.staff.scope, &regions(&links)) {
            return Err(CustomerError::OutOfScope);
        }
        let proposals = view
            .customers()
            .opening_proposals(&request.request_id, PROPOSALS_SHOWN)
            .await?;
        Ok(Application {
            request,
            person: Glimpse::of(&account, &links),
            proposals,
        })
    }

    /// Writes an application down for a customer at the counter.
    ///
    /// # Errors
    /// [`CustomerError::Faulty`], [`CustomerError::NotCertified`], [`CustomerError::OutOfScope`],
    /// [`CustomerError::NoSuch`], or the store's.
    pub async fn apply_for(
        &self,
        acting: &Acting,
        account: &AccountId,
        text: &str,
        place: &str,
    ) -> Result<RequestId, CustomerError> {
        let maker = self.maker();
        let application = openings::at_the_counter(&maker, account, text, place)?;
        let (pen, actor) = (Pen::ready(&maker), actor(acting));
        let id = application.request_id.as_str();
        let line = acting.line(maker.uuid(), pen.now, "customers.apply_for", id, "ok");
        let (application, line) = (&application, &line);
        let clerk = Clerk {
            pen: &pen,
            actor: &actor,
        };
        atomically(&*self.store, async |tx: &mut Tx| {
            in_scope(tx, acting, account, clerk.pen.now).await?;
            openings::apply_in(tx, &clerk, application).await?;
            tx.audit().append(line).await?;
            Ok::<_, CustomerError>(())
        })
        .await?;
        Ok(application.request_id.clone())
    }

    /// Proposes what becomes of an application; one proposal waits at a time.
    ///
    /// # Errors
    /// [`CustomerError::Reason`], [`CustomerError::NotAsThingsStand`], [`CustomerError::OutOfScope`],
    /// [`CustomerError::NoSuch`], or the store's.
    pub async fn propose_opening(
        &self,
        acting: &Acting,
        (account, id): (&AccountId, &RequestId),
        verdict: Verdict,
        reason: &str,
    ) -> Result<(), CustomerError> {
        if !REASON_CHARS.contains(&reason.chars().count()) {
            return Err(CustomerError::Reason);
        }
        let maker = self.maker();
        let proposal = OpeningProposal {
            proposal_id: maker.uuid(),
            request_id: id.clone(),
            account_id: account.clone(),
            verdict,
            reason: reason.to_owned(),
            proposed_by: acting.actor(),
            proposed_at: maker.now(),
            state: ProposalState::Open,
            decided_by: None,
            decided_at: None,
        };
        let (act, outcome) = ("customers.propose_opening", verdict.as_str());
        let line = acting.line(maker.uuid(), maker.now(), act, id.as_str(), outcome);
        let (proposal, line) = (&proposal, &line);
        atomically(&*self.store, async |tx: &mut Tx| {
            in_scope(tx, acting, account, proposal.proposed_at).await?;
            let request = openings::application_in(tx, account, id).await?;
            let request = request.ok_or(CustomerError::NoSuch)?;
            let waits = request.check == Some(Check::Waiting);
            if !waits || !tx.customers().propose_opening(proposal).await? {
                return Err(CustomerError::NotAsThingsStand);
            }
            tx.audit().append(line).await?;
            Ok(())
        })
        .await
    }

    /// Another person lets a proposal happen, or refuses it: then the application waits again.
    ///
    /// # Errors
    /// [`CustomerError::SamePerson`], [`CustomerError::NotAsThingsStand`],
    /// [`CustomerError::NotCertified`], [`CustomerError::OutOfScope`], [`CustomerError::NoSuch`], or the
    /// store's.
    pub async fn judge_opening(
        &self,
        acting: &Acting,
        (account, id): (&AccountId, &RequestId),
        agree: bool,
    ) -> Result<(), CustomerError> {
        let maker = self.maker();
        let (pen, actor, audit_id) = (Pen::ready(&maker), actor(acting), maker.uuid());
        let judging = Judging {
            acting,
            clerk: Clerk {
                pen: &pen,
                actor: &actor,
            },
            audit_id,
            agree,
        };
        let judging = &judging;
        let same = atomically(&*self.store, async |tx: &mut Tx| {
            judging.decide(tx, account, id).await
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
    clerk: Clerk<'a>,
    audit_id: String,
    agree: bool,
}

impl Judging<'_> {
    /// True when it was their own proposal: nothing but the line of the audit is written then.
    async fn decide(
        &self,
        tx: &mut Tx,
        account: &AccountId,
        id: &RequestId,
    ) -> Result<bool, CustomerError> {
        let now = self.clerk.pen.now;
        in_scope(tx, self.acting, account, now).await?;
        let request = openings::application_in(tx, account, id).await?;
        let request = request.ok_or(CustomerError::NoSuch)?;
        let proposals = tx.customers().opening_proposals(id, PROPOSALS_SHOWN);
        let mut proposals = proposals.await?.into_iter();
        let waiting = proposals.find(|one| one.state == ProposalState::Open);
        let waiting = waiting.ok_or(CustomerError::NotAsThingsStand)?;
        if waiting.proposed_by == self.acting.actor() {
            self.write(tx, id, "same_person").await?;
            return Ok(true);
        }
        let verdict = waiting.verdict;
        let decided = OpeningProposal {
            state: if self.agree {
                ProposalState::Approved
            } else {
                ProposalState::Refused
            },
            decided_by: Some(self.acting.actor()),
            decided_at: Some(now),
            ..waiting
        };
        let waits = request.check == Some(Check::Waiting);
        if !waits || !tx.customers().judge_opening(&decided).await? {
            return Err(CustomerError::NotAsThingsStand);
        }
        if self.agree {
            openings::decide_in(tx, &self.clerk, &request, verdict).await?;
        }
        self.write(tx, id, verdict.as_str()).await?;
        Ok(false)
    }

    async fn write(&self, tx: &mut Tx, id: &RequestId, outcome: &str) -> Result<(), CustomerError> {
        let act = if self.agree {
            "customers.approve_opening"
        } else {
            "customers.refuse_opening"
        };
        let (line_id, now) = (self.audit_id.clone(), self.clerk.pen.now);
        let line = self.acting.line(line_id, now, act, id.as_str(), outcome);
        tx.audit().append(&line).await?;
        Ok(())
    }
}

fn actor(acting: &Acting) -> Actor {
    Actor {
        name: acting.actor(),
        source: acting.source.clone(),
        trace_id: acting.trace_id.clone(),
    }
}

impl From<RequestError> for CustomerError {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Faulty(_) => Self::Faulty,
            RequestError::RealNameRequired | RequestError::PhoneRequired => Self::NotCertified,
            RequestError::KeyReused | RequestError::TooMany { .. } => Self::NotAsThingsStand,
            RequestError::Record(error) => error.into(),
            RequestError::Store(error) => Self::Store(error),
        }
    }
}
