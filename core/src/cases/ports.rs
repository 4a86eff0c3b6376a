//! The port of cases.

use async_trait::async_trait;

use super::Case;
use crate::shared::ids::CaseId;
use crate::store::StoreError;

#[async_trait]
pub trait CaseReads: Send {
    async fn find(&mut self, id: &CaseId) -> Result<Option<Case>, StoreError>;
    async fn about(&mut self, subject: &str) -> Result<Vec<Case>, StoreError>;
    async fn count_open(&mut self) -> Result<i64, StoreError>;
}

#[async_trait]
pub trait CaseStore: CaseReads {
    /// Opens a case unless one with the same cause exists; true when it is new.
    async fn open(&mut self, case: &Case) -> Result<bool, StoreError>;
}
