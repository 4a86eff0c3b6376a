//! Writing one link, with everything a link may set off: a newer holder, a rival holder, a place.

use serde_json::json;

use super::binding::{Binding, Home, Linked, Seen, Signboard};
use super::ending::{Cause, end_link};
use super::error::BindingError;
use super::events;
use super::holder::see_holder;
use super::ports::Verified;
use super::role::{Role, Shown};
use crate::accounts::news::tell_changed;
use crate::accounts::{Caller, Pen};
use crate::cases::CaseKind;
use crate::evidence::Act;
use crate::shared::ids::{BindingId, Maker};
use crate::shared::personal::IdNo;
use crate::store::Tx;

/// One home to link, with all ids made before the unit of work.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    pub(super) verified: Verified,
    pub(super) shown: Shown,
    pub(super) signboard: Signboard,
    /// The account's certified ID number; a HOLDER link rests on it.
    pub(super) id_no: Option<IdNo>,
    binding_id: BindingId,
    link_pen: Pen,
    holder_pen: Pen,
    conflict_pen: Pen,
}

impl Claim {
    pub(super) fn new(
        maker: &Maker<'_>,
        verified: Verified,
        shown: Shown,
        signboard: Signboard,
        id_no: Option<IdNo>,
    ) -> Self {
        Self {
            verified,
            shown,
            signboard,
            id_no,
            binding_id: maker.id(),
            link_pen: Pen::ready(maker),
            holder_pen: Pen::ready(maker),
            conflict_pen: Pen::ready(maker),
        }
    }

    /// Links the home, or raises the link that is there already.
    pub(super) async fn link(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        most: i64,
    ) -> Result<Seen, BindingError> {
        let consumer_no = &self.verified.consumer_no;
        let (actor, holding) = (caller.actor(), self.verified.holding());
        let home = see_holder(tx, &actor, consumer_no, holding, &self.holder_pen).await?;
        let (role, frozen) = self.settle_role(tx, caller, home).await?;
        let certified = self.id_no.as_ref().filter(|_| role == Role::Holder);
        let binding = match self.held(tx, caller).await? {
            Some(linked) => {
                let raised = self.raised(linked.binding, role, frozen);
                tx.bindings().save(&raised, certified).await?;
                raised
            }
            None => {
                self.check_bar(tx, caller, home).await?;
                if !tx.bindings().take_place(&caller.account_id, most).await? {
                    return Err(BindingError::TooManyBindings);
                }
                let binding = self.fresh(caller, role, frozen);
                tx.bindings().add(&binding, certified).await?;
                binding
            }
        };
        let act = Act::new()
            .say("account_id", caller.account_id.as_str())
            .say("binding_id", binding.binding_id.as_str())
            .say("role", binding.role.as_str())
            .say("shown_by", self.shown.as_str())
            .say("holder_version", binding.holder_version)
            .seal("consumer_no", consumer_no.expose());
        let subject = binding.binding_id.as_str();
        self.link_pen
            .prove(tx, &actor, "bindings.linked", subject, act)
            .await?;
        tell_changed(tx, &caller.account_id, &self.link_pen, &actor.trace_id).await?;
        let linked = tx
            .bindings()
            .find(&caller.account_id, &binding.binding_id)
            .await?;
        let seen = linked.and_then(|linked| linked.seen(self.link_pen.now));
        seen.ok_or(BindingError::CannotConfirm)
    }

    /// The account's link to the home. One whose grant is over makes way for a new one.
    async fn held(&self, tx: &mut Tx, caller: &Caller) -> Result<Option<Linked>, BindingError> {
        let (account, consumer_no) = (&caller.account_id, &self.verified.consumer_no);
        let held = tx.bindings().live(account, consumer_no).await?;
        let Some(linked) = held else { return Ok(None) };
        let now = self.link_pen.now;
        if linked.role(now).is_some() {
            return Ok(Some(linked));
        }
        let pen = self.link_pen.also_for("over");
        end_link(tx, &caller.actor(), &linked, Cause::Over, &pen).await?;
        Ok(None)
    }

