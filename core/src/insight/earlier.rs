//! What the figures were right before: of as many days, and of the day, the week and the month before those of the last day.

use super::asked::{DAYS_KEPT, Growth};
use super::crowds::people_before;
use super::latency::percentiles;
use super::people::Total;
use super::report::Ask;
use crate::store::{StoreError, View};

/// What stands beside the figures of a span; what is absent is not kept, or not told of what is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// Of a thousand requests, how many were done, as the calls before are counted; absent where there was none as well.
    pub done_permille: Option<i64>,
    /// As of the span itself.
    pub latency: Option<[Option<i64>; 3]>,
    /// Different people of the day, the week and the month right before.
    pub people: [Option<Total>; 3],
    /// Links by day.
    pub growth: Option<Vec<Growth>>,
}

impl Ask {
    /// As many days right before; none when not all of them are kept.
    fn before(&self, today: i64) -> Option<Self> {
        let from = self.from.saturating_sub(self.days());
        let is_kept = from > today.saturating_sub(DAYS_KEPT);
        is_kept.then(|| Self {
            from,
            to: self.from.saturating_sub(1),
            ..self.clone()
        })
    }
}

pub(super) async fn earlier_of(
    view: &mut View,
    ask: &Ask,
    done_permille: Option<i64>,
    today: i64,
) -> Result<Earlier, StoreError> {
    let mut earlier = Earlier {
        done_permille,
        latency: None,
        people: people_before(view, ask, today).await?,
        growth: None,
    };
    if let Some(before) = ask.before(today) {
        let (from, to) = (before.from, before.to);
        let took = view.insight().latencies(from, to, before.function).await?;
        earlier.latency = Some(percentiles(&took));
        if before.regions.is_none() {
            earlier.growth = Some(view.insight().growth(from, to).await?);
        }
    }
    Ok(earlier)
}
