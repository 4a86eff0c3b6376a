//! A bill with its working shown: every line recomputed by the one calculation of `tariffs`.
//!
//! The published bill wins over our own sum (domain.md 3.2): a line we cannot reproduce is shown as
//! billed and says so.

use super::figures::{Bill, BillLine, Reading};
use super::finding::{Finding, findings, of_meter};
use crate::shared::energy::Kwh;
use crate::shared::money::Fen;
use crate::tariffs::{line_charge, line_formula};

/// A bill and what we found when we recomputed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedBill {
    pub bill: Bill,
    pub readings: Vec<MaskedReading>,
    pub lines: Vec<ExplainedLine>,
    /// The meters' energy, and the energy that the lines price, are each the bill's.
    pub energy_recomputed: bool,
    /// The lines add up to the total to the fen.
    pub adds_up: bool,
    /// Whatever is not what it is made of; nothing when the bill can be made again to the fen.
    pub findings: Vec<Finding>,
}

/// A charged line with the formula that leads to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedLine {
    pub line: BillLine,
    /// `60 kWh x 0.538 yuan/kWh = 32.28 yuan`, with our own result.
    pub formula: String,
    /// That result; none when it is out of range.
    pub ours: Option<Fen>,
    /// The formula's result is the billed amount.
    pub recomputed: bool,
    /// The price is that of the line's step, as far as the bill states its steps.
    pub price_recomputed: bool,
}

/// One meter's readings, the meter shown by its last four characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskedReading {
    pub meter_no_masked: String,
    pub previous: Kwh,
    pub current: Kwh,
    pub multiplier: i64,
    pub energy: Kwh,
    /// What the readings come to; none when it is out of range.
    pub ours: Option<Kwh>,
    /// That is the stated energy.
    pub recomputed: bool,
}

/// Recomputes a bill line by line.
#[must_use]
pub fn explain(bill: Bill) -> ExplainedBill {
    let found = findings(&bill);
    let lines = (1..).zip(&bill.lines);
    let lines = lines.map(|(number, line)| explain_line(number, line, &found));
    let energy = |one: &Finding| matches!(one, Finding::Energy { .. } | Finding::Quantity { .. });
    let sum = Fen::sum(bill.lines.iter().map(|line| line.amount));
    ExplainedBill {
        readings: bill.readings.iter().map(masked).collect(),
        lines: lines.collect(),
        energy_recomputed: !found.iter().any(energy),
        adds_up: sum == Ok(bill.total),
        findings: found,
        bill,
    }
}

/// `number` counts from one, as the findings do.
fn explain_line(number: usize, line: &BillLine, found: &[Finding]) -> ExplainedLine {
    let of_another_step =
        |one: &Finding| matches!(one, Finding::Price { number: at, .. } if *at == number);
    let ours = line_charge(line.quantity, line.price).ok();
    ExplainedLine {
        // A product out of range has no result of ours: the billed one stands there, not recomputed.
        formula: line_formula(line.quantity, line.price, ours.unwrap_or(line.amount)),
        recomputed: ours == Some(line.amount),
        price_recomputed: !found.iter().any(of_another_step),
        ours,
        line: line.clone(),
    }
}

fn masked(reading: &Reading) -> MaskedReading {
    let ours = of_meter(reading);
    MaskedReading {
        meter_no_masked: mask_meter(&reading.meter_no),
        previous: reading.previous,
        current: reading.current,
        multiplier: reading.multiplier,
        energy: reading.energy,
        recomputed: ours == Some(reading.energy),
        ours,
    }
}

/// All but the last four characters hidden; a number of four or fewer is hidden whole.
#[must_use]
pub fn mask_meter(meter_no: &str) -> String {
    let letters: Vec<char> = meter_no.chars().collect();
    let hidden = match letters.len() {
        short @ 0..=4 => short,
        long => long.saturating_sub(4),
    };
    let shown = letters.into_iter().skip(hidden);
    "*".repeat(hidden).chars().chain(shown).collect()
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "small numbers of a test")]
mod tests {
    use proptest::prelude::*;

    use super::super::figures::Tier;
    use super::*;
    use crate::shared::energy::Price;
    use crate::shared::time::Time;

    fn line(quantity: &str, price: &str, amount: i64) -> BillLine {
        BillLine {
            kind: "energy".into(),
            tier: Some(1),
            quantity: Kwh::parse(quantity).unwrap(),
            price: Price::parse(price).unwrap(),
            amount: Fen::new(amount),
        }
    }

