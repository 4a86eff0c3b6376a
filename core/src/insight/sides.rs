//! What the counts of a span add up to by each of their sides: one reading of the cells a page is about, with filters
//! or without. The heat map of a page without one is of sums that are kept.

use std::collections::BTreeMap;

use super::asked::{By, Grain, HOURS_KEPT_DAYS};
use super::report::{Ask, Figure};
use super::sample::{Channel, Outcome};
use crate::store::{StoreError, View};

/// A part of the counts, with every filter at once. A filter that is absent leaves nothing out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub grain: Grain,
    /// Both within: days, hours (`day * 24 + hour`) or months (`year * 12 + month`).
    pub from: i64,
    pub to: i64,
    pub function: Option<i64>,
    pub channel: Option<Channel>,
    pub outcome: Option<Outcome>,
    pub regions: Option<Vec<String>>,
}

/// What a part adds up to, by the number of each thing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sides {
    pub at: BTreeMap<i64, i64>,
    pub functions: BTreeMap<i64, i64>,
    pub channels: BTreeMap<i64, i64>,
    pub outcomes: BTreeMap<i64, i64>,
    pub regions: BTreeMap<String, i64>,
}

/// Sums of a span, and of the span before.
pub(super) type Sums = (BTreeMap<i64, i64>, BTreeMap<i64, i64>);

/// The sums of a page.
pub(super) struct Told {
    pub(super) series: Sums,
    pub(super) functions: Sums,
    pub(super) channels: Sums,
    pub(super) outcomes: Sums,
    pub(super) regions: Vec<Figure>,
}

impl Ask {
    fn is_filtered(&self) -> bool {
        self.function.is_some() || self.channel.is_some() || self.outcome.is_some()
    }

    fn part(&self, grain: Grain) -> Part {
        let slice = self.slice(grain, By::At);
        Part {
            grain,
            from: slice.from,
            to: slice.to,
            function: slice.function,
            channel: slice.channel,
            outcome: slice.outcome,
            regions: self.regions.clone(),
        }
    }
}

pub(super) async fn told_of(
    view: &mut View,
    ask: &Ask,
    before: &Ask,
    grain: Grain,
) -> Result<Told, StoreError> {
    let now = view.insight().sides(&ask.part(grain)).await?;
    let then = view.insight().sides(&before.part(grain)).await?;
    Ok(Told {
        series: (now.at, then.at),
        functions: (now.functions, then.functions),
        channels: (now.channels, then.channels),
        outcomes: (now.outcomes, then.outcomes),
        regions: by_size(now.regions),
    })
}

/// Everything of a span by the hour.
async fn hours_summed(view: &mut View, ask: &Ask) -> Result<BTreeMap<i64, i64>, StoreError> {
    let mut sums = BTreeMap::new();
    let slice = ask.slice(Grain::Hour, By::At);
    for row in view.insight().rows(&slice).await? {
        if ask.sees(&row.region) {
            let n: &mut i64 = sums.entry(row.key).or_insert(0);
            *n = n.saturating_add(row.n);
        }
    }
    Ok(sums)
}

fn by_size(found: BTreeMap<String, i64>) -> Vec<Figure> {
    let mut figures: Vec<Figure> = found
        .into_iter()
        .map(|(name, n)| Figure { name, n, before: 0 })
        .collect();
    figures.sort_by(|a, b| b.n.cmp(&a.n).then_with(|| a.name.cmp(&b.name)));
    figures
}

/// Seven days from Monday, 24 hours each, of as much of the span as hours are kept of.
pub(super) async fn heat(view: &mut View, ask: &Ask) -> Result<Vec<Vec<i64>>, StoreError> {
    let mut week = vec![vec![0_i64; 24]; 7];
    let near = Ask {
        from: ask.from.max(ask.to.saturating_sub(HOURS_KEPT_DAYS)),
        ..ask.clone()
    };
    let hours = if near.is_filtered() {
        view.insight().hours(&near.part(Grain::Hour)).await?
    } else {
        hours_summed(view, &near).await?
    };
    for (at, n) in hours {
        let (day, hour) = (at.div_euclid(24), at.rem_euclid(24));
        let weekday = usize::try_from(day.saturating_add(3).rem_euclid(7)).unwrap_or(0);
        let cell = week
            .get_mut(weekday)
            .and_then(|hours| hours.get_mut(usize::try_from(hour).unwrap_or(0)));
        if let Some(cell) = cell {
            *cell = cell.saturating_add(n);
        }
    }
    Ok(week)
}
