//! The holder's side of sharing: who may use the home, letting somebody in, taking it away again.

use super::Bindings;
use super::binding::Linked;
use super::ending::{Cause, end_grant, end_link};
use super::error::BindingError;
use super::grant::{self, Grant, GrantState, INVITATION_LIFE_S, Scope};
use super::owned::HolderBinding;
use super::role::{Right, Role};
use crate::accounts::{Caller, Pen, Secret, certified};
use crate::evidence::Act;
use crate::shared::ids::{BindingId, GrantId, TypedId as _};
use crate::shared::page::{Page, Slice};
use crate::shared::time::{Day, Time};
use crate::store::{Tx, View, atomically, snapshot};

/// A fresh invitation. The token is told once and to nobody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    pub grant: Grant,
    pub token: Secret,
}

/// Somebody who may use a home beside the holder who asks, or is invited to.
#[derive(Clone, PartialEq, Eq)]
pub struct Access {
    /// The grant's id; for a person who linked the home themselves, the id of their link.
    pub access_id: String,
    pub role: Role,
    /// Nobody has accepted it yet.
    pub invited: bool,
    /// The person, masked; absent while nobody accepted, and without a certified name.
    pub person_masked: Option<String>,
    /// The person rests on a proof of their own, not on a grant alone.
    pub self_linked: bool,
    pub since: Time,
    /// When it ends by itself.
    pub ends_at: Option<Time>,
    /// Until when an invitation can be accepted.
    pub open_until: Option<Time>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[Access]")
    }
}

impl Access {
    fn of_invitation(grant: Grant) -> Self {
        Self {
            access_id: grant.grant_id.to_string(),
            role: grant.scope.role(),
            invited: true,
            person_masked: None,
            self_linked: false,
            since: grant.created_at,
            ends_at: Some(grant.ends_at),
            open_until: Some(grant.open_until),
        }
    }

    fn of_link(linked: &Linked, role: Role, person_masked: Option<String>) -> Self {
        let binding = &linked.binding;
        Self {
            access_id: match &binding.grant_id {
                Some(grant_id) => grant_id.to_string(),
                None => binding.binding_id.to_string(),
            },
            role,
            invited: false,
            person_masked,
            self_linked: binding.shown,
            since: binding.created_at,
            ends_at: linked.granted.as_ref().map(|granted| granted.ends_at),
            open_until: None,
        }
    }
}

impl Bindings {
    /// Invites somebody to a home, until a last day. Whoever accepts the token first has it; the
    /// holder alone may do this, and what they grant cannot be granted on (money.md 3.2).
    pub async fn invite(
        &self,
        caller: &Caller,
        binding_id: &BindingId,
        scope: Scope,
        ends_on: Day,
    ) -> Result<Invited, BindingError> {
        let held = self.own_as_holder(caller, binding_id).await?;
        let maker = self.maker();
        let pen = Pen::ready(&maker);
        let today = Day::of(pen.now);
        let invited = Invited {
            grant: Grant {
                grant_id: maker.id(),
                holder: caller.account_id.clone(),
                holder_binding: binding_id.clone(),
                scope,
                holder_version: held.owned().holder_version(),
                state: GrantState::Open,
                open_until: pen.now.plus_seconds(INVITATION_LIFE_S),
                ends_at: grant::ends_at(ends_on, today, self.rules.grant_days_max)?,
                accepted_by: None,
                created_at: pen.now,
                accepted_at: None,
                version: 1,
            },
            token: Secret::new(maker.token()),
        };
        let number = &held.binding().consumer_no;
        let (grant, token) = (&invited.grant, &invited.token);
        let most = self.rules.grants_per_home_max;
        atomically(&*self.store, async |tx: &mut Tx| {
            still_holder(tx, &held, pen.now).await?;
            if tx.bindings().count_grants(number, pen.now).await? >= most {
                return Err(BindingError::TooManyGrants);
            }
            tx.bindings().add_grant(number, grant, token).await?;
            let act = Act::new()
                .say("account_id", caller.account_id.as_str())
                .say("binding_id", binding_id.as_str())
                .say("grant_id", grant.grant_id.as_str())
                .say("role", scope.as_str())
                .say("ends_on", ends_on.to_string())
                .seal("consumer_no", number.expose());
            let subject = grant.grant_id.as_str();
            pen.prove(tx, &caller.actor(), "bindings.invited", subject, act)
                .await?;
            Ok(())
        })
        .await?;
        Ok(invited)
    }

