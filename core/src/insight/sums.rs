//! The words of a day's reports: sums without persons, cells of one to four left out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::asked::{By, Grain, Row, Slice, word_of};
use super::followers::FollowDay;
use super::function::Function;
use super::people::{Period, TOLD_FROM, midnight};
use super::sample::{Channel, Outcome};
use crate::store::{StoreError, View};

/// Fewer than five are left out.
fn cell(n: i64) -> Value {
    if n == 0 || n >= TOLD_FROM {
        json!(n)
    } else {
        Value::Null
    }
}

/// A part beside its whole: what it leaves of that is a cell as well.
fn part_of(whole: i64, part: i64) -> Value {
    let others = cell(whole.saturating_sub(part));
    if others.is_null() { others } else { cell(part) }
}

fn slice(day: i64, by: By) -> Slice {
    Slice {
        grain: Grain::Day,
        from: day,
        to: day,
        function: None,
        channel: None,
        outcome: None,
        by,
    }
}

fn summed(rows: &[Row]) -> BTreeMap<i64, i64> {
    let mut sums = BTreeMap::new();
    for row in rows {
        let n: &mut i64 = sums.entry(row.key).or_insert(0);
        *n = n.saturating_add(row.n);
    }
    sums
}

/// What the cells of a list are called that stand in it as one.
const REST: &str = "rest";

/// The cells of a list beside whose sum, or that of another list of the same requests, they stand. Were those of one to
/// four only left out, that sum less the others would tell them: they stand together as [`REST`], with the smallest of
/// the others, and nothing says which these are.
fn listed<K: Ord>(sums: &BTreeMap<K, i64>, name: impl Fn(&K) -> String) -> Value {
    let (few, mut told): (Vec<_>, Vec<_>) =
        sums.iter().partition(|(_, n)| (1..TOLD_FROM).contains(*n));
    let mut rest: i64 = few.iter().map(|(_, n)| **n).sum();
    if !few.is_empty() {
        let others = told.iter().filter(|(_, n)| **n > 0);
        let smallest = others.min_by_key(|(_, n)| **n).copied();
        if let Some((key, n)) = smallest {
            rest = rest.saturating_add(*n);
            told.retain(|(other, _)| *other != key);
        }
    }
    let told = told
        .into_iter()
        .map(|(key, n)| json!({"name": name(key), "n": n}));
    let rest = (rest > 0).then(|| json!({"name": REST, "n": cell(rest)}));
    told.chain(rest).collect()
}

fn word<T: Copy>(all: &[T], number: i64, say: fn(T) -> &'static str) -> String {
    word_of(all, number, say).unwrap_or("other").to_owned()
}

/// The body for the superior company, `None` for a day on which nothing was asked.
pub(super) async fn for_company(view: &mut View, day: i64) -> Result<Option<Value>, StoreError> {
    let outcomes = view.insight().rows(&slice(day, By::Outcome)).await?;
    let by_outcome = summed(&outcomes);
    let all: i64 = by_outcome.values().sum();
    if all == 0 {
        return Ok(None);
    }
    let mut regions = BTreeMap::<&str, i64>::new();
    for row in &outcomes {
        let n = regions.entry(row.region.as_str()).or_insert(0);
        *n = n.saturating_add(row.n);
    }
    let functions = summed(&view.insight().rows(&slice(day, By::Function)).await?);
    let channels = summed(&view.insight().rows(&slice(day, By::Channel)).await?);
    let begins = midnight(day).shanghai_date();
    let people = view
        .insight()
        .settled(Period::Day, "all", &begins, &begins)
        .await?;
    let follows = view.insight().follow_days(day, day).await?;
    let follow = |of: fn(&FollowDay) -> i64| cell(follows.iter().map(of).sum());
    let bound: Value = view
        .insight()
        .bound_regions()
        .await?
        .iter()
        .map(|one| json!({"name": one.region, "people": cell(one.people)}))
        .collect();
    Ok(Some(json!({
        "kind": "daily_aggregate",
        "day": begins,
        "requests": cell(all),
        "outcomes": listed(&by_outcome, |key| word(&Outcome::ALL, *key, Outcome::as_str)),
        "functions": listed(&functions, |key| Function::numbered(*key).name.to_owned()),
        "channels": listed(&channels, |key| word(&Channel::ALL, *key, Channel::as_str)),
        "regions": listed(&regions, |name| (*name).to_owned()),
        "people": people.first().map_or(Value::Null, |(_, n)| cell(*n)),
        "followed": follow(|one| one.followed),
        "unfollowed": follow(|one| one.unfollowed),
        "following": cell(view.insight().following().await?),
        "bound_people": bound,
    })))
}

