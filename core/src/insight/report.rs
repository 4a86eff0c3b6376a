//! What a page asks of the figures, and what it is answered. Every figure leads to the counts it is
//! the sum of, and those to the requests that were not done.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::asked::{
    By, DAYS_KEPT, DAYS_TOLD, Grain, Growth, HOURS_KEPT_DAYS, Kept, LINKS_KEPT_DAYS, Refused,
    Slice, Which, YEAR_DAYS, month_of,
};
use super::crowds::{funnel, people_of};
use super::earlier::{Earlier, earlier_of};
use super::error::InsightError;
use super::gaps::gaps_of;
use super::latency::percentiles;
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
    /// Each function's requests at the moments of the series, by its name.
    pub lines: BTreeMap<String, Vec<i64>>,
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
    pub earlier: Earlier,
}

/// After the name of every period.
const AFTER_ALL: &str = "9999";

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
    pub(super) fn check(&self, today: i64) -> Result<(), InsightError> {
        let held = self.from > today.saturating_sub(DAYS_KEPT);
        if self.from <= self.to && self.to <= today && held {
            Ok(())
        } else {
            Err(InsightError::Span)
        }
    }

    pub(super) fn days(&self) -> i64 {
        self.to.saturating_sub(self.from).saturating_add(1)
    }

    pub(super) fn grain(&self) -> Grain {
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

    pub(super) fn is_everything(&self) -> bool {
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
        let [permille, permille_before] = sums.done_permille();
        let latencies = view
            .insight()
            .latencies(ask.from, ask.to, ask.function)
            .await?;
        let now = self.clock.now();
        let span = (midnight(ask.from), midnight(ask.to.saturating_add(1)));
        let runs = view.insight().runs(span.0, span.1).await?;
        let (growth, kept) = linked(&mut view, ask, now).await?;
        Ok(Statistics {
            as_of: runs.flushed_at,
            grain_is_month: grain == Grain::Month,
            calls,
            calls_before,
            done_permille: permille,
            latency: percentiles(&latencies),
            people: people_of(&mut view, ask).await?,
            series: sums.series(),
            functions: sums.functions(),
            lines: sums.lines(),
            channels: sums.channels(),
            outcomes: sums.outcomes(),
            regions: sums.regions(),
            heat: heat(&mut view, ask, today).await?,
            funnel: funnel(&mut view, ask, today).await?,
            growth,
            kept,
            gaps: gaps_of(&mut view, span, now).await?,
            lost: runs.lost,
            earlier: earlier_of(&mut view, ask, permille_before, today).await?,
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

    /// Takes away what is past its time, settles periods that are over, and packs. What fails holds up nothing else, and
    /// least of all what is to be taken away. Answers how many rows went.
    ///
    /// # Errors
    /// The store's; the first of them.
    pub async fn settle(&self) -> Result<u64, InsightError> {
        let now = self.clock.now();
        let today = day_number(now);
        let gone = self.purge(today).await;
        let settled = self.settle_people(now).await;
        let packed = self.pack(today).await;
        let latencies = self.pack_latencies(today).await;
        let linked = self.roll_links(today).await;
        settled.and(packed).and(latencies).and(linked).and(gone)
    }

    /// Takes away what is past its time.
    async fn purge(&self, today: i64) -> Result<u64, InsightError> {
        let hours = today.saturating_sub(HOURS_KEPT_DAYS);
        let days = today.saturating_sub(DAYS_KEPT);
        atomically(&*self.store, async |tx: &mut Tx| {
            Ok::<_, InsightError>(tx.insight().purge(hours, days).await?)
        })
        .await
    }

    /// Of periods that are over only the counts stay; their hashes and salts go.
    async fn settle_people(&self, now: Time) -> Result<(), InsightError> {
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
                atomically(&*self.store, async |tx: &mut Tx| {
                    let found = tx.insight().crowd_size(crowd, people::KEPT_ROWS).await?;
                    tx.insight()
                        .settle(crowd, people::stands_for(found))
                        .await?;
                    Ok::<_, InsightError>(())
                })
                .await?;
            }
            self.trim(period).await?;
        }
        Ok(())
    }

    /// Takes away the hashes of running crowds that smaller ones came before: each node adds what is new to it, and
    /// what is above the smallest that are kept never counts again.
    async fn trim(&self, period: Period) -> Result<(), InsightError> {
        let running = atomically(&*self.store, async |tx: &mut Tx| {
            Ok::<_, InsightError>(tx.insight().over(period, AFTER_ALL, 1_000).await?)
        })
        .await?;
        for crowd in &running {
            atomically(&*self.store, async |tx: &mut Tx| {
                let (n, largest) = tx.insight().crowd_size(crowd, people::KEPT_ROWS).await?;
                if n >= people::KEPT_ROWS {
                    tx.insight().trim(crowd, largest).await?;
                }
                Ok::<_, InsightError>(())
            })
            .await?;
        }
        Ok(())
    }

    /// Packs how long answers took on days that are over.
    async fn pack_latencies(&self, today: i64) -> Result<(), InsightError> {
        let loose = {
            let mut view = snapshot(&*self.store).await?;
            view.insight().loose_latencies(today).await?
        };
        for day in loose.into_iter().rev().take(PACKED_AT_ONCE) {
            atomically(&*self.store, async |tx: &mut Tx| {
                Ok::<_, InsightError>(tx.insight().pack_latencies(day).await?)
            })
            .await?;
        }
        Ok(())
    }

    /// Adds up the links of the days before today anew, so that no page goes through every link ever made, and an
    /// account that was merged or erased since is counted as it is now.
    async fn roll_links(&self, today: i64) -> Result<(), InsightError> {
        let days = {
            let mut view = snapshot(&*self.store).await?;
            let from = today.saturating_sub(LINKS_KEPT_DAYS);
            view.insight().links(from, today).await?
        };
        let days = &days;
        atomically(&*self.store, async |tx: &mut Tx| {
            Ok::<_, InsightError>(tx.insight().keep_links(days).await?)
        })
        .await
    }

    /// Packs days and months that are over: what was one row for each count is then one for many.
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

/// Links of the span's days, and the first links of a year until its last.
async fn linked(
    view: &mut View,
    ask: &Ask,
    now: Time,
) -> Result<(Vec<Growth>, Vec<Kept>), StoreError> {
    if ask.regions.is_some() {
        return Ok((Vec::new(), Vec::new()));
    }
    let growth = view.insight().growth(ask.from, ask.to).await?;
    let a_year_ago = ask.to.saturating_sub(YEAR_DAYS);
    let kept = view.insight().retention(a_year_ago, now).await?;
    Ok((growth, kept))
}
