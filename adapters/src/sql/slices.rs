//! Counts of days, months and hours that are over, packed: one row for a moment's cells instead of one
//! for each, so that a page is added up in one short reading, whatever its filters, and two years have room.
//!
//! What is packed is no tally any more: each count stands once, in a pack or beside it. What comes to a moment that is
//! packed is a tally again, which is counted with the pack until the timed task packs it as well.

use std::collections::BTreeMap;

use lifeline_core::insight::asked::{Grain, number_of};
use lifeline_core::insight::sides::{Part, Sides};
use lifeline_core::insight::{Channel, Outcome};
use lifeline_core::store::StoreError;

use super::insight::bound;
use super::packs::{packed, unpack};
use super::statement::statements;
use super::value::args;
use super::{Conn, Sql, WriteConn, counts};

statements! { "slices":
    PACKS("access_packed") = "SELECT at % 100000000 AS k, cells FROM access_packed WHERE at >= $1 AND at <= $2 AND part = $3 ORDER BY at";
    LOOSE("access_tally") = "SELECT at % 100000000 AS k, cell, n FROM access_tally WHERE at >= $1 AND at <= $2 ORDER BY at, cell";
    LOOSE_HOURS("access_tally") = "SELECT at % 100000000 AS k, cell % 10000 AS region, CAST(SUM(n) AS BIGINT) AS n FROM access_tally \
        WHERE at >= $1 AND at <= $2 AND (CAST($3 AS BIGINT) < 0 OR cell / 1000000 = $3) \
        AND (CAST($4 AS BIGINT) < 0 OR cell / 100000 % 10 = $4) AND (CAST($5 AS BIGINT) < 0 OR cell / 10000 % 10 = $5) \
        GROUP BY at % 100000000, cell % 10000 ORDER BY at % 100000000, cell % 10000";
    LOOSE_AT("access_tally") = "SELECT DISTINCT at % 100000000 AS k FROM access_tally WHERE at >= $1 AND at <= $2 ORDER BY 1";
    LOOSE_DAYS("access_tally") = "SELECT DISTINCT at % 100000000 / 24 AS k FROM access_tally WHERE at >= $1 AND at <= $2 ORDER BY 1";
    HOLD("access_packed") = "UPDATE access_packed SET cells = cells WHERE at = $1";
    TAKE("access_tally") = "DELETE FROM access_tally WHERE at >= $1 AND at <= $2 RETURNING at % 100000000 AS k, cell, n";
    PACKED("access_packed") = "SELECT part, cells FROM access_packed WHERE at = $1";
    UNPACK("access_packed") = "DELETE FROM access_packed WHERE at = $1";
    KEEP("access_packed") = "INSERT INTO access_packed (at, part, cells) VALUES ($1, $2, $3)";
    PACKS_GO("access_packed") = "DELETE FROM access_packed WHERE at >= $1 AND at < $2";
}

