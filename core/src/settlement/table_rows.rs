//! The rows of a personal data table: each month's newest version, its energy and the amount beside it
//! (PV-14, PV-20, PV-24).

use std::sync::Arc;

use async_trait::async_trait;

use super::accounts::account::FeedIn;
use super::accounts::{RowsOfTable, TableRow, TableSearch};
use super::calculation::Line;
use super::collecting::{SILENT_S, over_since};
use super::energy::EnergyVersion;
use super::ids::PersonalTableId;
use super::readings::Measured;
use super::table_t::Input;
use super::trading::{self, Paid};
use super::{SettlementError, SettlementRules};
use crate::shared::draw::Draw;
use crate::shared::energy::{Kwh, Price};
use crate::shared::money::Fen;
use crate::shared::page::Page;
use crate::shared::period::Period;
use crate::shared::time::{Day, Time};
use crate::store::{StoreError, Tx, View};
use crate::tariffs::{PriceKind, Slot};

/// Months read at once: each is unsealed.
const MONTHS: i64 = 12;

/// Energy and amounts as settlement keeps them.
#[derive(Debug, Clone, Default)]
pub struct MonthRows {
    rules: Arc<SettlementRules>,
}

impl MonthRows {
    #[must_use]
    pub fn under(rules: SettlementRules) -> Self {
        let rules = Arc::new(rules);
        Self { rules }
    }
}

#[async_trait]
impl RowsOfTable for MonthRows {
    async fn list(
        &self,
        view: &mut View,
        table: &PersonalTableId,
        search: &TableSearch,
        page: &Page,
    ) -> Result<Vec<TableRow>, StoreError> {
        let most = usize::try_from(page.limit()).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        let mut before = first_month(search, page).map(|period| period.minus(-1));
        loop {
            let after = before.as_ref().map(|period| period.as_str().to_owned());
            let Some(months) = Page::new(Some(MONTHS), after) else {
                return Ok(found);
            };
            let versions = view.settlement().energy_list(table, &months).await?;
            let Some(oldest) = versions.last().map(|version| version.period().clone()) else {
                return Ok(found);
            };
            for version in versions {
                if search
                    .from
                    .as_ref()
                    .is_some_and(|from| version.period() < from)
                {
                    return Ok(found);
                }
                let id = &version.generation_account_id;
                let Some(account) = view.generation().by_id(id).await? else {
                    return Ok(found);
                };
                let rows = rows_of(&version, account.feed_in);
                found.extend(rows.into_iter().filter(|row| is_wanted(row, search, page)));
                if found.len() > most {
                    found.truncate(most.saturating_add(1));
                    return Ok(found);
                }
            }
            before = Some(oldest);
        }
    }

    async fn has_open_money(
        &self,
        tx: &mut Tx,
        table: &PersonalTableId,
        now: Time,
    ) -> Result<bool, StoreError> {
        let last = Period::of(now).minus(1);
        let over = over_since(&last);
        let comes_late = now >= over.plus_seconds(SILENT_S);
        if !comes_late && tx.settlement().awaits_month(table, &last, over).await? {
            return Ok(true);
        }
        tx.settlement().has_open_money(table).await
    }

    async fn payee_changed(
        &self,
        tx: &mut Tx,
        table: &PersonalTableId,
        draw: &Draw,
    ) -> Result<Time, StoreError> {
        for id in tx.settlement().waiting_trades(table).await? {
            let seen = trading::see(
                tx,
                &self.rules,
                draw,
                &id,
                Input::PayeeChanged,
                Paid::default(),
            );
            seen.await.map_err(|error| match error {
                SettlementError::Store(error) => error,
                // What is written here is written of every trade task.
                other => StoreError::Refused(other.to_string()),
            })?;
        }
        Ok(draw.now.plus_seconds(self.rules.payee_wait_s))
    }

    async fn erase(
        &self,
        tx: &mut Tx,
        table: &PersonalTableId,
        _now: Time,
    ) -> Result<(), StoreError> {
        tx.settlement().erase_rows(table).await
    }
}

/// The newest month that can be on the page.
fn first_month(search: &TableSearch, page: &Page) -> Option<Period> {
    let reached = page.after().and_then(month_of);
    match (reached, search.to.clone()) {
        (Some(reached), Some(to)) => Some(reached.min(to)),
        (reached, to) => reached.or(to),
    }
}

fn is_wanted(row: &TableRow, search: &TableSearch, page: &Page) -> bool {
    search.slot.is_none_or(|slot| slot == row.slot)
        && page
            .after()
            .is_none_or(|after| row.row_key.as_str() > after)
}

/// Every row of one version: the lines of its settlement, or what was measured while it has none.
fn rows_of(version: &EnergyVersion, feed_in: FeedIn) -> Vec<TableRow> {
    let rows = match &version.settled {
        Some(settled) => settled.amounts.lines.iter().map(Bare::settled).collect(),
        None => measured(version, feed_in),
    };
    let period = version.period();
    let keyed = rows.into_iter().enumerate();
    keyed
        .map(|(place, row)| TableRow {
            row_key: format!("{}:{place:04}", mirrored(period.as_str())),
            period: period.clone(),
            kind: row.kind,
            slot: row.slot,
            from: row.from,
            to: row.to,
            energy: row.energy,
            price: row.worth.map(|(price, _)| price),
            amount: row.worth.map(|(_, amount)| amount),
            data_version: version.data_version,
        })
        .collect()
}

/// A row before it has its place.
struct Bare {
    kind: PriceKind,
    slot: Slot,
    from: Day,
    to: Day,
    energy: Kwh,
    worth: Option<(Price, Fen)>,
}

