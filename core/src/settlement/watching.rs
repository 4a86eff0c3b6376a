//! One poll of the watch: every table whose newest version is not settled (PV-15 to PV-18). A month of which
//! nobody was told yet needs nothing but its own rows, so those are settled by the hundred; every other, and
//! whatever cannot be settled, has a unit of its own. What cannot be settled holds up nothing behind it, and a page that
//! the store does not take whole is taken by halves, down to single months.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt as _};

use super::asking::{self, Fresh};
use super::calculation::calculate;
use super::check_task::CheckTask;
use super::differing::Differing;
use super::energy::{EnergyVersion, Settled, VersionState};
use super::events;
use super::ports::{FirstMonth, Month, Stretch};
use super::records::{task_line, tell_differs};
use super::settling::{Books, Watched, books, cover};
use super::watch::Untold;
use super::{Settlement, SettlementError, SettlementRules};
use crate::evidence::Entry;
use crate::outbox::Event;
use crate::shared::draw::Draw;
use crate::shared::money::Fen;
use crate::shared::outside::NoAnswer;
use crate::shared::period::Period;
use crate::store::{StoreError, Tx, atomically, snapshot};

/// Months of one unit, at most.
const PAGE: i64 = 250;
const ACTOR: &str = "job:settlement.watch";

/// What the months of one period are priced by, and since when that was not told, if ever.
struct Priced {
    books: Books,
    untold: Option<Untold>,
}

type PricedBy = BTreeMap<Period, Priced>;

/// What months are priced by, and what the publishing platform did not tell.
#[derive(Default)]
struct Prices {
    by: PricedBy,
    untold: BTreeMap<Period, NoAnswer>,
}

/// What came of one page.
#[derive(Default)]
struct Worked {
    settled: usize,
    /// The store did not take it whole.
    cut: bool,
    /// A month that it did not take by itself either.
    left_over: Option<StoreError>,
}

impl Settlement {
    /// One poll of the watch over every table; how many were settled.
    pub async fn watch(&self) -> Result<usize, SettlementError> {
        self.watch_stretch(Stretch::default()).await
    }

    /// One poll over a stretch of tables; how many were settled. Pages are settled side by side, and smaller ones
    /// follow when the store did not take one whole.
    ///
    /// # Errors
    /// After everything that could be settled was: when the prices of a month were not told, or the store did not
    /// take some month. At once when the store is away.
    pub async fn watch_stretch(&self, mut left: Stretch) -> Result<usize, SettlementError> {
        let mut settled: usize = 0;
        let mut prices = Prices::default();
        let mut left_over = None;
        let mut most = PAGE;
        loop {
            let pages = self.next_pages(&mut left, most).await?;
            if pages.is_empty() {
                break;
            }
            for page in &pages {
                self.ask_prices(page, &mut prices).await?;
            }
            let priced_by = &prices.by;
            let worked: Vec<Result<Worked, SettlementError>> = stream::iter(pages)
                .map(|page| Box::pin(async move { self.work_page(&page, priced_by).await }))
                .buffer_unordered(self.rules.watch.side_by_side)
                .collect()
                .await;
            let mut cut = false;
            for one in worked {
                let one = one?;
                settled = settled.saturating_add(one.settled);
                cut |= one.cut;
                left_over = left_over.or(one.left_over);
            }
            most = if cut {
                most.div_euclid(2).max(1)
            } else {
                most.saturating_mul(2).min(PAGE)
            };
        }
        if let Some(error) = left_over {
            return Err(error.into());
        }
        match prices.untold.into_values().next() {
            Some(why) => Err(why.into()),
            None => Ok(settled),
        }
    }

    /// As many pages as are settled side by side, one behind the other.
    async fn next_pages(
        &self,
        left: &mut Stretch,
        most: i64,
    ) -> Result<Vec<Vec<Month>>, SettlementError> {
        let mut pages = Vec::new();
        let mut view = snapshot(self.store()).await?;
        while pages.len() < self.rules.watch.side_by_side {
            let page = view.settlement().unsettled(left, most).await?;
            let Some(last) = page.last() else { break };
            left.after = Some(last.clone());
            pages.push(page);
        }
        Ok(pages)
    }

