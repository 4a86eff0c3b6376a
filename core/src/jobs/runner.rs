//! Runs timed tasks: whoever gets the lease runs the turn, nobody else does. Turns come one behind the other; one that
//! takes longer goes on beside those that follow, and keeps its lease for as long as it does.

use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use async_trait::async_trait;
use futures_util::future::{BoxFuture, Either, FutureExt as _, select};
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::Job;
use super::daily::{DAY_S, TimeOfDay};
use super::ports::Pause;
use crate::evidence::Act;
use crate::shared::guard::guarded;
use crate::shared::ids::{Entropy, EvidenceId, Maker};
use crate::shared::time::{Clock, Time};
use crate::store::{Store, StoreError, atomically};

/// One task that runs at fixed times.
#[async_trait]
pub trait Task: Send + Sync {
    fn name(&self) -> &'static str;
    /// Seconds between turns.
    fn every_s(&self) -> i64;
    /// Does the turn's work.
    ///
    /// # Errors
    /// A stable word of ours, with the error behind it.
    async fn run(&self, now: Time) -> Result<(), TaskFailure>;
}

/// Why a turn did not end well: the word that stands on the task's row, and the error that the log tells of.
#[derive(Debug, thiserror::Error)]
#[error("{code}")]
pub struct TaskFailure {
    code: &'static str,
    #[source]
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl From<&'static str> for TaskFailure {
    fn from(code: &'static str) -> Self {
        Self { code, cause: None }
    }
}

impl TaskFailure {
    #[must_use]
    pub fn of(code: &'static str, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self {
            code,
            cause: Some(Box::new(cause)),
        }
    }

    /// The store did not do what the turn needed of it.
    #[must_use]
    pub fn store(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::of("store", cause)
    }

    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// The error behind it and its causes on one line; empty when the word says all.
    #[must_use]
    pub fn told(&self) -> String {
        let mut said = Vec::new();
        let mut next = std::error::Error::source(self);
        while let Some(cause) = next {
            said.push(cause.to_string());
            next = cause.source();
        }
        said.join(": ")
    }
}

/// A lease that is not renewed ends after this; a runner that died is replaced then.
const LEASE_S: i64 = 300;
/// A turn that goes on renews its lease so often.
const RENEW_S: i64 = 60;
/// A turn that takes longer holds up no other.
const PATIENCE_S: i64 = 10;
/// While turns go on, what became due is looked for so often.
const LOOK_S: i64 = 5;
/// Turns that go on at the same time, at most.
const BESIDE_MAX: usize = 8;

/// When a job that ran at `now` is due next. Turns that were slept through are not made up for.
#[must_use]
pub fn next_turn(job: &Job, now: Time) -> Time {
    let planned = job.next_at.plus_seconds(job.every_s);
    if planned > now {
        planned
    } else {
        now.plus_seconds(job.every_s)
    }
}

/// Whose turn ended, and whether that could be written.
type Ended = (&'static str, Result<(), StoreError>);

/// The turns that go on, and what came of those that ended.
#[derive(Default)]
struct Turns<'a> {
    going_on: FuturesUnordered<BoxFuture<'a, Ended>>,
    names: BTreeSet<&'static str>,
    ran: usize,
    failed: Option<StoreError>,
}

impl Turns<'_> {
    fn end(&mut self, (name, ended): Ended) {
        self.names.remove(name);
        match ended {
            Ok(()) => self.ran = self.ran.saturating_add(1),
            Err(error) => self.failed = Some(error),
        }
    }

    /// Does something else while they go on.
    async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            while let Poll::Ready(Some(ended)) = self.going_on.poll_next_unpin(context) {
                self.end(ended);
            }
            work.as_mut().poll(context)
        })
        .await
    }
}

/// The tasks of this process.
pub struct JobRunner {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    pause: Arc<dyn Pause>,
    tasks: Vec<Arc<dyn Task>>,
    /// When tasks that run once a day do; without it a day after their last turn.
    daily_at: Option<TimeOfDay>,
}

