//! What a month of generation is worth: energy x the price of its day and part, rounded once per line;
//! then tax, subsidy and net. Pure, so that a repeat and another program come to the same fen.

use super::accounts::FeedIn;
use super::readings::MonthEnergy;
use crate::shared::energy::{Kwh, Price};
use crate::shared::money::{Fen, MoneyError};
use crate::shared::time::Day;
use crate::tariffs::{
    PriceBook, PriceFault, PriceKind, PriceRow, Slot, TaxBook, line_charge, line_formula,
};

/// One line: the amount beside its energy, with the days and the price that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub kind: PriceKind,
    pub slot: Slot,
    pub from: Day,
    /// The last day.
    pub to: Day,
    pub energy: Kwh,
    pub price: Price,
    pub amount: Fen,
}

impl Line {
    /// As it is printed: `123.45 kWh x 0.3035 yuan/kWh = 37.47 yuan`.
    #[must_use]
    pub fn formula(&self) -> String {
        line_formula(self.energy, self.price, self.amount)
    }
}

/// A month's worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amounts {
    pub lines: Vec<Line>,
    /// Sales: the lines of fed-in energy.
    pub gross: Fen,
    pub tax: Fen,
    pub subsidy: Fen,
    /// gross - tax + subsidy: what the owner gets.
    pub net: Fen,
}

