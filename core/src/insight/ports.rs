//! The ports of `insight`: counts, people's hashes, runs of the counting processes.

use std::collections::BTreeMap;

use async_trait::async_trait;
use zeroize::Zeroizing;

use super::aggregate::{Addressee, Office, Receipt, Report};
use super::asked::{Grain, Growth, Kept, LinkDay, Refused, Row, Run, Runs, Slice, Unended, Which};
use super::batch::{Batch, Crowd};
use super::data::DataStanding;
use super::decisions::{Cause, Unmet, Unpaid, UnpaidRow};
use super::energy::{EnergySum, OfficeEnergy};
use super::followers::{BoundRegion, Follow, FollowDay, ToPlace};
use super::misses::Missed;
use super::people::Period;
use super::sides::{Part, Sides};
use super::standing::{Carried, Standing};
use super::terminals::TerminalDay;
use super::timeline::{Mark, Moment, Of};
use crate::shared::ids::{AccountId, PaymentId};
use crate::shared::time::Time;
use crate::store::StoreError;

#[async_trait]
pub trait InsightReads: Send {
    /// Requests of a slice, summed by what the slice asks for, in its order. A slice that is no sum of one side is
    /// refused: it is asked for as a part.
    async fn rows(&mut self, slice: &Slice) -> Result<Vec<Row>, StoreError>;
    /// What a part of days or months adds up to by each of its sides, in one reading.
    async fn sides(&mut self, part: &Part) -> Result<Sides, StoreError>;
    /// A part of hours, added up by the hour.
    async fn hours(&mut self, part: &Part) -> Result<BTreeMap<i64, i64>, StoreError>;
    /// Moments of a grain of which something is counted that is not packed, in order; both within. Hours are
    /// packed by the day.
    async fn loose(&mut self, grain: Grain, from: i64, to: i64) -> Result<Vec<i64>, StoreError>;
    /// `(bucket, how many)` of a span of days, of one function or all.
    async fn latencies(
        &mut self,
        from: i64,
        to: i64,
        function: Option<i64>,
    ) -> Result<Vec<(i64, i64)>, StoreError>;
    /// Days before one of which something of how long answers took is not packed, in order.
    async fn loose_latencies(&mut self, before: i64) -> Result<Vec<i64>, StoreError>;
    /// Requests of a span of days by day, kind of terminal and outcome, in this order; both days within.
    async fn terminals(&mut self, from: i64, to: i64) -> Result<Vec<TerminalDay>, StoreError>;
    /// The smallest hashes kept of a crowd, in order, at most `limit`.
    async fn crowd(&mut self, crowd: &Crowd, limit: i64) -> Result<Vec<i64>, StoreError>;
    /// How many of a crowd's smallest hashes there are, at most `limit`, and the largest of these; nobody is `(0, 0)`.
    async fn crowd_size(&mut self, crowd: &Crowd, limit: i64) -> Result<(i64, i64), StoreError>;
    /// The counts that stay of periods which are over, of one cell, by period.
    async fn settled(
        &mut self,
        period: Period,
        cell: &str,
        from: &str,
        to: &str,
    ) -> Result<Vec<(String, i64)>, StoreError>;
    /// What the processes that counted within a span say together.
    async fn runs(&mut self, from: Time, to: Time) -> Result<Runs, StoreError>;
    /// Processes that did not say that they ended and wrote last within a span, or before it while none began between
    /// that and the span; at most `limit`, the last to write first.
    async fn unended(
        &mut self,
        from: Time,
        to: Time,
        limit: i64,
    ) -> Result<Vec<Unended>, StoreError>;
    /// Links that began and ended by day, in days since 1970, both within: days that are over as they were added up
    /// last, the rest as it is.
    async fn growth(&mut self, from: i64, to: i64) -> Result<Vec<Growth>, StoreError>;
    /// By month of a person's first link, from a day on: how many, and how many of them are still linked at `at`, which
    /// is no day that was added up.
    async fn retention(&mut self, from: i64, at: Time) -> Result<Vec<Kept>, StoreError>;
    /// Links of the days from one until before another, and who made their first one on each, from the links themselves.
    /// The last day is there though nothing happened.
    async fn links(&mut self, from: i64, before: i64) -> Result<Vec<LinkDay>, StoreError>;
    /// How the data of electricity use stands: copies asked for since `fresh_from` are fresh, cases opened since
    /// `lately_from` came up lately.
    async fn data(
        &mut self,
        fresh_from: Time,
        lately_from: Time,
    ) -> Result<DataStanding, StoreError>;
    /// The region of somebody's home, `-` when none is known.
    async fn region_of(&mut self, account: &AccountId) -> Result<String, StoreError>;
    /// Requests that were not done, newest first: of one trace, or of some filters within a span.
    async fn refusals(&mut self, which: &Which, limit: i64) -> Result<Vec<Refused>, StoreError>;
    /// Followers gained and lost by day, both days within.
    async fn follow_days(&mut self, from: i64, to: i64) -> Result<Vec<FollowDay>, StoreError>;
    /// How many follow now.
    async fn following(&mut self) -> Result<i64, StoreError>;
    /// Linked people and homes by region, each once in it, most people first.
    async fn bound_regions(&mut self) -> Result<Vec<BoundRegion>, StoreError>;
    /// People with at least one linked home, each once.
    async fn bound_people(&mut self) -> Result<i64, StoreError>;
    /// Live links whose region is not read yet.
    async fn unplaced(&mut self) -> Result<i64, StoreError>;
    /// Up to `limit` live links that had no turn to be placed yet, the oldest first, with their region.
    async fn to_place(&mut self, limit: i64) -> Result<Vec<ToPlace>, StoreError>;
    /// The account that a line of time is about.
    async fn subject_of(&mut self, of: &Of) -> Result<Option<AccountId>, StoreError>;
    /// A line of time, newest first; behind the last moment that was seen.
    async fn moments(
        &mut self,
        of: &Of,
        behind: Option<&Mark>,
        limit: i64,
    ) -> Result<Vec<Moment>, StoreError>;
    /// The newest of a line of time without looks at it ([`LOOK`]), newest first.
    ///
    /// [`LOOK`]: super::timeline::LOOK
    async fn but_looks(&mut self, of: &Of, limit: i64) -> Result<Vec<Moment>, StoreError>;
    /// What was refused within a span, most first.
    async fn unmet(&mut self, from: Time, to: Time, limit: i64) -> Result<Vec<Unmet>, StoreError>;
    /// Searches of a span of days that found nothing, most first; both days within.
    async fn unfound(
        &mut self,
        from: i64,
        to: i64,
        limit: i64,
    ) -> Result<Vec<(String, i64)>, StoreError>;
    /// Orders for arrears of a span that led to no credited bill, by cause and region.
    async fn unpaid(&mut self, from: Time, to: Time) -> Result<Vec<Unpaid>, StoreError>;
    /// The orders behind a cause, of some regions or all, newest first; `behind` is the last one that was seen, with
    /// when it was made.
    async fn unpaid_rows(
        &mut self,
        span: (Time, Time),
        cause: Cause,
        regions: Option<&[String]>,
        behind: Option<&(Time, PaymentId)>,
        limit: i64,
    ) -> Result<Vec<UnpaidRow>, StoreError>;
    /// How many people ordered what is behind each cause, of some regions or all; causes without an order are left out.
    async fn unpaid_people(
        &mut self,
        span: (Time, Time),
        regions: Option<&[String]>,
    ) -> Result<Vec<(Cause, i64)>, StoreError>;
    /// The payment that was ordered under a number.
    async fn numbered(&mut self, out_trade_no: &str) -> Result<Option<PaymentId>, StoreError>;
    /// What waits and what failed; refusals since `hour_ago`.
    async fn standing(&mut self, hour_ago: Time) -> Result<Standing, StoreError>;
    /// What waits to be carried, and whether money stands still.
    async fn carried(&mut self) -> Result<Carried, StoreError>;
    async fn report(
        &mut self,
        day: i64,
        addressee: Addressee,
    ) -> Result<Option<Report>, StoreError>;
    /// The newest reports.
    async fn reports(&mut self, limit: i64) -> Result<Vec<Report>, StoreError>;
    /// Every office with the time it was last named.
    async fn offices(&mut self) -> Result<Vec<(Office, Time)>, StoreError>;
    /// What was supplied and used of each office in a span of days, by number; both days within.
    async fn energy(&mut self, from: i64, to: i64) -> Result<Vec<EnergySum>, StoreError>;
}

