//! Homes follow their account when it becomes part of another (money.md 3.6).
//!
//! Both accounts are one certified person's, so a person keeps what either of them had shown, and no
//! more: what a holder granted stays bound to its day, and what a holder took away from the one
//! account does not come back by the other.

use async_trait::async_trait;

use super::Bindings;
use super::binding::{Binding, Linked};
use super::ending::{Cause, end_link};
use super::error::BindingError;
use super::grant::{Grant, GrantState};
use super::role::Role;
use crate::accounts::{AccountError, Follower, Removal};
use crate::shared::ids::{AccountId, GrantId};
use crate::shared::page::Page;
use crate::shared::personal::IdNo;
use crate::shared::time::Time;
use crate::store::{StoreError, Tx};

#[async_trait]
impl Follower for Bindings {
    /// Moves every live link. Where both accounts have the home, the link that stays keeps the better
    /// of what the two have shown and were granted.
    async fn follow(&self, tx: &mut Tx, removal: &mut Removal) -> Result<(), AccountError> {
        self.take_along(tx, removal).await.map_err(failed)
    }
}

fn failed(error: BindingError) -> AccountError {
    match error {
        BindingError::Account(error) => error,
        BindingError::TooManyBindings => AccountError::TooManyHomes,
        // Nothing else is decided here: a link that cannot be moved was not what it was read as.
        _ => AccountError::Store(StoreError::Conflict),
    }
}

impl Bindings {
    async fn take_along(&self, tx: &mut Tx, removal: &mut Removal) -> Result<(), BindingError> {
        let all = Page::new(Some(Page::LIMIT_MAX), None).ok_or(BindingError::TooManyBindings)?;
        let now = removal.pen.now;
        for linked in tx.bindings().list(&removal.into, &all, now).await? {
            let (into, from) = (removal.into.clone(), removal.from.clone());
            if let Some(ours) = turn(tx, &into, &linked.binding).await? {
                end_if_barred(tx, removal, &from, ours).await?;
            }
        }
        for linked in tx.bindings().list(&removal.from, &all, now).await? {
            let (into, from) = (removal.into.clone(), removal.from.clone());
            let Some(theirs) = turn(tx, &from, &linked.binding).await? else {
                continue;
            };
            let Some(theirs) = end_if_barred(tx, removal, &into, theirs).await? else {
                continue;
            };
            let number = &theirs.binding.consumer_no;
            match tx.bindings().live(&into, number).await? {
                Some(ours) if ours.role(now).is_some() => fold(tx, removal, theirs, ours).await?,
                Some(over) => {
                    end(tx, removal, &over, Cause::Over).await?;
                    self.hand_over(tx, removal, theirs).await?;
                }
                None => self.hand_over(tx, removal, theirs).await?,
            }
        }
        Ok(())
    }

    async fn hand_over(
        &self,
        tx: &mut Tx,
        removal: &mut Removal,
        theirs: Linked,
    ) -> Result<(), BindingError> {
        let most = self.rules.per_account_max;
        if !tx.bindings().take_place(&removal.into, most).await? {
            return Err(BindingError::TooManyBindings);
        }
        let binding = theirs.binding;
        tx.bindings().free_place(&removal.from).await?;
        tx.bindings().hand_over(&binding, &removal.into).await?;
        if let Some(grant) = grant_of(tx, &binding).await? {
            give_to(tx, removal, grant).await?;
        }
        removal.moved.push(binding.binding_id);
        Ok(())
    }
}

/// Takes the turn of a link's home and reads the link again.
async fn turn(
    tx: &mut Tx,
    account: &AccountId,
    seen: &Binding,
) -> Result<Option<Linked>, StoreError> {
    tx.bindings().lock_home(&seen.consumer_no).await?;
    tx.bindings().live(account, &seen.consumer_no).await
}

