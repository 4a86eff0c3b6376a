//! One link between an app user and a home.

use super::grant::Scope;
use super::role::Role;
use crate::shared::ids::{AccountId, BindingId, GrantId};
use crate::shared::personal::ConsumerNo;
use crate::shared::time::{Day, Time};

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
    /// What this person's own proofs opened; PAYER_ONLY where there are none.
    pub role: Role,
    /// This person proved something; otherwise the link rests on what the holder granted alone.
    pub shown: bool,
    /// What the holder granted this person, if anything.
    pub grant_id: Option<GrantId>,
    /// The archive's holder version at the time of the link (money.md 3.4).
    pub holder_version: i64,
    /// Two certified identities claim the home: no more than PAYER_ONLY until two persons decide.
    pub frozen: bool,
    pub signboard: Signboard,
    pub label: Option<Label>,
    pub created_at: Time,
    pub version: i64,
}

/// Which holder of a home the archive shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// Changes with every transfer of holder; a binding pins it (money.md 3.4).
    pub version: i64,
    /// The day the contract passed to this holder, where the archive says so.
    pub since: Option<Day>,
}

/// What is known of a home beyond one link: shared by all links to the consumer number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Home {
    /// The newest holder version the archive has shown.
    pub holder_version: i64,
    /// Since when the present holder holds it. Absent when the archive never said and nobody held it
    /// before as far as we know.
    pub holder_since: Option<Day>,
    /// A holder conflict is open.
    pub frozen: bool,
    /// When the archive was last asked for the version.
    pub looked_at: Time,
}

/// What a holder granted, as it bears on one link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    pub scope: Scope,
    pub holder_version: i64,
    /// Nobody ended it before its day.
    pub stands: bool,
    pub ends_at: Time,
}

/// A link, what is known of its home, and what the holder granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    pub binding: Binding,
    pub home: Home,
    pub granted: Option<Granted>,
}

/// Why what a person showed of a home opens no more than paying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is in the way: the role is what was shown or granted.
    Active,
    /// Two certified identities claim the home; two persons decide.
    Disputed,
    /// The home has had another holder since; who is the new one proves it again.
    HolderChanged,
}

impl Standing {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disputed => "disputed",
            Self::HolderChanged => "holder_changed",
        }
    }
}

/// A link as its person may see it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub binding: Binding,
    pub role: Role,
    pub standing: Standing,
    /// When it ends by itself, for a link that rests on a grant alone.
    pub ends_at: Option<Time>,
}

impl Linked {
    /// The role that counts now; none when the link rested on a grant whose day is over.
    ///
    /// An older holder version or a conflict leaves PAYER_ONLY of everything, so that a tenant whose
    /// landlord sold the home can still pay until the day that was agreed (money.md 3.4).
    #[must_use]
    pub fn role(&self, now: Time) -> Option<Role> {
        let shown = self.binding.shown.then(|| self.shown_role());
        let granted = self.granted.as_ref();
        shown.max(granted.and_then(|granted| self.granted_role(granted, now)))
    }

    pub(super) fn shown_role(&self) -> Role {
        if self.is_outdated() || self.binding.frozen {
            Role::PayerOnly
        } else {
            self.binding.role
        }
    }

    pub(super) fn granted_role(&self, granted: &Granted, now: Time) -> Option<Role> {
        if now >= granted.ends_at {
            return None;
        }
        let by_this_holder = granted.holder_version >= self.home.holder_version;
        let stands = granted.stands && by_this_holder && !self.home.frozen;
        Some(if stands {
            granted.scope.role()
        } else {
            Role::PayerOnly
        })
    }

    /// The home has had another holder since the link was made.
    #[must_use]
    pub const fn is_outdated(&self) -> bool {
        self.home.holder_version > self.binding.holder_version
    }

    /// What `role` is owed to. A link that rests on a grant alone learns nothing of whose home it is.
    const fn standing(&self, role: Role) -> Standing {
        if !self.binding.shown || !matches!(role, Role::PayerOnly) {
            Standing::Active
        } else if self.binding.frozen {
            Standing::Disputed
        } else if self.is_outdated() {
            Standing::HolderChanged
        } else {
            Standing::Active
        }
    }

    /// When a link that rests on a grant alone ends by itself.
    #[must_use]
    pub fn ends_at(&self) -> Option<Time> {
        let granted = self.granted.as_ref().filter(|_| !self.binding.shown);
        granted.map(|granted| granted.ends_at)
    }

