//! The invited side of sharing: looking at an invitation, and accepting it.
//!
//! Unknown, used, taken back, too late, one's own: one answer, so that a link that went astray tells
//! nothing.

use super::Bindings;
use super::binding::{Binding, Linked, Seen, Signboard};
use super::ending::{Cause, end_grant, end_link};
use super::error::BindingError;
use super::events;
use super::grant::{Grant, GrantState, Scope};
use super::role::{Right, Role};
use crate::accounts::news::tell_changed;
use crate::accounts::rotation::{Successor, rotate};
use crate::accounts::{Caller, Pen, Secret, certified};
use crate::evidence::Act;
use crate::shared::ids::BindingId;
use crate::shared::personal::ConsumerNo;
use crate::shared::time::{Day, Time};
use crate::store::{Tx, atomically, snapshot};

/// What an invitation offers, to whoever holds its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub signboard: Signboard,
    pub scope: Scope,
    pub ends_on: Day,
    pub open_until: Time,
}

impl Bindings {
    /// What accepting would give.
    pub async fn invitation(
        &self,
        caller: &Caller,
        token: &Secret,
    ) -> Result<Invitation, BindingError> {
        let (grant, holder) = self.open_invitation(caller, token).await?;
        Ok(Invitation {
            signboard: holder.binding.signboard,
            scope: grant.scope,
            ends_on: grant.ends_on(),
            open_until: grant.open_until,
        })
    }

    /// Links the invited person to the home; a repeat by the same person finds the link it made.
    pub async fn accept(&self, caller: &Caller, token: &Secret) -> Result<Seen, BindingError> {
        if let Some(seen) = self.accepted_before(caller, token).await? {
            return Ok(seen);
        }
        let (_, holder) = self.open_invitation(caller, token).await?;
        self.look_again(&caller.actor(), &holder).await?;
        let mut view = snapshot(&*self.store).await?;
        let person = certified(&mut view, &caller.account_id).await?;
        drop(view);
        let maker = self.maker();
        let acceptance = Acceptance {
            number: holder.binding.consumer_no,
            person_masked: person.map(|person| person.name.masked()),
            binding_id: maker.id(),
            pen: Pen::ready(&maker),
            next: Successor::ready(&maker),
            places: self.rules.per_account_max,
        };
        atomically(&*self.store, async |tx: &mut Tx| {
            acceptance.write(tx, caller, token).await
        })
        .await
    }

    /// The invitation behind a token, while somebody other than its holder can accept it.
    async fn open_invitation(
        &self,
        caller: &Caller,
        token: &Secret,
    ) -> Result<(Grant, Linked), BindingError> {
        let now = self.clock.now();
        let mut view = snapshot(&*self.store).await?;
        let grant = view.bindings().invitation(token).await?;
        let grant = grant.filter(|grant| grant.is_open(now) && grant.holder != caller.account_id);
        let grant = grant.ok_or(BindingError::CannotConfirm)?;
        let holder = view
            .bindings()
            .find(&grant.holder, &grant.holder_binding)
            .await?;
        let holder = holder.filter(|holder| may_grant(holder, &grant, now));
        Ok((grant, holder.ok_or(BindingError::CannotConfirm)?))
    }

    async fn accepted_before(
        &self,
        caller: &Caller,
        token: &Secret,
    ) -> Result<Option<Seen>, BindingError> {
        let mut view = snapshot(&*self.store).await?;
        let grant = view.bindings().invitation(token).await?;
        let mine = |grant: &Grant| {
            grant.state == GrantState::Accepted
                && grant.accepted_by.as_ref() == Some(&caller.account_id)
        };
        let Some(grant) = grant.filter(mine) else {
            return Ok(None);
        };
        let linked = view.bindings().link_with(&grant.grant_id).await?;
        Ok(linked.and_then(|linked| linked.seen(self.clock.now())))
    }
}

/// One acceptance, with all ids made before the unit of work.
struct Acceptance {
    number: ConsumerNo,
    person_masked: Option<String>,
    binding_id: BindingId,
    pen: Pen,
    /// The session's next id: what it may do grows (money.md 3.5).
    next: Successor,
    places: i64,
}