/// A link that rests on no more than a payer's proof ends where the holder barred the person under
/// the other account.
async fn end_if_barred(
    tx: &mut Tx,
    removal: &mut Removal,
    other: &AccountId,
    linked: Linked,
) -> Result<Option<Linked>, BindingError> {
    let binding = &linked.binding;
    let (number, version) = (&binding.consumer_no, linked.home.holder_version);
    let lesser = binding.role == Role::PayerOnly && binding.grant_id.is_none();
    if !lesser || !tx.bindings().is_barred(other, number, version).await? {
        return Ok(Some(linked));
    }
    end(tx, removal, &linked, Cause::Taken).await?;
    removal.ended.push(linked.binding.binding_id);
    Ok(None)
}

async fn end(
    tx: &mut Tx,
    removal: &Removal,
    linked: &Linked,
    cause: Cause,
) -> Result<(), BindingError> {
    let pen = removal.pen.also_for(linked.binding.binding_id.as_str());
    end_link(tx, &removal.actor, linked, cause, &pen).await
}

async fn fold(
    tx: &mut Tx,
    removal: &mut Removal,
    theirs: Linked,
    ours: Linked,
) -> Result<(), BindingError> {
    let grant_id = keep_one_grant(tx, removal, &theirs, &ours).await?;
    let kept = together(&theirs, &ours, grant_id);
    let folded = theirs.binding;
    if kept != ours.binding {
        let certified = certified(&kept, &removal.id_no);
        tx.bindings().save(&kept, certified).await?;
    }
    tx.bindings().end(&folded, None, removal.pen.now).await?;
    tx.bindings().free_place(&removal.from).await?;
    tx.bindings()
        .fold(&folded.binding_id, &kept.binding_id)
        .await?;
    removal.folded.push((folded.binding_id, kept.binding_id));
    Ok(())
}

async fn grant_of(tx: &mut Tx, binding: &Binding) -> Result<Option<Grant>, StoreError> {
    match &binding.grant_id {
        Some(id) => tx.bindings().grant(&binding.consumer_no, id).await,
        None => Ok(None),
    }
}

/// Of what the holder granted either account, the better stays; what is left over gives its place
/// back. What a person granted themself, by one account to the other, is over.
async fn keep_one_grant(
    tx: &mut Tx,
    removal: &Removal,
    theirs: &Linked,
    ours: &Linked,
) -> Result<Option<GrantId>, StoreError> {
    let now = removal.pen.now;
    let own = [&theirs.binding.binding_id, &ours.binding.binding_id];
    let mut best: Option<(Grant, (Role, Time))> = None;
    for linked in [ours, theirs] {
        let Some(grant) = grant_of(tx, &linked.binding).await? else {
            continue;
        };
        let gives = linked.granted.as_ref();
        let gives = gives.and_then(|granted| linked.granted_role(granted, now));
        let is_own = own.contains(&&grant.holder_binding);
        let worth = gives.filter(|_| !is_own).map(|role| (role, grant.ends_at));
        let better = match (&best, worth) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some((_, known)), Some(worth)) => worth > *known,
        };
        match worth.filter(|_| better) {
            Some(worth) => {
                if let Some((lesser, _)) = best.replace((grant, worth)) {
                    end_grant_alone(tx, lesser, now).await?;
                }
            }
            None => end_grant_alone(tx, grant, now).await?,
        }
    }
    let Some((kept, _)) = best else {
        return Ok(None);
    };
    let id = kept.grant_id.clone();
    give_to(tx, removal, kept).await?;
    Ok(Some(id))
}

/// Ends a grant whose link goes on, or ends for another reason.
async fn end_grant_alone(tx: &mut Tx, grant: Grant, now: Time) -> Result<(), StoreError> {
    if grant.state == GrantState::Ended {
        return Ok(());
    }
    let ended = Grant {
        state: GrantState::Ended,
        ..grant
    };
    tx.bindings().save_grant(&ended, now).await
}

/// Notes who a grant is for now.
async fn give_to(tx: &mut Tx, removal: &Removal, grant: Grant) -> Result<(), StoreError> {
    if grant.state != GrantState::Accepted || grant.accepted_by.as_ref() == Some(&removal.into) {
        return Ok(());
    }
    let given = Grant {
        accepted_by: Some(removal.into.clone()),
        ..grant
    };
    tx.bindings().save_grant(&given, removal.pen.now).await
}

