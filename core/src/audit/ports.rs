//! The audit's port.

use async_trait::async_trait;

use super::Line;
use crate::store::StoreError;

#[async_trait]
pub trait AuditLog: Send {
    async fn append(&mut self, line: &Line) -> Result<(), StoreError>;
    /// The newest lines about one subject.
    async fn about(&mut self, subject: &str, limit: i64) -> Result<Vec<Line>, StoreError>;
}