#[async_trait]
pub trait InsightStore: InsightReads {
    /// A process begins to count; said again, it changes nothing.
    async fn begin_run(&mut self, run: &Run) -> Result<(), StoreError>;
    /// Passes from batch `number - 1` to `number` of a run, with which all is written that was noted
    /// `until` then; false when that was done before, and then the batch is in the store already.
    async fn take_batch(&mut self, run: &str, number: i64, until: Time)
    -> Result<bool, StoreError>;
    /// A process ends in order.
    async fn end_run(&mut self, run: &str, now: Time) -> Result<(), StoreError>;
    /// Adds a batch to what is counted.
    async fn add(&mut self, run: &str, batch: &Batch) -> Result<(), StoreError>;
    /// Packs what is counted of one moment, beside what is packed of it already; hours by the day. What is added later
    /// is counted beside the pack until it is packed as well.
    async fn pack(&mut self, grain: Grain, at: i64) -> Result<(), StoreError>;
    /// Packs how long answers took on a day, likewise.
    async fn pack_latencies(&mut self, day: i64) -> Result<(), StoreError>;
    /// Keeps requests that were not done, one by one.
    async fn refused(&mut self, refusals: &[Refused]) -> Result<(), StoreError>;
    /// Adds searches that found nothing.
    async fn missed(&mut self, missed: &[Missed]) -> Result<(), StoreError>;
    /// Adds hashes to a crowd; those it has are left.
    async fn join(&mut self, crowd: &Crowd, hashes: &[i64]) -> Result<(), StoreError>;
    /// The salt of a period, made from `fresh` when there is none yet.
    async fn salt(
        &mut self,
        period: Period,
        begins: &str,
        fresh: &[u8; 16],
    ) -> Result<Zeroizing<Vec<u8>>, StoreError>;
    /// The crowds of periods of this kind that began before one, at most `limit`.
    async fn over(
        &mut self,
        period: Period,
        before: &str,
        limit: i64,
    ) -> Result<Vec<Crowd>, StoreError>;
    /// A crowd's period is over: its count stays, its hashes and the salt go.
    async fn settle(&mut self, crowd: &Crowd, count: i64) -> Result<(), StoreError>;
    /// Takes away the hashes of a crowd above one.
    async fn trim(&mut self, crowd: &Crowd, largest: i64) -> Result<(), StoreError>;
    /// Takes over links by day: they are all that is kept of days that are over.
    async fn keep_links(&mut self, days: &[LinkDay]) -> Result<(), StoreError>;
    /// Takes away hours before a day and everything before another.
    async fn purge(&mut self, hours_before: i64, days_before: i64) -> Result<u64, StoreError>;
    /// Counts a change on its day; whether the wallet follows is what the latest moment says.
    async fn follow(&mut self, follow: &Follow, day: i64) -> Result<(), StoreError>;
    /// Keeps the region of links that are live still; all of them have had their turn. How many were placed.
    async fn place_bindings(&mut self, links: &[ToPlace]) -> Result<i64, StoreError>;
    /// A new report, or one that is asked for again: true when it still stood as `report` says.
    async fn ask_report(&mut self, report: &Report, now: Time) -> Result<bool, StoreError>;
    /// Keeps the first receipt of a report; false when there is one.
    async fn keep_receipt(
        &mut self,
        day: i64,
        addressee: Addressee,
        receipt: &Receipt,
    ) -> Result<bool, StoreError>;
    /// Takes over offices by number.
    async fn keep_offices(&mut self, offices: &[Office], now: Time) -> Result<(), StoreError>;
    /// What was supplied and used on a day, in place of what was kept of it.
    async fn keep_energy(
        &mut self,
        day: i64,
        offices: &[OfficeEnergy],
        now: Time,
    ) -> Result<(), StoreError>;
    /// Forgets wallets that left before a moment, and days before another.
    async fn forget_followers(
        &mut self,
        left_before: Time,
        days_before: i64,
    ) -> Result<(), StoreError>;
}
