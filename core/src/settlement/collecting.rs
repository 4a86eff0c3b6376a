//! Collection once a month from the meter head-end into each open table (PV-14). What differs from the
//! newest version is a version of its own; what is bad is refused whole, and told to staff.

use super::differing::Differing;
use super::energy::{EnergyVersion, VersionState};
use super::ids::{GenerationAccountId, PersonalTableId};
use super::readings::MonthEnergy;
use super::records::tell_differs;
use super::{Settlement, SettlementError};
use crate::shared::period::Period;
use crate::shared::time::Time;
use crate::store::{StoreError, Tx, atomically, snapshot};

/// Tables looked up at once.
const PAGE: i64 = 200;
const ACTOR: &str = "job:settlement.collect";
/// A head-end that is silent about one account is asked again each hour; staff are told when the month has
/// been over for so long.
pub(super) const SILENT_S: i64 = 3 * 86_400;

/// What collecting one table's month came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collected {
    /// A new version with this number.
    Version(i64),
    /// What is known already.
    Same,
    /// The head-end has nothing yet, or the account sells no more.
    Nothing,
}

impl Settlement {
    /// Collects last month for every open table; how many versions are new. A table that cannot be
    /// collected does not keep the others from it: it becomes a case, and its turn comes again.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn collect_all(&self) -> Result<usize, SettlementError> {
        let last = Period::of(self.now()).minus(1);
        self.collect_of(&[last], false).await
    }

    /// Looks again at the months before, as far back as the rules say: what the meter corrected since is a new version,
    /// and what it did not have then is collected late; how many versions are new.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn collect_earlier(&self) -> Result<usize, SettlementError> {
        let last = Period::of(self.now()).minus(1);
        let months: Vec<Period> = (1..self.rules.collect_months)
            .map(|back| last.minus(back))
            .collect();
        self.collect_of(&months, true).await
    }

    async fn collect_of(&self, months: &[Period], earlier: bool) -> Result<usize, SettlementError> {
        let mut after = String::new();
        let mut new: usize = 0;
        loop {
            let tables = {
                let mut view = snapshot(self.store()).await?;
                view.settlement().open_tables(&after, PAGE).await?
            };
            let Some((last, _)) = tables.last() else {
                return Ok(new);
            };
            after = last.as_str().to_owned();
            for (table, account) in &tables {
                for period in months {
                    let collected = if earlier {
                        self.look_again(account, table, period).await
                    } else {
                        self.collect(account, table, period).await
                    };
                    match collected {
                        Ok(Collected::Version(_)) => new = new.saturating_add(1),
                        Ok(Collected::Same | Collected::Nothing) => {}
                        // Whether it is silent about a month is told while that is the last one.
                        Err(SettlementError::NoAnswer(why)) if earlier => {
                            tracing::warn!(%why, "settlement.collect.no_answer");
                        }
                        Err(error) => self.passed_over(table, period, error).await?,
                    }
                }
            }
        }
    }

    /// Of an earlier month, where one is known or the table was open before it was over.
    async fn look_again(
        &self,
        account: &GenerationAccountId,
        table: &PersonalTableId,
        period: &Period,
    ) -> Result<Collected, SettlementError> {
        let mut view = snapshot(self.store()).await?;
        let over = over_since(period);
        let is_ours = view.settlement().awaits_month(table, period, over).await?
            || view
                .settlement()
                .newest_energy(table, period)
                .await?
                .is_some();
        drop(view);
        if is_ours {
            self.collect(account, table, period).await
        } else {
            Ok(Collected::Nothing)
        }
    }

    /// One account's month could not be collected: the next account's turn comes all the same, and somebody
    /// is told where waiting does not help.
    async fn passed_over(
        &self,
        table: &PersonalTableId,
        period: &Period,
        error: SettlementError,
    ) -> Result<(), SettlementError> {
        match error {
            SettlementError::Store(
                why @ (StoreError::Unavailable(_) | StoreError::CommitUnknown(_)),
            ) => Err(why.into()),
            // Told already, with what is wrong.
            SettlementError::Reading(why) => {
                tracing::warn!(%why, "settlement.collect.refused");
                Ok(())
            }
            SettlementError::NoAnswer(why) => {
                tracing::warn!(%why, "settlement.collect.no_answer");
                if self.now() < over_since(period).plus_seconds(SILENT_S) {
                    return Ok(());
                }
                self.uncollected(table, period, Differing::CollectUnanswered)
                    .await
            }
            // Somebody else wrote the same row; what is known then is compared in the next turn.
            SettlementError::Store(StoreError::Conflict) => Ok(()),
            error => {
                tracing::error!(%error, %table, "settlement.collect.failed");
                self.uncollected(table, period, Differing::CollectFailed)
                    .await
            }
        }
    }

    async fn uncollected(
        &self,
        table: &PersonalTableId,
        period: &Period,
        what: Differing,
    ) -> Result<(), SettlementError> {
        let draw = self.draw(ACTOR, "");
        let subject = format!("{table}:{period}");
        atomically(self.store(), async |tx: &mut Tx| {
            tell_differs(tx, &draw, &subject, what).await?;
            Ok::<_, SettlementError>(())
        })
        .await
    }

    /// Collects one month of one table.
    pub async fn collect(
        &self,
        account: &GenerationAccountId,
        table: &PersonalTableId,
        period: &Period,
    ) -> Result<Collected, SettlementError> {
        let (number, known) = {
            let mut view = snapshot(self.store()).await?;
            let found = view.generation().by_id(account).await?;
            let number = found.and_then(|account| account.generation_no);
            (
                number,
                view.settlement().newest_energy(table, period).await?,
            )
        };
        let Some(number) = number else {
            return Ok(Collected::Nothing);
        };
        let Some(reading) = self.ports.head_end.month(&number, period).await? else {
            return Ok(Collected::Nothing);
        };
        let now = self.now();
        let read_at = reading.read_at;
        let before = known.as_ref().map(|version| version.read_at);
        let month = match MonthEnergy::check(period, reading, now, before) {
            Ok(month) => month,
            Err(fault) => return self.flag(account, table, period, fault).await,
        };
        if known.as_ref().is_some_and(|version| version.month == month) {
            return Ok(Collected::Same);
        }
        let data_version = known
            .as_ref()
            .map_or(1, |v| v.data_version.saturating_add(1));
        let version = EnergyVersion {
            table_id: table.clone(),
            generation_account_id: account.clone(),
            data_version,
            month,
            read_at,
            updated_at: now,
            state: VersionState::Collected,
            refusal: None,
            settled: None,
            row_version: 1,
        };
        let kept = atomically(self.store(), async |tx: &mut Tx| {
            if let Some(known) = &known
                && known.state == VersionState::Collected
            {
                let mut overtaken = known.clone();
                overtaken.state = VersionState::Overtaken;
                tx.settlement().save_energy(&overtaken).await?;
            }
            tx.settlement().add_energy(&version).await?;
            Ok::<_, SettlementError>(())
        })
        .await;
        match kept {
            Ok(()) => Ok(Collected::Version(data_version)),
            // Another node collected the same month meanwhile.
            Err(SettlementError::Store(StoreError::Duplicate(_))) => Ok(Collected::Same),
            Err(error) => Err(error),
        }
    }
}

/// When a month was over.
pub(super) fn over_since(period: &Period) -> Time {
    let (_, last) = period.bounds();
    last.end()
}
