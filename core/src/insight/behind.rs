//! From a figure to what it is the sum of (LN-31): the finest counts that are kept of the same part. There is nothing
//! finer but the requests that were not done: who came is not kept, only how many different people they were.

use std::collections::BTreeMap;

use super::asked::{DAYS_KEPT, Grain, HOURS_KEPT_DAYS, month_name, month_of, number_of};
use super::crowds::cell_of;
use super::error::InsightError;
use super::function::Function;
use super::latency::bound;
use super::people::{Period, midnight, told};
use super::report::{Ask, Insight};
use super::sample::Outcome;
use crate::store::{StoreError, View, snapshot};

/// A span of so many days is told by its hours.
pub const DAYS_BY_HOUR: i64 = 7;

/// Of which hours of a week; what is absent leaves none out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hours {
    /// From 0, which is Monday.
    pub weekday: Option<i64>,
    /// From 0 to 23.
    pub hour: Option<i64>,
}

impl Hours {
    /// Whether some hours are left out.
    #[must_use]
    pub const fn are_some(&self) -> bool {
        self.weekday.is_some() || self.hour.is_some()
    }

    fn has(self, at: i64) -> bool {
        let weekday = at.div_euclid(24).saturating_add(3).rem_euclid(7);
        self.weekday.is_none_or(|own| own == weekday)
            && self.hour.is_none_or(|own| own == at.rem_euclid(24))
    }
}

/// The requests of one hour, day or month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// `YYYY-MM-DD HH`, `YYYY-MM-DD` or `YYYY-MM`.
    pub name: String,
    /// Its first and its last day that can be asked for.
    pub days: (i64, i64),
    pub n: i64,
}

/// Days, each with its people where that is told.
pub type PeopleByDay = Vec<(String, Option<i64>)>;

/// What stands behind the figures of a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    pub grain: Grain,
    /// In order; those without a request are left out.
    pub moments: Vec<Counted>,
    /// Each function's requests in the order of [`Outcome::ALL`], most first. Empty where some hours are asked for: of
    /// them only the sum is told.
    pub functions: Vec<(String, Vec<i64>)>,
    /// So many answers took at most so long, in microseconds; of all regions, channels and outcomes.
    pub latencies: Vec<(i64, i64)>,
    /// Different people of each day that is over; fewer than five are not told. Absent for a part that they are not
    /// counted of.
    pub people: Option<PeopleByDay>,
}

/// How finely a span is told.
fn finest(ask: &Ask, hours: Hours, first_hours: i64) -> Grain {
    let is_short = ask.days() <= DAYS_BY_HOUR && ask.from >= first_hours;
    if hours.are_some() || is_short {
        Grain::Hour
    } else {
        ask.grain()
    }
}

/// The hours of as much of the span as they are kept of.
async fn by_hour(
    view: &mut View,
    ask: &Ask,
    hours: Hours,
    first_hours: i64,
) -> Result<Vec<Counted>, StoreError> {
    let near = Ask {
        from: ask.from.max(first_hours),
        ..ask.clone()
    };
    if near.from > near.to {
        return Ok(Vec::new());
    }
    let found = view.insight().hours(&near.part(Grain::Hour)).await?;
    let told = |(at, n): (i64, i64)| {
        let day = at.div_euclid(24);
        let hour = at.rem_euclid(24);
        Counted {
            name: format!("{} {hour:02}", midnight(day).shanghai_date()),
            days: (day, day),
            n,
        }
    };
    let wanted = found.into_iter().filter(|(at, _)| hours.has(*at));
    Ok(wanted.map(told).collect())
}

/// The first and the last day of each month that a span touches, of the days that can be asked for.
fn days_of_months(ask: &Ask, today: i64) -> BTreeMap<i64, (i64, i64)> {
    let first_kept = today.saturating_sub(DAYS_KEPT).saturating_add(1);
    let from = ask.from.saturating_sub(31).max(first_kept);
    let to = ask.to.saturating_add(31).min(today);
    let mut months = BTreeMap::new();
    for day in from..=to {
        let span: &mut (i64, i64) = months.entry(month_of(day)).or_insert((day, day));
        span.1 = day;
    }
    months
}

