//! Sharing of homes: invitations and what came of them. An invitation is found by the digest of its
//! one-use token.

use async_trait::async_trait;
use lifeline_core::accounts::secret::Secret;
use lifeline_core::bindings::binding::Linked;
use lifeline_core::bindings::grant::{Grant, GrantState, Scope};
use lifeline_core::bindings::ports::{GrantReads, GrantStore};
use lifeline_core::shared::ids::{AccountId, BindingId, GrantId};
use lifeline_core::shared::page::Page;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::bindings::linked;
use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, WriteConn};

/// A grant with the account it rests on, and which of them.
macro_rules! grants {
    ($which:literal) => {
        concat!(
            "SELECT g.grant_id, b.account_id AS holder, g.holder_binding_id, g.role, g.holder_version, g.state, ",
            "g.open_until, g.ends_at, g.accepted_by, g.created_at, g.accepted_at, g.version ",
            "FROM binding_grant g JOIN binding b ON b.binding_id = g.holder_binding_id WHERE ",
            $which
        )
    };
}

statements! { "grants":
    BY_TOKEN("binding_grant") = grants!("g.token_digest = $1");
    BY_ID("binding_grant") = grants!("g.grant_id = $1 AND g.home_index IN ($2, $3)");
    GRANTED_BY("binding_grant") = grants!("g.holder_binding_id = $1 AND g.ended_at IS NULL ORDER BY g.grant_id");
    INVITATIONS("binding_grant") = grants!("g.home_index IN ($1, $2) AND g.ended_at IS NULL AND g.state = 'open' \
        AND g.open_until > $3 AND g.ends_at > $3 ORDER BY g.grant_id");
    COUNT("binding_grant") = "SELECT COUNT(*) AS n FROM binding_grant WHERE home_index IN ($1, $2) \
        AND ended_at IS NULL AND ends_at > $3 AND (state = 'accepted' OR open_until > $3)";
    ADD("binding_grant") = "INSERT INTO binding_grant (grant_id, home_index, holder_binding_id, role, holder_version, \
        state, token_digest, open_until, ends_at, created_at, version) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    SAVE("binding_grant") = "UPDATE binding_grant SET state = $2, accepted_by = $3, accepted_at = $4, ended_at = $5, \
        version = version + 1 WHERE grant_id = $1 AND version = $6";
    END_OUTDATED("binding_grant") = "UPDATE binding_grant SET state = 'ended', ended_at = $4, version = version + 1 \
        WHERE home_index IN ($1, $2) AND ended_at IS NULL AND holder_version < $3";
    END_UNACCEPTED("binding_grant") = "UPDATE binding_grant SET state = 'ended', ended_at = $1, version = version + 1 \
        WHERE state = 'open' AND (open_until <= $1 OR ends_at <= $1)";
    LINK_WITH("binding") = linked!("b.grant_id = $1");
    OTHERS("binding") = linked!("b.home_index IN ($1, $2) AND b.account_id <> $3 AND b.binding_id > $4 \
        AND (b.shown = 1 OR g.ends_at > $5) ORDER BY b.binding_id LIMIT $6");
    OVER("binding") = linked!("b.grant_id IS NOT NULL AND g.ends_at <= $1 ORDER BY g.ends_at, b.binding_id LIMIT $2");
    ANY_LINK("binding") = linked!("b.binding_id = $1");
    TAKE_UNLOOKED("binding_home") = "UPDATE binding_home SET swept_at = $2 WHERE home_index IN (SELECT h.home_index \
        FROM binding_home h WHERE h.swept_at <= $1 ORDER BY h.swept_at LIMIT $3) \
        RETURNING (SELECT MIN(o.binding_id) FROM binding o WHERE o.home_index = binding_home.home_index \
        AND o.ended_at IS NULL AND (o.role <> 'payer_only' OR o.grant_id IS NOT NULL)) AS binding_id";
}

const TOKEN: Field = Field::new("binding_grant", "token_digest");

#[async_trait]
impl<C: Conn> GrantReads for Sql<C> {
    async fn invitation(&mut self, token: &Secret) -> Result<Option<Grant>, StoreError> {
        let digest = self.digest(TOKEN, token.expose())?;
        let row = self.one(&BY_TOKEN, args![digest]).await?;
        row.as_ref().map(grant).transpose()
    }

    async fn link_with(&mut self, id: &GrantId) -> Result<Option<Linked>, StoreError> {
        let row = self.one(&LINK_WITH, args![id]).await?;
        self.maybe_linked(row).await
    }

