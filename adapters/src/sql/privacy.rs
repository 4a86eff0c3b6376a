//! Wishes to be erased, one-use links; erasing and purging over all tables.

use async_trait::async_trait;
use lifeline_core::accounts::secret::Secret;
use lifeline_core::privacy::erasure::{Erasure, ErasureState};
use lifeline_core::privacy::export::{Dossier, Link};
use lifeline_core::privacy::ports::{PrivacyReads, PrivacyStore};
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::personal::TABLES;
use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, WriteConn};

statements! { "privacy":
    COOLING("erasure") = "SELECT erasure_id, account_id, state, asked_at, due_at, next_at, ended_at, version \
        FROM erasure WHERE account_id = $1 AND state = 'cooling'";
    DUE("erasure") = "SELECT erasure_id, account_id, state, asked_at, due_at, next_at, ended_at, version \
        FROM erasure WHERE state = 'cooling' AND next_at <= $1 ORDER BY next_at, erasure_id LIMIT $2";
    DONE("erasure") = "SELECT account_id, ended_at FROM erasure WHERE ended_at >= $1 AND state = 'done' \
        ORDER BY ended_at LIMIT $2";
    ADD("erasure") = "INSERT INTO erasure (erasure_id, account_id, state, asked_at, due_at, next_at, ended_at, version) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    SAVE("erasure") = "UPDATE erasure SET state = $2, next_at = $3, ended_at = $4, version = version + 1 \
        WHERE erasure_id = $1 AND version = $5";
    // A closed order is watched for late money, which goes back by itself and needs nobody's name.
    OPEN_MONEY("payment") = "SELECT COUNT(*) AS n FROM payment p WHERE (p.account_id = $1 \
        OR p.account_id IN (SELECT a.account_id FROM account a WHERE a.merged_into = $1)) \
        AND (p.state NOT IN ('CLOSED', 'DONE') \
        OR EXISTS (SELECT 1 FROM payment_line l WHERE l.payment_id = p.payment_id AND l.state NOT IN ('POSTED', 'REFUNDED')) \
        OR EXISTS (SELECT 1 FROM payment_refund r WHERE r.payment_id = p.payment_id \
            AND r.state NOT IN ('DONE', 'WITHDRAWN')))";
    OPEN_TABLE("generation_account") = "SELECT COUNT(*) AS n FROM generation_account g WHERE (g.account_id = $1 \
        OR g.account_id IN (SELECT a.account_id FROM account a WHERE a.merged_into = $1)) \
        AND g.state IN ('permitted', 'terminating')";
    LINK_ADD("document_link") = "INSERT INTO document_link (ticket_digest, account_id, document, made_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5)";
    LINK_SPEND("document_link") = "UPDATE document_link SET used_at = $3 WHERE ticket_digest = $1 AND document = $2 \
        AND used_at IS NULL AND expires_at > $3 RETURNING account_id";
}

const TICKET: Field = Field::new("document_link", "ticket_digest");
const DAY_S: i64 = 86_400;

#[async_trait]
impl<C: Conn> PrivacyReads for Sql<C> {
    async fn erasure(&mut self, account: &AccountId) -> Result<Option<Erasure>, StoreError> {
        let row = self.one(&COOLING, args![account]).await?;
        row.as_ref().map(erasure).transpose()
    }

    async fn due_erasures(&mut self, now: Time, limit: i64) -> Result<Vec<Erasure>, StoreError> {
        let rows = self.rows(&DUE, args![now, limit]).await?;
        rows.iter().map(erasure).collect()
    }

    async fn erased_since(
        &mut self,
        since: Time,
        limit: i64,
    ) -> Result<Vec<(AccountId, Time)>, StoreError> {
        let rows = self.rows(&DONE, args![since, limit]).await?;
        rows.iter()
            .map(|row| Ok((row.id("account_id")?, row.time("ended_at")?)))
            .collect()
    }

    async fn has_open_money(&mut self, account: &AccountId) -> Result<bool, StoreError> {
        // Whoever sells power is paid for it first: the cooperation ends before the person does.
        Ok(self.count(&OPEN_MONEY, args![account]).await? > 0
            || self.count(&OPEN_TABLE, args![account]).await? > 0)
    }

    fn purged_tables(&mut self) -> Vec<&'static str> {
        let purged = TABLES.iter().filter(|table| table.purge.is_some());
        purged.map(|table| table.name).collect()
    }

    async fn dossier(&mut self, account: &AccountId, now: Time) -> Result<Dossier, StoreError> {
        self.told_of(account, now).await
    }
}

#[async_trait]
impl<C: WriteConn> PrivacyStore for Sql<C> {
    async fn add_erasure(&mut self, erasure: &Erasure) -> Result<(), StoreError> {
        let args = args![
            &erasure.erasure_id,
            &erasure.account_id,
            erasure.state.as_str(),
            erasure.asked_at,
            erasure.due_at,
            erasure.next_at,
            erasure.ended_at,
            erasure.version,
        ];
        self.touched(&ADD, args).await.map(drop)
    }

    async fn save_erasure(&mut self, erasure: &Erasure) -> Result<(), StoreError> {
        let args = args![
            &erasure.erasure_id,
            erasure.state.as_str(),
            erasure.next_at,
            erasure.ended_at,
            erasure.version,
        ];
        if self.changed(&SAVE, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn erase(&mut self, account: &AccountId, now: Time) -> Result<(), StoreError> {
        self.erase_person(account, now).await
    }

    async fn add_link(&mut self, ticket: &Secret, link: &Link) -> Result<(), StoreError> {
        let args = args![
            self.digest(TICKET, ticket.expose())?,
            &link.account_id,
            link.document,
            link.made_at,
            link.expires_at,
        ];
        self.touched(&LINK_ADD, args).await.map(drop)
    }

    async fn spend_link(
        &mut self,
        ticket: &Secret,
        document: &str,
        now: Time,
    ) -> Result<Option<AccountId>, StoreError> {
        let digest = self.digest(TICKET, ticket.expose())?;
        let row = self.one(&LINK_SPEND, args![digest, document, now]).await?;
        row.map(|row| row.id("account_id")).transpose()
    }

    async fn purge(&mut self, table: &str, now: Time, most: u64) -> Result<u64, StoreError> {
        let declared = TABLES.iter().find(|declared| declared.name == table);
        let Some((stmt, days)) = declared.and_then(|declared| declared.purge) else {
            return Ok(0);
        };
        let before = now.plus_seconds(days.saturating_mul(DAY_S).saturating_neg());
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.touched(stmt, args![before, most]).await
    }
}

fn erasure(row: &Row) -> Result<Erasure, StoreError> {
    Ok(Erasure {
        erasure_id: row.text("erasure_id")?,
        account_id: row.id("account_id")?,
        state: row.parsed("state", ErasureState::parse)?,
        asked_at: row.time("asked_at")?,
        due_at: row.time("due_at")?,
        next_at: row.maybe_time("next_at")?,
        ended_at: row.maybe_time("ended_at")?,
        version: row.int("version")?,
    })
}
