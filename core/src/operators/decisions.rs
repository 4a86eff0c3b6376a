//! Four eyes: one person proposes how a case ends, another lets it happen or refuses it.

use super::error::OperatorError;
use super::same_person::same_person;
use super::sign_in::{Acting, Operators};
use super::staff::Scope;
use crate::cases::decision::{Ending, Part, Proposal, Resolution, Taking, is_proof};
use crate::cases::four_eyes::{Judgement, ProposalState};
use crate::cases::{Case, HomeBehind, Queue};
use crate::shared::ids::CaseId;
use crate::store::{StoreError, Tx, View, atomically, snapshot};

/// What somebody proposes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan<'a> {
    pub resolution: Resolution,
    /// How much of which line, where the resolution is about a part.
    pub parts: &'a [Part],
    /// The number of a bank transfer, where the resolution goes with one; else empty.
    pub proof: &'a str,
    pub reason: &'a str,
}

/// A case with what was proposed about it, and the homes it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Docket {
    pub case: Case,
    /// Newest first.
    pub proposals: Vec<Proposal>,
    pub homes: Vec<HomeBehind>,
}

/// Cases of one page, and behind which it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pile {
    pub cases: Vec<Case>,
    pub next: Option<CaseId>,
}

/// Cases on one page, and those looked at for it: a small region's page may be short.
const PAGE: usize = 50;
const LOOKED_AT_MAX: i64 = 500;
/// How often so many are looked at for a list that is told whole.
const ROUNDS_MAX: usize = 20;

/// Whether a case with these homes behind it is within a scope. What concerns no home is everybody's
/// who sees everything, and nobody else's.
fn reaches(scope: &Scope, homes: &[HomeBehind]) -> bool {
    *scope == Scope::Everywhere || homes.iter().any(|home| scope.covers(&home.region))
}

/// The homes of a case, where a scope asks for them.
async fn behind(
    view: &mut View,
    scope: &Scope,
    case: &Case,
) -> Result<Vec<HomeBehind>, StoreError> {
    if *scope == Scope::Everywhere {
        return Ok(Vec::new());
    }
    view.cases().homes(&case.subject).await
}

/// The case, when it is within the scope of whoever acts.
async fn within_reach(tx: &mut Tx, acting: &Acting, id: &CaseId) -> Result<Case, OperatorError> {
    let case = tx.cases().find(id).await?;
    let case = case.ok_or(OperatorError::NoSuch)?;
    let homes = tx.cases().homes(&case.subject).await?;
    if reaches(&acting.staff.scope, &homes) {
        Ok(case)
    } else {
        Err(OperatorError::OutOfScope)
    }
}

impl Docket {
    /// The proposal that waits for another person.
    #[must_use]
    pub fn waiting(&self) -> Option<&Proposal> {
        self.proposals.iter().find(|one| one.waits())
    }

    /// The proposal that was agreed to while the case is still open: it has to be carried out.
    #[must_use]
    pub fn agreed(&self) -> Option<&Proposal> {
        let agreed = |one: &&Proposal| one.state == ProposalState::Approved;
        self.proposals.iter().find(agreed)
    }
}

impl Operators {
    /// Open cases within the scope, oldest first; `after` is the last one seen.
    ///
    /// # Errors
    /// The store's.
    pub async fn open_cases(
        &self,
        acting: &Acting,
        queue: Option<Queue>,
        after: Option<&CaseId>,
    ) -> Result<Pile, OperatorError> {
        let mut view = snapshot(&*self.store).await?;
        let found = view.cases().list_open(after, LOOKED_AT_MAX).await?;
        let all = i64::try_from(found.len()).is_ok_and(|n| n < LOOKED_AT_MAX);
        let last = found.last().map(|case| case.case_id.clone());
        let mut pile = Pile {
            cases: Vec::new(),
            next: None,
        };
        for case in found {
            let id = case.case_id.clone();
            let wanted = queue.is_none_or(|queue| case.kind.queue() == queue);
            if wanted {
                let homes = behind(&mut view, &acting.staff.scope, &case).await?;
                if reaches(&acting.staff.scope, &homes) {
                    pile.cases.push(case);
                }
            }
            let more = Some(&id) != last.as_ref();
            if pile.cases.len() >= PAGE || !more {
                pile.next = (more || !all).then_some(id);
                break;
            }
        }
        Ok(pile)
    }

