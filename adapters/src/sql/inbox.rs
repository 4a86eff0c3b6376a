//! Messages from outside, raw and sealed, until they are applied.

use async_trait::async_trait;
use lifeline_core::inbox::ports::InboxStore;
use lifeline_core::inbox::{InboxState, Message, Unverified, Waiting};
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, WriteConn};

statements! { "inbox":
    RECEIVE("inbox") = "INSERT INTO inbox (source, message_id, raw, trace_id, received_at, state) \
        VALUES ($1, $2, $3, $4, $5, 'received') ON CONFLICT (source, message_id) DO NOTHING";
    FIND("inbox") = "SELECT source, message_id, raw, trace_id, received_at, state FROM inbox \
        WHERE source = $1 AND message_id = $2";
    APPLY("inbox") = "UPDATE inbox SET state = 'applied', applied_at = $3 \
        WHERE source = $1 AND message_id = $2 AND state = 'received'";
    PENDING("inbox") = "SELECT message_id, received_at FROM inbox \
        WHERE source = $1 AND state = 'received' AND received_at < $2 \
        AND (received_at > $3 OR (received_at = $3 AND message_id > $4)) \
        ORDER BY received_at, message_id LIMIT $5";
    PURGE("inbox") = "DELETE FROM inbox WHERE (source, message_id) IN (SELECT source, message_id FROM inbox \
        WHERE state = 'applied' AND applied_at < $1 ORDER BY applied_at LIMIT $2)";
    QUARANTINE("notice_quarantine") = "INSERT INTO notice_quarantine (digest, raw, trace_id, received_at) \
        SELECT $1, $2, $3, CAST($4 AS BIGINT) WHERE (SELECT COUNT(*) FROM notice_quarantine) < $5 ON CONFLICT (digest) DO NOTHING";
    QUARANTINED("notice_quarantine") = "SELECT digest, raw, trace_id, received_at FROM notice_quarantine \
        WHERE digest > $1 ORDER BY digest LIMIT $2";
    LEAVE_QUARANTINE("notice_quarantine") = "DELETE FROM notice_quarantine WHERE digest = $1";
    PURGE_QUARANTINE("notice_quarantine") = "DELETE FROM notice_quarantine WHERE received_at < $1";
}

const RAW: Field = Field::new("inbox", "raw");
const UNVERIFIED: Field = Field::new("notice_quarantine", "raw");

/// Which row a sealed message belongs to; the length keeps two pairs from reading the same.
fn row_of(source: &str, message_id: &str) -> String {
    format!("{}:{source}:{message_id}", source.len())
}

#[async_trait]
impl<C: WriteConn> InboxStore for Sql<C> {
    async fn receive(&mut self, message: &Message) -> Result<bool, StoreError> {
        let row = row_of(&message.source, &message.message_id);
        let raw = self.seal_service(RAW, &row, &message.raw)?;
        let args = args![
            &message.source,
            &message.message_id,
            raw,
            &message.trace_id,
            message.received_at,
        ];
        self.changed(&RECEIVE, args).await
    }

    async fn find(
        &mut self,
        source: &str,
        message_id: &str,
    ) -> Result<Option<Message>, StoreError> {
        self.one(&FIND, args![source, message_id])
            .await?
            .map(|row| self.message(&row))
            .transpose()
    }

    async fn mark_applied(
        &mut self,
        source: &str,
        message_id: &str,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.changed(&APPLY, args![source, message_id, now]).await
    }

    async fn pending(
        &mut self,
        source: &str,
        before: Time,
        after: Option<&Waiting>,
        limit: i64,
    ) -> Result<Vec<Waiting>, StoreError> {
        let (since, seen) = after.map_or((Time::from_micros(0), ""), |last| {
            (last.received_at, last.message_id.as_str())
        });
        let args = args![source, before, since, seen, limit];
        let rows = self.rows(&PENDING, args).await?;
        let waiting = rows.iter().map(|row| {
            Ok(Waiting {
                received_at: row.time("received_at")?,
                message_id: row.text("message_id")?,
            })
        });
        waiting.collect()
    }

    async fn purge(&mut self, before: Time, limit: i64) -> Result<i64, StoreError> {
        let gone = self.touched(&PURGE, args![before, limit]).await?;
        Ok(i64::try_from(gone).unwrap_or(i64::MAX))
    }

    async fn quarantine(&mut self, message: &Unverified, max: i64) -> Result<bool, StoreError> {
        let raw = self.seal_service(UNVERIFIED, &message.digest, &message.raw)?;
        let (digest, trace_id) = (&message.digest, &message.trace_id);
        let args = args![digest, raw, trace_id, message.received_at, max];
        self.changed(&QUARANTINE, args).await
    }

    async fn quarantined(
        &mut self,
        after: &str,
        limit: i64,
    ) -> Result<Vec<Unverified>, StoreError> {
        let rows = self.rows(&QUARANTINED, args![after, limit]).await?;
        rows.iter().map(|row| self.unverified(row)).collect()
    }

    async fn leave_quarantine(&mut self, digest: &str) -> Result<bool, StoreError> {
        self.changed(&LEAVE_QUARANTINE, args![digest]).await
    }

    async fn purge_quarantine(&mut self, before: Time) -> Result<i64, StoreError> {
        let gone = self.touched(&PURGE_QUARANTINE, args![before]).await?;
        Ok(i64::try_from(gone).unwrap_or(i64::MAX))
    }
}

impl<C: Conn> Sql<C> {
    fn unverified(&self, row: &Row) -> Result<Unverified, StoreError> {
        let digest = row.text("digest")?;
        Ok(Unverified {
            raw: self.open_service(UNVERIFIED, &digest, &row.text("raw")?)?,
            trace_id: row.text("trace_id")?,
            received_at: row.time("received_at")?,
            digest,
        })
    }

    fn message(&self, row: &Row) -> Result<Message, StoreError> {
        let (source, message_id) = (row.text("source")?, row.text("message_id")?);
        let raw = self.open_service(RAW, &row_of(&source, &message_id), &row.text("raw")?)?;
        Ok(Message {
            source,
            message_id,
            raw,
            trace_id: row.text("trace_id")?,
            received_at: row.time("received_at")?,
            state: row.parsed("state", |text| match text {
                "received" => Some(InboxState::Received),
                "applied" => Some(InboxState::Applied),
                _ => None,
            })?,
        })
    }
}
