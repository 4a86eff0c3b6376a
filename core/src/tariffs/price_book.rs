//! Prices as dated rows of the publishing platform. A book with a gap or an overlap is refused whole:
//! the wrong price of one day is worse than no price.

use std::collections::BTreeMap;

use crate::shared::decision::words;
use crate::shared::energy::Price;
use crate::shared::money::{Fen, MoneyError};
use crate::shared::time::Day;

words! {
    /// The parts of a day with prices of their own.
    Slot {
        SuperPeak = "super_peak",
        Peak = "peak",
        Flat = "flat",
        Valley = "valley",
        DeepValley = "deep_valley",
    }
}

words! {
    /// What a price is for.
    PriceKind {
        /// What the grid pays for energy fed in.
        FeedIn = "feed_in",
        /// What is granted beside it, per kWh generated.
        Subsidy = "subsidy",
    }
}

/// One price with the days it holds on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceRow {
    pub kind: PriceKind,
    pub slot: Slot,
    pub from: Day,
    /// The first day it no longer holds on; open while absent.
    pub until: Option<Day>,
    pub price: Price,
}

/// Why rows are no price book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PriceFault {
    #[error("a price row ends before it begins")]
    Empty,
    #[error("a price is negative")]
    Negative,
    #[error("two price rows hold on {0}")]
    Overlap(Day),
    #[error("no price row holds on {0}")]
    Gap(Day),
}

/// Checked prices of one price code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PriceBook {
    rows: BTreeMap<(&'static str, &'static str), Vec<PriceRow>>,
}

impl PriceBook {
    /// # Errors
    /// See [`PriceFault`]: nothing of a faulty book is used.
    pub fn read(rows: Vec<PriceRow>) -> Result<Self, PriceFault> {
        let mut book = Self::default();
        for row in rows {
            if row.until.is_some_and(|until| until <= row.from) {
                return Err(PriceFault::Empty);
            }
            if row.price < Price::ZERO {
                return Err(PriceFault::Negative);
            }
            let key = (row.kind.as_str(), row.slot.as_str());
            book.rows.entry(key).or_default().push(row);
        }
        for rows in book.rows.values_mut() {
            rows.sort_by_key(|row| row.from);
            for (earlier, later) in rows.iter().zip(rows.iter().skip(1)) {
                match earlier.until {
                    None => return Err(PriceFault::Overlap(later.from)),
                    Some(until) if until > later.from => {
                        return Err(PriceFault::Overlap(later.from));
                    }
                    Some(until) if until < later.from => return Err(PriceFault::Gap(until)),
                    Some(_) => {}
                }
            }
        }
        Ok(book)
    }

    /// The row that holds on a day.
    ///
    /// # Errors
    /// [`PriceFault::Gap`] when none does.
    pub fn on(&self, kind: PriceKind, slot: Slot, day: Day) -> Result<&PriceRow, PriceFault> {
        let rows = self.rows.get(&(kind.as_str(), slot.as_str()));
        let found = rows.into_iter().flatten().rev().find(|row| row.from <= day);
        found
            .filter(|row| row.until.is_none_or(|until| day < until))
            .ok_or(PriceFault::Gap(day))
    }

    /// Whether anything is granted under this code at all.
    #[must_use]
    pub fn grants_subsidy(&self) -> bool {
        let kind = PriceKind::Subsidy.as_str();
        self.rows.keys().any(|(of, _)| *of == kind)
    }
}

/// Tax on a month's sales with the days it holds on (domain.md 3.9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxRow {
    pub from: Day,
    pub until: Option<Day>,
    /// Parts of a million of the sales.
    pub rate_ppm: i64,
    /// Sales of a month up to this are exempt.
    pub exempt_up_to: Fen,
}

const MILLION: i128 = 1_000_000;

impl TaxRow {
    /// The tax on one month's sales, rounded once, half up.
    ///
    /// # Errors
    /// When the sum is out of range.
    pub fn on(&self, sales: Fen) -> Result<Fen, MoneyError> {
        if sales <= self.exempt_up_to {
            return Ok(Fen::ZERO);
        }
        let exact = i128::from(sales.get())
            .checked_mul(i128::from(self.rate_ppm))
            .and_then(|exact| exact.checked_add(MILLION.div_euclid(2)))
            .ok_or(MoneyError::OutOfRange)?;
        let rounded = i64::try_from(exact.div_euclid(MILLION));
        rounded.map(Fen::new).map_err(|_| MoneyError::OutOfRange)
    }
}

