//! Proofs that a person may do something with a home, as types: what needs a right takes the type
//! that only those who have it can get (money.md 3.2, 3.4).
//!
//! | type | who can have one | opens |
//! |---|---|---|
//! | [`OwnedBinding`] | everybody linked | amount due, paying, own payments, naming, leaving |
//! | [`AuthorisedBinding`] | the authorised and the holder | figures, bills, usage, the archive |
//! | [`HolderBinding`] | the holder | who may use the home |
//!
//! [`super::own`] makes the first; each of the others is made of the one before it.

use super::binding::{Binding, Linked};
use super::role::{Right, Role};
use crate::shared::ids::{AccountId, BindingId};
use crate::shared::personal::ConsumerNo;
use crate::shared::time::{Day, Time};

/// The person may not do this with this home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the role does not include this")]
pub struct RoleNotEnough;

/// A person is linked to a home now, with what every role may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedBinding {
    binding: Binding,
    role: Role,
    holder_version: i64,
    holder_since: Option<Day>,
}

/// The person may also see what the household uses and is charged for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorisedBinding(OwnedBinding);

/// The person is the contract holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderBinding(AuthorisedBinding);

/// How far a person sees a home's dues: the sum, or the figures behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    Due(OwnedBinding),
    Figures(AuthorisedBinding),
}

impl Reach {
    #[must_use]
    pub const fn owned(&self) -> &OwnedBinding {
        match self {
            Self::Due(owned) => owned,
            Self::Figures(home) => home.owned(),
        }
    }
}

impl OwnedBinding {
    pub(super) fn new(linked: Linked, role: Role) -> Self {
        Self {
            role,
            holder_version: linked.home.holder_version,
            holder_since: linked.home.holder_since,
            binding: linked.binding,
        }
    }

    #[must_use]
    pub const fn account_id(&self) -> &AccountId {
        &self.binding.account_id
    }

    #[must_use]
    pub const fn binding_id(&self) -> &BindingId {
        &self.binding.binding_id
    }

    #[must_use]
    pub const fn consumer_no(&self) -> &ConsumerNo {
        &self.binding.consumer_no
    }

    /// The role that counts now.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The newest holder version of the home: copies made under another are not this person's.
    /// When this person linked the home.
    #[must_use]
    pub const fn linked_at(&self) -> Time {
        self.binding.created_at
    }

    #[must_use]
    pub const fn holder_version(&self) -> i64 {
        self.holder_version
    }

    /// The same home with more rights, for those who have them.
    ///
    /// # Errors
    /// [`RoleNotEnough`] for a payer.
    pub fn authorised(self) -> Result<AuthorisedBinding, RoleNotEnough> {
        if self.role.may(Right::SeeFigures) && self.role.may(Right::SeeArchive) {
            Ok(AuthorisedBinding(self))
        } else {
            Err(RoleNotEnough)
        }
    }
}

impl AuthorisedBinding {
    #[must_use]
    pub const fn owned(&self) -> &OwnedBinding {
        &self.0
    }

    /// Since when the present holder holds the home: what is from before is somebody else's.
    #[must_use]
    pub const fn holder_since(&self) -> Option<Day> {
        self.0.holder_since
    }

    /// The same home with the holder's rights, for the holder.
    ///
    /// # Errors
    /// [`RoleNotEnough`] for everybody else.
    pub fn holder(self) -> Result<HolderBinding, RoleNotEnough> {
        if self.0.role.may(Right::Share) {
            Ok(HolderBinding(self))
        } else {
            Err(RoleNotEnough)
        }
    }
}

impl HolderBinding {
    #[must_use]
    pub const fn authorised(&self) -> &AuthorisedBinding {
        &self.0
    }

    #[must_use]
    pub const fn owned(&self) -> &OwnedBinding {
        self.0.owned()
    }

    pub(super) const fn binding(&self) -> &Binding {
        &self.0.0.binding
    }
}

#[cfg(test)]
mod tests {
    use super::super::binding::tests::linked;
    use super::*;

    fn owned(role: Role) -> OwnedBinding {
        let mut linked = linked();
        linked.binding.role = role;
        OwnedBinding::new(linked, role)
    }

    #[test]
    fn m3_4_each_type_is_had_only_by_those_who_have_its_rights() {
        let ladder = |role| {
            let authorised = owned(role).authorised();
            let holder = authorised.clone().and_then(AuthorisedBinding::holder);
            (authorised.is_ok(), holder.is_ok())
        };
        assert_eq!(ladder(Role::PayerOnly), (false, false));
        assert_eq!(ladder(Role::Authorised), (true, false));
        assert_eq!(ladder(Role::Holder), (true, true));
    }

    #[test]
    fn nothing_of_a_home_is_printable() {
        let holder = owned(Role::Holder).authorised().unwrap().holder();
        let shown = format!("{holder:?}");
        assert!(!shown.contains("0017") && !shown.contains('明') && !shown.contains("赤峰"));
    }
}
