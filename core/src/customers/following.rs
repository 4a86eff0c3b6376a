//! How somebody's functions stand goes along when their account becomes part of another (EC-21): what two
//! persons suspended, and what one proposed, does not end by whose it is.

use async_trait::async_trait;

use super::Customers;
use super::functions::{BankFunction, FUNCTION_MOVED, FunctionProposal, Move, Wanted, news};
use crate::accounts::{AccountError, Follower, Removal};
use crate::cases::four_eyes::Judgement;
use crate::evidence::Act;
use crate::shared::ids::AccountId;
use crate::store::{StoreError, Tx};

#[async_trait]
impl Follower for Customers {
    /// A function is suspended for the account that stays when it was for either, since the earlier of both.
    /// What waits for a second person goes along where it still says what was meant by it.
    async fn follow(&self, tx: &mut Tx, removal: &mut Removal) -> Result<(), AccountError> {
        let (from, into) = (removal.from.clone(), removal.into.clone());
        let mut both = [&from, &into];
        both.sort();
        for account in both {
            tx.customers().turn(account).await?;
        }
        let (theirs, ours) = (Side::of(tx, &from).await?, Side::of(tx, &into).await?);
        tx.customers().hand_over_suspensions(&from, &into).await?;
        for function in BankFunction::ALL {
            let (theirs, ours) = (theirs.stands(function), ours.stands(function));
            join_waiting(tx, removal, &theirs, &ours).await?;
            if theirs.suspended {
                note_suspended(tx, removal, function, &ours).await?;
            }
        }
        Ok(())
    }
}

/// How all functions of one of the two stand.
struct Side {
    suspended: Vec<BankFunction>,
    waiting: Vec<FunctionProposal>,
}

/// How one function of one of the two stands.
struct Stands<'a> {
    suspended: bool,
    waiting: Option<&'a FunctionProposal>,
}

impl Side {
    async fn of(tx: &mut Tx, account: &AccountId) -> Result<Self, StoreError> {
        let suspended = tx.customers().suspended_for(account).await?;
        let proposals = tx.customers().function_proposals(account, i64::MAX).await?;
        let suspended = suspended.into_iter().map(|(function, _)| function);
        Ok(Self {
            suspended: suspended.collect(),
            waiting: proposals
                .into_iter()
                .filter(FunctionProposal::waits)
                .collect(),
        })
    }

    fn stands(&self, function: BankFunction) -> Stands<'_> {
        Stands {
            suspended: self.suspended.contains(&function),
            waiting: self
                .waiting
                .iter()
                .find(|one| one.what.function == function),
        }
    }
}

/// A wish to open a function was said knowing of one suspension, not of the other's: it ends where the
/// other account brings one, or brings the wish for one. A wish to suspend what is suspended is over.
async fn join_waiting(
    tx: &mut Tx,
    removal: &Removal,
    theirs: &Stands<'_>,
    ours: &Stands<'_>,
) -> Result<(), StoreError> {
    if let Some(our) = ours.waiting {
        let opens = our.what.wanted == Wanted::Open;
        if theirs.suspended || (opens && theirs.waiting.is_some()) {
            end(tx, removal, our).await?;
        }
    }
    match theirs.waiting {
        Some(their) if !ours.suspended && ours.waiting.is_none() => {
            hand_over(tx, removal, their).await
        }
        Some(their) => end(tx, removal, their).await,
        None => Ok(()),
    }
}

async fn hand_over(
    tx: &mut Tx,
    removal: &Removal,
    waiting: &FunctionProposal,
) -> Result<(), StoreError> {
    let (id, into) = (&waiting.proposal_id, &removal.into);
    if !tx.customers().hand_over_proposal(id, into).await? {
        return Err(StoreError::Conflict);
    }
    let (act, outcome) = ("customers.wish_moved", waiting.what.outcome());
    let pen = removal.pen.also_for(id);
    pen.audit(tx, &removal.actor, act, into.as_str(), &outcome)
        .await
}

async fn end(tx: &mut Tx, removal: &Removal, waiting: &FunctionProposal) -> Result<(), StoreError> {
    let pen = removal.pen.also_for(&waiting.proposal_id);
    let by = removal.actor.name.clone();
    // Whoever merges is no staff, and proposed nothing.
    let ended = waiting.clone().judged(by, pen.now, Judgement::Refuse);
    let ended = ended.map_err(|_| StoreError::Conflict)?;
    if !tx.customers().judge_function(&ended).await? {
        return Err(StoreError::Conflict);
    }
    let (act, outcome) = ("customers.wish_ended", waiting.what.outcome());
    let subject = waiting.what.account_id.as_str();
    pen.audit(tx, &removal.actor, act, subject, &outcome).await
}

/// Puts on record that a suspension went along, and tells the person where it is news to their account.
async fn note_suspended(
    tx: &mut Tx,
    removal: &Removal,
    function: BankFunction,
    ours: &Stands<'_>,
) -> Result<(), AccountError> {
    let (actor, into) = (&removal.actor, removal.into.as_str());
    let pen = removal.pen.also_for(function.as_str());
    if !ours.suspended {
        let what = Move {
            account_id: removal.into.clone(),
            function,
            wanted: Wanted::Suspended,
        };
        let event_id = pen.id(FUNCTION_MOVED, into);
        let told = news(&what, event_id, (pen.now, actor.trace_id.as_str()))?;
        tx.outbox().add(&told).await?;
    }
    let act = Act::new()
        .say("account_id", removal.from.as_str())
        .say("into_account_id", into)
        .say("function", function.as_str());
    pen.prove(tx, actor, "customers.stop_moved", into, act)
        .await?;
    Ok(())
}
