//! The rows of what was offered to the archive.

use async_trait::async_trait;

use crate::bindings::filling::{Filling, Unanswered};
use crate::shared::ids::{BindingId, FillingId};
use crate::shared::personal::{ConsumerNo, Phone};
use crate::store::StoreError;

/// What readers ask about offers to the archive.
#[async_trait]
pub trait FillingReads: Send {
    /// The newest offer of a link.
    async fn filling(&mut self, link: &BindingId) -> Result<Option<Filling>, StoreError>;
    /// Offers that the archive has not answered, of homes of some regions or all, the longest waiting first: of each
    /// link that is not over the newest, for another offer takes the place of those before.
    async fn unanswered(
        &mut self,
        regions: Option<&[String]>,
        limit: i64,
    ) -> Result<Vec<Unanswered>, StoreError>;
    /// Whether a phone is, or may be, in the archive of a home because it came from here.
    async fn wrote_mobile(
        &mut self,
        consumer_no: &ConsumerNo,
        phone: &Phone,
    ) -> Result<bool, StoreError>;
}

/// Offers of certified values to the archive.
#[async_trait]
pub trait FillingStore: FillingReads {
    /// An offered `mobile` counts as written to the home for good, unless the archive says it was not.
    async fn add_filling(
        &mut self,
        filling: &Filling,
        consumer_no: &ConsumerNo,
        mobile: Option<&Phone>,
    ) -> Result<(), StoreError>;
    async fn filling_by_id(&mut self, id: &FillingId) -> Result<Option<Filling>, StoreError>;
    /// Compare-and-set of state, results and the moment it was settled.
    async fn save_filling(&mut self, filling: &Filling) -> Result<(), StoreError>;
}
