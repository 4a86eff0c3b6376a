//! What is wrong with a bill: each sum in it made again from what it is made of (EC-07, EC-18), by the
//! one calculation of `tariffs`.

use super::figures::{Bill, BillLine, Reading};
use crate::shared::energy::{Kwh, Price};
use crate::shared::money::Fen;
use crate::tariffs::line_charge;

/// The kind of a line that prices metered energy; a line of another kind charges for something else.
const ENERGY: &str = "energy";

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
    /// The energy that the lines price is not the bill's.
    Quantity {
        /// What is priced; none when it is out of range.
        stated: Option<Kwh>,
        /// What the bill says was used.
        recomputed: Kwh,
    },
    /// A line's price is not that of its step.
    Price {
        /// Counted from one.
        number: usize,
        stated: Price,
        /// Of the step as the bill states it; none when it states no such step.
        recomputed: Option<Price>,
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
    /// What it is about, in a word: `reading 1`, `energy`, `quantity`, `price 1`, `line 2`, `total`.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Reading { number, .. } => format!("reading {number}"),
            Self::Energy { .. } => "energy".to_owned(),
            Self::Quantity { .. } => "quantity".to_owned(),
            Self::Price { number, .. } => format!("price {number}"),
            Self::Line { number, .. } => format!("line {number}"),
            Self::Total { .. } => "total".to_owned(),
        }
    }

    /// Empty when it is out of range.
    #[must_use]
    pub fn stated(&self) -> String {
        match self {
            Self::Reading { stated, .. } | Self::Energy { stated, .. } => format!("{stated} kWh"),
            Self::Quantity { stated, .. } => {
                stated.map_or(String::new(), |energy| format!("{energy} kWh"))
            }
            Self::Price { stated, .. } => format!("{stated} yuan/kWh"),
            Self::Line { stated, .. } | Self::Total { stated, .. } => stated.yuan(),
        }
    }

    /// Empty when the result is out of range, or there is no such step.
    #[must_use]
    pub fn recomputed(&self) -> String {
        match self {
            Self::Reading { recomputed, .. } | Self::Energy { recomputed, .. } => {
                recomputed.map_or(String::new(), |energy| format!("{energy} kWh"))
            }
            Self::Quantity { recomputed, .. } => format!("{recomputed} kWh"),
            Self::Price { recomputed, .. } => {
                recomputed.map_or(String::new(), |price| format!("{price} yuan/kWh"))
            }
            Self::Line { recomputed, .. } | Self::Total { recomputed, .. } => {
                recomputed.map_or(String::new(), Fen::yuan)
            }
        }
    }
}

/// What a meter's readings come to; none when that is out of range.
pub(super) fn of_meter(reading: &Reading) -> Option<Kwh> {
    let used = reading
        .current
        .scaled()
        .checked_sub(reading.previous.scaled())?;
    used.checked_mul(reading.multiplier).map(Kwh::from_scaled)
}

