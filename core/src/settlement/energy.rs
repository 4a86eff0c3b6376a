//! One version of one month in a personal data table: what was collected, and beside it what it is worth.

use serde::{Deserialize, Serialize};

use super::accounts::FeedIn;
use super::calculation::{Amounts, Line};
use super::ids::{GenerationAccountId, PersonalTableId};
use super::readings::MonthEnergy;
use crate::shared::decision::words;
use crate::shared::energy::{Kwh, Price};
use crate::shared::money::{Fen, MoneyError};
use crate::shared::period::Period;
use crate::shared::time::{Day, Time};
use crate::tariffs::{PriceKind, Slot, line_charge};

words! {
    /// How far a version has come.
    VersionState {
        /// Collected, not settled yet.
        Collected = "collected",
        Settled = "settled",
        /// Newer data came before it was settled.
        Overtaken = "overtaken",
    }
}

/// One line as it is kept, sealed with the table's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptLine {
    kind: String,
    slot: String,
    from: Day,
    to: Day,
    energy: Kwh,
    price: Price,
    amount: Fen,
}

/// What a month was settled at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    pub amounts: Amounts,
    /// What a reviewer added to or took from the calculated net; zero otherwise.
    pub adjustment: Fen,
    pub at: Time,
}

impl Settled {
    /// What the owner gets for the month.
    ///
    /// # Errors
    /// When the sum is out of range.
    pub fn net(&self) -> Result<Fen, MoneyError> {
        self.amounts.net.plus(self.adjustment)
    }
}

/// One version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnergyVersion {
    pub table_id: PersonalTableId,
    pub generation_account_id: GenerationAccountId,
    pub data_version: i64,
    /// Absent once the table is erased.
    pub month: MonthEnergy,
    /// The head-end's own time of these values.
    pub read_at: Time,
    /// When the table was updated: what the watch looks at.
    pub updated_at: Time,
    pub state: VersionState,
    /// Why it is not settled yet, in a stable word.
    pub refusal: Option<String>,
    pub settled: Option<Settled>,
    pub row_version: i64,
}

impl EnergyVersion {
    #[must_use]
    pub const fn period(&self) -> &Period {
        &self.month.period
    }

    /// Meter and settlement agree: every line is its energy times its price, the lines hold all the energy that was
    /// measured and that its account sells, and the sums add up (the first two of the three ways).
    #[must_use]
    pub fn agrees(&self, feed_in: FeedIn) -> bool {
        let Some(settled) = &self.settled else {
            return false;
        };
        let amounts = &settled.amounts;
        let recharged = amounts
            .lines
            .iter()
            .all(|line| line_charge(line.energy, line.price) == Ok(line.amount));
        let sum = |kind| {
            let lines = amounts.lines.iter().filter(|line| line.kind == kind);
            Fen::sum(lines.map(|line| line.amount))
        };
        let sums = sum(PriceKind::FeedIn) == Ok(amounts.gross)
            && sum(PriceKind::Subsidy) == Ok(amounts.subsidy)
            && amounts
                .gross
                .minus(amounts.tax)
                .and_then(|net| net.plus(amounts.subsidy))
                == Ok(amounts.net);
        let taxed = (Fen::ZERO..=amounts.gross.max(Fen::ZERO)).contains(&amounts.tax);
        recharged && sums && taxed && self.holds_all_energy(amounts, feed_in)
    }

    /// Sales are of what the account sells, and a subsidy, where one is granted, is on all that was generated.
    fn holds_all_energy(&self, amounts: &Amounts, feed_in: FeedIn) -> bool {
        let of = |kind| amounts.lines.iter().filter(move |line| line.kind == kind);
        let sold = total(of(PriceKind::FeedIn).map(|line| line.energy));
        let is_subsidised = of(PriceKind::Subsidy).next().is_some();
        let subsidised = total(of(PriceKind::Subsidy).map(|line| line.energy));
        let parts = || {
            self.month
                .days()
                .flat_map(|(_, parts)| parts.iter().map(|(_, m)| *m))
        };
        let generated = total(parts().map(|measured| measured.generated));
        let fed_in = total(parts().map(|measured| measured.fed_in));
        let wanted = match feed_in {
            FeedIn::Full => generated,
            FeedIn::Surplus => fed_in,
        };
        sold.is_some() && sold == wanted && (!is_subsidised || subsidised == generated)
    }
}

fn total(energies: impl Iterator<Item = Kwh>) -> Option<Kwh> {
    let mut energies = energies;
    energies.try_fold(Kwh::ZERO, Kwh::plus)
}

