//! One question upstream for all who ask it of this process at the same moment.
//!
//! Whoever waits drives the question; when they all go away it is dropped. An answer is shared by
//! those who asked before it came and by nobody after.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};

use super::ports::FigureKey;
use crate::shared::outside::NoAnswer;
use crate::shared::time::Time;

/// A figure as it was just answered.
#[derive(Clone)]
pub(super) struct Fetched {
    /// JSON of the figure.
    pub(super) body: Arc<str>,
    pub(super) asked_at: Time,
}

/// Why nothing was answered.
#[derive(Debug, Clone)]
pub(super) enum Unfetched {
    Absent,
    NoAnswer(NoAnswer),
}

pub(super) type Outcome = Result<Fetched, Unfetched>;
type Question = BoxFuture<'static, Outcome>;

/// The questions under way in this process.
#[derive(Clone, Default)]
pub(super) struct Flights {
    under_way: Arc<Mutex<HashMap<FigureKey, WeakShared<Question>>>>,
}

impl Flights {
    /// Joins the question under way for `key`, or starts `ask`.
    pub(super) async fn share(&self, key: FigureKey, ask: impl FnOnce() -> Question) -> Outcome {
        let joined = {
            let mut under_way = self.lock();
            let waiting = under_way
                .get(&key)
                .and_then(WeakShared::upgrade)
                .filter(|question| question.peek().is_none());
            match waiting {
                Some(question) => question,
                None => {
                    let question: Shared<Question> = ask().shared();
                    if let Some(weak) = question.downgrade() {
                        under_way.insert(key.clone(), weak);
                    }
                    question
                }
            }
        };
        let outcome = joined.await;
        self.lock().retain(|_, weak| {
            weak.upgrade()
                .is_some_and(|question| question.peek().is_none())
        });
        outcome
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<FigureKey, WeakShared<Question>>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::future::join_all;
    use tokio::sync::Notify;

    use super::super::ports::FigureKind;
    use super::*;
    use crate::shared::personal::ConsumerNo;

    fn key(kind: FigureKind) -> FigureKey {
        FigureKey {
            consumer_no: ConsumerNo::from_store("1500000004321".into()),
            holder_version: 1,
            kind,
        }
    }

    struct Upstream {
        asked: AtomicU32,
        open: Notify,
    }

    fn question(upstream: &Arc<Upstream>) -> Question {
        let upstream = Arc::clone(upstream);
        async move {
            let number = upstream.asked.fetch_add(1, Ordering::SeqCst);
            upstream.open.notified().await;
            Ok(Fetched {
                body: number.to_string().into(),
                asked_at: Time::default(),
            })
        }
        .boxed()
    }

    fn upstream() -> Arc<Upstream> {
        Arc::new(Upstream {
            asked: AtomicU32::new(0),
            open: Notify::new(),
        })
    }

    #[tokio::test]
    async fn a_hundred_who_ask_at_once_ask_once() {
        let (flights, upstream) = (Flights::default(), upstream());
        let waiting =
            (0..100).map(|_| flights.share(key(FigureKind::Arrears), || question(&upstream)));
        let other = flights.share(key(FigureKind::Balance), || question(&upstream));
        let release = async {
            upstream.open.notify_one();
            upstream.open.notify_one();
        };
        // The two questions take one permit each.
        let (answers, other, ()) = tokio::join!(join_all(waiting), other, async {
            release.await;
            tokio::task::yield_now().await;
            upstream.open.notify_one();
        });
        assert_eq!(upstream.asked.load(Ordering::SeqCst), 2);
        let bodies: Vec<_> = answers
            .into_iter()
            .map(|a| a.ok().map(|f| f.body))
            .collect();
        assert!(bodies.iter().all(|body| *body == bodies[0]));
        assert!(other.is_ok());
        assert!(flights.lock().is_empty());
    }

    #[tokio::test]
    async fn an_answer_is_not_given_to_those_who_ask_after_it() {
        let (flights, upstream) = (Flights::default(), upstream());
        for expected in ["0", "1"] {
            upstream.open.notify_one();
            let answer = flights
                .share(key(FigureKind::Bills), || question(&upstream))
                .await;
            assert_eq!(
                answer.ok().map(|f| f.body.to_string()).as_deref(),
                Some(expected)
            );
        }
    }

    #[tokio::test]
    async fn one_who_goes_away_leaves_the_question_to_the_others() {
        let (flights, upstream) = (Flights::default(), upstream());
        let mut first = Box::pin(flights.share(key(FigureKind::Arrears), || question(&upstream)));
        assert!(futures_util::poll!(&mut first).is_pending());
        let mut second = Box::pin(flights.share(key(FigureKind::Arrears), || question(&upstream)));
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(first);
        upstream.open.notify_one();
        assert!(second.await.is_ok());
        assert_eq!(upstream.asked.load(Ordering::SeqCst), 1);
        // When everybody went away, the next asks anew.
        let mut left = Box::pin(flights.share(key(FigureKind::Arrears), || question(&upstream)));
        assert!(futures_util::poll!(&mut left).is_pending());
        drop(left);
        upstream.open.notify_one();
        assert!(
            flights
                .share(key(FigureKind::Arrears), || question(&upstream))
                .await
                .is_ok()
        );
        assert_eq!(upstream.asked.load(Ordering::SeqCst), 3);
    }
}
