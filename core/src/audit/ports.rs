//! The audit's ports.

use async_trait::async_trait;

use super::chain::Link;
use super::{Line, Wanted};
use crate::shared::time::Time;
use crate::store::StoreError;

#[async_trait]
pub trait AuditLog: Send {
    /// Appends a line; the store itself notes that it waits to be linked.
    async fn append(&mut self, line: &Line) -> Result<(), StoreError>;
    /// The newest lines about one subject.
    async fn about(&mut self, subject: &str, limit: i64) -> Result<Vec<Line>, StoreError>;
    /// Lines that wait to be linked, those that waited longest first.
    async fn unlinked(&mut self, limit: i64) -> Result<Vec<Line>, StoreError>;
    async fn last_link(&mut self) -> Result<Option<Link>, StoreError>;
    /// Adds links, whose lines wait no longer.
    async fn link(&mut self, links: &[Link]) -> Result<(), StoreError>;
}

#[async_trait]
pub trait AuditReads: Send {
    /// The links behind a place in their order, each with its line where that is still there.
    async fn links_after(
        &mut self,
        place: i64,
        limit: i64,
    ) -> Result<Vec<(Link, Option<Line>)>, StoreError>;
    /// The link nobody followed yet.
    async fn newest_link(&mut self) -> Result<Option<Link>, StoreError>;
    /// Lines that are looked for, newest first.
    async fn lines(&mut self, wanted: &Wanted, limit: i64) -> Result<Vec<Line>, StoreError>;
    /// Acts of staff since a time that gave or took rights, let somebody in or ran something by hand, newest first.
    async fn weighty(&mut self, since: Time, limit: i64) -> Result<Vec<Line>, StoreError>;
    /// Lines that waited to be linked and are gone.
    async fn lost(&mut self) -> Result<i64, StoreError>;
}
