//! Who tries out what is other people's: distinct consumer numbers, ID numbers and logins by place
//! and by account, in the store and as keyed digests only (money.md 3.1; peers.md 1.2, row 30).
//!
//! What turns out to be one's own is taken back, so that a property office or a neighbourhood behind
//! one carrier address can do its work. One too many bans the place, or the account, from the doors
//! it tried; whoever is signed in there goes on reading and paying.

use super::attempts::{self, Guard};
use super::record::Caller;
use crate::bans::{self, Draft, Reason, Target};
use crate::shared::ids::AccountId;
use crate::shared::personal::{ConsumerNo, IdNo};
use crate::shared::time::Time;
use crate::store::{StoreError, Tx};

/// Somebody showed one value too many and is shut out for so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShutOut {
    pub retry_after_s: i64,
}

/// Who shows a value, as far as that is known.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    pub account: Option<&'a AccountId>,
    pub source: &'a str,
    pub trace_id: &'a str,
}

impl<'a> From<&'a Caller> for Origin<'a> {
    fn from(caller: &'a Caller) -> Self {
        Self {
            account: Some(&caller.account_id),
            source: &caller.source,
            trace_id: &caller.trace_id,
        }
    }
}

/// Notes a home that somebody wants to be let into; the caller commits in every case.
pub async fn home(
    tx: &mut Tx,
    from: Origin<'_>,
    home: &ConsumerNo,
    draft: &Draft,
) -> Result<Option<ShutOut>, StoreError> {
    let (guard, reason) = (Guard::HomesFromPlace, Reason::Homes);
    let by_place = place(tx, from, guard, home.expose(), reason, draft).await?;
    let Some(account) = from.account else {
        return Ok(by_place);
    };
    let key = account.as_str();
    let guard = Guard::HomesByAccount;
    let now = draft.now;
    if attempts::within_distinct(tx, guard, key, home.expose(), now).await? {
        return Ok(by_place);
    }
    let target = Target::account(account);
    shut(tx, from, &target, reason, draft).await.map(Some)
}

/// The home turned out to be theirs.
pub async fn home_was_theirs(
    tx: &mut Tx,
    caller: &Caller,
    home: &ConsumerNo,
    now: Time,
) -> Result<(), StoreError> {
    let (value, account) = (home.expose(), caller.account_id.as_str());
    attempts::forget_distinct(tx, Guard::HomesByAccount, account, value, now).await?;
    was_theirs(tx, caller, Guard::HomesFromPlace, value, now).await
}

/// Notes an ID number that somebody typed as theirs.
pub async fn id_number(
    tx: &mut Tx,
    from: Origin<'_>,
    id_no: &IdNo,
    draft: &Draft,
) -> Result<Option<ShutOut>, StoreError> {
    let (guard, reason) = (Guard::IdNumbersFromPlace, Reason::IdNumbers);
    place(tx, from, guard, id_no.expose(), reason, draft).await
}

/// The ID number turned out to be theirs: the provider said so of them.
pub async fn id_number_was_theirs(
    tx: &mut Tx,
    caller: &Caller,
    id_no: &IdNo,
    now: Time,
) -> Result<(), StoreError> {
    let guard = Guard::IdNumbersFromPlace;
    was_theirs(tx, caller, guard, id_no.expose(), now).await
}

/// Notes a login whose password or code was wrong.
pub async fn login(
    tx: &mut Tx,
    from: Origin<'_>,
    login: &str,
    draft: &Draft,
) -> Result<Option<ShutOut>, StoreError> {
    let (guard, reason) = (Guard::LoginsFromPlace, Reason::Logins);
    place(tx, from, guard, login, reason, draft).await
}

/// The place the caller is at stands no longer by this value.
async fn was_theirs(
    tx: &mut Tx,
    caller: &Caller,
    guard: Guard,
    value: &str,
    now: Time,
) -> Result<(), StoreError> {
    let Some(place) = Target::place(&caller.source) else {
        return Ok(());
    };
    attempts::forget_distinct(tx, guard, &place.subject, value, now).await
}

async fn place(
    tx: &mut Tx,
    from: Origin<'_>,
    guard: Guard,
    value: &str,
    reason: Reason,
    draft: &Draft,
) -> Result<Option<ShutOut>, StoreError> {
    let Some(target) = Target::place(from.source) else {
        return Ok(None);
    };
    if attempts::within_distinct(tx, guard, &target.subject, value, draft.now).await? {
        return Ok(None);
    }
    shut(tx, from, &target, reason, draft).await.map(Some)
}

async fn shut(
    tx: &mut Tx,
    from: Origin<'_>,
    target: &Target,
    reason: Reason,
    draft: &Draft,
) -> Result<ShutOut, StoreError> {
    let placed = bans::ban(tx, draft, target, reason, from.trace_id).await?;
    let ends_at = match placed {
        Some(ban) => Some(ban.ends_at),
        None => {
            let running = tx.bans().of(target.scope, &target.subject).await?;
            running.map(|ban| ban.ends_at)
        }
    };
    let left = ends_at.map_or(0, |ends_at| ends_at.seconds_since(draft.now));
    Ok(ShutOut {
        retry_after_s: left.max(1),
    })
}
