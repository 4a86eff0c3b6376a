//! Counts of days, months and hours that are over, packed: one row for a moment's cells instead of one
//! for each, so that a page is added up in one short reading, whatever its filters.
//!
//! The tallies stay what is counted. A pack carries the sum of what it packs; where that differs from
//! the sums that are kept (something was added later) the tallies are read instead, until it is packed anew.

use std::collections::BTreeMap;

use lifeline_core::insight::asked::{By, Grain, Slice, number_of};
use lifeline_core::insight::sides::{Part, Sides};
use lifeline_core::insight::{Channel, Outcome};
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Sql, WriteConn, counts};

statements! { "slices":
    PACKS("access_pack") = "SELECT at % 100000000 AS k, n, cells FROM access_pack WHERE at >= $1 AND at <= $2 AND part = $3 ORDER BY at";
    PACKED("access_pack") = "SELECT at % 100000000 AS k, n FROM access_pack WHERE at >= $1 AND at <= $2 AND part = $3 ORDER BY at";
    SUMS("access_sum") = "SELECT at % 100000000 AS k, CAST(SUM(n) AS BIGINT) AS n FROM access_sum \
        WHERE at >= $1 AND at <= $2 GROUP BY at % 100000000 ORDER BY at % 100000000";
    SUMS_OF_DAYS("access_sum") = "SELECT at % 100000000 / 24 AS k, CAST(SUM(n) AS BIGINT) AS n FROM access_sum \
        WHERE at >= $1 AND at <= $2 GROUP BY at % 100000000 / 24 ORDER BY at % 100000000 / 24";
    LOOSE("access_tally") = "SELECT at % 100000000 AS k, cell, n FROM access_tally WHERE at >= $1 AND at <= $2 ORDER BY at, cell";
    KEEP("access_pack") = "INSERT INTO access_pack (at, part, n, cells) VALUES ($1, $2, $3, $4)";
    UNPACK("access_pack") = "DELETE FROM access_pack WHERE at = $1";
    PACKS_GO("access_pack") = "DELETE FROM access_pack WHERE at >= $1 AND at < $2";
}

/// Which pack of a moment holds everything; hours have one more for each function.
const WHOLE: i64 = 0;
/// What a cell counts in: function (of an hour's pack the hour), channel, outcome, region.
const FIRST: i64 = 1_000_000;
const CHANNEL: i64 = 100_000;
const OUTCOME: i64 = 10_000;
const FEW: usize = 10;
const REGIONS: usize = 10_000;

/// Seven bits at a time, the lowest first; the high bit says that more follow.
fn write(into: &mut Vec<u8>, number: i64) {
    let mut rest = number.unsigned_abs();
    loop {
        let low = u8::try_from(rest & 0x7f).unwrap_or(0);
        rest >>= 7;
        if rest == 0 {
            into.push(low);
            return;
        }
        into.push(low | 0x80);
    }
}

fn read(bytes: &mut std::slice::Iter<'_, u8>) -> Option<i64> {
    let mut number = 0_u64;
    for shift in (0..63).step_by(7) {
        let byte = *bytes.next()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return i64::try_from(number).ok();
        }
    }
    None
}

/// Cells in their order with how often, and the sum.
fn packed(cells: &BTreeMap<i64, i64>) -> (Vec<u8>, i64) {
    let (mut bytes, mut before, mut sum) = (Vec::new(), 0, 0_i64);
    for (cell, n) in cells {
        write(&mut bytes, cell.saturating_sub(before));
        write(&mut bytes, *n);
        before = *cell;
        sum = sum.saturating_add(*n);
    }
    (bytes, sum)
}

/// Hands out each cell of a pack; `None` when it is none.
fn unpack(bytes: &[u8], mut each: impl FnMut(i64, i64)) -> Option<()> {
    let (mut bytes, mut cell) = (bytes.iter(), 0_i64);
    while !bytes.as_slice().is_empty() {
        cell = cell.saturating_add(read(&mut bytes)?);
        each(cell, read(&mut bytes)?);
    }
    Some(())
}

