//! What a person sees of a linked home, and how they name it or leave it (LN-10, LN-46).

use async_trait::async_trait;

use super::binding::{Binding, Label, Linked, Seen};
use super::error::BindingError;
use super::holder::see_holder;
use super::owned::{AuthorisedBinding, OwnedBinding, Reach};
use super::ports::{ArchiveError, Consumer, Kept, RealNameState};
use super::role::Right;
use super::{Bindings, entitled, own};
use crate::accounts::{Caller, Pen};
use crate::jobs::runner::{Task, TaskFailure};
use crate::shared::ids::BindingId;
use crate::shared::page::{Page, Slice};
use crate::shared::time::Time;
use crate::store::{Tx, atomically, snapshot};

/// A home with what the archive says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    pub seen: Seen,
    /// Absent for a payer, who sees the amount due and no more (money.md 3.4).
    pub supply: Option<Supply>,
}

/// The archive's side of a home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supply {
    pub consumer: Consumer,
    pub real_name: RealName,
    pub as_of: Time,
    /// The archive did not answer; this is the last good copy.
    pub stale: bool,
}

/// Whether electricity is used under the real name, and what to do if not (LN-10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RealName {
    pub state: RealNameState,
    pub cure: Option<RealNameCure>,
}

/// What would mend the real-name state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RealNameCure {
    /// Alipay certified no name for this account: certify there, sign in again.
    CertifyAtAlipay,
    /// Comparing with the archive needs the person's consent.
    AgreeToMatch,
    /// The archive has no ID number: an outlet adds it.
    AddAtOutlet,
    /// The contract is in another name: transfer it at an outlet.
    TransferAtOutlet,
}

impl RealNameCure {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CertifyAtAlipay => "CERTIFY_AT_ALIPAY",
            Self::AgreeToMatch => "AGREE_TO_MATCH",
            Self::AddAtOutlet => "ADD_AT_OUTLET",
            Self::TransferAtOutlet => "TRANSFER_AT_OUTLET",
        }
    }
}

/// Who could be compared with the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparable {
    NotCertified,
    NotAgreed,
    Yes,
}

/// What the archive's answer and the person's side make together.
fn real_name(comparable: Comparable, answer: Option<RealNameState>) -> RealName {
    let (state, cure) = match (comparable, answer) {
        (Comparable::NotCertified, _) => {
            (RealNameState::Missing, Some(RealNameCure::CertifyAtAlipay))
        }
        (Comparable::NotAgreed, _) | (Comparable::Yes, None) => {
            (RealNameState::Missing, Some(RealNameCure::AgreeToMatch))
        }
        (Comparable::Yes, Some(RealNameState::Verified)) => (RealNameState::Verified, None),
        (Comparable::Yes, Some(RealNameState::Missing)) => {
            (RealNameState::Missing, Some(RealNameCure::AddAtOutlet))
        }
        (Comparable::Yes, Some(RealNameState::Mismatch)) => (
            RealNameState::Mismatch,
            Some(RealNameCure::TransferAtOutlet),
        ),
    };
    RealName { state, cure }
}

impl Bindings {
    /// The caller's homes in the order they were linked, each with the role that counts now.
    pub async fn list(&self, caller: &Caller, page: &Page) -> Result<Slice<Seen>, BindingError> {
        let now = self.clock.now();
        let mut view = snapshot(&*self.store).await?;
        let rows = view.bindings().list(&caller.account_id, page, now).await?;
        let slice = Slice::cut(rows, page, |linked| linked.binding.binding_id.to_string());
        let seen = slice
            .items
            .into_iter()
            .filter_map(|linked| linked.seen(now));
        Ok(Slice {
            items: seen.collect(),
            next: slice.next,
        })
    }

