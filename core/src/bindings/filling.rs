//! One offer of certified values to the utility's archive (LN-45): its fields, and what became of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::evidence::Act;
use crate::shared::ids::{AccountId, BindingId, FillingId};
use crate::shared::personal::{IdNo, PersonName, Phone};
use crate::shared::time::Time;

/// The outbox kind of values on their way to the archive.
pub const FILL_ARCHIVE: &str = "bindings.fill_archive";

/// Longer than the outbox tries: what was not settled by then never will be.
const UNDER_WAY_S: i64 = 2 * 86_400;

/// A field of the archive that may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ArchiveField {
    IdNo,
    Mobile,
    Name,
}

impl ArchiveField {
    pub const ALL: [Self; 3] = [Self::IdNo, Self::Mobile, Self::Name];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IdNo => "id_no",
            Self::Mobile => "mobile",
            Self::Name => "name",
        }
    }
}

/// A certified value for one field of the archive.
#[derive(Clone, PartialEq, Eq)]
pub enum ArchiveValue {
    IdNo(IdNo),
    Mobile(Phone),
    Name(PersonName),
}

impl ArchiveValue {
    #[must_use]
    pub const fn field(&self) -> ArchiveField {
        match self {
            Self::IdNo(_) => ArchiveField::IdNo,
            Self::Mobile(_) => ArchiveField::Mobile,
            Self::Name(_) => ArchiveField::Name,
        }
    }

    #[must_use]
    pub fn expose(&self) -> &str {
        match self {
            Self::IdNo(id_no) => id_no.expose(),
            Self::Mobile(phone) => phone.expose(),
            Self::Name(name) => name.expose(),
        }
    }
}

impl std::fmt::Debug for ArchiveValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[ArchiveValue {}]", self.field().as_str())
    }
}

/// What the archive did with one offered value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Filled {
    /// The field was empty and holds the value now.
    Filled,
    /// It held this value already.
    Same,
    /// It holds something else, or the holder changed: a clerk decides, nothing was overwritten.
    ConflictReview,
}

impl Filled {
    pub const ALL: [Self; 3] = [Self::Filled, Self::Same, Self::ConflictReview];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Filled => "filled",
            Self::Same => "same",
            Self::ConflictReview => "conflict_review",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }
}

/// What became of the values offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FillingState {
    /// On their way.
    Asked,
    Settled,
    /// Consent or standing was gone before they left, or the archive knows no such consumer.
    Dropped,
}

impl FillingState {
    pub const ALL: [Self; 3] = [Self::Asked, Self::Settled, Self::Dropped];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Settled => "settled",
            Self::Dropped => "dropped",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// One offer of certified values to the archive of a home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filling {
    pub filling_id: FillingId,
    pub binding_id: BindingId,
    pub account_id: AccountId,
    /// The consent it rests on; goes with the values.
    pub consent_id: String,
    pub holder_version: i64,
    pub state: FillingState,
    /// A phone is among the values.
    pub with_mobile: bool,
    /// What the archive said of each field; empty until it is settled.
    pub results: BTreeMap<ArchiveField, Filled>,
    pub asked_at: Time,
    pub settled_at: Option<Time>,
    pub version: i64,
}

impl Filling {
    #[must_use]
    pub fn is_under_way(&self, now: Time) -> bool {
        self.state == FillingState::Asked && now.seconds_since(self.asked_at) < UNDER_WAY_S
    }

    /// What evidence says of it.
    pub(super) fn act(&self) -> Act {
        Act::new()
            .say("account_id", self.account_id.as_str())
            .say("consent_id", self.consent_id.as_str())
            .say("filling_id", self.filling_id.as_str())
            .say("holder_version", self.holder_version)
    }

    /// The fields it offers.
    pub(super) fn fields(&self) -> Vec<&'static str> {
        ArchiveField::ALL
            .into_iter()
            .filter(|field| self.with_mobile || *field != ArchiveField::Mobile)
            .map(ArchiveField::as_str)
            .collect()
    }
}

/// An offer that the archive has not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    pub binding_id: BindingId,
    /// Of its home; `-` when none is known.
    pub region: String,
    pub asked_at: Time,
}

impl Unanswered {
    /// Nothing sends it any more.
    #[must_use]
    pub fn is_given_up(&self, now: Time) -> bool {
        now.seconds_since(self.asked_at) >= UNDER_WAY_S
    }
}

/// Body of [`FILL_ARCHIVE`]: the very values, so that a repeat says the same. Not printable; sealed
/// at rest and wiped at delivery.
#[derive(Serialize, Deserialize)]
pub(super) struct OnTheWay {
    pub(super) filling_id: FillingId,
    pub(super) binding_id: BindingId,
    pub(super) account_id: AccountId,
    pub(super) id_no: String,
    pub(super) name: String,
    pub(super) mobile: Option<String>,
}

impl OnTheWay {
    pub(super) fn values(&self) -> Vec<ArchiveValue> {
        let mut values = vec![
            ArchiveValue::IdNo(IdNo::from_store(self.id_no.clone())),
            ArchiveValue::Name(PersonName::from_store(self.name.clone())),
        ];
        let mobile = self.mobile.clone().map(Phone::from_store);
        values.extend(mobile.map(ArchiveValue::Mobile));
        values
    }
}

/// A phone found there by a later try may be what an earlier one wrote.
pub(super) fn after_tries(
    mut results: BTreeMap<ArchiveField, Filled>,
    tries: i64,
) -> BTreeMap<ArchiveField, Filled> {
    if tries > 0
        && let Some(result) = results.get_mut(&ArchiveField::Mobile)
        && *result == Filled::Same
    {
        *result = Filled::Filled;
    }
    results
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::ids::TypedId as _;

    fn filling() -> Filling {
        let id = |n: u8| format!("019aa2f0-0000-7000-8000-00000000000{n}");
        Filling {
            filling_id: FillingId::made(id(1)),
            binding_id: BindingId::made(id(2)),
            account_id: AccountId::made(id(3)),
            consent_id: "c".into(),
            holder_version: 1,
            state: FillingState::Asked,
            with_mobile: false,
            results: BTreeMap::new(),
            asked_at: Time::from_micros(0),
            settled_at: None,
            version: 1,
        }
    }

    #[test]
    fn what_the_outbox_gave_up_is_not_under_way_for_ever() {
        let one = filling();
        let at = |s| Time::from_micros(0).plus_seconds(s);
        assert!(one.is_under_way(at(UNDER_WAY_S - 1)));
        assert!(!one.is_under_way(at(UNDER_WAY_S)));
        let settled = Filling {
            state: FillingState::Settled,
            ..one
        };
        assert!(!settled.is_under_way(at(0)));
    }

    #[test]
    fn m3_3_what_a_later_try_finds_there_counts_as_written_here() {
        let said = BTreeMap::from([
            (ArchiveField::Mobile, Filled::Same),
            (ArchiveField::Name, Filled::ConflictReview),
        ]);
        assert_eq!(after_tries(said.clone(), 0), said);
        let later = after_tries(said, 1);
        assert_eq!(later[&ArchiveField::Mobile], Filled::Filled);
        assert_eq!(later[&ArchiveField::Name], Filled::ConflictReview);
    }

    #[test]
    fn words_read_back() {
        for state in FillingState::ALL {
            assert_eq!(FillingState::parse(state.as_str()), Some(state));
        }
        let mut one = filling();
        assert_eq!(one.fields(), ["id_no", "name"]);
        one.with_mobile = true;
        assert_eq!(one.fields(), ["id_no", "mobile", "name"]);
    }
}