    /// Everybody who may use a home beside the caller, its holder: open invitations first, then
    /// people in the order they were linked, those who linked it themselves included.
    pub async fn access(
        &self,
        caller: &Caller,
        binding_id: &BindingId,
        page: &Page,
    ) -> Result<Slice<Access>, BindingError> {
        let held = self.own_as_holder(caller, binding_id).await?;
        let number = &held.binding().consumer_no;
        let now = self.clock.now();
        let mut view = snapshot(&*self.store).await?;
        let mut items = Vec::new();
        if page.after().is_none() {
            let open = view.bindings().invitations(number, now).await?;
            items.extend(open.into_iter().map(Access::of_invitation));
        }
        let account = &caller.account_id;
        let rows = view.bindings().others(account, number, page, now).await?;
        let people = Slice::cut(rows, page, |linked| linked.binding.binding_id.to_string());
        for linked in &people.items {
            if let Some(role) = linked.role(now) {
                let person = masked(&mut view, linked).await?;
                items.push(Access::of_link(linked, role, person));
            }
        }
        Ok(Slice {
            items,
            next: people.next,
        })
    }

    /// Takes an access away: an invitation, what came of one, or a link that a person made
    /// themselves.
    pub async fn revoke(
        &self,
        caller: &Caller,
        binding_id: &BindingId,
        access_id: &GrantId,
    ) -> Result<(), BindingError> {
        let held = self.own_as_holder(caller, binding_id).await?;
        let number = &held.binding().consumer_no;
        let pen = Pen::ready(&self.maker());
        let actor = caller.actor();
        atomically(&*self.store, async |tx: &mut Tx| {
            still_holder(tx, &held, pen.now).await?;
            let linked = match tx.bindings().grant(number, access_id).await? {
                Some(grant) => match tx.bindings().link_with(access_id).await? {
                    Some(linked) => linked,
                    None if grant.is_open(pen.now) => {
                        return end_grant(tx, &actor, grant, Cause::Taken, &pen).await;
                    }
                    None => return Err(BindingError::NotFound),
                },
                None => {
                    let link = BindingId::made(access_id.to_string());
                    let found = tx.bindings().link_to(number, &link).await?;
                    found.ok_or(BindingError::NotFound)?
                }
            };
            // One's own link is left, not taken away; one that is over is nobody's.
            let own = linked.binding.account_id == caller.account_id;
            if own || linked.role(pen.now).is_none() {
                return Err(BindingError::NotFound);
            }
            end_link(tx, &actor, &linked, Cause::Taken, &pen).await
        })
        .await
    }

    /// [`Bindings::own_authorised`] for what is the holder's alone.
    pub async fn own_as_holder(
        &self,
        caller: &Caller,
        binding_id: &BindingId,
    ) -> Result<HolderBinding, BindingError> {
        Ok(self.own_authorised(caller, binding_id).await?.holder()?)
    }
}

/// Takes the home's turn and shows that the caller is its holder within the unit.
async fn still_holder(tx: &mut Tx, held: &HolderBinding, now: Time) -> Result<(), BindingError> {
    let binding = held.binding();
    tx.bindings().lock_home(&binding.consumer_no).await?;
    let found = tx
        .bindings()
        .find(&binding.account_id, &binding.binding_id)
        .await?;
    match found.and_then(|linked| linked.role(now)) {
        Some(role) if role.may(Right::Share) => Ok(()),
        Some(_) => Err(BindingError::RoleNotEnough),
        None => Err(BindingError::NotFound),
    }
}

async fn masked(view: &mut View, linked: &Linked) -> Result<Option<String>, BindingError> {
    let certified = certified(view, &linked.binding.account_id).await?;
    Ok(certified.map(|person| person.name.masked()))
}
