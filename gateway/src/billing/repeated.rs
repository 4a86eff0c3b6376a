//! An answer given a moment ago, given again: for the taps and reconnects that ask for the same bill
//! several times in one breath.
//!
//! Only the one it was made for gets it, only while this process has written nothing since, and only
//! for [`REPEATED_MAX`] (another node may have written): less than the second in which an ended
//! session stops working.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use actix_web::dev::Payload;
use actix_web::web;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::{Ready, ready};
use lifeline_core::billing::Billing;
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::time::Time;

use crate::edge::etag::Answered;
use crate::edge::{Code, Problem};
use crate::listeners::outermost::Sources;

/// How long an answer may be repeated, in microseconds of the product's clock.
const REPEATED_MAX_MICROS: i64 = 250_000;
/// Answers kept; the whole is small beside one connection's buffers.
const ANSWERS_MAX: usize = 1_024;

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

/// The answers of the last moment, by path; one per worker thread.
#[derive(Debug, Default)]
pub struct Repeated(Mutex<HashMap<String, Kept>>);

/// The answers of the last moment to the path of this request.
#[derive(Debug)]
pub(super) struct Again {
    repeated: web::Data<Repeated>,
    path: String,
    before: Moment,
}

impl Again {
    pub(super) fn found(&self, account: &AccountId) -> Option<Answered> {
        self.repeated.find(&self.path, account, self.before)
    }

    pub(super) fn keep(&self, account: &AccountId, answered: &Answered) {
        let answered = answered.clone();
        self.repeated
            .keep(&self.path, account, self.before, answered);
    }
}

impl FromRequest for Again {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let again = || {
            let billing = req.app_data::<web::Data<Billing>>()?;
            let sources = req.app_data::<web::Data<Sources>>()?;
            Some(Self {
                repeated: req.app_data::<web::Data<Repeated>>()?.clone(),
                path: req.path().to_owned(),
                before: Moment {
                    changes: billing.changes(),
                    now: sources.clock.now(),
                },
            })
        };
        ready(again().ok_or_else(|| Problem::new(Code::Internal)))
    }
}

impl Repeated {
    fn find(&self, path: &str, account: &AccountId, at: Moment) -> Option<Answered> {
        let kept = self.lock();
        let found = kept.get(path)?;
        (found.account == *account && is_of_now(found, at)).then(|| found.answered.clone())
    }

    /// `before`: from before the store was read.
    fn keep(&self, path: &str, account: &AccountId, before: Moment, answered: Answered) {
        let mut kept = self.lock();
        if kept.len() >= ANSWERS_MAX {
            kept.retain(|_, one| is_of_now(one, before));
        }
        if kept.len() >= ANSWERS_MAX {
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

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_of_now(kept: &Kept, at: Moment) -> bool {
    let age = at.now.micros().saturating_sub(kept.read_at.micros());
    kept.changes == at.changes && (0..REPEATED_MAX_MICROS).contains(&age)
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
}
