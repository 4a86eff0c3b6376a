//! Runs timed tasks: whoever gets the lease runs the turn, nobody else does.

use std::sync::Arc;

use async_trait::async_trait;

use super::Job;
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
    /// Does the turn's work; the error is a stable word of ours.
    async fn run(&self, now: Time) -> Result<(), &'static str>;
}

/// A lease outlives the longest turn; a runner that died is replaced after it.
const LEASE_S: i64 = 300;

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

/// The tasks of this process.
pub struct JobRunner {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    tasks: Vec<Arc<dyn Task>>,
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
        tasks: Vec<Arc<dyn Task>>,
    ) -> Self {
        Self {
            store,
            clock,
            entropy,
            tasks,
        }
    }

    /// Makes sure that every task has its row.
    pub async fn register(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        for task in &self.tasks {
            let (name, every_s) = (task.name(), task.every_s());
            let first = now.plus_seconds(every_s);
            atomically(&*self.store, async |tx| {
                tx.jobs().ensure(name, every_s, first).await
            })
            .await?;
        }
        Ok(())
    }

    /// Runs every task that is due and free; how many ran.
    pub async fn run_due(&self) -> Result<usize, StoreError> {
        let mut ran: usize = 0;
        for task in &self.tasks {
            let now = self.clock.now();
            let claimed = atomically(&*self.store, async |tx| {
                tx.jobs()
                    .claim(task.name(), now, now.plus_seconds(LEASE_S))
                    .await
            })
            .await?;
            let Some(job) = claimed else { continue };
            let outcome = match guarded(task.run(now)).await {
                Ok(Ok(())) => "ok",
                Ok(Err(code)) => code,
                Err(_) => "panicked",
            };
            if outcome != "ok" {
                tracing::error!(job = task.name(), outcome, "jobs.turn.failed");
            }
            self.close(&job, now, outcome).await?;
            ran = ran.saturating_add(1);
        }
        Ok(ran)
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
        atomically(&*self.store, async |tx| {
            let next = next_turn(job, now);
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
