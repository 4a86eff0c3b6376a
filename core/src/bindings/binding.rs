//! One link between an app user and a home.

use super::role::{Right, Role};
use crate::shared::ids::{AccountId, BindingId};
use crate::shared::personal::ConsumerNo;
use crate::shared::time::Time;

/// The name a person gives a home: 1..=20 characters, no control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label(String);

/// The text cannot name a home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a label has 1 to 20 characters")]
pub struct NotALabel;

impl Label {
    pub const LENGTH_MAX: usize = 20;

    pub fn parse(text: &str) -> Result<Self, NotALabel> {
        let text = text.trim();
        let length = text.chars().count();
        if (1..=Self::LENGTH_MAX).contains(&length) && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotALabel)
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// From our own store, where it was parsed before it was written.
    #[must_use]
    pub const fn from_store(text: String) -> Self {
        Self(text)
    }
}

/// What a person recognises a home by. Masked by the archive, yet not for logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Signboard {
    pub consumer_no_masked: String,
    pub holder_masked: String,
    pub address_masked: String,
}

impl std::fmt::Debug for Signboard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[Signboard]")
    }
}

/// One live link. Ended ones stay in the store for the record and are never loaded as this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    pub binding_id: BindingId,
    pub account_id: AccountId,
    pub consumer_no: ConsumerNo,
    pub role: Role,
    /// The archive's holder version at the time of the link (money.md 3.4).
    pub holder_version: i64,
    /// Two certified identities claim the home: no more than PAYER_ONLY until two persons decide.
    pub frozen: bool,
    pub signboard: Signboard,
    pub label: Option<Label>,
    pub created_at: Time,
    pub version: i64,
}

/// What is known of a home beyond one link: shared by all links to the consumer number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Home {
    /// The newest holder version the archive has shown.
    pub holder_version: i64,
    /// A holder conflict is open.
    pub frozen: bool,
    /// When the archive was last asked for the version.
    pub looked_at: Time,
}

/// A link and what is known of its home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    pub binding: Binding,
    pub home: Home,
}

impl Linked {
    /// The role that counts now: an older holder version or a conflict leaves PAYER_ONLY.
    #[must_use]
    pub fn role(&self) -> Role {
        let outdated = self.home.holder_version > self.binding.holder_version;
        if outdated || self.binding.frozen {
            Role::PayerOnly
        } else {
            self.binding.role
        }
    }
}

/// Proof that one person has one right to one home: made only by [`super::own`].
///
/// Figures and payments take this instead of ids, so that they cannot forget to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedBinding {
    binding: Binding,
    role: Role,
}

/// The person may not do this with this home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the role does not include this")]
pub struct RoleNotEnough;

impl OwnedBinding {
    pub(super) const fn new(binding: Binding, role: Role) -> Self {
        Self { binding, role }
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

    /// The archive's holder version this link was made under.
    #[must_use]
    pub const fn holder_version(&self) -> i64 {
        self.binding.holder_version
    }

    /// Asks for one more right than the one the proof was made for.
    pub fn require(&self, right: Right) -> Result<(), RoleNotEnough> {
        if self.role.may(right) {
            Ok(())
        } else {
            Err(RoleNotEnough)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::ids::TypedId as _;

    fn binding(frozen: bool) -> Binding {
        Binding {
            binding_id: BindingId::made("019aa2f0-0000-7000-8000-000000000001".into()),
            account_id: AccountId::made("019aa2f0-0000-7000-8000-000000000002".into()),
            consumer_no: ConsumerNo::from_store("1504010020017".into()),
            role: Role::Holder,
            holder_version: 3,
            frozen,
            signboard: Signboard {
                consumer_no_masked: "*********0017".into(),
                holder_masked: "*明".into(),
                address_masked: "赤峰市***".into(),
            },
            label: None,
            created_at: Time::default(),
            version: 1,
        }
    }

    #[test]
    fn m3_4_a_newer_holder_version_leaves_payer_only() {
        let role = |frozen, holder_version| {
            Linked {
                binding: binding(frozen),
                home: Home {
                    holder_version,
                    frozen,
                    looked_at: Time::default(),
                },
            }
            .role()
        };
        assert_eq!(role(false, 3), Role::Holder);
        assert_eq!(role(false, 4), Role::PayerOnly);
        assert_eq!(role(true, 3), Role::PayerOnly);
    }

    #[test]
    fn labels_have_one_to_twenty_characters() {
        assert!(Label::parse(&"家".repeat(20)).is_ok());
        assert_eq!(
            Label::parse(" 爸妈家 ").map(|l| l.as_str().to_owned()),
            Ok("爸妈家".into())
        );
        for bad in ["", "   ", &"家".repeat(21), "a\u{0}b", "a\nb"] {
            assert_eq!(Label::parse(bad), Err(NotALabel), "{bad:?}");
        }
    }

    #[test]
    fn nothing_of_a_home_is_printable() {
        let shown = format!("{:?}", OwnedBinding::new(binding(false), Role::Holder));
        assert!(!shown.contains("0017") && !shown.contains('明') && !shown.contains("赤峰"));
    }
}