/// Everything in a bill that is not what it is made of; nothing when it can be made again to the fen.
#[must_use]
pub fn findings(bill: &Bill) -> Vec<Finding> {
    let mut found = of_energy(bill);
    for (number, line) in (1..).zip(&bill.lines) {
        found.extend(of_price(bill, number, line));
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

/// From the meters to what is priced: one energy all the way.
fn of_energy(bill: &Bill) -> Vec<Finding> {
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
    let metered = sum(bill.readings.iter().map(|reading| reading.energy));
    if !bill.readings.is_empty() && metered != Some(bill.energy) {
        found.push(Finding::Energy {
            stated: bill.energy,
            recomputed: metered,
        });
    }
    let priced = bill.lines.iter().filter(|line| line.kind == ENERGY);
    let priced = sum(priced.map(|line| line.quantity));
    if priced != Some(bill.energy) {
        found.push(Finding::Quantity {
            stated: priced,
            recomputed: bill.energy,
        });
    }
    found
}

/// A line of a step has a price of that step, where the bill states its steps: one that changed within the month has
/// two.
fn of_price(bill: &Bill, number: usize, line: &BillLine) -> Option<Finding> {
    let tier = line.tier.filter(|_| line.kind == ENERGY)?;
    if bill.tiers.is_empty() {
        return None;
    }
    let mut prices = bill.tiers.iter().filter(|step| step.tier == tier);
    if prices.clone().any(|step| step.price == line.price) {
        return None;
    }
    Some(Finding::Price {
        number,
        stated: line.price,
        recomputed: prices.next().map(|step| step.price),
    })
}

fn sum(mut parts: impl Iterator<Item = Kwh>) -> Option<Kwh> {
    parts.try_fold(Kwh::ZERO, Kwh::plus)
}

#[cfg(test)]
mod tests {
    use super::super::figures::Tier;
    use super::*;
    use crate::shared::time::Time;

    fn kwh(text: &str) -> Kwh {
        Kwh::parse(text).unwrap()
    }

    fn step(tier: i64, price: &str) -> Tier {
        Tier {
            tier,
            up_to: None,
            price: Price::parse(price).unwrap(),
        }
    }

    fn places(spoil: fn(&mut Bill)) -> Vec<String> {
        let mut wrong = bill();
        spoil(&mut wrong);
        findings(&wrong).iter().map(Finding::place).collect()
    }

    fn bill() -> Bill {
        let line = |tier, quantity, price, amount| BillLine {
            kind: "energy".into(),
            tier: Some(tier),
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
            lines: vec![line(1, "60", "0.538", 3_228), line(2, "90", "0.588", 5_292)],
            tiers: vec![step(1, "0.538"), step(2, "0.588")],
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
        assert_eq!(
            places(|bill| bill.lines[1].amount = Fen::new(5_293)),
            ["line 2", "total"]
        );
        assert_eq!(places(|bill| bill.total = Fen::new(8_519)), ["total"]);
        assert_eq!(
            places(|bill| bill.energy = kwh("151")),
            ["energy", "quantity"]
        );
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

    /// Ten times what was metered, each line and the total right for that.
    fn tenfold(bill: &mut Bill) {
        bill.lines[0].quantity = kwh("600");
        bill.lines[0].amount = Fen::new(32_280);
        bill.lines[1].quantity = kwh("900");
        bill.lines[1].amount = Fen::new(52_920);
        bill.total = Fen::new(85_200);
    }

    #[test]
    fn ec_18_energy_that_was_priced_and_never_metered_is_found() {
        assert_eq!(places(tenfold), ["quantity"]);
        let mut wrong = bill();
        tenfold(&mut wrong);
        let found = findings(&wrong);
        assert_eq!(
            (found[0].stated(), found[0].recomputed()),
            ("1500 kWh".to_owned(), "150 kWh".to_owned())
        );
        assert_eq!(
            places(|bill| bill.lines[0].quantity = kwh("60.0001")),
            ["quantity"],
            "the smallest energy there is, though it costs no fen"
        );
        assert_eq!(
            places(|bill| bill.lines[0].quantity = Kwh::from_scaled(i64::MAX)),
            ["quantity", "line 1"]
        );
    }

    #[test]
    fn ec_18_a_price_that_is_not_its_steps_is_found() {
        // 60 kWh at the price of the second step, charged and summed as such.
        assert_eq!(
            places(|bill| {
                bill.lines[0].price = Price::parse("0.588").unwrap();
                bill.lines[0].amount = Fen::new(3_528);
                bill.total = Fen::new(8_820);
            }),
            ["price 1"]
        );
        assert_eq!(
            places(|bill| bill.lines[1].tier = Some(3)),
            ["price 2"],
            "a step the bill does not know"
        );
        let mut wrong = bill();
        wrong.tiers[1] = step(2, "0.5881");
        let found = findings(&wrong);
        assert_eq!(
            (found[0].stated(), found[0].recomputed()),
            ("0.588 yuan/kWh".to_owned(), "0.5881 yuan/kWh".to_owned())
        );
    }

    #[test]
    fn ec_18_a_price_that_changed_within_the_month_is_a_price_of_its_step() {
        let two_prices = |bill: &mut Bill| {
            bill.lines[0].tier = Some(2);
            bill.tiers.insert(1, step(2, "0.538"));
        };
        assert_eq!(places(two_prices), Vec::<String>::new());
        assert_eq!(
            places(|bill| {
                bill.lines[0].tier = Some(2);
                bill.tiers.insert(1, step(2, "0.5"));
            }),
            ["price 1"],
            "neither of the two"
        );
    }

    #[test]
    fn ec_07_what_is_no_energy_of_a_step_is_neither_summed_nor_priced_by_it() {
        let charge = |kind: &str, tier: Option<i64>| BillLine {
            kind: kind.into(),
            tier,
            quantity: kwh("10"),
            price: Price::parse("0.1").unwrap(),
            amount: Fen::new(100),
        };
        let mut right = bill();
        right.lines.push(charge("surcharge", Some(1)));
        right.total = Fen::new(8_620);
        assert_eq!(findings(&right), []);
        // Energy of no step has no step's price; it is energy all the same.
        right.lines.pop();
        right.lines.push(charge("energy", None));
        let found: Vec<String> = findings(&right).iter().map(Finding::place).collect();
        assert_eq!(found, ["quantity"]);
        // A bill that states no steps is not measured by any.
        let mut plain = bill();
        plain.tiers.clear();
        assert_eq!(findings(&plain), []);
    }
}
