//! A person's wish to be erased. It cools off for 15 days, in which it can be taken back; it is
//! refused, and put off when it is due, while any money of theirs is on its way; then a timed task
//! leaves their homes and destroys their key and whatever finds them (money.md 3.15, domain.md 5.4).

use async_trait::async_trait;
use serde_json::json;

use super::{Privacy, PrivacyError, events, spend};
use crate::accounts::{AccountError, Actor, Caller, Errand, Follower, Pen, Removal, news};
use crate::bindings::leave_all_in;
use crate::cases::CaseKind;
use crate::evidence::Act;
use crate::jobs::runner::{Task, TaskFailure};
use crate::shared::ids::{AccountId, EventId};
use crate::shared::time::Time;
use crate::store::{StoreError, Tx, atomically, snapshot};

const DAY_S: i64 = 86_400;
/// Shanghai is so far ahead of UTC, the whole year.
const SHANGHAI_S: i64 = 8 * 3_600;
/// How long the wish cools off.
pub const COOLING_S: i64 = 15 * DAY_S;
/// How long it is put off when money is on its way on its day.
pub const PUT_OFF_S: i64 = DAY_S;
/// Working days that an erasure may take from when it was asked for (domain.md 5.2, C5).
pub const WORKING_DAYS_MAX: u32 = 15;
/// How long one waits that could not be done.
pub const AGAIN_S: i64 = 3_600;
/// Erasures of one page.
const PER_PAGE: i64 = 20;
/// Pages of one turn; the next turn goes on.
const PAGES_MAX: usize = 50;

/// How far a wish has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErasureState {
    Cooling,
    Withdrawn,
    Done,
}

impl ErasureState {
    pub const ALL: [Self; 3] = [Self::Cooling, Self::Withdrawn, Self::Done];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cooling => "cooling",
            Self::Withdrawn => "withdrawn",
            Self::Done => "done",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// When its working days are over: the end of the last one, Monday to Friday in Shanghai, behind the day of the
/// wish. Public holidays are not known here: with them the law's day is a later one.
#[must_use]
pub fn late_at(asked_at: Time) -> Time {
    // The first day of Unix time was a Thursday.
    let works = |day: i64| day.saturating_add(3).rem_euclid(7) < 5;
    let of_day = asked_at.shanghai_second_of_day();
    let midnight = asked_at.plus_seconds(of_day.saturating_neg());
    let first = midnight
        .micros()
        .div_euclid(1_000_000)
        .saturating_add(SHANGHAI_S)
        .div_euclid(DAY_S);
    let (mut days, mut left) = (0_i64, WORKING_DAYS_MAX);
    while left > 0 {
        days = days.saturating_add(1);
        if works(first.saturating_add(days)) {
            left = left.saturating_sub(1);
        }
    }
    midnight.plus_seconds(days.saturating_add(1).saturating_mul(DAY_S))
}

/// One wish. It outlives the account, whose name says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    pub erasure_id: String,
    pub account_id: AccountId,
    pub state: ErasureState,
    pub asked_at: Time,
    pub due_at: Time,
    /// When it is looked at next, while it cools.
    pub next_at: Option<Time>,
    pub ended_at: Option<Time>,
    pub version: i64,
}

impl Erasure {
    /// The person asked for it on the day that is written here. Who goes again from a copy of the store had asked in a
    /// time that the copy does not know: that wish begins with its end, and nothing cools off.
    fn was_asked_then(&self) -> bool {
        self.due_at > self.asked_at
    }

    fn ended(self, state: ErasureState, now: Time) -> Self {
        Self {
            state,
            next_at: None,
            ended_at: Some(now),
            ..self
        }
    }
}

fn about(erasure: &Erasure) -> Act {
    Act::new()
        .say("account_id", erasure.account_id.as_str())
        .say("erasure_id", erasure.erasure_id.as_str())
        .say("due_at", erasure.due_at.rfc3339())
}

impl Privacy {
    /// The caller's wish that is cooling off, if there is one.
    pub async fn erasure(&self, caller: &Caller) -> Result<Option<Erasure>, PrivacyError> {
        let mut view = snapshot(&*self.store).await?;
        Ok(view.privacy().erasure(&caller.account_id).await?)
    }

