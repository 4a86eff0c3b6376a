//! How links end, and what rests on them: left by the person, taken by the holder, over by date.

use async_trait::async_trait;

use super::binding::{Binding, Linked};
use super::error::BindingError;
use super::grant::{Grant, GrantState};
use super::{Bindings, events};
use crate::accounts::news::tell_changed;
use crate::accounts::{AccountError, Actor, Caller, Errand, Pen, certified_in, step_up};
use crate::evidence::Act;
use crate::jobs::runner::{Task, TaskFailure};
use crate::shared::ids::{AccountId, BindingId};
use crate::shared::page::{Page, Slice};
use crate::shared::time::Time;
use crate::store::{StoreError, Tx, atomically, snapshot};

/// Links one turn ends; the next turn goes on.
const ENDS_PER_TURN: i64 = 100;

/// Why a link ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// Its person left the home.
    Left,
    /// The holder took the access away: this holder's home is closed to lesser proofs from now on.
    Taken,
    /// The holder it rested on left the home.
    HolderLeft,
    /// Its last day is over.
    Over,
}

impl Cause {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Taken => "taken",
            Self::HolderLeft => "holder_left",
            Self::Over => "over",
        }
    }

    /// What the person is told; somebody who left knows.
    const fn told(self) -> Option<&'static str> {
        match self {
            Self::Left => None,
            Self::Taken | Self::HolderLeft => Some(events::ACCESS_TAKEN),
            Self::Over => Some(events::ACCESS_OVER),
        }
    }
}

/// Ends a link with everything it granted; the caller holds the home's turn.
pub(super) async fn end_link(
    tx: &mut Tx,
    actor: &Actor,
    linked: &Linked,
    cause: Cause,
    pen: &Pen,
) -> Result<(), BindingError> {
    for grant in tx.bindings().granted_by(&linked.binding.binding_id).await? {
        let pen = pen.also_for(grant.grant_id.as_str());
        end_grant(tx, actor, grant, Cause::HolderLeft, &pen).await?;
    }
    end_row(tx, actor, linked, cause, pen).await
}

/// Ends a grant. A link that rests on it alone ends with it, another one loses it.
pub(super) async fn end_grant(
    tx: &mut Tx,
    actor: &Actor,
    grant: Grant,
    cause: Cause,
    pen: &Pen,
) -> Result<(), BindingError> {
    let resting = tx.bindings().link_with(&grant.grant_id).await?;
    if grant.state != GrantState::Ended {
        let ended = Grant {
            state: GrantState::Ended,
            ..grant
        };
        tx.bindings().save_grant(&ended, pen.now).await?;
    }
    match resting {
        // It shows no right of its own, so it can have granted nothing.
        Some(linked) if !linked.binding.shown => end_row(tx, actor, &linked, cause, pen).await,
        Some(linked) => {
            let left = Binding {
                grant_id: None,
                ..linked.binding
            };
            tx.bindings().save(&left, None).await?;
            if let Some(kind) = cause.told() {
                events::tell(tx, actor, pen, kind, &left, None).await?;
            }
            record(tx, actor, &left, cause, "bindings.grant_ended", pen).await
        }
        None => Ok(()),
    }
}

async fn end_row(
    tx: &mut Tx,
    actor: &Actor,
    linked: &Linked,
    cause: Cause,
    pen: &Pen,
) -> Result<(), BindingError> {
    let binding = &linked.binding;
    let barred = (cause == Cause::Taken).then_some(linked.home.holder_version);
    tx.bindings().end(binding, barred, pen.now).await?;
    tx.bindings().free_place(&binding.account_id).await?;
    if let Some(id) = &binding.grant_id
        && let Some(grant) = tx.bindings().grant(&binding.consumer_no, id).await?
        && grant.state != GrantState::Ended
    {
        let ended = Grant {
            state: GrantState::Ended,
            ..grant
        };
        tx.bindings().save_grant(&ended, pen.now).await?;
    }
    if let Some(kind) = cause.told() {
        events::tell(tx, actor, pen, kind, binding, None).await?;
    }
    record(tx, actor, binding, cause, "bindings.ended", pen).await
}

async fn record(
    tx: &mut Tx,
    actor: &Actor,
    binding: &Binding,
    cause: Cause,
    kind: &str,
    pen: &Pen,
) -> Result<(), BindingError> {
    let act = Act::new()
        .say("account_id", binding.account_id.as_str())
        .say("binding_id", binding.binding_id.as_str())
        .say("role", binding.role.as_str())
        .say("cause", cause.as_str())
        .seal("consumer_no", binding.consumer_no.expose());
    let subject = binding.binding_id.as_str();
    pen.prove(tx, actor, kind, subject, act).await?;
    tell_changed(tx, &binding.account_id, pen, &actor.trace_id).await?;
    Ok(())
}

/// A person as others may read them: the certified name, masked.
pub(super) async fn masked_name(
    tx: &mut Tx,
    account: &AccountId,
) -> Result<Option<String>, StoreError> {
    let certified = certified_in(tx, account).await?;
    Ok(certified.map(|person| person.name.masked()))
}

