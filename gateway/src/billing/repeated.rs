//! An answer given a moment ago, given again: for the taps and reconnects that ask for the same bill
//! several times in one breath.
//!
//! Only the one it was made for gets it, only while this process has written nothing since, and only
//! for [`REPEATED_MAX_MICROS`] (another node may have written): less than the second in which an ended
//! session stops working. Of those who ask at once one has it made, and the others wait a little for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::web;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::{Ready, ready};
use lifeline_core::billing::Billing;
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::time::Time;
use tokio::sync::OwnedMutexGuard;

use crate::edge::etag::Answered;
use crate::edge::{Code, Problem};
use crate::listeners::outermost::Sources;

/// How long an answer may be repeated, in microseconds of the product's clock.
const REPEATED_MAX_MICROS: i64 = 250_000;
/// From this age on one who asks makes it anew, while the others still get it: nobody waits for it to
/// be over.
const RENEWED_AFTER_MICROS: i64 = 200_000;
/// Answers kept; the whole is small beside one connection's buffers.
const ANSWERS_MAX: usize = 1_024;
/// Answers that are waited for at once; more are made without waiting.
const TURNS_MAX: usize = 1_024;
/// One who waited so long for another's answer has one made.
const TURN_TIME_MAX: Duration = Duration::from_millis(50);

#[derive(Debug)]
struct Kept {
    account: AccountId,
    /// The store's count of commits, and the moment, before the answer was read.
    changes: u64,
    read_at: Time,
    answered: Answered,
}

/// The moment before an answer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Moment {
    changes: u64,
    now: Time,
}

type Turns = HashMap<(AccountId, String), Arc<tokio::sync::Mutex<()>>>;

/// The answers of the last moment, by path; one per worker thread.
#[derive(Debug, Default)]
pub struct Repeated {
    kept: Mutex<HashMap<String, Kept>>,
    turns: Mutex<Turns>,
}

/// What a request finds when it asks for an answer of the last moment.
#[derive(Debug)]
pub(super) enum Asked {
    Again(Answered),
    First(Turn),
}

/// What is found without waiting.
#[derive(Debug)]
enum AtOnce {
    Kept(Answered),
    /// It is over soon, and nobody else makes it anew.
    Anew(OwnedMutexGuard<()>),
}

/// The turn to make an answer; while it is held, others of the same person wait for it.
#[derive(Debug)]
pub(super) struct Turn {
    repeated: web::Data<Repeated>,
    who: (AccountId, String),
    before: Moment,
    held: Option<OwnedMutexGuard<()>>,
}

impl Turn {
    pub(super) fn keep(&self, answered: &Answered) {
        let (account, path) = &self.who;
        let answered = answered.clone();
        self.repeated.keep(path, account, self.before, answered);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.held.take().is_some() {
            self.repeated.leave(&self.who);
        }
    }
}

/// The answers of the last moment to the path of this request.
#[derive(Debug)]
pub(super) struct Again {
    repeated: web::Data<Repeated>,
    billing: web::Data<Billing>,
    sources: web::Data<Sources>,
    path: String,
}

impl Again {
    fn moment(&self) -> Moment {
        Moment {
            changes: self.billing.changes(),
            now: self.sources.clock.now(),
        }
    }

    /// The answer of a moment ago, or the turn to make one.
    pub(super) async fn asked(self, account: &AccountId) -> Asked {
        let before = self.moment();
        let at_once = self.repeated.at_once(&self.path, account, before);
        let who = || (account.clone(), self.path.clone());
        match at_once {
            Some(AtOnce::Kept(answered)) => return Asked::Again(answered),
            Some(AtOnce::Anew(held)) => {
                return Asked::First(Turn {
                    who: who(),
                    before,
                    repeated: self.repeated,
                    held: Some(held),
                });
            }
            None => {}
        }
        let who = who();
        let held = self.repeated.turn(&who).await;
        let turn = Turn {
            before: self.moment(),
            repeated: self.repeated,
            who,
            held,
        };
        // Somebody else may have had it made meanwhile.
        match turn.repeated.find(&self.path, account, turn.before) {
            Some(answered) => Asked::Again(answered),
            None => Asked::First(turn),
        }
    }
}

impl FromRequest for Again {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let again = || {
            Some(Self {
                repeated: req.app_data::<web::Data<Repeated>>()?.clone(),
                billing: req.app_data::<web::Data<Billing>>()?.clone(),
                sources: req.app_data::<web::Data<Sources>>()?.clone(),
                path: req.path().to_owned(),
            })
        };
        ready(again().ok_or_else(|| Problem::new(Code::Internal)))
    }
}