impl Acceptance {
    async fn write(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        token: &Secret,
    ) -> Result<Seen, BindingError> {
        let now = self.pen.now;
        tx.bindings().lock_home(&self.number).await?;
        let grant = tx.bindings().invitation(token).await?;
        let grant = grant.filter(|grant| grant.is_open(now));
        let grant = grant.ok_or(BindingError::CannotConfirm)?;
        let holder = tx
            .bindings()
            .find(&grant.holder, &grant.holder_binding)
            .await?;
        let holder = holder.filter(|holder| may_grant(holder, &grant, now));
        let holder = holder.ok_or(BindingError::CannotConfirm)?;
        let accepted = Grant {
            state: GrantState::Accepted,
            accepted_by: Some(caller.account_id.clone()),
            accepted_at: Some(now),
            ..grant
        };
        tx.bindings().save_grant(&accepted, now).await?;
        let binding = self.link(tx, caller, &accepted, &holder).await?;
        let (actor, pen) = (caller.actor(), &self.pen);
        let kind = events::SHARING_ACCEPTED;
        let person = self.person_masked.clone();
        events::tell(tx, &actor, pen, kind, &holder.binding, person).await?;
        let act = Act::new()
            .say("account_id", caller.account_id.as_str())
            .say("binding_id", binding.as_str())
            .say("grant_id", accepted.grant_id.as_str())
            .say("role", accepted.scope.as_str())
            .seal("consumer_no", self.number.expose());
        let subject = accepted.grant_id.as_str();
        pen.prove(tx, &actor, "bindings.accepted", subject, act)
            .await?;
        tell_changed(tx, &caller.account_id, pen, &actor.trace_id).await?;
        rotate(tx, caller, &self.next).await?;
        let linked = tx.bindings().find(&caller.account_id, &binding).await?;
        let seen = linked.and_then(|linked| linked.seen(now));
        seen.ok_or(BindingError::CannotConfirm)
    }

    /// Makes the link, or lets the one that is there rest on the grant as well.
    async fn link(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        grant: &Grant,
        holder: &Linked,
    ) -> Result<BindingId, BindingError> {
        let now = self.pen.now;
        let (account, actor) = (&caller.account_id, caller.actor());
        match tx.bindings().live(account, &self.number).await? {
            Some(linked) if linked.role(now).is_some() => {
                let earlier = linked.binding.grant_id.clone();
                let resting = Binding {
                    grant_id: Some(grant.grant_id.clone()),
                    holder_version: holder.home.holder_version,
                    // What was shown to a former holder's archive opens no more than paying.
                    role: if linked.is_outdated() {
                        Role::PayerOnly
                    } else {
                        linked.binding.role
                    },
                    signboard: holder.binding.signboard.clone(),
                    ..linked.binding
                };
                tx.bindings().save(&resting, None).await?;
                if let Some(id) = earlier
                    && let Some(replaced) = tx.bindings().grant(&self.number, &id).await?
                {
                    let pen = self.pen.also_for(id.as_str());
                    end_grant(tx, &actor, replaced, Cause::Over, &pen).await?;
                }
                return Ok(resting.binding_id);
            }
            Some(over) => {
                let pen = self.pen.also_for(over.binding.binding_id.as_str());
                end_link(tx, &actor, &over, Cause::Over, &pen).await?;
            }
            None => {}
        }
        if !tx.bindings().take_place(account, self.places).await? {
            return Err(BindingError::TooManyBindings);
        }
        let fresh = Binding {
            binding_id: self.binding_id.clone(),
            account_id: account.clone(),
            consumer_no: self.number.clone(),
            role: Role::PayerOnly,
            shown: false,
            grant_id: Some(grant.grant_id.clone()),
            holder_version: holder.home.holder_version,
            frozen: false,
            signboard: holder.binding.signboard.clone(),
            label: None,
            created_at: now,
            version: 1,
        };
        tx.bindings().add(&fresh, None).await?;
        Ok(fresh.binding_id)
    }
}

/// Whether the one who gave a grant is still the holder they were then.
fn may_grant(holder: &Linked, grant: &Grant, now: Time) -> bool {
    let may = holder.role(now).is_some_and(|role| role.may(Right::Share));
    may && grant.holder_version == holder.home.holder_version
}
