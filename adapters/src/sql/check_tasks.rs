//! Rows of check tasks. What an owner said when they rejected one is sealed with the personal data table's own
//! key, like the figures it is about.

use lifeline_core::settlement::check_task::{CheckTask, RejectReason};
use lifeline_core::settlement::countdown::Countdown;
use lifeline_core::settlement::energy::EnergyVersion;
use lifeline_core::settlement::ids::{CheckTaskId, PersonalTableId};
use lifeline_core::settlement::table_k;
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::period::Period;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::generation::key_owner;
use super::settlement::LAST;
use super::standings::period;
use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, Value, WriteConn};

macro_rules! tasks {
    ($which:literal) => {
        concat!(
            "SELECT k.check_task_id, k.generation_account_id, g.account_id, k.table_id, k.period, k.data_version, ",
            "k.state, k.verdict, k.net_fen, k.paid_before_fen, k.began_at, k.ends_at, k.reminded, k.pushed_at, ",
            "k.waited_again, k.undo_spent, k.review_no, k.review_round, k.review_sent_at, k.review_began_at, ",
            "k.newer_id, k.created_at, k.next_at, k.version, k.reason FROM check_task k JOIN generation_account g ",
            "ON g.generation_account_id = k.generation_account_id WHERE ",
            $which
        )
    };
}

statements! { "check_tasks":
    // What was sold under an account that was merged into this one is this person's to answer. Of a cooperation that
    // ended and goes on, only the months of the table that is open now: the earlier ones stay erased (PV-13).
    TASK_OF("check_task") = tasks!("g.account_id IN (SELECT m.account_id FROM account m \
        WHERE m.account_id = $1 OR m.merged_into = $1) AND g.state <> 'terminated' AND k.table_id IN (SELECT p.table_id \
        FROM personal_table p WHERE p.generation_account_id = g.generation_account_id AND p.state = 'open') \
        AND k.check_task_id = $2");
    TASKS_OF("check_task") = tasks!("g.account_id IN (SELECT m.account_id FROM account m \
        WHERE m.account_id = $1 OR m.merged_into = $1) AND g.state <> 'terminated' AND k.table_id IN (SELECT p.table_id \
        FROM personal_table p WHERE p.generation_account_id = g.generation_account_id AND p.state = 'open') \
        AND k.check_task_id < $2 \
        ORDER BY k.check_task_id DESC LIMIT $3");
    TASK("check_task") = tasks!("k.check_task_id = $1");
    NEWEST_TASK("check_task") = tasks!("k.table_id = $1 AND k.period = $2 ORDER BY k.data_version DESC LIMIT 1");
    DUE_TASKS("check_task") = "SELECT check_task_id FROM check_task WHERE next_at IS NOT NULL AND next_at <= $1 \
        ORDER BY next_at, check_task_id LIMIT $2";
    ADD_TASK("check_task") = "INSERT INTO check_task (check_task_id, state, verdict, began_at, ends_at, reminded, \
        pushed_at, waited_again, undo_spent, review_no, review_round, review_sent_at, review_began_at, newer_id, next_at, \
        version, reason, generation_account_id, table_id, period, data_version, net_fen, paid_before_fen, created_at) VALUES \
        ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)";
    SAVE_TASK("check_task") = "UPDATE check_task SET state = $2, verdict = $3, began_at = $4, ends_at = $5, reminded = $6, \
        pushed_at = $7, waited_again = $8, undo_spent = $9, review_no = $10, review_round = $11, review_sent_at = $12, \
        review_began_at = $13, newer_id = $14, next_at = $15, reason = $17, version = version + 1 \
        WHERE check_task_id = $1 AND version = $16";
    UNCHECKED("check_task") = "SELECT COUNT(*) AS n FROM check_task WHERE table_id = $1 \
        AND state IN ('OPEN', 'IN_REVIEW')";
    ERASE_TASKS("check_task") = "UPDATE check_task SET state = 'SUPERSEDED', next_at = NULL, version = version + 1 \
        WHERE table_id = $1 AND state IN ('OPEN', 'ANSWERED', 'IN_REVIEW')";
    ERASE_REASONS("check_task") = "UPDATE check_task SET reason = NULL WHERE table_id = $1 AND reason IS NOT NULL";
    PUT_OFF("check_task") = "UPDATE check_task SET next_at = $2, version = version + 1 \
        WHERE check_task_id = $1 AND next_at IS NOT NULL";
}