fn by_day_or_month(ask: &Ask, sums: BTreeMap<i64, i64>, today: i64) -> Vec<Counted> {
    let grain = ask.grain();
    let months = days_of_months(ask, today);
    let told = |(at, n): (i64, i64)| match grain {
        Grain::Month => Counted {
            name: month_name(at),
            days: months.get(&at).copied().unwrap_or((ask.from, ask.to)),
            n,
        },
        Grain::Hour | Grain::Day => Counted {
            name: midnight(at).shanghai_date(),
            days: (at, at),
            n,
        },
    };
    sums.into_iter().map(told).collect()
}

/// Each function's requests by how they ended.
fn by_outcome(ends: &BTreeMap<i64, BTreeMap<i64, i64>>) -> Vec<(String, Vec<i64>)> {
    let counts = |ends: &BTreeMap<i64, i64>| -> Vec<i64> {
        let numbers = Outcome::ALL.iter();
        let numbers = numbers.map(|outcome| number_of(&Outcome::ALL, outcome));
        numbers
            .map(|number| ends.get(&number).copied().unwrap_or(0))
            .collect()
    };
    let mut functions: Vec<(String, Vec<i64>)> = ends
        .iter()
        .map(|(number, ends)| (Function::numbered(*number).name.to_owned(), counts(ends)))
        .collect();
    let all = |counts: &[i64]| counts.iter().sum::<i64>();
    functions.sort_by(|a, b| all(&b.1).cmp(&all(&a.1)).then_with(|| a.0.cmp(&b.0)));
    functions
}

/// The people of the days that are over.
async fn people_by_day(view: &mut View, ask: &Ask) -> Result<Option<PeopleByDay>, StoreError> {
    let Some(cell) = cell_of(ask) else {
        return Ok(None);
    };
    let first = Period::Day.of(midnight(ask.from));
    let last = Period::Day.of(midnight(ask.to));
    let found = view
        .insight()
        .settled(Period::Day, &cell, &first, &last)
        .await?;
    Ok(Some(
        found.into_iter().map(|(day, n)| (day, told(n))).collect(),
    ))
}

impl Insight {
    /// What stands behind the figures of a span; of some hours of the week, where that is asked.
    ///
    /// # Errors
    /// [`InsightError::Span`], or the store's.
    pub async fn behind(&self, ask: &Ask, hours: Hours) -> Result<Behind, InsightError> {
        let today = self.today();
        ask.check(today)?;
        let first_hours = today.saturating_sub(HOURS_KEPT_DAYS);
        let grain = finest(ask, hours, first_hours);
        let mut view = snapshot(&*self.store).await?;
        if hours.are_some() {
            return Ok(Behind {
                grain,
                moments: by_hour(&mut view, ask, hours, first_hours).await?,
                functions: Vec::new(),
                latencies: Vec::new(),
                people: None,
            });
        }
        // All that is told of the part comes of one reading: two years of cells are as many for each.
        let sides = view.insight().sides(&ask.part(ask.grain())).await?;
        let functions = by_outcome(&sides.ends);
        let moments = if grain == Grain::Hour {
            by_hour(&mut view, ask, hours, first_hours).await?
        } else {
            by_day_or_month(ask, sides.at, today)
        };
        let latencies = view
            .insight()
            .latencies(ask.from, ask.to, ask.function)
            .await?;
        Ok(Behind {
            grain,
            moments,
            functions,
            latencies: latencies
                .into_iter()
                .map(|(bucket, n)| (bound(bucket), n))
                .collect(),
            people: people_by_day(&mut view, ask).await?,
        })
    }
}