    /// The link as its person may see it; none when it is over. Once the home has another holder,
    /// neither the former one's name nor the new one's is shown.
    #[must_use]
    pub fn seen(self, now: Time) -> Option<Seen> {
        let role = self.role(now)?;
        let (standing, ends_at) = (self.standing(role), self.ends_at());
        let nameless = self.is_outdated();
        let mut binding = self.binding;
        if nameless {
            binding.signboard.holder_masked = "*".to_owned();
        }
        Some(Seen {
            binding,
            role,
            standing,
            ends_at,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::shared::ids::TypedId as _;

    const NOW: Time = Time::from_micros(1_800_000_000_000_000);

    /// A holder and their home.
    pub(in crate::bindings) fn linked() -> Linked {
        Linked {
            binding: Binding {
                binding_id: BindingId::made("019aa2f0-0000-7000-8000-000000000001".into()),
                account_id: AccountId::made("019aa2f0-0000-7000-8000-000000000002".into()),
                consumer_no: ConsumerNo::from_store("1504010020017".into()),
                role: Role::Holder,
                shown: true,
                grant_id: None,
                holder_version: 3,
                frozen: false,
                signboard: Signboard {
                    consumer_no_masked: "*********0017".into(),
                    holder_masked: "*明".into(),
                    address_masked: "赤峰市***".into(),
                },
                label: None,
                created_at: Time::default(),
                version: 1,
            },
            home: Home {
                holder_version: 3,
                holder_since: None,
                frozen: false,
                looked_at: Time::default(),
            },
            granted: None,
        }
    }

    /// A link that rests on a grant alone.
    fn let_in(scope: Scope) -> Linked {
        let mut linked = linked();
        linked.binding.shown = false;
        linked.binding.role = Role::PayerOnly;
        linked.granted = Some(Granted {
            scope,
            holder_version: 3,
            stands: true,
            ends_at: NOW.plus_seconds(60),
        });
        linked
    }

    #[test]
    fn m3_4_a_newer_holder_version_leaves_payer_only() {
        let mut linked = linked();
        assert_eq!(linked.role(NOW), Some(Role::Holder));
        linked.home.holder_version = 4;
        assert_eq!(linked.role(NOW), Some(Role::PayerOnly));
        linked.home.holder_version = 3;
        linked.binding.frozen = true;
        assert_eq!(linked.role(NOW), Some(Role::PayerOnly));
    }

    #[test]
    fn m3_2_what_was_granted_ends_by_itself_on_its_day() {
        for scope in Scope::ALL {
            let linked = let_in(scope);
            assert_eq!(linked.role(NOW), Some(scope.role()));
            assert_eq!(linked.role(NOW.plus_seconds(59)), Some(scope.role()));
            assert_eq!(linked.role(NOW.plus_seconds(60)), None);
            assert_eq!(linked.clone().seen(NOW.plus_seconds(60)), None);
            assert_eq!(linked.ends_at(), Some(NOW.plus_seconds(60)));
        }
    }

    #[test]
    fn m3_2_what_a_person_showed_outlives_what_they_were_granted() {
        let mut linked = let_in(Scope::Authorised);
        linked.binding.shown = true;
        assert_eq!(linked.role(NOW), Some(Role::Authorised));
        assert_eq!(linked.role(NOW.plus_seconds(60)), Some(Role::PayerOnly));
        assert_eq!(linked.ends_at(), None);
    }

    #[test]
    fn m3_4_a_grant_opens_nothing_after_its_holder_but_paying_until_its_day() {
        let spoilt: [fn(&mut Linked); 3] = [
            |linked| linked.home.holder_version = 4,
            |linked| linked.home.frozen = true,
            |linked| linked.granted.as_mut().unwrap().stands = false,
        ];
        for spoil in spoilt {
            let mut linked = let_in(Scope::Authorised);
            spoil(&mut linked);
            assert_eq!(linked.role(NOW), Some(Role::PayerOnly));
            assert_eq!(linked.role(NOW.plus_seconds(60)), None);
        }
    }

    #[test]
    fn m3_4_after_a_change_of_holder_no_holder_is_named() {
        let mut changed = linked();
        assert_eq!(
            linked().seen(NOW).unwrap().binding.signboard.holder_masked,
            "*明"
        );
        changed.home.holder_version = 4;
        let seen = changed.seen(NOW).unwrap();
        assert_eq!(seen.binding.signboard.holder_masked, "*");
    }

    #[test]
    fn m3_4_a_person_is_told_why_what_they_showed_opens_paying_only() {
        let standing = |linked: Linked| linked.seen(NOW).unwrap().standing;
        assert_eq!(standing(linked()), Standing::Active);
        let mut paying = linked();
        paying.binding.role = Role::PayerOnly;
        assert_eq!(standing(paying), Standing::Active);
        let mut changed = linked();
        changed.home.holder_version = 4;
        assert_eq!(standing(changed.clone()), Standing::HolderChanged);
        changed.granted = Some(Granted {
            scope: Scope::Authorised,
            holder_version: 4,
            stands: true,
            ends_at: NOW.plus_seconds(60),
        });
        assert_eq!(standing(changed), Standing::Active);
        let mut disputed = linked();
        disputed.binding.frozen = true;
        assert_eq!(standing(disputed), Standing::Disputed);
    }

    #[test]
    fn m3_2_who_was_let_in_learns_nothing_of_a_dispute_or_another_holder() {
        let mut guest = let_in(Scope::Authorised);
        guest.home.frozen = true;
        guest.home.holder_version = 4;
        let seen = guest.seen(NOW).unwrap();
        assert_eq!(
            (seen.role, seen.standing),
            (Role::PayerOnly, Standing::Active)
        );
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
        let shown = format!("{:?}", linked());
        assert!(!shown.contains("0017") && !shown.contains('明') && !shown.contains("赤峰"));
    }
}
