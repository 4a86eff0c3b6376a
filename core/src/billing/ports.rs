//! The ports of `billing`: kept figures, and the marketing system they come from.

use async_trait::async_trait;

use super::figures::{Arrears, Balance, Bill, BillSummary, DailyUsage};
use crate::shared::outside::NoAnswer;
use crate::shared::personal::ConsumerNo;

#[async_trait]
pub trait FigureReads: Send {}

#[async_trait]
pub trait FigureStore: FigureReads {}

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
    ) -> Result<Vec<BillSummary>, SourceError>;
    async fn bill(&self, consumer_no: &ConsumerNo, period: &str) -> Result<Bill, SourceError>;
    /// Days without a reading are absent, never zero.
    async fn daily_usage(
        &self,
        consumer_no: &ConsumerNo,
        from: &str,
        to: &str,
    ) -> Result<Vec<DailyUsage>, SourceError>;
}
