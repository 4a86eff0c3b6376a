//! What a wallet is called by the identity provider (money.md 3.6).

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::ports::{Grant, SharedProfile};

/// A person's id at the identity provider.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct ProviderId(String);

impl ProviderId {
    /// `None` for empty or overlong text (128 characters at most).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty() && text.len() <= 128).then(|| Self(text.to_owned()))
    }

    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub const fn from_store(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for ProviderId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[ProviderId]")
    }
}

/// The ids of one signed reply; at least one is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderIds {
    pub open_id: Option<ProviderId>,
    pub user_id: Option<ProviderId>,
}

/// The provider's two replies name different people, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the provider's replies do not name one person")]
pub struct NotOnePerson;

impl ProviderIds {
    /// Reads the ids of the token reply. The profile's ids never add one: they may only agree.
    pub fn of(grant: &Grant, profile: Option<&SharedProfile>) -> Result<Self, NotOnePerson> {
        let id = |text: &Option<String>| text.as_deref().and_then(ProviderId::parse);
        let ids = Self {
            open_id: id(&grant.open_id),
            user_id: id(&grant.user_id),
        };
        let agrees = |ours: &Option<ProviderId>, theirs: Option<ProviderId>| match (ours, theirs) {
            (Some(ours), Some(theirs)) => *ours == theirs,
            (None, _) | (_, None) => true,
        };
        let one_person = profile.is_none_or(|shared| {
            agrees(&ids.open_id, id(&shared.open_id)) && agrees(&ids.user_id, id(&shared.user_id))
        });
        if one_person && (ids.open_id.is_some() || ids.user_id.is_some()) {
            Ok(ids)
        } else {
            Err(NotOnePerson)
        }
    }
}