/// Adds cells up. Plain rows of numbers: a page of two years has a million cells.
struct Adding {
    function: Option<i64>,
    channel: Option<i64>,
    outcome: Option<i64>,
    /// Which regions count; absent when all do.
    seen: Option<Vec<bool>>,
    first: BTreeMap<i64, i64>,
    /// The first number of the cells right before, and what they add up to: cells come in their order.
    run: (i64, i64),
    channels: [i64; FEW],
    outcomes: [i64; FEW],
    regions: Vec<i64>,
}

fn add(row: &mut [i64], at: i64, n: i64) {
    let place = usize::try_from(at).ok().and_then(|at| row.get_mut(at));
    if let Some(sum) = place {
        *sum = sum.saturating_add(n);
    }
}

fn numbered(row: &[i64]) -> BTreeMap<i64, i64> {
    let some = (0_i64..).zip(row).filter(|(_, n)| **n > 0);
    some.map(|(at, n)| (at, *n)).collect()
}

impl Adding {
    /// Of a pack of hours by function the first number of a cell is the hour, and every one counts.
    fn new(part: &Part, function: Option<i64>) -> Self {
        let seen = part.regions.as_ref().map(|regions| {
            let mut seen = vec![false; REGIONS];
            for region in regions {
                let number = counts::item(0, region);
                let place = usize::try_from(number).ok();
                if let Some(place) = place.and_then(|at| seen.get_mut(at)) {
                    *place = true;
                }
            }
            seen
        });
        Self {
            function,
            channel: part.channel.map(|one| number_of(&Channel::ALL, &one)),
            outcome: part.outcome.map(|one| number_of(&Outcome::ALL, &one)),
            seen,
            first: BTreeMap::new(),
            run: (0, 0),
            channels: [0; FEW],
            outcomes: [0; FEW],
            regions: vec![0; REGIONS],
        }
    }

    /// Adds one cell; how much of it counted.
    fn add(&mut self, cell: i64, n: i64) -> i64 {
        let (first, rest) = (cell.div_euclid(FIRST), cell.rem_euclid(FIRST));
        let (channel, rest) = (rest.div_euclid(CHANNEL), rest.rem_euclid(CHANNEL));
        let (outcome, region) = (rest.div_euclid(OUTCOME), rest.rem_euclid(OUTCOME));
        let other = |wanted: Option<i64>, is: i64| wanted.is_some_and(|wanted| wanted != is);
        let unseen = self.seen.as_ref().is_some_and(|seen| {
            let at = usize::try_from(region).unwrap_or(0);
            !seen.get(at).copied().unwrap_or(false)
        });
        if unseen
            || other(self.function, first)
            || other(self.channel, channel)
            || other(self.outcome, outcome)
        {
            return 0;
        }
        if self.run.0 != first {
            self.end_run();
            self.run = (first, 0);
        }
        self.run.1 = self.run.1.saturating_add(n);
        add(&mut self.channels, channel, n);
        add(&mut self.outcomes, outcome, n);
        add(&mut self.regions, region, n);
        n
    }

    fn end_run(&mut self) {
        let (first, n) = std::mem::take(&mut self.run);
        if n > 0 {
            let sum = self.first.entry(first).or_insert(0);
            *sum = sum.saturating_add(n);
        }
    }

    fn by_first(mut self) -> BTreeMap<i64, i64> {
        self.end_run();
        self.first
    }

    fn sides(mut self, at: BTreeMap<i64, i64>) -> Sides {
        self.end_run();
        let regions = numbered(&self.regions).into_iter();
        Sides {
            at,
            functions: self.first,
            channels: numbered(&self.channels),
            outcomes: numbered(&self.outcomes),
            regions: regions
                .map(|(number, n)| (counts::region_name(number), n))
                .collect(),
        }
    }
}

/// Moments in their order as spans without a hole, so that each is read at once.
fn spans(moments: &[i64]) -> Vec<(i64, i64)> {
    let mut spans: Vec<(i64, i64)> = Vec::new();
    for at in moments {
        match spans.last_mut() {
            Some((_, last)) if last.saturating_add(1) == *at => *last = *at,
            _ => spans.push((*at, *at)),
        }
    }
    spans
}

