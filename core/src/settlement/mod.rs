//! Power that households generate, from registration to payout (PV-01..30).
//!
//! | part | what it is |
//! |---|---|
//! | `ids` | the typed ids and numbers of the room |
//! | `accounts` | generation accounts: registration, keys, permission, personal data table, end and activation |
//! | `readings`, `collecting` | a month as the meter tells it: checked whole, corrections as versions |
//! | `flagged` | readings that cannot be: seen again, released to the check task by two persons |
//! | `missed` | a month that nobody settled within its time, settled by two persons |
//! | `watch`, `watching`, `calculation`, `settling` | which tables were updated, and what a month is worth |
//! | `table_k`, `check_task`, `countdown`, `asking`, `checking`, `answering` | the owner checks before the money moves |
//! | `table_t`, `trade_task`, `trade_queue`, `weighing`, `gate`, `holder`, `trading`, `booking`, `dispatch`, `aside` | the queue of payouts, each paid at most once |
//! | `numbers`, `looking_back` | the numbers of payouts, and what left under them that a restored store does not know |
//! | `differing`, `owing` | what is told of figures of a month that are not one, and what two persons let go of it |
//! | `brake` | what leaves within an hour, and the two persons who let the rest go on |
//! | `energy`, `table_rows`, `standing`, `records`, `events` | rows and how their owner pages through them, how a month stands, proof, what others hear |
//! | `reviewing`, `returns`, `hearing` | the reviewer; what a bank gives back; what the outbox brings |
//! | `rules`, `ports`, `jobs` | thresholds, the outside, timed tasks |

pub mod accounts;
pub mod brake;
pub mod calculation;
pub mod check_task;
pub mod checking;
pub mod countdown;
pub mod differing;
pub mod energy;
pub mod events;
pub mod flagged;
pub mod ids;
pub mod jobs;
pub mod numbers;
pub mod ports;
pub mod readings;
pub mod rules;
pub mod standing;
pub mod table_k;
pub mod table_t;
pub mod trade_queue;
pub mod trade_task;
pub mod trading;
pub mod watch;

mod answering;
mod aside;
mod asking;
mod booking;
mod collecting;
mod dispatch;
mod error;
mod gate;
mod hearing;
mod holder;
mod looking_back;
mod missed;
mod owing;
mod records;
mod returns;
mod reviewing;
mod settling;
mod table_rows;
mod watching;
mod weighing;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

pub use answering::{Disputed, Feedback, TaskView};
pub use collecting::Collected;
pub use error::SettlementError;
pub use rules::SettlementRules;
pub use settling::Watched;
pub use table_rows::MonthRows;

use crate::shared::draw::Draw;
use crate::shared::ids::{Entropy, Maker};
use crate::shared::time::{Clock, Time};
use crate::store::{Store, atomically};
use check_task::CheckTask;
use checking::{Applied, Seen};
use ids::{CheckTaskId, TradeTaskId};
use trading::{Paid, TradeApplied};

/// What the causes of cases about months and payouts begin with.
pub const CAUSES: &str = "settlement:";

/// The outside and the store, as settlement needs them.
#[derive(Clone)]
pub struct Ports {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub head_end: Arc<dyn ports::HeadEnd>,
    pub publishing: Arc<dyn ports::PublishingPlatform>,
    pub reviewer: Arc<dyn ports::ReviewTerminal>,
    pub payer: Arc<dyn ports::TradePlatform>,
    /// Whom the utility's reserve names as a generator's holder.
    pub grid: Arc<dyn accounts::GridConnections>,
}

impl std::fmt::Debug for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ports")
    }
}

/// The use cases from collection to payout.
#[derive(Debug, Clone)]
pub struct Settlement {
    ports: Ports,
    rules: Arc<SettlementRules>,
    /// That this node's weights are not those in force was said.
    is_apart: Arc<AtomicBool>,
    /// The payout that was looked back for last, as it stood: it waits at the head as long as the brake holds it.
    looked: Arc<Mutex<Option<(TradeTaskId, i64)>>>,
}

