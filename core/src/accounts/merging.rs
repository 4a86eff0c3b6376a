//! Merging: one side asks, the other types the code (money.md 3.6).

use std::sync::Arc;

use async_trait::async_trait;

use super::account::{Account, RealName};
use super::merge::{
    BegunMerge, FRESH_S, MergeEnding, MergeRefusal, MergeRequest, Side, is_fresh, judge,
};
use super::news::{self, PhoneNews, tell_phone};
use super::record::{Actor, Caller, Pen};
use super::rotation::{Successor, end_all, rotate};
use super::secret::Secret;
use super::session::{Ending, Session};
use super::step_up::{Errand, spend};
use super::{AccountError, Accounts};
use crate::evidence::Act;
use crate::shared::ids::{AccountId, BindingId, MergeId, SessionId};
use crate::shared::personal::IdNo;
use crate::shared::time::Time;
use crate::store::{Tx, atomically, snapshot};

/// What moves from one account to another, handed from room to room within the unit.
#[derive(Debug)]
pub struct Removal {
    pub from: AccountId,
    pub into: AccountId,
    /// What both are certified with.
    pub id_no: IdNo,
    pub actor: Actor,
    pub pen: Pen,
    /// Links that moved, by their own id.
    pub moved: Vec<BindingId>,
    /// Links that fell together with one the account had: what pointed to the first now points to
    /// the second.
    pub folded: Vec<(BindingId, BindingId)>,
    /// Links that ended because a holder had taken the access away from the other account.
    pub ended: Vec<BindingId>,
}

/// A room above that has something of an account, and takes it along.
#[async_trait]
pub trait Follower: Send + Sync {
    async fn follow(&self, tx: &mut Tx, removal: &mut Removal) -> Result<(), AccountError>;
}

/// What became of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// Sessions of the account that was taken over.
    pub ended: Vec<SessionId>,
    /// Homes that are the other account's now.
    pub homes: usize,
}

/// All ids of a merge, made before the unit of work.
struct Ready {
    pen: Pen,
    into_pen: Pen,
    follow_pen: Pen,
    /// The next id of the session that asked: it has more homes now (money.md 3.5).
    next: Successor,
}

enum Outcome {
    Merged(Merged),
    Refused,
    SignInStale,
}

impl Accounts {
    /// The rooms that take something along when accounts merge, in the order they do.
    #[must_use]
    pub fn followed_by(mut self, followers: Vec<Arc<dyn Follower>>) -> Self {
        self.followers = followers.into();
        self
    }

    /// Whether another account is certified with this account's ID number.
    pub async fn has_other_account(&self, account: &Account) -> Result<bool, AccountError> {
        let Some(real_name) = &account.real_name else {
            return Ok(false);
        };
        let mut view = snapshot(&*self.store).await?;
        let others = view
            .accounts()
            .certified_elsewhere(&real_name.id_no, &account.account_id)
            .await?;
        Ok(others > 0)
    }

    /// Asks to take over another account of this person. The code is typed there. Where this account has a phone,
    /// only after a step-up by a code to it.
    pub async fn begin_merge(&self, caller: &Caller) -> Result<BegunMerge, AccountError> {
        let maker = self.maker();
        let pen = Pen::ready(&maker);
        let (merge_id, code): (MergeId, _) = (maker.id(), Secret::new(maker.six_digits()));
        let begun = atomically(&*self.store, async |tx: &mut Tx| {
            let account = tx.accounts().find(&caller.account_id).await?;
            let account = account.ok_or(AccountError::NotFound)?;
            if account.real_name.is_none() {
                return Err(AccountError::NotCertified);
            }
            let family = family(tx, caller).await?;
            let signed_in_at = family.first().map(|session| session.created_at);
            let signed_in_at = signed_in_at.filter(|at| is_fresh(*at, pen.now));
            let signed_in_at = signed_in_at.ok_or(AccountError::SignInStale)?;
            by_its_owner(tx, caller, &account, pen.now).await?;
            end_request(tx, &caller.account_id, pen.now).await?;
            let request = MergeRequest {
                merge_id: merge_id.clone(),
                into: caller.account_id.clone(),
                family_id: caller.family_id.clone(),
                tries: 0,
                begun_at: pen.now,
                expires_at: signed_in_at.plus_seconds(FRESH_S),
                from: None,
                ended: None,
                version: 1,
            };
            tx.accounts().add_merge(&request, &code).await?;
            let (actor, subject) = (caller.actor(), merge_id.as_str());
            pen.audit(tx, &actor, "accounts.begin_merge", subject, "ok")
                .await?;
            Ok::<_, AccountError>(request)
        })
        .await?;
        Ok(BegunMerge {
            request: begun,
            code,
        })
    }