/// The lines as they are kept.
///
/// # Errors
/// When they cannot be written, which no lines of these types do.
pub fn lines_to_kept(lines: &[Line]) -> Result<String, serde_json::Error> {
    let kept = lines.iter().map(|line| KeptLine {
        kind: line.kind.as_str().to_owned(),
        slot: line.slot.as_str().to_owned(),
        from: line.from,
        to: line.to,
        energy: line.energy,
        price: line.price,
        amount: line.amount,
    });
    serde_json::to_string(&kept.collect::<Vec<_>>())
}

/// Reads what [`lines_to_kept`] wrote.
#[must_use]
pub fn lines_from_kept(text: &str) -> Option<Vec<Line>> {
    let kept: Vec<KeptLine> = serde_json::from_str(text).ok()?;
    kept.into_iter()
        .map(|line| {
            Some(Line {
                kind: PriceKind::parse(&line.kind)?,
                slot: Slot::parse(&line.slot)?,
                from: line.from,
                to: line.to,
                energy: line.energy,
                price: line.price,
                amount: line.amount,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settlement::calculation::calculate;
    use crate::settlement::readings::{DayReading, Measured, MonthReading};
    use crate::shared::ids::TypedId as _;
    use crate::tariffs::{PriceBook, PriceRow, TaxBook, TaxRow};

    /// 310 kWh generated, 155 fed in, with a subsidy on what is generated.
    fn settled_by(feed_in: FeedIn) -> EnergyVersion {
        let period = Period::parse("2026-10").unwrap();
        let at = Time::parse_rfc3339("2026-11-01T02:00:00+08:00").unwrap();
        let kwh = |text| Kwh::parse(text).unwrap();
        let measured = Measured {
            generated: kwh("10"),
            fed_in: kwh("5"),
        };
        let days = period.days().map(|day| DayReading {
            day,
            parts: vec![(Slot::Flat, measured)],
        });
        let reading = MonthReading {
            read_at: at,
            days: days.collect(),
        };
        let month = MonthEnergy::check(&period, reading, at, None).unwrap();
        let from = Day::parse("2026-01-01").unwrap();
        let price = |kind, price| PriceRow {
            kind,
            slot: Slot::Flat,
            from,
            until: None,
            price: Price::parse(price).unwrap(),
        };
        let prices = vec![
            price(PriceKind::FeedIn, "0.3"),
            price(PriceKind::Subsidy, "0.4"),
        ];
        let taxes = vec![TaxRow {
            from,
            until: None,
            rate_ppm: 10_000,
            exempt_up_to: Fen::ZERO,
        }];
        let prices = PriceBook::read(prices).unwrap();
        let taxes = TaxBook::read(taxes).unwrap();
        let amounts = calculate(&month, feed_in, &prices, &taxes).unwrap();
        EnergyVersion {
            table_id: PersonalTableId::made("t".into()),
            generation_account_id: GenerationAccountId::made("g".into()),
            data_version: 1,
            month,
            read_at: at,
            updated_at: at,
            state: VersionState::Settled,
            refusal: None,
            settled: Some(Settled {
                amounts,
                adjustment: Fen::ZERO,
                at,
            }),
            row_version: 1,
        }
    }

    #[test]
    fn a_settlement_agrees_with_the_register_that_its_account_sells_by() {
        for feed_in in [FeedIn::Full, FeedIn::Surplus] {
            let version = settled_by(feed_in);
            for sells in [FeedIn::Full, FeedIn::Surplus] {
                assert_eq!(version.agrees(sells), sells == feed_in, "{sells:?}");
            }
        }
    }

    #[test]
    fn a_subsidy_is_on_all_that_was_generated_and_a_tax_on_what_was_sold() {
        let change = |change: fn(&mut Amounts)| {
            let mut version = settled_by(FeedIn::Surplus);
            let settled = version.settled.as_mut().unwrap();
            change(&mut settled.amounts);
            let amounts = &mut settled.amounts;
            let net = amounts.gross.minus(amounts.tax).unwrap();
            amounts.net = net.plus(amounts.subsidy).unwrap();
            version.agrees(FeedIn::Surplus)
        };
        assert!(change(|_| {}));
        assert!(!change(|amounts| {
            for line in &mut amounts.lines {
                if line.kind == PriceKind::Subsidy {
                    line.energy = Kwh::parse("155").unwrap();
                    line.amount = Fen::new(6_200);
                }
            }
            amounts.subsidy = Fen::new(6_200);
        }));
        assert!(!change(|amounts| amounts.tax = Fen::new(-1)));
        assert!(!change(|amounts| {
            amounts.tax = amounts.gross.plus(Fen::new(1)).unwrap();
        }));
    }
}
