//! Two accounts of one person become one (money.md 3.6, LN-48).
//!
//! Each account is a wallet that signed in here. Both must have signed in within ten minutes and be
//! certified with the same ID number: then the one that asked takes the other over. The other keeps
//! its ids at the provider, which from then on open the one that asked, and nothing else.

use super::account::Account;
use super::secret::Secret;
use super::session::{Ending, Session};
use crate::shared::ids::{AccountId, MergeId, SessionId};
use crate::shared::time::Time;

/// Both sides signed in within this.
pub const FRESH_S: i64 = 10 * 60;
/// Tries of a request's code; the last wrong one ends it.
pub const TRIES_MAX: i64 = 5;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeEnding {
    Merged,
    /// Its account asked anew, or was taken over itself.
    Replaced,
    /// Its code was guessed at too often.
    Spent,
}

impl MergeEnding {
    pub const ALL: [Self; 3] = [Self::Merged, Self::Replaced, Self::Spent];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Merged => "merged",
            Self::Replaced => "replaced",
            Self::Spent => "spent",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ending| ending.as_str() == text)
    }
}

/// One account asking to take over another of the same person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeRequest {
    pub merge_id: MergeId,
    pub into: AccountId,
    /// The device that asked.
    pub family_id: SessionId,
    pub tries: i64,
    pub begun_at: Time,
    pub expires_at: Time,
    /// The account that was taken over.
    pub from: Option<AccountId>,
    pub ended: Option<(Time, MergeEnding)>,
    pub version: i64,
}

impl MergeRequest {
    #[must_use]
    pub fn is_open(&self, now: Time) -> bool {
        self.ended.is_none() && now < self.expires_at
    }

    /// Counts a wrong code.
    #[must_use]
    pub fn missed(mut self, now: Time) -> Self {
        self.tries = self.tries.saturating_add(1);
        if self.tries >= TRIES_MAX {
            self.ended = Some((now, MergeEnding::Spent));
        }
        self
    }
}

/// A begun request, and the code the other side types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BegunMerge {
    pub request: MergeRequest,
    pub code: Secret,
}

/// One side of a merge.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    pub account: &'a Account,
    /// Every session the device has had since it signed in.
    pub family: &'a [Session],
}

/// Why two accounts do not become one. Told to nobody but the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeRefusal {
    SameAccount,
    TakenOver,
    NotCertified,
    OtherPerson,
    /// Signed in too long ago.
    Stale,
    /// Signed out by somebody else than the person at that device, or its token was stolen.
    Distrusted,
}

impl MergeRefusal {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SameAccount => "SAME_ACCOUNT",
            Self::TakenOver => "TAKEN_OVER",
            Self::NotCertified => "NOT_CERTIFIED",
            Self::OtherPerson => "OTHER_PERSON",
            Self::Stale => "STALE_SIGN_IN",
            Self::Distrusted => "DISTRUSTED_SIGN_IN",
        }
    }
}

/// Whether a device's sign-in is recent enough to merge by. Renewing a token makes none later.
#[must_use]
pub fn is_fresh(signed_in_at: Time, now: Time) -> bool {
    (0..FRESH_S).contains(&now.seconds_since(signed_in_at))
}

/// Decides whether `from` may become part of `into`.
pub fn judge(into: Side<'_>, from: Side<'_>, now: Time) -> Result<(), MergeRefusal> {
    if into.account.account_id == from.account.account_id {
        return Err(MergeRefusal::SameAccount);
    }
    for side in [into, from] {
        if side.account.merged.is_some() {
            return Err(MergeRefusal::TakenOver);
        }
        stands(side, now)?;
    }
    match (&into.account.real_name, &from.account.real_name) {
        (Some(one), Some(other)) if one.id_no == other.id_no => Ok(()),
        (Some(_), Some(_)) => Err(MergeRefusal::OtherPerson),
        (None, _) | (_, None) => Err(MergeRefusal::NotCertified),
    }
}

/// A side still counts after its own sign-out: on one browser the second sign-in ends the first. An
/// end that came from elsewhere takes the trust with it.
fn stands(side: Side<'_>, now: Time) -> Result<(), MergeRefusal> {
    let first = side.family.first().ok_or(MergeRefusal::Stale)?;
    if !is_fresh(first.created_at, now) {
        return Err(MergeRefusal::Stale);
    }
    let trusted = |session: &Session| match session.ended {
        None => true,
        Some((_, Ending::SignedOut | Ending::Replaced | Ending::Rotated)) => true,
        Some((
            _,
            Ending::EndedElsewhere | Ending::TokenReused | Ending::PhoneMoved | Ending::Merged,
        )) => false,
    };
    if side.family.iter().all(trusted) {
        Ok(())
    } else {
        Err(MergeRefusal::Distrusted)
    }
}

