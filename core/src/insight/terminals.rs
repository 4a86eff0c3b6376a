//! Requests by day and kind of terminal (EC-15): what a client says it is, as the channel, and nothing finer.

use super::error::InsightError;
use super::report::Insight;
use super::sample::Outcome;
use crate::accounts::Terminal;
use crate::store::snapshot;

/// Requests of a day from a kind of terminal that ended so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalDay {
    /// Days since 1970 in Shanghai.
    pub day: i64,
    pub terminal: Terminal,
    pub outcome: Outcome,
    pub n: i64,
}

impl Insight {
    /// Requests of a span of days, both within, by day, terminal and outcome.
    ///
    /// # Errors
    /// The store's.
    pub async fn terminals(&self, from: i64, to: i64) -> Result<Vec<TerminalDay>, InsightError> {
        let mut view = snapshot(&*self.store).await?;
        Ok(view.insight().terminals(from, to).await?)
    }
}
