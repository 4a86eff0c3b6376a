//! Keyed requests and their sealed answers.

use async_trait::async_trait;
use lifeline_core::idempotency::ports::{IdempotencyReads, IdempotencyStore};
use lifeline_core::idempotency::{Answer, Key, Progress, Record};
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, WriteConn};

statements! { "idempotency":
    FIND("idempotency") = "SELECT fingerprint, field_digests, state, step, lease_until, lease_epoch, \
        answer_status, answer_body, created_at FROM idempotency WHERE scope = $1 AND client_key = $2";
    START("idempotency") = "INSERT INTO idempotency (scope, client_key, fingerprint, field_digests, state, step, \
        lease_until, lease_epoch, created_at) VALUES ($1, $2, $3, $4, 'started', $5, $6, 1, $7)";
    TAKE_OVER("idempotency") = "UPDATE idempotency SET lease_epoch = lease_epoch + 1, lease_until = $4 \
        WHERE scope = $1 AND client_key = $2 AND state = 'started' AND lease_until <= $3 RETURNING lease_epoch AS n";
    ADVANCE("idempotency") = "UPDATE idempotency SET step = $4, lease_until = $5 \
        WHERE scope = $1 AND client_key = $2 AND lease_epoch = $3 AND state = 'started'";
    FINISH("idempotency") = "UPDATE idempotency SET state = 'done', step = NULL, lease_until = NULL, \
        answer_status = $4, answer_body = $5, done_at = $6 \
        WHERE scope = $1 AND client_key = $2 AND lease_epoch = $3 AND state = 'started'";
    PURGE("idempotency") = "DELETE FROM idempotency WHERE (scope, client_key) IN ( \
        SELECT scope, client_key FROM idempotency WHERE state = 'done' AND created_at < $1 ORDER BY created_at LIMIT $2)";
    ABANDON("idempotency") = "DELETE FROM idempotency \
        WHERE scope = $1 AND client_key = $2 AND lease_epoch = $3 AND state = 'started'";
}

const ANSWER: Field = Field::new("idempotency", "answer_body");

/// Which row a sealed answer belongs to; the length keeps two pairs from reading the same.
fn row_of(key: &Key) -> String {
    format!("{}:{}:{}", key.scope.len(), key.scope, key.key)
}

#[async_trait]
impl<C: Conn> IdempotencyReads for Sql<C> {
    async fn find(&mut self, key: &Key) -> Result<Option<Record>, StoreError> {
        self.one(&FIND, args![&key.scope, &key.key])
            .await?
            .map(|row| self.record(key, &row))
            .transpose()
    }
}

#[async_trait]
impl<C: WriteConn> IdempotencyStore for Sql<C> {
    async fn start(&mut self, record: &Record) -> Result<(), StoreError> {
        let Progress::Started { step, lease_until } = &record.progress else {
            return Err(StoreError::Refused("a keyed request begins STARTED".into()));
        };
        let args = args![
            &record.key.scope,
            &record.key.key,
            &record.fingerprint,
            &record.field_digests,
            step,
            *lease_until,
            record.created_at,
        ];
        self.touched(&START, args).await.map(drop)
    }

    async fn take_over(
        &mut self,
        key: &Key,
        now: Time,
        lease_until: Time,
    ) -> Result<Option<i64>, StoreError> {
        let args = args![&key.scope, &key.key, now, lease_until];
        self.one(&TAKE_OVER, args)
            .await?
            .map(|row| row.int("n"))
            .transpose()
    }

    async fn advance(
        &mut self,
        key: &Key,
        lease_epoch: i64,
        step: &str,
        lease_until: Time,
    ) -> Result<bool, StoreError> {
        let args = args![&key.scope, &key.key, lease_epoch, step, lease_until];
        self.changed(&ADVANCE, args).await
    }

    async fn finish(
        &mut self,
        key: &Key,
        lease_epoch: i64,
        answer: &Answer,
        now: Time,
    ) -> Result<bool, StoreError> {
        let body = self.seal_service(ANSWER, &row_of(key), &answer.body)?;
        let args = args![
            &key.scope,
            &key.key,
            lease_epoch,
            i64::from(answer.status),
            body,
            now,
        ];
        self.changed(&FINISH, args).await
    }

    async fn abandon(&mut self, key: &Key, lease_epoch: i64) -> Result<bool, StoreError> {
        self.changed(&ABANDON, args![&key.scope, &key.key, lease_epoch])
            .await
    }

    async fn purge(&mut self, before: Time, limit: i64) -> Result<i64, StoreError> {
        let gone = self.touched(&PURGE, args![before, limit]).await?;
        Ok(i64::try_from(gone).unwrap_or(i64::MAX))
    }
}

impl<C: Conn> Sql<C> {
    fn record(&self, key: &Key, row: &Row) -> Result<Record, StoreError> {
        let progress = match row.text("state")?.as_str() {
            "started" => Progress::Started {
                step: row.text("step")?,
                lease_until: row.time("lease_until")?,
            },
            "done" => Progress::Done(Answer {
                status: u16::try_from(row.int("answer_status")?)
                    .map_err(|_| row.corrupt("answer_status"))?,
                body: self.open_service(ANSWER, &row_of(key), &row.text("answer_body")?)?,
            }),
            _ => return Err(row.corrupt("state")),
        };
        Ok(Record {
            key: key.clone(),
            fingerprint: row.text("fingerprint")?,
            field_digests: row.text("field_digests")?,
            progress,
            lease_epoch: row.int("lease_epoch")?,
            created_at: row.time("created_at")?,
        })
    }
}
