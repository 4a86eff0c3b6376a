//! Who did what: append-only lines, and the chain that links them.

use async_trait::async_trait;
use lifeline_core::audit::chain::Link;
use lifeline_core::audit::ports::{AuditLog, AuditReads};
use lifeline_core::audit::{Line, Wanted};
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Row, Sql, WriteConn};

/// Whether a line is the filing of a report that was made without a name: staff are not told whose, nor from where.
macro_rules! nameless {
    () => {
        "(audit_line.act = 'requests.file' AND EXISTS (SELECT 1 FROM service_request q \
            WHERE q.request_id = audit_line.subject AND q.anonymous = 1))"
    };
}

statements! { "audit":
    ADD("audit_line") = "INSERT INTO audit_line (audit_id, at, actor, act, subject, outcome, source, trace_id) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    ABOUT("audit_line") = "SELECT audit_id, at, actor, act, subject, outcome, source, trace_id FROM audit_line \
        WHERE subject = $1 ORDER BY at DESC, audit_id DESC LIMIT $2";
    // A trigger of the schema queues each line as it is added.
    UNLINKED("audit_line") = "SELECT l.audit_id, l.at, l.actor, l.act, l.subject, l.outcome, l.source, l.trace_id \
        FROM audit_queue q JOIN audit_line l ON l.audit_id = q.audit_id ORDER BY q.seq LIMIT $1";
    LAST_LINK("audit_link") = "SELECT place, audit_id AS link_id, at AS link_at, digest, head FROM audit_link \
        ORDER BY place DESC LIMIT 1";
    ADD_LINK("audit_link") = "INSERT INTO audit_link (place, audit_id, at, digest, head) VALUES ($1, $2, $3, $4, $5)";
    UNQUEUE("audit_queue") = "DELETE FROM audit_queue WHERE audit_id = $1";
    LINKS_AFTER("audit_link") = "SELECT k.place, k.audit_id AS link_id, k.at AS link_at, k.digest, k.head, \
        l.audit_id, l.at, l.actor, l.act, l.subject, l.outcome, l.source, l.trace_id \
        FROM audit_link k LEFT JOIN audit_line l ON l.audit_id = k.audit_id WHERE k.place > $1 ORDER BY k.place LIMIT $2";
    LINES("audit_line") = concat!("SELECT audit_id, at, CASE WHEN ", nameless!(), " THEN 'anonymous' ELSE actor END AS actor, \
        act, subject, outcome, CASE WHEN ", nameless!(), " THEN '' ELSE source END AS source, trace_id FROM audit_line \
        WHERE at >= $1 AND (at < $2 OR (at = $2 AND audit_id < $3)) \
        AND (CAST($4 AS TEXT) = '' OR (actor = $4 AND NOT ", nameless!(), ")) \
        AND SUBSTR(act, 1, LENGTH(CAST($5 AS TEXT))) = $5 AND (CAST($6 AS TEXT) = '' OR subject = $6) \
        AND (CAST($7 AS TEXT) = '' OR outcome = $7) ORDER BY at DESC, audit_id DESC LIMIT $8");
    // The words of the index, which is for this alone: `audit_line_weighty`.
    WEIGHTY("audit_line") = "SELECT audit_id, at, actor, act, subject, outcome, source, trace_id FROM audit_line \
        WHERE act IN ('bans.lift', 'jobs.run_now', 'limits.clear', 'operators.add', 'operators.change', 'operators.confirm', \
        'operators.end', 'operators.reset') \
        AND at >= $1 ORDER BY at DESC, audit_id DESC LIMIT $2";
    LOST("audit_queue") = "SELECT COUNT(*) AS n FROM audit_queue q \
        WHERE NOT EXISTS (SELECT 1 FROM audit_line l WHERE l.audit_id = q.audit_id)";
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

fn link(row: &Row) -> Result<Link, StoreError> {
    Ok(Link {
        place: row.int("place")?,
        audit_id: row.text("link_id")?,
        at: row.time("link_at")?,
        digest: row.text("digest")?,
        head: row.text("head")?,
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

    async fn unlinked(&mut self, limit: i64) -> Result<Vec<Line>, StoreError> {
        self.rows(&UNLINKED, args![limit])
            .await?
            .iter()
            .map(line)
            .collect()
    }

    async fn last_link(&mut self) -> Result<Option<Link>, StoreError> {
        self.one(&LAST_LINK, args![])
            .await?
            .as_ref()
            .map(link)
            .transpose()
    }

    async fn link(&mut self, links: &[Link]) -> Result<(), StoreError> {
        let row = |link: &Link| {
            args![
                link.place,
                &link.audit_id,
                link.at,
                &link.digest,
                &link.head
            ]
        };
        self.write_many(&ADD_LINK, links.iter().map(row).collect())
            .await?;
        let queued = |link: &Link| args![&link.audit_id];
        self.write_many(&UNQUEUE, links.iter().map(queued).collect())
            .await
            .map(drop)
    }
}

#[async_trait]
impl<C: Conn> AuditReads for Sql<C> {
    async fn links_after(
        &mut self,
        place: i64,
        limit: i64,
    ) -> Result<Vec<(Link, Option<Line>)>, StoreError> {
        let both = |row: &Row| {
            let there = row.maybe_text("audit_id")?.is_some();
            let line = there.then(|| line(row)).transpose()?;
            Ok::<_, StoreError>((link(row)?, line))
        };
        self.rows(&LINKS_AFTER, args![place, limit])
            .await?
            .iter()
            .map(both)
            .collect()
    }

    async fn newest_link(&mut self) -> Result<Option<Link>, StoreError> {
        self.one(&LAST_LINK, args![])
            .await?
            .as_ref()
            .map(link)
            .transpose()
    }

    async fn lines(&mut self, wanted: &Wanted, limit: i64) -> Result<Vec<Line>, StoreError> {
        let behind = wanted.behind.as_ref();
        let (to, id) = behind.map_or((wanted.to, ""), |(at, id)| (*at, id.as_str()));
        let args = args![
            wanted.from,
            to,
            id,
            &wanted.actor,
            &wanted.act,
            &wanted.subject,
            &wanted.outcome,
            limit,
        ];
        self.rows(&LINES, args).await?.iter().map(line).collect()
    }

    async fn weighty(&mut self, since: Time, limit: i64) -> Result<Vec<Line>, StoreError> {
        let rows = self.rows(&WEIGHTY, args![since, limit]).await?;
        rows.iter().map(line).collect()
    }

    async fn lost(&mut self) -> Result<i64, StoreError> {
        self.count(&LOST, args![]).await
    }
}
