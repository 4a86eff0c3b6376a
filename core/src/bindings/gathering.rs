//! What the on-line State Grid user system should hold of a person, and the steps that lead there
//! (LN-49). The user system gathers the people of every channel; we tell it ours.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::role::Role;
use crate::shared::ids::{AccountId, BindingId};
use crate::shared::outside::NoAnswer;
use crate::shared::personal::{ConsumerNo, IdNo, PersonName, Phone};

/// Seconds between two comparisons of a person with whom nothing was found amiss.
pub const CHECK_EVERY_MAX_S: i64 = 86_400;
/// The same after something was found amiss; it doubles with every comparison that finds nothing.
pub const CHECK_EVERY_MIN_S: i64 = 3_600;

/// Who a person is, as far as it is certified or verified here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    pub name: Option<PersonName>,
    pub id_no: Option<IdNo>,
    pub phone: Option<Phone>,
}

/// One home of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tie {
    pub binding_id: BindingId,
    pub consumer_no: ConsumerNo,
    pub role: Role,
}

/// A person with their homes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Member {
    pub profile: Profile,
    pub ties: BTreeMap<BindingId, Tie>,
}

/// What the user system holds of a person: nothing, or a member. The epoch is the highest it has seen
/// from us, whether it holds something or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub member: Option<Member>,
    pub epoch: i64,
}

/// One change at the user system. Each can be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Register(Profile),
    Bind(Tie),
    Unbind(BindingId),
    Withdraw,
}

impl Step {
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Register(_) => "register",
            Self::Bind(_) => "bind",
            Self::Unbind(_) => "unbind",
            Self::Withdraw => "withdraw",
        }
    }
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    Done,
    /// The user system has seen a later epoch; this one may not write any more.
    Overtaken,
}

/// What we remember of a person at the user system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gathered {
    /// Rises with every round of steps, so that a late step of an earlier round changes nothing.
    pub epoch: i64,
    /// A round was begun and its end is not known: a step of it may still arrive.
    pub unsure: bool,
    /// The person is withdrawn there.
    pub gone: bool,
    pub check_every_s: i64,
}

/// The on-line State Grid user system.
#[async_trait]
pub trait UserSystem: Send + Sync + std::fmt::Debug {
    async fn held(&self, account: &AccountId) -> Result<Held, NoAnswer>;
    async fn apply(
        &self,
        account: &AccountId,
        step: &Step,
        epoch: i64,
    ) -> Result<Applied, NoAnswer>;
}

/// The steps from what is held to what should be. While a step of an earlier round may still arrive,
/// the first step is one that raises the epoch there, so that it arrives to no effect.
#[must_use]
pub fn steps(wanted: Option<&Member>, held: Option<&Member>, unsure: bool) -> Vec<Step> {
    let Some(wanted) = wanted else {
        return if held.is_some() || unsure {
            vec![Step::Withdraw]
        } else {
            Vec::new()
        };
    };
    let mut steps = Vec::new();
    if unsure || held.is_none_or(|held| held.profile != wanted.profile) {
        steps.push(Step::Register(wanted.profile.clone()));
    }
    let ties = held.map(|held| &held.ties);
    let over = ties.into_iter().flat_map(BTreeMap::keys);
    let over = over.filter(|id| !wanted.ties.contains_key(*id));
    steps.extend(over.cloned().map(Step::Unbind));
    let differs = |tie: &&Tie| ties.and_then(|ties| ties.get(&tie.binding_id)) != Some(*tie);
    let new = wanted.ties.values().filter(differs);
    steps.extend(new.cloned().map(Step::Bind));
    steps
}

/// The pause before a person is compared again.
#[must_use]
pub fn check_every_s(before_s: i64, amiss: bool) -> i64 {
    if amiss {
        CHECK_EVERY_MIN_S
    } else {
        before_s
            .saturating_mul(2)
            .clamp(CHECK_EVERY_MIN_S, CHECK_EVERY_MAX_S)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::ids::TypedId as _;
    use proptest::prelude::*;

    fn id(n: usize) -> BindingId {
        BindingId::made(format!("019aa2f0-0000-7000-8000-00000000000{n}"))
    }

    fn tie(n: usize, role: Role) -> Tie {
        Tie {
            binding_id: id(n),
            consumer_no: ConsumerNo::from_store(format!("150401002000{n}")),
            role,
        }
    }

    fn member(phone: u8, roles: &[Option<usize>]) -> Member {
        let ties = roles.iter().enumerate().filter_map(|(n, role)| {
            let role = Role::ALL.get((*role)?)?;
            Some((id(n), tie(n, *role)))
        });
        Member {
            profile: Profile {
                phone: Phone::parse(&format!("1900000000{phone}")).ok(),
                ..Profile::default()
            },
            ties: ties.collect(),
        }
    }

    /// A user system of the contract, in a few lines.
    fn apply(held: Option<Member>, step: &Step) -> Option<Member> {
        let mut member = held;
        match step {
            Step::Register(profile) => {
                member.get_or_insert_default().profile = profile.clone();
            }
            Step::Bind(tie) => {
                let ties = &mut member.as_mut()?.ties;
                ties.insert(tie.binding_id.clone(), tie.clone());
            }
            Step::Unbind(id) => {
                member.as_mut()?.ties.remove(id);
            }
            Step::Withdraw => member = None,
        }
        member
    }

    fn anybody() -> impl Strategy<Value = Option<Member>> {
        let roles = proptest::collection::vec(proptest::option::of(0..3_usize), 0..5);
        proptest::option::of((0..3_u8, roles))
            .prop_map(|some| some.map(|(phone, roles)| member(phone, &roles)))
    }

    proptest! {
        #[test]
        fn ln_49_the_steps_lead_from_anything_to_what_should_be(
            wanted in anybody(), held in anybody(), unsure in any::<bool>()
        ) {
            let steps = steps(wanted.as_ref(), held.as_ref(), unsure);
            let end = steps.iter().fold(held.clone(), apply);
            prop_assert_eq!(&end, &wanted);
            prop_assert_eq!(steps.is_empty(), wanted == held && !unsure);
            prop_assert!(super::steps(wanted.as_ref(), end.as_ref(), false).is_empty());
        }

        #[test]
        fn ln_49_after_a_round_without_an_end_the_first_step_raises_the_epoch(
            wanted in anybody(), held in anybody()
        ) {
            let steps = steps(wanted.as_ref(), held.as_ref(), true);
            prop_assert!(matches!(steps.first(), Some(Step::Register(_) | Step::Withdraw)));
        }
    }

    #[test]
    fn ln_49_who_was_amiss_is_looked_at_sooner_and_then_ever_more_rarely() {
        let mut every = check_every_s(CHECK_EVERY_MAX_S, true);
        assert_eq!(every, CHECK_EVERY_MIN_S);
        for _ in 0..10 {
            every = check_every_s(every, false);
        }
        assert_eq!(every, CHECK_EVERY_MAX_S);
    }
}
