//! What an owner does with a check task, and what its turns bring: reminders, the end of the wait, the
//! reviewer's word.

use std::collections::HashMap;

use super::asking;
use super::check_task::{CheckTask, OwnedCheckTask, RejectReason};
use super::checking::{self, Applied, Seen};
use super::energy::EnergyVersion;
use super::events;
use super::ids::CheckTaskId;
use super::records::{audit_line, task_line};
use super::standing::ListedTask;
use super::table_k::{Effect, Input, State};
use super::trade_task::TradeTask;
use super::{Settlement, SettlementError};
use crate::cases::{Case, CaseKind};
use crate::shared::ids::AccountId;
use crate::shared::page::{Page, Slice};
use crate::shared::time::Time;
use crate::store::{Tx, atomically, snapshot};

const BATCH: i64 = 64;
const ACTOR: &str = "job:settlement.sweep";

/// What an owner can say of a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feedback {
    Confirm,
    Ignore,
    View,
    Reject,
}

impl Feedback {
    const fn input(self) -> Input {
        match self {
            Self::Confirm => Input::Confirm,
            Self::Ignore => Input::Ignore,
            Self::View => Input::View,
            Self::Reject => Input::Reject,
        }
    }
}

/// A task with what it is about.
#[derive(Debug, Clone)]
pub struct TaskView {
    pub task: CheckTask,
    /// Absent once the table is erased.
    pub energy: Option<EnergyVersion>,
    pub trade: Option<TradeTask>,
    /// The last time its owner disputed it when it could not be rejected any more.
    pub dispute: Option<Disputed>,
}

/// A dispute about a settlement whose answer stands; staff look into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disputed {
    pub since: Time,
    /// When two persons agreed that it was looked into.
    pub ended_at: Option<Time>,
}

impl Disputed {
    /// The last of what is told about a task.
    fn last_of(told: &[Case]) -> Option<Self> {
        let disputes = told.iter();
        let disputes = disputes.filter(|case| case.kind == CaseKind::SettlementDispute);
        let last = disputes.max_by_key(|case| case.opened_at)?;
        Some(Self {
            since: last.opened_at,
            ended_at: last.closed_at,
        })
    }
}

impl Settlement {
    /// A person's tasks with where their money is, newest first.
    pub async fn tasks(
        &self,
        owner: &AccountId,
        page: &Page,
    ) -> Result<Slice<ListedTask>, SettlementError> {
        let mut view = snapshot(self.store()).await?;
        let tasks = view.settlement().tasks_of(owner, page).await?;
        let payouts = view.settlement().payouts_of(owner, page).await?;
        let mut payouts: HashMap<_, _> = payouts
            .into_iter()
            .map(|payout| (payout.check_task_id.clone(), payout))
            .collect();
        let rows = tasks.into_iter().map(|task| ListedTask {
            payout: payouts.remove(&task.check_task_id),
            task,
        });
        Ok(Slice::cut(rows.collect(), page, |row| {
            row.task.check_task_id.to_string()
        }))
    }

    /// The task, if it is this person's.
    pub async fn own_task(
        &self,
        owner: &AccountId,
        id: &CheckTaskId,
    ) -> Result<OwnedCheckTask, SettlementError> {
        let mut view = snapshot(self.store()).await?;
        let found = view.settlement().task_of(owner, id).await?;
        found
            .map(OwnedCheckTask::proven)
            .ok_or(SettlementError::NotFound)
    }

    /// The table's figures beside the task (PV-24): by the permission of the account that owns it.
    pub async fn look(&self, own: &OwnedCheckTask) -> Result<TaskView, SettlementError> {
        let task = own.task();
        let mut view = snapshot(self.store()).await?;
        let permitted = view
            .generation()
            .permitted(&task.generation_account_id)
            .await?;
        let energy = match permitted.filter(|permitted| permitted.table_id == task.table_id) {
            Some(permitted) => {
                view.settlement()
                    .newest_energy(&permitted.table_id, &task.period)
                    .await?
            }
            None => None,
        };
        let trade = view.settlement().trade_of(&task.check_task_id).await?;
        let told = view.cases().about(task.check_task_id.as_str()).await?;
        let task = view.settlement().task(&task.check_task_id).await?;
        Ok(TaskView {
            task: task.ok_or(SettlementError::NotFound)?,
            energy,
            trade,
            dispute: Disputed::last_of(&told),
        })
    }

    /// The owner's answer. A refusal of table K is an error; a repeat is the stored answer.
    pub async fn feed_back(
        &self,
        own: &OwnedCheckTask,
        feedback: Feedback,
        trace_id: &str,
    ) -> Result<TaskView, SettlementError> {
        let view = self
            .answer(own, Seen::plain(feedback.input()), trace_id)
            .await?;
        if feedback == Feedback::View {
            self.shown(own.id()).await?;
        }
        Ok(view)
    }

    /// A reject with what the owner says about it.
    pub async fn reject(
        &self,
        own: &OwnedCheckTask,
        reason: Option<RejectReason>,
        trace_id: &str,
    ) -> Result<TaskView, SettlementError> {
        let seen = Seen {
            reason,
            ..Seen::plain(Input::Reject)
        };
        self.answer(own, seen, trace_id).await
    }

