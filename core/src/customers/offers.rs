//! Offers to the archive that it has not answered (LN-45), as staff see them: which home, since when.

use super::Customers;
use super::error::CustomerError;
use crate::bindings::filling::Unanswered;
use crate::bindings::known::unanswered;
use crate::operators::Acting;
use crate::store::snapshot;

/// So many are told, the longest waiting; one more is read, to know whether there is one.
const OFFERS_SHOWN: usize = 200;
const OFFERS_READ: i64 = 201;

/// The offers that wait longest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingOffers {
    pub offers: Vec<Unanswered>,
    /// There are others, which wait less long.
    pub more: bool,
}

impl Customers {
    /// The offers within the scope that wait longest.
    ///
    /// # Errors
    /// The store's.
    pub async fn unanswered_offers(&self, acting: &Acting) -> Result<WaitingOffers, CustomerError> {
        let own = acting.staff.scope.narrowed(None);
        let own = own.map_err(|_| CustomerError::OutOfScope)?;
        let mut view = snapshot(&*self.store).await?;
        let mut offers = unanswered(&mut view, own.as_deref(), OFFERS_READ).await?;
        let more = offers.len() > OFFERS_SHOWN;
        offers.truncate(OFFERS_SHOWN);
        Ok(WaitingOffers { offers, more })
    }
}
