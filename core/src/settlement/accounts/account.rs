//! One generation account: a household that sells power under a contract.

use crate::settlement::ids::{GenerationAccountId, GenerationNo};
use crate::shared::ids::AccountId;
use crate::shared::time::Time;

/// How much of what is generated is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FeedIn {
    /// All of it.
    Full,
    /// What the home does not use.
    Surplus,
}

impl FeedIn {
    pub const ALL: [Self; 2] = [Self::Full, Self::Surplus];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Surplus => "surplus",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// How far an account has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GenerationState {
    /// Registered; its key pair is being made.
    Keyless,
    /// Its public key can be fetched; nothing was permitted yet.
    Keyed,
    /// The identity agreed with the reserve: its personal data table is open to it.
    Permitted,
    /// Cooperation is over; payouts that are on their way are waited for (money.md 2.17).
    Terminating,
    /// Keys, reserve and table are gone. Its owner may sign in and ask for nothing but activation.
    Terminated,
}

impl GenerationState {
    pub const ALL: [Self; 5] = [
        Self::Keyless,
        Self::Keyed,
        Self::Permitted,
        Self::Terminating,
        Self::Terminated,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keyless => "keyless",
            Self::Keyed => "keyed",
            Self::Permitted => "permitted",
            Self::Terminating => "terminating",
            Self::Terminated => "terminated",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether the contract runs as far as we know.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Keyless | Self::Keyed | Self::Permitted)
    }
}

/// One account. What is personal in it ends with the cooperation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenerationAccount {
    pub generation_account_id: GenerationAccountId,
    /// Whose it is.
    pub account_id: AccountId,
    /// Absent once the cooperation is over.
    pub generation_no: Option<GenerationNo>,
    pub feed_in: FeedIn,
    /// The day of the month on which a settlement is due, 1..=28.
    pub settlement_day: i64,
    /// Which contract of the grid-connection reserve it rests on; a renewed one has a higher version.
    pub contract_version: i64,
    pub state: GenerationState,
    /// When the owner asked for the end of the cooperation, which only the utility declares.
    pub termination_asked_at: Option<Time>,
    pub created_at: Time,
    /// When its next errand is due: keys to be made, the contract to be looked at, an end to be finished.
    pub next_at: Option<Time>,
    pub ended_at: Option<Time>,
    pub version: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip() {
        for state in GenerationState::ALL {
            assert_eq!(GenerationState::parse(state.as_str()), Some(state));
        }
        assert_eq!(GenerationState::parse("open"), None);
    }
}
