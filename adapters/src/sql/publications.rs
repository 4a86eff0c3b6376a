//! Public information. Nothing here is about a person: staff appear as the ids of the audit.

use async_trait::async_trait;
use lifeline_core::publications::content::Content;
use lifeline_core::publications::edition::{Edition, Publication, State, Window};
use lifeline_core::publications::kind::Kind;
use lifeline_core::publications::ports::{Picture, PublicationReads, PublicationStore, Wanted};
use lifeline_core::publications::reading::{Listed, sort_key};
use lifeline_core::publications::search::ASKED_MAX;
use lifeline_core::shared::ids::{PictureId, PublicationId};
use lifeline_core::shared::page::Page;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::statement::statements;
use super::value::args;
use super::{Conn, Row, Sql, Value, WriteConn};

statements! { "publications":
    SHOWN("publication_edition") = "SELECT p.publication_id, p.kind, e.title, e.summary, e.facts, p.shown_from, p.shown_to \
        FROM publication p JOIN publication_edition e ON e.publication_id = p.publication_id AND e.number = p.live \
        WHERE p.kind = $1 AND p.shown_from <= $2 AND (p.shown_to IS NULL OR p.shown_to > $2) AND p.sort_key < $3 \
        ORDER BY p.sort_key DESC LIMIT $4";
    FOUND("publication_edition") = "SELECT p.publication_id, p.kind, e.title, e.summary, e.facts, p.shown_from, p.shown_to \
        FROM publication p JOIN publication_edition e ON e.publication_id = p.publication_id AND e.number = p.live \
        WHERE p.publication_id IN (SELECT publication_id FROM publication_term \
        WHERE term IN ($5, $6, $7, $8, $9, $10, $11, $12) GROUP BY publication_id HAVING COUNT(*) = $13) \
        AND ($1 = '' OR p.kind = $1) AND p.shown_from <= $2 AND (p.shown_to IS NULL OR p.shown_to > $2) AND p.sort_key < $3 \
        ORDER BY p.sort_key DESC LIMIT $4";
    ALL_SHOWN("publication_edition") = "SELECT p.publication_id, p.kind, e.title, e.summary, e.facts, p.shown_from, \
        p.shown_to FROM publication p JOIN publication_edition e ON e.publication_id = p.publication_id AND e.number = p.live \
        WHERE p.shown_from <= $1 AND (p.shown_to IS NULL OR p.shown_to > $1) AND p.sort_key < $2 \
        ORDER BY p.sort_key DESC LIMIT $3";
    OUTAGES("publication_edition") = "SELECT p.publication_id, p.kind, e.title, e.summary, e.facts, p.shown_from, p.shown_to \
        FROM publication p JOIN publication_edition e ON e.publication_id = p.publication_id AND e.number = p.live \
        WHERE p.publication_id IN (SELECT publication_id FROM publication_office \
        WHERE org_no IN ($3, $4, $5, $6, $7, $8, $9, $10, $11)) \
        AND p.shown_from <= $1 AND p.shown_to > $1 ORDER BY p.shown_to, p.publication_id LIMIT $2";
    FIND("publication") = "SELECT publication_id, slug, kind, region, live, newest, shown_from, shown_to, changed_at, version \
        FROM publication WHERE publication_id = $1";
    FIND_BY_SLUG("publication") = "SELECT publication_id, slug, kind, region, live, newest, shown_from, shown_to, changed_at, \
        version FROM publication WHERE slug = $1";
    EDITIONS("publication_edition") = "SELECT publication_id, number, state, title, summary, blocks, facts, shown_from, \
        shown_to, authors, written_at, decided_by, decided_at, reason, version FROM publication_edition \
        WHERE publication_id = $1 ORDER BY number DESC";
    LIVE("publication_edition") = "SELECT e.publication_id, e.number, e.state, e.title, e.summary, e.blocks, e.facts, \
        e.shown_from, e.shown_to, e.authors, e.written_at, e.decided_by, e.decided_at, e.reason, e.version \
        FROM publication_edition e JOIN publication p ON p.publication_id = e.publication_id AND e.number = p.live \
        WHERE p.publication_id = $1 AND p.shown_from <= $2 AND (p.shown_to IS NULL OR p.shown_to > $2)";
    ON_DESK("publication") = "SELECT p.publication_id FROM publication p JOIN publication_edition e \
        ON e.publication_id = p.publication_id AND e.number = p.newest \
        WHERE e.state = $1 AND p.desk_key < $2 ORDER BY p.desk_key DESC LIMIT $3";
    ADD("publication") = "INSERT INTO publication (publication_id, slug, kind, region, live, newest, shown_from, shown_to, \
        sort_key, changed_at, desk_key, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    SAVE("publication") = "UPDATE publication SET live = $2, newest = $3, shown_from = $4, shown_to = $5, sort_key = $6, \
        changed_at = $7, desk_key = $8, version = version + 1 WHERE publication_id = $1 AND version = $9";
    ADD_EDITION("publication_edition") = "INSERT INTO publication_edition (publication_id, number, state, title, summary, \
        blocks, facts, shown_from, shown_to, authors, written_at, decided_by, decided_at, reason, version) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    SAVE_EDITION("publication_edition") = "UPDATE publication_edition SET state = $3, title = $4, summary = $5, blocks = $6, \
        facts = $7, shown_from = $8, shown_to = $9, authors = $10, written_at = $11, decided_by = $12, decided_at = $13, \
        reason = $14, version = version + 1 WHERE publication_id = $1 AND number = $2 AND version = $15";
    FORGET_TERMS("publication_term") = "DELETE FROM publication_term WHERE publication_id = $1";
    FORGET_OFFICES("publication_office") = "DELETE FROM publication_office WHERE publication_id = $1";
    ADD_TERM("publication_term") = "INSERT INTO publication_term (term, publication_id) VALUES ($1, $2) \
        ON CONFLICT (term, publication_id) DO NOTHING";
    ADD_OFFICE("publication_office") = "INSERT INTO publication_office (org_no, publication_id) VALUES ($1, $2) \
        ON CONFLICT (org_no, publication_id) DO NOTHING";
    PICTURE("picture") = "SELECT media_type, width, height, body FROM picture WHERE picture_id = $1";
    ADD_PICTURE("picture") = "INSERT INTO picture (picture_id, media_type, width, height, body, added_by, added_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
}

