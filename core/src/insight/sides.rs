//! What the counts of a span add up to by each of their sides: one reading of the cells a page is about, with filters
//! or without, and as much right before. The heat map of a page without one is of sums that are kept.

use std::collections::{BTreeMap, BTreeSet};

use super::asked::{
    By, DAYS_KEPT, Grain, HOURS_KEPT_DAYS, month_name, month_of, number_of, word_of,
};
use super::function::Function;
use super::people::midnight;
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
    /// Each function's requests by their moment.
    pub spread: BTreeMap<i64, BTreeMap<i64, i64>>,
    /// Each function's requests by how they ended.
    pub ends: BTreeMap<i64, BTreeMap<i64, i64>>,
    pub channels: BTreeMap<i64, i64>,
    pub outcomes: BTreeMap<i64, i64>,
    pub regions: BTreeMap<String, i64>,
}

/// The sums of a page, and of as much right before where all of that is kept.
pub(super) struct Told {
    part: Part,
    now: Sides,
    then: Option<Sides>,
}

impl Ask {
    fn is_filtered(&self) -> bool {
        self.function.is_some() || self.channel.is_some() || self.outcome.is_some()
    }

    pub(super) fn part(&self, grain: Grain) -> Part {
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

impl Part {
    /// As many days right before, or as many whole months; none when not all of them are kept.
    fn before(&self, today: i64) -> Option<Self> {
        let length = self.to.saturating_sub(self.from).saturating_add(1);
        let from = self.from.saturating_sub(length);
        let gone = today.saturating_sub(DAYS_KEPT);
        let is_kept = match self.grain {
            Grain::Hour => false,
            Grain::Day => from > gone,
            Grain::Month => from >= month_of(gone),
        };
        is_kept.then(|| Self {
            from,
            to: self.from.saturating_sub(1),
            ..self.clone()
        })
    }
}

/// Reads the sums of what is asked, in the grain it is told by.
pub(super) async fn told_of(
    view: &mut View,
    ask: &Ask,
    grain: Grain,
    today: i64,
) -> Result<Told, StoreError> {
    let part = ask.part(grain);
    let now = view.insight().sides(&part).await?;
    let then = match part.before(today) {
        Some(before) => Some(view.insight().sides(&before).await?),
        None => None,
    };
    Ok(Told { part, now, then })
}

/// A number of the span beside that of the span before.
type Both = (i64, Option<i64>);

impl Told {
    /// All requests.
    pub(super) fn calls(&self) -> Both {
        let all = |sides: &Sides| sides.at.values().sum::<i64>();
        (all(&self.now), self.then.as_ref().map(all))
    }

    /// Of a thousand requests, how many were done, and how many of the span before; absent where there was none.
    pub(super) fn done_permille(&self) -> [Option<i64>; 2] {
        let done = number_of(&Outcome::ALL, &Outcome::Done);
        let permille = |sides: &Sides| {
            let n = sides.outcomes.get(&done).copied().unwrap_or(0);
            let all: i64 = sides.at.values().sum();
            n.saturating_mul(1000).checked_div(all)
        };
        [permille(&self.now), self.then.as_ref().and_then(permille)]
    }

    /// Each moment of the span, those without a request too.
    pub(super) fn series(&self) -> Vec<Figure> {
        let (from, to) = (self.part.from, self.part.to);
        let length = to.saturating_sub(from).saturating_add(1);
        let of = |sides: &Sides, at: i64| sides.at.get(&at).copied().unwrap_or(0);
        let then = |at: i64| {
            let then = self.then.as_ref();
            then.map(|then| of(then, at.saturating_sub(length)))
        };
        let figure = |at| Figure {
            name: match self.part.grain {
                Grain::Month => month_name(at),
                Grain::Day | Grain::Hour => midnight(at).shanghai_date(),
            },
            n: of(&self.now, at),
            before: then(at),
        };
        (from..=to).map(figure).collect()
    }

    /// By one of the sides, most requests first; what there was only before stands last.
    fn ranked<K: Ord>(
        &self,
        side: fn(&Sides) -> &BTreeMap<K, i64>,
        name: impl Fn(&K) -> String,
    ) -> Vec<Figure> {
        let (now, then) = (side(&self.now), self.then.as_ref().map(side));
        let of = |sums: &BTreeMap<K, i64>, key: &K| sums.get(key).copied().unwrap_or(0);
        let earlier = then.into_iter().flat_map(BTreeMap::keys);
        let keys: BTreeSet<&K> = now.keys().chain(earlier).collect();
        let figure = |key: &K| Figure {
            name: name(key),
            n: of(now, key),
            before: then.map(|then| of(then, key)),
        };
        let mut found: Vec<Figure> = keys.into_iter().map(figure).collect();
        found.sort_by(|a, b| b.n.cmp(&a.n).then_with(|| a.name.cmp(&b.name)));
        found
    }

    pub(super) fn functions(&self) -> Vec<Figure> {
        let name = |number: &i64| Function::numbered(*number).name.to_owned();
        self.ranked(|sides| &sides.functions, name)
    }

    /// Each function's requests at every moment of the span, by its name.
    pub(super) fn lines(&self) -> BTreeMap<String, Vec<i64>> {
        let line = |(number, at): (&i64, &BTreeMap<i64, i64>)| {
            let moments = self.part.from..=self.part.to;
            let counts = moments.map(|moment| at.get(&moment).copied().unwrap_or(0));
            let name = Function::numbered(*number).name;
            (name.to_owned(), counts.collect())
        };
        self.now.spread.iter().map(line).collect()
    }

    pub(super) fn channels(&self) -> Vec<Figure> {
        let name = |number: &i64| word(&Channel::ALL, *number, Channel::as_str);
        self.ranked(|sides| &sides.channels, name)
    }

    pub(super) fn outcomes(&self) -> Vec<Figure> {
        let name = |number: &i64| word(&Outcome::ALL, *number, Outcome::as_str);
        self.ranked(|sides| &sides.outcomes, name)
    }

    pub(super) fn regions(&self) -> Vec<Figure> {
        self.ranked(|sides| &sides.regions, String::clone)
    }
}

fn word<T: Copy>(all: &[T], number: i64, say: fn(T) -> &'static str) -> String {
    word_of(all, number, say).unwrap_or("?").to_owned()
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

/// Seven days from Monday, 24 hours each, of as much of the span as hours are kept of; none when that is nothing.
pub(super) async fn heat(
    view: &mut View,
    ask: &Ask,
    today: i64,
) -> Result<Option<Vec<Vec<i64>>>, StoreError> {
    let first_kept = today.saturating_sub(HOURS_KEPT_DAYS);
    if ask.to < first_kept {
        return Ok(None);
    }
    let mut week = vec![vec![0_i64; 24]; 7];
    let near = Ask {
        from: ask.from.max(first_kept),
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
    Ok(Some(week))
}