    /// Every open case within the scope that is wanted, oldest first; of a very long list its first ten thousand
    /// are looked at.
    ///
    /// # Errors
    /// The store's.
    pub async fn all_open(
        &self,
        acting: &Acting,
        wanted: impl Fn(&Case) -> bool,
    ) -> Result<Vec<Case>, OperatorError> {
        let mut view = snapshot(&*self.store).await?;
        let (mut found, mut after) = (Vec::new(), None);
        for _ in 0..ROUNDS_MAX {
            let cases = view
                .cases()
                .list_open(after.as_ref(), LOOKED_AT_MAX)
                .await?;
            let Some(last) = cases.last() else { break };
            after = Some(last.case_id.clone());
            for case in cases.into_iter().filter(&wanted) {
                let homes = behind(&mut view, &acting.staff.scope, &case).await?;
                if reaches(&acting.staff.scope, &homes) {
                    found.push(case);
                }
            }
        }
        Ok(found)
    }

    /// A case with its proposals. One of another region is refused, with a line of the audit.
    ///
    /// # Errors
    /// [`OperatorError::NoSuch`], [`OperatorError::OutOfScope`], or the store's.
    pub async fn docket(&self, acting: &Acting, id: &CaseId) -> Result<Docket, OperatorError> {
        let docket = {
            let mut view = snapshot(&*self.store).await?;
            let case = view.cases().find(id).await?;
            let case = case.ok_or(OperatorError::NoSuch)?;
            Docket {
                homes: view.cases().homes(&case.subject).await?,
                proposals: view.cases().proposals(id).await?,
                case,
            }
        };
        if reaches(&acting.staff.scope, &docket.homes) {
            return Ok(docket);
        }
        self.note(acting, "cases.open", id.as_str(), "out_of_scope")
            .await?;
        Err(OperatorError::OutOfScope)
    }

    /// Whether somebody may open a case about this: it concerns a home within their scope.
    ///
    /// # Errors
    /// [`OperatorError::OutOfScope`], or the store's.
    pub async fn reach(&self, acting: &Acting, subject: &str) -> Result<(), OperatorError> {
        let homes = snapshot(&*self.store).await?.cases().homes(subject).await?;
        if reaches(&acting.staff.scope, &homes) {
            Ok(())
        } else {
            Err(OperatorError::OutOfScope)
        }
    }

    /// Who has taken up which open cases.
    ///
    /// # Errors
    /// The store's.
    pub async fn takings(&self) -> Result<Vec<Taking>, OperatorError> {
        let mut view = snapshot(&*self.store).await?;
        Ok(view.cases().takings().await?)
    }

    /// Takes a case up. It decides nothing: whoever may still proposes.
    ///
    /// # Errors
    /// [`OperatorError::NotAsThingsStand`] when somebody has it, [`OperatorError::NoSuch`],
    /// [`OperatorError::OutOfScope`], or the store's.
    pub async fn take(&self, acting: &Acting, id: &CaseId) -> Result<(), OperatorError> {
        let maker = self.maker();
        let taking = Taking {
            case_id: id.clone(),
            taken_by: acting.actor(),
            taken_at: maker.now(),
        };
        let line = acting.line(
            maker.uuid(),
            taking.taken_at,
            "cases.take",
            id.as_str(),
            "ok",
        );
        let (taking, line) = (&taking, &line);
        atomically(&*self.store, async |tx: &mut Tx| {
            within_reach(tx, acting, id).await?;
            if !tx.cases().take(taking).await? {
                return Err(OperatorError::NotAsThingsStand);
            }
            tx.audit().append(line).await?;
            Ok(())
        })
        .await
    }