    /// Begins the cooling off, and tells every contact. A repeat answers the wish that is there.
    pub async fn ask_erasure(&self, caller: &Caller) -> Result<Erasure, PrivacyError> {
        let maker = self.maker();
        let (pen, event_id): (Pen, EventId) = (Pen::ready(&maker), maker.id());
        let (account, now) = (&caller.account_id, pen.now);
        let due_at = now.plus_seconds(COOLING_S);
        let wish = Erasure {
            erasure_id: maker.uuid(),
            account_id: account.clone(),
            state: ErasureState::Cooling,
            asked_at: now,
            due_at,
            next_at: Some(due_at),
            ended_at: None,
            version: 1,
        };
        let when = (now, Some(due_at));
        let kind = events::ERASURE_ASKED;
        let told = events::event(event_id, kind, account, when, &caller.trace_id)?;
        atomically(&*self.store, async |tx: &mut Tx| {
            spend(tx, caller, &Errand::erase(caller), now).await?;
            if let Some(there) = tx.privacy().erasure(account).await? {
                return Ok(there);
            }
            if tx.privacy().has_open_money(account).await? {
                return Err(PrivacyError::MoneyOpen);
            }
            tx.privacy().add_erasure(&wish).await?;
            tx.outbox().add(&told).await?;
            let (actor, subject) = (caller.actor(), account.as_str());
            pen.prove(tx, &actor, "privacy.erasure_asked", subject, about(&wish))
                .await?;
            Ok(wish.clone())
        })
        .await
    }

    /// Takes the wish back, up to the moment it is done.
    pub async fn take_erasure_back(&self, caller: &Caller) -> Result<(), PrivacyError> {
        let maker = self.maker();
        let (pen, event_id): (Pen, EventId) = (Pen::ready(&maker), maker.id());
        let (account, now) = (&caller.account_id, pen.now);
        let kind = events::ERASURE_WITHDRAWN;
        let told = events::event(event_id, kind, account, (now, None), &caller.trace_id)?;
        atomically(&*self.store, async |tx: &mut Tx| {
            let wish = tx.privacy().erasure(account).await?;
            let wish = wish.ok_or(PrivacyError::NotFound)?;
            let taken_back = wish.ended(ErasureState::Withdrawn, now);
            tx.privacy().save_erasure(&taken_back).await?;
            tx.outbox().add(&told).await?;
            let (actor, act) = (caller.actor(), about(&taken_back));
            pen.prove(
                tx,
                &actor,
                "privacy.erasure_withdrawn",
                account.as_str(),
                act,
            )
            .await?;
            Ok::<_, PrivacyError>(())
        })
        .await
    }
}

/// Who gives their account to another of theirs means to stay: the wish they had there is taken back,
/// and the account that goes on hears of it. Its own wish stands.
#[async_trait]
impl Follower for Privacy {
    async fn follow(&self, tx: &mut Tx, removal: &mut Removal) -> Result<(), AccountError> {
        let Some(wish) = tx.privacy().erasure(&removal.from).await? else {
            return Ok(());
        };
        let (pen, kind) = (
            removal.pen.also_for(&wish.erasure_id),
            events::ERASURE_WITHDRAWN,
        );
        let taken_back = wish.ended(ErasureState::Withdrawn, pen.now);
        tx.privacy().save_erasure(&taken_back).await?;
        let (event_id, trace_id) = (pen.id(kind, removal.into.as_str()), &removal.actor.trace_id);
        let told = events::event(event_id, kind, &removal.into, (pen.now, None), trace_id)?;
        tx.outbox().add(&told).await?;
        let (subject, act) = (removal.from.as_str(), about(&taken_back));
        pen.prove(tx, &removal.actor, kind, subject, act).await?;
        Ok(())
    }
}

/// The timed task that does what has cooled off.
#[derive(Debug, Clone)]
pub struct Erase(pub Privacy);

impl Erase {
    /// Erases everybody whose day has come; how many. One that fails is put off, so that it holds up nobody.
    pub async fn run_due(&self) -> Result<usize, PrivacyError> {
        let now = self.0.now();
        let (mut done, mut failed) = (0_usize, None);
        for _ in 0..PAGES_MAX {
            let mut view = snapshot(&*self.0.store).await?;
            let due = view.privacy().due_erasures(now, PER_PAGE).await?;
            drop(view);
            if due.is_empty() {
                break;
            }
            for wish in due {
                match self.erase(&wish).await {
                    Ok(true) => done = done.saturating_add(1),
                    Ok(false) => {}
                    Err(error) => {
                        tracing::warn!(%error, erasure = %wish.erasure_id, "privacy.erase.put_off");
                        self.put_off(&wish, now).await?;
                        failed = Some(error);
                    }
                }
            }
        }
        failed.map_or(Ok(done), Err)
    }

