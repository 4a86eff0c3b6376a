//! Who is shut out, one row per target.

use async_trait::async_trait;
use lifeline_core::bans::ports::{BanReads, BanStore};
use lifeline_core::bans::{Ban, Lifted, Reason, Scope, Target};
use lifeline_core::shared::ids::BanId;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Row, Sql, WriteConn};

statements! { "bans":
    FIND("ban") = "SELECT ban_id, scope, subject, network, reason, rung, began_at, ends_at, lifted_at, lifted_by, \
        lift_reason, version FROM ban WHERE ban_id = $1";
    OF("ban") = "SELECT ban_id, scope, subject, network, reason, rung, began_at, ends_at, lifted_at, lifted_by, \
        lift_reason, version FROM ban WHERE scope = $1 AND subject = $2";
    RUNNING("ban") = "SELECT ban_id, scope, subject, network, reason, rung, began_at, ends_at, lifted_at, lifted_by, \
        lift_reason, version FROM ban WHERE ends_at > $1 AND lifted_at IS NULL \
        ORDER BY began_at DESC, ban_id DESC LIMIT $2";
    LIST("ban") = "SELECT ban_id, scope, subject, network, reason, rung, began_at, ends_at, lifted_at, lifted_by, \
        lift_reason, version FROM ban ORDER BY began_at DESC, ban_id DESC LIMIT $1";
    LIST_BEFORE("ban") = "SELECT ban_id, scope, subject, network, reason, rung, began_at, ends_at, lifted_at, lifted_by, \
        lift_reason, version FROM ban WHERE began_at < $1 OR (began_at = $1 AND ban_id < $2) \
        ORDER BY began_at DESC, ban_id DESC LIMIT $3";
    IN_NETWORK("ban") = "SELECT COUNT(*) AS n FROM ban WHERE network = $1 AND ends_at > $2 AND lifted_at IS NULL \
        AND scope = 'address'";
    ADD("ban") = "INSERT INTO ban (ban_id, scope, subject, network, reason, rung, began_at, ends_at, lifted_at, lifted_by, \
        lift_reason, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
        ON CONFLICT (scope, subject) DO NOTHING";
    SAVE("ban") = "UPDATE ban SET reason = $2, rung = $3, began_at = $4, ends_at = $5, lifted_at = $6, lifted_by = $7, \
        lift_reason = $8, version = version + 1 WHERE ban_id = $1 AND version = $9";
}

fn ban(row: &Row) -> Result<Ban, StoreError> {
    let lifted = match row.maybe_time("lifted_at")? {
        None => None,
        Some(at) => Some(Lifted {
            at,
            by: row.text("lifted_by")?,
            why: row.text("lift_reason")?,
        }),
    };
    Ok(Ban {
        ban_id: row.id("ban_id")?,
        target: Target {
            scope: row.parsed("scope", Scope::parse)?,
            subject: row.text("subject")?,
            network: row.text("network")?,
        },
        reason: row.parsed("reason", Reason::parse)?,
        rung: row.int("rung")?,
        began_at: row.time("began_at")?,
        ends_at: row.time("ends_at")?,
        lifted,
        version: row.int("version")?,
    })
}

#[async_trait]
impl<C: Conn> BanReads for Sql<C> {
    async fn find(&mut self, id: &BanId) -> Result<Option<Ban>, StoreError> {
        let row = self.one(&FIND, args![id]).await?;
        row.as_ref().map(ban).transpose()
    }

    async fn running(&mut self, now: Time, limit: i64) -> Result<Vec<Ban>, StoreError> {
        let rows = self.rows(&RUNNING, args![now, limit]).await?;
        rows.iter().map(ban).collect()
    }

    async fn list(&mut self, before: Option<&Ban>, limit: i64) -> Result<Vec<Ban>, StoreError> {
        let rows = match before {
            None => self.rows(&LIST, args![limit]).await?,
            Some(seen) => {
                let args = args![seen.began_at, &seen.ban_id, limit];
                self.rows(&LIST_BEFORE, args).await?
            }
        };
        rows.iter().map(ban).collect()
    }
}

#[async_trait]
impl<C: WriteConn> BanStore for Sql<C> {
    async fn of(&mut self, scope: Scope, subject: &str) -> Result<Option<Ban>, StoreError> {
        let row = self.one(&OF, args![scope.as_str(), subject]).await?;
        row.as_ref().map(ban).transpose()
    }

    async fn count_in(&mut self, network: &str, now: Time) -> Result<i64, StoreError> {
        self.count(&IN_NETWORK, args![network, now]).await
    }

    async fn add(&mut self, ban: &Ban) -> Result<bool, StoreError> {
        let lifted = ban.lifted.as_ref();
        let args = args![
            &ban.ban_id,
            ban.target.scope.as_str(),
            &ban.target.subject,
            &ban.target.network,
            ban.reason.as_str(),
            ban.rung,
            ban.began_at,
            ban.ends_at,
            lifted.map(|lifted| lifted.at),
            lifted.map(|lifted| lifted.by.clone()),
            lifted.map(|lifted| lifted.why.clone()),
            ban.version,
        ];
        self.changed(&ADD, args).await
    }

    async fn save(&mut self, ban: &Ban) -> Result<(), StoreError> {
        let lifted = ban.lifted.as_ref();
        let args = args![
            &ban.ban_id,
            ban.reason.as_str(),
            ban.rung,
            ban.began_at,
            ban.ends_at,
            lifted.map(|lifted| lifted.at),
            lifted.map(|lifted| lifted.by.clone()),
            lifted.map(|lifted| lifted.why.clone()),
            ban.version,
        ];
        if self.changed(&SAVE, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }
}