/// Sorts after every key: where the first page begins.
const BEFORE_THE_NEWEST: &str = "~";
/// Parameters of [`OUTAGES`] for offices.
const OFFICES_MAX: usize = 9;
/// What pictures are served as.
const MEDIA_TYPES: [&str; 2] = ["image/jpeg", "image/png"];

/// `most` parameters of a list; a text that nothing equals stands where there are fewer.
fn padded(list: &[String], most: usize) -> impl Iterator<Item = Value> + '_ {
    let none = std::iter::repeat_with(|| Value::from(""));
    list.iter().map(Value::from).chain(none).take(most)
}

fn json<T: Serialize>(value: &T, column: &'static str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt {
        table: "publication_edition",
        column,
    })
}

fn from_json<T: DeserializeOwned>(row: &Row, column: &'static str) -> Result<T, StoreError> {
    serde_json::from_str(&row.text(column)?).map_err(|_| row.corrupt(column))
}

fn listed(row: &Row) -> Result<Listed, StoreError> {
    Ok(Listed {
        publication_id: row.id("publication_id")?,
        kind: row.parsed("kind", Kind::parse)?,
        title: row.text("title")?,
        summary: row.text("summary")?,
        facts: from_json(row, "facts")?,
        published_at: row.time("shown_from")?,
        shown_to: row.maybe_time("shown_to")?,
    })
}

