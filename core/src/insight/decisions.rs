//! Reports that decisions rest on (LN-01, LN-33), each with its rule and its rows: what people asked for and did
//! not get, and why ordered money stayed away. How channels are used is told by the statistics.

use super::asked::DAYS_KEPT;
use super::error::InsightError;
use super::people::{self, midnight};
use super::report::Insight;
use crate::shared::ids::PaymentId;
use crate::shared::money::Fen;
use crate::shared::time::Time;
use crate::store::snapshot;

/// Rows of one table.
const ROWS_MAX: i64 = 200;
/// Orders behind a cause that are shown; one more is read, to know whether there is one.
pub const ROWS_SHOWN: usize = 200;

/// A function that people tried and did not get, and what they were told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    pub function: i64,
    pub code: String,
    pub n: i64,
}

/// Why an order for arrears did not lead to a credited bill, by the state it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Ordered, and the cashier was never reached.
    NotOpened,
    /// The cashier was reached; it ran out unpaid.
    NotPaid,
    /// Waits for the payer now.
    Waiting,
    /// Paid, and not credited yet.
    Uncredited,
    /// Paid, and needs a person.
    Suspense,
    /// Paid, and given back.
    GivenBack,
}

impl Cause {
    pub const ALL: [Self; 6] = [
        Self::NotOpened,
        Self::NotPaid,
        Self::Waiting,
        Self::Uncredited,
        Self::Suspense,
        Self::GivenBack,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotOpened => "not_opened",
            Self::NotPaid => "not_paid",
            Self::Waiting => "waiting",
            Self::Uncredited => "uncredited",
            Self::Suspense => "suspense",
            Self::GivenBack => "given_back",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }
}

/// Orders of one cause in one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpaid {
    pub cause: Cause,
    pub region: String,
    pub n: i64,
    pub sum: Fen,
}

/// One order behind a cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpaidRow {
    pub payment_id: PaymentId,
    pub region: String,
    pub created_at: Time,
    pub amount: Fen,
}

/// How many orders and how much money of each cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrears {
    pub cause: Cause,
    /// Orders and money; none where it would tell of single households.
    pub told: Option<(i64, Fen)>,
}

/// Whom the reports are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// May see the orders one by one.
    OfPayments,
    /// Hears of no fewer than [`people::TOLD_FROM`] people.
    OfSums,
}

/// The reports of a span of days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decisions {
    /// Most wanted first; absent for those who see a part of the regions. Requests, not people: whoever reads the
    /// figures reads each of them too.
    pub unmet: Option<Vec<Unmet>>,
    /// Words that were searched for and found nothing, with how often; as `unmet`.
    pub unfound: Option<Vec<(String, i64)>>,
    pub arrears: Vec<Arrears>,
}

impl Decisions {
    /// All causes together; none when one of them is not told, which would be the difference.
    #[must_use]
    pub fn arrears_in_all(&self) -> Option<(i64, Fen)> {
        let mut arrears = self.arrears.iter();
        arrears.try_fold((0_i64, Fen::ZERO), |(n, sum), one| {
            let (more, fen) = one.told?;
            let sum = Fen::new(sum.get().saturating_add(fen.get()));
            Some((n.saturating_add(more), sum))
        })
    }
}

pub(super) fn sees(regions: Option<&[String]>, region: &str) -> bool {
    regions.is_none_or(|own| own.iter().any(|one| one == region))
}

impl Insight {
    pub(super) fn moments_of(&self, (from, to): (i64, i64)) -> Result<(Time, Time), InsightError> {
        let today = self.today();
        if from > to || to > today || from <= today.saturating_sub(DAYS_KEPT) {
            return Err(InsightError::Span);
        }
        Ok((midnight(from), midnight(to.saturating_add(1))))
    }

    /// The reports of a span of days, both within; no sum of few people to who reads sums only.
    ///
    /// # Errors
    /// [`InsightError::Span`], or the store's.
    pub async fn decisions(
        &self,
        days: (i64, i64),
        regions: Option<&[String]>,
        reader: Reader,
    ) -> Result<Decisions, InsightError> {
        let (from, to) = self.moments_of(days)?;
        let mut view = snapshot(&*self.store).await?;
        let (mut unmet, mut unfound) = (None, None);
        if regions.is_none() {
            unmet = Some(view.insight().unmet(from, to, ROWS_MAX).await?);
            unfound = Some(view.insight().unfound(days.0, days.1, ROWS_MAX).await?);
        }
        let rows = view.insight().unpaid(from, to).await?;
        let by_whom = match reader {
            Reader::OfPayments => Vec::new(),
            Reader::OfSums => view.insight().unpaid_people((from, to), regions).await?,
        };
        let mut arrears = Vec::new();
        for cause in Cause::ALL {
            let of_cause = rows.iter().filter(|row| row.cause == cause);
            let (mut n, mut sum) = (0_i64, Fen::ZERO);
            for row in of_cause.filter(|row| sees(regions, &row.region)) {
                n = n.saturating_add(row.n);
                sum = Fen::new(sum.get().saturating_add(row.sum.get()));
            }
            let of_cause = by_whom.iter().find(|(one, _)| *one == cause);
            let behind = of_cause.map_or(0, |(_, people)| *people);
            let is_told = n == 0 || reader == Reader::OfPayments || people::told(behind).is_some();
            let told = is_told.then_some((n, sum));
            arrears.push(Arrears { cause, told });
        }
        Ok(Decisions {
            unmet,
            unfound,
            arrears,
        })
    }

    /// The newest orders behind a cause, or those older than the last one that was seen: one more than [`ROWS_SHOWN`]
    /// when there are more.
    ///
    /// # Errors
    /// As [`Insight::decisions`].
    pub async fn behind_arrears(
        &self,
        days: (i64, i64),
        cause: Cause,
        regions: Option<&[String]>,
        last_seen: Option<&(Time, PaymentId)>,
    ) -> Result<Vec<UnpaidRow>, InsightError> {
        let (from, to) = self.moments_of(days)?;
        let mut view = snapshot(&*self.store).await?;
        let most = ROWS_MAX.saturating_add(1);
        let rows = view
            .insight()
            .unpaid_rows((from, to), cause, regions, last_seen, most);
        Ok(rows.await?)
    }
}