const REASON: Field = Field::new("check_task", "reason");

impl<C: Conn> Sql<C> {
    pub(super) async fn owned_task(
        &mut self,
        owner: &AccountId,
        id: &CheckTaskId,
    ) -> Result<Option<CheckTask>, StoreError> {
        let row = self.one(&TASK_OF, args![owner, id]).await?;
        self.maybe_check_task(row).await
    }

    pub(super) async fn owned_tasks(
        &mut self,
        owner: &AccountId,
        page: &Page,
    ) -> Result<Vec<CheckTask>, StoreError> {
        let before = page.after().unwrap_or(LAST);
        let args = args![owner, before, page.limit().saturating_add(1)];
        let mut found = Vec::new();
        for row in self.rows(&TASKS_OF, args).await? {
            found.push(self.check_task(&row).await?);
        }
        Ok(found)
    }

    pub(super) async fn task_by_id(
        &mut self,
        id: &CheckTaskId,
    ) -> Result<Option<CheckTask>, StoreError> {
        let row = self.one(&TASK, args![id]).await?;
        self.maybe_check_task(row).await
    }

    pub(super) async fn newest_of_month(
        &mut self,
        table: &PersonalTableId,
        period: &Period,
    ) -> Result<Option<CheckTask>, StoreError> {
        let row = self
            .one(&NEWEST_TASK, args![table, period.as_str()])
            .await?;
        self.maybe_check_task(row).await
    }

    pub(super) async fn tasks_due(
        &mut self,
        now: Time,
        most: i64,
    ) -> Result<Vec<CheckTaskId>, StoreError> {
        let rows = self.rows(&DUE_TASKS, args![now, most]).await?;
        rows.iter().map(|row| row.id("check_task_id")).collect()
    }

    pub(super) async fn is_unchecked(
        &mut self,
        table: &PersonalTableId,
    ) -> Result<bool, StoreError> {
        Ok(self.count(&UNCHECKED, args![table]).await? > 0)
    }

    async fn maybe_check_task(
        &mut self,
        row: Option<Row>,
    ) -> Result<Option<CheckTask>, StoreError> {
        match row {
            Some(row) => self.check_task(&row).await.map(Some),
            None => Ok(None),
        }
    }

    async fn check_task(&mut self, row: &Row) -> Result<CheckTask, StoreError> {
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
    pub(super) async fn insert_task(&mut self, task: &CheckTask) -> Result<(), StoreError> {
        let args = self.new_task_args(task).await?;
        self.touched(&ADD_TASK, args).await.map(drop)
    }

    pub(super) async fn insert_tasks(
        &mut self,
        months: &[(EnergyVersion, CheckTask)],
    ) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        for (_, task) in months {
            rows.push(self.new_task_args(task).await?);
        }
        self.write_many(&ADD_TASK, rows).await.map(drop)
    }

    pub(super) async fn update_task(&mut self, task: &CheckTask) -> Result<(), StoreError> {
        let args = self.task_args(task).await?;
        if self.changed(&SAVE_TASK, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    /// False when it is final, or there is none.
    pub(super) async fn put_off(
        &mut self,
        id: &CheckTaskId,
        again: Time,
    ) -> Result<bool, StoreError> {
        self.changed(&PUT_OFF, args![id, again]).await
    }

    pub(super) async fn erase_tasks(&mut self, table: &PersonalTableId) -> Result<(), StoreError> {
        for stmt in [&ERASE_TASKS, &ERASE_REASONS] {
            self.touched(stmt, args![table]).await?;
        }
        Ok(())
    }

    /// What every save says, and behind it what only a new row does.
    async fn new_task_args(&mut self, task: &CheckTask) -> Result<Vec<Value>, StoreError> {
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

    async fn task_args(&mut self, task: &CheckTask) -> Result<Vec<Value>, StoreError> {
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