    /// Each period is asked for once in a poll; one that is not told keeps its own months waiting and no others.
    async fn ask_prices(&self, page: &[Month], prices: &mut Prices) -> Result<(), SettlementError> {
        for (_, period) in page {
            if prices.by.contains_key(period) || prices.untold.contains_key(period) {
                continue;
            }
            let asked = self.ports.publishing.feed_in_prices(period).await;
            let asked = asked.map(books);
            let untold = self.note_prices(period, &asked).await?;
            match asked {
                Ok(books) => {
                    let priced = Priced { books, untold };
                    prices.by.insert(period.clone(), priced);
                }
                Err(why) => {
                    tracing::warn!(%why, %period, "settlement.watch.no_prices");
                    prices.untold.insert(period.clone(), why);
                }
            }
        }
        Ok(())
    }

    /// Keeps since when the prices of a month are not told, and when they were last asked for in vain; what is kept.
    /// Staff are told, once of a month, when that has gone on for longer than an update may wait.
    async fn note_prices(
        &self,
        period: &Period,
        asked: &Result<Books, NoAnswer>,
    ) -> Result<Option<Untold>, SettlementError> {
        // By books that are not whole, or say nothing of the month yet, nothing is settled either.
        let are_told = asked.as_ref().is_ok_and(|books| cover(books, period));
        // Of rows that contradict each other staff are told at once, wherever a table is to be settled by them.
        let are_read = !matches!(asked, Ok(Err(_)));
        let draw = self.draw(ACTOR, "");
        let (now, watch) = (draw.now, self.rules.watch);
        let known = {
            let mut view = snapshot(self.store()).await?;
            view.settlement().prices_untold(period).await?
        };
        if watch.noted(known, are_told, now).is_none() {
            return Ok(known);
        }
        atomically(self.store(), async |tx: &mut Tx| {
            // Another node may have asked as well.
            let known = tx.settlement().prices_untold(period).await?;
            let noted = watch.noted(known, are_told, now);
            if let Some(noted) = &noted {
                tx.settlement().keep_untold(period, noted).await?;
                if are_read && watch.is_long(*noted, now) {
                    let what = Differing::PricesUntold;
                    tell_differs(tx, &draw, period.as_str(), what).await?;
                }
            }
            Ok::<_, SettlementError>(noted.or(known))
        })
        .await
    }