/// Checked tax rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaxBook(Vec<TaxRow>);

impl TaxBook {
    /// # Errors
    /// As [`PriceBook::read`].
    pub fn read(mut rows: Vec<TaxRow>) -> Result<Self, PriceFault> {
        rows.sort_by_key(|row| row.from);
        for row in &rows {
            if row.until.is_some_and(|until| until <= row.from) {
                return Err(PriceFault::Empty);
            }
            if !(0..=1_000_000).contains(&row.rate_ppm) || row.exempt_up_to < Fen::ZERO {
                return Err(PriceFault::Negative);
            }
        }
        for (earlier, later) in rows.iter().zip(rows.iter().skip(1)) {
            match earlier.until {
                Some(until) if until == later.from => {}
                Some(until) if until < later.from => return Err(PriceFault::Gap(until)),
                Some(_) | None => return Err(PriceFault::Overlap(later.from)),
            }
        }
        Ok(Self(rows))
    }

    /// The row that holds on a day.
    #[must_use]
    pub fn on(&self, day: Day) -> Option<&TaxRow> {
        let found = self.0.iter().rev().find(|row| row.from <= day);
        found.filter(|row| row.until.is_none_or(|until| day < until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn row(from: &str, until: Option<&str>, price: &str) -> PriceRow {
        PriceRow {
            kind: PriceKind::FeedIn,
            slot: Slot::Peak,
            from: day(from),
            until: until.map(day),
            price: Price::parse(price).unwrap(),
        }
    }

    #[test]
    fn the_row_of_the_day_is_found_and_half_open() {
        let rows = vec![
            row("2026-10-16", None, "0.31"),
            row("2026-01-01", Some("2026-10-16"), "0.3035"),
        ];
        let book = PriceBook::read(rows).unwrap();
        let price = |text| {
            book.on(PriceKind::FeedIn, Slot::Peak, day(text))
                .map(|row| row.price)
        };
        assert_eq!(price("2026-10-15"), Ok(Price::parse("0.3035").unwrap()));
        assert_eq!(price("2026-10-16"), Ok(Price::parse("0.31").unwrap()));
        assert_eq!(price("2025-12-31"), Err(PriceFault::Gap(day("2025-12-31"))));
        let valley = book.on(PriceKind::FeedIn, Slot::Valley, day("2026-10-16"));
        assert_eq!(valley, Err(PriceFault::Gap(day("2026-10-16"))));
        assert!(!book.grants_subsidy());
    }

    #[test]
    fn gaps_overlaps_and_nonsense_are_refused_whole() {
        let read = |rows| PriceBook::read(rows).err();
        let overlap = vec![
            row("2026-01-01", Some("2026-10-17"), "1"),
            row("2026-10-16", None, "1"),
        ];
        assert_eq!(read(overlap), Some(PriceFault::Overlap(day("2026-10-16"))));
        let open_end = vec![row("2026-01-01", None, "1"), row("2026-10-16", None, "1")];
        assert_eq!(read(open_end), Some(PriceFault::Overlap(day("2026-10-16"))));
        let gap = vec![
            row("2026-01-01", Some("2026-10-15"), "1"),
            row("2026-10-16", None, "1"),
        ];
        assert_eq!(read(gap), Some(PriceFault::Gap(day("2026-10-15"))));
        let empty = vec![row("2026-01-01", Some("2026-01-01"), "1")];
        assert_eq!(read(empty), Some(PriceFault::Empty));
        assert_eq!(
            read(vec![row("2026-01-01", None, "-1")]),
            Some(PriceFault::Negative)
        );
        assert_eq!(read(Vec::new()), None);
    }

    #[test]
    fn sales_up_to_the_limit_are_exempt() {
        let tax = TaxRow {
            from: day("2026-01-01"),
            until: None,
            rate_ppm: 10_000,
            exempt_up_to: Fen::new(10_000_000),
        };
        assert_eq!(tax.on(Fen::new(10_000_000)), Ok(Fen::ZERO));
        assert_eq!(
            tax.on(Fen::new(10_000_050)),
            Ok(Fen::new(100_001)),
            "100000.5 goes up"
        );
        assert_eq!(tax.on(Fen::new(10_000_049)), Ok(Fen::new(100_000)));
        let book = TaxBook::read(vec![tax.clone()]).unwrap();
        assert!(book.on(day("2025-12-31")).is_none());
        assert_eq!(book.on(day("2026-01-01")), Some(&tax));
        assert!(TaxBook::read(vec![tax.clone(), tax]).is_err());
    }
}
