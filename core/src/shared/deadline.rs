//! Until when the work under way must be done: one moment per request, handed on to everything the
//! request waits for. A step that would begin after it is not begun; one that waits is cut off by it.
//!
//! The moment belongs to the future it was given to, and to what that future itself awaits. A task that
//! was spawned runs without one: money work that was begun goes on to its end (money.md 2.10d).
//! Whoever asks brings the time: the core has no clock.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::time::{Duration, Instant};

thread_local! {
    static UNTIL: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Work is refused because its time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the time allowed for the request is over")]
pub struct Over;

/// Puts back what held before, also when the work panics.
struct Before(Option<Instant>);

impl Before {
    fn enter(until: Instant) -> Self {
        let before = UNTIL.get();
        // Within a deadline only an earlier one means anything.
        UNTIL.set(Some(before.map_or(until, |outer| outer.min(until))));
        Self(before)
    }
}

impl Drop for Before {
    fn drop(&mut self) {
        UNTIL.set(self.0);
    }
}

/// Runs `work` so that everything it awaits knows the moment. Ends nothing by itself.
pub async fn within<F: Future>(until: Instant, work: F) -> F::Output {
    let mut work = pin!(work);
    poll_fn(|context| {
        let _before = Before::enter(until);
        work.as_mut().poll(context)
    })
    .await
}

/// What is left at `now`; nothing to hold to outside a request.
#[must_use]
pub fn left(now: Instant) -> Option<Duration> {
    UNTIL
        .get()
        .map(|until| until.saturating_duration_since(now))
}

/// The moment itself.
#[must_use]
pub fn until() -> Option<Instant> {
    UNTIL.get()
}

/// The shorter of what is left at `now` and of `most`.
///
/// # Errors
/// [`Over`] when nothing is left: what would wait is not begun.
pub fn at_most(most: Duration, now: Instant) -> Result<Duration, Over> {
    match left(now) {
        Some(left) if left.is_zero() => Err(Over),
        Some(left) => Ok(left.min(most)),
        None => Ok(most),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn work_knows_what_is_left_at_n_and_is_not_begun_at_n_plus_one() {
        let now = Instant::now();
        within(now + SECOND, async {
            assert_eq!(at_most(SECOND * 9, now), Ok(SECOND));
            assert_eq!(at_most(SECOND / 2, now), Ok(SECOND / 2));
            let last = now + SECOND - Duration::from_nanos(1);
            assert_eq!(at_most(SECOND, last), Ok(Duration::from_nanos(1)));
            assert_eq!(at_most(SECOND, now + SECOND), Err(Over));
            assert_eq!(at_most(SECOND, now + SECOND * 2), Err(Over));
        })
        .await;
        assert_eq!(
            at_most(SECOND, now + SECOND * 2),
            Ok(SECOND),
            "nothing is left behind"
        );
    }

    #[tokio::test]
    async fn an_inner_moment_is_never_later_and_ends_with_its_work() {
        let now = Instant::now();
        within(now + SECOND, async {
            within(now + SECOND * 5, async {
                assert_eq!(left(now), Some(SECOND))
            })
            .await;
            within(now, async { assert_eq!(left(now), Some(Duration::ZERO)) }).await;
            assert_eq!(left(now), Some(SECOND));
        })
        .await;
        assert_eq!(until(), None);
    }

    /// Two requests on one thread take turns; neither sees the other's moment.
    #[tokio::test]
    async fn requests_that_take_turns_keep_their_own() {
        let now = Instant::now();
        let one = async |seconds: u32| {
            within(now + SECOND * seconds, async {
                for _ in 0..10 {
                    assert_eq!(left(now), Some(SECOND * seconds));
                    tokio::task::yield_now().await;
                }
            })
            .await;
        };
        tokio::join!(one(1), one(2), one(3));
    }

    #[tokio::test]
    async fn m2_10d_a_task_that_was_spawned_goes_on_without_one() {
        let now = Instant::now();
        let (tell, told) = tokio::sync::oneshot::channel();
        within(now, async {
            assert_eq!(left(now), Some(Duration::ZERO));
            tokio::spawn(async move { tell.send(left(now)) });
        })
        .await;
        assert_eq!(told.await, Ok(None));
    }
}