/// First and last of a grain's moments as they stand among the packs: hours by their day.
fn among(grain: Grain, from: i64, to: i64) -> (i64, i64) {
    (counts::tally_at(grain, from), counts::tally_at(grain, to))
}

type Moments = BTreeMap<i64, i64>;

impl<C: Conn> Sql<C> {
    async fn moments_summed(
        &mut self,
        grain: Grain,
        (from, to): (i64, i64),
    ) -> Result<Moments, StoreError> {
        let side = counts::side(By::At);
        let days = grain == Grain::Hour;
        let (from, to) = if days {
            (
                from.saturating_mul(24),
                to.saturating_mul(24).saturating_add(23),
            )
        } else {
            (from, to)
        };
        let (from, to) = (
            counts::sum_at(grain, side, from),
            counts::sum_at(grain, side, to),
        );
        let stmt = if days { &SUMS_OF_DAYS } else { &SUMS };
        let rows = self.rows(stmt, args![from, to]).await?;
        rows.iter()
            .map(|row| Ok((row.int("k")?, row.int("n")?)))
            .collect()
    }

    /// What a part adds up to by each of its sides.
    pub(super) async fn sides_of(&mut self, part: &Part) -> Result<Sides, StoreError> {
        let mut left = self
            .moments_summed(part.grain, (part.from, part.to))
            .await?;
        let mut adding = Adding::new(part, part.function);
        let mut at = Moments::new();
        let (from, to) = among(part.grain, part.from, part.to);
        for row in self.rows(&PACKS, args![from, to, WHOLE]).await? {
            let (moment, n) = (row.int("k")?, row.int("n")?);
            if left.get(&moment) != Some(&n) {
                continue;
            }
            left.remove(&moment);
            let mut here = 0_i64;
            let cells = row.bytes("cells")?;
            unpack(&cells, |cell, n| {
                here = here.saturating_add(adding.add(cell, n))
            })
            .ok_or_else(|| row.corrupt("cells"))?;
            at.insert(moment, here);
        }
        let loose: Vec<i64> = left.into_keys().collect();
        for (first, last) in spans(&loose) {
            let (from, to) = among(part.grain, first, last);
            for row in self.rows(&LOOSE, args![from, to]).await? {
                let here = adding.add(row.int("cell")?, row.int("n")?);
                let sum = at.entry(row.int("k")?).or_insert(0);
                *sum = sum.saturating_add(here);
            }
        }
        at.retain(|_, n| *n > 0);
        Ok(adding.sides(at))
    }

    /// A part of hours, added up by the hour. All packs of a day are made together: whether one function's is what is
    /// counted is told from the whole day's, whose sums are few.
    pub(super) async fn hours_of(&mut self, part: &Part) -> Result<Moments, StoreError> {
        let days = (part.from.div_euclid(24), part.to.div_euclid(24));
        let loose = self.loose_moments(Grain::Hour, days.0, days.1).await?;
        let mut hours = Moments::new();
        let (from, to) = among(Grain::Hour, days.0, days.1);
        let which = part.function.unwrap_or(WHOLE);
        for row in self.rows(&PACKS, args![from, to, which]).await? {
            let day = row.int("k")?;
            if loose.binary_search(&day).is_ok() {
                continue;
            }
            let mut adding = Adding::new(part, None);
            let cells = row.bytes("cells")?;
            unpack(&cells, |cell, n| {
                adding.add(cell, n);
            })
            .ok_or_else(|| row.corrupt("cells"))?;
            let begins = day.saturating_mul(24);
            let of_day = adding.by_first().into_iter();
            hours.extend(of_day.map(|(hour, n)| (begins.saturating_add(hour), n)));
        }
        for (first, last) in spans(&loose) {
            self.add_loose_hours(part, (first, last), &mut hours)
                .await?;
        }
        hours.retain(|at, n| *n > 0 && (part.from..=part.to).contains(at));
        Ok(hours)
    }

