//! What the public reads: lists by kind, a search over them, one whole text, pictures.

use super::content::Content;
use super::edition::{Edition, Publication};
use super::error::PublicationError;
use super::kind::{Facts, Kind};
use super::ports::{Picture, Wanted};
use super::{Publications, search};
use crate::shared::ids::{PictureId, PublicationId};
use crate::shared::page::{Page, Slice};
use crate::shared::time::Time;
use crate::store::snapshot;

/// Outages of one home that are answered at most.
pub const OUTAGES_MAX: i64 = 20;

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub publication_id: PublicationId,
    pub kind: Kind,
    pub title: String,
    pub summary: String,
    pub facts: Facts,
    pub published_at: Time,
    pub shown_to: Option<Time>,
}

impl Listed {
    /// Newest first, then by id.
    #[must_use]
    pub fn key(&self) -> String {
        sort_key(self.published_at, &self.publication_id)
    }
}

/// What a list is sorted by.
#[must_use]
pub fn sort_key(at: Time, id: &PublicationId) -> String {
    format!("{:020}-{id}", at.micros().max(0))
}

/// One whole text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub publication_id: PublicationId,
    pub kind: Kind,
    pub content: Content,
    pub published_at: Time,
    pub shown_to: Option<Time>,
    pub edition: i64,
}

impl Shown {
    fn of((publication, edition): (Publication, Edition)) -> Self {
        Self {
            publication_id: publication.publication_id,
            kind: publication.kind,
            content: edition.content,
            published_at: edition.window.from,
            shown_to: edition.window.to,
            edition: edition.number,
        }
    }
}

impl Publications {
    /// A page of what is shown of one kind, or of all. A question in which nothing can be looked for
    /// finds nothing.
    pub async fn list(
        &self,
        kind: Option<Kind>,
        question: Option<&str>,
        page: &Page,
    ) -> Result<Slice<Listed>, PublicationError> {
        let terms = question.map(search::asked);
        if terms.as_ref().is_some_and(Vec::is_empty) {
            return Ok(Slice {
                items: Vec::new(),
                next: None,
            });
        }
        let wanted = Wanted {
            kind,
            terms: terms.unwrap_or_default(),
            now: self.clock.now(),
        };
        let mut view = snapshot(&*self.store).await?;
        let rows = view.publications().shown(&wanted, page).await?;
        Ok(Slice::cut(rows, page, Listed::key))
    }

    /// One text that is shown now.
    pub async fn read(&self, id: &PublicationId) -> Result<Shown, PublicationError> {
        let now = self.clock.now();
        let mut view = snapshot(&*self.store).await?;
        let found = view.publications().read(id, now).await?;
        found.map(Shown::of).ok_or(PublicationError::NotFound)
    }

    /// Outages now and to come in the supply office of a home, the first to end first. An office is
    /// also concerned when a part of its number is named: `1504` stands for `1504010`.
    pub async fn outages_of(&self, org_no: &str) -> Result<Vec<Listed>, PublicationError> {
        let now = self.clock.now();
        let mut view = snapshot(&*self.store).await?;
        let found = view
            .publications()
            .outages_of(&beginnings(org_no), now, OUTAGES_MAX)
            .await?;
        Ok(found)
    }

    /// A picture that was taken up.
    pub async fn picture(&self, id: &PictureId) -> Result<Picture, PublicationError> {
        let mut view = snapshot(&*self.store).await?;
        let found = view.publications().picture(id).await?;
        found.ok_or(PublicationError::NotFound)
    }
}

/// The office and those above it: every beginning of its number from four digits on.
fn beginnings(org_no: &str) -> Vec<String> {
    (4..=org_no.len().min(12))
        .filter_map(|end| org_no.get(..end))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_office_is_found_under_those_above_it() {
        assert_eq!(
            beginnings("1504010"),
            ["1504", "15040", "150401", "1504010"]
        );
        assert_eq!(beginnings("150"), Vec::<String>::new());
    }
}