    fn bill(lines: Vec<BillLine>, total: i64) -> Bill {
        Bill {
            period: "2026-10".into(),
            issued_on: "2026-11-03".into(),
            due_date: "2026-11-25".into(),
            days: 31,
            readings: vec![Reading {
                meter_no: "15000012345".into(),
                previous: Kwh::parse("1200").unwrap(),
                current: Kwh::parse("1350").unwrap(),
                multiplier: 1,
                energy: Kwh::parse("150").unwrap(),
            }],
            lines,
            tiers: Vec::new(),
            energy: Kwh::parse("150").unwrap(),
            year_to_date: Kwh::parse("2850").unwrap(),
            total: Fen::new(total),
            paid: false,
            as_of: Time::default(),
        }
    }

    #[test]
    fn ln_07_every_line_shows_its_formula_and_the_lines_their_sum() {
        let told = explain(bill(
            vec![line("60", "0.538", 3228), line("90", "0.588", 5292)],
            8520,
        ));
        assert!(told.adds_up && told.lines.iter().all(|line| line.recomputed));
        assert_eq!(
            told.lines[0].formula,
            "60 kWh x 0.538 yuan/kWh = 32.28 yuan"
        );
        assert_eq!(told.readings[0].meter_no_masked, "*******2345");
    }

    #[test]
    fn a_line_or_total_that_does_not_follow_is_shown_as_billed_and_says_so() {
        let told = explain(bill(
            vec![line("60", "0.538", 3229), line("90", "0.588", 5292)],
            8520,
        ));
        assert!(!told.adds_up && !told.lines[0].recomputed && told.lines[1].recomputed);
        assert_eq!(told.lines[0].line.amount, Fen::new(3229));
        assert_eq!(told.lines[0].ours, Some(Fen::new(3228)));
        assert!(told.lines[0].formula.ends_with("= 32.28 yuan"));
        let huge = BillLine {
            quantity: Kwh::from_scaled(i64::MAX),
            price: Price::from_scaled(i64::MAX),
            ..line("1", "1", 0)
        };
        let told = explain(bill(vec![huge], 0));
        assert!(!told.lines[0].recomputed && told.lines[0].formula.ends_with("= 0.00 yuan"));
        assert_eq!(told.lines[0].ours, None);
    }

    #[test]
    fn ec_07_a_reading_an_energy_or_a_price_that_does_not_follow_says_so() {
        let right = bill(
            vec![line("60", "0.538", 3228), line("90", "0.588", 5292)],
            8520,
        );
        let told = explain(right.clone());
        assert!(told.energy_recomputed && told.readings[0].recomputed);
        assert!(told.findings.is_empty() && told.lines.iter().all(|line| line.price_recomputed));
        let mut odd = right.clone();
        odd.readings[0].current = Kwh::parse("1360").unwrap();
        let told = explain(odd);
        assert!(!told.readings[0].recomputed && told.energy_recomputed && told.adds_up);
        assert_eq!(told.readings[0].ours, Kwh::parse("160").ok());
        assert_eq!(told.readings[0].energy, Kwh::parse("150").unwrap());
        let mut odd = right.clone();
        odd.energy = Kwh::parse("15").unwrap();
        let told = explain(odd);
        assert!(told.readings[0].recomputed && !told.energy_recomputed);
        let mut odd = right;
        odd.tiers = vec![Tier {
            tier: 1,
            up_to: None,
            price: Price::parse("0.538").unwrap(),
        }];
        let told = explain(odd);
        assert!(told.lines[0].price_recomputed && !told.lines[1].price_recomputed);
        assert_eq!(told.findings.len(), 1);
    }

    #[test]
    fn short_meter_numbers_are_hidden_whole() {
        assert_eq!(mask_meter("1234"), "****");
        assert_eq!(mask_meter("12345"), "*2345");
        assert_eq!(mask_meter(""), "");
    }

    proptest! {
        #[test]
        fn a_bill_charged_by_our_calculation_is_always_reproduced(
            parts in proptest::collection::vec((0_i64..100_000_000, 0_i64..200_000_000), 1..8),
        ) {
            let charged: Vec<BillLine> = parts
                .into_iter()
                .map(|(energy, price)| {
                    let (quantity, price) = (Kwh::from_scaled(energy), Price::from_scaled(price));
                    let amount = line_charge(quantity, price).unwrap();
                    BillLine { kind: "energy".into(), tier: None, quantity, price, amount }
                })
                .collect();
            let total = Fen::sum(charged.iter().map(|line| line.amount)).unwrap();
            let told = explain(bill(charged.clone(), total.get()));
            prop_assert!(told.adds_up && told.lines.iter().all(|line| line.recomputed));
            let off_by_one = explain(bill(charged, total.get() + 1));
            prop_assert!(!off_by_one.adds_up);
        }
    }
}