    async fn add_loose_hours(
        &mut self,
        part: &Part,
        (first, last): (i64, i64),
        hours: &mut Moments,
    ) -> Result<(), StoreError> {
        let slice = Slice {
            grain: Grain::Hour,
            from: first.saturating_mul(24),
            to: last.saturating_mul(24).saturating_add(23),
            function: part.function,
            channel: part.channel,
            outcome: part.outcome,
            by: By::At,
        };
        for row in self.summed_rows(&slice).await? {
            let regions = part.regions.as_ref();
            if regions.is_none_or(|regions| regions.contains(&row.region)) {
                let sum = hours.entry(row.key).or_insert(0);
                *sum = sum.saturating_add(row.n);
            }
        }
        Ok(())
    }

    /// Moments whose pack is not what is counted.
    pub(super) async fn loose_moments(
        &mut self,
        grain: Grain,
        from: i64,
        to: i64,
    ) -> Result<Vec<i64>, StoreError> {
        let mut left = self.moments_summed(grain, (from, to)).await?;
        let (from, to) = among(grain, from, to);
        for row in self.rows(&PACKED, args![from, to, WHOLE]).await? {
            let (moment, n) = (row.int("k")?, row.int("n")?);
            if left.get(&moment) == Some(&n) {
                left.remove(&moment);
            }
        }
        Ok(left.into_keys().collect())
    }
}

impl<C: WriteConn> Sql<C> {
    /// Packs one moment; hours by the day.
    pub(super) async fn pack_moment(&mut self, grain: Grain, at: i64) -> Result<(), StoreError> {
        let hourly = grain == Grain::Hour;
        let (from, to) = if hourly {
            let begins = at.saturating_mul(24);
            among(grain, begins, begins.saturating_add(23))
        } else {
            among(grain, at, at)
        };
        let mut parts: BTreeMap<i64, BTreeMap<i64, i64>> = BTreeMap::new();
        let mut put = |part: i64, cell: i64, n: i64| {
            let sum = parts.entry(part).or_default().entry(cell).or_insert(0);
            *sum = sum.saturating_add(n);
        };
        for row in self.rows(&LOOSE, args![from, to]).await? {
            let (cell, n) = (row.int("cell")?, row.int("n")?);
            if hourly {
                let hour = row.int("k")?.rem_euclid(24);
                let of_hour = hour.saturating_mul(FIRST);
                let of_hour = of_hour.saturating_add(cell.rem_euclid(FIRST));
                put(WHOLE, of_hour, n);
                put(cell.div_euclid(FIRST), of_hour, n);
            } else {
                put(WHOLE, cell, n);
            }
        }
        let place = counts::tally_at(grain, at);
        self.touched(&UNPACK, args![place]).await?;
        let row = |(part, cells): (i64, BTreeMap<i64, i64>)| {
            let (bytes, sum) = packed(&cells);
            args![place, part, sum, bytes]
        };
        let rows = parts.into_iter().map(row).collect();
        self.write_many(&KEEP, rows).await.map(drop)
    }

    /// Takes away a grain's packs before a moment; hours by their day.
    pub(super) async fn purge_packs(
        &mut self,
        grain: Grain,
        before: i64,
    ) -> Result<u64, StoreError> {
        let (from, to) = among(grain, 0, before);
        self.touched(&PACKS_GO, args![from, to]).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack_is_read_as_it_was_written_and_a_torn_one_is_none() {
        let cells: BTreeMap<i64, i64> = [
            (0, 1),
            (12_131_504, 127),
            (12_131_505, 128),
            (99_999_999, i64::MAX / 2),
        ]
        .into();
        let (bytes, sum) = packed(&cells);
        assert_eq!(sum, cells.values().sum::<i64>());
        let mut found = BTreeMap::new();
        let whole = unpack(&bytes, |cell, n| {
            found.insert(cell, n);
        });
        assert_eq!((whole, found), (Some(()), cells));
        assert_eq!(unpack(&bytes[..bytes.len() - 1], |_, _| ()), None);
        assert_eq!(unpack(&[0xff; 20], |_, _| ()), None);
        assert_eq!(unpack(&[], |_, _| ()), Some(()));
    }

    #[test]
    fn moments_in_a_row_are_one_span() {
        assert_eq!(spans(&[1, 2, 3, 7, 9, 10]), [(1, 3), (7, 7), (9, 10)]);
        assert!(spans(&[]).is_empty());
    }
}