impl Repeated {
    fn find(&self, path: &str, account: &AccountId, at: Moment) -> Option<Answered> {
        self.look(path, account, at).map(|(answered, _)| answered)
    }

    /// The answer kept, and its age in microseconds.
    fn look(&self, path: &str, account: &AccountId, at: Moment) -> Option<(Answered, i64)> {
        let kept = self.lock();
        let found = kept.get(path)?;
        let good = found.account == *account && is_of_now(found, at);
        good.then(|| (found.answered.clone(), age(found, at)))
    }

    fn at_once(&self, path: &str, account: &AccountId, at: Moment) -> Option<AtOnce> {
        let (answered, age) = self.look(path, account, at)?;
        if age < RENEWED_AFTER_MICROS {
            return Some(AtOnce::Kept(answered));
        }
        let turn = self.turn_of(&(account.clone(), path.to_owned()));
        let held = turn.and_then(|turn| turn.try_lock_owned().ok());
        Some(held.map_or(AtOnce::Kept(answered), AtOnce::Anew))
    }

    /// `before`: from before the store was read.
    fn keep(&self, path: &str, account: &AccountId, before: Moment, answered: Answered) {
        let mut kept = self.lock();
        if kept.len() >= ANSWERS_MAX {
            kept.retain(|_, one| is_of_now(one, before));
        }
        if kept.len() >= ANSWERS_MAX && !kept.contains_key(path) {
            return;
        }
        let answer = Kept {
            account: account.clone(),
            changes: before.changes,
            read_at: before.now,
            answered,
        };
        kept.insert(path.to_owned(), answer);
    }

    /// The turn of an answer, while there is room for one more.
    fn turn_of(&self, who: &(AccountId, String)) -> Option<Arc<tokio::sync::Mutex<()>>> {
        let mut turns = self.turns();
        if turns.len() >= TURNS_MAX {
            // Those who gave up waiting left theirs behind.
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        }
        if turns.len() >= TURNS_MAX && !turns.contains_key(who) {
            return None;
        }
        Some(Arc::clone(turns.entry(who.clone()).or_default()))
    }

    /// Waits for the turn to make an answer; `None`: goes on without.
    async fn turn(&self, who: &(AccountId, String)) -> Option<OwnedMutexGuard<()>> {
        let turn = self.turn_of(who)?;
        tokio::time::timeout(TURN_TIME_MAX, turn.lock_owned())
            .await
            .ok()
    }

