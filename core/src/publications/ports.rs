//! The ports of `publications`: its rows, and what makes a picture of bytes.

use async_trait::async_trait;

use super::edition::{Edition, Publication, State};
use super::kind::Kind;
use super::reading::Listed;
use crate::shared::ids::{PictureId, PublicationId};
use crate::shared::page::Page;
use crate::shared::time::Time;
use crate::store::StoreError;

/// What is asked of the public shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Absent for all kinds.
    pub kind: Option<Kind>,
    /// Terms that must all be found; none for everything.
    pub terms: Vec<String>,
    pub now: Time,
}

/// A picture that was decoded, made small and written anew: nothing of the file it came from is left.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    pub media_type: &'static str,
    pub width: i64,
    pub height: i64,
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture")
            .field("media_type", &self.media_type)
            .field("width", &self.width)
            .field("height", &self.height)
            .finish_non_exhaustive()
    }
}

/// Why bytes are no picture for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAPicture {
    #[error("not a JPEG, PNG or WebP file")]
    Format,
    #[error("larger than a picture may be")]
    TooLarge,
    #[error("the file cannot be decoded")]
    Broken,
}

/// Makes pictures of bytes from outside.
#[async_trait]
pub trait Pictures: Send + Sync + std::fmt::Debug {
    async fn develop(&self, bytes: Vec<u8>) -> Result<Picture, NotAPicture>;
}

#[async_trait]
pub trait PublicationReads: Send {
    /// What is shown now, newest first; up to `limit + 1`. The page's key is [`Listed::key`].
    async fn shown(&mut self, wanted: &Wanted, page: &Page) -> Result<Vec<Listed>, StoreError>;
    /// The live edition that is shown now.
    async fn read(
        &mut self,
        id: &PublicationId,
        now: Time,
    ) -> Result<Option<(Publication, Edition)>, StoreError>;
    /// Outages shown now that concern one of these offices, the first to end first.
    async fn outages_of(
        &mut self,
        org_nos: &[String],
        now: Time,
        limit: i64,
    ) -> Result<Vec<Listed>, StoreError>;
    async fn find(&mut self, id: &PublicationId) -> Result<Option<Publication>, StoreError>;
    async fn find_by_slug(&mut self, slug: &str) -> Result<Option<Publication>, StoreError>;
    /// Its editions, the newest first.
    async fn editions(&mut self, id: &PublicationId) -> Result<Vec<Edition>, StoreError>;
    /// The desk's list: newest editions in a state, the last changed first. The page's key is
    /// `{changed_at:020}-{id}`.
    async fn on_desk(
        &mut self,
        state: State,
        page: &Page,
    ) -> Result<Vec<(Publication, Edition)>, StoreError>;
    async fn picture(&mut self, id: &PictureId) -> Result<Option<Picture>, StoreError>;
}

/// Changes are compare-and-set on the version the caller read; a stale one is [`StoreError::Conflict`].
#[async_trait]
pub trait PublicationStore: PublicationReads {
    async fn add(&mut self, publication: &Publication) -> Result<(), StoreError>;
    async fn save(&mut self, publication: &Publication) -> Result<(), StoreError>;
    async fn add_edition(&mut self, edition: &Edition) -> Result<(), StoreError>;
    async fn save_edition(&mut self, edition: &Edition) -> Result<(), StoreError>;
    /// What finds a publication from now on: terms of its text, and offices of an outage.
    async fn index(
        &mut self,
        id: &PublicationId,
        terms: &[String],
        org_nos: &[String],
    ) -> Result<(), StoreError>;
    async fn add_picture(
        &mut self,
        id: &PictureId,
        picture: &Picture,
        by: &str,
        now: Time,
    ) -> Result<(), StoreError>;
}
