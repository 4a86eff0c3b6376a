//! Who follows the life account (LN-29) and how many are linked where (LN-30), without keeping who: a
//! follower is a digest of the wallet's id, a linked home counts for its supply office.
//!
//! Alipay tells of each change once or oftener, late and in any order. A message counts once, on the
//! day it tells of; whether somebody follows is what the latest moment says.

use std::sync::Arc;

use async_trait::async_trait;

use super::asked::DAYS_KEPT;
use super::error::InsightError;
use super::people::{Total, day_number, midnight, told, told_beside};
use crate::inbox::{InboxState, Message};
use crate::jobs::runner::{Task, TaskFailure};
use crate::shared::ids::BindingId;
use crate::shared::time::{Clock, Time};
use crate::store::{Store, Tx, atomically, snapshot};

/// Where these messages come from, as the inbox knows it.
pub const SOURCE: &str = "alipay_life";
const DAY_S: i64 = 86_400;
/// Alipay repeats a message for about a day; what is older was never ours to count.
pub const OLDEST_S: i64 = 30 * DAY_S;
/// Clocks differ, but not by more.
pub const AHEAD_S: i64 = 3_600;
/// Somebody who left is remembered for longer than a message can be late.
pub const LEFT_DAYS: i64 = 32;

/// A wallet's id. It leaves this type only to be digested.
#[derive(Clone, PartialEq, Eq, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
pub struct Wallet(String);

impl Wallet {
    /// Letters, digits, `-` and `_`, at most 64 of them.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let fits = (1..=64).contains(&text.len()) && text.chars().all(plain);
        fits.then(|| Self(text.to_owned()))
    }

    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Wallet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[Wallet]")
    }
}

/// Somebody began or ceased to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    pub wallet: Wallet,
    pub follows: bool,
    pub at: Time,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Not a message of the life account: another reader's.
    Elsewhere,
    /// Genuine, about something that is not counted.
    Other {
        message_id: String,
    },
    Follow {
        message_id: String,
        follow: Follow,
    },
}

/// Why a message of the life account is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FollowError {
    #[error("the message cannot be read")]
    Malformed,
    #[error("the message is not signed by Alipay")]
    BadSignature,
    #[error("the message is for another application")]
    Foreign,
}

/// Verifies a message over its raw bytes and reads it.
pub trait FollowReader: Send + Sync {
    /// # Errors
    /// [`FollowError`].
    fn read_message(&self, raw: &[u8]) -> Result<Told, FollowError>;
}

/// Why a message is not acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum FollowRefused {
    #[error(transparent)]
    Unreadable(#[from] FollowError),
    #[error(transparent)]
    Insight(#[from] InsightError),
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Took {
    /// It is for another reader.
    Elsewhere,
    Counted,
    /// Counted before, too old, or about something else: acknowledged, and that is all.
    Nothing,
}

/// Followers gained and lost on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FollowDay {
    pub day: i64,
    pub followed: i64,
    pub unfollowed: i64,
}

/// Linked people and homes of a supply office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundRegion {
    pub region: String,
    pub people: i64,
    pub homes: i64,
}

/// A link whose supply office is to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToPlace {
    pub binding_id: BindingId,
    /// Absent when its number does not open.
    pub region: Option<String>,
}

/// Something of a span, and the same of the span before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beside<T> {
    pub now: T,
    pub before: T,
}

/// Followers gained and lost on a day; fewer than five are not told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayTold {
    pub name: String,
    pub gained: Beside<Option<i64>>,
    pub lost: Beside<Option<i64>>,
}

impl DayTold {
    /// Gained without those lost; told where both are.
    #[must_use]
    pub fn net(&self) -> Beside<Option<i64>> {
        let net = |gained: Option<i64>, lost: Option<i64>| Some(gained?.saturating_sub(lost?));
        Beside {
            now: net(self.gained.now, self.lost.now),
            before: net(self.gained.before, self.lost.before),
        }
    }
}

/// What the page of followers shows; nothing of fewer than five people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience {
    pub following: Option<i64>,
    pub followed: Beside<Total>,
    pub unfollowed: Beside<Total>,
    pub days: Vec<DayTold>,
    /// People with at least one linked home; absent for a part of the regions.
    pub linked: Option<Total>,
    /// By people; those of a region with fewer than five are `None`.
    pub bound: Vec<(BoundRegion, Option<i64>)>,
    /// Links whose supply office is not read yet.
    pub unplaced: i64,
}

/// The use cases of followers and linked people.
#[derive(Clone)]
pub struct Followers {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    reader: Arc<dyn FollowReader>,
}

impl std::fmt::Debug for Followers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Followers")
    }
}

