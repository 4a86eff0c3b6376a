//! Readings of a seller's month that cannot be (EC-07, EC-18): a case for two persons, what the head-end
//! says now made visible and calculated again, and its release to the check task. The readings are the
//! head-end's: they are corrected there, and found right here before they are collected.

use serde_json::json;

use super::calculation::{Amounts, CalculationError, calculate};
use super::collecting::Collected;
use super::ids::{GenerationAccountId, PersonalTableId};
use super::readings::{MonthEnergy, ReadingFault};
use super::records::case;
use super::settling::{Watched, books, word};
use super::{Settlement, SettlementError};
use crate::cases::{Case, CaseKind};
use crate::shared::period::Period;
use crate::store::{Tx, atomically, snapshot};

const WHAT: &str = "reading_refused";

/// Whose month a case of refused readings is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flagged {
    pub account: GenerationAccountId,
    pub table: PersonalTableId,
    pub period: Period,
}

impl Flagged {
    /// Reads what [`Settlement::collect`] wrote; nothing for a case of another kind.
    #[must_use]
    pub fn read(case: &Case) -> Option<Self> {
        if case.kind != CaseKind::ReadingRefused {
            return None;
        }
        let facts: serde_json::Value = serde_json::from_str(&case.facts).ok()?;
        let account = facts.get("generation_account_id")?.as_str()?;
        let (table, period) = case.subject.split_once(':')?;
        Some(Self {
            account: GenerationAccountId::parse(account).ok()?,
            table: PersonalTableId::parse(table).ok()?,
            period: Period::parse(period).ok()?,
        })
    }
}

/// What the head-end says of a month now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Examined {
    /// It has nothing of this month, or the account sells no more.
    Nothing,
    /// It still cannot be.
    Wrong(ReadingFault),
    /// It can be, and cannot be settled yet; the word says why.
    Unsettled(MonthEnergy, &'static str),
    Right(MonthEnergy, Amounts),
}

/// What became of releasing a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    /// Its owner has a check task.
    ToCheck,
    /// It is collected; the watch settles it when its prices are there.
    Collected,
    /// The head-end still says what cannot be, or nothing.
    StillWrong,
}

impl Settlement {
    /// A bad reading changes nothing but tells somebody, once as long as nobody has decided.
    pub(super) async fn flag(
        &self,
        account: &GenerationAccountId,
        table: &PersonalTableId,
        period: &Period,
        fault: ReadingFault,
    ) -> Result<Collected, SettlementError> {
        let draw = self.draw("job:settlement.collect", "");
        let subject = format!("{table}:{period}");
        atomically(self.store(), async |tx: &mut Tx| {
            let told = tx.cases().about(&subject).await?;
            let told = told
                .iter()
                .filter(|one| one.kind == CaseKind::ReadingRefused);
            let (mut before, mut waits) = (0_usize, false);
            for one in told {
                before = before.saturating_add(1);
                waits |= one.closed_at.is_none();
            }
            if waits {
                return Ok(());
            }
            let mut flagged = case(&draw, CaseKind::ReadingRefused, &subject, WHAT);
            flagged.cause = format!("{}:{before}", flagged.cause);
            let mut facts = json!({
                "what": WHAT,
                "period": period.as_str(),
                "generation_account_id": account.as_str(),
                "fault": fault.as_str(),
            });
            if let (Some(day), Some(facts)) = (fault.day(), facts.as_object_mut()) {
                facts.insert("day".to_owned(), day.to_string().into());
            }
            flagged.facts = facts.to_string();
            tx.cases().open(&flagged).await?;
            Ok::<_, SettlementError>(())
        })
        .await?;
        Err(fault.into())
    }

    /// What the head-end says of a flagged month now, checked and calculated again. Nothing is kept.
    ///
    /// # Errors
    /// [`SettlementError::NoAnswer`], or the store's.
    pub async fn examine(&self, flagged: &Flagged) -> Result<Examined, SettlementError> {
        let period = &flagged.period;
        let (account, known) = {
            let mut view = snapshot(self.store()).await?;
            let known = view
                .settlement()
                .newest_energy(&flagged.table, period)
                .await?;
            (view.generation().by_id(&flagged.account).await?, known)
        };
        let Some(account) = account else {
            return Ok(Examined::Nothing);
        };
        let Some(number) = &account.generation_no else {
            return Ok(Examined::Nothing);
        };
        let Some(reading) = self.ports.head_end.month(number, period).await? else {
            return Ok(Examined::Nothing);
        };
        let before = known.map(|version| version.read_at);
        let month = match MonthEnergy::check(period, reading, self.now(), before) {
            Ok(month) => month,
            Err(fault) => return Ok(Examined::Wrong(fault)),
        };
        let published = self.ports.publishing.feed_in_prices(period).await?;
        let Ok((prices, taxes)) = books(published) else {
            return Ok(Examined::Unsettled(month, "price_rows"));
        };
        let amounts: Result<Amounts, CalculationError> =
            calculate(&month, account.feed_in, &prices, &taxes);
        Ok(match amounts {
            Ok(amounts) => Examined::Right(month, amounts),
            Err(why) => Examined::Unsettled(month, word(why)),
        })
    }

    /// Collects a flagged month again and settles it: its owner is asked to check it then. A repeat
    /// finds what is there.
    ///
    /// # Errors
    /// [`SettlementError::NoAnswer`], or the store's.
    pub async fn release(&self, flagged: &Flagged) -> Result<Released, SettlementError> {
        let (table, period) = (&flagged.table, &flagged.period);
        match self.collect(&flagged.account, table, period).await {
            Ok(Collected::Version(_) | Collected::Same) => {}
            Ok(Collected::Nothing) | Err(SettlementError::Reading(_)) => {
                return Ok(Released::StillWrong);
            }
            Err(error) => return Err(error),
        }
        let Ok(published) = self.ports.publishing.feed_in_prices(period).await else {
            return Ok(Released::Collected);
        };
        Ok(match self.settle(table, period, &books(published)).await? {
            // Known: the watch, or an earlier try, was first.
            Watched::Settled | Watched::Known => Released::ToCheck,
            Watched::Missed | Watched::Refused(_) => Released::Collected,
        })
    }
}
