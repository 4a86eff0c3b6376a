//! What a page asks of the figures, and what it is answered. Every figure leads to the counts it is
//! the sum of, and those to the requests that were not done.

use std::sync::Arc;

use super::asked::{
    By, DAYS_KEPT, DAYS_TOLD, Grain, Growth, HOURS_KEPT_DAYS, Kept, Refused, Run, Slice, Which,
    month_of,
};
use super::batch::Crowd;
use super::error::InsightError;
use super::function::{BIND, MATCH, PAY};
use super::gaps::{AROUND_S, gaps};
use super::latency::percentile;
use super::people::{self, Period, day_number, midnight};
use super::sample::{Channel, Outcome};
use super::sides::{heat, told_of};
use crate::shared::time::{Clock, Time};
use crate::store::{Store, StoreError, Tx, View, atomically, snapshot};

/// What somebody wants to see. `regions` are those they may see, `None` for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Days since 1970, both within.
    pub from: i64,
    pub to: i64,
    pub function: Option<i64>,
    pub channel: Option<Channel>,
    pub outcome: Option<Outcome>,
    pub regions: Option<Vec<String>>,
}

/// One name with its count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    pub name: String,
    pub n: i64,
    /// That of the span before; absent where it is not kept.
    pub before: Option<i64>,
}

/// The figures of a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistics {
    /// Until when everything is counted; absent when nothing ever was.
    pub as_of: Option<Time>,
    pub grain_is_month: bool,
    pub calls: i64,
    /// Of as many days right before, or as many whole months; absent where not all of them are kept.
    pub calls_before: Option<i64>,
    /// Of a thousand requests, how many were done.
    pub done_permille: Option<i64>,
    /// 50, 95 and 99 of a hundred answers took no longer, in microseconds.
    pub latency: [Option<i64>; 3],
    /// Different people in the span's last day, its week and its month. Not told for fewer than
    /// five, nor for a part of the regions.
    pub people: Option<[Option<i64>; 3]>,
    pub series: Vec<Figure>,
    pub functions: Vec<Figure>,
    pub channels: Vec<Figure>,
    pub outcomes: Vec<Figure>,
    pub regions: Vec<Figure>,
    /// Seven days from Monday, 24 hours each; absent where no hour of the span is kept.
    pub heat: Option<Vec<Vec<i64>>>,
    /// Different people of the month at each step: match, bind, pay.
    pub funnel: Vec<Figure>,
    /// Links and first links are told of all regions only, as the funnel.
    pub growth: Vec<Growth>,
    pub kept: Vec<Kept>,
    /// Spans in which counts may be missing.
    pub gaps: Vec<(Time, Time)>,
    pub lost: i64,
}

/// A turn of the task packs so many moments of a grain, the newest first: the rest waits an hour.
const PACKED_AT_ONCE: usize = 200;

/// The use cases of the figures.
#[derive(Clone)]
pub struct Insight {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Insight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Insight")
    }
}

impl Ask {
    fn check(&self, today: i64) -> Result<(), InsightError> {
        let held = self.from > today.saturating_sub(DAYS_KEPT);
        if self.from <= self.to && self.to <= today && held {
            Ok(())
        } else {
            Err(InsightError::Span)
        }
    }

    fn days(&self) -> i64 {
        self.to.saturating_sub(self.from).saturating_add(1)
    }

    fn grain(&self) -> Grain {
        if self.days() > DAYS_TOLD {
            Grain::Month
        } else {
            Grain::Day
        }
    }

    pub(super) fn slice(&self, grain: Grain, by: By) -> Slice {
        let (from, to) = match grain {
            Grain::Hour => (
                self.from.saturating_mul(24),
                self.to.saturating_mul(24).saturating_add(23),
            ),
            Grain::Day => (self.from, self.to),
            Grain::Month => (month_of(self.from), month_of(self.to)),
        };
        Slice {
            grain,
            from,
            to,
            function: self.function,
            channel: self.channel,
            outcome: self.outcome,
            by,
        }
    }