impl Followers {
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        reader: Arc<dyn FollowReader>,
    ) -> Self {
        Self {
            store,
            clock,
            reader,
        }
    }

    /// Takes one message: stored, counted and marked applied in one unit, before it is acknowledged.
    ///
    /// # Errors
    /// [`FollowRefused`].
    pub async fn receive(&self, raw: &[u8], trace_id: &str) -> Result<Took, FollowRefused> {
        let (message_id, follow) = match self.reader.read_message(raw)? {
            Told::Elsewhere => return Ok(Took::Elsewhere),
            Told::Other { message_id } => (message_id, None),
            Told::Follow { message_id, follow } => (message_id, Some(follow)),
        };
        let raw = std::str::from_utf8(raw).map_err(|_| FollowError::Malformed)?;
        let now = self.clock.now();
        let timely = |follow: &Follow| {
            let age = now.seconds_since(follow.at);
            (-AHEAD_S..=OLDEST_S).contains(&age)
        };
        let follow = follow.filter(timely);
        let message = Message {
            source: SOURCE.to_owned(),
            message_id,
            raw: raw.to_owned(),
            trace_id: trace_id.to_owned(),
            received_at: now,
            state: InboxState::Received,
        };
        let (message, follow) = (&message, &follow);
        let took = atomically(&*self.store, async |tx: &mut Tx| {
            let fresh = tx.inbox().receive(message).await?;
            let id = &message.message_id;
            tx.inbox().mark_applied(SOURCE, id, now).await?;
            match follow {
                Some(follow) if fresh => {
                    tx.insight().follow(follow, day_number(follow.at)).await?;
                    Ok(Took::Counted)
                }
                Some(_) | None => Ok::<_, InsightError>(Took::Nothing),
            }
        })
        .await?;
        Ok(took)
    }

    /// Followers of a span of days (both within) and linked people by region, of `regions` or all.
    ///
    /// # Errors
    /// [`InsightError::Span`], or the store's.
    pub async fn audience(
        &self,
        (from, to): (i64, i64),
        regions: Option<&[String]>,
    ) -> Result<Audience, InsightError> {
        let today = self.today();
        if from > to || to > today || from <= today.saturating_sub(DAYS_KEPT) {
            return Err(InsightError::Span);
        }
        let days = to.saturating_sub(from).saturating_add(1);
        let mut view = snapshot(&*self.store).await?;
        let since = from.saturating_sub(days);
        let rows = view.insight().follow_days(since, to).await?;
        let following = view.insight().following().await?;
        let bound = view.insight().bound_regions().await?;
        let linked = match regions {
            None => Some(view.insight().bound_people().await?),
            Some(_) => None,
        };
        let unplaced = view.insight().unplaced().await?;
        let on = |day: i64, of: fn(&FollowDay) -> i64| {
            let found = rows.iter().find(|row| row.day == day);
            found.map_or(0, of)
        };
        let gained = |row: &FollowDay| row.followed;
        let lost = |row: &FollowDay| row.unfollowed;
        let both = |day: i64, of: fn(&FollowDay) -> i64| Beside {
            now: told(on(day, of)),
            before: told(on(day.saturating_sub(days), of)),
        };
        let whole = |of: fn(&FollowDay) -> i64| {
            let total = |from: i64, to: i64| {
                let each: Vec<i64> = (from..=to).map(|day| on(day, of)).collect();
                told_beside(each.iter().sum(), &each)
            };
            Beside {
                now: total(from, to),
                before: total(since, from.saturating_sub(1)),
            }
        };
        let sees = |region: &str| regions.is_none_or(|own| own.iter().any(|one| one == region));
        let by_region: Vec<i64> = bound.iter().map(|row| row.people).collect();
        Ok(Audience {
            following: told(following),
            followed: whole(gained),
            unfollowed: whole(lost),
            days: (from..=to)
                .map(|day| DayTold {
                    name: midnight(day).shanghai_date(),
                    gained: both(day, gained),
                    lost: both(day, lost),
                })
                .collect(),
            linked: linked.map(|people| told_beside(people, &by_region)),
            bound: bound
                .into_iter()
                .filter(|row| sees(&row.region))
                .map(|row| {
                    let people = told(row.people);
                    (row, people)
                })
                .collect(),
            unplaced,
        })
    }

    #[must_use]
    pub fn today(&self) -> i64 {
        day_number(self.clock.now())
    }

    /// Forgets who left long ago, and reads the supply office of links that are new; how many of them.
    ///
    /// # Errors
    /// The store's.
    pub async fn place(&self) -> Result<i64, InsightError> {
        let left_before = self
            .clock
            .now()
            .plus_seconds(LEFT_DAYS.saturating_mul(DAY_S).saturating_neg());
        let days = self.today().saturating_sub(DAYS_KEPT.saturating_mul(2));
        atomically(&*self.store, async |tx: &mut Tx| {
            tx.insight().forget_followers(left_before, days).await?;
            Ok::<_, InsightError>(())
        })
        .await?;
        let mut placed: i64 = 0;
        for _ in 0..UNITS_MAX {
            let mut view = snapshot(&*self.store).await?;
            let links = view.insight().to_place(PER_UNIT).await?;
            drop(view);
            if links.is_empty() {
                break;
            }
            for link in links.iter().filter(|link| link.region.is_none()) {
                tracing::warn!(link = %link.binding_id, "insight.place.unreadable");
            }
            let links = &links;
            let some = atomically(&*self.store, async |tx: &mut Tx| {
                Ok::<_, InsightError>(tx.insight().place_bindings(links).await?)
            })
            .await?;
            placed = placed.saturating_add(some);
        }
        Ok(placed)
    }
}

/// Links placed in one unit, so that no unit holds the store for long.
const PER_UNIT: i64 = 500;
/// Units of one turn; what is left waits for the next.
const UNITS_MAX: usize = 40;

/// The timed task that keeps linked people by region.
#[async_trait]
impl Task for Followers {
    fn name(&self) -> &'static str {
        "insight.place"
    }

    fn every_s(&self) -> i64 {
        300
    }

    async fn run(&self, _now: Time) -> Result<(), TaskFailure> {
        self.place().await.map(drop).map_err(TaskFailure::store)
    }
}