/// Which pack of a moment holds everything; hours have one more for each function.
const WHOLE: i64 = 0;
/// What a cell counts in: function (of an hour's pack the hour), channel, outcome, region.
const FIRST: i64 = 1_000_000;
const CHANNEL: i64 = 100_000;
const OUTCOME: i64 = 10_000;
const FEW: usize = 10;
const REGIONS: usize = 10_000;

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
    /// The same by outcome, and what each first number adds up to by it.
    run_ends: [i64; FEW],
    ends: BTreeMap<i64, [i64; FEW]>,
    /// The moment of what is added now, and what each first number adds up to at each.
    at: i64,
    spread: BTreeMap<i64, BTreeMap<i64, i64>>,
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
            run_ends: [0; FEW],
            ends: BTreeMap::new(),
            at: 0,
            spread: BTreeMap::new(),
            channels: [0; FEW],
            outcomes: [0; FEW],
            regions: vec![0; REGIONS],
        }
    }

    fn turn(&mut self, at: i64) {
        if self.at != at {
            self.end_run();
            self.at = at;
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
        add(&mut self.run_ends, outcome, n);
        add(&mut self.channels, channel, n);
        add(&mut self.outcomes, outcome, n);
        add(&mut self.regions, region, n);
        n
    }

    fn end_run(&mut self) {
        let (first, n) = std::mem::take(&mut self.run);
        let run_ends = std::mem::take(&mut self.run_ends);
        if n > 0 {
            let ends = self.ends.entry(first).or_insert([0; FEW]);
            for (sum, more) in ends.iter_mut().zip(run_ends) {
                *sum = sum.saturating_add(more);
            }
            let sum = self.first.entry(first).or_insert(0);
            *sum = sum.saturating_add(n);
            let moments = self.spread.entry(first).or_default();
            let here = moments.entry(self.at).or_insert(0);
            *here = here.saturating_add(n);
        }
    }

    fn by_first(mut self) -> BTreeMap<i64, i64> {
        self.end_run();
        self.first
    }

    fn sides(mut self, at: BTreeMap<i64, i64>) -> Sides {
        self.end_run();
        let regions = numbered(&self.regions).into_iter();
        let ends = self.ends.into_iter();
        Sides {
            at,
            ends: ends.map(|(first, row)| (first, numbered(&row))).collect(),
            spread: self.spread,
            functions: self.first,
            channels: numbered(&self.channels),
            outcomes: numbered(&self.outcomes),
            regions: regions
                .map(|(number, n)| (counts::region_name(number), n))
                .collect(),
        }
    }
}

/// First and last of a grain's moments as they stand among the packs: hours by their day.
fn among(grain: Grain, from: i64, to: i64) -> (i64, i64) {
    (counts::tally_at(grain, from), counts::tally_at(grain, to))
}

type Moments = BTreeMap<i64, i64>;

/// The moments among the tallies that a moment of a pack is of: of a day's hours all of them.
fn tallied(grain: Grain, from: i64, to: i64) -> (i64, i64) {
    if grain == Grain::Hour {
        let last = to.saturating_mul(24).saturating_add(23);
        among(grain, from.saturating_mul(24), last)
    } else {
        among(grain, from, to)
    }
}

impl<C: Conn> Sql<C> {
    /// What a part adds up to by each of its sides: what is packed, and what is not.
    pub(super) async fn sides_of(&mut self, part: &Part) -> Result<Sides, StoreError> {
        let mut adding = Adding::new(part, part.function);
        let mut at = Moments::new();
        let (from, to) = among(part.grain, part.from, part.to);
        for row in self.rows(&PACKS, args![from, to, WHOLE]).await? {
            adding.turn(row.int("k")?);
            let mut here = 0_i64;
            let cells = row.bytes("cells")?;
            unpack(&cells, |cell, n| {
                here = here.saturating_add(adding.add(cell, n));
            })
            .ok_or_else(|| row.corrupt("cells"))?;
            at.insert(row.int("k")?, here);
        }
        for row in self.rows(&LOOSE, args![from, to]).await? {
            adding.turn(row.int("k")?);
            let here = adding.add(row.int("cell")?, row.int("n")?);
            let sum = at.entry(row.int("k")?).or_insert(0);
            *sum = sum.saturating_add(here);
        }
        at.retain(|_, n| *n > 0);
        Ok(adding.sides(at))
    }

    /// A part of hours, added up by the hour: what is packed of their days, and what is not.
    pub(super) async fn hours_of(&mut self, part: &Part) -> Result<Moments, StoreError> {
        let days = (part.from.div_euclid(24), part.to.div_euclid(24));
        let mut hours = Moments::new();
        let (from, to) = among(Grain::Hour, days.0, days.1);
        let which = part.function.unwrap_or(WHOLE);
        for row in self.rows(&PACKS, args![from, to, which]).await? {
            let mut adding = Adding::new(part, None);
            let cells = row.bytes("cells")?;
            unpack(&cells, |cell, n| {
                adding.add(cell, n);
            })
            .ok_or_else(|| row.corrupt("cells"))?;
            let begins = row.int("k")?.saturating_mul(24);
            let of_day = adding.by_first().into_iter();
            hours.extend(of_day.map(|(hour, n)| (begins.saturating_add(hour), n)));
        }
        self.add_loose_hours(part, &mut hours).await?;
        hours.retain(|at, n| *n > 0 && (part.from..=part.to).contains(at));
        Ok(hours)
    }

