//! Offers to the archive that it has not answered (LN-45), as staff see them: which home, since when.

use super::Customers;
use super::error::CustomerError;
use crate::bindings::filling::Unanswered;
use crate::bindings::known::unanswered;
use crate::operators::Acting;
use crate::store::snapshot;

/// So many are told, the longest waiting.
const OFFERS_MAX: i64 = 200;

impl Customers {
    /// The offers within the scope that wait longest.
    ///
    /// # Errors
    /// The store's.
    pub async fn unanswered_offers(
        &self,
        acting: &Acting,
    ) -> Result<Vec<Unanswered>, CustomerError> {
        let own = acting.staff.scope.narrowed(None);
        let own = own.map_err(|_| CustomerError::OutOfScope)?;
        let mut view = snapshot(&*self.store).await?;
        Ok(unanswered(&mut view, own.as_deref(), OFFERS_MAX).await?)
    }
}
