//! The outbox: rows to deliver, their leases and their ends. Bodies are sealed, and wiped when the row is done
//! or given up; one about money that is given up keeps its body as long as its row.

use async_trait::async_trait;
use lifeline_core::outbox::ports::OutboxStore;
use lifeline_core::outbox::{Claimed, Event, Lane};
use lifeline_core::shared::ids::EventId;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, Value, WriteConn, overrides};

statements! { "outbox":
    ADD("outbox") = "INSERT INTO outbox (event_id, kind, ordering_key, body, trace_id, money, lane, created_at, \
        available_at, attempts, lease_epoch, state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, 'waiting')";
    CLAIM("outbox") = "UPDATE outbox SET lease_until = $2, lease_epoch = lease_epoch + 1, attempts = attempts + 1 \
        WHERE seq IN ( \
            SELECT o.seq FROM outbox o \
            WHERE o.state = 'waiting' AND o.available_at <= $1 AND (o.lease_until IS NULL OR o.lease_until <= $1) \
              AND NOT EXISTS (SELECT 1 FROM outbox e \
                  WHERE e.ordering_key = o.ordering_key AND e.state = 'waiting' AND e.seq < o.seq) \
            ORDER BY o.lane, o.seq LIMIT $3) \
        RETURNING seq, event_id, kind, ordering_key, body, trace_id, money, lane, created_at, available_at, \
            attempts - 1 AS attempts, lease_epoch", postgres = overrides::OUTBOX_CLAIM;
    DONE("outbox") = "UPDATE outbox SET state = 'done', ended_at = $3, lease_until = NULL, reason = NULL, body = '' \
        WHERE event_id = $1 AND lease_epoch = $2 AND state = 'waiting' AND lease_until IS NOT NULL";
    RETRY("outbox") = "UPDATE outbox SET available_at = $3, lease_until = NULL, reason = $4 \
        WHERE event_id = $1 AND lease_epoch = $2 AND state = 'waiting' AND lease_until IS NOT NULL";
    REST("outbox") = "UPDATE outbox SET attempts = attempts - 1, available_at = $3, lease_until = NULL, reason = $4 \
        WHERE event_id = $1 AND lease_epoch = $2 AND state = 'waiting' AND lease_until IS NOT NULL";
    BURY("outbox") = "UPDATE outbox SET state = 'dead', ended_at = $3, lease_until = NULL, reason = $4, \
            body = CASE WHEN money = 1 THEN body ELSE '' END \
        WHERE event_id = $1 AND lease_epoch = $2 AND state = 'waiting' AND lease_until IS NOT NULL";
    PURGE("outbox") = "DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox \
        WHERE state = 'done' AND ended_at < $1 ORDER BY ended_at LIMIT $2)";
    PURGE_DEAD("outbox") = "DELETE FROM outbox WHERE seq IN (SELECT o.seq FROM outbox o \
        WHERE o.state = 'dead' AND o.ended_at < $1 AND NOT EXISTS (SELECT 1 FROM case_file c \
            WHERE c.cause = 'outbox:' || o.event_id AND c.closed_at IS NULL) \
        ORDER BY o.ended_at LIMIT $2)";
    BACKLOG("outbox") = "SELECT COUNT(*) AS n FROM outbox WHERE state = 'waiting'";
}

const BODY: Field = Field::new("outbox", "body");

#[async_trait]
impl<C: WriteConn> OutboxStore for Sql<C> {
    async fn add(&mut self, event: &Event) -> Result<(), StoreError> {
        let args = self.event_args(event)?;
        self.touched(&ADD, args).await.map(drop)
    }

    async fn add_all(&mut self, events: &[Event]) -> Result<(), StoreError> {
        let rows = events.iter().map(|event| self.event_args(event));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        self.write_many(&ADD, rows).await.map(drop)
    }

    async fn claim(
        &mut self,
        now: Time,
        lease_until: Time,
        limit: i64,
    ) -> Result<Vec<Claimed>, StoreError> {
        let rows = self.rows(&CLAIM, args![now, lease_until, limit]).await?;
        let mut claimed = rows
            .iter()
            .map(|row| Ok((row.int("lane")?, row.int("seq")?, self.claimed(row)?)))
            .collect::<Result<Vec<_>, StoreError>>()?;
        // RETURNING promises no order.
        claimed.sort_by_key(|(lane, seq, _)| (*lane, *seq));
        Ok(claimed.into_iter().map(|(.., claimed)| claimed).collect())
    }

    async fn done(
        &mut self,
        id: &EventId,
        lease_epoch: i64,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.changed(&DONE, args![id, lease_epoch, now]).await
    }

    async fn retry(
        &mut self,
        id: &EventId,
        lease_epoch: i64,
        next_at: Time,
        reason: &str,
    ) -> Result<bool, StoreError> {
        self.changed(&RETRY, args![id, lease_epoch, next_at, reason])
            .await
    }

    async fn rest(
        &mut self,
        id: &EventId,
        lease_epoch: i64,
        next_at: Time,
        reason: &str,
    ) -> Result<bool, StoreError> {
        self.changed(&REST, args![id, lease_epoch, next_at, reason])
            .await
    }

    async fn bury(
        &mut self,
        id: &EventId,
        lease_epoch: i64,
        now: Time,
        reason: &str,
    ) -> Result<bool, StoreError> {
        self.changed(&BURY, args![id, lease_epoch, now, reason])
            .await
    }

    async fn backlog(&mut self) -> Result<i64, StoreError> {
        self.count(&BACKLOG, args![]).await
    }

    async fn purge(&mut self, before: Time, limit: i64) -> Result<i64, StoreError> {
        let done = self.touched(&PURGE, args![before, limit]).await?;
        let done = i64::try_from(done).unwrap_or(i64::MAX);
        let rest = limit.saturating_sub(done);
        if rest <= 0 {
            return Ok(done);
        }
        let dead = self.touched(&PURGE_DEAD, args![before, rest]).await?;
        Ok(done.saturating_add(i64::try_from(dead).unwrap_or(i64::MAX)))
    }
}

impl<C: Conn> Sql<C> {
    fn event_args(&self, event: &Event) -> Result<Vec<Value>, StoreError> {
        let body = self.seal_service(BODY, event.event_id.as_str(), &event.body)?;
        Ok(args![
            &event.event_id,
            &event.kind,
            &event.ordering_key,
            body,
            &event.trace_id,
            event.money,
            event.lane.place(),
            event.created_at,
            event.available_at,
        ])
    }

    fn claimed(&self, row: &Row) -> Result<Claimed, StoreError> {
        let event_id: EventId = row.id("event_id")?;
        // One that does not open keeps no other from being claimed.
        let body = match self.open_service(BODY, event_id.as_str(), &row.text("body")?) {
            Err(StoreError::Corrupt { .. }) => String::new(),
            opened => opened?,
        };
        Ok(Claimed {
            event: Event {
                event_id,
                kind: row.text("kind")?,
                ordering_key: row.text("ordering_key")?,
                body,
                trace_id: row.text("trace_id")?,
                created_at: row.time("created_at")?,
                available_at: row.time("available_at")?,
                money: row.flag("money")?,
                lane: Lane::at(row.int("lane")?).ok_or_else(|| row.corrupt("lane"))?,
            },
            attempts: row.int("attempts")?,
            lease_epoch: row.int("lease_epoch")?,
        })
    }
}
