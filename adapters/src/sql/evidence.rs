//! Evidence entries: immutable rows, their salts beside them, a queue of those without a place in a log.

use async_trait::async_trait;
use lifeline_core::evidence::Entry;
use lifeline_core::evidence::ports::EvidenceLog;
use lifeline_core::shared::ids::EvidenceId;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Row, Sql, WriteConn};

statements! { "evidence":
    ADD("evidence_entry") = "INSERT INTO evidence_entry (entry_id, kind, body, recorded_at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (entry_id) DO NOTHING";
    ADD_SALT("evidence_salt") = "INSERT INTO evidence_salt (entry_id, salt, account_id) VALUES ($1, $2, $3)";
    ENQUEUE("evidence_queue") = "INSERT INTO evidence_queue (entry_id) VALUES ($1)";
    FIND("evidence_entry") = "SELECT e.entry_id, e.kind, e.body, e.recorded_at, COALESCE(s.salt, '') AS salt \
        FROM evidence_entry e LEFT JOIN evidence_salt s ON s.entry_id = e.entry_id WHERE e.entry_id = $1";
    UNSEQUENCED("evidence_entry") = "SELECT e.entry_id, e.kind, e.body, e.recorded_at, COALESCE(s.salt, '') AS salt \
        FROM evidence_queue q JOIN evidence_entry e ON e.entry_id = q.entry_id \
        LEFT JOIN evidence_salt s ON s.entry_id = e.entry_id ORDER BY q.seq LIMIT $1";
}

fn entry(row: &Row) -> Result<Entry, StoreError> {
    Ok(Entry {
        entry_id: row.id("entry_id")?,
        kind: row.text("kind")?,
        body: row.text("body")?,
        // Empty once the entry's closed facts were erased.
        salt: row.text("salt")?,
        recorded_at: row.time("recorded_at")?,
    })
}

/// Whose closed facts the salt opens: erasing them takes it away.
fn about(entry: &Entry) -> Option<String> {
    let body: serde_json::Value = serde_json::from_str(&entry.body).ok()?;
    body.get("account_id")?.as_str().map(str::to_owned)
}

#[async_trait]
impl<C: WriteConn> EvidenceLog for Sql<C> {
    async fn append(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let id = &entry.entry_id;
        let row = args![id, &entry.kind, &entry.body, entry.recorded_at];
        if self.changed(&ADD, row).await? {
            let salt = args![id, &entry.salt, about(entry)];
            self.touched(&ADD_SALT, salt).await?;
            self.touched(&ENQUEUE, args![id]).await?;
        }
        Ok(())
    }

    async fn append_all(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        let row = |entry: &Entry| {
            let id = &entry.entry_id;
            args![id, &entry.kind, &entry.body, entry.recorded_at]
        };
        let added = self
            .write_many(&ADD, entries.iter().map(row).collect())
            .await?;
        let new = entries.iter().zip(added).filter(|(_, added)| *added > 0);
        let new: Vec<&Entry> = new.map(|(entry, _)| entry).collect();
        let salt = |entry: &&Entry| args![&entry.entry_id, &entry.salt, about(entry)];
        self.write_many(&ADD_SALT, new.iter().map(salt).collect())
            .await?;
        let queue = |entry: &&Entry| args![&entry.entry_id];
        self.write_many(&ENQUEUE, new.iter().map(queue).collect())
            .await
            .map(drop)
    }

    async fn find(&mut self, id: &EvidenceId) -> Result<Option<Entry>, StoreError> {
        self.one(&FIND, args![id])
            .await?
            .as_ref()
            .map(entry)
            .transpose()
    }

    async fn unsequenced(&mut self, limit: i64) -> Result<Vec<Entry>, StoreError> {
        self.rows(&UNSEQUENCED, args![limit])
            .await?
            .iter()
            .map(entry)
            .collect()
    }
}