    /// Gives a case back that one had taken up.
    ///
    /// # Errors
    /// [`OperatorError::NotAsThingsStand`] when somebody else has it, or nobody, [`OperatorError::NoSuch`],
    /// [`OperatorError::OutOfScope`], or the store's.
    pub async fn give_back(&self, acting: &Acting, id: &CaseId) -> Result<(), OperatorError> {
        let maker = self.maker();
        let (actor, now) = (acting.actor(), maker.now());
        let line = acting.line(maker.uuid(), now, "cases.give_back", id.as_str(), "ok");
        let (actor, line) = (actor.as_str(), &line);
        atomically(&*self.store, async |tx: &mut Tx| {
            within_reach(tx, acting, id).await?;
            if !tx.cases().give_back(id, actor).await? {
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
    /// [`OperatorError::Proof`], [`OperatorError::Reason`], [`OperatorError::NotAsThingsStand`],
    /// [`OperatorError::NoSuch`], [`OperatorError::OutOfScope`], or the store's.
    pub async fn propose(
        &self,
        acting: &Acting,
        id: &CaseId,
        plan: Plan<'_>,
    ) -> Result<(), OperatorError> {
        let Plan {
            resolution,
            parts,
            proof,
            reason,
        } = plan;
        let proven = if resolution.needs_proof() {
            is_proof(proof)
        } else {
            proof.is_empty()
        };
        if !proven {
            return Err(OperatorError::Proof);
        }
        // The number stands before the reason, for whoever judges it and for the audit after.
        let reason = match proof {
            "" => reason.to_owned(),
            proof => format!("{proof}: {reason}"),
        };
        let maker = self.maker();
        let ending = Ending {
            case_id: id.clone(),
            resolution,
            parts: parts.to_vec(),
        };
        let proposal = Proposal::new(&maker, acting.actor(), ending, &reason);
        let proposal = proposal.ok_or(OperatorError::Reason)?;
        let line = acting.line(
            maker.uuid(),
            maker.now(),
            "cases.propose",
            id.as_str(),
            resolution.as_str(),
        );
        let (proposal, line) = (&proposal, &line);
        atomically(&*self.store, async |tx: &mut Tx| {
            let case = within_reach(tx, acting, id).await?;
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
    /// whoever holds the room it belongs to; [`Operators::carried_out`] closes the case then. What was
    /// agreed to and cannot be carried out is refused after all: something else may be proposed then.
    /// `shown` is the id of the proposal that the judge's page showed: no other one is judged by it.
    ///
    /// # Errors
    /// [`OperatorError::SamePerson`] (in the audit too), [`OperatorError::NotAsThingsStand`], or the store's.
    pub async fn judge(
        &self,
        acting: &Acting,
        id: &CaseId,
        shown: Option<&str>,
        judgement: Judgement,
    ) -> Result<Proposal, OperatorError> {
        let docket = self.docket(acting, id).await?;
        let refuses = judgement == Judgement::Refuse;
        let open = refuses && docket.case.closed_at.is_none();
        let agreed = docket.agreed().filter(|_| open);
        let waiting = docket.waiting().or(agreed);
        let waiting = waiting.filter(|one| one.is_shown(shown));
        let waiting = waiting.ok_or(OperatorError::NotAsThingsStand)?;
        let waits = waiting.waits();
        let maker = self.maker();
        let word = waiting.what.resolution.as_str();
        let judged = waiting
            .clone()
            .judged(acting.actor(), maker.now(), judgement);
        let Ok(decided) = judged else {
            return Err(self.own_proposal(acting, id).await?);
        };
        let act = match judgement {
            Judgement::Agree => "cases.approve",
            Judgement::Refuse => "cases.refuse",
        };
        let line = acting.line(maker.uuid(), maker.now(), act, id.as_str(), word);
        let (decided, line) = (&decided, &line);
        let by_another = atomically(&*self.store, async |tx: &mut Tx| {
            if same_person(tx, &decided.proposed_by, &acting.actor()).await? {
                return Ok(false);
            }
            let judged = if waits {
                tx.cases().judge(decided).await?
            } else {
                tx.cases().withdraw(decided).await?
            };
            if !judged {
                return Err(OperatorError::NotAsThingsStand);
            }
            tx.audit().append(line).await?;
            Ok(true)
        })
        .await?;
        if !by_another {
            return Err(self.own_proposal(acting, id).await?);
        }
        Ok(decided.clone())
    }

    /// Whoever judges what they proposed stands in the audit.
    async fn own_proposal(
        &self,
        acting: &Acting,
        id: &CaseId,
    ) -> Result<OperatorError, OperatorError> {
        self.note(acting, "cases.approve", id.as_str(), "same_person")
            .await?;
        Ok(OperatorError::SamePerson)
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