/// What the two links to one home have shown together, under the newer holder, by whose signboard the
/// home is known from then on; a conflict stays a conflict.
fn together(theirs: &Linked, ours: &Linked, grant_id: Option<GrantId>) -> Binding {
    let frozen = theirs.binding.frozen || ours.binding.frozen;
    let shown = |linked: &Linked| linked.binding.shown.then(|| linked.shown_role());
    let role = shown(theirs).max(shown(ours)).filter(|_| !frozen);
    let newer = if theirs.binding.holder_version > ours.binding.holder_version {
        &theirs.binding
    } else {
        &ours.binding
    };
    Binding {
        role: role.unwrap_or(Role::PayerOnly),
        shown: theirs.binding.shown || ours.binding.shown,
        grant_id,
        frozen,
        holder_version: newer.holder_version,
        signboard: newer.signboard.clone(),
        ..ours.binding.clone()
    }
}

fn certified<'a>(binding: &Binding, id_no: &'a IdNo) -> Option<&'a IdNo> {
    (binding.role == Role::Holder).then_some(id_no)
}

#[cfg(test)]
mod tests {
    use super::super::binding::tests::linked as holder;
    use super::*;
    use crate::shared::ids::TypedId as _;

    fn linked(role: Role, holder_version: i64, frozen: bool) -> Linked {
        let mut linked = holder();
        linked.binding.role = role;
        linked.binding.holder_version = holder_version;
        linked.binding.frozen = frozen;
        linked.home.frozen = frozen;
        linked
    }

    fn let_in() -> Linked {
        let mut linked = linked(Role::PayerOnly, 3, false);
        linked.binding.shown = false;
        linked.binding.grant_id = Some(grant_id());
        linked
    }

    fn grant_id() -> GrantId {
        GrantId::made("019aa2f0-0000-7000-8000-000000000003".into())
    }

    #[test]
    fn m3_6_two_links_to_one_home_keep_the_better_role_that_counts() {
        let role = |theirs: Linked, ours: Linked| {
            let kept = together(&theirs, &ours, None);
            (kept.role, kept.holder_version, kept.frozen)
        };
        use Role::{Authorised, Holder, PayerOnly};
        assert_eq!(
            role(linked(Holder, 3, false), linked(PayerOnly, 3, false)),
            (Holder, 3, false)
        );
        assert_eq!(
            role(linked(PayerOnly, 3, false), linked(Authorised, 3, false)),
            (Authorised, 3, false)
        );
        assert_eq!(
            role(linked(Holder, 2, false), linked(Authorised, 3, false)),
            (Authorised, 3, false),
            "a role under an earlier holder counts no more"
        );
        assert_eq!(
            role(linked(Holder, 3, false), linked(PayerOnly, 3, true)),
            (PayerOnly, 3, true),
            "a conflict is not merged away"
        );
    }

    #[test]
    fn m3_6_two_links_to_one_home_bear_the_name_of_the_newer_holder() {
        let named = |holder_version, name: &str| {
            let mut linked = linked(Role::PayerOnly, holder_version, false);
            linked.binding.signboard.holder_masked = name.to_owned();
            linked
        };
        let name = |theirs, ours| together(&theirs, &ours, None).signboard.holder_masked;
        assert_eq!(name(named(3, "*芳"), named(2, "*明")), "*芳");
        assert_eq!(name(named(2, "*明"), named(3, "*芳")), "*芳");
        assert_eq!(name(named(3, "*芳"), named(3, "*明")), "*明");
    }

    #[test]
    fn m3_6_what_was_granted_does_not_become_something_shown() {
        let kept = together(&let_in(), &let_in(), Some(grant_id()));
        assert!(!kept.shown, "two grants show nothing");
        assert_eq!(kept.grant_id, Some(grant_id()));
        let kept = together(&let_in(), &linked(Role::PayerOnly, 3, false), None);
        assert_eq!((kept.role, kept.shown), (Role::PayerOnly, true));
    }
}