#[cfg(test)]
mod tests {
    use super::super::account::{CertifiedBy, RealName};
    use super::super::session::Client;
    use super::*;
    use crate::shared::ids::TypedId as _;
    use crate::shared::personal::{IdNo, PersonName};

    const NOW: Time = Time::from_micros(1_800_000_000_000_000);

    fn account(n: u8, id_no: Option<&str>) -> Account {
        Account {
            account_id: AccountId::made(format!("019aa2f0-0000-7000-8000-00000000000{n}")),
            app_id: "2021000000000001".into(),
            open_id: None,
            user_id: None,
            real_name: id_no.map(|id_no| RealName {
                name: PersonName::from_store("李明".into()),
                id_no: IdNo::from_store(id_no.into()),
                certified_by: CertifiedBy::Profile,
                certified_at: NOW,
            }),
            phone: None,
            merged: None,
            created_at: NOW,
            version: 1,
        }
    }

    fn session(age_s: i64, ended: Option<Ending>) -> Session {
        let id = SessionId::made("019aa2f0-0000-7000-8000-000000000009".into());
        Session {
            session_id: id.clone(),
            account_id: AccountId::made("019aa2f0-0000-7000-8000-000000000001".into()),
            family_id: id,
            entered_as: AccountId::made("019aa2f0-0000-7000-8000-000000000001".into()),
            client: Client::Mini,
            created_at: NOW.plus_seconds(age_s.saturating_neg()),
            last_seen_at: NOW,
            expires_at: NOW.plus_seconds(86_400),
            left_at: None,
            ended: ended.map(|ending| (NOW, ending)),
            version: 1,
        }
    }

    const ID: Option<&str> = Some("150499199001010014");
    const OTHER_ID: Option<&str> = Some("150499198506150026");

    fn judged(
        into: &Account,
        from: &Account,
        into_session: Session,
        from_session: Session,
    ) -> Result<(), MergeRefusal> {
        let (into_family, from_family) = ([into_session], [from_session]);
        let side = |account, family| Side { account, family };
        judge(side(into, &into_family), side(from, &from_family), NOW)
    }

    #[test]
    fn m3_6_both_sides_are_fresh_and_of_one_certified_person() {
        let (one, other) = (account(1, ID), account(2, ID));
        let fresh = || session(FRESH_S - 1, None);
        assert_eq!(judged(&one, &other, fresh(), fresh()), Ok(()));
        let stale = session(FRESH_S, None);
        let refused = judged(&one, &other, stale.clone(), fresh());
        assert_eq!(refused, Err(MergeRefusal::Stale));
        assert_eq!(
            judged(&one, &other, fresh(), stale),
            Err(MergeRefusal::Stale)
        );
        assert_eq!(
            judged(&one, &one, fresh(), fresh()),
            Err(MergeRefusal::SameAccount)
        );
        assert_eq!(
            judged(&one, &account(2, OTHER_ID), fresh(), fresh()),
            Err(MergeRefusal::OtherPerson)
        );
        for (a, b) in [(ID, None), (None, ID), (None, None)] {
            let refused = judged(&account(1, a), &account(2, b), fresh(), fresh());
            assert_eq!(refused, Err(MergeRefusal::NotCertified));
        }
        let taken = Account {
            merged: Some((account(3, ID).account_id, NOW)),
            ..account(2, ID)
        };
        assert_eq!(
            judged(&one, &taken, fresh(), fresh()),
            Err(MergeRefusal::TakenOver)
        );
        assert_eq!(
            judged(&taken, &one, fresh(), fresh()),
            Err(MergeRefusal::TakenOver)
        );
    }

    #[test]
    fn m3_6_a_sign_in_that_was_ended_from_elsewhere_merges_nothing() {
        let (one, other) = (account(1, ID), account(2, ID));
        for ending in Ending::ALL {
            let refused = judged(&one, &other, session(1, Some(ending)), session(1, None));
            let own = matches!(
                ending,
                Ending::SignedOut | Ending::Replaced | Ending::Rotated
            );
            assert_eq!(refused.is_ok(), own, "{ending:?}");
        }
    }

    #[test]
    fn m3_6_a_code_dies_at_its_fifth_wrong_try() {
        let mut request = MergeRequest {
            merge_id: MergeId::made("019aa2f0-0000-7000-8000-000000000007".into()),
            into: account(1, ID).account_id,
            family_id: session(1, None).family_id,
            tries: 0,
            begun_at: NOW,
            expires_at: NOW.plus_seconds(FRESH_S),
            from: None,
            ended: None,
            version: 1,
        };
        for _ in 0..TRIES_MAX {
            assert!(request.is_open(NOW));
            request = request.missed(NOW);
        }
        assert!(!request.is_open(NOW));
        assert_eq!(request.ended, Some((NOW, MergeEnding::Spent)));
    }
}