    /// Settles a page, whole or by halves, and what is left of it month by month.
    async fn work_page(
        &self,
        page: &[Month],
        priced_by: &PricedBy,
    ) -> Result<Worked, SettlementError> {
        let mut worked = Worked::default();
        let mut done = BTreeSet::new();
        let mut parts = vec![page];
        while let Some(part) = parts.pop() {
            let (Some(first), Some(last)) = (part.first(), part.last()) else {
                continue;
            };
            match self.settle_page(first, last, priced_by).await {
                Ok(those) => done.extend(those),
                // What is wrong with one is said in a unit of its own, below.
                Err(error) if is_about_one(&error) && part.len() == 1 => {}
                Err(error) if is_about_one(&error) => halve(part, &mut parts),
                Err(SettlementError::Store(StoreError::Unavailable(_))) if part.len() > 1 => {
                    worked.cut = true;
                    halve(part, &mut parts);
                }
                // One may be held up where others are not; two in a row, and the store is away.
                Err(SettlementError::Store(error @ StoreError::Unavailable(_)))
                    if worked.left_over.is_none() =>
                {
                    worked.left_over = Some(error);
                    done.insert(first.clone());
                }
                Err(error) => return Err(error),
            }
        }
        worked.settled = done
            .len()
            .saturating_sub(usize::from(worked.left_over.is_some()));
        for month in page.iter().filter(|month| !done.contains(*month)) {
            match self.settle_alone(month, priced_by).await {
                Ok(Some(Watched::Settled)) => worked.settled = worked.settled.saturating_add(1),
                Ok(_) => {}
                Err(SettlementError::Store(error @ StoreError::Unavailable(_)))
                    if worked.left_over.is_none() =>
                {
                    worked.left_over = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(worked)
    }

    /// Settles the first months between two, all in one unit; which they were.
    async fn settle_page(
        &self,
        first: &Month,
        last: &Month,
        priced_by: &PricedBy,
    ) -> Result<BTreeSet<Month>, SettlementError> {
        let draw = self.draw(ACTOR, "");
        let rules = &*self.rules;
        atomically(self.store(), async |tx: &mut Tx| {
            let mut page = Page::default();
            for month in tx.settlement().first_months(first, last, PAGE).await? {
                page.take(month, rules, priced_by, &draw)?;
            }
            tx.settlement().settle_first(&page.months).await?;
            tx.outbox().add_all(&page.events).await?;
            tx.evidence().append_all(&page.lines).await?;
            let months = page.months.into_iter();
            Ok(months
                .map(|(version, task)| (version.table_id, task.period))
                .collect())
        })
        .await
    }

    /// A row that cannot be read does not keep the others from being settled.
    async fn settle_alone(
        &self,
        (table, period): &Month,
        priced_by: &PricedBy,
    ) -> Result<Option<Watched>, SettlementError> {
        let Some(priced) = priced_by.get(period) else {
            return Ok(None);
        };
        match self.settle(table, period, &priced.books).await {
            Err(error) if is_about_one(&error) => {
                tracing::error!(%error, %table, "settlement.watch.unreadable");
                Ok(None)
            }
            watched => watched.map(Some),
        }
    }
}

const fn is_about_one(error: &SettlementError) -> bool {
    matches!(
        error,
        SettlementError::Store(StoreError::Corrupt { .. }) | SettlementError::Money(_)
    )
}

/// The front half is worked first: parts are taken from the end.
fn halve<'a>(part: &'a [Month], parts: &mut Vec<&'a [Month]>) {
    let (front, back) = part.split_at(part.len().div_euclid(2));
    parts.push(back);
    parts.push(front);
}

/// What one unit writes.
#[derive(Default)]
struct Page {
    months: Vec<(EnergyVersion, CheckTask)>,
    events: Vec<Event>,
    lines: Vec<Entry>,
}

impl Page {
    /// Settles a month that can be; what cannot is left to a unit of its own, which says why.
    fn take(
        &mut self,
        month: FirstMonth,
        rules: &SettlementRules,
        priced_by: &PricedBy,
        draw: &Draw,
    ) -> Result<(), SettlementError> {
        let mut version = month.version;
        let Some(Priced { books, untold }) = priced_by.get(version.period()) else {
            return Ok(());
        };
        let updated_at = version.updated_at;
        let updated = rules.watch.is_in_time(draw.now, updated_at, *untold);
        let Ok((prices, taxes)) = books else {
            return Ok(());
        };
        if updated != Ok(true) {
            return Ok(());
        }
        let Ok(amounts) = calculate(&version.month, month.feed_in, prices, taxes) else {
            return Ok(());
        };
        version.state = VersionState::Settled;
        version.settled = Some(Settled {
            amounts,
            adjustment: Fen::ZERO,
            at: draw.now,
        });
        let fresh = Fresh {
            owner: month.owner,
            settlement_day: month.settlement_day,
            paid_before: Fen::ZERO,
            review_round: 0,
        };
        let task = asking::new_task(rules, draw, &version, fresh)?;
        let news = asking::news(&task, draw);
        self.events
            .push(events::event(draw, events::TASK_SENT, &news)?);
        self.lines.push(task_line(draw, &task, &task, "sent")?);
        self.months.push((version, task));
        Ok(())
    }
}
