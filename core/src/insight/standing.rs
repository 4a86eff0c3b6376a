//! How the parts that carry the rest stand now (LN-39): what waits to be carried, to be kept alike elsewhere, to be
//! decided by a person.

use super::error::InsightError;
use super::report::Insight;
use crate::cases::CaseKind;
use crate::outbox::Lane;
use crate::shared::time::Time;
use crate::store::snapshot;

/// Counts of what waits and what failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Events on their way, and since when the oldest waits.
    pub waiting: i64,
    pub oldest: Option<Time>,
    /// Events that were given up.
    pub buried: i64,
    /// Messages received and not applied.
    pub unapplied: i64,
    /// Messages that did not verify.
    pub unverified: i64,
    /// People whom the on-line user system may know otherwise than we do.
    pub unsure: i64,
    pub open_cases: i64,
    /// While its brake is on, since when nothing goes back to payers by itself; and since when no payout leaves.
    pub refunds_stopped: Option<Time>,
    pub payouts_stopped: Option<Time>,
    /// Requests of the last hour that we, or a system behind us, did not manage; and that met a limit.
    pub failed: i64,
    pub limited: i64,
}

/// Events of one lane on their way, and since when the oldest of them waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub lane: Lane,
    pub n: i64,
    pub oldest: Option<Time>,
}

/// Of how things stand what is told each minute: read by an index, however much the store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried {
    /// Every lane, also one in which nothing waits: news of a month's sellers wait for hours, a code does not.
    pub waiting: [Waiting; 3],
    /// Events that were given up.
    pub buried: i64,
    /// While its brake is on, since when nothing goes back to payers by itself; and since when no payout leaves.
    pub refunds_stopped: Option<Time>,
    pub payouts_stopped: Option<Time>,
}

/// Open cases of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenCases {
    pub kind: CaseKind,
    pub open: i64,
    /// Of these, those that should have been decided by now.
    pub overdue: i64,
}

fn count_of(counted: &[(CaseKind, i64)], kind: CaseKind) -> i64 {
    let found = counted.iter().find(|(one, _)| *one == kind);
    found.map_or(0, |(_, n)| *n)
}

impl Insight {
    /// What waits to be carried, and whether money stands still.
    ///
    /// # Errors
    /// The store's.
    pub async fn carried(&self) -> Result<Carried, InsightError> {
        let mut view = snapshot(&*self.store).await?;
        Ok(view.insight().carried().await?)
    }

    /// The open cases of every kind, also of those that have none.
    ///
    /// # Errors
    /// The store's.
    pub async fn open_cases(&self) -> Result<Vec<OpenCases>, InsightError> {
        let now = self.clock.now();
        let mut view = snapshot(&*self.store).await?;
        let all = view
            .cases()
            .open_by_kind(Time::from_micros(i64::MAX))
            .await?;
        let mut terms = CaseKind::ALL.map(CaseKind::hours).to_vec();
        terms.sort_unstable();
        terms.dedup();
        let mut told = Vec::new();
        for hours in terms {
            let due = now.plus_seconds(hours.saturating_mul(-3_600));
            let late = view.cases().open_by_kind(due).await?;
            let kinds = CaseKind::ALL.into_iter();
            let kinds = kinds.filter(|kind| kind.hours() == hours);
            told.extend(kinds.map(|kind| OpenCases {
                kind,
                open: count_of(&all, kind),
                overdue: count_of(&late, kind),
            }));
        }
        Ok(told)
    }

    /// How things stand now.
    ///
    /// # Errors
    /// The store's.
    pub async fn standing(&self) -> Result<Standing, InsightError> {
        let hour_ago = self.clock.now().plus_seconds(-3_600);
        let mut view = snapshot(&*self.store).await?;
        Ok(view.insight().standing(hour_ago).await?)
    }
}