fn publication(row: &Row) -> Result<Publication, StoreError> {
    let shown = row
        .maybe_time("shown_from")?
        .map(|from| row.maybe_time("shown_to").map(|to| Window { from, to }));
    Ok(Publication {
        publication_id: row.id("publication_id")?,
        slug: row.text("slug")?,
        kind: row.parsed("kind", Kind::parse)?,
        region: row.text("region")?,
        live: row.maybe_int("live")?,
        newest: row.int("newest")?,
        shown: shown.transpose()?,
        changed_at: row.time("changed_at")?,
        version: row.int("version")?,
    })
}

/// What an edition is written with, in the order of both its statements.
fn edition_args(edition: &Edition) -> Result<Vec<Value>, StoreError> {
    Ok(args![
        &edition.publication_id,
        edition.number,
        edition.state.as_str(),
        &edition.content.title,
        &edition.content.summary,
        json(&edition.content.blocks, "blocks")?,
        json(&edition.content.facts, "facts")?,
        edition.window.from,
        edition.window.to,
        json(&edition.authors, "authors")?,
        edition.written_at,
        edition.decided_by.as_deref(),
        edition.decided_at,
        edition.reason.as_deref(),
        edition.version,
    ])
}

fn edition(row: &Row) -> Result<Edition, StoreError> {
    Ok(Edition {
        publication_id: row.id("publication_id")?,
        number: row.int("number")?,
        state: row.parsed("state", State::parse)?,
        content: Content {
            title: row.text("title")?,
            summary: row.text("summary")?,
            blocks: from_json(row, "blocks")?,
            facts: from_json(row, "facts")?,
        },
        window: Window {
            from: row.time("shown_from")?,
            to: row.maybe_time("shown_to")?,
        },
        authors: from_json(row, "authors")?,
        written_at: row.time("written_at")?,
        decided_by: row.maybe_text("decided_by")?,
        decided_at: row.maybe_time("decided_at")?,
        reason: row.maybe_text("reason")?,
        version: row.int("version")?,
    })
}

#[async_trait]
impl<C: Conn> PublicationReads for Sql<C> {
    async fn shown(&mut self, wanted: &Wanted, page: &Page) -> Result<Vec<Listed>, StoreError> {
        let after = page.after().unwrap_or(BEFORE_THE_NEWEST);
        let (now, limit) = (wanted.now, page.limit().saturating_add(1));
        let kind = wanted.kind.map_or("", Kind::as_str);
        let rows = match (wanted.terms.len().min(ASKED_MAX), wanted.kind) {
            (0, Some(_)) => self.rows(&SHOWN, args![kind, now, after, limit]).await?,
            (0, None) => self.rows(&ALL_SHOWN, args![now, after, limit]).await?,
            (asked, _) => {
                let mut args = args![kind, now, after, limit];
                args.extend(padded(&wanted.terms, ASKED_MAX));
                args.push(Value::from(i64::try_from(asked).unwrap_or(i64::MAX)));
                self.rows(&FOUND, args).await?
            }
        };
        rows.iter().map(listed).collect()
    }

    async fn read(
        &mut self,
        id: &PublicationId,
        now: Time,
    ) -> Result<Option<(Publication, Edition)>, StoreError> {
        let Some(row) = self.one(&LIVE, args![id, now]).await? else {
            return Ok(None);
        };
        let live = edition(&row)?;
        Ok(self.find(id).await?.map(|publication| (publication, live)))
    }

    async fn outages_of(
        &mut self,
        org_nos: &[String],
        now: Time,
        limit: i64,
    ) -> Result<Vec<Listed>, StoreError> {
        let mut args = args![now, limit];
        args.extend(padded(org_nos, OFFICES_MAX));
        self.rows(&OUTAGES, args)
            .await?
            .iter()
            .map(listed)
            .collect()
    }

    async fn find(&mut self, id: &PublicationId) -> Result<Option<Publication>, StoreError> {
        let row = self.one(&FIND, args![id]).await?;
        row.as_ref().map(publication).transpose()
    }

    async fn find_by_slug(&mut self, slug: &str) -> Result<Option<Publication>, StoreError> {
        let row = self.one(&FIND_BY_SLUG, args![slug]).await?;
        row.as_ref().map(publication).transpose()
    }

