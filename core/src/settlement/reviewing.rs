//! The reviewer's part of a check task: handing it over, asking what came of it, calling it back.

use super::check_task::CheckTask;
use super::checking::{self, Seen};
use super::ids::CheckTaskId;
use super::ports::{ReviewAnswer, ReviewRequest};
use super::standing::InReview;
use super::table_k::{Input, State};
use super::{Settlement, SettlementError};
use crate::cases::rounds;
use crate::shared::time::Time;
use crate::store::{Tx, atomically, snapshot};

const ACTOR: &str = "job:settlement.review";

impl Settlement {
    /// Hands a task over to the reviewer, or asks what came of it.
    pub(super) async fn review_turn(&self, task: &CheckTask) -> Result<(), SettlementError> {
        let Some(review_no) = &task.review_no else {
            return Ok(());
        };
        if task.review_sent_at.is_none() {
            return self.hand_over(task, review_no).await;
        }
        let said = self.ports.reviewer.ask(review_no).await;
        // A correction of figures that newer data take the place of: the month is asked about anew then.
        if matches!(said, Ok(ReviewAnswer::Corrected(_))) && self.has_newer_data(task).await? {
            return self.wait_for_review(&task.check_task_id, None).await;
        }
        let seen = match said {
            Ok(ReviewAnswer::Upheld) => Seen::plain(Input::Upheld),
            Ok(ReviewAnswer::Corrected(net)) => Seen {
                corrected: Some(net),
                ..Seen::plain(Input::Corrected)
            },
            Ok(ReviewAnswer::NotFound) => return self.hand_over(task, review_no).await,
            Ok(ReviewAnswer::Pending) | Err(_) => return self.no_word(task, None).await,
        };
        self.see_looked_at(task, &seen, ACTOR).await
    }

    /// Nothing is said yet. Once the reviewer's time is over, whether or not the terminal ever took the task, staff are
    /// told of it, for each handing-over and as long as it lasts; the reviewer is asked on.
    async fn no_word(&self, task: &CheckTask, sent: Option<Time>) -> Result<(), SettlementError> {
        let id = &task.check_task_id;
        let began = task.review_began_at.unwrap_or(task.created_at);
        if self.now() >= self.review_due(began) {
            let overdue = Seen::plain(Input::ReviewOverdue);
            let cause = checking::review_cause(task, checking::why(overdue.input));
            let told = {
                let mut view = snapshot(self.store()).await?;
                view.cases().about(id.as_str()).await?
            };
            if !rounds::is_told(&cause, &told, self.now()) {
                self.see_looked_at(task, &overdue, ACTOR).await?;
            }
        }
        self.wait_for_review(id, sent).await
    }

    /// When the reviewer's time is over: staff are told of it then.
    #[must_use]
    pub fn review_due(&self, began: Time) -> Time {
        began.plus_seconds(self.rules.review_wait_s)
    }

    /// The tasks that the reviewer has, of people with a home in one of these regions, or all; the longest there first.
    ///
    /// # Errors
    /// The store's.
    pub async fn in_review(
        &self,
        regions: Option<&[String]>,
        most: i64,
    ) -> Result<Vec<InReview>, SettlementError> {
        let mut view = snapshot(self.store()).await?;
        Ok(view.settlement().in_review(regions, most).await?)
    }

    /// Whether the month was collected again, and is not settled yet.
    async fn has_newer_data(&self, task: &CheckTask) -> Result<bool, SettlementError> {
        let mut view = snapshot(self.store()).await?;
        let newest = view
            .settlement()
            .newest_energy(&task.table_id, &task.period)
            .await?;
        Ok(newest.is_some_and(|version| version.settled.is_none()))
    }

    async fn hand_over(&self, task: &CheckTask, review_no: &str) -> Result<(), SettlementError> {
        let energy = {
            let mut view = snapshot(self.store()).await?;
            view.settlement()
                .newest_energy(&task.table_id, &task.period)
                .await?
        };
        let request = ReviewRequest {
            review_no: review_no.to_owned(),
            period: task.period.clone(),
            net: task.net,
            energy: energy
                .map(|version| version.month.canonical())
                .unwrap_or_default(),
            reason: task.reason.clone(),
        };
        let sent = match self.ports.reviewer.hand_over(&request).await {
            Ok(()) => Some(self.now()),
            Err(why) => {
                tracing::warn!(%why, "settlement.review.no_answer");
                None
            }
        };
        self.no_word(task, sent).await
    }

    async fn wait_for_review(
        &self,
        id: &CheckTaskId,
        sent: Option<Time>,
    ) -> Result<(), SettlementError> {
        let later = self.now().plus_seconds(60);
        atomically(self.store(), async |tx: &mut Tx| {
            let found = tx.settlement().task(id).await?;
            if let Some(mut task) = found.filter(|task| task.state == State::InReview) {
                task.review_sent_at = task.review_sent_at.or(sent);
                task.next_at = Some(later);
                tx.settlement().save_task(&task).await?;
            }
            Ok::<_, SettlementError>(())
        })
        .await
    }
}