    pub(super) fn sees(&self, region: &str) -> bool {
        let own = |regions: &Vec<String>| regions.iter().any(|own| own == region);
        self.regions.as_ref().is_none_or(own)
    }

    fn is_everything(&self) -> bool {
        self.regions.is_none()
            && self.function.is_none()
            && self.channel.is_none()
            && self.outcome.is_none()
    }
}

impl Insight {
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    #[must_use]
    pub fn today(&self) -> i64 {
        day_number(self.clock.now())
    }

    /// The figures of a span, with those of the span before.
    ///
    /// # Errors
    /// [`InsightError::Span`], or the store's.
    pub async fn statistics(&self, ask: &Ask) -> Result<Statistics, InsightError> {
        let today = self.today();
        ask.check(today)?;
        let grain = ask.grain();
        let mut view = snapshot(&*self.store).await?;
        let sums = told_of(&mut view, ask, grain, today).await?;
        let (calls, calls_before) = sums.calls();
        let permille = sums.done().saturating_mul(1000).checked_div(calls);
        let latencies = view
            .insight()
            .latencies(ask.from, ask.to, ask.function)
            .await?;
        let now = self.clock.now();
        let (runs, gaps) = runs_of(&mut view, ask, now).await?;
        let (growth, kept) = linked(&mut view, ask, now).await?;
        Ok(Statistics {
            as_of: runs.iter().map(|run| run.flushed_at).max(),
            grain_is_month: grain == Grain::Month,
            calls,
            calls_before,
            done_permille: permille,
            latency: [500, 950, 990].map(|permille| percentile(&latencies, permille)),
            people: people_of(&mut view, ask).await?,
            series: sums.series(),
            functions: sums.functions(),
            channels: sums.channels(),
            outcomes: sums.outcomes(),
            regions: sums.regions(),
            heat: heat(&mut view, ask, today).await?,
            funnel: funnel(&mut view, ask).await?,
            growth,
            kept,
            gaps,
            lost: runs.iter().map(|run| run.lost).sum(),
        })
    }