    /// Where the holder took somebody's access away, what stands on any lease does not bring it
    /// back; what the holder alone can give does.
    async fn check_bar(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        home: Home,
    ) -> Result<(), BindingError> {
        match self.shown {
            Shown::CertifiedId { .. } | Shown::ArchivedMobile { .. } => return Ok(()),
            Shown::IdLast6 => {}
        }
        let (account, consumer_no) = (&caller.account_id, &self.verified.consumer_no);
        let bindings = tx.bindings();
        let barred = bindings.is_barred(account, consumer_no, home.holder_version);
        if barred.await? {
            Err(BindingError::CannotConfirm)
        } else {
            Ok(())
        }
    }

    fn fresh(&self, caller: &Caller, role: Role, frozen: bool) -> Binding {
        Binding {
            binding_id: self.binding_id.clone(),
            account_id: caller.account_id.clone(),
            consumer_no: self.verified.consumer_no.clone(),
            role,
            shown: true,
            grant_id: None,
            holder_version: self.verified.holder_version,
            frozen,
            signboard: self.signboard.clone(),
            label: None,
            created_at: self.link_pen.now,
            version: 1,
        }
    }

    /// A proof given again never lowers a link of the same holder version, and never thaws one.
    fn raised(&self, held: Binding, role: Role, frozen: bool) -> Binding {
        let same_holder = held.holder_version == self.verified.holder_version;
        let frozen = held.frozen || frozen;
        let role = if same_holder {
            held.role.max(role)
        } else {
            role
        };
        Binding {
            role: if frozen { Role::PayerOnly } else { role },
            shown: true,
            frozen,
            holder_version: held.holder_version.max(self.verified.holder_version),
            signboard: self.signboard.clone(),
            ..held
        }
    }

    /// The role this claim ends with: a second HOLDER with another certified ID freezes both
    /// (money.md 3.2).
    async fn settle_role(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        home: Home,
    ) -> Result<(Role, bool), BindingError> {
        let role = self.shown.grants(self.verified.role);
        let consumer_no = &self.verified.consumer_no;
        let outdated = home.holder_version > self.verified.holder_version;
        let id_no = match (role, &self.id_no) {
            (Role::Holder, Some(id_no)) if !outdated => id_no,
            (Role::Holder | Role::Authorised | Role::PayerOnly, _) => {
                let ceiling = if outdated {
                    Role::PayerOnly
                } else {
                    Role::Authorised
                };
                return Ok((role.min(ceiling), false));
            }
        };
        if home.frozen {
            return Ok((Role::PayerOnly, true));
        }
        let rivals = tx
            .bindings()
            .rivals(&caller.account_id, consumer_no, id_no)
            .await?;
        if rivals.is_empty() {
            return Ok((role, false));
        }
        self.freeze(tx, caller, rivals).await?;
        Ok((Role::PayerOnly, true))
    }

    async fn freeze(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        rivals: Vec<Binding>,
    ) -> Result<(), BindingError> {
        tx.bindings()
            .freeze_home(&self.verified.consumer_no)
            .await?;
        let mut accounts = vec![caller.account_id.as_str().to_owned()];
        let mut links = Vec::new();
        let (actor, kind) = (caller.actor(), events::HOLDER_DISPUTED);
        for rival in rivals {
            events::tell(tx, &actor, &self.conflict_pen, kind, &rival, None).await?;
            accounts.push(rival.account_id.as_str().to_owned());
            links.push(rival.binding_id.as_str().to_owned());
            let fallen = Binding {
                role: Role::PayerOnly,
                frozen: true,
                ..rival
            };
            tx.bindings().save(&fallen, None).await?;
            let pen = &self.conflict_pen;
            tell_changed(tx, &fallen.account_id, pen, &actor.trace_id).await?;
        }
        accounts.sort();
        let subject = links.first().cloned().unwrap_or_default();
        let version = self.verified.holder_version;
        let cause = format!("holder:{version}:{}", accounts.join(":"));
        let facts = json!({"accounts": accounts, "frozen": links, "holder_version": version});
        let pen = &self.conflict_pen;
        let kind = CaseKind::HolderConflict;
        pen.open_case(tx, kind, &cause, &subject, &facts, &caller.trace_id)
            .await?;
        let act = Act::new()
            .say("accounts", accounts)
            .say("frozen", links)
            .say("holder_version", version)
            .seal("consumer_no", self.verified.consumer_no.expose());
        pen.prove(tx, &actor, "bindings.holder_conflict", &subject, act)
            .await?;
        Ok(())
    }
}