/// The body for the data centre: done and other requests of each hour.
pub(super) async fn for_data_centre(
    view: &mut View,
    day: i64,
) -> Result<Option<Value>, StoreError> {
    let hours = |outcome| Slice {
        grain: Grain::Hour,
        from: day.saturating_mul(24),
        to: day.saturating_mul(24).saturating_add(23),
        outcome,
        ..slice(day, By::At)
    };
    let all = summed(&view.insight().rows(&hours(None)).await?);
    if all.is_empty() {
        return Ok(None);
    }
    let done = summed(&view.insight().rows(&hours(Some(Outcome::Done))).await?);
    let told = |hour: i64| {
        let at = day.saturating_mul(24).saturating_add(hour);
        let of = |sums: &BTreeMap<i64, i64>| sums.get(&at).copied().unwrap_or(0);
        let (all, done) = (of(&all), of(&done));
        json!({"hour": hour, "requests": cell(all), "done": part_of(all, done)})
    };
    Ok(Some(json!({
        "kind": "usage_hours",
        "day": midnight(day).shanghai_date(),
        "hours": (0..24).map(told).collect::<Value>(),
    })))
}

/// The body for the basic data platform: linked homes of each supply office as they stand now, `None` while nobody is
/// linked.
pub(super) async fn for_basic_data(view: &mut View, day: i64) -> Result<Option<Value>, StoreError> {
    let bound = view.insight().bound_regions().await?;
    if bound.is_empty() {
        return Ok(None);
    }
    let offices: BTreeMap<&str, i64> = bound
        .iter()
        .map(|one| (one.region.as_str(), one.homes))
        .collect();
    let offices: Value = offices
        .iter()
        .map(|(org_no, homes)| json!({"org_no": org_no, "homes": cell(*homes)}))
        .collect();
    Ok(Some(json!({
        "kind": "linked_homes",
        "day": midnight(day).shanghai_date(),
        "offices": offices,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ln_02_cells_of_one_to_four_are_left_out() {
        assert_eq!([0, 5, 6].map(cell), [json!(0), json!(5), json!(6)]);
        assert_eq!([1, 4].map(cell), [Value::Null, Value::Null]);
    }

    #[test]
    fn c10_no_sum_less_the_cells_beside_it_tells_one_that_is_left_out() {
        let told = |cells: &[(&'static str, i64)]| {
            let sums: BTreeMap<&str, i64> = cells.iter().copied().collect();
            listed(&sums, |name| (*name).to_owned())
        };
        let own = json!([{"name": "1504", "n": 9}, {"name": "1505", "n": 0}]);
        assert_eq!(told(&[("1504", 9), ("1505", 0)]), own, "nothing is few");
        let rest = |n: i64| json!({"name": REST, "n": n});
        assert_eq!(told(&[("1504", 5), ("1505", 4)]), json!([rest(9)]));
        assert_eq!(told(&[("1504", 3), ("1505", 4)]), json!([rest(7)]));
        assert_eq!(
            told(&[("1504", 70), ("1505", 1), ("1506", 6), ("1507", 2)]),
            json!([{"name": "1504", "n": 70}, rest(9)])
        );
        let few = json!([{"name": REST, "n": Value::Null}]);
        assert_eq!(told(&[("1504", 3)]), few, "nor the sum");
    }

    #[test]
    fn c10_a_part_does_not_tell_what_it_leaves_of_its_whole() {
        assert_eq!([9, 0].map(|part| part_of(9, part)), [json!(9), json!(0)]);
        assert_eq!(
            [4, 5].map(|part| part_of(9, part)),
            [Value::Null, Value::Null]
        );
    }
}
