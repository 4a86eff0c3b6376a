//! Who did what: append-only lines.

use async_trait::async_trait;
use lifeline_core::audit::Line;
use lifeline_core::audit::ports::AuditLog;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Row, Sql, WriteConn};

statements! { "audit":
    ADD("audit_line") = "INSERT INTO audit_line (audit_id, at, actor, act, subject, outcome, source, trace_id) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    ABOUT("audit_line") = "SELECT audit_id, at, actor, act, subject, outcome, source, trace_id FROM audit_line \
        WHERE subject = $1 ORDER BY at DESC, audit_id DESC LIMIT $2";
}

fn line(row: &Row) -> Result<Line, StoreError> {
    Ok(Line {
        audit_id: row.text("audit_id")?,
        at: row.time("at")?,
        actor: row.text("actor")?,
        act: row.text("act")?,
        subject: row.text("subject")?,
        outcome: row.text("outcome")?,
        source: row.text("source")?,
        trace_id: row.text("trace_id")?,
    })
}

#[async_trait]
impl<C: WriteConn> AuditLog for Sql<C> {
    async fn append(&mut self, line: &Line) -> Result<(), StoreError> {
        let args = args![
            &line.audit_id,
            line.at,
            &line.actor,
            &line.act,
            &line.subject,
            &line.outcome,
            &line.source,
            &line.trace_id,
        ];
        self.touched(&ADD, args).await.map(drop)
    }

    async fn about(&mut self, subject: &str, limit: i64) -> Result<Vec<Line>, StoreError> {
        self.rows(&ABOUT, args![subject, limit])
            .await?
            .iter()
            .map(line)
            .collect()
    }
}
