//! Open questions for a person, one per cause.

use async_trait::async_trait;
use lifeline_core::cases::ports::{CaseReads, CaseStore};
use lifeline_core::cases::{Case, CaseKind};
use lifeline_core::shared::ids::CaseId;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Row, Sql, WriteConn};

statements! { "cases":
    FIND("case_file") = "SELECT case_id, kind, cause, subject, facts, opened_at, trace_id, closed_at FROM case_file \
        WHERE case_id = $1";
    ABOUT("case_file") = "SELECT case_id, kind, cause, subject, facts, opened_at, trace_id, closed_at FROM case_file \
        WHERE subject = $1 ORDER BY opened_at, case_id";
    COUNT_OPEN("case_file") = "SELECT COUNT(*) AS n FROM case_file WHERE closed_at IS NULL";
    OPEN("case_file") = "INSERT INTO case_file (case_id, kind, cause, subject, facts, opened_at, trace_id, closed_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (cause) DO NOTHING";
}

fn case(row: &Row) -> Result<Case, StoreError> {
    Ok(Case {
        case_id: row.id("case_id")?,
        kind: row.parsed("kind", CaseKind::parse)?,
        cause: row.text("cause")?,
        subject: row.text("subject")?,
        facts: row.text("facts")?,
        opened_at: row.time("opened_at")?,
        trace_id: row.text("trace_id")?,
        closed_at: row.maybe_time("closed_at")?,
    })
}

#[async_trait]
impl<C: Conn> CaseReads for Sql<C> {
    async fn find(&mut self, id: &CaseId) -> Result<Option<Case>, StoreError> {
        self.one(&FIND, args![id])
            .await?
            .as_ref()
            .map(case)
            .transpose()
    }

    async fn about(&mut self, subject: &str) -> Result<Vec<Case>, StoreError> {
        self.rows(&ABOUT, args![subject])
            .await?
            .iter()
            .map(case)
            .collect()
    }

    async fn count_open(&mut self) -> Result<i64, StoreError> {
        self.count(&COUNT_OPEN, args![]).await
    }
}

#[async_trait]
impl<C: WriteConn> CaseStore for Sql<C> {
    async fn open(&mut self, case: &Case) -> Result<bool, StoreError> {
        let args = args![
            &case.case_id,
            case.kind.as_str(),
            &case.cause,
            &case.subject,
            &case.facts,
            case.opened_at,
            &case.trace_id,
            case.closed_at,
        ];
        self.changed(&OPEN, args).await
    }
}
