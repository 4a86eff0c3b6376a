//! A home whose bill is being verified owes nothing meanwhile: no order is made for it (EC-07). The
//! hold stands until the case it belongs to has been decided by two persons.

use super::figures::{Bill, BillSummary};
use super::ports::SourceError;
use super::{Billing, BillingError, Period};
use crate::shared::ids::CaseId;
use crate::shared::personal::ConsumerNo;
use crate::shared::time::Time;
use crate::store::{StoreError, Tx, View, snapshot};

/// Whether a bill of the home is being verified.
pub async fn is_held(view: &mut View, consumer_no: &ConsumerNo) -> Result<bool, StoreError> {
    view.billing().is_held(consumer_no).await
}

/// As [`is_held`], within a unit.
pub async fn is_held_in(tx: &mut Tx, consumer_no: &ConsumerNo) -> Result<bool, StoreError> {
    tx.billing().is_held(consumer_no).await
}

/// Holds a home for a case; false when another case holds it.
pub async fn hold_in(
    tx: &mut Tx,
    consumer_no: &ConsumerNo,
    case: &CaseId,
    now: Time,
) -> Result<bool, StoreError> {
    tx.billing().hold(consumer_no, case, now).await
}

/// Lets go what a case held.
pub async fn let_go_in(tx: &mut Tx, case: &CaseId) -> Result<bool, StoreError> {
    tx.billing().let_go(case).await
}

impl Billing {
    /// Whether a bill of the home is being verified now: no kept copy answers this.
    ///
    /// # Errors
    /// [`BillingError::Store`].
    pub async fn held(&self, consumer_no: &ConsumerNo) -> Result<bool, BillingError> {
        let mut view = snapshot(&*self.store).await?;
        Ok(is_held(&mut view, consumer_no).await?)
    }

    /// The bills of the months that are shown, newest first, as marketing states them now.
    ///
    /// # Errors
    /// As [`Billing::as_billed`].
    pub async fn as_listed(
        &self,
        consumer_no: &ConsumerNo,
    ) -> Result<Vec<BillSummary>, BillingError> {
        let (first, last) = self.span();
        let listed = self
            .source
            .bills(consumer_no, first.as_str(), last.as_str());
        match listed.await {
            Ok(mut list) => {
                list.items
                    .sort_by(|one, other| other.period.cmp(&one.period));
                Ok(list.items)
            }
            Err(SourceError::Absent) => Err(BillingError::NotFound),
            Err(SourceError::NoAnswer(why)) => Err(BillingError::Unavailable(why)),
        }
    }

    /// A bill as marketing states it now; no copy will do for a verification.
    ///
    /// # Errors
    /// [`BillingError::NotFound`], [`BillingError::Unavailable`].
    pub async fn as_billed(
        &self,
        consumer_no: &ConsumerNo,
        period: &Period,
    ) -> Result<Bill, BillingError> {
        match self.source.bill(consumer_no, period.as_str()).await {
            Ok(bill) => Ok(bill),
            Err(SourceError::Absent) => Err(BillingError::NotFound),
            Err(SourceError::NoAnswer(why)) => Err(BillingError::Unavailable(why)),
        }
    }
}