    async fn answer(
        &self,
        own: &OwnedCheckTask,
        seen: Seen,
        trace_id: &str,
    ) -> Result<TaskView, SettlementError> {
        let applied = self.by_owner(own, seen, trace_id).await?;
        if applied.effects.contains(&Effect::SendToReview) {
            self.review_turn(&applied.task).await?;
        }
        self.look(own).await
    }

    /// Takes the last answer back, once, until the payout is on its way.
    pub async fn undo(
        &self,
        own: &OwnedCheckTask,
        trace_id: &str,
    ) -> Result<TaskView, SettlementError> {
        self.by_owner(own, Seen::plain(Input::Undo), trace_id)
            .await?;
        self.look(own).await
    }

    async fn by_owner(
        &self,
        own: &OwnedCheckTask,
        seen: Seen,
        trace_id: &str,
    ) -> Result<Applied, SettlementError> {
        let (id, owner) = (own.id(), &own.task().owner);
        let draw = self.draw(&format!("account:{owner}"), trace_id);
        let rules = &*self.rules;
        let act = format!("settlement.{}", seen.input.as_str());
        let line = audit_line(&draw, id.as_str(), &act);
        let applied = atomically(self.store(), async |tx: &mut Tx| {
            let applied = checking::see(tx, rules, &draw, id, &seen).await?;
            let mut line = line.clone();
            if refusal(&applied).is_some() {
                "refused".clone_into(&mut line.outcome);
            }
            tx.audit().append(&line).await?;
            Ok::<_, SettlementError>(applied)
        })
        .await?;
        refusal(&applied).map_or(Ok(applied), Err)
    }

    /// Gives every check task its turn; how many had one.
    pub async fn sweep_tasks(&self) -> Result<usize, SettlementError> {
        let due = {
            let mut view = snapshot(self.store()).await?;
            view.settlement().due_tasks(self.now(), BATCH).await?
        };
        for id in &due {
            if let Err(error) = self.task_turn(id).await {
                self.put_off(id, error).await?;
            }
        }
        Ok(due.len())
    }

    async fn task_turn(&self, id: &CheckTaskId) -> Result<(), SettlementError> {
        let found = {
            let mut view = snapshot(self.store()).await?;
            view.settlement().task(id).await?
        };
        let Some(task) = found else { return Ok(()) };
        let now = self.now();
        match task.state {
            State::Open if now >= task.countdown.ends_at => {
                let over = Seen::plain(Input::Deadline);
                self.see_looked_at(&task, &over, ACTOR).await?;
            }
            State::Open => self.remind(id).await?,
            State::Answered => self.rest(id).await?,
            State::InReview => self.review_turn(&task).await?,
            State::Dispatched | State::Superseded => {}
        }
        Ok(())
    }

    /// One reminder for all that are due: a node that slept does not send two at once.
    async fn remind(&self, id: &CheckTaskId) -> Result<(), SettlementError> {
        let draw = self.draw(ACTOR, "");
        let rules = self.rules.countdown;
        atomically(self.store(), async |tx: &mut Tx| {
            let found = tx.settlement().task(id).await?;
            let Some(mut task) = found.filter(|task| task.state == State::Open) else {
                return Ok(());
            };
            let due = rules.reminders_due(task.countdown, draw.now);
            if due > task.reminded {
                let before = task.clone();
                task.reminded = due;
                let news = asking::news(&task, &draw);
                let kind = events::TASK_REMINDER;
                tx.outbox().add(&events::event(&draw, kind, &news)?).await?;
                tx.evidence()
                    .append(&task_line(&draw, &before, &task, "reminder")?)
                    .await?;
            }
            task.next_at = Some(rules.next_at(task.countdown, task.reminded));
            tx.settlement().save_task(&task).await?;
            Ok::<_, SettlementError>(())
        })
        .await
    }

    /// An answered task only waits for its payout.
    async fn rest(&self, id: &CheckTaskId) -> Result<(), SettlementError> {
        let later = self.now().plus_seconds(86_400);
        atomically(self.store(), async |tx: &mut Tx| {
            let found = tx.settlement().task(id).await?;
            if let Some(mut task) = found.filter(|task| task.state == State::Answered) {
                task.next_at = Some(later);
                tx.settlement().save_task(&task).await?;
            }
            Ok::<_, SettlementError>(())
        })
        .await
    }
}

fn refusal(applied: &Applied) -> Option<SettlementError> {
    applied.effects.iter().find_map(|effect| match effect {
        Effect::RefuseUndoFirst => Some(SettlementError::UndoFirst),
        Effect::RefuseInReview => Some(SettlementError::InReview),
        Effect::RefuseDispatched => Some(SettlementError::Dispatched),
        Effect::RefuseNothingToUndo => Some(SettlementError::NothingToUndo),
        Effect::RefuseClosed => Some(SettlementError::Closed {
            newer: applied.task.newer.clone(),
        }),
        _ => None,
    })
}