    /// A unit of its own: the one that failed is gone.
    async fn put_off(&self, wish: &Erasure, now: Time) -> Result<(), PrivacyError> {
        let next_at = Some(now.plus_seconds(AGAIN_S));
        atomically(&*self.0.store, async |tx: &mut Tx| {
            if let Some(wish) = still(tx, wish).await? {
                tx.privacy()
                    .save_erasure(&Erasure { next_at, ..wish })
                    .await?;
            }
            Ok::<_, PrivacyError>(())
        })
        .await
    }

    /// One unit: the homes are left, the person is erased. False when the wish was taken back meanwhile,
    /// or waits because money is on its way.
    async fn erase(&self, wish: &Erasure) -> Result<bool, PrivacyError> {
        let maker = self.0.maker();
        let actor = Actor::job("privacy.erase", &maker);
        let (pen, account) = (Pen::ready(&maker), &wish.account_id);
        let now = pen.now;
        atomically(&*self.0.store, async |tx: &mut Tx| {
            let Some(wish) = still(tx, wish).await? else {
                return Ok(false);
            };
            if tx.privacy().has_open_money(account).await? {
                let next_at = Some(now.plus_seconds(PUT_OFF_S));
                let waits = Erasure { next_at, ..wish };
                tx.privacy().save_erasure(&waits).await?;
                if now >= late_at(waits.asked_at) {
                    tell_late(tx, &waits, &actor, &pen).await?;
                }
                return Ok(false);
            }
            leave_all_in(tx, account, &actor, &pen)
                .await
                .map_err(|error| PrivacyError::Home(Box::new(error)))?;
            // Read while the consent is there: whoever held the person through us lets go of them.
            news::tell_changed(tx, account, &pen, &actor.trace_id).await?;
            let done = wish.ended(ErasureState::Done, now);
            tx.privacy().save_erasure(&done).await?;
            let act = about(&done);
            pen.prove(tx, &actor, "privacy.erased", account.as_str(), act)
                .await?;
            // Last: it takes the salts of all that was said about the person with it.
            tx.privacy().erase(account, now).await?;
            Ok::<_, PrivacyError>(true)
        })
        .await
    }
}

/// Once a wish: the person hears that it is late and why, and staff find it as a case. Whose day is not known any more
/// is told none; staff find the case all the same.
async fn tell_late(
    tx: &mut Tx,
    wish: &Erasure,
    actor: &Actor,
    pen: &Pen,
) -> Result<(), PrivacyError> {
    let (kind, account) = (events::ERASURE_LATE, &wish.account_id);
    let cause = format!("erasure_late:{}", wish.erasure_id);
    let facts = json!({ "account_id": account.as_str() });
    let (late, subject) = (CaseKind::ErasureLate, account.as_str());
    let new = pen
        .open_case(tx, late, &cause, subject, &facts, &actor.trace_id)
        .await?;
    if !new {
        return Ok(());
    }
    if wish.was_asked_then() {
        let event_id = pen.id(kind, &wish.erasure_id);
        let when = (wish.asked_at, None);
        let told = events::event(event_id, kind, account, when, &actor.trace_id)?;
        tx.outbox().add(&told).await?;
    }
    pen.prove(tx, actor, kind, subject, about(wish)).await?;
    Ok(())
}

/// The wish as it stands; nothing when it was taken back, though its owner may have another that cools.
async fn still(tx: &mut Tx, wish: &Erasure) -> Result<Option<Erasure>, StoreError> {
    let there = tx.privacy().erasure(&wish.account_id).await?;
    Ok(there.filter(|there| there.erasure_id == wish.erasure_id))
}

#[async_trait]
impl Task for Erase {
    fn name(&self) -> &'static str {
        "privacy.erase"
    }

    fn every_s(&self) -> i64 {
        3_600
    }

    async fn run(&self, _now: Time) -> Result<(), TaskFailure> {
        self.run_due().await.map(drop).map_err(TaskFailure::store)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c5_fifteen_working_days_end_three_weeks_later_whatever_the_day_of_the_wish() {
        for (asked, late) in [
            // A Monday, a Friday, a Saturday, a Sunday; and the first moment of a Monday, which is a Sunday in UTC.
            ("2026-11-02T10:00:00+08:00", "2026-11-24T00:00:00+08:00"),
            ("2026-11-06T10:00:00+08:00", "2026-11-28T00:00:00+08:00"),
            ("2026-11-07T10:00:00+08:00", "2026-11-28T00:00:00+08:00"),
            ("2026-11-08T10:00:00+08:00", "2026-11-28T00:00:00+08:00"),
            ("2026-11-01T16:00:00Z", "2026-11-24T00:00:00+08:00"),
        ] {
            let asked = Time::parse_rfc3339(asked).unwrap();
            assert_eq!(late_at(asked), Time::parse_rfc3339(late).unwrap());
        }
    }
}
