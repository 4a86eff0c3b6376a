//! Rows of check tasks. What an owner said when they rejected one is sealed with the personal data table's own
//! key, like the figures it is about.

use lifeline_core::settlement::check_task::{CheckTask, RejectReason};
use lifeline_core::settlement::countdown::Countdown;
use lifeline_core::settlement::ids::{CheckTaskId, PersonalTableId};
use lifeline_core::settlement::table_k;
use lifeline_core::store::StoreError;

use super::generation::key_owner;
use super::settlement::period;
use super::value::args;
use super::{Conn, Field, Row, Sql, Value, WriteConn};

const REASON: Field = Field::new("check_task", "reason");

impl<C: Conn> Sql<C> {
    pub(super) async fn maybe_check_task(
        &mut self,
        row: Option<Row>,
    ) -> Result<Option<CheckTask>, StoreError> {
        match row {
            Some(row) => self.check_task(&row).await.map(Some),
            None => Ok(None),
        }
    }

    pub(super) async fn check_task(&mut self, row: &Row) -> Result<CheckTask, StoreError> {
        let check_task_id: CheckTaskId = row.id("check_task_id")?;
        let table_id: PersonalTableId = row.id("table_id")?;
        let reason = match row.maybe_text("reason")? {
            None => None,
            Some(sealed) => {
                let (owner, id) = (key_owner(&table_id), check_task_id.as_str());
                let said = self.open_for(&owner, REASON, id, &sealed).await?;
                Some(RejectReason::from_store(said))
            }
        };
        Ok(CheckTask {
            check_task_id,
            generation_account_id: row.id("generation_account_id")?,
            owner: row.id("account_id")?,
            table_id,
            period: period(row)?,
            data_version: row.int("data_version")?,
            state: row.parsed("state", table_k::State::parse)?,
            verdict: row.maybe_parsed("verdict", table_k::Verdict::parse)?,
            reason,
            net: row.fen("net_fen")?,
            paid_before: row.fen("paid_before_fen")?,
            countdown: Countdown {
                began_at: row.time("began_at")?,
                ends_at: row.time("ends_at")?,
            },
            reminded: row.int("reminded")?,
            pushed_at: row.maybe_time("pushed_at")?,
            waited_again: row.flag("waited_again")?,
            undo_spent: row.flag("undo_spent")?,
            review_no: row.maybe_text("review_no")?,
            review_round: row.int("review_round")?,
            review_sent_at: row.maybe_time("review_sent_at")?,
            review_began_at: row.maybe_time("review_began_at")?,
            newer: row.maybe_id("newer_id")?,
            created_at: row.time("created_at")?,
            next_at: row.maybe_time("next_at")?,
            version: row.int("version")?,
        })
    }
}

impl<C: WriteConn> Sql<C> {
    /// What every save says, and behind it what only a new row does.
    pub(super) async fn new_task_args(
        &mut self,
        task: &CheckTask,
    ) -> Result<Vec<Value>, StoreError> {
        let mut args = self.task_args(task).await?;
        args.extend(args![
            &task.generation_account_id,
            &task.table_id,
            task.period.as_str(),
            task.data_version,
            task.net,
            task.paid_before,
            task.created_at,
        ]);
        Ok(args)
    }

    pub(super) async fn task_args(&mut self, task: &CheckTask) -> Result<Vec<Value>, StoreError> {
        let reason = match &task.reason {
            None => None,
            Some(said) => {
                let (owner, id) = (key_owner(&task.table_id), task.check_task_id.as_str());
                Some(self.seal_for(&owner, REASON, id, said.expose()).await?)
            }
        };
        Ok(args![
            &task.check_task_id,
            task.state.as_str(),
            task.verdict.map(table_k::Verdict::as_str),
            task.countdown.began_at,
            task.countdown.ends_at,
            task.reminded,
            task.pushed_at,
            task.waited_again,
            task.undo_spent,
            task.review_no.as_deref(),
            task.review_round,
            task.review_sent_at,
            task.review_began_at,
            task.newer.as_ref(),
            task.next_at,
            task.version,
            reason,
        ])
    }
}