    /// One home with the archive's side of it, from a fresh copy, the archive, or the last good
    /// copy when the archive is away.
    pub async fn detail(
        &self,
        caller: &Caller,
        binding_id: &BindingId,
    ) -> Result<Detail, BindingError> {
        let linked = self.linked(caller, binding_id).await?;
        let seen = self.seen(linked.clone())?;
        if !seen.role.may(Right::SeeArchive) {
            return Ok(without_supply(seen));
        }
        let mut view = snapshot(&*self.store).await?;
        // What was kept under a holder before is of that contract, whoever proved what since.
        let under = linked.binding.holder_version;
        let kept = view.bindings().kept(&linked.binding).await?;
        let kept = kept.filter(|kept| kept.consumer.holder_version >= under);
        drop(view);
        let comparable = self.comparable(caller).await?;
        let now = self.clock.now();
        let fresh = |kept: &Kept| now.seconds_since(kept.kept_at) < self.rules.kept_fresh_s;
        if let Some(kept) = kept
            .as_ref()
            .filter(|kept| fresh(kept) && knows(kept, comparable))
        {
            return Ok(with_supply(seen, kept.clone(), comparable, false));
        }
        match (self.ask_archive(caller, &linked).await, kept) {
            (Ok(asked), _) => {
                // The holder may have changed while we asked: the new one's archive is not ours.
                let seen = self.seen(self.linked(caller, binding_id).await?)?;
                if seen.role.may(Right::SeeArchive) {
                    Ok(with_supply(seen, asked, comparable, false))
                } else {
                    Ok(without_supply(seen))
                }
            }
            (Err(BindingError::ArchiveUnavailable(_)), Some(kept)) => {
                Ok(with_supply(seen, kept, comparable, true))
            }
            (Err(error), _) => Err(error),
        }
    }

    async fn linked(
        &self,
        caller: &Caller,
        binding_id: &BindingId,
    ) -> Result<Linked, BindingError> {
        let mut view = snapshot(&*self.store).await?;
        let found = view.bindings().find(&caller.account_id, binding_id).await?;
        found.ok_or(BindingError::NotFound)
    }

    /// What its person may see of a link; one that is over is not there.
    fn seen(&self, linked: Linked) -> Result<Seen, BindingError> {
        linked.seen(self.clock.now()).ok_or(BindingError::NotFound)
    }

    async fn comparable(&self, caller: &Caller) -> Result<Comparable, BindingError> {
        let mut view = snapshot(&*self.store).await?;
        let certified = crate::accounts::certified(&mut view, &caller.account_id).await?;
        drop(view);
        Ok(match (certified, self.person_who_agreed(caller).await?) {
            (None, _) => Comparable::NotCertified,
            (Some(_), None) => Comparable::NotAgreed,
            (Some(_), Some(_)) => Comparable::Yes,
        })
    }

    /// Asks the archive, keeps its answer, and lets a newer holder version take effect.
    async fn ask_archive(&self, caller: &Caller, linked: &Linked) -> Result<Kept, BindingError> {
        let binding = &linked.binding;
        let consumer_no = &binding.consumer_no;
        let gone = || {
            BindingError::ArchiveUnavailable(crate::shared::outside::NoAnswer::Unknown(
                "consumer_gone",
            ))
        };
        let consumer = match self.archive.consumer(consumer_no).await {
            Ok(consumer) => consumer,
            Err(ArchiveError::CannotConfirm) => return Err(gone()),
            Err(ArchiveError::NoAnswer(why)) => return Err(BindingError::ArchiveUnavailable(why)),
        };
        let real_name = match self.person_who_agreed(caller).await? {
            None => None,
            Some(person) => {
                match self
                    .archive
                    .real_name(consumer_no, &person.name, &person.id_no)
                    .await
                {
                    Ok(state) => Some(state),
                    Err(ArchiveError::CannotConfirm) => return Err(gone()),
                    Err(ArchiveError::NoAnswer(why)) => {
                        return Err(BindingError::ArchiveUnavailable(why));
                    }
                }
            }
        };
        let pen = Pen::ready(&self.maker());
        let kept = Kept {
            consumer,
            real_name,
            kept_at: pen.now,
        };
        atomically(&*self.store, async |tx: &mut Tx| {
            let holding = kept.consumer.holding();
            let home = see_holder(tx, &caller.actor(), consumer_no, holding, &pen).await?;
            if home.holder_version == binding.holder_version {
                tx.bindings().keep(binding, &kept).await?;
            }
            Ok::<_, BindingError>(())
        })
        .await?;
        Ok(kept)
    }

    /// Names a home, or takes its name away.
    pub async fn rename(
        &self,
        caller: &Caller,
        binding_id: &BindingId,
        label: Option<Label>,
    ) -> Result<Seen, BindingError> {
        let pen = Pen::ready(&self.maker());
        atomically(&*self.store, async |tx: &mut Tx| {
            let found = tx.bindings().find(&caller.account_id, binding_id).await?;
            let linked = found.ok_or(BindingError::NotFound)?;
            let named = Linked {
                binding: Binding {
                    label: label.clone(),
                    ..linked.binding
                },
                ..linked
            };
            let seen = named.clone().seen(pen.now).ok_or(BindingError::NotFound)?;
            tx.bindings().save_label(&named.binding).await?;
            let subject = binding_id.as_str();
            pen.audit(tx, &caller.actor(), "bindings.rename", subject, "ok")
                .await?;
            Ok(seen)
        })
        .await
    }

