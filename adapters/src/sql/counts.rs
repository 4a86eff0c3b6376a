//! How counts are kept narrow: a cell and its moment are one number each. On PostgreSQL a row has 24
//! bytes of its own and its entry in the key another 16, so that every column counts (docs/PERFORMANCE.md).

use std::collections::BTreeMap;

use lifeline_core::insight::asked::{By, Grain, Slice, month_of, number_of};
use lifeline_core::insight::batch::{Batch, Cell};
use lifeline_core::insight::sample::NOWHERE;
use lifeline_core::insight::{Channel, Outcome};
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Sql, Stmt, Value, WriteConn};

/// Moments of one grain lie together: hours of a million days would fit.
const GRAIN: i64 = 100_000_000;
/// Sides of the sums within a grain.
const SIDES: i64 = 4;
/// Codes of supply offices have four digits; 0 is nowhere.
const REGIONS: i64 = 10_000;

statements! { "counts":
    SUM_BY_AT("access_sum") = "SELECT at % 100000000 AS k, item % 10000 AS region, CAST(SUM(n) AS BIGINT) AS n FROM access_sum \
        WHERE at >= $1 AND at <= $2 AND item >= $3 AND item <= $4 GROUP BY at % 100000000, item % 10000 ORDER BY at % 100000000, item % 10000";
    SUM_BY_ITEM("access_sum") = "SELECT item / 10000 AS k, item % 10000 AS region, CAST(SUM(n) AS BIGINT) AS n FROM access_sum \
        WHERE at >= $1 AND at <= $2 AND item >= $3 AND item <= $4 GROUP BY item / 10000, item % 10000 ORDER BY item / 10000, item % 10000";
    TALLY("access_tally") = "INSERT INTO access_tally (at, cell, n) VALUES ($1, $2, $3) \
        ON CONFLICT (at, cell) DO UPDATE SET n = access_tally.n + excluded.n";
    SUM("access_sum") = "INSERT INTO access_sum (at, item, n) VALUES ($1, $2, $3) \
        ON CONFLICT (at, item) DO UPDATE SET n = access_sum.n + excluded.n";
    TALLIES_GO("access_tally") = "DELETE FROM access_tally WHERE at >= $1 AND at < $2";
    SUMS_GO("access_sum") = "DELETE FROM access_sum WHERE at >= $1 AND at < $2";
}

/// What adds up the sums of a side by something.
pub(super) fn sums_by(by: By) -> &'static Stmt {
    match by {
        By::At => &SUM_BY_AT,
        By::Function | By::Channel | By::Outcome => &SUM_BY_ITEM,
    }
}

/// The side of the sums that answers a slice, and its first and last item there; none when no side does.
pub(super) fn summed(slice: &Slice) -> Option<(i64, i64, i64)> {
    let channel = slice.channel.map(|one| number_of(&Channel::ALL, &one));
    let outcome = slice.outcome.map(|one| number_of(&Outcome::ALL, &one));
    let filters = [
        (By::Function, slice.function),
        (By::Channel, channel),
        (By::Outcome, outcome),
    ];
    let set = |(by, number): (By, Option<i64>)| Some((by, number?));
    let mut set = filters.into_iter().filter_map(set);
    match (set.next(), set.next()) {
        (None, _) => Some((side(slice.by), 0, i64::MAX)),
        (Some((by, number)), None) if slice.by == By::At || slice.by == by => {
            let first = number.saturating_mul(REGIONS);
            let last = first.saturating_add(REGIONS.saturating_sub(1));
            Some((side(by), first, last))
        }
        _ => None,
    }
}

/// Which side of the counts a sum is by.
pub(super) const fn side(by: By) -> i64 {
    match by {
        By::At => 0,
        By::Function => 1,
        By::Channel => 2,
        By::Outcome => 3,
    }
}

/// Within its grain: a span may be asked for without an end, and must not reach into the next grain.
fn within(at: i64) -> i64 {
    at.clamp(0, GRAIN.saturating_sub(1))
}

/// A moment of a grain among the tallies.
pub(super) fn tally_at(grain: Grain, at: i64) -> i64 {
    grain
        .number()
        .saturating_mul(GRAIN)
        .saturating_add(within(at))
}

/// A moment of a grain and a side among the sums.
pub(super) fn sum_at(grain: Grain, side: i64, at: i64) -> i64 {
    let place = grain.number().saturating_mul(SIDES).saturating_add(side);
    place.saturating_mul(GRAIN).saturating_add(within(at))
}

fn region_number(region: &str) -> i64 {
    let number: Option<i64> = region.parse().ok();
    number
        .filter(|number| (1..REGIONS).contains(number))
        .unwrap_or(0)
}

/// The name of a region that is kept as a number.
pub(super) fn region_name(number: i64) -> String {
    if number == 0 {
        NOWHERE.to_owned()
    } else {
        format!("{number:04}")
    }
}

/// A thing of a side, in a region.
pub(super) fn item(number: i64, region: &str) -> i64 {
    number
        .saturating_mul(REGIONS)
        .saturating_add(region_number(region))
}

/// Function, channel, outcome and region as one number.
pub(super) fn cell(cell: &Cell) -> i64 {
    let number = cell
        .function
        .saturating_mul(10)
        .saturating_add(number_of(&Channel::ALL, &cell.channel))
        .saturating_mul(10)
        .saturating_add(number_of(&Outcome::ALL, &cell.outcome));
    item(number, &cell.region)
}

