//! Collection once a month from the meter head-end into each open table (PV-14). What differs from the
//! newest version is a version of its own; what is bad is refused whole, and told to staff.

use std::collections::BTreeSet;
use std::slice;

use futures_util::stream::{self, StreamExt as _};

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
/// So many silences of one turn are told each by itself; nobody would look at more one by one.
const ALONE_MAX: usize = 200;

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

/// Which tables the head-end is asked about, and for which months.
#[derive(Debug, Clone, Copy)]
enum Look<'a> {
    /// Those that have nothing of the month yet, or not all of its days.
    Awaited(&'a Period),
    Every(&'a Period),
    /// Of each of these months those that it is known of or that were open before it was over.
    Earlier(&'a [Period]),
}

impl<'a> Look<'a> {
    const fn months(self) -> &'a [Period] {
        match self {
            Self::Awaited(period) | Self::Every(period) => slice::from_ref(period),
            Self::Earlier(months) => months,
        }
    }
}

/// Of how many tables the head-end said something, and of which it did not.
#[derive(Debug, Default)]
struct Heard {
    answered: usize,
    silent: usize,
    /// Those it was silent about, as many as may be told by themselves.
    alone: Vec<PersonalTableId>,
}

impl Heard {
    const fn answer(&mut self) {
        self.answered = self.answered.saturating_add(1);
    }

    fn silence(&mut self, table: &PersonalTableId) {
        self.silent = self.silent.saturating_add(1);
        if self.alone.len() < ALONE_MAX {
            self.alone.push(table.clone());
        }
    }

    /// Whether it is the head-end that is away, and not a meter here and there: it was silent about more than half of the
    /// tables, or about too many.
    const fn is_away(&self) -> bool {
        self.silent > self.answered || self.silent > ALONE_MAX
    }
}

impl Settlement {
    /// Collects last month for the open tables that still wait for it; how many versions are new. A table that cannot
    /// be collected does not keep the others from it: it becomes a case, and its turn comes again.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn collect_awaited(&self) -> Result<usize, SettlementError> {
        let last = Period::of(self.now()).minus(1);
        self.collect_month(&last, Look::Awaited(&last)).await
    }

    /// The same for every open table: what the meter corrected since is a new version.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn collect_all(&self) -> Result<usize, SettlementError> {
        let last = Period::of(self.now()).minus(1);
        self.collect_month(&last, Look::Every(&last)).await
    }

    async fn collect_month(&self, last: &Period, look: Look<'_>) -> Result<usize, SettlementError> {
        let (new, heard) = self.collect_of(look).await?;
        self.tell_silence(last, &heard).await?;
        Ok(new)
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
        // Whether the head-end is silent about a month is told while that is the last one.
        let (new, _) = self.collect_of(Look::Earlier(&months)).await?;
        Ok(new)
    }

    /// Several tables are asked about at once; how many versions are new, and what was heard.
    async fn collect_of(&self, look: Look<'_>) -> Result<(usize, Heard), SettlementError> {
        let earlier = matches!(look, Look::Earlier(_));
        let mut after = String::new();
        let mut new: usize = 0;
        let mut heard = Heard::default();
        loop {
            let mut tables = {
                let mut view = snapshot(self.store()).await?;
                view.settlement().open_tables(&after, PAGE).await?
            };
            let Some((last, _)) = tables.last() else {
                return Ok((new, heard));
            };
            after = last.as_str().to_owned();
            let open = tables.len();
            let waiting = self.waiting_of(&tables, look).await?;
            if matches!(look, Look::Awaited(_)) {
                tables.retain(|(table, _)| waiting.contains(table));
            }
            // What is there already was answered before.
            heard.answered = heard
                .answered
                .saturating_add(open.saturating_sub(tables.len()));
            let mut wanted = Vec::new();
            for (table, account) in tables {
                for period in look.months() {
                    wanted.push((table.clone(), account.clone(), period.clone()));
                }
            }
            let asked = stream::iter(wanted)
                .map(|(table, account, period)| {
                    Box::pin(async move {
                        let collected = if earlier {
                            self.look_again(&account, &table, &period).await
                        } else {
                            self.collect(&account, &table, &period).await
                        };
                        (table, period, collected)
                    })
                })
                .buffer_unordered(self.rules.watch.side_by_side)
                .collect::<Vec<_>>()
                .await;
            for (table, period, collected) in asked {
                match collected {
                    Ok(Collected::Version(_)) => {
                        heard.answer();
                        new = new.saturating_add(1);
                    }
                    Ok(Collected::Same | Collected::Nothing) => heard.answer(),
                    Err(SettlementError::NoAnswer(why)) => {
                        tracing::warn!(%why, "settlement.collect.no_answer");
                        if waiting.contains(&table) {
                            heard.silence(&table);
                        } else {
                            // Its month is there; the daily look lost one call.
                            heard.answer();
                        }
                    }
                    Err(error) => self.passed_over(&table, &period, error).await?,
                }
            }
        }
    }

    /// Those of neighbouring open tables that have nothing of a look's month yet, or not all of its days: only what the
    /// head-end does not say of them keeps anybody waiting. Of earlier months none is told any more.
    async fn waiting_of(
        &self,
        tables: &[(PersonalTableId, GenerationAccountId)],
        look: Look<'_>,
    ) -> Result<BTreeSet<PersonalTableId>, SettlementError> {
        let (Look::Awaited(period) | Look::Every(period), Some((first, _)), Some((last, _))) =
            (look, tables.first(), tables.last())
        else {
            return Ok(BTreeSet::new());
        };
        let mut view = snapshot(self.store()).await?;
        let waiting = view
            .settlement()
            .tables_awaiting(first, last, period)
            .await?;
        Ok(waiting.into_iter().collect())
    }

    /// A head-end that is away is told once, whatever number of tables it is silent about; of a meter here and there each
    /// is told by itself.
    async fn tell_silence(&self, period: &Period, heard: &Heard) -> Result<(), SettlementError> {
        if self.now() < over_since(period).plus_seconds(SILENT_S) {
            return Ok(());
        }
        if heard.is_away() {
            let what = Differing::HeadEndSilent;
            return self.uncollected(period.as_str(), what).await;
        }
        for table in &heard.alone {
            let subject = format!("{table}:{period}");
            let what = Differing::CollectUnanswered;
            self.uncollected(&subject, what).await?;
        }
        Ok(())
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
            // Somebody else wrote the same row; what is known then is compared in the next turn.
            SettlementError::Store(StoreError::Conflict) => Ok(()),
            error => {
                tracing::error!(%error, %table, "settlement.collect.failed");
                let subject = format!("{table}:{period}");
                self.uncollected(&subject, Differing::CollectFailed).await
            }
        }
    }

    async fn uncollected(&self, subject: &str, what: Differing) -> Result<(), SettlementError> {
        let draw = self.draw(ACTOR, "");
        atomically(self.store(), async |tx: &mut Tx| {
            tell_differs(tx, &draw, subject, what).await?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(answered: usize, silent: usize) -> Heard {
        let table = PersonalTableId::parse("019aa2f0-0000-7000-8000-000000000001").unwrap();
        let mut heard = Heard::default();
        (0..answered).for_each(|_| heard.answer());
        (0..silent).for_each(|_| heard.silence(&table));
        heard
    }

    #[test]
    fn a_head_end_that_is_silent_about_more_than_half_is_away() {
        assert!(!heard(0, 0).is_away(), "nothing was asked");
        assert!(!heard(5, 5).is_away(), "half is not more than half");
        assert!(heard(5, 6).is_away());
    }

    #[test]
    fn a_head_end_that_is_silent_about_too_many_is_away_however_many_it_answers() {
        let most = heard(1_000, ALONE_MAX);
        assert_eq!((most.is_away(), most.alone.len()), (false, ALONE_MAX));
        let more = heard(1_000, ALONE_MAX + 1);
        assert_eq!((more.is_away(), more.alone.len()), (true, ALONE_MAX));
    }
}
