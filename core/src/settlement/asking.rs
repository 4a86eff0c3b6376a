//! A new check task about a settled version, sent to its owner (PV-21).

use super::SettlementError;
use super::check_task::CheckTask;
use super::energy::EnergyVersion;
use super::events::{self, MonthNews};
use super::ids::CheckTaskId;
use super::records::task_line;
use super::rules::SettlementRules;
use super::table_k::State;
use crate::shared::draw::Draw;
use crate::shared::ids::AccountId;
use crate::shared::money::Fen;
use crate::store::Tx;

/// A new task about a settled version, sent to its owner.
pub(super) async fn add_task(
    tx: &mut Tx,
    rules: &SettlementRules,
    draw: &Draw,
    version: &EnergyVersion,
    review_round: i64,
) -> Result<CheckTaskId, SettlementError> {
    let id = &version.generation_account_id;
    let account = tx
        .generation()
        .by_id(id)
        .await?
        .ok_or(SettlementError::NotFound)?;
    let paid_before = tx.settlement().committed(id, version.period()).await?;
    let fresh = Fresh {
        owner: account.account_id,
        settlement_day: account.settlement_day,
        paid_before,
        review_round,
    };
    let task = new_task(rules, draw, version, fresh)?;
    tx.settlement().add_task(&task).await?;
    tx.outbox()
        .add(&events::event(draw, events::TASK_SENT, &news(&task, draw))?)
        .await?;
    tx.evidence()
        .append(&task_line(draw, &task, &task, "sent")?)
        .await?;
    Ok(task.check_task_id)
}

/// What a new task is made of, beside its settled version.
pub(super) struct Fresh {
    pub(super) owner: AccountId,
    pub(super) settlement_day: i64,
    pub(super) paid_before: Fen,
    pub(super) review_round: i64,
}

/// The task about a settled version. Its id follows from the version, so that a repeat makes the same.
pub(super) fn new_task(
    rules: &SettlementRules,
    draw: &Draw,
    version: &EnergyVersion,
    fresh: Fresh,
) -> Result<CheckTask, SettlementError> {
    let settled = version.settled.as_ref().ok_or(SettlementError::NotFound)?;
    let day = i8::try_from(fresh.settlement_day).unwrap_or(1);
    let countdown = rules.countdown.from(draw.now, day);
    let cause = format!(
        "{}:{}:{}",
        version.table_id,
        version.period(),
        version.data_version
    );
    Ok(CheckTask {
        check_task_id: draw.id::<CheckTaskId>("check_task", &cause),
        generation_account_id: version.generation_account_id.clone(),
        owner: fresh.owner,
        table_id: version.table_id.clone(),
        period: version.period().clone(),
        data_version: version.data_version,
        state: State::Open,
        verdict: None,
        reason: None,
        net: settled.net()?,
        paid_before: fresh.paid_before,
        countdown,
        reminded: 0,
        pushed_at: None,
        waited_again: false,
        undo_spent: false,
        review_no: None,
        review_round: fresh.review_round,
        review_sent_at: None,
        review_began_at: None,
        newer: None,
        created_at: draw.now,
        next_at: Some(rules.countdown.next_at(countdown, 0)),
        version: 1,
    })
}

/// What is told about a task's month.
pub(super) fn news(task: &CheckTask, draw: &Draw) -> MonthNews {
    MonthNews {
        account_id: task.owner.clone(),
        check_task_id: task.check_task_id.clone(),
        period: task.period.clone(),
        amount_fen: task.net,
        happened_at: draw.now.rfc3339(),
        due_at: Some(task.countdown.ends_at.rfc3339()),
    }
}
