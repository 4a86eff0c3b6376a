//! One poll of the watch: every table whose newest version is not settled (PV-15 to PV-18). A month of which
//! nobody was told yet needs nothing but its own rows, so those are settled by the hundred; every other, and
//! whatever cannot be settled, has a unit of its own. What cannot be settled holds up nothing behind it.

use std::collections::{BTreeMap, BTreeSet};

use super::asking::{self, Fresh};
use super::calculation::calculate;
use super::check_task::CheckTask;
use super::energy::{EnergyVersion, Settled, VersionState};
use super::events;
use super::ports::{FirstMonth, Month, Stretch};
use super::records::task_line;
use super::settling::{Books, Watched, books};
use super::{Settlement, SettlementError, SettlementRules};
use crate::evidence::Entry;
use crate::outbox::Event;
use crate::shared::draw::Draw;
use crate::shared::money::Fen;
use crate::shared::period::Period;
use crate::store::{StoreError, Tx, atomically, snapshot};

/// Months of one unit.
const PAGE: i64 = 250;
const ACTOR: &str = "job:settlement.watch";

type PricedBy = BTreeMap<Period, Books>;

impl Settlement {
    /// One poll of the watch over every table; how many were settled.
    pub async fn watch(&self) -> Result<usize, SettlementError> {
        self.watch_stretch(Stretch::default()).await
    }

    /// One poll over a stretch of tables; how many were settled.
    pub async fn watch_stretch(&self, mut left: Stretch) -> Result<usize, SettlementError> {
        let mut settled: usize = 0;
        let mut priced_by = PricedBy::new();
        loop {
            let page = {
                let mut view = snapshot(self.store()).await?;
                view.settlement().unsettled(&left, PAGE).await?
            };
            let (Some(first), Some(last)) = (page.first(), page.last()) else {
                return Ok(settled);
            };
            for (_, period) in &page {
                if !priced_by.contains_key(period) {
                    let published = self.ports.publishing.feed_in_prices(period).await?;
                    priced_by.insert(period.clone(), books(published));
                }
            }
            let done = match self.settle_page(first, last, &priced_by).await {
                Err(error) if is_about_one(&error) => BTreeSet::new(),
                done => done?,
            };
            settled = settled.saturating_add(done.len());
            for month in page.iter().filter(|month| !done.contains(*month)) {
                if self.settle_alone(month, &priced_by).await? == Some(Watched::Settled) {
                    settled = settled.saturating_add(1);
                }
            }
            left.after = Some(last.clone());
        }
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
        let Some(books) = priced_by.get(period) else {
            return Ok(None);
        };
        match self.settle(table, period, books).await {
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
        let updated = rules.watch.is_updated(draw.now, version.updated_at);
        let Some(Ok((prices, taxes))) = priced_by.get(version.period()) else {
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