impl std::fmt::Debug for JobRunner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.tasks.iter().map(|task| task.name()))
            .finish()
    }
}

impl JobRunner {
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        pause: Arc<dyn Pause>,
        tasks: Vec<Arc<dyn Task>>,
    ) -> Self {
        Self {
            store,
            clock,
            entropy,
            pause,
            tasks,
            daily_at: None,
        }
    }

    /// Tasks that run once a day do so at this time of it: a new one at once, one that is known from its next turn on.
    #[must_use]
    pub fn daily_at(self, at: TimeOfDay) -> Self {
        Self {
            daily_at: Some(at),
            ..self
        }
    }

    /// When a task is due after a moment, if its time of day is set.
    fn set_time(&self, every_s: i64, now: Time) -> Option<Time> {
        let at = self.daily_at.filter(|_| every_s == DAY_S)?;
        Some(at.next_after(now))
    }

    /// Makes sure that every task has its row.
    pub async fn register(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        for task in &self.tasks {
            let (name, every_s) = (task.name(), task.every_s());
            let set = self.set_time(every_s, now);
            let first = set.unwrap_or_else(|| now.plus_seconds(every_s));
            atomically(&*self.store, async |tx| {
                tx.jobs().ensure(name, every_s, first).await
            })
            .await?;
        }
        Ok(())
    }

    /// Runs every task that is due and free, and what becomes due while a turn goes on; how many ran.
    ///
    /// # Errors
    /// The store's, once no turn goes on any more.
    pub async fn run_due(&self) -> Result<usize, StoreError> {
        let mut turns = Turns::default();
        loop {
            if let Err(error) = self.look_round(&mut turns).await {
                turns.failed = Some(error);
            }
            if turns.names.is_empty() {
                return turns.failed.map_or(Ok(turns.ran), Err);
            }
            let pause = self.pause.pause(LOOK_S);
            let ended = match select(turns.going_on.next(), pause).await {
                Either::Left((ended, _)) => ended,
                Either::Right(_) => None,
            };
            if let Some(ended) = ended {
                turns.end(ended);
            }
        }
    }

    /// Runs what is due now, one behind the other; a turn that takes longer is left to go on.
    async fn look_round<'a>(&'a self, turns: &mut Turns<'a>) -> Result<(), StoreError> {
        for task in &self.tasks {
            let name = task.name();
            if turns.names.contains(name) || turns.names.len() >= BESIDE_MAX {
                continue;
            }
            let now = self.clock.now();
            let Some(job) = turns.beside(self.claim(name, now)).await? else {
                continue;
            };
            turns.names.insert(name);
            let mut turn = self.turn(&**task, job, now).boxed();
            let patience = self.pause.pause(PATIENCE_S);
            let ended = match turns.beside(select(&mut turn, patience)).await {
                Either::Left((ended, _)) => Some(ended),
                Either::Right(_) => None,
            };
            match ended {
                Some(ended) => turns.end(ended),
                None => turns.going_on.push(turn),
            }
        }
        Ok(())
    }

    async fn claim(&self, name: &str, now: Time) -> Result<Option<Job>, StoreError> {
        let until = now.plus_seconds(LEASE_S);
        atomically(&*self.store, async |tx| {
            tx.jobs().claim(name, now, until).await
        })
        .await
    }

    /// One turn, from its beginning until its outcome is written. Who lost the lease stops where it stands: another has it.
    async fn turn(&self, task: &dyn Task, job: Job, began: Time) -> Ended {
        let outcome = {
            let work = pin!(guarded(task.run(began)));
            let lease = pin!(self.keep_lease(&job, began));
            match select(work, lease).await {
                Either::Left((Ok(ended), _)) => ended,
                Either::Left((Err(_), _)) => Err(TaskFailure::from("panicked")),
                Either::Right(_) => {
                    tracing::warn!(job = task.name(), "jobs.turn.lost_its_lease");
                    return (task.name(), Ok(()));
                }
            }
        };
        let outcome = match &outcome {
            Ok(()) => "ok",
            Err(failure) => {
                let (outcome, cause) = (failure.code(), failure.told());
                tracing::error!(job = task.name(), outcome, %cause, "jobs.turn.failed");
                outcome
            }
        };
        (task.name(), self.close(&job, began, outcome).await)
    }

    /// Renews a lease again and again; ends when it is lost.
    async fn keep_lease(&self, job: &Job, claimed_at: Time) {
        let mut until = claimed_at.plus_seconds(LEASE_S);
        loop {
            self.pause.pause(RENEW_S).await;
            let now = self.clock.now();
            let longer = now.plus_seconds(LEASE_S);
            match self.renew(job, longer).await {
                Ok(true) => until = longer,
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(%error, job = job.name.as_str(), "jobs.lease.not_renewed");
                    if now >= until {
                        return;
                    }
                }
            }
        }
    }

    async fn renew(&self, job: &Job, until: Time) -> Result<bool, StoreError> {
        atomically(&*self.store, async |tx| {
            tx.jobs().renew(&job.name, job.lease_epoch, until).await
        })
        .await
    }

    /// Writes the outcome and the turn's evidence line in one unit.
    async fn close(&self, job: &Job, began: Time, outcome: &str) -> Result<(), StoreError> {
        let maker = Maker {
            clock: &*self.clock,
            entropy: &*self.entropy,
        };
        let now = maker.now();
        let mut salt = [0_u8; 16];
        self.entropy.fill(&mut salt);
        let id = maker.id::<EvidenceId>();
        let entry = Act::new()
            .say("job", job.name.as_str())
            .say("outcome", outcome)
            .say("planned_at", job.next_at.rfc3339())
            .into_entry(id.clone(), "jobs.ran", began, now, salt);
        let set = self.set_time(job.every_s, now);
        let next = set.unwrap_or_else(|| next_turn(job, now));
        atomically(&*self.store, async |tx| {
            let ours = tx
                .jobs()
                .finish(&job.name, job.lease_epoch, now, next, outcome)
                .await?;
            match (&entry, ours) {
                (Ok(entry), true) => {
                    tx.evidence().append(entry).await?;
                    tx.jobs().prove(&job.name, &id).await
                }
                // Texts only, so the act is always canonical; a lost lease leaves no line.
                (Err(_), _) | (_, false) => Ok(()),
            }
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(next_at: i64) -> Job {
        Job {
            name: "x".into(),
            every_s: 60,
            next_at: Time::from_micros(0).plus_seconds(next_at),
            last_at: None,
            last_outcome: None,
            last_evidence: None,
            lease_epoch: 1,
        }
    }

    #[test]
    fn what_a_turn_failed_of_is_told_with_its_causes() {
        let unreadable = StoreError::Corrupt {
            table: "outbox",
            column: "body",
        };
        let failure = TaskFailure::store(unreadable);
        assert_eq!(failure.code(), "store");
        assert_eq!(failure.told(), "stored data is unreadable: outbox.body");
        let away = StoreError::Unavailable("no route to host".into());
        let failure = TaskFailure::of("collect", away);
        assert_eq!(failure.code(), "collect");
        assert_eq!(failure.told(), "the store is unavailable: no route to host");
        assert_eq!(TaskFailure::from("no_answer").told(), "");
    }

    #[test]
    fn a_job_that_slept_runs_once_and_goes_on_from_now() {
        let at = |s| Time::from_micros(0).plus_seconds(s);
        assert_eq!(
            next_turn(&job(100), at(101)),
            at(160),
            "on time: the rhythm is kept"
        );
        assert_eq!(
            next_turn(&job(100), at(1_000)),
            at(1_060),
            "slept: no turns are made up for"
        );
    }
}