    async fn add_loose_hours(
        &mut self,
        part: &Part,
        hours: &mut Moments,
    ) -> Result<(), StoreError> {
        let (from, to) = among(Grain::Hour, part.from, part.to);
        let args = args![
            from,
            to,
            bound(part.function),
            bound(part.channel.map(|one| number_of(&Channel::ALL, &one))),
            bound(part.outcome.map(|one| number_of(&Outcome::ALL, &one))),
        ];
        for row in self.rows(&LOOSE_HOURS, args).await? {
            let region = counts::region_name(row.int("region")?);
            let regions = part.regions.as_ref();
            if regions.is_none_or(|regions| regions.contains(&region)) {
                let sum = hours.entry(row.int("k")?).or_insert(0);
                *sum = sum.saturating_add(row.int("n")?);
            }
        }
        Ok(())
    }

    /// Moments of which something is not packed.
    pub(super) async fn loose_moments(
        &mut self,
        grain: Grain,
        from: i64,
        to: i64,
    ) -> Result<Vec<i64>, StoreError> {
        let (from, to) = tallied(grain, from, to);
        let stmt = if grain == Grain::Hour {
            &LOOSE_DAYS
        } else {
            &LOOSE_AT
        };
        let rows = self.rows(stmt, args![from, to]).await?;
        rows.iter().map(|row| row.int("k")).collect()
    }
}

/// The packs of a moment by their part.
type Parts = BTreeMap<i64, BTreeMap<i64, i64>>;

fn put(parts: &mut Parts, part: i64, cell: i64, n: i64) {
    let sum = parts.entry(part).or_default().entry(cell).or_insert(0);
    *sum = sum.saturating_add(n);
}

impl<C: WriteConn> Sql<C> {
    /// Packs one moment; hours by the day. The tallies go as they are taken, each as it is then: what another unit adds
    /// beside this one is a row of its own, for the next time.
    pub(super) async fn pack_moment(&mut self, grain: Grain, at: i64) -> Result<(), StoreError> {
        let place = counts::tally_at(grain, at);
        // Two that pack the same moment wait for each other here.
        self.touched(&HOLD, args![place]).await?;
        let (from, to) = tallied(grain, at, at);
        let taken = self.rows(&TAKE, args![from, to]).await?;
        if taken.is_empty() {
            return Ok(());
        }
        let mut parts = Parts::new();
        for row in &taken {
            let (cell, n) = (row.int("cell")?, row.int("n")?);
            if grain == Grain::Hour {
                let hour = row.int("k")?.rem_euclid(24);
                let of_hour = hour.saturating_mul(FIRST);
                let of_hour = of_hour.saturating_add(cell.rem_euclid(FIRST));
                put(&mut parts, WHOLE, of_hour, n);
                put(&mut parts, cell.div_euclid(FIRST), of_hour, n);
            } else {
                put(&mut parts, WHOLE, cell, n);
            }
        }
        for row in self.rows(&PACKED, args![place]).await? {
            let (part, cells) = (row.int("part")?, row.bytes("cells")?);
            unpack(&cells, |cell, n| put(&mut parts, part, cell, n))
                .ok_or_else(|| row.corrupt("cells"))?;
        }
        self.touched(&UNPACK, args![place]).await?;
        let row = |(part, cells): (i64, BTreeMap<i64, i64>)| args![place, part, packed(&cells)];
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