    /// Drops offers nobody can confirm any more; how many. Run every few minutes.
    pub async fn purge(&self) -> Result<u64, BindingError> {
        let now = self.clock.now();
        atomically(&*self.store, async |tx: &mut Tx| {
            Ok(tx.bindings().purge_offered(now).await?)
        })
        .await
    }

    /// Shows that the caller is linked to a home now and has a right that every role has, or asks for
    /// one by [`super::OwnedBinding::authorised`].
    pub async fn own(
        &self,
        caller: &Caller,
        binding_id: &BindingId,
        right: Right,
    ) -> Result<OwnedBinding, BindingError> {
        let now = self.clock.now();
        let mut view = snapshot(&*self.store).await?;
        Ok(own(&mut view, &caller.account_id, binding_id, right, now).await?)
    }

    /// [`Bindings::own`] for more than a payer's rights, with the holder looked at again: a former
    /// holder does not go on reading the new one's figures (money.md 3.4).
    pub async fn own_authorised(
        &self,
        caller: &Caller,
        binding_id: &BindingId,
    ) -> Result<AuthorisedBinding, BindingError> {
        let linked = self.linked(caller, binding_id).await?;
        let owned = entitled(linked.clone(), Right::SeeFigures, self.clock.now())?;
        if !self.look_again(&caller.actor(), &linked).await? {
            return Ok(owned.authorised()?);
        }
        let owned = self.own(caller, binding_id, Right::SeeFigures).await?;
        Ok(owned.authorised()?)
    }

    /// The supply office of a home, as the archive or its last good copy numbers it.
    pub async fn supply_office(
        &self,
        caller: &Caller,
        binding_id: &BindingId,
    ) -> Result<Option<String>, BindingError> {
        let detail = self.detail(caller, binding_id).await?;
        Ok(detail.supply.and_then(|supply| supply.consumer.org_no))
    }

    /// As much as the caller's role includes, for what shows a payer less than others.
    pub async fn reach(
        &self,
        caller: &Caller,
        binding_id: &BindingId,
    ) -> Result<Reach, BindingError> {
        match self.own_authorised(caller, binding_id).await {
            Ok(home) => Ok(Reach::Figures(home)),
            Err(BindingError::RoleNotEnough) => {
                let owned = self.own(caller, binding_id, Right::SeeDue).await?;
                Ok(Reach::Due(owned))
            }
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Task for Bindings {
    fn name(&self) -> &'static str {
        "bindings.purge"
    }

    fn every_s(&self) -> i64 {
        600
    }

    async fn run(&self, _now: Time) -> Result<(), TaskFailure> {
        self.purge().await.map(drop).map_err(TaskFailure::store)
    }
}

/// Whether a kept copy has the comparison that the person's side allows now.
fn knows(kept: &Kept, comparable: Comparable) -> bool {
    match comparable {
        Comparable::Yes => kept.real_name.is_some(),
        Comparable::NotCertified | Comparable::NotAgreed => true,
    }
}

fn with_supply(seen: Seen, kept: Kept, comparable: Comparable, stale: bool) -> Detail {
    let supply = Supply {
        real_name: real_name(comparable, kept.real_name),
        as_of: kept.consumer.as_of,
        consumer: kept.consumer,
        stale,
    };
    Detail {
        seen,
        supply: Some(supply),
    }
}

fn without_supply(seen: Seen) -> Detail {
    Detail { seen, supply: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ln_10_each_real_name_state_names_its_cure() {
        let of = |comparable, answer| {
            let found = real_name(comparable, answer);
            (found.state, found.cure)
        };
        use RealNameState::{Mismatch, Missing, Verified};
        assert_eq!(of(Comparable::Yes, Some(Verified)), (Verified, None));
        assert_eq!(
            of(Comparable::Yes, Some(Missing)),
            (Missing, Some(RealNameCure::AddAtOutlet))
        );
        assert_eq!(
            of(Comparable::Yes, Some(Mismatch)),
            (Mismatch, Some(RealNameCure::TransferAtOutlet))
        );
        assert_eq!(
            of(Comparable::NotAgreed, Some(Verified)),
            (Missing, Some(RealNameCure::AgreeToMatch)),
            "nothing rests on a consent that was taken back"
        );
        assert_eq!(
            of(Comparable::NotCertified, None),
            (Missing, Some(RealNameCure::CertifyAtAlipay))
        );
    }
}