    /// Forgets a turn that nobody waits for.
    fn leave(&self, who: &(AccountId, String)) {
        let mut turns = self.turns();
        if turns
            .get(who)
            .is_some_and(|turn| Arc::strong_count(turn) == 1)
        {
            turns.remove(who);
        }
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn age(kept: &Kept, at: Moment) -> i64 {
    at.now.micros().saturating_sub(kept.read_at.micros())
}

fn is_of_now(kept: &Kept, at: Moment) -> bool {
    kept.changes == at.changes && (0..REPEATED_MAX_MICROS).contains(&age(kept, at))
}

#[cfg(test)]
mod tests {
    use lifeline_core::shared::ids::TypedId as _;

    use super::*;

    const PATH: &str = "/v1/bindings/b/bills/2026-10";

    fn person(n: u8) -> AccountId {
        AccountId::made(format!("019aa2f0-0000-7000-8000-00000000000{n}"))
    }

    fn at(changes: u64, micros: i64) -> Moment {
        Moment {
            changes,
            now: Time::from_micros(micros),
        }
    }

    fn answered() -> Answered {
        Answered {
            tag: "t".to_owned(),
            body: web::Bytes::from_static(b"bill"),
        }
    }

    #[test]
    fn it_is_given_again_to_the_same_person_for_a_quarter_of_a_second() {
        let repeated = Repeated::default();
        repeated.keep(PATH, &person(1), at(7, 1_000), answered());
        let last = 1_000 + REPEATED_MAX_MICROS - 1;
        assert_eq!(
            repeated.find(PATH, &person(1), at(7, last)),
            Some(answered())
        );
        for (path, who, moment) in [
            (PATH, 1, at(7, last + 1)),
            (PATH, 1, at(7, 999)),
            (PATH, 1, at(8, 1_000)),
            (PATH, 2, at(7, 1_000)),
            ("/v1/bindings/b/bills/2026-09", 1, at(7, 1_000)),
        ] {
            assert_eq!(repeated.find(path, &person(who), moment), None);
        }
    }

    #[test]
    fn it_holds_so_many_answers_and_forgets_the_old_ones() {
        let repeated = Repeated::default();
        let path = |n: usize| format!("/v1/bindings/{n}/bills/2026-10");
        for n in 0..=ANSWERS_MAX {
            repeated.keep(&path(n), &person(1), at(1, 0), answered());
        }
        let kept = |n, moment| repeated.find(&path(n), &person(1), moment).is_some();
        assert!(kept(ANSWERS_MAX - 1, at(1, 0)));
        assert!(!kept(ANSWERS_MAX, at(1, 0)), "one too many");
        repeated.keep(&path(ANSWERS_MAX), &person(1), at(2, 0), answered());
        assert!(kept(ANSWERS_MAX, at(2, 0)), "the old ones made room");
    }

    fn who(n: u8) -> (AccountId, String) {
        (person(n), PATH.to_owned())
    }

    fn turn(repeated: &web::Data<Repeated>, n: u8, held: Option<OwnedMutexGuard<()>>) -> Turn {
        Turn {
            repeated: repeated.clone(),
            who: who(n),
            before: at(7, 1_000),
            held,
        }
    }

    #[actix_web::test]
    async fn of_those_who_ask_at_once_one_has_it_made_and_nobody_waits_for_another_person() {
        let repeated = web::Data::new(Repeated::default());
        let first = turn(&repeated, 1, repeated.turn(&who(1)).await);
        assert!(first.held.is_some());
        let other = turn(&repeated, 2, repeated.turn(&who(2)).await);
        assert!(other.held.is_some(), "another person's turn is another");
        let second_who = who(1);
        let second = repeated.turn(&second_who);
        let made = async {
            tokio::task::yield_now().await;
            first.keep(&answered());
            drop(first);
        };
        let (second, ()) = futures_util::future::join(second, made).await;
        assert!(second.is_some());
        let found = repeated.find(PATH, &person(1), at(7, 1_001));
        assert_eq!(found, Some(answered()));
        assert_eq!(repeated.find(PATH, &person(2), at(7, 1_001)), None);
        drop((turn(&repeated, 1, second), other));
        assert!(repeated.turns().is_empty(), "nothing is left behind");
    }

    #[test]
    fn one_makes_it_anew_before_it_is_over_and_nobody_waits_for_that() {
        let repeated = web::Data::new(Repeated::default());
        repeated.keep(PATH, &person(1), at(7, 0), answered());
        let at_once = |micros| repeated.at_once(PATH, &person(1), at(7, micros));
        let is_kept = |micros| matches!(at_once(micros), Some(AtOnce::Kept(_)));
        let anew = |micros| match at_once(micros) {
            Some(AtOnce::Anew(held)) => Some(held),
            Some(AtOnce::Kept(_)) | None => None,
        };
        assert!(is_kept(RENEWED_AFTER_MICROS - 1));
        let first = turn(&repeated, 1, anew(RENEWED_AFTER_MICROS));
        assert!(first.held.is_some(), "one makes it anew");
        assert!(is_kept(REPEATED_MAX_MICROS - 1), "the others get it still");
        assert!(at_once(REPEATED_MAX_MICROS).is_none(), "and no longer");
        let renewed = at(7, RENEWED_AFTER_MICROS);
        repeated.keep(PATH, &person(1), renewed, answered());
        drop(first);
        assert!(is_kept(REPEATED_MAX_MICROS) && repeated.turns().is_empty());
    }

    #[actix_web::test]
    async fn who_waited_long_enough_goes_on_without_a_turn() {
        let repeated = Repeated::default();
        let held = repeated.turn(&who(1)).await;
        assert!(held.is_some() && repeated.turn(&who(1)).await.is_none());
    }

    #[actix_web::test]
    async fn so_many_turns_are_kept_and_those_given_up_make_room() {
        let repeated = Repeated::default();
        let path = |n: usize| (person(1), format!("/v1/bindings/{n}/bills/2026-10"));
        let mut held = Vec::new();
        for n in 0..TURNS_MAX {
            held.push(repeated.turn(&path(n)).await);
        }
        assert!(held.iter().all(Option::is_some));
        assert!(repeated.turn(&path(TURNS_MAX)).await.is_none());
        held.clear();
        assert!(repeated.turn(&path(TURNS_MAX)).await.is_some());
        assert_eq!(repeated.turns().len(), 1);
    }
}