    /// One's own request, as it stands.
    pub async fn merge_request(
        &self,
        caller: &Caller,
        id: &MergeId,
    ) -> Result<MergeRequest, AccountError> {
        let mut view = snapshot(&*self.store).await?;
        let found = view.accounts().find_merge(id).await?;
        found
            .filter(|found| found.into == caller.account_id)
            .ok_or(AccountError::NotFound)
    }

    /// Gives this account to the one that asked. Every refusal reads the same, but that of one's own
    /// stale sign-in.
    pub async fn confirm_merge(
        &self,
        caller: &Caller,
        code: &Secret,
    ) -> Result<Merged, AccountError> {
        let maker = self.maker();
        let ready = Ready {
            pen: Pen::ready(&maker),
            into_pen: Pen::ready(&maker),
            follow_pen: Pen::ready(&maker),
            next: Successor::ready(&maker),
        };
        let outcome = atomically(&*self.store, async |tx: &mut Tx| {
            self.try_merge(tx, caller, code, &ready).await
        })
        .await?;
        match outcome {
            Outcome::Merged(merged) => Ok(merged),
            Outcome::SignInStale => Err(AccountError::SignInStale),
            Outcome::Refused => Err(AccountError::MergeRefused),
        }
    }

    async fn try_merge(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        code: &Secret,
        ready: &Ready,
    ) -> Result<Outcome, AccountError> {
        let pen = &ready.pen;
        let from = tx.accounts().find(&caller.account_id).await?;
        let from = from.ok_or(AccountError::NotFound)?;
        let from_family = family(tx, caller).await?;
        let first = from_family.first().ok_or(AccountError::SessionEnded)?;
        if !is_fresh(first.created_at, pen.now) {
            return note_refusal(tx, caller, pen, MergeRefusal::Stale).await;
        }
        let Some(RealName { id_no, .. }) = from.real_name.clone() else {
            return note_refusal(tx, caller, pen, MergeRefusal::NotCertified).await;
        };
        let asked = tx.accounts().open_merge(&id_no, &from.account_id).await?;
        let Some(request) = asked.filter(|request| request.is_open(pen.now)) else {
            return note_refusal(tx, caller, pen, MergeRefusal::OtherPerson).await;
        };
        if !tx.accounts().merge_matches(&request.merge_id, code).await? {
            let missed = request.missed(pen.now);
            tx.accounts().save_merge(&missed).await?;
            let (actor, subject) = (caller.actor(), caller.account_id.as_str());
            pen.audit(tx, &actor, "accounts.merge", subject, "WRONG_CODE")
                .await?;
            return Ok(Outcome::Refused);
        }
        let into = tx.accounts().find(&request.into).await?;
        let into = into.ok_or(AccountError::NotFound)?;
        let into_family = tx
            .accounts()
            .family(&request.into, &request.family_id)
            .await?;
        let into_side = Side {
            account: &into,
            family: &into_family,
        };
        let from_side = Side {
            account: &from,
            family: &from_family,
        };
        if let Err(refusal) = judge(into_side, from_side, pen.now) {
            return note_refusal(tx, caller, pen, refusal).await;
        }
        by_its_owner(tx, caller, &from, pen.now).await?;
        let ended = MergeRequest {
            from: Some(from.account_id.clone()),
            ended: Some((pen.now, MergeEnding::Merged)),
            ..request
        };
        tx.accounts().save_merge(&ended).await?;
        let removal = Removal {
            from: from.account_id.clone(),
            into: into.account_id.clone(),
            id_no,
            actor: caller.actor(),
            pen: ready.follow_pen.clone(),
            moved: Vec::new(),
            folded: Vec::new(),
            ended: Vec::new(),
        };
        let merged = self.take_over(tx, into, from, removal, pen).await?;
        rotate_asking(tx, caller, &ended, &into_family, &ready.next).await?;
        let (actor, subject) = (caller.actor(), ended.into.as_str());
        ready
            .into_pen
            .audit(tx, &actor, "accounts.took_over", subject, "ok")
            .await?;
        Ok(Outcome::Merged(merged))
    }

