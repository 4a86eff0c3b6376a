//! The rows of bans.

use async_trait::async_trait;

use super::{Ban, Scope};
use crate::shared::ids::BanId;
use crate::shared::time::Time;
use crate::store::StoreError;

#[async_trait]
pub trait BanReads: Send {
    async fn find(&mut self, id: &BanId) -> Result<Option<Ban>, StoreError>;
    /// Bans that run at `now`, the newest first.
    async fn running(&mut self, now: Time, limit: i64) -> Result<Vec<Ban>, StoreError>;
    /// All that are kept, the newest first; before one that was seen, when there is one.
    async fn list(&mut self, before: Option<&Ban>, limit: i64) -> Result<Vec<Ban>, StoreError>;
}

#[async_trait]
pub trait BanStore: BanReads {
    async fn of(&mut self, scope: Scope, subject: &str) -> Result<Option<Ban>, StoreError>;
    /// How many addresses of a network are banned at `now`.
    async fn count_in(&mut self, network: &str, now: Time) -> Result<i64, StoreError>;
    /// False when the target has a row already.
    async fn add(&mut self, ban: &Ban) -> Result<bool, StoreError>;
    /// Compare-and-set on the version.
    async fn save(&mut self, ban: &Ban) -> Result<(), StoreError>;
}