/// The three grains that one cell of a batch adds to.
fn grains(day: i64, hour: i64) -> [(Grain, i64); 3] {
    [
        (Grain::Hour, day.saturating_mul(24).saturating_add(hour)),
        (Grain::Day, day),
        (Grain::Month, month_of(day)),
    ]
}

/// What a batch adds to the tallies and to the sums: rows of [`TALLY`] and of [`SUM`].
fn rows_of(batch: &Batch) -> (Vec<Vec<Value>>, Vec<Vec<Value>>) {
    let (mut tallies, mut sums) = (BTreeMap::new(), BTreeMap::new());
    let add = |into: &mut BTreeMap<(i64, i64), i64>, key, n: i64| {
        let sum = into.entry(key).or_insert(0);
        *sum = sum.saturating_add(n);
    };
    for (one, n) in &batch.counts {
        let items = [
            (By::At, 0),
            (By::Function, one.function),
            (By::Channel, number_of(&Channel::ALL, &one.channel)),
            (By::Outcome, number_of(&Outcome::ALL, &one.outcome)),
        ];
        for (grain, at) in grains(one.day, one.hour) {
            add(&mut tallies, (tally_at(grain, at), cell(one)), *n);
            for (by, number) in items {
                let key = (sum_at(grain, side(by), at), item(number, &one.region));
                add(&mut sums, key, *n);
            }
        }
    }
    let rows = |all: BTreeMap<(i64, i64), i64>| {
        all.into_iter()
            .map(|((at, what), n)| args![at, what, n])
            .collect()
    };
    (rows(tallies), rows(sums))
}

impl<C: WriteConn> Sql<C> {
    /// Adds a batch to the tallies and the sums.
    pub(super) async fn add_counts(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let (tallies, sums) = rows_of(batch);
        self.write_many(&TALLY, tallies).await?;
        self.write_many(&SUM, sums).await.map(drop)
    }

    /// Takes away a grain's counts before a moment.
    pub(super) async fn purge_counts(
        &mut self,
        grain: Grain,
        before: i64,
    ) -> Result<u64, StoreError> {
        let span = args![tally_at(grain, 0), tally_at(grain, before)];
        let mut gone = self.touched(&TALLIES_GO, span).await?;
        for side in 0..SIDES {
            let span = args![sum_at(grain, side, 0), sum_at(grain, side, before)];
            gone = gone.saturating_add(self.touched(&SUMS_GO, span).await?);
        }
        Ok(gone)
    }
}

/// The first and the last moment of a slice among the sums of a side.
pub(super) fn span(slice: &Slice, side: i64) -> (i64, i64) {
    (
        sum_at(slice.grain, side, slice.from),
        sum_at(slice.grain, side, slice.to),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_apart_what_is_not_the_same() {
        assert!(Channel::ALL.len() <= 10 && Outcome::ALL.len() <= 10);
        let of = |function, channel: usize, outcome: usize, region: &str| {
            cell(&Cell {
                day: 1,
                hour: 2,
                function,
                channel: Channel::ALL[channel],
                region: region.to_owned(),
                outcome: Outcome::ALL[outcome],
            })
        };
        assert_eq!(of(12, 1, 3, "1504"), 12_131_504);
        assert_eq!(of(12, 1, 3, NOWHERE), 12_130_000);
        assert_eq!(
            (
                of(12, 1, 3, "1504") / 1_000_000,
                of(1, 2, 0, "9999") / 100_000 % 10
            ),
            (12, 2)
        );
        for (name, number) in [("1504", 1504), ("0104", 104), (NOWHERE, 0)] {
            assert_eq!(
                (region_number(name), region_name(number)),
                (number, name.to_owned())
            );
        }
        for odd in ["", "0", "10000", "-5", "x"] {
            assert_eq!(region_number(odd), 0, "{odd}");
        }
        let last = sum_at(Grain::Hour, 3, GRAIN - 1);
        assert!(last < sum_at(Grain::Day, 0, 0) && last > sum_at(Grain::Hour, 2, GRAIN - 1));
        assert!(tally_at(Grain::Hour, GRAIN - 1) < tally_at(Grain::Day, 0));
        for endless in [i64::MAX / 2, i64::MAX] {
            assert!(tally_at(Grain::Hour, endless) < tally_at(Grain::Day, 0));
            assert!(sum_at(Grain::Day, 3, endless) < sum_at(Grain::Month, 0, 0));
            assert_eq!(tally_at(Grain::Day, -endless), tally_at(Grain::Day, 0));
        }
    }

    #[test]
    fn a_page_with_one_filter_is_answered_by_sums_where_they_know() {
        let slice = |by, function, channel| Slice {
            grain: Grain::Day,
            from: 1,
            to: 2,
            function,
            channel,
            outcome: None,
            by,
        };
        let mini = Some(Channel::Mini);
        assert_eq!(
            summed(&slice(By::Outcome, None, None)),
            Some((3, 0, i64::MAX))
        );
        assert_eq!(
            summed(&slice(By::At, Some(12), None)),
            Some((1, 120_000, 129_999))
        );
        assert_eq!(
            summed(&slice(By::Function, Some(12), None)),
            summed(&slice(By::At, Some(12), None))
        );
        assert_eq!(summed(&slice(By::Channel, Some(12), None)), None);
        assert_eq!(summed(&slice(By::At, Some(12), mini)), None);
        let of_mini = number_of(&Channel::ALL, &Channel::Mini);
        let first = of_mini * REGIONS;
        assert_eq!(
            summed(&slice(By::Channel, None, mini)),
            Some((2, first, first + REGIONS - 1))
        );
    }
}
