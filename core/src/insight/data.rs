//! How the data of electricity use stands (EC-15): how new the copies are by which people pay, which bills are
//! doubted, which months of sold power could not be read. From what is kept already, without whose it is.

use super::error::InsightError;
use super::report::Insight;
use crate::shared::time::Time;
use crate::store::snapshot;

/// A copy that was asked for within so many seconds is told as fresh.
const FRESH_S: i64 = 86_400;
/// What came up lately: within thirty days.
const LATELY_S: i64 = 30 * 86_400;

/// Cases of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Found {
    pub open: i64,
    /// Opened lately, open or closed since.
    pub lately: i64,
}

/// The data of electricity use as it is kept here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DataStanding {
    /// Linked homes.
    pub homes: i64,
    /// Homes of which a copy of what is due is kept.
    pub known: i64,
    /// Of these, whose copy is new: asked for within a day, and no money moved since.
    pub fresh: i64,
    /// Homes held back from payment until their bill is verified.
    pub held: i64,
    /// Bills that are doubted.
    pub flagged: Found,
    /// Months of sold power whose readings could not be.
    pub refused: Found,
}

impl DataStanding {
    /// Homes whose copy is older, or from before money moved.
    #[must_use]
    pub fn stale(&self) -> i64 {
        self.known.saturating_sub(self.fresh).max(0)
    }

    /// Linked homes of which nothing is kept: at least so many, as copies of homes that were unlinked lately are
    /// among the known.
    #[must_use]
    pub fn absent(&self) -> i64 {
        self.homes.saturating_sub(self.known).max(0)
    }

    /// The rule: of a thousand homes, how many are fresh. Nobody linked: no score.
    #[must_use]
    pub fn fresh_permille(&self) -> Option<i64> {
        let all = self.known.saturating_add(self.absent());
        self.fresh.saturating_mul(1_000).checked_div(all)
    }
}

impl Insight {
    /// How the data stands now.
    ///
    /// # Errors
    /// The store's.
    pub async fn data(&self) -> Result<DataStanding, InsightError> {
        let now = self.clock.now();
        let ago = |seconds: i64| -> Time { now.plus_seconds(seconds.saturating_neg()) };
        let mut view = snapshot(&*self.store).await?;
        Ok(view.insight().data(ago(FRESH_S), ago(LATELY_S)).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ec_15_data_is_assessed_by_the_homes_whose_copy_is_fresh() {
        let standing = |homes, known, fresh| DataStanding {
            homes,
            known,
            fresh,
            ..DataStanding::default()
        };
        let told = |one: DataStanding| (one.stale(), one.absent(), one.fresh_permille());
        assert_eq!(told(standing(0, 0, 0)), (0, 0, None));
        assert_eq!(told(standing(4, 3, 1)), (2, 1, Some(250)));
        assert_eq!(told(standing(4, 4, 4)), (0, 0, Some(1_000)));
        // More copies than links: of a home that was unlinked one is kept still.
        assert_eq!(told(standing(1, 2, 1)), (1, 0, Some(500)));
    }
}