impl Settlement {
    #[must_use]
    pub fn new(ports: Ports, rules: SettlementRules) -> Self {
        Self {
            ports,
            rules: Arc::new(rules),
            is_apart: Arc::default(),
            looked: Arc::default(),
        }
    }

    fn store(&self) -> &dyn Store {
        &*self.ports.store
    }

    fn now(&self) -> Time {
        self.ports.clock.now()
    }

    fn draw(&self, actor: &str, trace_id: &str) -> Draw {
        let maker = Maker {
            clock: &*self.ports.clock,
            entropy: &*self.ports.entropy,
        };
        if trace_id.is_empty() {
            let own = maker.uuid().replace('-', "");
            return Draw::new(maker, &own, actor);
        }
        Draw::new(maker, trace_id, actor)
    }

    pub(super) fn watch_every_s(&self) -> i64 {
        self.rules.watch.every_s
    }

    /// One sweep of check tasks and trade tasks; how many had a turn.
    pub async fn sweep(&self) -> Result<usize, SettlementError> {
        let tasks = self.sweep_tasks().await?;
        let trades = self.sweep_trades().await?;
        Ok(tasks.saturating_add(trades))
    }

    /// Applies one input to a check task: every cell of table K can be reached through here.
    pub async fn see_task(
        &self,
        id: &CheckTaskId,
        seen: &Seen,
        actor: &str,
        trace_id: &str,
    ) -> Result<Applied, SettlementError> {
        let applied = self.see_as(id, None, seen, (actor, trace_id)).await?;
        applied.ok_or(SettlementError::NotFound)
    }

    /// Applies what a turn found out about a check task, if that still stands as it was looked at. Another node may
    /// have given it the same turn meanwhile, or its owner answered (money.md G2): then its next turn sees.
    async fn see_looked_at(
        &self,
        task: &CheckTask,
        seen: &Seen,
        actor: &str,
    ) -> Result<(), SettlementError> {
        let (id, version) = (&task.check_task_id, Some(task.version));
        self.see_as(id, version, seen, (actor, "")).await?;
        Ok(())
    }

    /// `None` when the task is not of that version any more.
    async fn see_as(
        &self,
        id: &CheckTaskId,
        version: Option<i64>,
        seen: &Seen,
        (actor, trace_id): (&str, &str),
    ) -> Result<Option<Applied>, SettlementError> {
        let draw = self.draw(actor, trace_id);
        let rules = &*self.rules;
        atomically(self.store(), async |tx| {
            let found = tx.settlement().task(id).await?;
            let task = found.ok_or(SettlementError::NotFound)?;
            if version.is_some_and(|looked_at| looked_at != task.version) {
                tracing::info!(
                    input = seen.input.as_str(),
                    "settlement.check_task.moved_on"
                );
                return Ok(None);
            }
            let applied = checking::see_of(tx, rules, &draw, task, seen).await?;
            Ok(Some(applied))
        })
        .await
    }

    /// Applies one input to a trade task: every cell of table T can be reached through here.
    pub async fn see_trade(
        &self,
        id: &TradeTaskId,
        input: table_t::Input,
        paid: Paid,
        actor: &str,
    ) -> Result<TradeApplied, SettlementError> {
        let applied = self.see_trade_as(id, None, input, paid, actor).await?;
        applied.ok_or(SettlementError::NotFound)
    }

    /// `None` when the task is not of that version any more.
    async fn see_trade_as(
        &self,
        id: &TradeTaskId,
        version: Option<i64>,
        input: table_t::Input,
        paid: Paid,
        actor: &str,
    ) -> Result<Option<TradeApplied>, SettlementError> {
        let draw = self.draw(actor, "");
        let rules = &*self.rules;
        atomically(self.store(), async |tx| {
            let found = tx.settlement().trade(id).await?;
            let trade = found.ok_or(SettlementError::NotFound)?;
            if version.is_some_and(|looked_at| looked_at != trade.version) {
                tracing::info!(input = input.as_str(), "settlement.payout.moved_on");
                return Ok(None);
            }
            let applied = trading::see_of(tx, rules, &draw, trade, input, paid).await?;
            Ok(Some(applied))
        })
        .await
    }
}
