//! The month of sold power that a case is about, for those who decide about it.

use super::decisions::{behind, reaches};
use super::error::OperatorError;
use super::sign_in::{Acting, Operators};
use crate::cases::Case;
use crate::settlement::standing::MonthStanding;
use crate::store::snapshot;

/// A month with all that was asked and ordered about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthBehind {
    /// The number of its generation account, all but the last four hidden; absent once the cooperation is over.
    pub number_masked: Option<String>,
    pub standing: MonthStanding,
}

impl Operators {
    /// The month behind a case; nothing when it is about no month of one seller.
    ///
    /// # Errors
    /// [`OperatorError::OutOfScope`], or the store's.
    pub async fn month_behind(
        &self,
        acting: &Acting,
        case: &Case,
    ) -> Result<Option<MonthBehind>, OperatorError> {
        let mut view = snapshot(&*self.store).await?;
        let scope = &acting.staff.scope;
        if !reaches(scope, &behind(&mut view, scope, case).await?) {
            return Err(OperatorError::OutOfScope);
        }
        let Some(standing) = view.settlement().month_about(&case.subject).await? else {
            return Ok(None);
        };
        let account = &standing.generation_account_id;
        let account = view.generation().by_id(account).await?;
        let number = account.and_then(|account| account.generation_no);
        Ok(Some(MonthBehind {
            number_masked: number.map(|number| number.masked()),
            standing,
        }))
    }
}
