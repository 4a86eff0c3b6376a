//! The ports of `billing`: kept copies of figures, and the marketing system they come from.

use async_trait::async_trait;

use super::figures::{Arrears, Balance, Bill, BillList, DailyUsage, Receipt};
use super::period::Period;
use crate::shared::ids::CaseId;
use crate::shared::outside::NoAnswer;
use crate::shared::personal::ConsumerNo;
use crate::shared::time::Time;
use crate::store::StoreError;

/// Names one figure of one home as one contract holder may see it: after a transfer of holder no
/// copy made for the one before is found (money.md 3.4).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FigureKey {
    pub consumer_no: ConsumerNo,
    pub holder_version: i64,
    pub kind: FigureKind,
}

/// Which figure.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FigureKind {
    Arrears,
    Balance,
    Bills,
    Bill(Period),
}

impl FigureKind {
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Arrears => "arrears",
            Self::Balance => "balance",
            Self::Bills => "bills",
            Self::Bill(_) => "bill",
        }
    }

    /// The period of a bill; empty for figures that have none.
    #[must_use]
    pub fn period(&self) -> &str {
        match self {
            Self::Bill(period) => period.as_str(),
            Self::Arrears | Self::Balance | Self::Bills => "",
        }
    }
}

/// The last good copy of a figure. Not printable: the body tells of a household.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept {
    /// JSON of the figure.
    pub body: String,
    /// When marketing was asked: what it answered is at least this new.
    pub asked_at: Time,
    /// When money last moved for the home.
    pub outdated_at: Option<Time>,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept")
            .field("asked_at", &self.asked_at)
            .field("outdated_at", &self.outdated_at)
            .finish_non_exhaustive()
    }
}

#[async_trait]
pub trait FigureReads: Send {
    async fn kept(&mut self, key: &FigureKey) -> Result<Option<Kept>, StoreError>;
    /// A name for the figure that may lie in clear where several nodes look: the same on all of them,
    /// another for every other figure, and a keyed digest, so that nobody finds a home by guessing.
    fn flight_key(&self, key: &FigureKey) -> Result<String, StoreError>;
    /// Whether a bill of the home is being verified.
    async fn is_held(&mut self, consumer_no: &ConsumerNo) -> Result<bool, StoreError>;
}

#[async_trait]
pub trait FigureStore: FigureReads {
    /// Keeps an answer unless a newer one is there; true when it was kept.
    async fn keep(
        &mut self,
        key: &FigureKey,
        body: &str,
        asked_at: Time,
    ) -> Result<bool, StoreError>;
    /// Marks every kept figure of a home as read before money moved.
    async fn outdate(&mut self, consumer_no: &ConsumerNo, now: Time) -> Result<(), StoreError>;
    /// Holds a home for a case; false when it is held already.
    async fn hold(
        &mut self,
        consumer_no: &ConsumerNo,
        case: &CaseId,
        now: Time,
    ) -> Result<bool, StoreError>;
    /// Lets go what a case held; false when it held nothing.
    async fn let_go(&mut self, case: &CaseId) -> Result<bool, StoreError>;
    /// Forgets copies last asked for before a moment; how many.
    async fn purge(&mut self, before: Time) -> Result<u64, StoreError>;
}

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The consumer is unknown to the source (closed and purged, or never was).
    #[error("the source does not know this consumer or period")]
    Absent,
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
}

/// The marketing system as the source of figures (LN-46).
#[async_trait]
pub trait BillingSource: Send + Sync + std::fmt::Debug {
    async fn arrears(&self, consumer_no: &ConsumerNo) -> Result<Arrears, SourceError>;
    async fn balance(&self, consumer_no: &ConsumerNo) -> Result<Balance, SourceError>;
    /// Newest first; `from` and `to` are `YYYY-MM`, both included.
    async fn bills(
        &self,
        consumer_no: &ConsumerNo,
        from: &str,
        to: &str,
    ) -> Result<BillList, SourceError>;
    async fn bill(&self, consumer_no: &ConsumerNo, period: &str) -> Result<Bill, SourceError>;
    /// Days without a reading are absent, never zero.
    async fn daily_usage(
        &self,
        consumer_no: &ConsumerNo,
        from: &str,
        to: &str,
    ) -> Result<Vec<DailyUsage>, SourceError>;
    /// What was paid from one day to the other, both included, wherever and by whomever.
    async fn receipts(
        &self,
        consumer_no: &ConsumerNo,
        from: &str,
        to: &str,
    ) -> Result<Vec<Receipt>, SourceError>;
}