    async fn invitations(
        &mut self,
        consumer_no: &ConsumerNo,
        now: Time,
    ) -> Result<Vec<Grant>, StoreError> {
        let [index, other] = self.homes(consumer_no)?;
        let rows = self.rows(&INVITATIONS, args![index, other, now]).await?;
        rows.iter().map(grant).collect()
    }

    async fn others(
        &mut self,
        account: &AccountId,
        consumer_no: &ConsumerNo,
        page: &Page,
        now: Time,
    ) -> Result<Vec<Linked>, StoreError> {
        let [index, other] = self.homes(consumer_no)?;
        let args = args![
            index,
            other,
            account,
            page.after().unwrap_or_default(),
            now,
            page.limit().saturating_add(1),
        ];
        let rows = self.rows(&OTHERS, args).await?;
        self.all_linked(rows).await
    }

    async fn over(&mut self, now: Time, most: i64) -> Result<Vec<Linked>, StoreError> {
        let rows = self.rows(&OVER, args![now, most]).await?;
        self.all_linked(rows).await
    }

    async fn any_link(&mut self, id: &BindingId) -> Result<Option<Linked>, StoreError> {
        let row = self.one(&ANY_LINK, args![id]).await?;
        self.maybe_linked(row).await
    }
}

#[async_trait]
impl<C: WriteConn> GrantStore for Sql<C> {
    async fn take_unlooked(
        &mut self,
        before: Time,
        now: Time,
        most: i64,
    ) -> Result<Vec<Option<BindingId>>, StoreError> {
        let rows = self.rows(&TAKE_UNLOOKED, args![before, now, most]).await?;
        rows.iter().map(|row| row.maybe_id("binding_id")).collect()
    }

    async fn count_grants(
        &mut self,
        consumer_no: &ConsumerNo,
        now: Time,
    ) -> Result<i64, StoreError> {
        let [index, other] = self.homes(consumer_no)?;
        self.count(&COUNT, args![index, other, now]).await
    }

    async fn add_grant(
        &mut self,
        consumer_no: &ConsumerNo,
        grant: &Grant,
        token: &Secret,
    ) -> Result<(), StoreError> {
        let args = args![
            &grant.grant_id,
            self.home_index(consumer_no).await?,
            &grant.holder_binding,
            grant.scope.as_str(),
            grant.holder_version,
            grant.state.as_str(),
            self.digest(TOKEN, token.expose())?,
            grant.open_until,
            grant.ends_at,
            grant.created_at,
            grant.version,
        ];
        self.touched(&ADD, args).await.map(drop)
    }

    async fn save_grant(&mut self, grant: &Grant, now: Time) -> Result<(), StoreError> {
        let args = args![
            &grant.grant_id,
            grant.state.as_str(),
            grant.accepted_by.as_ref().map(ToString::to_string),
            grant.accepted_at,
            (grant.state == GrantState::Ended).then_some(now),
            grant.version,
        ];
        if self.changed(&SAVE, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn grant(
        &mut self,
        consumer_no: &ConsumerNo,
        id: &GrantId,
    ) -> Result<Option<Grant>, StoreError> {
        let [index, other] = self.homes(consumer_no)?;
        let row = self.one(&BY_ID, args![id, index, other]).await?;
        row.as_ref().map(grant).transpose()
    }

    async fn granted_by(&mut self, link: &BindingId) -> Result<Vec<Grant>, StoreError> {
        let rows = self.rows(&GRANTED_BY, args![link]).await?;
        rows.iter().map(grant).collect()
    }

    async fn end_outdated(
        &mut self,
        consumer_no: &ConsumerNo,
        holder_version: i64,
        now: Time,
    ) -> Result<u64, StoreError> {
        let [index, other] = self.homes(consumer_no)?;
        self.touched(&END_OUTDATED, args![index, other, holder_version, now])
            .await
    }

    async fn end_unaccepted(&mut self, now: Time) -> Result<u64, StoreError> {
        self.touched(&END_UNACCEPTED, args![now]).await
    }
}

fn grant(row: &Row) -> Result<Grant, StoreError> {
    Ok(Grant {
        grant_id: row.id("grant_id")?,
        holder: row.id("holder")?,
        holder_binding: row.id("holder_binding_id")?,
        scope: row.parsed("role", Scope::parse)?,
        holder_version: row.int("holder_version")?,
        state: row.parsed("state", GrantState::parse)?,
        open_until: row.time("open_until")?,
        ends_at: row.time("ends_at")?,
        accepted_by: row.maybe_id("accepted_by")?,
        created_at: row.time("created_at")?,
        accepted_at: row.maybe_time("accepted_at")?,
        version: row.int("version")?,
    })
}
