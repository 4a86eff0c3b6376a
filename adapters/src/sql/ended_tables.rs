//! What of a cooperation that ended lies beside its personal data table: notices, each of which says a month and what
//! it was worth, and the salts that open what was proven of its payee.

use std::collections::BTreeSet;

use lifeline_core::settlement::ids::PersonalTableId;
use lifeline_core::shared::ids::AccountId;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Sql, WriteConn};

statements! { "ended_tables":
    // Its account, the one that this was merged into, and whichever else was: an account that was merged twice knows the
    // last one only (adapters/src/sql/merges.rs).
    OWNERS("generation_account") = "SELECT o.account_id FROM personal_table t \
        JOIN generation_account g ON g.generation_account_id = t.generation_account_id \
        JOIN account a ON a.account_id = g.account_id \
        JOIN account o ON o.account_id = COALESCE(a.merged_into, a.account_id) \
        OR o.merged_into = COALESCE(a.merged_into, a.account_id) WHERE t.table_id = $1";
    // Whoever tells of a month and the end that forgets it come one after the other: what is read after it is the newest.
    // Either takes it before any notice, and holds no notice when it waits for it.
    LOCK("personal_table") = "UPDATE personal_table SET version = version WHERE table_id = $1";
    LOCK_OF_TASK("personal_table") = "UPDATE personal_table SET version = version WHERE table_id = \
        (SELECT table_id FROM check_task WHERE check_task_id = $1)";
    TASKS("check_task") = "SELECT check_task_id FROM check_task WHERE table_id = $1";
    TOLD("notice") = "SELECT notice_id, account_id, event_id, kind, params, payment_id, created_at, read_at, texted_at \
        FROM notice WHERE account_id = $1";
    FORGET("notice") = "DELETE FROM notice WHERE notice_id = $1";
    // The body is canonical, so that the name and the id of the table stand in it as they are written here.
    SALTS("evidence_salt") = "DELETE FROM evidence_salt WHERE entry_id IN (SELECT e.entry_id FROM evidence_salt s \
        JOIN evidence_entry e ON e.entry_id = s.entry_id WHERE s.account_id = $1 \
        AND REPLACE(e.body, '\"table_id\":\"' || $2 || '\"', '') <> e.body)";
    IS_OVER("check_task") = "SELECT COUNT(*) AS n FROM check_task k JOIN personal_table t ON t.table_id = k.table_id \
        WHERE k.check_task_id = $1 AND t.state = 'erased'";
}

impl<C: Conn> Sql<C> {
    /// Whose a table was: all accounts that are one person's with its own.
    async fn owners_of(&mut self, table: &PersonalTableId) -> Result<Vec<AccountId>, StoreError> {
        let rows = self.rows(&OWNERS, args![table]).await?;
        rows.iter().map(|row| row.id("account_id")).collect()
    }
}

impl<C: WriteConn> Sql<C> {
    /// Whether the table of a check task is erased: it stays as it is until this unit ends.
    pub(super) async fn is_of_ended_table(&mut self, task: &str) -> Result<bool, StoreError> {
        self.touched(&LOCK_OF_TASK, args![task]).await?;
        Ok(self.count(&IS_OVER, args![task]).await? > 0)
    }

    /// Forgets the notices about a table's months.
    pub(super) async fn forget_told(&mut self, table: &PersonalTableId) -> Result<(), StoreError> {
        self.touched(&LOCK, args![table]).await?;
        let mut tasks = BTreeSet::new();
        for row in self.rows(&TASKS, args![table]).await? {
            tasks.insert(row.text("check_task_id")?);
        }
        if tasks.is_empty() {
            return Ok(());
        }
        for owner in self.owners_of(table).await? {
            for row in self.rows(&TOLD, args![&owner]).await? {
                let is_about_it = match self.notice(&row).await {
                    Ok(notice) => notice
                        .told
                        .check_task()
                        .is_some_and(|id| tasks.contains(id)),
                    // It tells nobody anything, and keeps no end from coming.
                    Err(StoreError::Corrupt { .. }) => false,
                    Err(error) => return Err(error),
                };
                if is_about_it {
                    let id = row.text("notice_id")?;
                    self.touched(&FORGET, args![id]).await?;
                }
            }
        }
        Ok(())
    }

    /// Destroys the salts of what was proven of a table: its payees cannot be shown any more (docs/adr/0007).
    pub(super) async fn drop_salts(&mut self, table: &PersonalTableId) -> Result<(), StoreError> {
        for owner in self.owners_of(table).await? {
            self.touched(&SALTS, args![&owner, table]).await?;
        }
        Ok(())
    }
}
