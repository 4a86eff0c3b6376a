//! The background work of this process, as the runner's workers and the timed tasks of `jobs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use lifeline_adapters::redis::Redis;
use lifeline_core::accounts::Accounts;
use lifeline_core::jobs::runner::{JobRunner, Task};
use lifeline_core::outbox::relay::Relay;
use lifeline_core::payments::Payments;
use lifeline_core::shared::cluster::Revocations as _;
use lifeline_core::shared::ids::SessionId;
use lifeline_core::shared::time::Time;
use lifeline_gateway::edge::limits::Limits;
use lifeline_gateway::edge::revocation::Ended;
use lifeline_gateway::edge::tokens::ACCESS_LIFE_S;
use lifeline_gateway::runner::Worker;

/// Carries outbox rows to where they belong.
pub(crate) struct RelayWorker(pub(crate) Relay);

#[async_trait]
impl Worker for RelayWorker {
    fn name(&self) -> &'static str {
        "outbox.relay"
    }

    fn tick(&self) -> Duration {
        Duration::from_millis(500)
    }

    async fn run_once(&self, _now: Time) -> bool {
        match self.0.run_once().await {
            Ok(rows) => rows > 0,
            Err(error) => {
                tracing::warn!(%error, "outbox.relay.failed");
                false
            }
        }
    }
}

/// Gives every payment that is not final its turn (money.md G4).
pub(crate) struct SweepWorker(pub(crate) Payments);

#[async_trait]
impl Worker for SweepWorker {
    fn name(&self) -> &'static str {
        "payments.sweep"
    }

    fn tick(&self) -> Duration {
        Duration::from_millis(500)
    }

    async fn run_once(&self, _now: Time) -> bool {
        match self.0.sweep().await {
            Ok(worked) => worked > 0,
            Err(error) => {
                tracing::warn!(%error, "payments.sweep.failed");
                false
            }
        }
    }
}

/// Runs timed tasks that are due.
pub(crate) struct JobsWorker(pub(crate) JobRunner);

#[async_trait]
impl Worker for JobsWorker {
    fn name(&self) -> &'static str {
        "jobs"
    }

    fn tick(&self) -> Duration {
        Duration::from_secs(5)
    }

    async fn run_once(&self, _now: Time) -> bool {
        match self.0.run_due().await {
            Ok(ran) => ran > 0,
            Err(error) => {
                tracing::warn!(%error, "jobs.failed");
                false
            }
        }
    }
}

/// Learns of sessions that ended on other nodes: from Redis, and in any case from the store.
pub(crate) struct EndedWorker {
    pub(crate) accounts: Accounts,
    pub(crate) redis: Option<Arc<Redis>>,
    pub(crate) ended: Arc<Ended>,
    seen_micros: AtomicI64,
}

/// A unit may commit a little later than the moment it carries.
const OVERLAP_S: i64 = 10;

impl EndedWorker {
    pub(crate) fn new(
        accounts: Accounts,
        redis: Option<Arc<Redis>>,
        ended: Arc<Ended>,
        now: Time,
    ) -> Self {
        // A fresh process knows nothing: it must learn of every token that could still be alive.
        let seen = now.plus_seconds(-ACCESS_LIFE_S);
        Self { accounts, redis, ended, seen_micros: AtomicI64::new(seen.micros()) }
    }
}

#[async_trait]
impl Worker for EndedWorker {
    fn name(&self) -> &'static str {
        "sessions.ended"
    }

    fn tick(&self) -> Duration {
        Duration::from_millis(500)
    }

    async fn run_once(&self, now: Time) -> bool {
        let until = now.plus_seconds(ACCESS_LIFE_S);
        if let Some(redis) = &self.redis
            && let Ok(told) = redis.ended().await
        {
            for id in told.iter().filter_map(|id| SessionId::parse(id).ok()) {
                self.ended.add(id, until);
            }
        }
        let seen = Time::from_micros(self.seen_micros.load(Ordering::Relaxed));
        match self.accounts.ended_since(seen.plus_seconds(-OVERLAP_S)).await {
            Ok(sessions) => {
                for session in sessions {
                    let until = session.ended_at.plus_seconds(ACCESS_LIFE_S);
                    self.ended.add(session.session_id, until);
                }
                self.seen_micros.store(now.micros(), Ordering::Relaxed);
            }
            Err(error) => tracing::warn!(%error, "sessions.ended.unknown"),
        }
        self.ended.forget(now);
        false
    }
}

/// Forgets limiter keys whose burst is full again.
pub(crate) struct LimitsWorker(pub(crate) Vec<Arc<Limits>>);

#[async_trait]
impl Worker for LimitsWorker {
    fn name(&self) -> &'static str {
        "limits.forget"
    }

    fn tick(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn run_once(&self, _now: Time) -> bool {
        for limits in &self.0 {
            limits.forget();
        }
        false
    }
}

/// Drops begun sign-ins, spent tokens, old codes and counters.
pub(crate) struct PurgeAccounts(pub(crate) Accounts);

#[async_trait]
impl Task for PurgeAccounts {
    fn name(&self) -> &'static str {
        "accounts.purge"
    }

    fn every_s(&self) -> i64 {
        300
    }

    async fn run(&self, _now: Time) -> Result<(), &'static str> {
        self.0.purge().await.map(|_| ()).map_err(|_| "store")
    }
}
