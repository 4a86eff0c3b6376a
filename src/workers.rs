//! The background work of this process, as the runner's workers and the timed tasks of `jobs`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lifeline_adapters::redis::Redis;
use lifeline_core::audit::chain::{Chain, LinkLines, VerifyChain};
use lifeline_core::billing::Billing;
use lifeline_core::jobs::ports::Pause;
use lifeline_core::jobs::runner::{JobRunner, Task, TaskFailure};
use lifeline_core::outbox::Nudged;
use lifeline_core::outbox::relay::Relay;
use lifeline_core::payments::{self, Payments};
use lifeline_core::settlement::{self, Settlement};
use lifeline_core::shared::cluster::Revocations as _;
use lifeline_core::shared::ids::{Entropy, SessionId};
use lifeline_core::shared::time::{Clock, Time};
use lifeline_core::store::Store;
use lifeline_gateway::edge::limits::Limits;
use lifeline_gateway::edge::revocation::Ended;
use lifeline_gateway::edge::tokens::ACCESS_LIFE_S;
use lifeline_gateway::runner::{Waker, Worker};
use tokio::sync::Mutex;

/// Wakes the workers for rows that only say "look now".
pub(crate) fn nudged(waker: &Waker) -> Nudged {
    const KINDS: &[&str] = &[payments::events::NUDGE, settlement::events::NUDGE];
    let waker = waker.clone();
    Nudged::new(KINDS, Arc::new(move || waker.wake()))
}

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

/// Gives every check task and payout that is not final its turn (money.md G4); after a restore not
/// before a person compared what was paid out (money.md 2.9).
pub(crate) struct SettlementWorker {
    settlement: Settlement,
    payments: Payments,
    /// One sweep of a node at a time: two would take payouts from the queue in its order and send them in any.
    turn: Mutex<()>,
}

impl SettlementWorker {
    pub(crate) fn new(settlement: Settlement, payments: Payments) -> Self {
        Self {
            settlement,
            payments,
            turn: Mutex::new(()),
        }
    }
}

#[async_trait]
impl Worker for SettlementWorker {
    fn name(&self) -> &'static str {
        "settlement.sweep"
    }

    fn tick(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn run_once(&self, _now: Time) -> bool {
        let _turn = self.turn.lock().await;
        match self.payments.are_payouts_withheld().await {
            Ok(false) => {}
            Ok(true) => return false,
            Err(error) => {
                tracing::warn!(%error, "settlement.sweep.failed");
                return false;
            }
        }
        match self.settlement.sweep().await {
            Ok(worked) => worked > 0,
            Err(error) => {
                tracing::warn!(%error, "settlement.sweep.failed");
                false
            }
        }
    }
}

/// Links the lines of the audit, and walks along the chain.
pub(crate) fn audit_chain(
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> [Arc<dyn Task>; 2] {
    let chain = Chain::new(store, clock, entropy);
    [
        Arc::new(LinkLines(chain.clone())),
        Arc::new(VerifyChain(chain)),
    ]
}

/// Lets time pass as it does.
pub(crate) struct RealTime;

#[async_trait]
impl Pause for RealTime {
    async fn pause(&self, seconds: i64) {
        tokio::time::sleep(Duration::from_secs(seconds.unsigned_abs())).await;
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

/// Learns through Redis, at once, of sessions that ended on other nodes. The poll of the store
/// learns of them too, a little later; so Redis may be away.
pub(crate) struct EndedElsewhere {
    pub(crate) redis: Arc<Redis>,
    pub(crate) ended: Arc<Ended>,
}

#[async_trait]
impl Worker for EndedElsewhere {
    fn name(&self) -> &'static str {
        "sessions.ended_elsewhere"
    }

    fn tick(&self) -> Duration {
        Duration::from_millis(250)
    }

    async fn run_once(&self, now: Time) -> bool {
        if let Ok(told) = self.redis.ended().await {
            for id in told.iter().filter_map(|id| SessionId::parse(id).ok()) {
                self.ended.add(id, now.plus_seconds(ACCESS_LIFE_S));
            }
        }
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

/// Drops kept figures nobody renewed for a long time.
pub(crate) struct PurgeFigures(pub(crate) Billing);

#[async_trait]
impl Task for PurgeFigures {
    fn name(&self) -> &'static str {
        "billing.purge"
    }

    fn every_s(&self) -> i64 {
        86_400
    }

    async fn run(&self, _now: Time) -> Result<(), TaskFailure> {
        self.0.purge().await.map(drop).map_err(TaskFailure::store)
    }
}