/// Why a month cannot be settled yet, or at all. Nothing is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CalculationError {
    #[error("the month has days without readings, {0} first")]
    Gap(Day),
    #[error(transparent)]
    Price(#[from] PriceFault),
    #[error("no tax row holds at the month's end")]
    NoTax,
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Settles one month. Subsidy is granted on what is generated, in either mode; sales are what is fed in.
///
/// # Errors
/// See [`CalculationError`].
pub fn calculate(
    month: &MonthEnergy,
    feed_in: FeedIn,
    prices: &PriceBook,
    taxes: &TaxBook,
) -> Result<Amounts, CalculationError> {
    if let Some(day) = month.gaps().first() {
        return Err(CalculationError::Gap(*day));
    }
    let mut lines: Vec<Line> = Vec::new();
    for (day, parts) in month.days() {
        for (slot, measured) in parts {
            let sold = match feed_in {
                FeedIn::Full => measured.generated,
                FeedIn::Surplus => measured.fed_in,
            };
            gather(
                &mut lines,
                prices.on(PriceKind::FeedIn, *slot, day)?,
                day,
                sold,
            )?;
            if prices.grants_subsidy() {
                let row = prices.on(PriceKind::Subsidy, *slot, day)?;
                gather(&mut lines, row, day, measured.generated)?;
            }
        }
    }
    lines.sort_by_key(|line| (line.kind.as_str(), line.slot.as_str(), line.from));
    for line in &mut lines {
        line.amount = line_charge(line.energy, line.price)?;
    }
    let total = |kind| Fen::sum(lines.iter().filter(|l| l.kind == kind).map(|l| l.amount));
    let (gross, subsidy) = (total(PriceKind::FeedIn)?, total(PriceKind::Subsidy)?);
    let (_, last) = month.period.bounds();
    let tax = taxes.on(last).ok_or(CalculationError::NoTax)?.on(gross)?;
    let net = gross.minus(tax)?.plus(subsidy)?;
    Ok(Amounts {
        lines,
        gross,
        tax,
        subsidy,
        net,
    })
}

/// Adds a day's energy to the line of its price row.
fn gather(
    lines: &mut Vec<Line>,
    row: &PriceRow,
    day: Day,
    energy: Kwh,
) -> Result<(), CalculationError> {
    let same = |line: &&mut Line| {
        // Days come in order, so within a kind and part a price row is one run of days.
        line.kind == row.kind && line.slot == row.slot && line.from >= row.from
    };
    if let Some(line) = lines.iter_mut().find(same) {
        line.to = day;
        line.energy = line.energy.plus(energy).ok_or(MoneyError::OutOfRange)?;
        return Ok(());
    }
    lines.push(Line {
        kind: row.kind,
        slot: row.slot,
        from: day,
        to: day,
        energy,
        price: row.price,
        amount: Fen::ZERO,
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settlement::readings::{DayReading, Measured, MonthReading};
    use crate::shared::period::Period;
    use crate::shared::time::Time;
    use crate::tariffs::TaxRow;

    fn row(kind: PriceKind, slot: Slot, from: &str, until: Option<&str>, price: &str) -> PriceRow {
        PriceRow {
            kind,
            slot,
            from: Day::parse(from).unwrap(),
            until: until.map(|text| Day::parse(text).unwrap()),
            price: Price::parse(price).unwrap(),
        }
    }

    fn taxes(rate_ppm: i64, exempt: i64) -> TaxBook {
        TaxBook::read(vec![TaxRow {
            from: Day::parse("2026-01-01").unwrap(),
            until: None,
            rate_ppm,
            exempt_up_to: Fen::new(exempt),
        }])
        .unwrap()
    }

    /// `total` energy on the first day, nothing on the others.
    fn month(generated: &[(Slot, &str, &str)]) -> MonthEnergy {
        let period = Period::parse("2026-10").unwrap();
        let now = Time::parse_rfc3339("2026-11-01T02:00:00+08:00").unwrap();
        let parts = |first: bool| {
            let measured = |text: &str| {
                let kwh = Kwh::parse(text).unwrap();
                if first { kwh } else { Kwh::ZERO }
            };
            generated
                .iter()
                .map(|(slot, all, fed)| {
                    let (generated, fed_in) = (measured(all), measured(fed));
                    (*slot, Measured { generated, fed_in })
                })
                .collect()
        };
        let days = period.days().enumerate().map(|(at, day)| DayReading {
            day,
            parts: parts(at == 0),
        });
        let reading = MonthReading {
            read_at: now,
            days: days.collect(),
        };
        MonthEnergy::check(&period, reading, now, None).unwrap()
    }

    fn benchmark() -> PriceBook {
        PriceBook::read(vec![row(
            PriceKind::FeedIn,
            Slot::Flat,
            "2026-01-01",
            None,
            "0.3035",
        )])
        .unwrap()
    }

    #[test]
    fn pv_18_worked_figures_of_the_handbook_to_the_fen() {
        let settle = |month: &MonthEnergy, feed_in| {
            calculate(month, feed_in, &benchmark(), &taxes(10_000, 10_000_000)).unwrap()
        };
        let amounts = settle(&month(&[(Slot::Flat, "123.45", "123.45")]), FeedIn::Full);
        assert_eq!(amounts.gross, Fen::new(3_747), "37.467075");
        assert_eq!(
            (amounts.tax, amounts.subsidy, amounts.net),
            (Fen::ZERO, Fen::ZERO, Fen::new(3_747))
        );
        assert_eq!(
            amounts.lines[0].formula(),
            "123.45 kWh x 0.3035 yuan/kWh = 37.47 yuan"
        );
        // Changzhou 2014: 710 kWh generated, 558 fed in.
        let changzhou = month(&[(Slot::Flat, "710", "558")]);
        assert_eq!(
            settle(&changzhou, FeedIn::Surplus).gross,
            Fen::new(16_935),
            "169.353"
        );
        assert_eq!(
            settle(&changzhou, FeedIn::Full).gross,
            Fen::new(21_549),
            "215.485"
        );
    }

    #[test]
    fn pv_19_peak_and_valley_have_prices_of_their_own_and_are_rounded_each() {
        let prices = PriceBook::read(vec![
            row(PriceKind::FeedIn, Slot::Peak, "2026-01-01", None, "0.005"),
            row(PriceKind::FeedIn, Slot::Valley, "2026-01-01", None, "0.005"),
        ])
        .unwrap();
        let both = month(&[(Slot::Peak, "1", "1"), (Slot::Valley, "1", "1")]);
        let amounts = calculate(&both, FeedIn::Full, &prices, &taxes(0, 0)).unwrap();
        assert_eq!(amounts.lines.len(), 2);
        assert_eq!(
            amounts.gross,
            Fen::new(2),
            "half a fen each, rounded per line"
        );
    }

    #[test]
    fn pv_20_the_amount_stands_beside_its_energy() {
        let prices = PriceBook::read(vec![
            row(
                PriceKind::FeedIn,
                Slot::Flat,
                "2026-01-01",
                Some("2026-10-16"),
                "0.3",
            ),
            row(PriceKind::FeedIn, Slot::Flat, "2026-10-16", None, "0.4"),
        ])
        .unwrap();
        let period = Period::parse("2026-10").unwrap();
        let now = Time::parse_rfc3339("2026-11-01T02:00:00+08:00").unwrap();
        let ten = Measured {
            generated: Kwh::parse("10").unwrap(),
            fed_in: Kwh::parse("10").unwrap(),
        };
        let days = period.days().map(|day| DayReading {
            day,
            parts: vec![(Slot::Flat, ten)],
        });
        let reading = MonthReading {
            read_at: now,
            days: days.collect(),
        };
        let month = MonthEnergy::check(&period, reading, now, None).unwrap();
        let amounts = calculate(&month, FeedIn::Full, &prices, &taxes(0, 0)).unwrap();
        let shown: Vec<_> = amounts
            .lines
            .iter()
            .map(|line| (line.from.to_string(), line.to.to_string(), line.formula()))
            .collect();
        let expected = [
            (
                "2026-10-01",
                "2026-10-15",
                "150 kWh x 0.3 yuan/kWh = 45.00 yuan",
            ),
            (
                "2026-10-16",
                "2026-10-31",
                "160 kWh x 0.4 yuan/kWh = 64.00 yuan",
            ),
        ];
        let expected = expected.map(|(from, to, how)| (from.into(), to.into(), how.into()));
        assert_eq!(shown, expected);
    }

    #[test]
    fn subsidy_is_on_what_was_generated_and_tax_on_what_was_sold() {
        let prices = PriceBook::read(vec![
            row(PriceKind::FeedIn, Slot::Flat, "2026-01-01", None, "0.3035"),
            row(PriceKind::Subsidy, Slot::Flat, "2026-01-01", None, "0.42"),
        ])
        .unwrap();
        let month = month(&[(Slot::Flat, "710", "558")]);
        let amounts = calculate(&month, FeedIn::Surplus, &prices, &taxes(10_000, 10_000)).unwrap();
        assert_eq!(amounts.gross, Fen::new(16_935));
        assert_eq!(amounts.tax, Fen::new(169), "169.35");
        assert_eq!(amounts.subsidy, Fen::new(29_820));
        assert_eq!(amounts.net, Fen::new(46_586));
    }

    #[test]
    fn what_is_not_known_is_not_settled() {
        let whole = month(&[(Slot::Flat, "1", "1")]);
        let no_tax = calculate(&whole, FeedIn::Full, &benchmark(), &TaxBook::default());
        assert_eq!(no_tax, Err(CalculationError::NoTax));
        let no_price = calculate(&whole, FeedIn::Full, &PriceBook::default(), &taxes(0, 0));
        assert!(matches!(
            no_price,
            Err(CalculationError::Price(PriceFault::Gap(_)))
        ));
        let text = whole.canonical();
        let cut = text
            .lines()
            .skip(1)
            .fold(String::new(), |all, line| all + line + "\n");
        let month = MonthEnergy::from_canonical(&whole.period, &cut).unwrap();
        let gap = calculate(&month, FeedIn::Full, &benchmark(), &taxes(0, 0));
        let first = Day::parse("2026-10-01").unwrap();
        assert_eq!(gap, Err(CalculationError::Gap(first)));
    }
}