impl Bare {
    const fn settled(line: &Line) -> Self {
        Self {
            kind: line.kind,
            slot: line.slot,
            from: line.from,
            to: line.to,
            energy: line.energy,
            worth: Some((line.price, line.amount)),
        }
    }

    /// Adds the day after the last one; a day that is missing ends the row, so that a gap is seen.
    fn take(&mut self, slot: Slot, day: Day, energy: Kwh) -> bool {
        let sum = self.energy.plus(energy);
        match sum {
            Some(sum) if self.slot == slot && self.to.next() == Some(day) => {
                (self.to, self.energy) = (day, sum);
                true
            }
            _ => false,
        }
    }
}

/// What is sold, per part of the day and days in a row.
fn measured(version: &EnergyVersion, feed_in: FeedIn) -> Vec<Bare> {
    let mut rows: Vec<Bare> = Vec::new();
    for (day, parts) in version.month.days() {
        for (slot, measured) in parts {
            let (slot, energy) = (*slot, sold(*measured, feed_in));
            if !rows.iter_mut().any(|row| row.take(slot, day, energy)) {
                rows.push(Bare {
                    kind: PriceKind::FeedIn,
                    slot,
                    from: day,
                    to: day,
                    energy,
                    worth: None,
                });
            }
        }
    }
    rows
}

const fn sold(measured: Measured, feed_in: FeedIn) -> Kwh {
    match feed_in {
        FeedIn::Full => measured.generated,
        FeedIn::Surplus => measured.fed_in,
    }
}

/// Digits counted from the other end, so that the newest month sorts first; its own inverse.
fn mirrored(month: &str) -> String {
    let turn = |letter: char| {
        let digit = letter.to_digit(10).map(|digit| 9_u32.abs_diff(digit));
        digit.and_then(|digit| char::from_digit(digit, 10))
    };
    month
        .chars()
        .map(|letter| turn(letter).unwrap_or(letter))
        .collect()
}

fn month_of(row_key: &str) -> Option<Period> {
    let (month, _) = row_key.split_once(':')?;
    Period::parse(&mirrored(month)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settlement::energy::VersionState;
    use crate::settlement::ids::GenerationAccountId;
    use crate::settlement::readings::MonthEnergy;

    fn version(days: &str) -> EnergyVersion {
        let period = Period::parse("2026-10").unwrap();
        let id = "019aa2f0-0000-7000-8000-000000000000";
        let at = Time::parse_rfc3339("2026-11-01T02:00:00+08:00").unwrap();
        EnergyVersion {
            table_id: PersonalTableId::parse(id).unwrap(),
            generation_account_id: GenerationAccountId::parse(id).unwrap(),
            data_version: 1,
            month: MonthEnergy::from_canonical(&period, days).unwrap(),
            read_at: at,
            updated_at: at,
            state: VersionState::Collected,
            refusal: None,
            settled: None,
            row_version: 1,
        }
    }

    #[test]
    fn what_was_measured_is_listed_before_it_is_worth_anything_and_a_gap_is_seen() {
        let version = version(
            "2026-10-01 peak 4 3\n2026-10-01 valley 1 0\n2026-10-02 peak 5 2\n2026-10-04 peak 6 6\n",
        );
        let told = |feed_in| -> Vec<String> {
            let rows = rows_of(&version, feed_in);
            assert!(
                rows.iter()
                    .all(|row| row.price.is_none() && row.amount.is_none())
            );
            let text = rows.iter().map(|row| {
                let (slot, from, to) = (row.slot.as_str(), row.from, row.to);
                format!("{} {slot} {from} {to} {}", row.row_key, row.energy)
            });
            text.collect()
        };
        let surplus = [
            "7973-89:0000 peak 2026-10-01 2026-10-02 5",
            "7973-89:0001 valley 2026-10-01 2026-10-01 0",
            "7973-89:0002 peak 2026-10-04 2026-10-04 6",
        ];
        assert_eq!(told(FeedIn::Surplus), surplus);
        assert_eq!(
            told(FeedIn::Full).first().map(String::as_str),
            Some("7973-89:0000 peak 2026-10-01 2026-10-02 9")
        );
    }

    #[test]
    fn keys_sort_the_newest_month_first_and_lead_back_to_it() {
        let months = ["2027-01", "2026-12", "2026-10", "2026-09", "2019-12"];
        let keys: Vec<String> = months
            .map(|month| format!("{}:0000", mirrored(month)))
            .into();
        assert!(keys.is_sorted(), "{keys:?}");
        for (key, month) in keys.iter().zip(months) {
            assert_eq!(month_of(key), Period::parse(month).ok());
        }
        assert_eq!(month_of("2026-10"), None);
    }

    #[test]
    fn a_page_begins_at_the_cursor_or_the_last_month_wanted_whichever_is_older() {
        let month = |text: &str| Period::parse(text).unwrap();
        let page = |after: Option<&str>| Page::new(None, after.map(str::to_owned)).unwrap();
        let to = |text: Option<&str>| TableSearch {
            to: text.map(month),
            ..TableSearch::default()
        };
        let cursor = "7973-89:0003";
        for (last, after, first) in [
            (None, None, None),
            (Some("2026-08"), None, Some("2026-08")),
            (None, Some(cursor), Some("2026-10")),
            (Some("2026-08"), Some(cursor), Some("2026-08")),
            (Some("2026-12"), Some(cursor), Some("2026-10")),
        ] {
            assert_eq!(first_month(&to(last), &page(after)), first.map(month));
        }
    }
}