    /// The requests behind a figure that were not done, newest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn refusals(&self, which: &Which, limit: i64) -> Result<Vec<Refused>, InsightError> {
        let mut view = snapshot(&*self.store).await?;
        Ok(view.insight().refusals(which, limit).await?)
    }

    /// Settles periods that are over, and takes away what is past its time. Answers how many rows went.
    ///
    /// # Errors
    /// The store's.
    pub async fn settle(&self) -> Result<u64, InsightError> {
        let now = self.clock.now();
        for period in Period::ALL {
            // A batch of the last seconds of a period may still be on its way.
            let running = period.of(now.plus_seconds(-3_600));
            let over = {
                let running = running.as_str();
                atomically(&*self.store, async |tx: &mut Tx| {
                    Ok::<_, InsightError>(tx.insight().over(period, running, 100).await?)
                })
                .await?
            };
            for crowd in &over {
                let limit = i64::try_from(people::KEPT).unwrap_or(i64::MAX);
                atomically(&*self.store, async |tx: &mut Tx| {
                    let hashes = tx.insight().crowd(crowd, limit).await?;
                    tx.insight().settle(crowd, people::count(&hashes)).await?;
                    Ok::<_, InsightError>(())
                })
                .await?;
            }
        }
        let today = day_number(now);
        self.pack(today).await?;
        atomically(&*self.store, async |tx: &mut Tx| {
            let hours = today.saturating_sub(HOURS_KEPT_DAYS);
            let days = today.saturating_sub(DAYS_KEPT);
            Ok::<_, InsightError>(tx.insight().purge(hours, days).await?)
        })
        .await
    }

    /// Packs days and months that are over, so that a page with filters reads them quickly.
    async fn pack(&self, today: i64) -> Result<(), InsightError> {
        let yesterday = today.saturating_sub(1);
        let two_years = today.saturating_sub(DAYS_KEPT);
        for (grain, from, to) in [
            (
                Grain::Hour,
                today.saturating_sub(HOURS_KEPT_DAYS),
                yesterday,
            ),
            (Grain::Day, two_years, yesterday),
            (
                Grain::Month,
                month_of(two_years),
                month_of(today).saturating_sub(1),
            ),
        ] {
            let loose = {
                let mut view = snapshot(&*self.store).await?;
                view.insight().loose(grain, from, to).await?
            };
            for at in loose.into_iter().rev().take(PACKED_AT_ONCE) {
                atomically(&*self.store, async |tx: &mut Tx| {
                    Ok::<_, InsightError>(tx.insight().pack(grain, at).await?)
                })
                .await?;
            }
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl crate::jobs::runner::Task for Insight {
    fn name(&self) -> &'static str {
        "insight.settle"
    }

    fn every_s(&self) -> i64 {
        3_600
    }

    async fn run(&self, _now: Time) -> Result<(), crate::jobs::runner::TaskFailure> {
        self.settle()
            .await
            .map(drop)
            .map_err(crate::jobs::runner::TaskFailure::store)
    }
}

/// How many different people a crowd is: from its hashes while it runs, else what was settled.
async fn counted(view: &mut View, period: Period, day: i64, cell: &str) -> Result<i64, StoreError> {
    let begins = period.of(midnight(day));
    let settled = view
        .insight()
        .settled(period, cell, &begins, &begins)
        .await?;
    if let Some((_, n)) = settled.first() {
        return Ok(*n);
    }
    let crowd = Crowd {
        period,
        begins,
        cell: cell.to_owned(),
    };
    let limit = i64::try_from(people::KEPT).unwrap_or(i64::MAX);
    Ok(people::count(&view.insight().crowd(&crowd, limit).await?))
}

async fn people_of(view: &mut View, ask: &Ask) -> Result<Option<[Option<i64>; 3]>, StoreError> {
    let cell = match (ask.channel, ask.is_everything()) {
        (_, true) => "all".to_owned(),
        (Some(channel), false)
            if ask.regions.is_none() && ask.function.is_none() && ask.outcome.is_none() =>
        {
            format!("channel:{}", channel.as_str())
        }
        (Some(_) | None, false) => return Ok(None),
    };
    let mut found = [None; 3];
    for (place, period) in found.iter_mut().zip(Period::ALL) {
        *place = people::told(counted(view, period, ask.to, &cell).await?);
    }
    Ok(Some(found))
}

async fn funnel(view: &mut View, ask: &Ask) -> Result<Vec<Figure>, StoreError> {
    if ask.regions.is_some() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for step in [MATCH, BIND, PAY] {
        let n = counted(view, Period::Month, ask.to, &format!("step:{step}")).await?;
        found.push(Figure {
            name: step.to_owned(),
            n: people::told(n).unwrap_or(-1),
            before: None,
        });
    }
    Ok(found)
}

/// The processes that counted within the span, and what they may have missed of it.
async fn runs_of(
    view: &mut View,
    ask: &Ask,
    now: Time,
) -> Result<(Vec<Run>, Vec<(Time, Time)>), StoreError> {
    let (from, to) = (midnight(ask.from), midnight(ask.to.saturating_add(1)));
    let around = view
        .insight()
        .runs(
            from.plus_seconds(AROUND_S.saturating_neg()),
            to.plus_seconds(AROUND_S),
        )
        .await?;
    let missed = gaps(&around, now, (from, to));
    let within = |run: &Run| run.flushed_at >= from && run.began_at < to;
    Ok((around.into_iter().filter(within).collect(), missed))
}

/// Links of the span's days, and the first links of a year until its last.
async fn linked(
    view: &mut View,
    ask: &Ask,
    now: Time,
) -> Result<(Vec<Growth>, Vec<Kept>), StoreError> {
    if ask.regions.is_some() {
        return Ok((Vec::new(), Vec::new()));
    }
    let (from, to) = (midnight(ask.from), midnight(ask.to.saturating_add(1)));
    let growth = view.insight().growth(from, to).await?;
    let a_year_ago = midnight(ask.to.saturating_sub(366));
    let kept = view.insight().retention(a_year_ago, now).await?;
    Ok((growth, kept))
}