    /// Moves everything that moves. Payments, evidence and audit stay where they were written; the
    /// account that takes over reads the payments.
    async fn take_over(
        &self,
        tx: &mut Tx,
        mut into: Account,
        mut from: Account,
        mut removal: Removal,
        pen: &Pen,
    ) -> Result<Merged, AccountError> {
        for follower in &*self.followers {
            follower.follow(tx, &mut removal).await?;
        }
        let consents = tx
            .accounts()
            .move_consents(&removal.from, &removal.into, pen.now)
            .await?;
        end_request(tx, &removal.from, pen.now).await?;
        let sessions = tx.accounts().sessions(&removal.from).await?;
        let ended = end_all(tx, sessions, pen.now, Ending::Merged).await?;
        for (account, phone) in [(&removal.into, &into.phone), (&removal.from, &from.phone)] {
            if let Some(phone) = phone {
                let (number, trace_id) = (&phone.number, &removal.actor.trace_id);
                tell_phone(tx, PhoneNews::Merged, number, account, pen, trace_id).await?;
            }
        }
        into.phone = into.phone.or_else(|| from.phone.clone());
        from.real_name = None;
        from.phone = None;
        from.merged = Some((into.account_id.clone(), pen.now));
        tx.accounts().save(&from).await?;
        // Saved also when nothing in it changed: its version is what two merges at once fight for.
        tx.accounts().save(&into).await?;
        tx.accounts()
            .move_merged(&removal.from, &removal.into)
            .await?;
        let trace_id = &removal.actor.trace_id;
        news::tell(tx, &removal.from, pen, trace_id).await?;
        news::tell_changed(tx, &removal.into, pen, trace_id).await?;
        let ids = |ids: &[BindingId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
        let folded: Vec<BindingId> = removal
            .folded
            .iter()
            .map(|(from, _)| from.clone())
            .collect();
        let act = Act::new()
            .say("account_id", removal.from.as_str())
            .say("into_account_id", removal.into.as_str())
            .say("bindings_moved", ids(&removal.moved))
            .say("bindings_folded", ids(&folded))
            .say("bindings_ended", ids(&removal.ended))
            .say("consents_moved", consents.moved)
            .say("consents_ended", consents.ended)
            .seal("id_no", removal.id_no.expose());
        let subject = removal.from.as_str();
        pen.prove(tx, &removal.actor, "accounts.merged", subject, act)
            .await?;
        Ok(Merged {
            ended,
            homes: removal.moved.len().saturating_add(removal.folded.len()),
        })
    }
}

/// Who holds a session, and no more, merges nothing: either wallet opens the one account ever after. Where a
/// phone is verified, a code to it says that the owner is at the device; it is used up with the unit.
async fn by_its_owner(
    tx: &mut Tx,
    caller: &Caller,
    account: &Account,
    now: Time,
) -> Result<(), AccountError> {
    let errand = Errand::merge(caller);
    if account.phone.is_none() || spend(tx, &caller.session_id, &errand, now).await? {
        Ok(())
    } else {
        Err(AccountError::StepUpRequired)
    }
}

async fn family(tx: &mut Tx, caller: &Caller) -> Result<Vec<Session>, AccountError> {
    let family = tx
        .accounts()
        .family(&caller.account_id, &caller.family_id)
        .await?;
    Ok(family)
}

/// Gives the session that asked its next id, unless its device has signed out since.
async fn rotate_asking(
    tx: &mut Tx,
    caller: &Caller,
    request: &MergeRequest,
    family: &[Session],
    next: &Successor,
) -> Result<(), AccountError> {
    let alive = |session: &Session| session.left_at.is_none() && session.is_alive(next.now());
    if !family.iter().any(alive) {
        return Ok(());
    }
    let asked = Caller {
        account_id: request.into.clone(),
        family_id: request.family_id.clone(),
        ..caller.clone()
    };
    rotate(tx, &asked, next).await.map(drop)
}

/// Ends the open request of an account, if there is one.
async fn end_request(tx: &mut Tx, account: &AccountId, now: Time) -> Result<(), AccountError> {
    if let Some(request) = tx.accounts().merge_of(account).await? {
        let replaced = MergeRequest {
            ended: Some((now, MergeEnding::Replaced)),
            ..request
        };
        tx.accounts().save_merge(&replaced).await?;
    }
    Ok(())
}

async fn note_refusal(
    tx: &mut Tx,
    caller: &Caller,
    pen: &Pen,
    refusal: MergeRefusal,
) -> Result<Outcome, AccountError> {
    let (actor, subject) = (caller.actor(), caller.account_id.as_str());
    pen.audit(tx, &actor, "accounts.merge", subject, refusal.as_str())
        .await?;
    Ok(match refusal {
        MergeRefusal::Stale => Outcome::SignInStale,
        MergeRefusal::SameAccount
        | MergeRefusal::TakenOver
        | MergeRefusal::NotCertified
        | MergeRefusal::OtherPerson
        | MergeRefusal::Distrusted => Outcome::Refused,
    })
}
