//! Opening a user on application (EC-20): applied for by the household or at the counter, checked by one
//! person, opened or refused by another; the household is told.

use super::error::CustomerError;
use super::judging::Judging;
use super::{Customers, Glimpse, in_scope, regions, within};
use crate::accounts::known::known;
use crate::accounts::{Actor, Pen, current};
use crate::bindings::known::links_of;
use crate::cases::four_eyes::{Judgement, Proposed};
use crate::operators::Acting;
use crate::requests::RequestError;
use crate::requests::openings::{self, Clerk, Verdict};
use crate::requests::request::{Check, Request};
use crate::shared::ids::{AccountId, RequestId};
use crate::store::{Tx, View, atomically, snapshot};

/// Applications on one page, and those looked at for it: a small region's page may be short.
const PAGE: usize = 50;
const LOOKED_AT_MAX: i64 = 500;
const PROPOSALS_SHOWN: i64 = 20;

/// What somebody wants to become of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub request_id: RequestId,
    pub account_id: AccountId,
    /// The household is told its words, never the proposer's.
    pub verdict: Verdict,
}

/// One person's proposal what becomes of an application.
pub type OpeningProposal = Proposed<Outcome>;

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
        self.proposals.iter().find(|one| one.waits())
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
        let whose = current(view, &request.account_id).await?;
        let account = known(view, &whose).await?;
        let account = account.ok_or(CustomerError::NoSuch)?;
        let links = links_of(view, &whose, self.clock.now()).await?;
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
        let maker = self.maker();
        let what = Outcome {
            request_id: id.clone(),
            account_id: account.clone(),
            verdict,
        };
        let proposal = Proposed::new(&maker, acting.actor(), what, reason);
        let proposal = proposal.ok_or(CustomerError::Reason)?;
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
        (shown, judgement): (Option<&str>, Judgement),
    ) -> Result<(), CustomerError> {
        let maker = self.maker();
        let (pen, actor) = (Pen::ready(&maker), actor(acting));
        let acts = ["customers.approve_opening", "customers.refuse_opening"];
        let word = Word {
            judging: Judging::new(&maker, acting, (shown, judgement), acts, id.as_str()),
            clerk: Clerk {
                pen: &pen,
                actor: &actor,
            },
        };
        let word = &word;
        let given = atomically(&*self.store, async |tx: &mut Tx| {
            word.give(tx, account, id).await
        })
        .await?;
        if given {
            Ok(())
        } else {
            Err(CustomerError::SamePerson)
        }
    }
}

/// What judging an application takes, made before the unit.
struct Word<'a> {
    judging: Judging<'a>,
    clerk: Clerk<'a>,
}

impl Word<'_> {
    /// False when it was their own proposal: nothing but the line of the audit is written then.
    async fn give(
        &self,
        tx: &mut Tx,
        account: &AccountId,
        id: &RequestId,
    ) -> Result<bool, CustomerError> {
        let judging = &self.judging;
        in_scope(tx, judging.acting, account, judging.now).await?;
        let request = openings::application_in(tx, account, id).await?;
        let request = request.ok_or(CustomerError::NoSuch)?;
        let found = tx.customers().opening_proposals(id, PROPOSALS_SHOWN);
        let waiting = found.await?.into_iter().find(OpeningProposal::waits);
        let Some(decided) = judging.judge(tx, waiting).await? else {
            return Ok(false);
        };
        let waits = request.check == Some(Check::Waiting);
        if !waits || !tx.customers().judge_opening(&decided).await? {
            return Err(CustomerError::NotAsThingsStand);
        }
        let verdict = decided.what.verdict;
        if judging.judgement == Judgement::Agree {
            openings::decide_in(tx, &self.clerk, &request, verdict).await?;
        }
        judging.note(tx, verdict.as_str()).await?;
        Ok(true)
    }
}

pub(super) fn actor(acting: &Acting) -> Actor {
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
            RequestError::KeyReused { .. } | RequestError::TooMany { .. } => Self::NotAsThingsStand,
            RequestError::Record(error) => error.into(),
            RequestError::Store(error) => Self::Store(error),
        }
    }
}