    async fn editions(&mut self, id: &PublicationId) -> Result<Vec<Edition>, StoreError> {
        self.rows(&EDITIONS, args![id])
            .await?
            .iter()
            .map(edition)
            .collect()
    }

    async fn on_desk(
        &mut self,
        state: State,
        page: &Page,
    ) -> Result<Vec<(Publication, Edition)>, StoreError> {
        let after = page.after().unwrap_or(BEFORE_THE_NEWEST);
        let args = args![state.as_str(), after, page.limit().saturating_add(1)];
        let mut found = Vec::new();
        for row in self.rows(&ON_DESK, args).await? {
            let id: PublicationId = row.id("publication_id")?;
            let newest = self.editions(&id).await?.into_iter().next();
            if let (Some(publication), Some(newest)) =
                (PublicationReads::find(self, &id).await?, newest)
            {
                found.push((publication, newest));
            }
        }
        Ok(found)
    }

    async fn picture(&mut self, id: &PictureId) -> Result<Option<Picture>, StoreError> {
        let Some(row) = self.one(&PICTURE, args![id]).await? else {
            return Ok(None);
        };
        let served = |text: &str| MEDIA_TYPES.into_iter().find(|known| *known == text);
        Ok(Some(Picture {
            media_type: row.parsed("media_type", served)?,
            width: row.int("width")?,
            height: row.int("height")?,
            bytes: row.bytes("body")?,
        }))
    }
}

/// What lists sort a live publication by.
fn shelf_key(publication: &Publication) -> Option<String> {
    let shown = publication.shown?;
    Some(sort_key(shown.from, &publication.publication_id))
}

#[async_trait]
impl<C: WriteConn> PublicationStore for Sql<C> {
    async fn add(&mut self, publication: &Publication) -> Result<(), StoreError> {
        let (id, shown) = (&publication.publication_id, publication.shown);
        let args = args![
            id,
            &publication.slug,
            publication.kind.as_str(),
            &publication.region,
            publication.live,
            publication.newest,
            shown.map(|shown| shown.from),
            shown.and_then(|shown| shown.to),
            shelf_key(publication),
            publication.changed_at,
            sort_key(publication.changed_at, id),
            publication.version,
        ];
        self.touched(&ADD, args).await.map(drop)
    }

    async fn save(&mut self, publication: &Publication) -> Result<(), StoreError> {
        let (id, shown) = (&publication.publication_id, publication.shown);
        let args = args![
            id,
            publication.live,
            publication.newest,
            shown.map(|shown| shown.from),
            shown.and_then(|shown| shown.to),
            shelf_key(publication),
            publication.changed_at,
            sort_key(publication.changed_at, id),
            publication.version,
        ];
        if self.changed(&SAVE, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn add_edition(&mut self, edition: &Edition) -> Result<(), StoreError> {
        self.touched(&ADD_EDITION, edition_args(edition)?)
            .await
            .map(drop)
    }

    async fn save_edition(&mut self, edition: &Edition) -> Result<(), StoreError> {
        if self.changed(&SAVE_EDITION, edition_args(edition)?).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn index(
        &mut self,
        id: &PublicationId,
        terms: &[String],
        org_nos: &[String],
    ) -> Result<(), StoreError> {
        self.touched(&FORGET_TERMS, args![id]).await?;
        self.touched(&FORGET_OFFICES, args![id]).await?;
        let rows = |list: &[String]| list.iter().map(|text| args![text, id]).collect();
        self.write_many(&ADD_TERM, rows(terms)).await?;
        self.write_many(&ADD_OFFICE, rows(org_nos)).await?;
        Ok(())
    }

    async fn add_picture(
        &mut self,
        id: &PictureId,
        picture: &Picture,
        by: &str,
        now: Time,
    ) -> Result<(), StoreError> {
        let args = args![
            id,
            picture.media_type,
            picture.width,
            picture.height,
            picture.bytes.clone(),
            by,
            now,
        ];
        self.touched(&ADD_PICTURE, args).await.map(drop)
    }
}
