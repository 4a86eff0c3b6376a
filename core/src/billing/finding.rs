//! What is wrong with a bill: each sum in it made again from what it is made of (EC-07, EC-18), by the
//! one calculation of `tariffs`.

use super::figures::{Bill, Reading};
use crate::shared::energy::Kwh;
use crate::shared::money::Fen;
use crate::tariffs::line_charge;

/// One thing that is not what it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A meter's energy is not the difference of its readings times its multiplier.
    Reading {
        /// Counted from one.
        number: usize,
        stated: Kwh,
        recomputed: Option<Kwh>,
    },
    /// The meters' energies do not add up to the bill's.
    Energy {
        stated: Kwh,
        recomputed: Option<Kwh>,
    },
    /// A line is not its energy times its price.
    Line {
        /// Counted from one.
        number: usize,
        stated: Fen,
        recomputed: Option<Fen>,
    },
    /// The lines do not add up to the total.
    Total {
        stated: Fen,
        recomputed: Option<Fen>,
    },
}

impl Finding {
    /// What it is about, in a word: `reading 1`, `energy`, `line 2`, `total`.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Reading { number, .. } => format!("reading {number}"),
            Self::Energy { .. } => "energy".to_owned(),
            Self::Line { number, .. } => format!("line {number}"),
            Self::Total { .. } => "total".to_owned(),
        }
    }

    #[must_use]
    pub fn stated(&self) -> String {
        match self {
            Self::Reading { stated, .. } | Self::Energy { stated, .. } => format!("{stated} kWh"),
            Self::Line { stated, .. } | Self::Total { stated, .. } => stated.yuan(),
        }
    }

    /// Empty when the result is out of range.
    #[must_use]
    pub fn recomputed(&self) -> String {
        match self {
            Self::Reading { recomputed, .. } | Self::Energy { recomputed, .. } => {
                recomputed.map_or(String::new(), |energy| format!("{energy} kWh"))
            }
            Self::Line { recomputed, .. } | Self::Total { recomputed, .. } => {
                recomputed.map_or(String::new(), Fen::yuan)
            }
        }
    }
}

fn of_meter(reading: &Reading) -> Option<Kwh> {
    let used = reading
        .current
        .scaled()
        .checked_sub(reading.previous.scaled())?;
    used.checked_mul(reading.multiplier).map(Kwh::from_scaled)
}

/// Everything in a bill that is not what it is made of; nothing when it can be made again to the fen.
#[must_use]
pub fn findings(bill: &Bill) -> Vec<Finding> {
    let mut found = Vec::new();
    for (number, reading) in (1..).zip(&bill.readings) {
        let recomputed = of_meter(reading);
        if recomputed != Some(reading.energy) {
            found.push(Finding::Reading {
                number,
                stated: reading.energy,
                recomputed,
            });
        }
    }
    let metered = bill.readings.iter().try_fold(0_i64, |sum, reading| {
        sum.checked_add(reading.energy.scaled())
    });
    let metered = metered.map(Kwh::from_scaled);
    if !bill.readings.is_empty() && metered != Some(bill.energy) {
        found.push(Finding::Energy {
            stated: bill.energy,
            recomputed: metered,
        });
    }
    for (number, line) in (1..).zip(&bill.lines) {
        let recomputed = line_charge(line.quantity, line.price).ok();
        if recomputed != Some(line.amount) {
            found.push(Finding::Line {
                number,
                stated: line.amount,
                recomputed,
            });
        }
    }
    let total = Fen::sum(bill.lines.iter().map(|line| line.amount)).ok();
    if total != Some(bill.total) {
        found.push(Finding::Total {
            stated: bill.total,
            recomputed: total,
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::figures::BillLine;
    use super::*;
    use crate::shared::energy::Price;
    use crate::shared::time::Time;

    fn kwh(text: &str) -> Kwh {
        Kwh::parse(text).unwrap()
    }

    fn bill() -> Bill {
        let line = |quantity, price, amount| BillLine {
            kind: "energy".into(),
            tier: Some(1),
            quantity: kwh(quantity),
            price: Price::parse(price).unwrap(),
            amount: Fen::new(amount),
        };
        Bill {
            period: "2026-10".into(),
            issued_on: "2026-11-03".into(),
            due_date: "2026-11-25".into(),
            days: 31,
            readings: vec![Reading {
                meter_no: "M1".into(),
                previous: kwh("100"),
                current: kwh("250"),
                multiplier: 1,
                energy: kwh("150"),
            }],
            lines: vec![line("60", "0.538", 3_228), line("90", "0.588", 5_292)],
            tiers: Vec::new(),
            energy: kwh("150"),
            year_to_date: kwh("150"),
            total: Fen::new(8_520),
            paid: false,
            as_of: Time::default(),
        }
    }

    #[test]
    fn ec_07_a_bill_that_is_what_it_is_made_of_has_no_finding() {
        assert_eq!(findings(&bill()), []);
    }

    #[test]
    fn ec_07_each_wrong_figure_is_found_where_it_is() {
        let places = |spoil: fn(&mut Bill)| {
            let mut wrong = bill();
            spoil(&mut wrong);
            let found = findings(&wrong);
            found.iter().map(Finding::place).collect::<Vec<_>>()
        };
        assert_eq!(
            places(|bill| bill.lines[1].amount = Fen::new(5_293)),
            ["line 2", "total"]
        );
        assert_eq!(places(|bill| bill.total = Fen::new(8_519)), ["total"]);
        assert_eq!(places(|bill| bill.energy = kwh("151")), ["energy"]);
        assert_eq!(
            places(|bill| bill.readings[0].current = kwh("90")),
            ["reading 1"],
            "a meter does not run backwards"
        );
        assert_eq!(
            places(|bill| bill.readings[0].multiplier = 2),
            ["reading 1"]
        );
        assert_eq!(
            places(|bill| bill.readings[0].multiplier = i64::MAX),
            ["reading 1"]
        );
    }
}
