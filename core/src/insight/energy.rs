//! Power supplied and used, by supply office and day, as the data centre tells it (LN-41, EC-09): sums of whole offices,
//! nothing of a home.
//!
//! A day is taken over when the data centre has added it up. The days that it may still correct are asked for again, and
//! what it says then stands in place of what it said before.

use async_trait::async_trait;

use super::aggregate::{Aggregates, CLOSED_AFTER_S, DAYS_BACK};
use super::decisions::sees;
use super::error::InsightError;
use super::people::day_number;
use super::report::Insight;
use crate::jobs::runner::{Task, TaskFailure};
use crate::shared::energy::Kwh;
use crate::shared::time::Time;
use crate::store::{Tx, atomically, snapshot};

/// A region is named by the first digits of its offices' numbers.
const REGION_DIGITS: usize = 4;

/// What an office had of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficeEnergy {
    pub org_no: String,
    pub supplied: Kwh,
    pub used: Kwh,
}

/// What an office had of a span of days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnergySum {
    pub org_no: String,
    /// Empty where the basic data platform does not name the office.
    pub name: String,
    /// Days of the span that are known.
    pub days: i64,
    pub supplied: Kwh,
    pub used: Kwh,
}

impl EnergySum {
    /// Supplied and not used, below zero where more was used; `None` beyond what can be counted.
    #[must_use]
    pub fn difference(&self) -> Option<Kwh> {
        self.supplied.minus(self.used)
    }

    /// The region that the office belongs to.
    fn region(&self) -> String {
        self.org_no.chars().take(REGION_DIGITS).collect()
    }
}

impl Aggregates {
    /// Takes over what was supplied and used of the last closed days. How many of them the data centre has added up.
    ///
    /// # Errors
    /// The store's; a silent data centre changes nothing more and is told by `None`.
    pub async fn learn_energy(&self) -> Result<Option<usize>, InsightError> {
        let now = self.clock.now();
        let open = day_number(now.plus_seconds(-CLOSED_AFTER_S));
        let mut known = 0_usize;
        for day in open.saturating_sub(DAYS_BACK)..open {
            let offices = match self.exchange.energy(day).await {
                Ok(offices) => offices,
                Err(why) => {
                    tracing::warn!(%why, day, "insight.energy.no_answer");
                    return Ok(None);
                }
            };
            if offices.is_empty() {
                continue;
            }
            let offices = &offices;
            atomically(&*self.store, async |tx: &mut Tx| {
                tx.insight().keep_energy(day, offices, now).await?;
                Ok::<_, InsightError>(())
            })
            .await?;
            known = known.saturating_add(1);
        }
        Ok(Some(known))
    }
}

impl Insight {
    /// What was supplied and used of each office that may be seen, in a span of days, both within.
    ///
    /// # Errors
    /// [`InsightError::Span`], or the store's.
    pub async fn energy(
        &self,
        days: (i64, i64),
        regions: Option<&[String]>,
    ) -> Result<Vec<EnergySum>, InsightError> {
        self.moments_of(days)?;
        let mut view = snapshot(&*self.store).await?;
        let mut offices = view.insight().energy(days.0, days.1).await?;
        offices.retain(|one| sees(regions, &one.region()));
        Ok(offices)
    }
}

/// The timed task that takes over what was supplied and used.
#[derive(Debug, Clone)]
pub struct LearnEnergy(pub Aggregates);

#[async_trait]
impl Task for LearnEnergy {
    fn name(&self) -> &'static str {
        "insight.energy"
    }

    fn every_s(&self) -> i64 {
        21_600
    }

    async fn run(&self, _now: Time) -> Result<(), TaskFailure> {
        match self.0.learn_energy().await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err("no_answer".into()),
            Err(error) => Err(TaskFailure::store(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ec_09_an_office_belongs_to_the_region_its_number_begins_with() {
        let one = EnergySum {
            org_no: "150412".to_owned(),
            name: String::new(),
            days: 1,
            supplied: Kwh::parse("10.5").unwrap(),
            used: Kwh::parse("11").unwrap(),
        };
        assert_eq!(one.region(), "1504");
        assert_eq!(one.difference(), Kwh::parse("-0.5").ok());
    }
}
