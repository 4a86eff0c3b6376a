//! What reaches settlement through the outbox: that its owner was told of a task, and that a review is to be
//! called back.

use async_trait::async_trait;

use super::check_task::CheckTask;
use super::events::{HANDED_OVER, HandedOver, RECALL, Recall};
use super::ids::CheckTaskId;
use super::table_k::State;
use super::{Settlement, SettlementError};
use crate::outbox::Claimed;
use crate::outbox::relay::{Deliver, Delivery};
use crate::store::{StoreError, Tx, atomically};

const UNREADABLE: Delivery = Delivery::Never {
    reason: "unreadable_body",
};

#[async_trait]
impl Deliver for Settlement {
    fn kinds(&self) -> &'static [&'static str] {
        &[HANDED_OVER, RECALL]
    }

    async fn deliver(&self, claimed: &Claimed) -> Delivery {
        let event = &claimed.event;
        if event.kind == RECALL {
            return match serde_json::from_str::<Recall>(&event.body) {
                Ok(recall) => self.recall_review(&recall.review_no).await,
                Err(_) => UNREADABLE,
            };
        }
        let about = serde_json::from_str::<HandedOver>(&event.body).map(|said| said.about);
        match about.ok().and_then(|about| CheckTaskId::parse(&about).ok()) {
            Some(id) => self.handed_over(&id).await,
            None => UNREADABLE,
        }
    }
}

impl Settlement {
    async fn handed_over(&self, id: &CheckTaskId) -> Delivery {
        match self.pushed(id).await {
            Ok(()) => Delivery::Done,
            Err(SettlementError::Store(StoreError::Refused(_) | StoreError::Corrupt { .. })) => {
                Delivery::Never {
                    reason: "store_refused",
                }
            }
            Err(error) => {
                tracing::warn!(%error, "settlement.pushed");
                Delivery::Again { reason: "store" }
            }
        }
    }

    /// Repeats are harmless: the terminal knows the number.
    async fn recall_review(&self, review_no: &str) -> Delivery {
        match self.ports.reviewer.recall(review_no).await {
            Ok(()) => Delivery::Done,
            Err(why) => {
                tracing::warn!(%why, "settlement.recall.no_answer");
                Delivery::Again {
                    reason: "terminal_gave_no_answer",
                }
            }
        }
    }

    /// A push about a task was accepted: the owner's time begins with the first one.
    pub async fn pushed(&self, id: &CheckTaskId) -> Result<(), SettlementError> {
        let now = self.now();
        let countdown = self.rules.countdown;
        atomically(self.store(), async |tx: &mut Tx| {
            let found = tx.settlement().task(id).await?;
            let fresh = |task: &CheckTask| task.state == State::Open && task.pushed_at.is_none();
            let Some(mut task) = found.filter(fresh) else {
                return Ok(());
            };
            let account = tx.generation().by_id(&task.generation_account_id).await?;
            let day = account.map_or(1, |account| account.settlement_day);
            task.pushed_at = Some(now);
            task.countdown = countdown.from(now, i8::try_from(day).unwrap_or(1));
            task.reminded = 0;
            task.next_at = Some(countdown.next_at(task.countdown, 0));
            tx.settlement().save_task(&task).await?;
            Ok::<_, SettlementError>(())
        })
        .await
    }

    /// The owner looked at the task itself, its deadline beside it: they were reached. Their time goes on as it
    /// was.
    pub(super) async fn shown(&self, id: &CheckTaskId) -> Result<(), SettlementError> {
        let now = self.now();
        atomically(self.store(), async |tx: &mut Tx| {
            let found = tx.settlement().task(id).await?;
            let fresh = |task: &CheckTask| task.state == State::Open && task.pushed_at.is_none();
            if let Some(mut task) = found.filter(fresh) {
                task.pushed_at = Some(now);
                tx.settlement().save_task(&task).await?;
            }
            Ok::<_, SettlementError>(())
        })
        .await
    }
}
