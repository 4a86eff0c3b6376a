//! Timed tasks: when they run next, and who runs them now; and the processes there are.

use async_trait::async_trait;
use lifeline_core::jobs::Job;
use lifeline_core::jobs::nodes::Node;
use lifeline_core::jobs::ports::{JobReads, JobStore};
use lifeline_core::shared::ids::EvidenceId;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Row, Sql, WriteConn};

statements! { "jobs":
    LIST("job") = "SELECT name, every_s, next_at, last_at, last_outcome, last_evidence, lease_epoch FROM job ORDER BY name";
    ENSURE("job") = "INSERT INTO job (name, every_s, next_at, lease_epoch) VALUES ($1, $2, $3, 0) \
        ON CONFLICT (name) DO UPDATE SET every_s = excluded.every_s WHERE job.every_s <> excluded.every_s";
    CLAIM("job") = "UPDATE job SET lease_until = $3, lease_epoch = lease_epoch + 1 \
        WHERE name = $1 AND next_at <= $2 AND (lease_until IS NULL OR lease_until <= $2) \
        RETURNING name, every_s, next_at, last_at, last_outcome, last_evidence, lease_epoch";
    RENEW("job") = "UPDATE job SET lease_until = $3 WHERE name = $1 AND lease_epoch = $2 AND lease_until IS NOT NULL";
    HASTEN("job") = "UPDATE job SET next_at = CASE WHEN next_at > $2 THEN $2 ELSE next_at END WHERE name = $1";
    FINISH("job") = "UPDATE job SET lease_until = NULL, last_at = $3, next_at = $4, last_outcome = $5 \
        WHERE name = $1 AND lease_epoch = $2 AND lease_until IS NOT NULL";
    PROVE("job") = "UPDATE job SET last_evidence = $2 WHERE name = $1";
    NODES("node") = "SELECT run, name, version, began_at, seen_at, left_at FROM node ORDER BY seen_at DESC, run LIMIT $1";
    NOTE_NODE("node") = "INSERT INTO node (run, name, version, began_at, seen_at) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (run) DO UPDATE SET seen_at = excluded.seen_at WHERE node.left_at IS NULL";
    END_NODE("node") = "UPDATE node SET seen_at = $2, left_at = $2 WHERE run = $1 AND left_at IS NULL";
    FORGET_NODES("node") = "DELETE FROM node WHERE run IN (SELECT run FROM node WHERE seen_at < $1 ORDER BY seen_at LIMIT $2)";
}

fn job(row: &Row) -> Result<Job, StoreError> {
    Ok(Job {
        name: row.text("name")?,
        every_s: row.int("every_s")?,
        next_at: row.time("next_at")?,
        last_at: row.maybe_time("last_at")?,
        last_outcome: row.maybe_text("last_outcome")?,
        last_evidence: row.maybe_id("last_evidence")?,
        lease_epoch: row.int("lease_epoch")?,
    })
}

fn node(row: &Row) -> Result<Node, StoreError> {
    Ok(Node {
        run: row.text("run")?,
        name: row.text("name")?,
        version: row.text("version")?,
        began_at: row.time("began_at")?,
        seen_at: row.time("seen_at")?,
        left_at: row.maybe_time("left_at")?,
    })
}

#[async_trait]
impl<C: Conn> JobReads for Sql<C> {
    async fn list(&mut self) -> Result<Vec<Job>, StoreError> {
        self.rows(&LIST, args![]).await?.iter().map(job).collect()
    }

    async fn nodes(&mut self, limit: i64) -> Result<Vec<Node>, StoreError> {
        let rows = self.rows(&NODES, args![limit]).await?;
        rows.iter().map(node).collect()
    }
}

#[async_trait]
impl<C: WriteConn> JobStore for Sql<C> {
    async fn ensure(&mut self, name: &str, every_s: i64, next_at: Time) -> Result<(), StoreError> {
        self.touched(&ENSURE, args![name, every_s, next_at])
            .await
            .map(drop)
    }

    async fn claim(
        &mut self,
        name: &str,
        now: Time,
        lease_until: Time,
    ) -> Result<Option<Job>, StoreError> {
        self.one(&CLAIM, args![name, now, lease_until])
            .await?
            .as_ref()
            .map(job)
            .transpose()
    }

    async fn renew(
        &mut self,
        name: &str,
        lease_epoch: i64,
        lease_until: Time,
    ) -> Result<bool, StoreError> {
        self.changed(&RENEW, args![name, lease_epoch, lease_until])
            .await
    }

    async fn hasten(&mut self, name: &str, now: Time) -> Result<bool, StoreError> {
        self.changed(&HASTEN, args![name, now]).await
    }

    async fn finish(
        &mut self,
        name: &str,
        lease_epoch: i64,
        now: Time,
        next_at: Time,
        outcome: &str,
    ) -> Result<bool, StoreError> {
        self.changed(&FINISH, args![name, lease_epoch, now, next_at, outcome])
            .await
    }

    async fn prove(&mut self, name: &str, evidence: &EvidenceId) -> Result<(), StoreError> {
        self.touched(&PROVE, args![name, evidence]).await.map(drop)
    }

    async fn note_node(&mut self, node: &Node) -> Result<(), StoreError> {
        let (run, name, version) = (&node.run, &node.name, &node.version);
        let args = args![run, name, version, node.began_at, node.seen_at];
        self.touched(&NOTE_NODE, args).await.map(drop)
    }

    async fn end_node(&mut self, run: &str, now: Time) -> Result<(), StoreError> {
        self.touched(&END_NODE, args![run, now]).await.map(drop)
    }

    async fn forget_nodes(&mut self, before: Time, limit: i64) -> Result<i64, StoreError> {
        let gone = self.touched(&FORGET_NODES, args![before, limit]).await?;
        Ok(i64::try_from(gone).unwrap_or(i64::MAX))
    }
}