/// Ends every link of an account, with what it granted, inside a unit that takes its person off the app.
pub async fn leave_all_in(
    tx: &mut Tx,
    account: &AccountId,
    actor: &Actor,
    pen: &Pen,
) -> Result<(), BindingError> {
    let mut after = None;
    while let Some(page) = Page::new(None, after.take()) {
        let links = Slice::cut(
            tx.bindings().list(account, &page, pen.now).await?,
            &page,
            |linked| linked.binding.binding_id.to_string(),
        );
        for linked in &links.items {
            let (number, id) = (&linked.binding.consumer_no, &linked.binding.binding_id);
            tx.bindings().lock_home(number).await?;
            // Read behind the lock: a holder may just have taken it away.
            if let Some(linked) = tx.bindings().link_to(number, id).await? {
                let pen = pen.also_for(id.as_str());
                end_link(tx, actor, &linked, Cause::Left, &pen).await?;
            }
        }
        if links.next.is_none() {
            break;
        }
        after = links.next;
    }
    Ok(())
}

impl Bindings {
    /// Ends the caller's link. Its record stays; the copy of the archive goes, and so does what a
    /// holder granted. A device that is new to the account needs a step-up for it.
    pub async fn unbind(
        &self,
        caller: &Caller,
        binding_id: &BindingId,
    ) -> Result<(), BindingError> {
        let pen = Pen::ready(&self.maker());
        let (account, actor) = (&caller.account_id, caller.actor());
        atomically(&*self.store, async |tx: &mut Tx| {
            let found = tx.bindings().find(account, binding_id).await?;
            let linked = found.ok_or(BindingError::NotFound)?;
            tx.bindings().lock_home(&linked.binding.consumer_no).await?;
            let found = tx.bindings().find(account, binding_id).await?;
            let linked = found.filter(|linked| linked.role(pen.now).is_some());
            let linked = linked.ok_or(BindingError::NotFound)?;
            sure(tx, caller, binding_id, pen.now).await?;
            end_link(tx, &actor, &linked, Cause::Left, &pen).await
        })
        .await
    }

    /// Ends what is over by date; how many links. Reading checks the date itself, so this only
    /// frees places and tells both sides.
    pub async fn end_what_is_over(&self) -> Result<usize, BindingError> {
        let maker = self.maker();
        let actor = Actor::job("bindings.over", &maker);
        let now = maker.now();
        let mut view = snapshot(&*self.store).await?;
        let over = view.bindings().over(now, ENDS_PER_TURN).await?;
        drop(view);
        for linked in &over {
            let pen = Pen::ready(&maker);
            self.end_over(&actor, linked, &pen).await?;
        }
        atomically(&*self.store, async |tx: &mut Tx| {
            Ok::<_, BindingError>(tx.bindings().end_unaccepted(now).await?)
        })
        .await?;
        Ok(over.len())
    }

    async fn end_over(&self, actor: &Actor, seen: &Linked, pen: &Pen) -> Result<(), BindingError> {
        let (number, id) = (&seen.binding.consumer_no, &seen.binding.binding_id);
        atomically(&*self.store, async |tx: &mut Tx| {
            tx.bindings().lock_home(number).await?;
            let Some(linked) = tx.bindings().link_to(number, id).await? else {
                return Ok(());
            };
            let is_over = |linked: &Linked| {
                let granted = linked.granted.as_ref();
                granted.is_some_and(|granted| granted.ends_at <= pen.now)
            };
            let Some(grant_id) = linked.binding.grant_id.clone().filter(|_| is_over(&linked))
            else {
                return Ok(());
            };
            let grant = tx.bindings().grant(number, &grant_id).await?;
            let grant = grant.ok_or(BindingError::NotFound)?;
            let holder = tx
                .bindings()
                .find(&grant.holder, &grant.holder_binding)
                .await?;
            // A holder who is none any more learnt of the end when the holder changed.
            if let Some(holder) = holder.filter(|_| grant.state == GrantState::Accepted) {
                let person = masked_name(tx, &linked.binding.account_id).await?;
                events::tell(
                    tx,
                    actor,
                    pen,
                    events::SHARING_OVER,
                    &holder.binding,
                    person,
                )
                .await?;
            }
            end_grant(tx, actor, grant, Cause::Over, pen).await
        })
        .await
    }
}

/// Whoever took an account over cannot cut its person off from their homes.
async fn sure(
    tx: &mut Tx,
    caller: &Caller,
    home: &BindingId,
    now: Time,
) -> Result<(), BindingError> {
    let session = &caller.session_id;
    let fine = !step_up::is_new_device(tx, session, now).await?
        || step_up::spend(tx, session, &Errand::unlink(home), now).await?;
    if fine {
        Ok(())
    } else {
        Err(AccountError::StepUpRequired.into())
    }
}

/// The timed task that ends what is over.
#[derive(Debug, Clone)]
pub struct EndWhatIsOver(pub Bindings);

#[async_trait]
impl Task for EndWhatIsOver {
    fn name(&self) -> &'static str {
        "bindings.over"
    }

    fn every_s(&self) -> i64 {
        60
    }

    async fn run(&self, _now: Time) -> Result<(), TaskFailure> {
        self.0
            .end_what_is_over()
            .await
            .map(drop)
            .map_err(TaskFailure::store)
    }
}
